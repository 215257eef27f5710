"""Tells how the tools are: battery, signal, link and firmware, when they change and every five minutes."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..firmware_bridge.clock import HostClock
from ..firmware_bridge.errors import GripError
from ..firmware_bridge.link_state import LinkPhase
from ..firmware_bridge.supervisor import LinkSupervisor
from ..firmware_bridge.tool import ToolClient, ToolDescription
from .config import Config
from .delivery.committer import Committer
from .delivery.outbox import Entry
from .records.ids import status_id
from .records.tool import ToolSeen
from .records.vocabulary import Source
from .utc import utc

log = logging.getLogger(__name__)

#: How often it is looked at what changed: a tool that comes and goes in between is told of once.
LOOK_S: Final = 10.0
#: A tool that streams is told of this often, and its battery asked for: a cell lasts for days.
REPEAT_S: Final = 300.0
#: A tool that is asked for its battery answers at once or not at all.
ASK_S: Final = 5.0


@dataclass(slots=True)
class _Known:
    tool: ToolDescription
    battery_percent: int | None
    asked_s: float  # monotonic
    seen_at_s: float  # Unix time
    rssi_dbm: int | None = None
    told: ToolSeen | None = None
    told_s: float = 0.0  # monotonic


class StatusTeller:
    """Commits a `ToolSeen` for every tool that was connected since the hub began.

    Parameters
    ----------
    ours : callable
        Whether a tool is one of this home's.
    clock : HostClock
        Of the supervisor.
    """

    def __init__(
        self,
        config: Config,
        supervisor: LinkSupervisor,
        committer: Committer,
        ours: Callable[[str], bool],
        clock: HostClock,
    ) -> None:
        self._config = config
        self._supervisor = supervisor
        self._committer = committer
        self._ours = ours
        self._clock = clock
        self._known: dict[str, _Known] = {}

    def battery(self, tool_id: str) -> int | None:
        """What a tool said of its battery when it was last asked, percent; None if it was not."""
        known = self._known.get(tool_id)
        return known.battery_percent if known else None

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """Tell what is new now."""
        now_s, at_s = self._clock.monotonic_s(), self._clock.utc_s()
        for tool_id, client in self._supervisor.clients().items():
            await self._meet(tool_id, client, now_s, at_s)
        for heard in self._supervisor.heard():
            if heard.tool_id and (known := self._known.get(heard.tool_id)):
                known.rssi_dbm = heard.advertisement.rssi_dbm
                known.seen_at_s = max(known.seen_at_s, at_s - (now_s - heard.at_s))
        events = []
        for tool_id, known in list(self._known.items()):
            if not self._ours(tool_id):
                del self._known[tool_id]
                continue
            status = self._status(tool_id, known, at_s)
            streams = status.link is LinkPhase.STREAMING
            if _says(status) != _says(known.told) or (streams and now_s - known.told_s >= REPEAT_S):
                known.told, known.told_s = status, now_s
                events.append(status)
        if events:
            await self._committer.commit(Entry(events))

    async def _meet(self, tool_id: str, client: ToolClient, now_s: float, at_s: float) -> None:
        known = self._known.get(tool_id)
        if known is None or known.tool is not client.tool:
            told, told_s = (known.told, known.told_s) if known else (None, 0.0)
            battery = client.tool.battery_percent
            known = _Known(client.tool, battery, now_s, at_s, told=told, told_s=told_s)
            self._known[tool_id] = known
        known.seen_at_s = at_s
        if now_s - known.asked_s >= REPEAT_S:
            known.asked_s = now_s
            try:
                async with asyncio.timeout(ASK_S):
                    known.battery_percent = await client.battery()
            except (GripError, TimeoutError) as error:  # its link has just ended, or is about to
                log.debug("%s did not tell its battery: %s", tool_id, error)

    def _status(self, tool_id: str, known: _Known, at_s: float) -> ToolSeen:
        at = utc(at_s)
        state = self._supervisor.log.state(tool_id)
        rssi_dbm = state.rssi_dbm if state and state.rssi_dbm is not None else known.rssi_dbm
        return ToolSeen(
            event_id=status_id(self._config.hub, tool_id, at),
            measured_at=at,
            site=self._config.site,
            hub=self._config.hub,
            tool_id=tool_id,
            source=Source.SIMULATED if known.tool.simulated else Source.REAL,
            tool_kind=known.tool.kind,
            link=state.phase if state else LinkPhase.AWAY,
            seen_at=utc(known.seen_at_s),
            battery_percent=known.battery_percent,
            rssi_dbm=rssi_dbm,
            firmware=known.tool.firmware[:100],
            rate_hz=known.tool.rate_hz,
        )


def _says(status: ToolSeen | None) -> tuple[object, ...]:
    """What is worth telling when it changes; signal strength and time always do."""
    if status is None:
        return ()
    return status.link, status.battery_percent, status.firmware, status.rate_hz, status.tool_kind
