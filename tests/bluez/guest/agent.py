"""Does in the guest what the tests outside ask: a task with its options is a line of JSON, so is the answer.

The hub's code runs here unchanged, on the machine's own Bluetooth, as on a Raspberry Pi.
"""

import asyncio
import json
import sqlite3
import sys
import time
import traceback
from contextlib import closing
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
from griphub.firmware_bridge.samples import SampleBlock
from griphub.firmware_bridge.stored import StoredSession
from griphub.firmware_bridge.stream import StreamAssembler
from griphub.hub.records import Event, SessionEnded, WaveformSecond, decode
from griphub.hub.waveform import decode_samples

OUT = Path("/mnt")
HOME = Path("/root/griphub")
BLUETOOTHD = "/usr/libexec/bluetooth/bluetoothd"
FIND_S = 30.0
#: A program that BlueZ neither serves nor refuses has waited for longer than pairing takes here.
UNPAIRED_S = 10.0


class Tasks:
    """What can be asked."""

    _bluetoothd: asyncio.subprocess.Process
    _hub: asyncio.subprocess.Process

    async def start(self) -> None:
        """Start the Bluetooth service and switch the radio on."""
        self._bluetoothd = await _start("bluetoothd", BLUETOOTHD, "-n")
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

    async def stream(self, tools: list[str], passkey: int | None = None) -> dict[str, dict[str, Any]]:
        """Stream each tool until it goes to sleep, whatever happens to its link, and keep its samples."""

        async def typed(_address: str) -> int:
            assert passkey is not None
            return passkey

        async with open_adapter(passkey=None if passkey is None else typed) as adapter:
            finding = asyncio.Lock()  # BlueZ lets a program scan once at a time
            streams = await asyncio.gather(*(_stream(adapter, tool, finding) for tool in tools))
            return dict(zip(tools, streams, strict=True))

    async def stored(self, tool: str) -> dict[str, Any]:
        """Take over what a tool recorded by itself, whatever happens to its link, and acknowledge it."""
        began_s, links = time.monotonic(), 0
        assembler = StreamAssembler(tool)
        sessions: dict[int, StoredSession] = {}
        async with open_adapter() as adapter:
            while True:
                device = await find_device(tool, timeout_s=FIND_S, adapter=adapter)
                links += 1
                try:
                    async with GripClient(device, adapter=adapter, assembler=assembler) as client:
                        async for session in client.stored():
                            sessions[session.session_id] = session
                            await client.acknowledge(session)
                    break
                except LinkLost as error:
                    print(repr(error), flush=True)
        blocks = [block for session in sessions.values() for block in session.blocks]
        _keep(tool, blocks)
        return {
            "received": sum(len(block) for block in blocks),
            "lost": sum(session.lost for session in sessions.values()),
            "duplicates": 0,  # would be kept twice
            "sessions": len(sessions),
            "links": links,
            "seconds": time.monotonic() - began_s,
        }

    async def forget(self, tool: str) -> None:
        """Delete this side of a bond."""
        async with open_adapter() as adapter:
            await adapter.forget(await find_device(tool, timeout_s=FIND_S, adapter=adapter))

    async def start_hub(self, tools: list[str]) -> None:
        """Start the hub's own service for a family with these tools."""
        command = (sys.executable, "-m", "griphub", "hub", "-c", str(_configure(tools)))
        self._hub = await _start("hub", *command)

    async def stop_hub(self, tools: list[str]) -> dict[str, dict[str, Any]]:
        """Stop it once it has ended a session of each tool; returns how, and keeps the samples on record."""
        while (
            not set(tools)
            <= (ended := {e.tool_id: e for e in _events() if isinstance(e, SessionEnded)}).keys()
        ):
            await asyncio.sleep(0.5)
        self._hub.terminate()
        await self._hub.wait()
        for tool in tools:
            seconds = [e for e in _events() if isinstance(e, WaveformSecond) and e.tool_id == tool]
            seconds.sort(key=lambda second: second.first_index)
            indices = [
                np.arange(second.first_index, second.first_index + second.samples) for second in seconds
            ]
            values = [decode_samples(second.data)[1] for second in seconds]
            np.savez(OUT / tool, indices=np.concatenate(indices), values=np.concatenate(values))
        fields = {"received", "lost", "ended_by"}
        return {tool: ended[tool].model_dump(mode="json", include=fields) for tool in tools}


async def _stream(adapter: Adapter, tool: str, finding: asyncio.Lock) -> dict[str, Any]:
    began_s = time.monotonic()
    assembler = StreamAssembler(tool)
    blocks: list[SampleBlock] = []
    losses: list[str] = []
    links_s: list[float] = []
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
            print(repr(error), flush=True)
            losses.append(str(error))
    _keep(tool, blocks)
    return {
        "received": assembler.received,
        "lost": assembler.lost,
        "duplicates": assembler.duplicates,
        "rejected": assembler.rejected,
        "losses": losses,
        "links_s": links_s,
        "seconds": time.monotonic() - began_s,
    }


def _configure(tools: list[str]) -> Path:
    """Write the hub's configuration."""
    file = HOME.with_suffix(".toml")
    config = f'data_dir = "{HOME}"\n[[children]]\nid = "c-1"\nalias = "Kim"\n'
    config += "".join(f'[[tools]]\nid = "{tool}"\nchild = "c-1"\nhand = "right"\n' for tool in tools)
    file.write_text(config)
    return file


def _keep(tool: str, blocks: list[SampleBlock]) -> None:
    """Leave the samples where the tests find them."""
    indices = [np.arange(block.first_index, block.end_index) for block in blocks]
    values = [block.values for block in blocks]
    np.savez(OUT / tool, indices=np.concatenate(indices), values=np.concatenate(values))


def _events() -> list[Event]:
    """What the hub has on record, for delivery to whoever comes."""
    with closing(sqlite3.connect(f"file:{HOME / 'outbox.db'}?mode=ro", uri=True)) as outbox:
        return [decode(payload) for (payload,) in outbox.execute("SELECT payload FROM outbox")]


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
