"""From what stores hold to one number: led exercises, ticks, and squeezes that nobody led."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from griphub.hub.child.places import places
from griphub.hub.config import Config
from griphub.hub.database.actor import Actor
from griphub.hub.database.engine import Database
from griphub.hub.delivery.outbox import Entry, Outbox
from griphub.hub.program import annotations, commands, did, home, suggestions, visits
from griphub.hub.program.activity import builtin
from griphub.hub.program.adherence import DayStatus
from griphub.hub.program.errors import ProgramError
from griphub.hub.program.heard import off_days
from griphub.hub.program.photos import keep, path_of
from griphub.hub.program.prescription import Program, read_program
from griphub.hub.program.reading import Picture, picture
from griphub.hub.program.retention import Retained, describe
from griphub.hub.program.tables import VisitKind
from griphub.hub.records.event import Event
from griphub.hub.records.said import ActivityDone
from griphub.hub.records.session import SessionEnded
from griphub.hub.records.strength import Outcome, StrengthTested
from griphub.hub.records.vocabulary import Evidence, Hand, Source
from griphub.hub.stores.sqlite import SqliteStore
from griphub.signal.strength import ASHT

from .conftest import MONDAY

OWNER = Actor.part("test")
#: The Monday after, early in the morning in Berlin, when it is still Sunday in UTC.
NOW = datetime(2026, 11, 8, 23, 30, tzinfo=UTC)
Read = Callable[..., Picture]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        data_dir=tmp_path, time_zone="Europe/Berlin", children=[{"id": "c-1", "alias": "Mia", "goal": 5}]
    )


@pytest.fixture
def database(config: Config, winter: Program) -> Iterator[Database]:
    with home.opened(config) as opened:
        with opened.work(OWNER) as work:
            commands.prescribe(work, "c-1", winter, valid_from=MONDAY, today=MONDAY)
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "store.db")
    yield opened
    opened.close()


@pytest.fixture
def read(config: Config, database: Database, store: SqliteStore) -> Read:
    def read(*events: Event, **more: object) -> Picture:
        store.write(events)
        return picture(config, database, store, OWNER, "c-1", now=NOW, **more)  # type: ignore[arg-type]

    return read


def led(day: int, reps: int = 30, **more: object) -> ActivityDone:
    about = {
        "event_id": uuid4(),
        "measured_at": datetime(2026, 11, 2 + day, 17, tzinfo=UTC),
        "site": "home",
        "hub": "hub",
        "child_id": "c-1",
        "item_id": "squeeze-right",
        "evidence": Evidence.SENSOR,
        "reps": reps,
        "reps_asked": 30,
        "sets": 3,
        "sets_asked": 3,
        "hits": reps,
        "day": MONDAY + timedelta(days=day),
    }
    return ActivityDone.model_validate(about | more)


def session(day: int, squeezes: int = 15, session_id: UUID | None = None, **more: object) -> SessionEnded:
    at = datetime(2026, 11, 2 + day, 17, tzinfo=UTC)
    about = {
        "event_id": uuid4(),
        "session_id": session_id or uuid4(),
        "measured_at": at,
        "ended_at": at + timedelta(minutes=3),
        "ended_by": "tool_slept",
        "site": "home",
        "hub": "hub",
        "child_id": "c-1",
        "tool_id": "ball01",
        "tool_kind": "ball",
        "hand": Hand.RIGHT,
        "source": Source.REAL,
        "unit": "N",
        "squeezes": squeezes,
        "first_index": 0,
        "end_index": 100,
        "received": 100,
        "lost": 0,
    }
    return SessionEnded.model_validate(about | more)


def strength(day: int, hour: int, score: float, **more: object) -> StrengthTested:
    about = {
        "event_id": uuid4(),
        "measured_at": datetime(2026, 10, 12, hour, tzinfo=UTC) + timedelta(days=day),
        "site": "home",
        "hub": "hub",
        "child_id": "c-1",
        "tool_id": "jamar01",
        "tool_kind": "dynamometer",
        "hand": Hand.RIGHT,
        "source": Source.REAL,
        "unit": "N",
        "protocol": ASHT.name,
        "session_id": uuid4(),
        "trials": [],
        "outcome": Outcome(score=score, rule="mean"),
    }
    return StrengthTested.model_validate(about | more)


def test_what_is_there_between_visits_is_told_from_the_list_of_visits(read: Read, database: Database) -> None:
    """Further back than the numbers look: visits are weeks apart."""
    first, second = date(2026, 10, 12), date(2026, 11, 2)
    tests = [strength(0, 9, 120), strength(0, 10, 118), strength(9, 9, 300), strength(21, 9, 60)]
    assert read(*tests).retained == ()
    with database.work(OWNER) as work:
        visits.add(work, "c-1", day=first)
        visits.add(work, "c-1", day=second, kind=VisitKind.HOME)
        visits.add(work, "c-1", day=date(2026, 12, 1))  # to come
        annotations.add(work, "c-1", first=second, words="Cast off since Friday")
    found = read(strength(21, 9, 500, source=Source.SIMULATED))
    (one,) = found.retained
    assert (one.since, one.until, one.before, one.after) == (first, second, 118, 60)
    assert one.retained is Retained.LOST
    assert describe(one) == (
        "Right hand, dynamometer jamar01, ASHT 2015: 118.0 N on 12 Oct, 60.0 N on 02 Nov: lost."
    )
    assert len(found.visits) == 3 and found.annotations[0].words == "Cast off since Friday"


def test_a_test_late_in_the_evening_is_of_the_familys_day(read: Read, database: Database) -> None:
    with database.work(OWNER) as work:
        for day in (date(2026, 10, 13), date(2026, 11, 2)):
            visits.add(work, "c-1", day=day)
    (one,) = read(strength(0, 23, 100), strength(21, 9, 100)).retained  # one o'clock at night in Berlin
    assert (one.since, one.retained) == (date(2026, 10, 13), Retained.HELD)


def test_sensor_work_and_ticked_work_are_one_number(read: Read, config: Config, winter: Program) -> None:
    tick = did.activity_done(config, "c-1", winter.items[1], "play-dough", now=NOW, day=MONDAY, minutes=10)
    week = read(*(led(n) for n in range(7)), tick).doings.adherence(7, until=MONDAY + timedelta(days=6))
    assert week.done_days == pytest.approx(8)
    assert week.asked_days == pytest.approx(13)
    assert week.by_evidence[Evidence.PARENT] == pytest.approx(1)


def test_a_session_that_nobody_led_counts_and_one_that_somebody_led_counts_once(read: Read) -> None:
    inside, tested = uuid4(), session(3, purpose="strength_test")
    found = read(
        session(0),
        session(1, session_id=inside),
        led(1, sessions=[inside]),
        session(2, hand=Hand.LEFT),
        tested,
    )
    week = found.doings.adherence(7, until=MONDAY + timedelta(days=6))
    assert week.done_days == pytest.approx(0.5 + 1)


def test_a_late_tick_is_of_its_day_and_may_be_taken_back(read: Read, config: Config, winter: Program) -> None:
    tick = did.activity_done(
        config, "c-1", winter.items[2], "clothespins", now=NOW, day=MONDAY + timedelta(days=1)
    )
    assert read(tick).doings.adherence(7, until=MONDAY + timedelta(days=6)).done_days == pytest.approx(1)
    assert read(did.taken_back(tick)).doings.adherence(7, until=MONDAY + timedelta(days=6)).done_days == 0


def test_the_day_is_that_of_the_family(read: Read, config: Config, winter: Program) -> None:
    tick = did.activity_done(config, "c-1", winter.items[2], "clothespins", now=NOW)
    assert tick.day == date(2026, 11, 9)  # half past midnight in Berlin
    assert read(tick).today == date(2026, 11, 9)
    late = session(0, 30, measured_at=datetime(2026, 11, 3, 23, 30, tzinfo=UTC))
    found = read(late)
    assert found.doings.status(date(2026, 11, 4)) is not DayStatus.MISSED
    assert found.doings.status(date(2026, 11, 3)) is DayStatus.MISSED


def test_a_day_on_which_the_hub_was_off_is_not_missed(read: Read, config: Config) -> None:
    outbox = Outbox(config.data_dir / "outbox.db")
    for day in (0, 2, 4):
        outbox.note_alive(MONDAY + timedelta(days=day))
    outbox.close()
    found = read(led(0), led(2))
    week = found.doings.adherence(7, until=MONDAY + timedelta(days=6))
    assert week.unknown == tuple(MONDAY + timedelta(days=day) for day in (1, 3, 5, 6))
    assert found.doings.status(MONDAY + timedelta(days=4)) is DayStatus.MISSED
    assert found.doings.status(MONDAY + timedelta(days=5)) is DayStatus.UNKNOWN
    assert off_days(set(), MONDAY) == set()  # a hub that never noted it


def test_simulated_and_real_work_are_never_one_number(read: Read) -> None:
    found = read(*(led(n, source=Source.SIMULATED) for n in range(7)))
    assert found.doings.adherence(7, until=MONDAY + timedelta(days=6)).done_days == pytest.approx(7)
    mixed = read(led(0))
    assert mixed.doings.adherence(7, until=MONDAY + timedelta(days=6)).done_days == pytest.approx(1)


def test_what_makes_no_sense_is_told_on_its_field(config: Config, winter: Program) -> None:
    for field, more in (
        ("day", {"day": date(2026, 12, 24)}),
        ("day", {"day": date(2020, 1, 1)}),
        ("minutes", {"minutes": -5.0}),
        ("minutes", {"minutes": 1e9}),
    ):
        with pytest.raises(ProgramError) as told:
            did.activity_done(config, "c-1", winter.items[1], "play-dough", now=NOW, **more)  # type: ignore[arg-type]
        assert told.value.field == field
    for field, scales in (("pain_after", {"pain_after": 3}), ("effort", {"effort": 11}), ("feedback", {})):
        with pytest.raises(ProgramError) as told:
            did.feedback(config, "c-1", now=NOW, **scales)  # type: ignore[arg-type]
        assert told.value.field == field


def test_a_picture_loses_what_the_camera_wrote(config: Config, tmp_path: Path) -> None:
    from PIL import Image

    photo = tmp_path / "IMG_Mia_at_home.jpg"
    image = Image.new("RGB", (2400, 1200), "red")
    exif = image.getexif()
    exif[0x010F] = "SpyCam"
    exif[0x0112] = 6  # turned by a quarter
    image.save(photo, exif=exif)
    name = keep(config, photo)
    kept = path_of(config, name)
    assert "Mia" not in name
    assert b"SpyCam" not in kept.read_bytes()
    assert kept.stat().st_mode & 0o077 == 0
    with Image.open(kept) as opened:
        assert opened.size == (800, 1600)
        assert not opened.getexif()
    photo.write_text("no picture")
    with pytest.raises(ProgramError, match="no picture"):
        keep(config, photo)
    assert list(kept.parent.iterdir()) == [kept]


def test_a_rule_that_may_acts_once_and_says_why(database: Database, winter: Program) -> None:
    done = [led(n) for n in range(3)]
    today = MONDAY + timedelta(days=4)
    assert suggestions.act(database, "c-1", done, today=today) is None  # this one waits for the therapist
    with database.reading(OWNER) as work:
        (found,) = suggestions.suggestions(commands.history(work, "c-1"), done, today=today)
    assert (found.direction, found.auto) == ("harder", False)
    auto = Program.model_validate(
        winter.model_dump() | {"items": [winter.items[0].model_dump() | {"progression": {"auto": True}}]}
    )
    with database.work(OWNER) as work:
        commands.prescribe(work, "c-1", auto, valid_from=today, today=today)
    assert suggestions.act(database, "c-1", [*done, led(4)], today=today) is None  # done today already
    made = suggestions.act(database, "c-1", done, today=today + timedelta(days=1))
    assert made
    assert made.by == "griphub:progression"
    assert "100 %" in made.because
    assert made.program
    assert made.program.items[0].squeezes
    assert made.program.items[0].squeezes.zone == (45, 65)
    assert (
        suggestions.act(database, "c-1", done, today=today + timedelta(days=1)) is None
    )  # not seen enough of it


def test_what_was_declined_is_proposed_again_after_as_many_times(database: Database, winter: Program) -> None:
    done, today = [led(n) for n in range(3)], MONDAY + timedelta(days=4)

    def proposed(done: list[ActivityDone], today: date) -> list[str]:
        with database.reading(OWNER) as work:
            history, declined = commands.history(work, "c-1"), suggestions.declined(work, "c-1")
        found = suggestions.suggestions(history, done, today=today, declined=declined)
        return [one.direction.value for one in found]

    assert proposed(done, today) == ["harder"]
    with database.work(OWNER) as work:
        history = commands.history(work, "c-1")
        (found,) = suggestions.suggestions(history, done, today=today)
        suggestions.decline(work, "c-1", found, today=today)
    assert proposed(done, today) == ["stay"]
    later = [led(n) for n in (5, 6, 7)]
    assert proposed([*done, *later[:2]], today + timedelta(days=3)) == ["stay"]
    assert proposed([*done, *later], today + timedelta(days=4)) == ["harder"]


def test_ids_of_the_library_are_ids_of_the_wire() -> None:
    for activity in builtin():
        led(0, activity_id=activity)


def test_erasing_a_child_takes_its_pictures_along(config: Config, database: Database, tmp_path: Path) -> None:
    from PIL import Image

    photo = tmp_path / "a.png"
    Image.new("RGB", (20, 20), "red").save(photo)
    names = [keep(config, photo), keep(config, photo)]
    with database.work(OWNER) as work:
        commands.add_photo(work, "c-1", names[0], taken_on=MONDAY, shared=False)
    place = next(place for place in places(config, "c-1") if "pictures" in place.name)
    assert place.count("c-1") == 1
    place.erase("c-1")
    assert place.count("c-1") == 0
    assert [path_of(config, name).exists() for name in names] == [False, True]


def test_erasing_a_child_ends_its_exercise(config: Config) -> None:
    outbox = Outbox(config.data_dir / "outbox.db")
    outbox.commit_all([Entry(exercises={"c-1": "{}", "c-2": "{}"})])
    outbox.close()
    place = next(place for place in places(config, "c-1") if "outbox" in place.name)
    assert place.count("c-1") == 1
    place.erase("c-1")
    outbox = Outbox(config.data_dir / "outbox.db")
    assert outbox.open_exercises() == {"c-2": "{}"}
    outbox.close()


def test_a_test_of_one_hand_is_half_of_one_of_both(read: Read, database: Database, winter: Program) -> None:
    item = {
        "id": "test",
        "activity": "strength-test",
        "dose": {"days_per_week": 1},
        "test": {"protocol": "asht", "hands": "both"},
    }
    today = MONDAY + timedelta(days=6)
    with database.work(OWNER) as work:
        commands.prescribe(
            work, "c-1", read_program({"items": [item]}, builtin()), valid_from=today, today=today
        )

    def tested(hand: str, stopped: str = "", counted: int = 0) -> StrengthTested:
        return StrengthTested.model_validate(
            session(6, hand=hand).model_dump()
            | {
                "schema": "strength_test/1",
                "event_id": uuid4(),
                "protocol": ASHT.name,
                "outcome": {"rule": "mean"},
                "trials": [{"session_id": uuid4(), "begin_s": 0, "end_s": 1, "peak": 9}] * counted,
                "stopped": stopped,
            }
        )

    def done(*events: Event) -> float:
        ((_, did),) = read(*events).doings.due(today)
        return did.share

    assert done(tested("right", stopped="pain")) == 0
    assert done(tested("right")) == pytest.approx(0.5)
    assert done(tested("left")) == pytest.approx(1)
    # what was stopped counts by its trials, and here comes on top
    assert done(tested("left", stopped="pain", counted=2)) == pytest.approx(1 + 0.5 * 2 / 3)
