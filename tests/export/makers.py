"""A child's results as the stores give them."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.records.ids import EVENT_NAMESPACE
from griphub.hub.records.said import ActivityDone, FeedbackGiven
from griphub.hub.records.strength import Outcome, StrengthTested, TestTrial
from griphub.hub.records.vocabulary import Evidence, Hand, Source
from griphub.hub.stores.models import SessionPoint

AT = datetime(2026, 3, 2, 16, 5, tzinfo=UTC)


def an_id(what: str) -> UUID:
    return uuid5(EVENT_NAMESPACE, what)


def strength_test(
    hand=Hand.RIGHT, kind=ToolKind.DYNAMOMETER, unit=Unit.NEWTON, peaks=(102.0, 110.0, 106.0), **more
):
    trials = tuple(
        TestTrial(
            session_id=an_id("session"),
            begin_s=20.0 * i,
            end_s=20.0 * i + 4,
            peak=peak,
            peak_sd=0.4,
            held_s=3.2,
        )
        for i, peak in enumerate(peaks)
    )
    outcome = Outcome(score=sum(peaks) / len(peaks), score_sd=0.3, rule="mean", cv_percent=3.77)
    facts = {
        "event_id": an_id(f"test:{hand}:{kind}"), "measured_at": AT, "site": "home", "hub": "hub",
        "session_id": an_id("session"), "child_id": "c-ada", "tool_id": "ball3f2a", "tool_kind": kind,
        "hand": hand, "source": Source.REAL, "unit": unit, "protocol": "ASHT 2015", "outcome": outcome,
        "trials": trials, "firmware": "1.2",
    }  # fmt: skip
    return StrengthTested(**facts | more)


def session_point(**more):
    facts = {
        "session_id": an_id("session"), "child_id": "c-ada", "tool_id": "ball3f2a",
        "tool_kind": ToolKind.BALL, "hand": Hand.LEFT, "source": Source.REAL, "unit": Unit.KILOPASCAL,
        "started_at": AT,
        "ended_at": AT + timedelta(minutes=5), "ended_by": "idle", "goal": 15, "squeezes": 14, "doubtful": 1,
        "peak": 21.5, "median_peak": 17.0, "received": 29_700, "lost": 300, "first_index": 0,
        "end_index": 30_000,
    }  # fmt: skip
    return SessionPoint(**facts | more)


def feedback(**more):
    facts = {
        "event_id": an_id("feedback"), "measured_at": AT, "site": "home", "hub": "hub", "child_id": "c-ada",
        "pain_before": 0, "pain_after": 2, "observation": "=1+1 she laughed",
    }  # fmt: skip
    return FeedbackGiven(**facts | more)


def activity(**more):
    facts = {
        "event_id": an_id("activity"), "measured_at": AT, "site": "home", "hub": "hub", "child_id": "c-ada",
        "item_id": "putty", "evidence": Evidence.PARENT, "minutes": 10.0, "day": date(2026, 3, 2),
    }  # fmt: skip
    return ActivityDone(**facts | more)
