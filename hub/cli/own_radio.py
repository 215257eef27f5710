"""What the hub offers on its control socket, for a command where no hub runs."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ...firmware_bridge.clock import HostClock
from ...firmware_bridge.link_state import LinkLog
from ...firmware_bridge.pairing import Pairing, PasskeyDesk
from ...firmware_bridge.supervisor import LinkSupervisor
from ...firmware_bridge.tool import ToolClient
from .. import tools
from ..config import Config
from ..control.address import FILE, socket_path
from ..control.client import ControlClient
from ..control.home import Home
from ..control.server import serve
from ..lock import only_hub


@asynccontextmanager
async def hub_or_own_radio(config: Config) -> AsyncIterator[ControlClient]:
    """Ask the running hub; where none runs, open the radio for as long as the context lasts.

    Raises
    ------
    SetupError
        If the data folder cannot be used, or a hub is just starting or stopping.
    """
    logging.getLogger("griphub").setLevel(logging.ERROR)  # what is in the way comes as an answer
    path = socket_path(config)
    client = ControlClient(path)
    if await client.answers():
        yield client
        return
    with only_hub(config.data_dir), TemporaryDirectory(prefix="griphub-") as folder:
        async with _own_radio(config, Path(folder) / FILE) as own:
            yield own


@asynccontextmanager
async def _own_radio(config: Config, path: Path) -> AsyncIterator[ControlClient]:
    clock, desk = HostClock(), PasskeyDesk()
    registry = tools.ToolRegistry(config.data_dir / tools.FILE, config)
    supervisor = LinkSupervisor(
        config.radios,
        serve=_not_here,
        wanted=lambda _: None,  # nothing is used, only looked at
        log=LinkLog(),
        clock=clock,
        bonds=config.data_dir / "bonds",
        passkey=desk.ask,
    )
    pairing = Pairing(supervisor, desk, clock, ours=registry.knows)
    home = Home(supervisor, registry, pairing, clock, reassigned=_no_session)
    running = asyncio.create_task(supervisor.run(), name="own radio")
    try:
        async with serve(path, home):
            yield ControlClient(path)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        registry.close()


async def _not_here(_client: ToolClient) -> None:
    raise AssertionError("nothing is wanted")


async def _no_session(_tool_id: str) -> None:
    """Nothing is open where no hub runs."""
