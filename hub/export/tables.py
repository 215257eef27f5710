"""What stands in each CSV file: one row per trial, session, squeeze, activity and feedback."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from ... import __version__
from ...firmware_bridge.samples import Unit
from ..program.tables import Annotation, Visit
from ..records.said import ActivityDone, FeedbackGiven
from ..records.session import SessionQuality, SqueezeCounted
from ..records.strength import StrengthTested, TestTrial
from ..records.vocabulary import Hand
from ..stores.models import SessionPoint
from ..units import ForceUnit, shown
from .csv import Column, Table, attribute


@dataclass(frozen=True, slots=True)
class About:
    """What the home or the clinic knows of a child beside its id; nothing of it was ever on the wire."""

    born: date | None = None  #: the first of the month of birth
    dominant: Hand | None = None

    def age_months(self, on: date) -> int | None:
        """Whole months of age."""
        return None if self.born is None else (on.year - self.born.year) * 12 + on.month - self.born.month


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial, with the test that it is part of. `number` counts from 1."""

    test: StrengthTested
    number: int
    trial: TestTrial
    about: About


def trial_rows(tests: Iterable[StrengthTested], about: About) -> Iterator[TrialRow]:
    """Trials of tests in the order in which they were made."""
    for test in tests:
        for number, trial in enumerate(test.trials, 1):
            yield TrialRow(test, number, trial, about)


def in_newtons(value: float | None, unit: Unit) -> float | None:
    """A force in newtons; None where the unit is no force."""
    return value if unit is Unit.NEWTON else None


def in_kgf(value: float | None, unit: Unit) -> float | None:
    """A force in kilograms-force; None where the unit is no force: a ball's pressure has no kilograms."""
    newtons = in_newtons(value, unit)
    return None if newtons is None else shown(newtons, unit, ForceUnit.KGF)[0]


def _trial(name: str, meaning: str) -> Column[TrialRow]:
    return Column(name, meaning, lambda row: getattr(row.trial, name))


def _test(name: str, meaning: str) -> Column[TrialRow]:
    return Column(name, meaning, lambda row: getattr(row.test, name))


TRIALS: Table[TrialRow] = Table(
    "trials",
    "one trial of a strength test",
    (
        _test("measured_at", "Beginning of the test, local time with its offset from UTC"),
        _test("child_id", "Pseudonymous id; names are in no export"),
        Column("age_months", "Whole months of age on that day; empty where the month of birth is not known",
               lambda row: row.about.age_months(row.test.measured_at.date())),
        _test("hand", "`left` or `right`"),
        Column("dominant", "Whether it is the dominant hand; empty where that is not recorded",
               lambda row: None if row.about.dominant is None else row.test.hand is row.about.dominant),
        Column("test_type", "Always `strength`", lambda _: "strength"),
        Column("preset", "Protocol: results of two protocols do not compare", lambda row: row.test.protocol),
        _test("event_id", "The test: trials of one test share it"),
        Column("trial", "Number of the trial within the test", lambda row: row.number),
        _trial("practice", "Whether it was for practice"),
        Column("peak", "Highest smoothed value above zero, in `unit`; empty: nothing to measure",
               lambda row: row.trial.peak),
        _test("unit", "Unit of `peak`. A pressure or a raw count is no force and becomes none"),
        Column("peak_n", "Peak in newtons; empty where the unit is no force",
               lambda row: in_newtons(row.trial.peak, row.test.unit)),
        Column("peak_kgf", "The same in kilograms-force (1 kgf = 9.80665 N)",
               lambda row: in_kgf(row.trial.peak, row.test.unit)),
        Column("peak_sd", "Standard uncertainty of `peak`, in `unit`; the sensor's calibration is not in it",
               lambda row: row.trial.peak_sd),
        Column("duration_s", "Time held above 80 % of the peak, seconds", lambda row: row.trial.held_s),
        Column("valid", "Whether the trial counts",
               lambda row: not row.trial.faults and not row.trial.practice),
        Column("invalid_reason", "Why it does not", lambda row: row.trial.faults),
        Column("score", "Of the whole test, in `unit`; the same in each of its rows",
               lambda row: row.test.outcome.score),
        Column("score_sd", "Its standard uncertainty, in `unit`", lambda row: row.test.outcome.score_sd),
        Column("cv_pct", "Spread of the trials that count, per cent; it accuses nobody",
               lambda row: row.test.outcome.cv_percent),
        Column("score_rule", "How the protocol makes one number of the trials",
               lambda row: row.test.outcome.rule),
        Column("no_score", "Why there is no score", lambda row: row.test.outcome.because),
        Column("device_id", "Serial number of the tool", lambda row: row.test.tool_id),
        Column("device_model", "Kind of tool", lambda row: row.test.tool_kind),
        _test("firmware", "Of the tool; another one begins another series"),
        _test("calibration_id", "Empty: as the tool sends it"),
        _test("grip", "Size of the ball, or setting of the handle"),
        Column("tare_noise", "Standard deviation of the untouched tool before the test, in `unit`",
               lambda row: row.test.tare_noise),
        Column("pain_before", "Face, 0 to 10", lambda row: row.test.pain_before),
        Column("pain_after", "Face, 0 to 10", lambda row: row.test.pain_after),
        Column("software_version", "GripHub that wrote this file", lambda _: __version__),
        _test("source", "`real` or `simulated`"),
    ),
)  # fmt: skip


