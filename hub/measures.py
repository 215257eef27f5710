"""Measures of exercise beside its peaks, worked out from stored sessions: rise, release, holds, both hands.

Nothing of it is kept: whoever looks at a period asks for it. What tool, rate or noise cannot carry is refused
with the reason, and so is what exercise does not show: a fatigue index is of twelve greatest squeezes.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from statistics import median
from typing import Final

import numpy as np

from ..firmware_bridge.errors import GripError
from ..firmware_bridge.samples import ToolKind
from ..firmware_bridge.sentence import Sentence
from ..signal.bilateral import asymmetry, bilateral_timing
from ..signal.endurance import force_kept, sustained
from ..signal.measure import TOO_FEW_SAMPLES, TOO_NOISY
from ..signal.mirror import mirror_force
from ..signal.quantity import Quantity
from ..signal.recording import Recording, Timing
from ..signal.refusal import Reason, Refused
from ..signal.steadiness import steadiness
from ..signal.strength import Side
from .records.session import SqueezeCounted
from .records.strength import StrengthTested
from .records.vocabulary import Hand
from .stores.models import SessionDetail

#: Two tools that stream at once are known to each other to some milliseconds (docs/decisions/time.md).
LIVE_CLOCK_ERROR_S: Final = 0.01
#: A squeeze that lasts so long is a hold.
HOLD_S: Final = 2.5
_RISE: Final = Sentence("Of squeezes as the child liked to make them, not as fast as possible.")
_RELEASE: Final = Sentence("A soft tool comes back later than the hand.")
_NO_FATIGUE: Final = Sentence("It is of twelve greatest squeezes, which exercise does not ask for.")
#: Why a squeeze has no rate of force, by what its event says.
_NO_RATE: Final = {
    TOO_FEW_SAMPLES: Sentence("Fewer than 8 samples between 20 % and 80 % of the climb."),
    TOO_NOISY: Sentence("Noise makes the slope uncertain by more than a tenth."),
    "": Sentence("Not told of these squeezes."),
}
_RATE: Final = Sentence("Of 20 to 80 % of the peak; of children not known.")
#: What is above this share of a squeeze's peak is its hold.
_HELD_SHARE: Final = 0.8
#: The resting hand's zero is taken from so long before.
_BEFORE_S: Final = 1.0

_SIDES: Final[dict[Hand, Side]] = {Hand.LEFT: "left", Hand.RIGHT: "right"}

#: Names of the measures, in the order in which they are shown.
NAMES: Final = (
    "rise",
    "release",
    "rate_of_force",
    "steadiness",
    "sustained",
    "force_kept",
    "fatigue",
    "asymmetry",
    "mirror",
    "bilateral",
)


@dataclass(slots=True)
class Measure:
    """One measure of one hand, or of both.

    Attributes
    ----------
    name : str
        One of `NAMES`.
    hand : Hand or None
        None: of both.
    tool_id : str
        With which tool, as results of two do not compare; empty for both hands.
    tool_kind : ToolKind or None
    unit : str
        As `Quantity` has it.
    values : list of (datetime, float)
        The median of each session that has any, oldest first.
    trust : str
        How far it can be trusted.
    of : str
        What a percentage is of, where that is not plain.
    refused : Counter of str
        Reasons in words, and how often each of them was given.
    """

    name: str
    hand: Hand | None
    tool_id: str = ""
    tool_kind: ToolKind | None = None
    unit: str = ""
    values: list[tuple[datetime, float]] = field(default_factory=list)
    trust: str = ""
    of: str = ""
    refused: Counter[str] = field(default_factory=Counter)

    def take(self, at: datetime, found: Iterable[Quantity | Refused]) -> None:
        """Take what a session gives."""
        quantities = []
        for one in found:
            if isinstance(one, Refused):
                self.refused[one.because] += 1
            else:
                quantities.append(one)
        if quantities:
            self.unit, self.trust = quantities[0].unit, quantities[0].trust
            self.values.append((at, median(one.value for one in quantities)))


def measures(
    sessions: Sequence[SessionDetail], tests: Sequence[StrengthTested], dominant: Hand | None
) -> list[Measure]:
    """Work out all measures of some sessions of exercise, of one source and oldest first.

    Parameters
    ----------
    tests : sequence of StrengthTested
        Of the same time; asymmetry is told from them where there are any, else from peaks.
    dominant : Hand or None

    Returns
    -------
    list of Measure
        In the order of `NAMES`, each with values, or with the reason why there are none.
    """
    best = _best(sessions)
    series: dict[tuple[str, ...], list[SessionDetail]] = defaultdict(list)
    for session in sessions:
        series[_series(session)].append(session)
    found = [one for key, own in series.items() for one in _of_one_hand(own, best[key])]
    both = {name: Measure(name, None) for name in ("asymmetry", "mirror", "bilateral")}
    _asymmetry(both["asymmetry"], sessions, tests, dominant)
    _together(both["mirror"], both["bilateral"], sessions, best)
    return sorted(
        [*found, *both.values()],
        key=lambda one: (NAMES.index(one.name), one.tool_kind or "", one.tool_id, one.hand or ""),
    )


def _of_one_hand(sessions: Sequence[SessionDetail], maximum: float) -> list[Measure]:
    """Measures of sessions of one series, of which `maximum` is the highest peak."""
    first = sessions[0].point
    of = {
        name: Measure(name, first.hand, first.tool_id, first.tool_kind)
        for name in NAMES
        if name not in ("asymmetry", "mirror", "bilateral")
    }
    for session in sessions:
        at = session.point.started_at
        sure = [one for one in session.squeezes if not one.doubtful]
        of["rise"].take(at, (_timed(session, one, one.rise_s, "rise", _RISE) for one in sure))
        of["release"].take(at, (_timed(session, one, one.release_s, "release", _RELEASE) for one in sure))
        of["rate_of_force"].take(at, map(_rate_of_force, sure))
        for name, least_s, measured in _HOLDS:
            holds = [one for one in sure if one.offset_s - one.onset_s >= least_s]
            of[name].take(at, (_on(session, one, measured, maximum) for one in holds))
    of["fatigue"].refused[_NO_FATIGUE] += 1
    for name, least_s, _ in _HOLDS:
        if not of[name].values and not of[name].refused:
            of[name].refused[Sentence("No squeeze was held for {seconds} s.", seconds=least_s)] += 1
    for name in ("rise", "release", "rate_of_force"):
        if not of[name].values and not of[name].refused:
            of[name].refused[Sentence("No squeeze was counted without doubt.")] += 1
    return list(of.values())


def _steadiness(recording: Recording, maximum: float) -> Quantity | Refused:
    top = recording.force.max(initial=0.0)
    held = np.flatnonzero(recording.force >= _HELD_SHARE * top)
    if held.size < 2:
        return Refused("steadiness", Reason.TOO_SHORT, "The curve of the hold is not stored.")
    t_s = recording.t_s
    return steadiness(recording.between(float(t_s[held[0]]), float(t_s[held[-1]])), maximum)


_HOLDS: Final[tuple[tuple[str, float, Callable[[Recording, float], Quantity | Refused]], ...]] = (
    ("steadiness", HOLD_S, _steadiness),
    ("sustained", 10.0, lambda recording, _: sustained(recording)),
    ("force_kept", 30.0, lambda recording, _: force_kept(recording)),
)


def _best(sessions: Iterable[SessionDetail]) -> dict[tuple[str, ...], float]:
    """The highest peak of each series."""
    best: dict[tuple[str, ...], float] = defaultdict(float)
    for session in sessions:
        best[_series(session)] = max(best[_series(session)], session.point.peak or 0.0)
    return best


def _series(session: SessionDetail) -> tuple[str, ...]:
    point = session.point
    return point.hand, point.tool_id, point.firmware, point.calibration_id or "", point.unit


def _timing(session: SessionDetail) -> Timing:
    """Tools that do not number their samples do not stamp them either."""
    quality = session.point.quality
    return Timing.ARRIVAL if quality is not None and quality.lost_percent is None else Timing.TOOL


def _rate_hz(session: SessionDetail) -> float:
    """Samples a second; 0 where that was not measured."""
    quality = session.point.quality
    return (quality.rate_hz if quality else None) or 0.0


def _timed(
    session: SessionDetail, squeeze: SqueezeCounted, value_s: float | None, measure: str, trust: str
) -> Quantity | Refused:
    if _timing(session) is Timing.ARRIVAL:
        because = Sentence(
            "Not available on this tool: it does not stamp its samples, and radio is too uneven."
        )
        return Refused(measure, Reason.STAMPS, because)
    if value_s is None and squeeze.peak_sd is None:  # of an older hub
        return Refused(measure, Reason.NOT_KNOWN, "Not told of these squeezes.")
    if value_s is None:
        return Refused(measure, Reason.RATE, "Briefer than this tool and the filters can tell.")
    return Quantity(value_s, "s", trust)


def _rate_of_force(squeeze: SqueezeCounted) -> Quantity | Refused:
    if squeeze.rfd is None:
        because = _NO_RATE.get(squeeze.no_rfd, squeeze.no_rfd)
        return Refused("rate of force", Reason.RATE, because)
    return Quantity(squeeze.rfd, f"{squeeze.unit}/s", _RATE)


def _on(
    session: SessionDetail,
    squeeze: SqueezeCounted,
    measured: Callable[[Recording, float], Quantity | Refused],
    maximum: float,
) -> Quantity | Refused:
    recording = _recording(session, squeeze.onset_s - 0.5, squeeze.offset_s + 0.5)
    return recording if isinstance(recording, Refused) else measured(recording, maximum)


def _recording(
    session: SessionDetail, begin_s: float, end_s: float, shift_s: float = 0.0
) -> Recording | Refused:
    """Part of a session above the untouched tool, its times shifted by `shift_s`."""
    quality = session.point.quality
    if quality is None or quality.tare_level is None:
        because = Sentence(
            "The tool was never left alone in the session, so its zero and noise are not known."
        )
        return Refused("recording", Reason.NOISE, because)
    if quality.saturated_percent:
        return Refused("recording", Reason.SATURATED, "The sensor came to the end of its range.")
    t_s = session.t_s + shift_s
    part = (t_s >= begin_s) & (t_s <= end_s)
    if part.sum() < 2:
        return Refused("recording", Reason.NOT_KNOWN, "The curve is not stored any more.")
    try:
        return Recording(
            t_s[part],
            session.values[part] - quality.tare_level,
            session.point.unit,
            _timing(session),
            noise=quality.tare_noise,
        )
    except GripError:
        return Refused("recording", Reason.NOT_KNOWN, "The stored curve's times do not increase.")


def _asymmetry(
    measure: Measure,
    sessions: Sequence[SessionDetail],
    tests: Sequence[StrengthTested],
    dominant: Hand | None,
) -> None:
    """From the latest tests of both hands that compare; else from the median peaks of exercise."""
    latest: dict[tuple[str, ...], dict[Hand, StrengthTested]] = defaultdict(dict)
    for test in tests:
        if test.outcome.score is not None:
            latest[test.protocol, test.tool_id, test.unit, test.calibration_id or "", test.grip][
                test.hand
            ] = test
    pairs = [pair for pair in latest.values() if len(pair) == len(Hand)]
    if pairs:
        pair = max(pairs, key=lambda one: max(test.measured_at for test in one.values()))
        at = max(test.measured_at for test in pair.values())
        of_hand = {hand: Quantity(test.outcome.score or 0.0, test.unit, "") for hand, test in pair.items()}
        what = pair[Hand.LEFT].protocol
    else:
        peaks: dict[tuple[str, str], dict[Hand, list[float]]] = defaultdict(lambda: defaultdict(list))
        for session in sessions:
            if session.point.peak is not None:
                peaks[session.point.tool_kind, session.point.unit][session.point.hand].append(
                    session.point.peak
                )
        both = {key: hands for key, hands in peaks.items() if len(hands) == len(Hand)}
        if not both:
            measure.refused[Sentence("It takes results of both hands with the same kind of tool.")] += 1
            return
        (kind, unit), hands = max(both.items(), key=lambda one: sum(map(len, one[1].values())))
        at = sessions[-1].point.started_at
        of_hand = {hand: Quantity(median(values), unit, "") for hand, values in hands.items()}
        what = Sentence("median of the sessions' highest peaks, {kind}", kind=kind)
    found = asymmetry(of_hand[Hand.LEFT], of_hand[Hand.RIGHT], _SIDES[dominant] if dominant else None)
    if isinstance(found, Refused):
        measure.refused[found.because] += 1
        return
    measure.take(at, [found.percent])
    measure.of = Sentence("{denominator}; {what}", denominator=found.denominator, what=what)


def _together(
    mirror: Measure,
    timing: Measure,
    sessions: Sequence[SessionDetail],
    best: dict[tuple[str, ...], float],
) -> None:
    """Sessions of both hands at the same time, with a tool in each."""
    pairs = [
        (left, right)
        for left in sessions
        for right in sessions
        if (left.point.hand, right.point.hand) == (Hand.LEFT, Hand.RIGHT)
        and left.point.tool_id != right.point.tool_id
        and left.point.started_at < right.point.ended_at
        and right.point.started_at < left.point.ended_at
    ]
    if not pairs:
        because = Sentence("It takes a session of both hands at the same time, with a tool in each.")
        for measure in (mirror, timing):
            measure.refused[because] += 1
    for left, right in pairs:
        at = min(left.point.started_at, right.point.started_at)
        live = all(not one.point.stored and one.point.time_known for one in (left, right))
        error_s = LIVE_CLOCK_ERROR_S if live else inf
        shifts = {one.point.hand: (one.point.started_at - at) / timedelta(seconds=1) for one in (left, right)}
        onsets = {
            one.point.hand: sorted({s.onset_s + shifts[one.point.hand] for s in one.squeezes})
            for one in (left, right)
        }
        arrival = Timing.ARRIVAL in (_timing(left), _timing(right))
        found = bilateral_timing(
            onsets[Hand.LEFT],
            onsets[Hand.RIGHT],
            clock_error_s=error_s,
            rate_hz=min(_rate_hz(left), _rate_hz(right)),
            timing=Timing.ARRIVAL if arrival else Timing.TOOL,
        )
        timing.take(at, [found if isinstance(found, Refused) else found.lag])
        mirror.take(
            at,
            [
                one
                for working, resting in ((left, right), (right, left))
                for one in _mirrored(working, resting, shifts, best.get(_series(resting), 0.0), error_s)
            ],
        )
    timing.of = Sentence("right hand after left")
    mirror.of = Sentence("the resting hand's highest peak")


def _mirrored(
    working: SessionDetail,
    resting: SessionDetail,
    shifts: dict[Hand, float],
    maximum: float,
    error_s: float,
) -> list[Quantity | Refused]:
    """What the resting hand did in each squeeze that it did not make itself."""
    here, there = shifts[working.point.hand], shifts[resting.point.hand]
    own = [(one.onset_s + there, one.offset_s + there) for one in resting.squeezes]
    found: list[Quantity | Refused] = []
    for squeeze in working.squeezes:
        begin_s, end_s = squeeze.onset_s + here - _BEFORE_S, squeeze.offset_s + here + 0.5
        if any(begin < end_s and begin_s < end for begin, end in own):
            continue
        work = _recording(working, begin_s, end_s, here)
        rest = _recording(resting, begin_s, end_s, there)
        if isinstance(work, Refused) or isinstance(rest, Refused):
            found.append(work if isinstance(work, Refused) else rest)  # type: ignore[arg-type]
            continue
        one = mirror_force(work, rest, maximum, clock_error_s=error_s)
        found.append(one if isinstance(one, Refused) else one.mean)
    return found
