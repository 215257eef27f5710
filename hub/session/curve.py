"""The live curve of a session: at most 25 frames a second, and never more than the page can show."""

from collections import deque
from math import isnan
from typing import Final, Literal

from ...firmware_bridge.clock import HostClock
from ...firmware_bridge.samples import SampleBlock
from ..live import LiveFrame
from .tracker import SessionTracker

#: A page paints 25 frames a second at best; the samples in between travel together.
FRAME_S: Final = 0.04
#: A tool that catches up brings minutes at once. A page shows the last seconds: the others are not sent.
SPAN_S: Final = 2.0


class Curve:
    """Makes a session's live frames.

    Parameters
    ----------
    clock : HostClock
        The host's clocks.
    """

    def __init__(self, clock: HostClock) -> None:
        self._clock = clock
        self._blocks: deque[SampleBlock] = deque()
        self._sent_s = -FRAME_S

    def frame(self, tracker: SessionTracker, block: SampleBlock, *, counted: bool) -> LiveFrame | None:
        """The frame that is due with a block that the tracker has; None if it is too early for another.

        Parameters
        ----------
        counted : bool
            Whether a squeeze was counted and committed: that is told at once.
        """
        if len(block):
            self._blocks.append(tracker.latest or block)
            while block.t_s[-1] - self._blocks[0].t_s[-1] > SPAN_S:
                self._blocks.popleft()
        now_s = self._clock.monotonic_s()
        if not counted and now_s - self._sent_s < FRAME_S:
            return None
        self._sent_s = now_s
        return self._frame(tracker, "streaming", counted=counted)

    def news(self, tracker: SessionTracker, state: Literal["link_lost", "ended"]) -> LiveFrame:
        """A frame that tells of a new state, and brings what is left of the curve."""
        return self._frame(tracker, state)

    def _frame(
        self,
        tracker: SessionTracker,
        state: Literal["streaming", "link_lost", "ended"],
        *,
        counted: bool = False,
    ) -> LiveFrame:
        session = tracker.state
        blocks = list(self._blocks)
        self._blocks.clear()
        now_s = self._clock.utc_s()
        # not validated: nothing here comes from outside
        return LiveFrame.model_construct(
            site=session.site,
            hub=session.hub,
            tool_id=session.tool_id,
            tool_kind=session.tool_kind,
            child_id=session.child_id,
            hand=session.hand,
            source=session.source,
            unit=session.unit,
            session_id=session.session_id,
            state=state,
            t_s=tuple(t for block in blocks for t in (block.t_s - session.first_s).round(5).tolist()),
            values=tuple(None if isnan(v) else v for block in blocks for v in block.values.round(3).tolist()),
            count=tracker.count,
            waiting=tracker.waiting,
            goal=session.goal,
            best=tracker.best,
            rest=tracker.rest,
            counted_at_s=now_s if counted else None,
            sent_at_s=now_s,
        )