def _quality(name: str, meaning: str) -> Column[SessionPoint]:
    return Column(name, meaning, lambda row: getattr(row.quality or SessionQuality(), name))


def _lost_percent(row: SessionPoint) -> float | None:
    sent = row.received + row.lost
    return 100 * row.lost / sent if sent else None


SESSIONS: Table[SessionPoint] = Table(
    "sessions",
    "one session of one tool and hand",
    (
        attribute("started_at", "Local time with its offset from UTC"),
        attribute("ended_at", "The same of its end"),
        attribute("ended_by", "What ended it"),
        attribute("session_id", "Its id"),
        attribute("child_id", "Pseudonymous id"),
        attribute("hand", "`left` or `right`"),
        attribute("purpose", "`exercise` or `strength_test`"),
        attribute("goal", "Squeezes asked for; 0 where none were"),
        Column("squeezes", "Squeezes counted; empty where the tool is too slow or coarse for it",
               lambda row: row.squeezes if row.counts else None),
        attribute("doubtful", "How many of them are doubtful"),
        attribute("peak", "Highest squeeze above rest, in `unit`"),
        attribute("median_peak", "Median squeeze, in `unit`"),
        attribute("unit", "Unit of both"),
        Column("peak_n", "Highest squeeze in newtons; empty where the unit is no force",
               lambda row: in_newtons(row.peak, row.unit)),
        Column("peak_kgf", "The same in kilograms-force", lambda row: in_kgf(row.peak, row.unit)),
        _quality("rate_hz", "Samples a second"),
        Column("lost_pct", "Samples known to be missing, per cent", _lost_percent),
        _quality("saturated_percent", "Samples at the end of the sensor's range, per cent"),
        Column("drift_pct", "How far zero moved, per cent of the child's usual peak",
               lambda row: row.quality.drift.percent if row.quality and row.quality.drift else None),
        attribute("stored", "Whether the tool recorded it alone and handed it over later"),
        attribute("time_known", "false: the time is only the latest that it can be"),
        Column("device_id", "Serial number of the tool", lambda row: row.tool_id),
        Column("device_model", "Kind of tool", lambda row: row.tool_kind),
        attribute("firmware", "Of the tool"),
        attribute("calibration_id", "Empty: as the tool sends it"),
        attribute("calibration_overdue", "Whether the calibration was due to be made again"),
        Column("software_version", "GripHub that wrote this file", lambda _: __version__),
        attribute("source", "`real` or `simulated`"),
    ),
)  # fmt: skip


