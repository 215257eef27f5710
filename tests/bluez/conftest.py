"""One virtual machine for all scenarios: booting takes longer than most of them."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.simulators.plays import Play
from griphub.simulators.radio import VirtualLink, serve_hci
from griphub.simulators.tool import SimulatedTool

sys.path.insert(0, str(Path(__file__).parent))  # the machine's modules lie here, and tests are no package
import image
import vm

RATE_HZ = 100.0
ROWS = pytest.StashKey[list[str]]()


class Air:
    """Tools outside the machine, and the hub's machine itself."""

    def __init__(self, link: VirtualLink, guest: vm.Guest, tasks: asyncio.TaskGroup, rows: list[str]) -> None:
        self.link = link
        self.guest = guest
        self._tasks = tasks
        self._rows = rows

    @staticmethod
    def play(seconds: float) -> Play:
        """A slow wave, in whole hundredths of a newton, so that every sample survives the wire exactly."""
        t_s = np.arange(seconds * RATE_HZ) / RATE_HZ
        return Play(t_s, np.round(15 + 14 * np.sin(3 * t_s), 2), WireUnit.NEWTON, -2, RATE_HZ, (), "wave")

    def tool(self, name: str, *plays: Play, speed: float = 1.0, **options: Any) -> SimulatedTool:
        """Switch a tool on."""
        tool = SimulatedTool(name, WireKind.BALL, plays, link=self.link, clock=HostClock(speed), **options)
        self._tasks.create_task(tool.run())
        return tool

    def report(self, scenario: str, sensed: int, result: dict[str, Any], remark: str = "") -> None:
        """Add a row to the table that the run ends with."""
        counts = "".join(f"{result[column]:>9}" for column in ("received", "lost", "duplicates"))
        self._rows.append(f"{scenario:<36}{sensed:>9}{counts}{result['seconds']:>8.1f}  {remark}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[VirtualLink, vm.Guest]]:
    """The air, and a machine that runs BlueZ on it."""
    try:
        booted = image.prepare()
    except image.CannotPrepare as error:
        pytest.fail(str(error), pytrace=False)
    out = tmp_path_factory.mktemp("vm")
    link = VirtualLink()
    async with serve_hci(link, f"unix:{out}/hci"), vm.boot(booted, out / "hci", out) as guest:
        yield link, guest


@pytest_asyncio.fixture(loop_scope="module")
async def air(machine: tuple[VirtualLink, vm.Guest], request: pytest.FixtureRequest) -> AsyncIterator[Air]:
    """The machine, and no tools on the air but the test's own."""
    rows = request.config.stash.setdefault(ROWS, [])
    async with asyncio.TaskGroup() as tasks:
        yield Air(*machine, tasks, rows)
        for task in tasks._tasks:
            task.cancel()


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line("markers", "bluez: runs the hub on BlueZ in a virtual machine (needs QEMU)")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was sensed and what arrived."""
    if rows := terminalreporter.config.stash.get(ROWS, []):
        terminalreporter.section("BlueZ in a virtual machine")
        heads = "".join(f"{head:>9}" for head in ("sensed", "received", "lost", "twice"))
        terminalreporter.write_line(f"{'samples':<36}{heads}{'s':>8}")
        for row in rows:
            terminalreporter.write_line(row)
