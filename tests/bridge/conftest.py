"""A virtual radio with simulated tools, all in the test's own loop, reached over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from griphub.firmware_bridge.adapter import Adapter, open_adapter
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.simulators.plays import Play
from griphub.simulators.radio import VirtualLink, serve_hci
from griphub.simulators.tool import SimulatedTool


class Air:
    """Tools on a virtual link, and the radio that a hub reaches them by."""

    def __init__(self, radio: str, link: VirtualLink, tasks: asyncio.TaskGroup) -> None:
        self.radio = radio
        self.link = link
        self._tasks = tasks

    @staticmethod
    def play(samples: int = 300, rate_hz: float = 100.0, unit: WireUnit = WireUnit.NEWTON) -> Play:
        """A slow wave whose samples are whole hundredths, so that they survive the wire exactly."""
        t_s = np.arange(samples) / rate_hz
        return Play(t_s, np.round(15 + 14 * np.sin(3 * t_s), 2), unit, -2, rate_hz, (), "wave")

    def run(self, life: Any) -> asyncio.Task[None]:
        return self._tasks.create_task(life)

    def tool(self, name: str = "ball3f2a", *plays: Play, speed: float = 1.0, **options: Any) -> SimulatedTool:
        """Switch a tool on."""
        options = {"pause_s": 0.1, **options}
        tool = SimulatedTool(
            name, WireKind.BALL, plays or [self.play()], link=self.link, clock=HostClock(speed), **options
        )
        self.run(tool.run())
        return tool


@pytest.fixture
async def air(tmp_path: Path) -> AsyncIterator[Air]:
    link = VirtualLink()
    async with serve_hci(link, f"unix:{tmp_path}/hci") as radio, asyncio.TaskGroup() as tasks:
        try:
            yield Air(radio, link, tasks)
        finally:
            for task in tasks._tasks:
                task.cancel()


@pytest.fixture
def bonds(tmp_path: Path) -> Path:
    return tmp_path / "bonds"


@pytest.fixture
async def adapter(air: Air, bonds: Path) -> AsyncIterator[Adapter]:
    async with open_adapter(air.radio, bonds=bonds) as opened:
        yield opened


DAEMON = """
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>{policy}
  </policy>
</busconfig>
"""


@pytest.fixture
def system_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/bus")


@pytest.fixture
async def daemon(
    tmp_path: Path, system_bus: None, request: pytest.FixtureRequest
) -> AsyncIterator[asyncio.subprocess.Process]:
    policy = getattr(request, "param", "")
    (tmp_path / "bus.conf").write_text(DAEMON.format(folder=tmp_path, policy=policy))
    command = (
        "dbus-daemon",
        f"--config-file={tmp_path}/bus.conf",
        "--nofork",
        "--nopidfile",
        "--print-address",
    )
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout and await asyncio.wait_for(process.stdout.readline(), 10)
    yield process
    if process.returncode is None:
        process.kill()
    await process.wait()
    process._transport.close()  # type: ignore[attr-defined]
