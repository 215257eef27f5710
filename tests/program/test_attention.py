"""What a therapist should look at of one child, the most urgent first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.config import Config
from griphub.hub.program import alerts
from griphub.hub.program.adherence import DayStatus
from griphub.hub.program.alerts import Alert, Cause
from griphub.hub.program.attention import attention, strength, tools_used
from griphub.hub.program.heard import Heard, unknown_days
from griphub.hub.program.prescription import Program
from griphub.hub.program.reading import compose
from griphub.hub.program.tables import Visit, VisitKind
from griphub.hub.program.versions import History, Pause, PauseReason
from griphub.hub.records.said import FeedbackGiven
from griphub.hub.records.tool import ToolSeen
from griphub.hub.records.vocabulary import Hand, Purpose, Source
from griphub.hub.stores.models import SessionLine

from .conftest import MONDAY, version

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
CONFIG = Config(children=(), time_zone="Europe/Berlin")


def line(days_ago: float, peak: float = 20.0, **more: object) -> SessionLine:
    about = {
        "session_id": uuid4(),
        "child_id": "c-1",
        "tool_id": "ball01",
        "tool_kind": ToolKind.BALL,
        "hand": Hand.RIGHT,
        "source": Source.REAL,
        "unit": Unit.NEWTON,
        "started_at": NOW - timedelta(days=days_ago),
        "squeezes": 30,
        "peak": peak,
        "firmware": "",
        "calibration_id": None,
        "time_known": True,
        "purpose": Purpose.EXERCISE,
    }
    return SessionLine(**about | more)  # type: ignore[arg-type]


def said(days_ago: float, **more: object) -> FeedbackGiven:
    at = NOW - timedelta(days=days_ago)
    about = {"event_id": uuid4(), "measured_at": at, "site": "home", "hub": "hub", "child_id": "c-1"}
    return FeedbackGiven.model_validate(about | more)


def look(
    program: Program,
    *sessions: SessionLine,
    feedback: tuple[FeedbackGiven, ...] = (),
    met: Sequence[Visit] = (),
    paused: bool = False,
    **more: object,
) -> list[Alert]:
    pauses = [Pause(uuid4(), MONDAY, None, PauseReason.HOLIDAY, NOW, "t-1")] if paused else []
    history = History([version(program, MONDAY)], pauses)
    heard = more.get("heard_until")
    assert heard is None or isinstance(heard, datetime)
    seen = compose(
        "c-1",
        history,
        sessions,
        (),
        (),
        feedback,
        today=NOW.date(),
        zone=BERLIN,
        unknown=unknown_days(CONFIG, Heard(None), NOW.date(), last_told=heard) if heard else (),
        met=met,
    )
    return attention(seen, strength(seen, sessions, ()), now=NOW, **more)  # type: ignore[arg-type]


def causes(found: list[Alert]) -> list[Cause]:
    return [alert.cause for alert in found]


def test_what_cannot_wait_comes_first(winter: Program) -> None:
    at = NOW - timedelta(days=6)
    tool = ToolSeen.model_validate(
        {
            "event_id": uuid4(),
            "measured_at": at,
            "seen_at": at,
            "site": "home",
            "hub": "hub",
            "tool_id": "ball01",
            "tool_kind": "ball",
            "link": "asleep",
        }
    )
    sessions = [line(9), line(10, tool_id="ball00"), line(1, purpose=Purpose.STRENGTH_TEST, tool_id="dyno")]
    found = look(
        winter,
        *sessions,
        feedback=(said(2, pain_before=2, pain_after=8, observation="It hurt."),),
        tools=[tool],
        used=tools_used(sessions),
        unread=2,
        met=[Visit(id="v-1", child_id="c-1", day=NOW.date() + timedelta(days=1), kind=VisitKind.CLINIC)],
    )
    assert causes(found) == [
        Cause.PAIN,
        Cause.STOPPED,
        Cause.TOOL_SILENT,
        Cause.UNREAD,
        Cause.UNANSWERED,
        Cause.VISIT,
    ]
    assert (found[0].before, found[0].after) == (2, 8)
    assert found[1].after == 9
    assert (found[2].hand, found[2].tool_kind) == (Hand.RIGHT, ToolKind.BALL)
    assert causes(look(winter, line(0.2), line(1), line(2))) == []


def test_peaks_that_fall_beyond_the_childs_own_error_are_a_decline(winter: Program) -> None:
    falling = [line(n, 20.0 + 0.6 * n + 0.2 * (n % 2)) for n in range(40)]
    found = look(winter, *falling)
    assert causes(found) == [Cause.DECLINE]
    assert found[0].hand is Hand.RIGHT and found[0].before and found[0].after
    assert found[0].before > found[0].after
    assert causes(look(winter, *(line(n, 20.0 + 2 * (n % 2)) for n in range(40)))) == []


def test_of_a_home_that_was_not_heard_of_nothing_is_said_to_be_missed(winter: Program) -> None:
    heard = NOW - timedelta(days=9)
    found = look(winter, line(9), heard_until=heard)
    assert causes(found) == [Cause.HOME_SILENT]
    assert "nobody knows" in found[0].words
    assert causes(look(winter, line(3), heard_until=NOW - timedelta(days=3))) == []


def test_who_is_on_holiday_is_left_in_peace(winter: Program) -> None:
    assert causes(look(winter, line(20), paused=True, heard_until=NOW - timedelta(days=20))) == []


def test_a_family_that_was_answered_waits_no_more() -> None:
    wrote = said(3, observation="Hurts in the morning.")
    assert causes(alerts.unanswered([wrote], NOW - timedelta(days=5), now=NOW)) == [Cause.UNANSWERED]
    assert alerts.unanswered([wrote], NOW - timedelta(days=1), now=NOW) == []
    assert alerts.unanswered([said(3)], None, now=NOW) == []
    assert alerts.unanswered([said(15, observation="Old")], None, now=NOW) == []


def test_real_and_simulated_strength_are_never_one(winter: Program) -> None:
    sessions = [line(n, source=Source.SIMULATED) for n in range(3)] + [line(4)]
    history = History([version(winter, MONDAY)])
    seen = compose("c-1", history, sessions, (), (), (), today=NOW.date(), zone=BERLIN)
    assert seen.source is Source.REAL
    assert [len(finding.results) for finding in strength(seen, sessions, ()).sessions] == [1]
    assert seen.doings.status(NOW.date() - timedelta(days=4)) is not DayStatus.MISSED
