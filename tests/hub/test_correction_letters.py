"""A therapist's corrections on their way from the clinic to the home that measured; each has a store."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from griphub.hub.config import Config, DatabaseConfig
from griphub.hub.database.actor import Actor
from griphub.hub.database.engine import Database
from griphub.hub.delivery.forwarder import Forwarder
from griphub.hub.delivery.journal import Journal
from griphub.hub.errors import StoreError
from griphub.hub.people import places
from griphub.hub.people.model import Child
from griphub.hub.program import home
from griphub.hub.program.family_post import FamilyPost
from griphub.hub.program.keys import shown, signing_key, trust, trusted
from griphub.hub.program.letter import MAX_STATEMENTS, LetterTaken, answer_topic, letter_topic, seal
from griphub.hub.program.outgoing import due, note_taken
from griphub.hub.program.post import letter_for, notes, write_note
from griphub.hub.program.statement_post import ANOTHER_HOMES, bring_in, ways_of
from griphub.hub.program.taking import answered, take
from griphub.hub.records.event import Event, encode
from griphub.hub.records.ids import event_id
from griphub.hub.records.said import ActivityDone, FeedbackGiven, SessionCorrected
from griphub.hub.records.session import SessionEnded, SessionStarted, SqueezeCounted
from griphub.hub.records.vocabulary import Evidence, Hand, Person
from griphub.hub.session.mend import Mender, what_moves_along
from griphub.hub.stores import open_store
from griphub.hub.stores.models import SessionDetail
from griphub.hub.taking_in import TakenBy, take_in

from .conftest import SESSION, Broker
from .test_conversation import hub, ingest, until

PART = Actor.part("test")
AT = datetime(2026, 11, 2, 17, tzinfo=UTC)


class End:
    """One of the two installations: a database, a store, and the journal before it."""

    def __init__(self, config: Config, database: Database) -> None:
        self.config = config
        self.database = database
        self._post: FamilyPost | None = None

    @property
    def journal(self) -> Journal:
        return Journal(self.config.data_dir / "journal.db")

    def store(self, events: Sequence[Event]) -> None:
        """Write events as a forwarder does."""
        with closing(open_store(self.config, read_only=False)) as store:
            store.write(events)

    def forward(self) -> None:
        """Let everything that waits in the journal come to the store."""
        with closing(self.journal) as journal, closing(open_store(self.config, read_only=False)) as store:
            while Forwarder(journal, store)._forward():
                pass

    def session(self) -> SessionDetail | None:
        with closing(open_store(self.config, read_only=True)) as store:
            return store.session(SESSION)

    def squeezes(self) -> list[int]:
        detail = self.session()
        assert detail
        assert detail.point.squeezes == len(detail.squeezes)
        return [squeeze.number for squeeze in detail.squeezes]


def told(count: int = 3) -> list[Event]:
    about = {"site": "home", "hub": "hub", "session_id": SESSION, "child_id": "c-1", "tool_id": "ball01"}
    about |= {"tool_kind": "ball", "hand": "right", "source": "real", "unit": "N"}

    def head(what: str, after_s: float = 0) -> dict[str, object]:
        return {**about, "event_id": event_id(SESSION, what), "measured_at": AT + timedelta(seconds=after_s)}

    counted = [
        SqueezeCounted(
            **head(f"squeeze:{n}", n),
            **{"number": n, "onset_s": n, "peak_s": n + 0.3, "offset_s": n + 0.8, "decided_s": n + 1.0},
            **{"peak": 10.0 + n, "rest": 1.0, "impulse": 5.0, "ended_by": "release"},
        )
        for n in range(1, count + 1)
    ]
    ended = SessionEnded(
        **head("ended"),
        **{"ended_at": AT + timedelta(seconds=60), "ended_by": "idle", "goal": 15, "squeezes": count},
        **{"peak": 10.0 + count, "median_peak": 12.0, "first_index": 0, "end_index": 6000},
        **{"received": 6000, "lost": 0},
    )
    return [SessionStarted(**head("started"), goal=15), *counted, ended]


@pytest.fixture
def ends(config: Config, clinic: tuple[Config, Database]) -> Iterator[tuple[End, End]]:
    """A clinic and a home that has joined it; both have the session."""
    url = SecretStr(f"sqlite:///{clinic[0].data_dir / 'people.db'}")
    desk = clinic[0].model_copy(update={"database": DatabaseConfig(url=url)})
    trust(config, shown(signing_key(desk).public_key()))
    with home.opened(config) as database:
        pair = End(desk, clinic[1]), End(config, database)
        for end in pair:
            end.journal.close()
            end.store(told())
        yield pair


def mender(clinic: End, now: datetime | None = None, reason: str = "a knock") -> Mender:
    detail = clinic.session()
    assert detail
    return Mender(clinic.config, detail, by=Person.THERAPIST, reason=reason, now=now or AT, account="a-dr")


def state(clinic: End, events: Sequence[SessionCorrected | ActivityDone | FeedbackGiven]) -> None:
    """State something at the clinic's dashboard; its ingest takes it."""
    assert take_in(clinic.config, events) is TakenBy.JOURNAL
    clinic.forward()
    with closing(clinic.journal) as journal:
        while FamilyPost(clinic.config, journal).take():
            pass


