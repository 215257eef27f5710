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
from home import Home

from griphub.firmware_bridge import profile
from griphub.firmware_bridge.adapter import Adapter, open_adapter
from griphub.firmware_bridge.discovery import find_device, scan
from griphub.firmware_bridge.errors import LinkLost
from griphub.firmware_bridge.gatt import GattLink
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.samples import SampleBlock
from griphub.firmware_bridge.stored import StoredSession
from griphub.firmware_bridge.stream import StreamAssembler
from griphub.hub.records.event import Event, decode
from griphub.hub.records.session import SessionEnded, WaveformSecond
from griphub.hub.waveform import decode_samples

OUT = Path("/mnt")
DATA = Path("/root/griphub")
BLUETOOTHD = "/usr/libexec/bluetooth/bluetoothd"
FIND_S = 30.0
#: A program that BlueZ neither serves nor refuses has waited for longer than pairing takes here.
UNPAIRED_S = 10.0


class Tasks:
    """What can be asked."""

    _bluetoothd: asyncio.subprocess.Process
    _hub: asyncio.subprocess.Process
    _home: Home | None = None
    _began_s: float

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

    async def read_force(self, tool: str, pair: bool) -> int:
        """Read the force that a tool tells only over an encrypted link, in mN."""
        async with open_adapter() as adapter:
            device = await find_device(tool, timeout_s=FIND_S, adapter=adapter)
            async with GattLink(device, adapter, pair=pair) as link:
                return int.from_bytes(await link.read(profile.FORCE), "little", signed=True)

    async def stream(self, tools: list[str], passkey: int | None = None) -> dict[str, dict[str, Any]]:
        """Stream each tool until it goes to sleep, whatever happens to its link, and keep its samples."""

        async def typed(_address: str) -> int:
            assert passkey is not None
            return passkey

        async with open_adapter(passkey=None if passkey is None else typed) as adapter:
            streams = await asyncio.gather(*(_stream(adapter, tool) for tool in tools))
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
        return {
            "received": sum(len(block) for block in blocks),
            "lost": sum(session.lost for session in sessions.values()),
            "duplicates": _keep(tool, blocks),
            "sessions": len(sessions),
            "links": links,
            "seconds": time.monotonic() - began_s,
        }

    async def forget(self, tool: str) -> None:
        """Delete this side of a bond."""
        async with open_adapter() as adapter:
            await adapter.forget(await find_device(tool, timeout_s=FIND_S, adapter=adapter))

    async def serve(self, tool: str) -> None:
        """Keep a tool connected, as the hub does, from now on."""
        if self._home:  # of a scenario that failed
            await self._home.stop()
        self._home, self._began_s = Home(tool), time.monotonic()

    async def link_says(self, what: str) -> tuple[str, list[str]]:
        """Wait for a phase or an error of its link; returns the words for it, and all errors before it."""
        assert self._home
        return await self._home.says(what)

    async def mend(self) -> None:
        """Pair it anew, as a parent consents to."""
        assert self._home
        await self._home.mend()

    async def served(self, tool: str) -> dict[str, Any]:
        """Wait until it sleeps, release it, and keep its samples."""
        assert self._home
        await self._home.end()
        assembler = self._home.assembler
        _keep(tool, self._home.blocks)
        return {
            "received": assembler.received,
            "lost": assembler.lost,
            "duplicates": assembler.duplicates,
            "seconds": time.monotonic() - self._began_s,
        }

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
        return {tool: _on_record(ended[tool]) for tool in tools}


async def _stream(adapter: Adapter, tool: str) -> dict[str, Any]:
    began_s = time.monotonic()
    assembler = StreamAssembler(tool)
    blocks: list[SampleBlock] = []
    losses: list[str] = []
    links_s: list[float] = []
    while not assembler.ended:
        since_s = time.monotonic()
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
    file = DATA.with_suffix(".toml")
    config = f'data_dir = "{DATA}"\n[[children]]\nid = "c-1"\nalias = "Kim"\n'
    config += "".join(f'[[tools]]\nid = "{tool}"\nchild = "c-1"\nhand = "right"\n' for tool in tools)
    file.write_text(config)
    return file


def _keep(tool: str, blocks: list[SampleBlock]) -> int:
    """Leave the samples where the tests find them; returns how many are there more than once."""
    return _save(tool, [(block.first_index, block.values) for block in blocks])


def _on_record(ended: SessionEnded) -> dict[str, Any]:
    """What the hub recorded of a session, its samples left where the tests find them."""
    waveform = [e for e in _events() if isinstance(e, WaveformSecond) and e.session_id == ended.session_id]
    waveform.sort(key=lambda second: second.first_index)
    return {
        "received": ended.received,
        "lost": ended.lost,
        "duplicates": _save(ended.tool_id, [(s.first_index, decode_samples(s.data)[1]) for s in waveform]),
        "ended_by": ended.ended_by,
        "seconds": (ended.ended_at - ended.measured_at).total_seconds(),
    }


def _save(tool: str, pieces: list[tuple[int, Any]]) -> int:
    indices = np.concatenate([np.arange(first, first + len(values)) for first, values in pieces])
    np.savez(OUT / tool, indices=indices, values=np.concatenate([values for _, values in pieces]))
    return int(indices.size - np.unique(indices).size)


def _events() -> list[Event]:
    """What the hub has on record, for delivery to whoever comes."""
    with closing(sqlite3.connect(f"file:{DATA / 'outbox.db'}?mode=ro", uri=True)) as outbox:
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
        print(f"{time.time():.1f}", asked, flush=True)
        try:
            said = {"answer": await getattr(tasks, asked["task"])(**asked["options"])}
        except Exception as error:
            traceback.print_exc()
            said = {"error": f"{type(error).__name__}: {error}"}
        port.write(json.dumps(said).encode() + b"\n")


if __name__ == "__main__":
    with Path("/dev/control").open("r+b", buffering=0) as control:
        asyncio.run(answer(control))
