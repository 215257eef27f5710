"""A strength test with one tool: whose sessions are part of it, what it says, and what it comes to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar, Final, Literal
from uuid import UUID

from ...firmware_bridge.tool import ToolDescription
from ...signal.recording import Timing
from ...signal.strength import PROTOCOLS, Score
from ..records.event import Event
from ..records.ids import event_id
from ..records.strength import StrengthTested
from ..records.vocabulary import Hand, Purpose
from ..utc import utc
from .state import WHOSE, SessionState
from .strength_steps import Step
from .strength_test import StrengthTestRun
from .tracker import SessionTracker

Protocol = Literal["asht", "southampton", "nih", "nhanes", "ploegmakers"]

#: A tool that is silent for so long is told to be away.
AWAY_S: Final = 3.0
_AWAY: Final = "Nothing comes from the tool. Bring it nearer, or squeeze it to wake it."

#: Steps that nobody has read; whoever reads too slowly misses the oldest.
_WAITING: Final = 64


class LedTest:
    """Leads a test with what one tool sends.

    Parameters
    ----------
    protocol : Protocol
    hands : tuple of Hand
        In the order in which they begin; a protocol that scores both hands takes the other one too.
    pain_before : int or None
        As the child said; None if nobody asked.
    grip : str
        Size of the ball, or setting of the handle.
    """

    prescribed: ClassVar[bool] = False  #: whether the coach leads it, and waits for its tool

    def __init__(
        self, protocol: Protocol, hands: tuple[Hand, ...], *, pain_before: int | None = None, grip: str = ""
    ) -> None:
        self._preset = PROTOCOLS[protocol]
        if self._preset.score is Score.MAX_OF_BOTH and len(hands) == 1:
            hands += tuple(hand for hand in Hand if hand not in hands)
        self.run = StrengthTestRun(self._preset, hands)
        self._pain_before = pain_before
        self._grip = grip
        self._began: dict[UUID, SessionState] = {}
        self._steps: asyncio.Queue[Step | None] = asyncio.Queue(_WAITING)
        self.results: list[StrengthTested] = []  #: once it is over

    def fits(self, state: SessionState) -> bool:
        """Whether a session is the present hand's part of the test."""
        return state.purpose is Purpose.STRENGTH_TEST and state.hand is self.run.hand

    def take(self, tracker: SessionTracker, tool: ToolDescription) -> list[Event]:
        """Take a session's latest block; return the results once the test is over."""
        step = self.feed(tracker, tool)
        if step is None:
            return []
        if self._steps.full():
            self._steps.get_nowait()
        self._steps.put_nowait(step)
        return self._results() if self.run.over else []

    def feed(self, tracker: SessionTracker, tool: ToolDescription) -> Step | None:
        """Lead on with a session's latest block; None where there is nothing to lead."""
        state, block = tracker.state, tracker.latest
        if block is None or self.run.over:
            return None
        self._began.setdefault(state.session_id, state)
        self.run.timing = Timing(tool.stamps.value)
        return self.run.update(block, state.session_id, state.first_s)

    def stop(self, why: str) -> list[Event]:
        """End it early; what was done is kept."""
        if self.run.over:
            return []
        self.run.stop(why)
        return self._results()

    def told(self) -> None:
        """Nothing more will be said: all is committed."""
        with suppress(asyncio.QueueFull):
            self._steps.put_nowait(None)
            return
        self._steps.get_nowait()
        self._steps.put_nowait(None)

    async def steps(self) -> AsyncIterator[Step]:
        """What to do, as it comes, until the test is over."""
        latest = self.run.step()
        yield latest
        while True:
            try:
                async with asyncio.timeout(AWAY_S):
                    step = await self._steps.get()
            except TimeoutError:
                step = replace(latest, say=_AWAY, news=(), left_s=None)
            if step is None:
                return
            latest = step
            yield step

    def _results(self) -> list[Event]:
        self.results = self.come_to()
        return [*self.results]

    def come_to(self) -> list[StrengthTested]:
        """What came of it so far, for each hand that made a trial."""
        return [
            StrengthTested(
                **{name: getattr(state, name) for name in WHOSE} | {"hand": result.hand},
                event_id=event_id(state.session_id, f"strength_test:{result.hand}"),
                measured_at=utc(state.started_s + result.trials[0].begin_s),
                protocol=self._preset.name,
                outcome=result.outcome,
                trials=result.trials,
                tare_noise=result.tare_noise,
                firmware=state.firmware,
                calibration_id=state.calibration_id,
                calibration_overdue=state.calibration_overdue,
                grip=self._grip,
                pain_before=self._pain_before,
                stopped=self.run.stopped,
            )
            for result in self.run.results()
            for state in [self._began[result.trials[0].session_id]]
        ]