def letter(clinic: End, child_id: str = "c-1") -> bytes:
    with clinic.database.reading(PART) as work:
        sealed = seal(letter_for(work, child_id), signing_key(clinic.config))
    return sealed.model_dump_json(by_alias=True).encode()


def deliver(clinic: End, there: End, text: bytes | None = None, child_id: str = "c-1") -> LetterTaken:
    """Bring a letter to the home, into its store, and the answer back."""
    topic = letter_topic("home", "hub", child_id)
    taken = take(there.config, there.database, topic, text or letter(clinic, child_id), trusted(there.config))
    bring_in(there.config, there.database)
    there.forward()
    with there.database.reading(PART) as work:
        answer = answered(work, there.config, child_id, taken.digest, taken.problem)
    with clinic.database.work(PART) as work:
        note_taken(work, [(answer_topic("home", "hub", child_id), answer)])
    return answer


def way(clinic: End, *events: SessionCorrected) -> list[bool | None]:
    """Of each, whether the home has it; None: it is on its way."""
    with clinic.database.reading(PART) as work:
        rows = {row.id: row for row in ways_of(work, [one.event_id for one in events])}
    found = [rows[str(one.event_id)] for one in events]
    return [not row.gone if row.taken_at else None for row in found]


def test_a_therapists_correction_holds_at_the_home_however_often_it_comes(ends: tuple[End, End]) -> None:
    clinic, there = ends
    correction = mender(clinic).judge(2, "removed")
    state(clinic, [correction])
    assert clinic.squeezes() == [1, 3] and there.squeezes() == [1, 2, 3]
    assert way(clinic, correction) == [None]
    text = letter(clinic)
    assert b"a-dr" not in text, "whose account it was is the clinic's"
    for _ in range(3):
        assert deliver(clinic, there, text).stated == (correction.event_id,)
        assert there.squeezes() == [1, 3]
    detail = there.session()
    assert detail and detail.point.recorded and detail.point.recorded.squeezes == 3
    assert [(one.by, one.reason) for one in detail.corrections] == [(Person.THERAPIST, "a knock")]
    assert way(clinic, correction) == [True]
    state(clinic, [correction])  # told again at the clinic: nothing is sent again
    with clinic.database.reading(PART) as work:
        assert letter_for(work, "c-1").statements == ()


def test_in_whatever_order_they_come_the_later_made_holds(ends: tuple[End, End]) -> None:
    clinic, there = ends
    first = mender(clinic).judge(2, "removed")
    state(clinic, [first])
    early = letter(clinic)
    later = mender(clinic, AT + timedelta(hours=1)).judge(2, "restored")
    state(clinic, [later])
    deliver(clinic, there)
    assert there.squeezes() == [1, 2, 3]
    assert "later one" in deliver(clinic, there, early).problem
    assert there.squeezes() == [1, 2, 3]
    earlier = mender(clinic, AT - timedelta(hours=1)).judge(3, "removed")  # of a clock that is behind
    latest = mender(clinic, AT + timedelta(hours=2)).judge(3, "restored")
    for one in (latest, earlier):
        state(clinic, [one])
        deliver(clinic, there)
    assert there.squeezes() == clinic.squeezes() == [1, 2, 3]
    assert way(clinic, first, later, earlier, latest) == [True] * 4


