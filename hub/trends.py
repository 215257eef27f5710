"""What a child's sessions and strength tests say about change: numbers, and sentences for a therapist."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sqrt
from typing import Final
from uuid import UUID

from ..firmware_bridge.samples import Unit
from ..signal.measurement_error import Basis
from ..signal.refusal import Refused
from ..signal.strength import Side
from ..signal.trend import LEAST_TESTS, SeriesKey, Test, Trend, Verdict, differences, trend
from .records.strength import StrengthTested
from .records.vocabulary import Hand, Purpose, Source
from .stores.models import Session

#: What a session of exercise is followed by. No error is borrowed for it: it is no test.
SESSION_PEAK: Final = "highest peak of a session"

__all__ = [
    "LEAST_TESTS",
    "Band",
    "Basis",
    "Finding",
    "Verdict",
    "of_sessions",
    "of_tests",
    "session_key",
    "state",
    "test_key",
]

_DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SIDES: Final[dict[Hand, Side]] = {Hand.LEFT: "left", Hand.RIGHT: "right"}
#: What a break of a series is called.
_NAMES: Final = {
    "measure": "protocol",
    "side": "hand",
    "kind": "kind of tool",
    "grip": "size or handle",
    "simulated": "real or simulated",
}


@dataclass(frozen=True, slots=True)
class Band:
    """Where single results lie by their usual variation, along what the series shows: straight, in its unit.

    Attributes
    ----------
    begin, end : datetime
    middle : (float, float)
        Of the band, at begin and end.
    half : float
        Half its width: 19 of 20 results lie within.
    """

    begin: datetime
    end: datetime
    middle: tuple[float, float]
    half: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One series, and what it says.

    Attributes
    ----------
    key : SeriesKey
    results : tuple of (UUID, datetime, float)
        Session or event id, time and value of each result, oldest first.
    trend : Trend
    band : Band or None
        None where there are too few results, or nobody knows how they vary.
    broke : tuple of str
        What is different from the same hand's series before, in words; empty for its first.
    statement, error : str
        Sentences: what the series shows, and what that rests on.
    """

    key: SeriesKey
    results: tuple[tuple[UUID, datetime, float], ...]
    trend: Trend
    band: Band | None
    broke: tuple[str, ...]
    statement: str
    error: str


def of_sessions(points: Iterable[Session]) -> list[Finding]:
    """Follow the highest peaks of sessions of exercise; strength tests are none."""
    return _findings(
        (session_key(point), point.session_id, point.started_at, point.peak)
        for point in points
        if point.peak is not None and point.purpose is Purpose.EXERCISE and point.time_known
    )


def of_tests(tests: Iterable[StrengthTested]) -> list[Finding]:
    """Follow the scores of strength tests, each protocol apart; tests without a score are no part of it."""
    return _findings(
        (test_key(test), test.event_id, test.measured_at, test.outcome.score)
        for test in tests
        if test.outcome.score is not None
    )


def session_key(point: Session) -> SeriesKey:
    """The series that a session belongs to."""
    return SeriesKey(
        measure=SESSION_PEAK,
        side=_SIDES[point.hand],
        unit=point.unit,
        kind=point.tool_kind,
        tool=point.tool_id,
        firmware=point.firmware,
        calibration=point.calibration_id,
        simulated=point.source is Source.SIMULATED,
    )


def test_key(test: StrengthTested) -> SeriesKey:
    """The series that a strength test belongs to."""
    return SeriesKey(
        measure=test.protocol,
        side=_SIDES[test.hand],
        unit=test.unit,
        kind=test.tool_kind,
        tool=test.tool_id,
        firmware=test.firmware,
        calibration=test.calibration_id,
        grip=test.grip,
        simulated=test.source is Source.SIMULATED,
    )


def _findings(results: Iterable[tuple[SeriesKey, UUID, datetime, float]]) -> list[Finding]:
    series: dict[SeriesKey, list[tuple[UUID, datetime, float]]] = {}
    for key, id_, at, value in sorted(results, key=lambda result: result[2]):
        series.setdefault(key, []).append((id_, at, value))
    found: list[Finding] = []
    for key, same in series.items():
        said = trend([Test((at - _EPOCH) / _DAY, value, key) for _, at, value in same])
        if isinstance(said, Refused):  # nothing that is in one series is refused
            continue
        before = next((f for f in reversed(found) if _continues(f.key, key)), None)
        broke = tuple(_NAMES.get(name, name) for name in differences(before.key, key)) if before else ()
        found.append(
            Finding(key, tuple(same), said, _band(said, same), broke, state(said, key.unit), _error(said))
        )
    return sorted(found, key=lambda f: (f.key.simulated, f.key.measure, f.key.side, f.results[-1][1]))


def _continues(before: SeriesKey, key: SeriesKey) -> bool:
    """Whether a reader would take one series for the continuation of the other."""
    return all(
        getattr(before, name) == getattr(key, name) for name in ("measure", "side", "kind", "simulated")
    )


def state(said: Trend, unit: Unit) -> str:
    """What a series shows, in a sentence or two. No word of it is a judgement."""
    lasting = _lasting(said.days)
    if said.change is None or said.low is None or said.high is None:
        return f"Too few to say: {said.tests} of the {LEAST_TESTS} results that tell a change from chance."
    percent = "" if said.percent is None else f" ({abs(said.percent):.0f} %)"
    by = f"{_number(abs(said.change.value), unit)}{percent} in {lasting}"
    bounds = f"95 %: {_number(said.low, unit, sign=True)} to {_number(said.high, unit, sign=True)}"
    if said.verdict is Verdict.NO_CLEAR_CHANGE:
        if said.low * said.high > 0:
            return f"Within the measurement error: {by} is less than two results may differ by chance."
        return f"Within the usual variation: no clear change in {lasting} ({bounds})."
    word = "Rises" if said.verdict is Verdict.RISING else "Falls"
    text = f"{word} by {by} ({bounds})."
    if said.error.basis is Basis.UNKNOWN:
        text += " Whether that is more than measurement error is not known for this tool."
    if said.growth:
        text += " Over more than three months growth is part of any rise."
    return text


def _band(said: Trend, results: Sequence[tuple[UUID, datetime, float]]) -> Band | None:
    if said.change is None or said.start is None or said.error.sdd is None:
        return None
    # the SDD is 1.96 √2 SEM; a single result strays by 1.96 SEM
    half = said.error.sdd / sqrt(2)
    slope = said.change.value if said.verdict is not Verdict.NO_CLEAR_CHANGE else 0.0
    start = said.start if slope else said.start + said.change.value / 2
    return Band(results[0][1], results[-1][1], (start, start + slope), half)


def _error(said: Trend) -> str:
    words = said.error.words
    return f"Measurement error: {words[0].lower()}{words[1:]}"


def _number(value: float, unit: Unit, *, sign: bool = False) -> str:
    suffix = "" if unit is Unit.UNKNOWN else f"\N{NO-BREAK SPACE}{'counts' if unit is Unit.COUNT else unit}"
    text = f"{value:{'+' if sign else ''}.{0 if unit is Unit.COUNT else 1}f}{suffix}"
    return text.replace("-", "\N{MINUS SIGN}")


def _lasting(days: float) -> str:
    weeks = round(days / 7)
    if weeks < 2:
        return f"{max(round(days), 1)} days" if round(days) > 1 else "a day"
    return f"{weeks} weeks" if weeks <= 12 else f"{round(days / 30.4)} months"
