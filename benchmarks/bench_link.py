"""What the link makes of each fault: samples against the simulator's truth, and how fast a tool is back.

Tools run in a process of their own; the hub's side, the real supervisor on the real stack, runs here.
Aims: 100 tools at 100 Hz in ten-sample packets under half a core with nothing lost; reconnect p95 under 2 s.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.known import known_as
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.link_state import LinkLog
from griphub.firmware_bridge.samples import SampleBlock
from griphub.firmware_bridge.supervisor import LinkSupervisor
from griphub.firmware_bridge.tool import ToolClient

FAULTS = (
    "",
    "drop=5%",
    "burst=5%",
    "duplicate=5%",
    "reorder=5%",
    "corrupt=5%",
    "jitter=80ms",
    "link-loss@6s+1s",
    "reboot@6s",
    "dead-battery@6s+2s",
    "drift=40ppm",
)
TOOLS = 10
PLAY_S = 20.0
MISTIMED_S = 0.005  #: a sample that is further off than this; the radio's delay counts
COUNTS = (1, 20, 100, 200)
LOAD_PLAY_S = 150.0
MEASURE_S = 20.0


@dataclass
class Heard:
    """What the hub got of one tool."""

    blocks: list[tuple[int, SampleBlock, float]] = field(default_factory=list)  # boot id, block, Unix time
    duplicates: int = 0
    rejected: int = 0


class Hub:
    """As little of a hub as there can be around the supervisor."""

    def __init__(self, radio: str, folder: Path) -> None:
        self.heard: dict[str, Heard] = defaultdict(Heard)
        self.waits_s: list[float] = []
        self.supervisor = LinkSupervisor(
            [radio],
            serve=self._serve,
            wanted=lambda found: known.tool_id if (known := known_as(found)) else None,
            log=LinkLog(),
            clock=HostClock(),
            bonds=folder / "bonds",
        )

    async def _serve(self, client: ToolClient) -> None:
        tool = client.tool
        heard = self.heard[tool.tool_id]
        try:
            async for block in client.samples():
                heard.blocks.append((tool.boot_id, block, time.time()))
        finally:
            if isinstance(client, GripClient):
                heard.duplicates = client.assembler.duplicates
                heard.rejected = client.assembler.rejected


async def simulated(folder: Path, tools: int, play_s: float, fault: str, packet_ms: int = 50) -> Any:
    """Start the simulator; wait until its radio is up."""
    options = ["--ball", "--tools", str(tools), "--plays", "1", "--play-s", str(play_s)]
    options += [
        "--packet-ms",
        str(packet_ms),
        "--truth",
        str(folder / "truth"),
        "--state",
        str(folder / "tools"),
    ]
    options += ["--listen", f"unix:{folder}/radio", *(["--fault", fault] if fault else [])]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "griphub", "simulate", *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    assert b"ready" in await process.stdout.readline()
    return process


def truth(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "truth").read_text().splitlines()]


async def fault_row(fault: str) -> tuple[list[str], list[float], list[float]]:
    """Figures of one fault; seconds from power-on, and from the end of the fault, to the first block."""
    with tempfile.TemporaryDirectory(prefix="griphub-link-") as name:
        folder = Path(name)
        process = await simulated(folder, TOOLS, PLAY_S, fault)
        hub, on_s = Hub(f"unix:{folder}/radio", folder), time.time()
        running = asyncio.create_task(hub.supervisor.run())
        async with asyncio.timeout(4 * PLAY_S):
            while b"done" not in await process.stdout.readline():
                pass
        await asyncio.sleep(0.5)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        process.terminate()
        await process.wait()
        rows = truth(folder)
    plays = {(r["tool_id"], r["boot_id"]): r for r in rows if r["event"] == "play_started"}
    cuts = {(r["tool_id"], r["boot_id"]): r["sensed_s"] for r in rows if r["event"] == "play_cut"}
    sensed = sum(
        min(play["samples"], round(cuts[key] * play["rate_hz"])) if key in cuts else play["samples"]
        for key, play in plays.items()
    )
    received = lost = mistimed = 0
    worst_s = 0.0
    for tool_id, heard in hub.heard.items():
        for boot_id, block, _ in heard.blocks:
            received += len(block)
            lost += block.lost
            if len(block) and (play := plays.get((tool_id, boot_id))):
                true_s = play["at_s"] + (block.first_index - play["first_index"]) / play["rate_hz"]
                off_s = abs(block.utc_s - true_s)
                worst_s = max(worst_s, off_s)
                mistimed += len(block) * (off_s > MISTIMED_S)
    first_s = [heard.blocks[0][2] - on_s for heard in hub.heard.values() if heard.blocks]
    again_s = [
        min(after)
        for row in rows
        if row["event"] == "fault_ends" and not row["fault"].startswith("drift")
        if (after := [t - row["at_s"] for _, _, t in hub.heard[row["tool_id"]].blocks if t > row["at_s"]])
    ]
    cells = [fault or "none", sensed, received, lost]
    cells += [sum(h.duplicates for h in hub.heard.values()), sum(h.rejected for h in hub.heard.values())]
    cells += [mistimed, f"{worst_s * 1e3:.1f}"]
    return [str(cell) for cell in cells], first_s, again_s


async def load_row(tools: int) -> list[str]:
    """CPU, memory and delay of the hub's side with so many tools; connecting them takes a while."""
    with tempfile.TemporaryDirectory(prefix="griphub-link-") as name:
        folder = Path(name)
        process = await simulated(folder, tools, LOAD_PLAY_S, "", packet_ms=100)
        hub, began_s = Hub(f"unix:{folder}/radio", folder), time.time()
        running = asyncio.create_task(hub.supervisor.run())
        async with asyncio.timeout(LOAD_PLAY_S - MEASURE_S):
            while sum(bool(heard.blocks) for heard in hub.heard.values()) < tools:
                await asyncio.sleep(0.1)
        connected_s = time.time() - began_s
        me, simulator = psutil.Process(), psutil.Process(process.pid)
        before = [sum(p.cpu_times()[:2]) for p in (me, simulator)]
        from_s = time.time()
        await asyncio.sleep(MEASURE_S)
        until_s = time.time()
        cpu = [
            100 * (sum(p.cpu_times()[:2]) - b) / MEASURE_S
            for p, b in zip((me, simulator), before, strict=True)
        ]
        memory = me.memory_info().rss / 2**20
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        process.terminate()
        await process.wait()
        began = {row["tool_id"]: row["at_s"] for row in truth(folder) if row["event"] == "play_started"}
    blocks = [
        (began[tool_id] + (block.end_index - 1) / 100, block, at_s)
        for tool_id, heard in hub.heard.items()
        for _, block, at_s in heard.blocks
        if from_s <= at_s <= until_s
    ]
    delays_ms = [1e3 * (at_s - last_s) for last_s, _, at_s in blocks]
    p50, p99 = np.percentile(delays_ms, (50, 99))
    lost = sum(block.lost for _, block, _ in blocks)
    received = sum(len(block) for _, block, _ in blocks)
    cells = [
        tools,
        f"{connected_s:.0f}",
        f"{cpu[0]:.1f}",
        f"{cpu[0] / tools:.2f}",
        f"{memory:.0f}",
        f"{cpu[1]:.1f}",
    ]
    cells += [received, lost, f"{p50:.1f}", f"{p99:.1f}"]
    return [str(cell) for cell in cells]