SQUEEZES: Table[SqueezeCounted] = Table(
    "squeezes",
    "one counted squeeze",
    (
        attribute("measured_at", "Onset, local time with its offset from UTC"),
        attribute("session_id", "The session, as in `sessions.csv`"),
        attribute("number", "Count within the session"),
        attribute("hand", "`left` or `right`"),
        attribute("onset_s", "Seconds since the session's start, as the next two"),
        attribute("peak_s", "When it was highest"),
        attribute("offset_s", "When it was over"),
        attribute("peak", "Above rest, in `unit`"),
        attribute("peak_sd", "Standard uncertainty of `peak`, in `unit`"),
        attribute("unit", "Unit of peak, rest, impulse (times seconds) and rfd (per second)"),
        attribute("rest", "Level of the resting hand"),
        attribute("impulse", "Integral above rest"),
        attribute("rise_s", "Seconds from onset to nine tenths of the height"),
        attribute("release_s", "Seconds from there to the offset"),
        attribute("rfd", "Rate of force development, 20 to 80 % of the climb"),
        attribute("no_rfd", "Why there is none"),
        attribute("ended_by", "What ended it"),
        attribute("doubtful", "Why it is doubtful; empty: it is not"),
        attribute("event_id", "Its id"),
        attribute("source", "`real` or `simulated`"),
    ),
)


ACTIVITIES: Table[ActivityDone] = Table(
    "activities",
    "one item of the program that was done",
    (
        attribute("measured_at", "When it was done, local time with its offset from UTC"),
        attribute("day", "The family's day on which it counts"),
        attribute("child_id", "Pseudonymous id"),
        attribute("item_id", "The item of the program"),
        attribute("evidence", "How it is known: `sensor`, `parent` or `therapist`"),
        attribute("hand", "`left` or `right`; empty where it does not matter"),
        attribute("minutes", "How long"),
        attribute("minutes_asked", "How long it was to be"),
        attribute("sets", "Sets done"),
        attribute("sets_asked", "Sets asked for"),
        attribute("reps", "Repetitions done, all sets together"),
        attribute("reps_asked", "Repetitions asked for"),
        attribute("helped_by", "Who helped; empty: nobody, or not said"),
        attribute("session_id", "The session that a tool measured, as in `sessions.csv`"),
        attribute("event_id", "Its id"),
        attribute("source", "`real` or `simulated`"),
    ),
)


FEEDBACK: Table[FeedbackGiven] = Table(
    "feedback",
    "what somebody said of how it went",
    (
        attribute("measured_at", "When, local time with its offset from UTC"),
        attribute("day", "The family's day"),
        attribute("child_id", "Pseudonymous id"),
        attribute("said_by", "Who said so"),
        attribute("pain_before", "Face before: 0, 2, 4, 6, 8 or 10"),
        attribute("pain_after", "Face after"),
        attribute("effort", "0 none to 10 the most there is, as the next three"),
        attribute("enjoyment", "How much it was liked"),
        attribute("participation", "How much the child took part"),
        attribute("confidence", "The parent's, to do it again alone"),
        attribute("observation", "In their own words"),
        attribute("session_id", "The session that it belongs to"),
        attribute("event_id", "Its id"),
        attribute("source", "`real` or `simulated`"),
    ),
)


VISITS: Table[Visit] = Table(
    "visits",
    "one visit, of the past or to come",
    (
        attribute("day", "Its day"),
        attribute("child_id", "Pseudonymous id"),
        attribute("kind", "`clinic`, `home` or `call`"),
        attribute("words", "What was noted"),
        attribute("recorded_at", "When it was noted, local time with its offset from UTC"),
        attribute("id", "Its id"),
    ),
)


ANNOTATIONS: Table[Annotation] = Table(
    "annotations",
    "what a therapist wrote beside some days of the chart",
    (
        attribute("first", "First day"),
        attribute("last", "Last day; the same for one day"),
        attribute("child_id", "Pseudonymous id"),
        attribute("words", "What was written"),
        attribute("shared", "Whether the parents see it"),
        attribute("recorded_at", "When it was written, local time with its offset from UTC"),
        attribute("id", "Its id"),
    ),
)


#: Every kind of file, for the data dictionary.
ALL: tuple[Table[Any], ...] = (TRIALS, SESSIONS, SQUEEZES, ACTIVITIES, FEEDBACK, VISITS, ANNOTATIONS)
