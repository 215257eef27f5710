"""UTC of what a tool kept while it was alone, from the moments at which the hub knew both clocks."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ...firmware_bridge.timebase import MAX_DRIFT
from ..delivery.outbox import Anchor

#: Two moments of one life that differ by more than clocks run apart and this: the host's clock was set in
#: between, and the later one counts.
SLACK_S: Final = 0.2

#: How well a contact's moment is known: the time that a command takes, a connection interval or two.
CONTACT_S: Final = 0.05

#: A tool's drift is learned from contacts of one life so far apart: 50 ms in two hours are 7 ppm.
LEARN_S: Final = 2 * 3600.0
#: And then holds to so much; in a drawer, in a hand, in winter.
LEARNED_DRIFT: Final = 10e-6

#: Of so much of a tool's time one moment is remembered, the latest: links come and go within a play, and
#: what was kept is handed over session by session.
REMEMBER_S: Final = 600.0

Moment = tuple[float, float]  #: tool time and UTC, s


def anchor(tool_id: str, boot_id: int, tool_s: float, utc_s: float) -> Anchor:
    """A moment to remember."""
    return Anchor(tool_id, boot_id, tool_s // REMEMBER_S * REMEMBER_S, tool_s, utc_s)


@dataclass(frozen=True, slots=True)
class Life:
    """Time in one life of a tool.

    Attributes
    ----------
    moments : sequence of (tool_s, utc_s)
        Known ones, in order; empty: the time is not known.
    drift : float
        UTC seconds per tool second, minus 1, beyond the moments.
    latest_s : float
        Unix time before which it all must have been.
    """

    moments: Sequence[Moment]
    drift: float
    learned: bool
    latest_s: float

    @property
    def known(self) -> bool:
        """Whether there is anything to tell the time from."""
        return bool(self.moments)

    def utc_s(self, tool_s: float) -> float:
        """Unix time of a moment on the tool's clock; raises ValueError where it is not known."""
        if not self.moments:
            raise ValueError("nothing is known about this life of the tool")
        n = bisect(self.moments, (tool_s, float("inf")))
        before, after = self.moments[max(n - 1, 0)], self.moments[min(n, len(self.moments) - 1)]
        if before[0] <= tool_s <= after[0] and after[0] > before[0]:
            share = (tool_s - before[0]) / (after[0] - before[0])
            return before[1] + share * (after[1] - before[1])
        nearest = before if n else after
        return nearest[1] + (tool_s - nearest[0]) * (1 + self.drift)

    def within_s(self, first_s: float, last_s: float) -> float | None:
        """How wrong the times from `first_s` to `last_s` are at most; None if they are not known."""
        if not self.moments:
            return None
        beyond_s = max(self.moments[0][0] - first_s, last_s - self.moments[-1][0], 0.0)
        return CONTACT_S + beyond_s * (LEARNED_DRIFT if self.learned else MAX_DRIFT)


def life(
    anchors: Sequence[Anchor],
    boot_id: int,
    *,
    epoch_s: float | None,
    present_id: int,
    now_s: float,
    last_s: float = 0.0,
) -> Life:
    """What is known of one life.

    Parameters
    ----------
    anchors : sequence of Anchor
        Of all lives of the tool.
    epoch_s : float or None
        Unix time of the tool's time 0 by its own account; None if it never was told the time.
    present_id : int
        The life that the tool is in; all others ended before it began.
    now_s : float
        Unix time of this moment.
    last_s : float
        Latest tool time to be told. Where that would be later than can be, the clock that the tool was told
        the time by was wrong, and nothing is known.
    """
    drift = _drift(anchors)
    lives = {n: _consistent([a[3:] for a in anchors if a.boot_id == n]) for n in (boot_id, present_id)}
    moments = lives[boot_id]
    if not moments and epoch_s is not None:
        moments = [(0.0, epoch_s)]
    latest_s = now_s
    if boot_id != present_id and (known := lives[present_id]):
        latest_s = min(now_s, known[0][1] - known[0][0] * (1 + (drift or 0.0)))
    lived = Life(moments, drift or 0.0, drift is not None, latest_s)
    if lived.known and lived.utc_s(last_s) > latest_s + SLACK_S:
        return replace(lived, moments=())
    return lived


def _consistent(moments: Sequence[Moment]) -> list[Moment]:
    """Moments in order, without those that a wrong clock told: where two disagree the later counts."""
    kept: list[Moment] = []
    for tool_s, utc_s in sorted(set(moments), reverse=True):
        if kept:
            later_s, later_utc_s = kept[-1]
            if later_s == tool_s or not _fit(later_s - tool_s, later_utc_s - utc_s):
                continue
        kept.append((tool_s, utc_s))
    return kept[::-1]


def _fit(tool_s: float, utc_s: float) -> bool:
    return abs(utc_s - tool_s) <= MAX_DRIFT * tool_s + SLACK_S


def _drift(anchors: Sequence[Anchor]) -> float | None:
    """Drift of a tool, from the two contacts of one life that lie furthest apart; None if none do."""
    best: tuple[float, float] | None = None
    for boot_id in {anchor.boot_id for anchor in anchors}:
        moments = _consistent([(a.tool_s, a.utc_s) for a in anchors if a.boot_id == boot_id])
        if len(moments) > 1:
            (first_s, first_utc_s), (last_s, last_utc_s) = moments[0], moments[-1]
            span_s = last_s - first_s
            if span_s >= max(LEARN_S, best[0] if best else 0.0):
                best = span_s, (last_utc_s - first_utc_s) / span_s - 1
    return best[1] if best else None
