"""Sessions of all tools: resumed after a lost link or a killed hub, handed over later, closed when over."""

import asyncio
import copy
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import isnan
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ...firmware_bridge.clock import HostClock
from ...firmware_bridge.samples import SampleBlock
from ...firmware_bridge.tool import ToolDescription
from ..config import Config, ToolConfig
from ..delivery.committer import Committer
from ..delivery.outbox import Entry, Taken
from ..errors import RegistryError
from ..live import LiveFrame
from ..records.event import Event
from ..records.ids import stored_session_id
from ..records.session import SqueezeCounted
from ..records.vocabulary import Purpose
from .circumstances import Circumstances
from .coach import Coach
from .curve import Curve
from .handover import StoredSession, count, unheard
from .lives import anchor
from .state import SessionState
from .tracker import SessionTracker

if TYPE_CHECKING:
    from .leading import LedTest  # a second to import, for those who test

log = logging.getLogger(__name__)

UseAt = Callable[[float], ToolConfig]

#: Ends of sessions within a test that goes on.
_OF_A_TEST = ("test_began", "hand_changed")


@dataclass(slots=True)
class _Open:
    tracker: SessionTracker
    curve: Curve
    away_since_s: float | None = None  # monotonic; None while the tool streams
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class SessionKeeper:
    """Turns the blocks of each tool into committed events and live frames.

    Behind it everything is in newtons, or in the unit of a tool that nobody has calibrated.

    Parameters
    ----------
    counted : callable
        Told of each squeeze once it is committed.
    live : callable
        Told of each live frame.
    watched : callable
        Whether anybody looks at a child's curve; of the others only news is told.
    coach : Coach, optional
        Leads children through exercises; told of all that sessions bring.
    """

    def __init__(
        self,
        config: Config,
        clock: HostClock,
        committer: Committer,
        *,
        counted: Callable[[SqueezeCounted], None],
        live: Callable[[LiveFrame], None],
        watched: Callable[[str], bool] = lambda _: True,
        coach: Coach | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._committer = committer
        self._counted = counted
        self._live = live
        self._watched = watched
        self._coach = coach
        self._circumstances = Circumstances(config, clock)
        self._open: dict[str, _Open] = {}
        self._handing: set[asyncio.Task[None]] = set()
        self._hands: dict[str, asyncio.Lock] = {}  # by tool
        self._tests: dict[str, LedTest] = {}  # by tool

    def restore(self, states: dict[str, str]) -> None:
        """Take up the sessions that a killed hub left open."""
        for tool_id, text in states.items():
            try:
                state = SessionState.from_json(text)
            except ValidationError as error:
                log.error("The open session of %s cannot be read and stays as it is: %s", tool_id, error)
                continue
            calibration = self._circumstances.calibration_of(state)
            tracker = SessionTracker(state, calibration=calibration, stepped_s=self._clock.stepped_s)
            self._open[tool_id] = _Open(tracker, Curve(self._clock), away_since_s=self._clock.monotonic_s())
            log.info("session of %s goes on with %d squeezes", tool_id, len(state.peaks))

    async def take(self, block: SampleBlock, tool: ToolDescription, use: ToolConfig) -> None:
        """Take the next block of a tool; return once what it brought is committed."""
        test = self._tests.get(tool.tool_id)
        entry = await self._begun(tool.tool_id, test)
        if entry is None and not len(block):
            return
        if len(block) and isnan(block.utc_s):  # nobody knows better than that it is here
            block = replace(block, utc_s=self._clock.utc_s() - float(block.t_s[-1] - block.t_s[0]))
        stepped_s = self._clock.stepped_s
        events: list[Event] = []
        if entry and not entry.tracker.continues(block, tool.boot_id):
            await self.end(tool.tool_id, "tool_restarted")
            entry = None
            if not len(block):
                return
        if entry is None:
            about = self._circumstances.of(tool, use, block, test)
            tracker, events = SessionTracker.begin(block, boot_id=tool.boot_id, stepped_s=stepped_s, **about)
            entry = self._open[tool.tool_id] = _Open(tracker, Curve(self._clock))
        entry.away_since_s = None
        async with entry.lock:
            events += entry.tracker.add(block, stepped_s=stepped_s)
            if test and len(block):
                events += test.take(entry.tracker, tool)
                if self._coach:
                    self._coach.tested(use.child)
            elif self._coach and len(block):
                self._coach.levels(entry.tracker)
            if events:
                await self._commit(entry, events, block=block)
        if test and test.run.over:
            await self._test_over(tool.tool_id, test)
        counted = any(isinstance(event, SqueezeCounted) for event in events)
        if counted or self._watched(use.child):
            frame = entry.curve.frame(entry.tracker, block, counted=counted)
            if frame:
                self._live(self._with_exercise(frame))

    async def _begun(self, tool_id: str, test: "LedTest | None") -> _Open | None:
        """A tool's open session, if it is what the tool is used for now; another one is ended."""
        entry = self._open.get(tool_id)
        if entry and (ended_by := _not_of(test, entry.tracker.state)):
            await self.end(tool_id, ended_by)
            return None
        return entry

    def begin_test(self, tool_id: str, test: "LedTest") -> None:
        """Let a tool's next blocks be a strength test; raises `RegistryError` while there is one already."""
        if tool_id in self._tests:
            raise RegistryError(
                tool_id, "A test with {tool_id} is under way", "End that one first.", tool_id=tool_id
            )
        self._tests[tool_id] = test

    async def stop_test(self, tool_id: str, test: "LedTest", why: str) -> None:
        """End a test early, if it is not over; what was done is kept."""
        if self._tests.get(tool_id) is not test:
            return
        if events := test.stop(why):
            await self._committer.commit(Entry(events))
        await self._test_over(tool_id, test)

    async def reassigned(self, tool_id: str) -> None:
        """End what the child before has begun with a tool."""
        if test := self._tests.get(tool_id):
            await self.stop_test(tool_id, test, "tool_reassigned")
        await self.end(tool_id, "tool_reassigned")

    async def _test_over(self, tool_id: str, test: "LedTest") -> None:
        del self._tests[tool_id]
        test.told()
        await self.end(tool_id, "test_over")

    def taken(self, tool_id: str, boot_id: int) -> list[tuple[int, int]]:
        """Ranges of sample indices, end excluded, that are here of one life of a tool."""
        return self._committer.outbox.taken(tool_id, boot_id)

    async def take_stored(self, session: StoredSession, tool: ToolDescription, use_at: UseAt) -> None:
        """Take a session from the tool's log; return once all that was new in it is committed, at once.

        Taking it again changes nothing, so the tool may be told to forget it only after this. The tool must
        have been told the time on this contact: its `epoch_s` then tells how its clock stands now.

        Parameters
        ----------
        session : StoredSession
        tool : ToolDescription
        use_at : callable
            Who used the tool at a Unix time: not always who uses it now.
        """
        # a link that ends meanwhile does not stop it halfway between disk and memory
        task = asyncio.create_task(self._hand_over(session, tool, use_at))
        self._handing.add(task)
        task.add_done_callback(self._handing.discard)
        await asyncio.shield(task)

    async def _hand_over(self, session: StoredSession, tool: ToolDescription, use_at: UseAt) -> None:
        async with self._hands.setdefault(tool.tool_id, asyncio.Lock()):
            await self._count_stored(session, tool, use_at)

    async def _count_stored(self, session: StoredSession, tool: ToolDescription, use_at: UseAt) -> None:
        outbox, tool_id = self._committer.outbox, tool.tool_id
        await self._bring_out(tool_id)
        taken = await asyncio.to_thread(outbox.taken, tool_id, session.boot_id)
        anchors = await asyncio.to_thread(outbox.anchors, tool_id)
        now_s, stepped_s = self._clock.utc_s(), self._clock.stepped_s
        new = unheard(session, taken, anchors, tool_id=tool_id, present_id=tool.boot_id, now_s=now_s)
        if not new.runs:
            return

        def begin(first: SampleBlock) -> tuple[SessionTracker, list[Event]]:
            return SessionTracker.begin(
                first,
                session_id=stored_session_id(tool_id, session.boot_id, first.first_index),
                boot_id=session.boot_id,
                stored=not session.running,  # a hub that comes while it lasts has it live
                time_known=new.time_known,
                time_within_s=new.time_within_s,
                stepped_s=stepped_s,
                **self._circumstances.of(tool, use_at(first.utc_s), first),
            )

        entry = self._open.get(tool_id)
        if entry:
            entry.away_since_s = None  # the tool is here: nobody closes its session meanwhile
        try:
            # a copy: what is open stays as it is until the commit. An hour takes seconds: not on the loop
            before = copy.deepcopy(entry.tracker) if entry else None
            counted = await asyncio.to_thread(count, new.runs, session, begin, before, stepped_s)
            went_on = before in counted.trackers
            if counted.running and entry and not went_on:
                await self.end(tool_id, "tool_restarted")
            sessions: dict[str, str | None] = {tool_id: None} if went_on else {}
            if counted.running:
                sessions[tool_id] = counted.running.state.to_json()
            here = [_taken(tracker.state, now_s) for tracker in counted.trackers]
            led = self._led(counted.events)
            await self._committer.commit(
                Entry([*counted.events, *led.events], sessions, here, new.anchors, led.exercises)
            )
            if went_on:
                del self._open[tool_id]
            if counted.running:
                self._open[tool_id] = _Open(counted.running, Curve(self._clock))
        finally:
            if entry := self._open.get(tool_id):
                entry.away_since_s = self._clock.monotonic_s()
        self._tell(counted.events)
        await self._circumstances.learn(counted.events)
        log.info("%s handed over %d sessions", tool_id, len(counted.trackers))

    def counted(self, tool_id: str) -> int | None:
        """Squeezes of the session that is open with a tool; None where none is."""
        entry = self._open.get(tool_id)
        return entry.tracker.count if entry else None

    def squeezing(self, tool_id: str) -> bool:
        """Whether a tool that streams is squeezed just now."""
        entry = self._open.get(tool_id)
        return entry is not None and entry.away_since_s is None and entry.tracker.squeezing

    async def link_lost(self, tool_id: str) -> None:
        """Keep a session open for the tool to come back."""
        if entry := self._open.get(tool_id):
            entry.away_since_s = self._clock.monotonic_s()
            await self._bring_out(tool_id)
            if self._coach:
                await self._coach.lost(entry.tracker.state.child_id, tool_id, entry.tracker.state.hand)
            self._live(self._with_exercise(entry.curve.news(entry.tracker, "link_lost")))

    async def end(self, tool_id: str, ended_by: str) -> None:
        """Close a tool's session, if one is open."""
        if entry := self._open.pop(tool_id, None):
            tracker = entry.tracker
            async with entry.lock:
                events = tracker.end(ended_by)
                await self._commit(entry, events, close=True)
            await self._circumstances.learn(events)
            test = self._tests.get(tool_id)
            goes_on = test is not None and test.prescribed and ended_by in _OF_A_TEST
            if self._coach and not goes_on:  # whether it sleeps or is lost, the exercise waits for it
                await self._coach.lost(tracker.state.child_id, tool_id, tracker.state.hand)
            self._live(self._with_exercise(entry.curve.news(tracker, "ended")))
            log.info("session of %s ended (%s) with %d squeezes", tool_id, ended_by, tracker.count)

    async def expire(self) -> None:
        """Close sessions whose tool stayed away; runs until cancelled."""
        while True:
            expired_s = self._clock.monotonic_s() - self._config.session.resume_s
            for tool_id in list(self._open):
                entry = self._open.get(tool_id)  # now: while another one was closed, it may have come back
                if entry and entry.away_since_s is not None and entry.away_since_s < expired_s:
                    await self.end(tool_id, "link_lost")
            await self._clock.sleep(1.0)

    async def pause_all(self) -> None:
        """Bring out what is held back, before the hub stops."""
        if self._handing:
            await asyncio.wait(self._handing)
        for tool_id in list(self._open):
            await self.link_lost(tool_id)
        self._circumstances.close()

    async def _bring_out(self, tool_id: str) -> None:
        """Commit what a session holds back."""
        if entry := self._open.get(tool_id):
            async with entry.lock:
                if events := entry.tracker.pause():
                    await self._commit(entry, events)

    async def _commit(
        self, entry: _Open, events: list[Event], *, block: SampleBlock | None = None, close: bool = False
    ) -> None:
        state = entry.tracker.state
        anchors = []
        if block is not None and len(block):
            anchors = [anchor(state.tool_id, state.boot_id, float(block.t_s[0]), block.utc_s)]
        sessions = {state.tool_id: None if close else state.to_json()}
        led = self._led(events)
        here = [_taken(state, self._clock.utc_s())]
        await self._committer.commit(Entry([*events, *led.events], sessions, here, anchors, led.exercises))
        self._tell(events)

    def _led(self, events: list[Event]) -> Entry:
        """What an exercise makes of events, to be committed with them."""
        return self._coach.squeezed(events) if self._coach else Entry()

    def _with_exercise(self, frame: LiveFrame) -> LiveFrame:
        exercise = self._coach.view(frame.child_id) if self._coach else None
        return frame.model_copy(update={"exercise": exercise}) if exercise else frame

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, SqueezeCounted):
                self._counted(event)


def _not_of(test: "LedTest | None", state: SessionState) -> str | None:
    """Why a session that is open is not what its tool is used for now; None if it is."""
    if test is None:  # a test whose hub was killed does not go on
        return "test_over" if state.purpose is Purpose.STRENGTH_TEST else None
    if test.fits(state):
        return None
    return "test_began" if state.purpose is Purpose.EXERCISE else "hand_changed"


def _taken(state: SessionState, at_s: float) -> Taken:
    return Taken(state.session_id, state.tool_id, state.boot_id, state.first_index, state.end_index, at_s)
