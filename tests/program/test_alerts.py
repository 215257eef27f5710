"""Alerts and reminders: who is told what, once, and never at night."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from griphub.firmware_bridge.samples import KGF_N, ToolKind, Unit
from griphub.hub.program import alerts
from griphub.hub.program.activity import builtin
from griphub.hub.program.adherence import Doings, Gap
from griphub.hub.program.alerts import Audience, Cause
from griphub.hub.program.faces import PainRule
from griphub.hub.program.prescription import Program, Slot, parse_program
from griphub.hub.program.reminders import Rhythm, due
from griphub.hub.program.retention import retention
from griphub.hub.program.routine import Routine
from griphub.hub.program.versions import History, Pause, PauseReason
from griphub.hub.program.work import Work
from griphub.hub.records.said import ActivityDone, FeedbackGiven
from griphub.hub.records.tool import ToolSeen
from griphub.hub.records.vocabulary import Evidence, Hand
from griphub.signal.strength import ASHT
from griphub.signal.trend import SeriesKey, Test

from .conftest import MONDAY, WINTER, version

NOW = datetime(2026, 11, 9, 15, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
WHO = {"site": "home", "hub": "hub", "child_id": "c-1"}


def feedback(before: int | None, after: int, days_ago: int = 1) -> FeedbackGiven:
    at = NOW - timedelta(days=days_ago)
    return FeedbackGiven.model_validate(
        {
            **WHO,
            "event_id": uuid4(),
            "measured_at": at,
            "day": at.date(),
            "pain_before": before,
            "pain_after": after,
        }
    )


def tool(battery: int | None = 80, days_ago: float = 0) -> ToolSeen:
    at = NOW - timedelta(days=days_ago)
    about = {
        "event_id": uuid4(),
        "measured_at": at,
        "seen_at": at,
        "site": "home",
        "hub": "hub",
        "tool_id": "ball01",
    }
    return ToolSeen.model_validate(
        about | {"tool_kind": "ball", "link": "asleep", "battery_percent": battery}
    )


def test_a_gap_is_for_the_therapist_and_its_key_stays() -> None:
    one, two = (alerts.stopped(Gap(days, MONDAY, 1.4))[0] for days in (5, 6))
    assert one.key == two.key
    assert one.audience == {Audience.THERAPIST}
    assert alerts.stopped(Gap(3, MONDAY, 1.4)) == []
    assert alerts.stopped(Gap(None, None, 7)) == []


def test_pain_is_told_by_the_therapists_rule_for_a_week() -> None:
    rule = PainRule()
    assert [a.key for a in alerts.pain(rule, [feedback(0, 4)], [], now=NOW)] == ["pain:2026-11-08"]
    assert alerts.pain(rule, [feedback(4, 6), feedback(0, 2)], [], now=NOW) == []
    assert alerts.pain(rule, [feedback(0, 8, days_ago=8)], [], now=NOW) == []
    ended = ActivityDone.model_validate(
        {
            **WHO,
            "event_id": uuid4(),
            "measured_at": NOW,
            "item_id": "squeeze",
            "evidence": "sensor",
            "ended_by": "pain",
        }
    )
    (alert,) = alerts.pain(rule, [], [ended], now=NOW)
    assert alert.cause is Cause.PAIN
    assert alerts.for_whom([alert], Audience.PARENT) == []


def test_a_decline_is_told_only_beyond_the_error_and_of_the_latest_visit() -> None:
    first = date(2026, 9, 1)
    visits = [first, first + timedelta(days=14), first + timedelta(days=28)]
    key = SeriesKey(ASHT.name, "right", Unit.NEWTON, ToolKind.DYNAMOMETER, "jamar01")

    def told(*kgf: float) -> list[str]:
        tests = [Test(day.toordinal(), n * KGF_N, key) for day, n in zip(visits, kgf, strict=True)]
        return [alert.words for alert in alerts.decline(retention(tests, visits))]

    assert told(15, 14, 13.5) == []
    assert told(15, 11, 15) == []  # lost, and back again
    (words,) = told(15, 15, 11)
    assert "measurement error" in words
    assert "Test again" in words


def test_parents_are_told_what_they_can_do_about_a_tool() -> None:
    wanted = [("ball01", Hand.RIGHT)]
    assert alerts.tools([tool()], wanted, now=NOW) == []
    (silent,) = alerts.tools([tool(days_ago=5)], wanted, now=NOW)
    (low,) = alerts.tools([tool(battery=12)], wanted, now=NOW)
    assert (silent.cause, low.cause) == (Cause.TOOL_SILENT, Cause.BATTERY)
    assert alerts.for_whom([silent, low], Audience.PARENT) == [silent, low]
    assert "Charge it" in low.words
    assert silent.words.endswith("squeeze it once.")
    assert alerts.tools([tool(battery=12)], [], now=NOW) == []  # not asked for
    assert alerts.tools([], wanted, now=NOW) == []


def doings(winter: Program, *done: Work, paused: bool = False) -> Doings:
    pauses = [Pause(UUID(int=1), MONDAY, None, PauseReason.HOLIDAY, NOW, "p-1")] if paused else []
    return Doings(History([version(winter, MONDAY)], pauses), done, today=MONDAY + timedelta(days=7))


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 9, hour, minute, tzinfo=BERLIN)


def reminded(
    found: Doings, now: datetime, told: tuple[str, ...] = (), rhythm: Rhythm | None = None
) -> list[tuple[str, ...]]:
    rhythm = rhythm or Rhythm()
    return [one.items for one in due("c-1", found, rhythm, now=now, zone=BERLIN, told=told)]


def test_a_family_is_reminded_in_its_slots_and_once(winter: Program) -> None:
    found = doings(winter)
    assert reminded(found, at(15, 29)) == []
    assert reminded(found, at(15, 30)) == [("squeeze-right", "pins")]
    assert reminded(found, at(18, 50)) == [("dough",)]
    assert reminded(found, at(18, 50), told=("c-1:2026-11-09:after_dinner",)) == []
    assert reminded(found, at(17, 40)) == []  # two hours later it would only nag
    own = Rhythm(Routine({Slot.AFTER_DINNER: time(17, 30), Slot.AFTER_SCHOOL: None}))
    assert reminded(found, at(17, 30), rhythm=own) == [("dough",)]
    assert reminded(found, at(15, 30), rhythm=own) == []


def test_what_is_done_or_paused_reminds_nobody(winter: Program) -> None:
    done = Work(uuid4(), date(2026, 11, 9), "dough", Evidence.PARENT, 10)
    part = Work(uuid4(), date(2026, 11, 9), "dough", Evidence.PARENT, 5)
    assert reminded(doings(winter, done), at(18, 50)) == []
    assert reminded(doings(winter, part), at(18, 50)) == [("dough",)]
    assert reminded(doings(winter, paused=True), at(18, 50)) == []


def test_in_quiet_hours_nobody_is_reminded(winter: Program) -> None:
    early = Rhythm(Routine({Slot.AFTER_DINNER: time(19, 30)}), quiet_from=time(19, 0))
    assert reminded(doings(winter), at(19, 30), rhythm=early) == []
    awake = Rhythm(Routine({Slot.AFTER_DINNER: time(19, 30)}), quiet_from=time(0, 0), quiet_to=time(0, 0))
    assert reminded(doings(winter), at(19, 30), rhythm=awake) == [("dough",)]


@given(st.integers(0, 60 * 24 * 14), st.times(), st.times())
def test_never_in_quiet_hours_and_never_twice(minute: int, quiet_from: time, quiet_to: time) -> None:
    winter = parse_program(WINTER, builtin())
    now = datetime(2026, 11, 9, tzinfo=UTC) + timedelta(minutes=minute)
    rhythm = Rhythm(quiet_from=quiet_from, quiet_to=quiet_to)
    found = doings(winter)
    told = due("c-1", found, rhythm, now=now, zone=BERLIN)
    if told:
        assert not rhythm.quiet(now.astimezone(BERLIN).time())
    assert due("c-1", found, rhythm, now=now, zone=BERLIN, told=[one.key for one in told]) == []
