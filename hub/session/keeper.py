"""Sessions of all tools: resumed after a lost link or a killed hub, closed when they are over."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isnan
from typing import Literal

from pydantic import ValidationError

from ...firmware_bridge.clock import HostClock
from ...firmware_bridge.samples import SampleBlock
from ...firmware_bridge.tool import ToolDescription
from ..config import Config, ToolConfig
from ..delivery.committer import Committer
from ..live import LiveFrame
from ..records import Event, Source, SqueezeCounted
from .tracker import SessionState, SessionTracker

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Open:
    tracker: SessionTracker
    away_since_s: float | None = None  # monotonic; None while the tool streams
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class SessionKeeper:
    """Turns the blocks of each tool into committed events and live frames.

    Parameters
    ----------
    counted : callable
        Told of each squeeze once it is committed.
    live : callable
        Told of each live frame.
    """

    def __init__(
        self,
        config: Config,
        clock: HostClock,
        committer: Committer,
        *,
        counted: Callable[[SqueezeCounted], None],
        live: Callable[[LiveFrame], None],
    ) -> None:
        self._config = config
        self._clock = clock
        self._committer = committer
        self._counted = counted
        self._live = live
        self._open: dict[str, _Open] = {}

    def restore(self, states: dict[str, str]) -> None:
        """Take up the sessions that a killed hub left open."""
        for tool_id, text in states.items():
            try:
                state = SessionState.model_validate_json(text)
            except ValidationError as error:
                log.error("The open session of %s cannot be read and stays as it is: %s", tool_id, error)
                continue
            self._open[tool_id] = _Open(SessionTracker(state), away_since_s=self._clock.monotonic_s())
            log.info("session of %s goes on with %d squeezes", tool_id, len(state.peaks))

    async def take(
        self, block: SampleBlock, tool: ToolDescription, use: ToolConfig, arrived_s: float
    ) -> None:
        """Take the next block of a tool; return once what it brought is committed."""
        events: list[Event] = []
        entry = self._open.get(tool.tool_id)
        if entry is None and not len(block):
            return
        if entry and not _continues(entry.tracker.state, block, tool):
            await self.end(tool.tool_id, "tool_restarted")
            entry = None
        if entry is None:
            tracker, events = SessionTracker.begin(
                block,
                boot_id=tool.boot_id,
                arrived_s=arrived_s,
                site=self._config.site,
                hub=self._config.hub,
                child_id=use.child,
                tool_id=tool.tool_id,
                tool_kind=tool.kind,
                hand=use.hand,
                source=Source.SIMULATED if tool.simulated else Source.REAL,
                goal=self._config.child(use.child).goal,
            )
            entry = self._open[tool.tool_id] = _Open(tracker)
        entry.away_since_s = None
        async with entry.lock:
            events += entry.tracker.add(block)
            if events:
                await self._commit(entry.tracker, events)
        counted = any(isinstance(event, SqueezeCounted) for event in events)
        now_s = self._clock.utc_s()
        self._live(self._frame(entry.tracker, "streaming", block, counted_at_s=now_s if counted else None))

    async def link_lost(self, tool_id: str) -> None:
        """Keep a session open for the tool to come back."""
        if entry := self._open.get(tool_id):
            entry.away_since_s = self._clock.monotonic_s()
            async with entry.lock:
                if events := entry.tracker.pause():
                    await self._commit(entry.tracker, events)
            self._live(self._frame(entry.tracker, "link_lost"))

    async def end(self, tool_id: str, ended_by: str) -> None:
        """Close a tool's session, if one is open."""
        if entry := self._open.pop(tool_id, None):
            tracker = entry.tracker
            async with entry.lock:
                await self._commit(tracker, tracker.end(ended_by), close=True)
            self._live(self._frame(tracker, "ended"))
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
        for tool_id in list(self._open):
            await self.link_lost(tool_id)

    async def _commit(self, tracker: SessionTracker, events: list[Event], *, close: bool = False) -> None:
        state = tracker.state
        await self._committer.commit(events, state.tool_id, None if close else state.model_dump_json())
        for event in events:
            if isinstance(event, SqueezeCounted):
                self._counted(event)

    def _frame(
        self,
        tracker: SessionTracker,
        state: Literal["streaming", "link_lost", "ended"],
        block: SampleBlock | None = None,
        *,
        counted_at_s: float | None = None,
    ) -> LiveFrame:
        session = tracker.state
        values = [] if block is None else block.values.tolist()
        return LiveFrame(
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
            t_s=() if block is None else tuple(tracker.since_start_s(block)),
            values=tuple(None if isnan(v) else round(v, 3) for v in values),
            count=tracker.count,
            goal=session.goal,
            best=tracker.best,
            rest=tracker.rest,
            counted_at_s=counted_at_s,
            sent_at_s=self._clock.utc_s(),
        )


def _continues(state: SessionState, block: SampleBlock, tool: ToolDescription) -> bool:
    """Whether a block belongs to the session: same life of the tool, and neither index nor time went back.

    A hub that was killed does not know how often the tool's ticks had wrapped, as they do twice a day.
    """
    return (
        state.boot_id == tool.boot_id
        and block.first_index >= state.end_index
        and (not len(block) or float(block.t_s[0]) >= state.end_s)
        and block.unit == state.unit
    )