def test_of_a_session_that_the_home_no_longer_has_a_correction_is_counted(ends: tuple[End, End]) -> None:
    clinic, there = ends
    (there.config.data_dir / "store.db").unlink()
    there.store([])
    correction = mender(clinic).judge(2, "removed")
    state(clinic, [correction])
    answers = [deliver(clinic, there) for _ in range(2)]
    assert [(one.problem, one.stated, one.gone) for one in answers] == [("", (), (correction.event_id,))] * 2
    assert way(clinic, correction) == [False]
    assert there.session() is None
    with closing(there.journal) as journal:
        assert journal.read(0, 10) == []


def test_a_correction_that_is_there_before_the_session_waits_for_it(ends: tuple[End, End]) -> None:
    clinic, there = ends
    (there.config.data_dir / "store.db").unlink()
    there.store([])
    correction = mender(clinic).judge(2, "removed")
    state(clinic, [correction])
    with closing(there.journal) as journal:  # still on its way to the home's own store
        journal.append([(one.event_id, encode(one)) for one in told()])
    assert deliver(clinic, there).gone == ()  # `deliver` forwards after it has looked
    assert there.squeezes() == [1, 2, 3] and way(clinic, correction) == [None]
    assert deliver(clinic, there).stated == (correction.event_id,)
    assert there.squeezes() == [1, 3]


