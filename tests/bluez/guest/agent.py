"""Does in the guest what the tests outside ask: a task with its options is a line of JSON, so is the answer.

The hub's code runs here unchanged, on the machine's own Bluetooth, as on a Raspberry Pi.
"""

import asyncio
import json
import time
import traceback
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from bleak import BleakClient
from bleak.exc import BleakError

from griphub.firmware_bridge import profile
from griphub.firmware_bridge.adapter import Adapter, open_adapter
from griphub.firmware_bridge.discovery import find_device, scan
from griphub.firmware_bridge.errors import LinkLost
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.stream import StreamAssembler

OUT = Path("/mnt")
BLUETOOTHD = "/usr/libexec/bluetooth/bluetoothd"
FIND_S = 30.0
#: A program that BlueZ neither serves nor refuses has waited for longer than pairing takes here.
UNPAIRED_S = 10.0


class Tasks:
    """What can be asked."""

    _bluetoothd: asyncio.subprocess.Process

    async def start(self) -> None:
        """Start the Bluetooth service and switch the radio on."""
        self._bluetoothd = await _start("bluetoothd", BLUETOOTHD, "-n", "-d")
        while "Powered: yes" not in await _said("bluetoothctl", "show"):
            await _said("bluetoothctl", "power", "on")

    async def kill(self) -> None:
        """Let the Bluetooth service die."""
        self._bluetoothd.kill()
        await self._bluetoothd.wait()

    async def scan(self, seconds: float) -> list[dict[str, Any]]:
        """Listen for a while."""
        return [
            {"name": heard.name, "rssi_dbm": heard.rssi_dbm, "is_grip_tool": heard.is_grip_tool}
            for heard in await scan(seconds)
        ]

    async def read_unpaired(self, tool: str) -> str:
        """Ask a tool for its samples without pairing, as any program could; returns what stopped it."""
        async with open_adapter() as adapter:
            device = await find_device(tool, timeout_s=FIND_S, adapter=adapter)
        async with BleakClient(device) as client:
            try:
                async with asyncio.timeout(UNPAIRED_S):
                    await client.start_notify(profile.FORCE_STREAM, lambda *_: None)
            except (BleakError, TimeoutError) as error:
                return repr(error)
        return ""

    async def stream(self, tools: list[str]) -> dict[str, dict[str, Any]]:
        """Stream each tool until it goes to sleep, whatever happens to its link, and keep its samples."""
        async with open_adapter() as adapter:
            finding = asyncio.Lock()  # BlueZ lets a program scan once at a time
            async with asyncio.TaskGroup() as group:
                streams = {tool: group.create_task(_stream(adapter, tool, finding)) for tool in tools}
            return {tool: stream.result() for tool, stream in streams.items()}


async def _stream(adapter: Adapter, tool: str, finding: asyncio.Lock) -> dict[str, Any]:
    began_s = time.monotonic()
    assembler = StreamAssembler(tool)
    blocks, losses, links_s = [], [], []
    while not assembler.ended:
        since_s = time.monotonic()
        async with finding:
            device = await find_device(tool, timeout_s=FIND_S, adapter=adapter)
        try:
            async with GripClient(device, adapter=adapter, assembler=assembler) as client:
                links_s.append(time.monotonic() - since_s)
                async for block in client.samples():
                    blocks.append(block)  # noqa: PERF401 - what came before a loss counts
        except LinkLost as error:
            losses.append(str(error))
    np.savez(
        OUT / tool,
        indices=np.concatenate([np.arange(block.first_index, block.end_index) for block in blocks]),
        values=np.concatenate([block.values for block in blocks]),
    )
    return {
        "received": assembler.received,
        "lost": assembler.lost,
        "duplicates": assembler.duplicates,
        "rejected": assembler.rejected,
        "losses": losses,
        "links_s": links_s,
        "seconds": time.monotonic() - began_s,
    }


async def _start(name: str, *command: str) -> asyncio.subprocess.Process:
    """Start a service, whose log the tests can read."""
    with (OUT / f"{name}.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)


async def _said(*command: str) -> str:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    said, _ = await process.communicate()
    return said.decode(errors="replace")


async def answer(port: FileIO) -> None:
    """Answer until the machine is switched off."""
    questions = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(questions), port)
    tasks = Tasks()
    while question := await questions.readline():
        asked = json.loads(question)
        print(asked, flush=True)
        try:
            said = {"answer": await getattr(tasks, asked["task"])(**asked["options"])}
        except Exception as error:
            traceback.print_exc()
            said = {"error": f"{type(error).__name__}: {error}"}
        port.write(json.dumps(said).encode() + b"\n")


if __name__ == "__main__":
    with Path("/dev/control").open("r+b", buffering=0) as control:
        asyncio.run(answer(control))
