"""What is known of a new session before its first sample: whose it is, its calibration, the usual squeeze."""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...firmware_bridge.calibration import Calibration, CalibrationBook, CalibrationError
from ...firmware_bridge.clock import HostClock
from ...firmware_bridge.samples import SampleBlock, Unit
from ...firmware_bridge.tool import ToolDescription
from ..config import Config, ToolConfig
from ..people.home import Household
from ..records.event import Event
from ..records.session import SessionEnded
from ..records.vocabulary import Purpose, Source
from ..utc import utc
from .state import SessionState
from .usual import FILE as USUAL
from .usual import About, UsualPeaks

if TYPE_CHECKING:
    from .leading import LedTest  # a second to import, for those who test

log = logging.getLogger(__name__)

#: The calibrations of this home's tools, in the data folder.
CALIBRATIONS = "calibrations.jsonl"


class Circumstances:
    """Knows under which circumstances a session begins."""

    def __init__(self, config: Config, clock: HostClock) -> None:
        self._config = config
        self._clock = clock
        self._household = Household(config)
        self._calibrations = CalibrationBook(config.data_dir / CALIBRATIONS)
        self._usual = UsualPeaks(config.data_dir / USUAL)

    def of(
        self,
        tool: ToolDescription,
        use: ToolConfig,
        first: SampleBlock,
        test: "LedTest | None" = None,
    ) -> dict[str, Any]:
        """What is known of a new session before its first sample, as `SessionTracker.begin` takes it."""
        hand = test.run.hand if test else use.hand
        calibration = self._found(tool, first.unit)
        child = self._household.get(use.child)
        about = About(
            use.child,
            hand,
            tool.tool_id,
            Unit.NEWTON if calibration else first.unit,
            tool.firmware,
            calibration.calibration_id if calibration else None,
            Source.SIMULATED if tool.simulated else Source.REAL,
        )
        return {
            "site": self._config.site,
            "hub": self._config.hub,
            "child_id": about.child_id,
            "tool_id": about.tool_id,
            "tool_kind": tool.kind,
            "hand": about.hand,
            "source": about.source,
            "goal": child.goal if child else 0,
            "counts": tool.counts,
            "loss_known": tool.loss_known,
            "firmware": tool.firmware,
            "calibration": calibration,
            "usual_peak": self._usual.peak(about, first.utc_s),
            "purpose": Purpose.STRENGTH_TEST if test else Purpose.EXERCISE,
        }

    def calibration_of(self, state: SessionState) -> Calibration | None:
        """Calibration of a session that is open, if it has one and that can be read."""
        try:
            if state.calibration_id:
                return self._calibrations.get(state.tool_id, state.calibration_id)
        except CalibrationError as error:  # the session is closed when raw samples come
            log.error("%s", error)
        return None

    async def learn(self, events: Sequence[Event]) -> None:
        """Remember what the child usually squeezes, for its next session."""
        for event in events:
            if isinstance(event, SessionEnded):
                await asyncio.to_thread(self._usual.note, event)

    def close(self) -> None:
        """Let go of files."""
        self._usual.close()

    def _found(self, tool: ToolDescription, unit: Unit) -> Calibration | None:
        """The calibration for a new session of a tool; says why there is none, or that it is overdue."""
        try:
            calibration, reason = self._calibrations.find(tool.tool_id, unit, tool.firmware)
        except CalibrationError as error:
            log.error("%s Until then the session stays in %s.", error, unit)
            return None
        if reason:
            log.warning("The calibration of %s is not used: %s. Calibrate it anew.", tool.tool_id, reason)
        elif calibration and calibration.overdue(utc(self._clock.utc_s()).date()):
            log.warning(
                "The calibration of %s was due on %s. It is used, and results are marked; calibrate it anew.",
                tool.tool_id,
                calibration.due_on,
            )
        return calibration