def test_a_store_that_is_away_holds_up_no_letter(
    ends: tuple[End, End], monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic, there = ends
    correction = mender(clinic).judge(2, "removed")
    state(clinic, [correction])
    with clinic.database.work(PART) as work:
        write_note(work, "c-1", "Well done!")

    def away(*_: object, **__: object) -> None:
        raise StoreError("influxdb", "it does not answer", "Start it.", retryable=True)

    with monkeypatch.context() as while_away:
        while_away.setattr("griphub.hub.program.statement_post.open_store", away)
        with pytest.raises(StoreError):
            deliver(clinic, there)
    with there.database.reading(PART) as work:
        assert [note.words for note in notes(work, "c-1")] == ["Well done!"]
    assert way(clinic, correction) == [None]
    assert deliver(clinic, there).stated == (correction.event_id,)
    assert there.squeezes() == [1, 3]


def test_a_session_of_another_child_of_the_home_moves_with_what_was_said_of_it(ends: tuple[End, End]) -> None:
    clinic, there = ends
    for end in ends:
        with end.database.work(PART) as work:
            family = places.children(work)[0].family_id
            work.add(Child(id="c-leo", family_id=family, name="Leo", goal=15, created_at=work.now))
    about = {"site": "home", "hub": "hub", "child_id": "c-1", "measured_at": AT}
    done = ActivityDone(
        event_id=uuid4(),
        item_id="squeeze",
        evidence=Evidence.SENSOR,
        hand="right",
        reps=3,
        sessions=(SESSION,),
        **about,
    )
    said = FeedbackGiven(event_id=uuid4(), session_id=SESSION, observation="Sang along", **about)
    other = done.model_copy(update={"event_id": uuid4(), "sessions": (UUID(int=9),)})
    for end in ends:
        end.store([done, said, other])
    detail = clinic.session()
    assert detail
    with closing(open_store(clinic.config, read_only=True)) as store:
        moved = list(what_moves_along(store, detail.point, "c-leo", Hand.RIGHT))
    state(clinic, [mender(clinic).reassign("c-leo"), *moved])
    for child_id in ("c-1", "c-leo"):
        deliver(clinic, there, child_id=child_id)
    for end in ends:
        with closing(open_store(end.config, read_only=True)) as store:
            assert [one.sessions for one in store.activities("c-1")] == [(UUID(int=9),)]
            assert store.feedback("c-1") == [] and store.trend("c-1") == []
            assert [one.sessions for one in store.activities("c-leo")] == [(SESSION,)]
            assert [one.observation for one in store.feedback("c-leo")] == ["Sang along"]
            assert [one.session_id for one in store.trend("c-leo")] == [SESSION]


def test_another_familys_child_is_not_told_of(ends: tuple[End, End]) -> None:
    clinic, there = ends
    with clinic.database.work(PART) as work:
        family = places.add_family(work, site_id="home", name="Neighbours", hub="hub2")
        ben = places.add_child(work, family_id=family.id, name="Ben").id
    about = {"site": "home", "hub": "hub", "child_id": "c-1", "measured_at": AT}
    said = FeedbackGiven(event_id=uuid4(), session_id=SESSION, observation="Sang along", **about)
    for end in ends:
        end.store([said])
    detail = clinic.session()
    assert detail
    with closing(open_store(clinic.config, read_only=True)) as store:
        moved = list(what_moves_along(store, detail.point, ben, Hand.RIGHT))
    state(clinic, [mender(clinic).reassign(ben), *moved])
    text = letter(clinic)
    assert ben.encode() not in text and ANOTHER_HOMES.encode() in text
    deliver(clinic, there)
    with closing(open_store(there.config, read_only=True)) as store:
        assert store.trend("c-1") == [] and store.feedback("c-1") == []
    with clinic.database.reading(PART) as work:
        assert ben not in due(work, clinic.config, again=True), "to the neighbours nothing goes"


def test_more_than_a_letter_holds_goes_in_the_next(ends: tuple[End, End]) -> None:
    clinic, there = ends
    count = MAX_STATEMENTS + 12
    for end in ends:
        (end.config.data_dir / "store.db").unlink()
        end.store(told(count))
    made = [mender(clinic, reason="x" * 300).judge(n, "removed") for n in range(1, count + 1)]
    state(clinic, made)
    letters = 0
    while any(one is None for one in way(clinic, *made)):
        with clinic.database.reading(PART) as work:
            assert due(work, clinic.config, again=False) == ["c-1"], "there is more, and it is to be sent"
        deliver(clinic, there)
        letters += 1
        assert letters < 10
    assert letters >= 2 and way(clinic, *made) == [True] * count
    assert there.squeezes() == clinic.squeezes() == []


@pytest.mark.parametrize("wrong", ["schema", "child", "id"])
def test_what_is_no_statement_about_the_child_is_left_out_and_counted(
    ends: tuple[End, End], wrong: str
) -> None:
    clinic, there = ends
    correction = mender(clinic).judge(2, "removed")
    state(clinic, [correction])
    with clinic.database.work(PART) as work:
        (row,) = ways_of(work, [correction.event_id])
        changed = {"schema": "correction/9"} if wrong == "schema" else {"child_id": "c-2"}
        row.document = row.document | ({"event_id": str(uuid4())} if wrong == "id" else changed)
    assert deliver(clinic, there).gone == (correction.event_id,)
    assert there.squeezes() == [1, 2, 3]


@pytest.mark.usefixtures("quickly")
async def test_over_a_real_broker_both_ends_show_the_same(
    ends: tuple[End, End], running_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.hub.program.mailbox.NEWS_S", 0.05)
    monkeypatch.setattr("griphub.hub.program.mailbox.BRING_IN_S", 0.05)
    monkeypatch.setattr("griphub.hub.program.family_post.POLL_S", 0.05)
    clinic, there = ends
    correction = mender(clinic).judge(2, "removed")
    with ingest(clinic.config), ingest(there.config):
        async with hub(there.config):
            assert await asyncio.to_thread(take_in, clinic.config, [correction]) is TakenBy.JOURNAL
            await until(lambda: there.squeezes() == [1, 3])
            await until(lambda: clinic.squeezes() == [1, 3])

            def has_come() -> bool:
                with clinic.database.reading(PART) as work:
                    return any(row.taken_at for row in ways_of(work, [correction.event_id]))

            await until(has_come)
    assert way(clinic, correction) == [True]
