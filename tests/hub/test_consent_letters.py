"""Consent on its way between a clinic and a home: what was recorded at one end holds at the other."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from griphub.hub.config import Config
from griphub.hub.database.actor import Actor
from griphub.hub.database.engine import Database
from griphub.hub.database.migrate import upgrade
from griphub.hub.people import consent
from griphub.hub.people.decisions import standing_of
from griphub.hub.people.sharing import Sharing
from griphub.hub.program import home
from griphub.hub.program.keys import shown, signing_key, trust, trusted
from griphub.hub.program.letter import LetterTaken, letter_topic, seal
from griphub.hub.program.mailbox import Mailbox
from griphub.hub.program.outgoing import Stand, note_taken
from griphub.hub.program.post import letter_for
from griphub.hub.program.taking import take

from .letters import Letterbox, sending, share_passwords, until

PART = Actor.part("test")
TOPIC = letter_topic("home", "hub", "c-1")
ANSWERS = "griphub/v1/home/hub/program_ack/c-1"


class Clock:
    """Shows what it is told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class End:
    """One of the two installations."""

    config: Config
    database: Database

    def shares(self) -> bool:
        """Whether anything new of the child may leave; the hub's delivery says the same."""
        with self.database.reading(PART) as work:
            may = consent.may_share(work, "c-1")
        assert may is ("c-1" not in Sharing(self.config).held())
        return may

    def give(self) -> None:
        with self.database.work(PART) as work:
            consent.give(work, "c-1", version="v1", given_by="Ana Ortiz")

    def give_here(self) -> None:
        """Give consent to a text of this end's own."""
        with self.database.work(PART) as work:
            consent.publish_text(work, site_id="home", version="v1", text="What you agree to")
        self.give()

    def withdraw(self) -> None:
        with self.database.work(PART) as work:
            consent.withdraw(work, "c-1", withdrawn_by="Ana Ortiz")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ends(config: Config, tmp_path: Path, clock: Clock) -> Iterator[tuple[End, End]]:
    """A clinic that has published a text, and a home that has not and trusts the clinic."""
    desk = config.model_copy(update={"data_dir": tmp_path / "clinic"})
    made = []
    for where in (desk, config):
        with home.opened(where):
            pass
        database = Database(f"sqlite:///{where.data_dir / 'people.db'}", clock=clock)
        upgrade(database)
        made.append(End(where, database))
    share_passwords(config, desk)
    made[0].config = desk.model_copy(update={"hub": "desk", "children": (), "tools": ()})
    trust(config, shown(signing_key(desk).public_key()))
    with made[0].database.work(PART) as work:
        consent.publish_text(work, site_id="home", version="v1", text="What you agree to")
    yield made[0], made[1]
    for end in made:
        end.database.close()


def letter(clinic: End) -> bytes:
    with clinic.database.reading(PART) as work:
        sealed = seal(letter_for(work, "c-1"), signing_key(clinic.config))
    return sealed.model_dump_json(by_alias=True).encode()


def deliver(clinic: End, there: End, text: bytes | None = None) -> LetterTaken:
    """Bring a letter to the home, and its answer back."""
    taken = take(there.config, there.database, TOPIC, text or letter(clinic), trusted(there.config))
    with clinic.database.work(PART) as work:
        note_taken(work, [(ANSWERS, taken)])
    return taken


def test_a_withdrawal_at_the_clinic_stops_the_home_and_comes_back(
    ends: tuple[End, End], clock: Clock
) -> None:
    clinic, there = ends
    clinic.give()
    assert deliver(clinic, there).shares is True
    clock.forward(days=30)
    clinic.withdraw()
    assert there.shares()  # nobody has told it yet
    for _ in range(3):
        taken = deliver(clinic, there)
        assert (taken.problem, taken.shares) == ("", False)
        assert not there.shares()
    clock.forward(days=1)
    clinic.give()
    assert deliver(clinic, there).shares is True
    assert there.shares()


