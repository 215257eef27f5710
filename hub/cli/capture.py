"""``griphub capture`` and the replay of what it recorded."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from rich.table import Table

from ...firmware_bridge.adapter import Adapter, open_adapter
from ...firmware_bridge.capture import Capture, read_capture
from ...firmware_bridge.clock import HostClock
from ...firmware_bridge.discovery import Advertisement
from ...firmware_bridge.drivers.link import tool_id_of
from ...firmware_bridge.drivers.registry import driver_for
from ...firmware_bridge.errors import DeviceNotFound, LinkLost, UnsupportedTool
from ...firmware_bridge.recorder import Recorder
from ...firmware_bridge.tool import ToolClient
from ...simulators.captured import CapturedTool
from ...simulators.radio import VirtualLink, serve_hci

FIND_S = 15.0
#: After a replay's last word: what is on its way arrives.
SETTLE_S = 0.5


async def record(wanted: str, seconds: float, radio: str, bonds: Path) -> Capture:
    """Record a tool for a while; a link that ends earlier ends the capture.

    Raises
    ------
    DeviceNotFound, UnsupportedTool
        If it is not there, or nobody knows how to read it.
    GripError
        If it cannot be connected.
    """
    async with open_adapter(radio, bonds=bonds) as adapter:
        device, advertisement = await _find(wanted, adapter)
        recorder = Recorder(device, advertisement, adapter, HostClock())
        if recorder.client is None:
            raise UnsupportedTool(wanted, "no driver knows it")
        async with recorder.client as client:
            try:
                async with asyncio.timeout(seconds):
                    async for _ in client.samples():
                        pass
            except (TimeoutError, LinkLost):
                pass  # what was said until then is what is wanted
            return recorder.capture()


async def _find(wanted: str, adapter: Adapter) -> tuple[BLEDevice, Advertisement]:
    found: asyncio.Future[tuple[BLEDevice, Advertisement]] = asyncio.get_running_loop().create_future()

    def heard(device: BLEDevice, data: AdvertisementData) -> None:
        advertisement = Advertisement.of(device, data)
        names = {advertisement.name.casefold(), advertisement.address.casefold()}
        try:
            if driver := driver_for(advertisement):
                names.add(tool_id_of(driver, advertisement.address))
        except UnsupportedTool:
            pass
        if wanted.casefold() in names and not found.done():
            found.set_result((device, advertisement))

    async with adapter.listening(heard):
        try:
            async with asyncio.timeout(FIND_S):
                return await found
        except TimeoutError:
            raise DeviceNotFound(wanted, FIND_S) from None


@dataclass(frozen=True, slots=True)
class Replayed:
    """A capture beside what came of it now."""

    file: Path
    then: Mapping[str, Any]
    now: Mapping[str, Any]

    @property
    def same(self) -> bool:
        """Whether it is what it was."""
        return self.now == self.then


async def replay(file: Path, speed: float) -> Replayed:
    """Play a capture as a simulated tool, and read it over the virtual radio.

    Raises
    ------
    CaptureError
        If it is none.
    GripError
        If it cannot be read as a tool.
    """
    capture = read_capture(file)
    link, clock = VirtualLink(), HostClock(speed)
    tool = CapturedTool(capture, link, clock)
    with TemporaryDirectory(prefix="griphub-") as folder:
        async with serve_hci(link, f"unix:{folder}/radio") as radio, asyncio.TaskGroup() as group:
            life = group.create_task(tool.run())
            over = group.create_task(_settled(tool))
            async with open_adapter(radio, bonds=Path(folder) / "bonds") as adapter:
                device, advertisement = await _find(capture.name, adapter)
                recorder = Recorder(device, advertisement, adapter, clock)
                if recorder.client is None:
                    raise UnsupportedTool(capture.name, "no driver knows it")
                async with recorder.client as client:
                    reading = group.create_task(_read(client))
                    await asyncio.wait({over, reading}, return_when=asyncio.FIRST_COMPLETED)
                    reading.cancel()
                    await asyncio.wait({reading})
            over.cancel()
            life.cancel()
    return Replayed(file, capture.summary, recorder.capture().summary)


async def _settled(tool: CapturedTool) -> None:
    await tool.done.wait()
    await asyncio.sleep(SETTLE_S)


async def _read(client: ToolClient) -> None:
    try:
        async for _ in client.samples():
            pass
    except LinkLost:
        pass


def as_json(replayed: list[Replayed]) -> str:
    """All of it for a script."""
    rows = [{"file": str(r.file), "then": r.then, "now": r.now, "same": r.same} for r in replayed]
    return json.dumps({"captures": rows, "ok": all(r.same for r in replayed)})


def table(replayed: list[Replayed]) -> Table:
    """A line for each figure of each capture."""
    shown = Table("capture", "figure", "then", "now", box=None, pad_edge=False)
    for one in replayed:
        for what, value in one.then.items():
            now = one.now.get(what)
            shown.add_row(one.file.name, what, str(value), str(now) if now == value else f"[yellow]{now}[/]")
    return shown