def _seconds(waits_s: Sequence[float]) -> str:
    if not waits_s:
        return "–"
    p50, p95 = np.percentile(waits_s, (50, 95))
    return f"{p50:.2f} / {p95:.2f}"


def main() -> None:
    """Print both tables; arguments choose faults, or ``load``."""
    console, wanted = Console(width=140), sys.argv[1:]
    if wanted != ["load"]:
        table = Table(title=f"{TOOLS} tools at 100 Hz for {PLAY_S:g} s: samples", box=None)
        for column in ("fault", "sensed", "received", "lost", "duplicates", "rejected"):
            table.add_column(column, justify="left" if column == "fault" else "right")
        for column in (
            f"off > {MISTIMED_S * 1e3:g} ms",
            "worst, ms",
            "first, p50 / p95 s",
            "again, p50 / p95 s",
        ):
            table.add_column(column, justify="right")
        for fault in wanted or FAULTS:
            cells, first_s, again_s = asyncio.run(fault_row(fault))
            table.add_row(*cells, _seconds(first_s), _seconds(again_s))
        console.print(table)
    if not wanted or wanted == ["load"]:
        table = Table(
            title="Tools at 100 Hz in packets of ten: the hub's link, CPU in per cent of a core", box=None
        )
        for column in ("tools", "connected, s", "CPU", "per tool", "MB", "simulator", "received", "lost"):
            table.add_column(column, justify="right")
        for column in ("last sample to block, p50 ms", "p99 ms"):
            table.add_column(column, justify="right")
        for tools in COUNTS:
            table.add_row(*asyncio.run(load_row(tools)))
        console.print(table)


if __name__ == "__main__":
    main()