def test_a_home_learns_that_it_is_asked(ends: tuple[End, End], clock: Clock) -> None:
    """The clinic has published a text, and nobody has said anything yet."""
    clinic, there = ends
    assert there.shares() and not clinic.shares()
    assert deliver(clinic, there).shares is False
    assert not there.shares()
    clock.forward(minutes=1)
    there.give_here()
    assert there.shares()
    clock.forward(minutes=1)
    deliver(clinic, there)
    assert clinic.shares()
    for text in ("v2", "v3"):  # more texts ask nobody again
        clock.forward(minutes=1)
        with clinic.database.work(PART) as work:
            consent.publish_text(work, site_id="home", version=text, text="Other words")
        deliver(clinic, there)
        assert there.shares() and clinic.shares()


def test_nobodys_name_travels_with_it(ends: tuple[End, End]) -> None:
    clinic, there = ends
    clinic.give()
    clinic.withdraw()
    for text in (letter(clinic), deliver(clinic, there).model_dump_json().encode()):
        assert b"Ortiz" not in text


def test_a_letter_of_before_changes_nothing(ends: tuple[End, End], clock: Clock) -> None:
    clinic, there = ends
    clinic.give()
    first = letter(clinic)
    clock.forward(days=1)
    clinic.withdraw()
    deliver(clinic, there)
    assert "later one" in deliver(clinic, there, first).problem
    assert not there.shares()


def test_what_a_family_decides_at_home_is_known_at_the_clinic(ends: tuple[End, End], clock: Clock) -> None:
    clinic, there = ends
    clinic.give()
    deliver(clinic, there)
    clock.forward(hours=1)
    there.withdraw()  # of a text that this home has never seen
    assert not there.shares()
    assert clinic.shares()
    stranger = deliver(clinic, there)
    assert not clinic.shares()
    with clinic.database.work(PART) as work:  # only the home itself can say so
        decided = stranger.consent and stranger.consent.model_copy(update={"given": True})
        forged = stranger.model_copy(update={"hub": "other", "consent": decided})
        note_taken(work, [("griphub/v1/home/other/program_ack/c-1", forged), (ANSWERS, forged)])
        decision = standing_of(work, "c-1")
    assert decision is not None and not decision.given


def test_the_answer_is_given_again_when_consent_changes(ends: tuple[End, End], clock: Clock) -> None:
    clinic, there = ends
    said: list[tuple[str, dict[str, object]]] = []
    mailbox = Mailbox(there.config, answer=lambda topic, text: said.append((topic, json.loads(text))))
    mailbox.tell_news()
    assert said == []  # nobody has decided anything here
    there.withdraw()
    for _ in range(3):
        mailbox.tell_news()
    (only,) = said
    topic, answer = only
    assert topic == ANSWERS and answer["digest"] == "" and answer["shares"] is False
    with clinic.database.work(PART) as work:
        note_taken(work, [(topic, LetterTaken.model_validate(answer))])
    assert not clinic.shares()


@pytest.mark.usefixtures("running_broker")
async def test_over_a_real_broker_a_withdrawal_goes_and_one_comes_back(
    ends: tuple[End, End], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.hub.program.sending.POLL_S", 0.05)
    monkeypatch.setattr("griphub.hub.program.mailbox.NEWS_S", 0.05)
    clinic, there = ends
    desk = (clinic.config, clinic.database)
    clinic.give()
    with sending(clinic.config):
        async with Letterbox(there.config), asyncio.timeout(30):
            await until(desk, Stand.TAKEN)
            clock.forward(minutes=1)
            clinic.withdraw()
            await until(desk, Stand.TAKEN)
            assert not there.shares()
            clock.forward(minutes=1)
            clinic.give()
            await until(desk, Stand.TAKEN)
            clock.forward(minutes=1)
            there.withdraw()
            while clinic.shares():
                await asyncio.sleep(0.05)
