"""How good a session's recording is, noted as it comes and told at its end."""

from collections.abc import Iterable

from ...signal.counted import Squeeze
from ...signal.untouched import DRIFT_PERCENT, QuietSecond
from ..records.session import Drift, SessionQuality
from .state import SessionState


def note_quiet(state: SessionState, seconds: Iterable[QuietSecond]) -> None:
    """Keep the first untouched second of a session, and the latest."""
    for second in seconds:
        if state.quiet_before is None and not state.peaks:
            state.quiet_before = second
        state.quiet_after = second


def note_squeeze(state: SessionState, squeeze: Squeeze, doubtful: Iterable[str]) -> None:
    """Count reasons to doubt; what was quiet in a squeeze was a steady hand."""
    for reason in doubtful:
        state.reasons[reason] = state.reasons.get(reason, 0) + 1
    if state.quiet_before and state.quiet_before.end_s > squeeze.onset_s:
        state.quiet_before = None
    if state.quiet_after and state.quiet_after.begin_s < squeeze.offset_s:
        state.quiet_after = None


def quality(state: SessionState) -> SessionQuality:
    """What there is to tell at the end."""
    span_s = state.end_s - state.first_s
    before, after = state.quiet_before, state.quiet_after
    return SessionQuality(
        rate_hz=(state.end_index - state.first_index - 1) / span_s if span_s > 0 else None,
        lost_percent=_percent(state.lost, state.received + state.lost) if state.loss_known else None,
        saturated_percent=_percent(state.clipped, state.received),
        tare_level=before.level if before else None,
        tare_noise=before.noise if before else None,
        drift=_drift(state, before, after) if before and after and state.peaks else None,
        doubtful=state.reasons,
        usual_peak=state.usual_peak,
    )


def _drift(state: SessionState, before: QuietSecond, after: QuietSecond) -> Drift:
    """As `griphub.signal.quality.drift`, of quiet seconds."""
    moved = after.level - before.level
    percent = 100 * abs(moved) / max([*state.peaks, state.usual_peak or 0.0])
    return Drift(moved=moved, percent=percent, too_far=percent > DRIFT_PERCENT)


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
