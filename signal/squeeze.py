"""Squeezes found in a stream of force samples, as it comes."""

from math import isfinite

from ..firmware_bridge.errors import InvalidInput
from ..firmware_bridge.samples import SampleBlock
from .counted import EndedBy, Provisional, Squeeze
from .counter import CLIPPED, CUT_OFF, LOST, STUCK, UNFINISHED, Counter
from .filters import Smoother
from .grid import Grid
from .settings import DEFAULTS, SqueezeSettings
from .usual import FIRST

__all__ = [
    "CLIPPED",
    "CUT_OFF",
    "DEFAULTS",
    "FIRST",
    "LOST",
    "STUCK",
    "UNFINISHED",
    "EndedBy",
    "Provisional",
    "Squeeze",
    "SqueezeDetector",
    "SqueezeSettings",
]


class SqueezeDetector:
    """Count squeezes as samples come.

    The answer is the same to the last bit however the stream is cut into blocks. Memory is bounded. A
    detector may be pickled at any time and goes on where it was. Numbers run on over gaps, restarts of
    the tool and `finish`; a change of unit or tool makes it forget what the child's squeezes are like.

    Parameters
    ----------
    settings : SqueezeSettings
        When a rise is a squeeze.
    usual_peak : float, optional
        Peak above rest that the child usually reaches with this tool, in the tool's unit. Without it the
        first squeezes may be told late, when it is clear that they are no bumps of picking up the tool.

    Raises
    ------
    InvalidInput
        If `usual_peak` is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from griphub import SampleBlock, Unit
    >>> t_s = np.arange(0, 6, 0.01)
    >>> force_n = 20 * np.exp(-(((t_s - 3) / 0.3) ** 2))
    >>> clipped = np.zeros(t_s.size, bool)
    >>> detector = SqueezeDetector(usual_peak=20.0)
    >>> for begin in range(0, t_s.size, 10):  # as packets bring them
    ...     part = slice(begin, begin + 10)
    ...     samples = t_s[part], force_n[part], Unit.NEWTON
    ...     packet = SampleBlock("ball", begin, *samples, fs_hz=100.0, lost=0, clipped=clipped[part])
    ...     for squeeze in detector.update(packet):
    ...         print(f"{squeeze.number}: {squeeze.peak:.0f} {squeeze.unit} at {squeeze.peak_s:.1f} s")
    1: 20 N at 3.0 s
    >>> detector.finish(), detector.count
    ([], 1)
    """

    def __init__(self, settings: SqueezeSettings = DEFAULTS, *, usual_peak: float | None = None) -> None:
        if usual_peak is not None and not (isfinite(usual_peak) and usual_peak > 0):
            raise InvalidInput("usual_peak", f"must be above 0 and finite, not {usual_peak}")
        self._settings = settings
        self._counter = Counter(settings, usual_peak)
        self._grid = Grid(settings.gap_s)
        self._smooth = Smoother()
        self._tool_id: str | None = None
        self._end_index = 0

    @property
    def rest(self) -> float:
        """Level of the resting hand, in the tool's unit; 0 before the first sample."""
        rest = self._counter.rest
        return rest.level if rest else 0.0

    @property
    def squeezing(self) -> bool:
        """Whether force has risen as at the beginning of a squeeze. It may yet prove to be none."""
        return self._counter.rise is not None

    @property
    def provisional(self) -> Provisional | None:
        """The squeeze that is on its way up or held, for games that cannot wait; None if there is none."""
        return self._counter.provisional

    @property
    def tentative(self) -> tuple[Squeeze, ...]:
        """What was like a squeeze and is over, but does not count yet: for screens, to show it at once.

        Of a hand that is not known, first ones that are brief or weak count only once others were like
        them. Each of these either counts then, is never told, or is added by `recount`. Their numbers mean
        nothing yet.
        """
        return self._counter.usual.waiting

    @property
    def count(self) -> int:
        """Squeezes counted so far."""
        return self._counter.usual.count

    def update(self, block: SampleBlock) -> list[Squeeze]:
        """Take the next block and return the squeezes that it decides, in order."""
        out: list[Squeeze] = []
        if not block.values.size:
            return out
        counter = self._counter
        if block.tool_id != self._tool_id or block.unit != counter.unit:
            self._change(block, out)
        elif block.first_index < self._end_index:  # the tool was switched on anew
            out += self._end(EndedBy.GAP)
        for stretch in self._grid.push(block):
            if stretch.fresh:
                counter.restart(*stretch.fresh, out)
                self._smooth = Smoother()
            counter.take(stretch, self._smooth(stretch.means), out)
        self._end_index = block.first_index + block.values.size
        return out

    def finish(self) -> list[Squeeze]:
        """End the stream: what is on the way counts if it already qualifies."""
        return self._end(EndedBy.STREAM_END)

    def _end(self, ended_by: EndedBy) -> list[Squeeze]:
        out: list[Squeeze] = []
        self._counter.end(ended_by, out)
        self._grid = Grid(self._settings.gap_s)
        return out

    def _change(self, block: SampleBlock, out: list[Squeeze]) -> None:
        """Begin with another tool, of which nothing is known."""
        out += self._end(EndedBy.GAP)
        if self._tool_id is not None:
            self._counter.usual.forget()
            self._counter.creeping.forget()
        self._tool_id, self._counter.unit = block.tool_id, block.unit
