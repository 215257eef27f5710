"""The button of Home Assistant that zeroes a tool."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from ...firmware_bridge.clock import HostClock
from ...firmware_bridge.errors import GripError
from ...firmware_bridge.tool import ToolClient
from ..tools import ToolRegistry
from ..utc import utc

log = logging.getLogger(__name__)

#: A tool answers a tare within some connection intervals; a link that is being lost does not.
TARE_S: Final = 10.0


class TareButton:
    """Zeroes tools, and knows what became of it.

    Parameters
    ----------
    clients : callable
        Gives the links to the tools that stream, by tool id.
    squeezing : callable
        Whether a tool is squeezed just now.
    told : callable
        Told of each tool of which there is a new result.
    """

    def __init__(
        self,
        clock: HostClock,
        registry: ToolRegistry,
        clients: Callable[[], Mapping[str, ToolClient]],
        squeezing: Callable[[str], bool],
        told: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._registry = registry
        self._clients = clients
        self._squeezing = squeezing
        self._told = told
        self._results: dict[str, tuple[str, datetime]] = {}
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def result(self, tool_id: str) -> tuple[str, datetime] | tuple[None, None]:
        """What became of the latest press for a tool, and when."""
        return self._results.get(tool_id, (None, None))

    def press(self, tool_id: str) -> None:
        """Begin to zero a tool; nothing while that is under way."""
        if tool_id not in self._under_way:
            task = asyncio.create_task(self._press(tool_id), name=f"tare {tool_id}")
            self._under_way[tool_id] = task
            task.add_done_callback(lambda _: self._under_way.pop(tool_id, None))

    def close(self) -> None:
        """Give up what is under way."""
        for task in self._under_way.values():
            task.cancel()

    async def _press(self, tool_id: str) -> None:
        """Zero a tool if that can be done now, and say what became of it."""
        try:
            result = await self._try_to_tare(tool_id)
        except GripError as error:
            result = str(error)
        except TimeoutError:
            result = "The tool did not answer. Bring it near, and try again."
        log.info("Tare of %s from Home Assistant: %s", tool_id, result)
        self._results[tool_id] = (result[:250], utc(self._clock.utc_s()))
        self._told(tool_id)

    async def _try_to_tare(self, tool_id: str) -> str:
        client = self._clients().get(tool_id)
        if client is None or self._registry.use(tool_id) is None:
            return "The tool is not connected. Wake it with a squeeze, and try again."
        if not client.capabilities.tare:
            return client.capabilities.because.get("tare", "This tool cannot be zeroed from here.")
        if self._squeezing(tool_id):
            return "The tool is being squeezed. Let go of it, and try again."
        async with asyncio.timeout(TARE_S):
            await client.tare()
        return "Done"
