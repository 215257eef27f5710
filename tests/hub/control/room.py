"""A room with simulated tools and a running hub, and a client of its control socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.link_state import LinkPhase
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.hub.config import Config
from griphub.hub.control.address import socket_path
from griphub.hub.control.client import ControlClient
from griphub.hub.service import Hub
from griphub.simulators.plays import Play
from griphub.simulators.radio import VirtualLink
from griphub.simulators.tool import SimulatedTool


def still(seconds: float = 60.0) -> Play:
    values = 0.06 * np.random.default_rng(5).standard_normal(round(seconds * 100))
    return Play(np.arange(values.size) / 100, np.round(values, 2), WireUnit.NEWTON, -2, 100.0, (), "still")


class Room:
    """Simulated tools, a running hub without any tool in its configuration, and a client of it."""

    def __init__(self, config: Config, link: VirtualLink, hub: Hub) -> None:
        self.config = config
        self.link = link
        self.hub = hub
        self.path = socket_path(config)
        self.client = ControlClient(self.path)
        self.tasks: list[asyncio.Task[None]] = []

    def tool(self, name: str = "ball01", **options: Any) -> SimulatedTool:
        tool = SimulatedTool(name, WireKind.BALL, [still()], link=self.link, clock=HostClock(), **options)
        self.tasks.append(asyncio.create_task(tool.run()))
        return tool

    async def candidate(self, name: str = "ball01") -> str:
        async with asyncio.timeout(5):
            async for candidates in self.client.candidates():
                for candidate in candidates:
                    if candidate.name == name:
                        return candidate.id
        raise AssertionError("unreachable")

    async def status(self, tool: str) -> LinkPhase | None:
        for status in await self.client.tools():
            if status.tool.id == tool and status.link:
                return status.link.phase
        return None

    async def raw(self, *lines: bytes, hang_up: bool = False) -> list[dict[str, Any]]:
        """What a client gets that speaks for itself."""
        reader, writer = await asyncio.open_unix_connection(self.path)
        writer.write(b"".join(lines))
        if hang_up:
            writer.write_eof()
        answers = []
        async with asyncio.timeout(5):
            while len(answers) < len(lines) and (line := await reader.readline()):
                answers.append(json.loads(line))
        writer.close()
        return answers


async def until(condition: Callable[[], object], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


async def until_status(room: Room, tool: str, phase: LinkPhase) -> None:
    async with asyncio.timeout(10):
        while await room.status(tool) is not phase:
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Hub]:
    hub = Hub(config, HostClock(), counted=lambda _: None)
    task = asyncio.create_task(hub.run())
    try:
        await until(lambda: socket_path(config).exists() or task.done())
        yield hub
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
