"""Simulated tools and a running hub beside the test, for pages that talk with it over its socket."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import numpy as np

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.hub.config import Config
from griphub.hub.control.address import socket_path
from griphub.hub.control.client import ControlClient
from griphub.hub.service import Hub
from griphub.simulators.plays import Play
from griphub.simulators.radio import VirtualLink, serve_hci
from griphub.simulators.tool import SimulatedTool

T = TypeVar("T")


def until(condition: Callable[[], object], what: str, timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


class House:
    """Simulated tools and a running hub, on a loop in a thread of its own."""

    def __init__(self, config: Config, *, slots: int | None = None, clock: HostClock | None = None) -> None:
        self.config = config.model_copy(update={"radio": f"unix:{config.data_dir}/hci"})
        self.link = VirtualLink()
        self.hub: Hub | None = None
        self.clock = clock or HostClock()  #: of hub and tools
        self._slots = slots
        self._loop = asyncio.new_event_loop()
        self._radio = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._hub_task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the house's loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def do(self, action: Callable[[], object]) -> None:
        """Call something on the house's loop."""

        async def run() -> None:
            action()

        self.call(run())

    def start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Let something go on in the house until it ends."""

        async def run() -> asyncio.Task[None]:
            self._tasks.append(asyncio.create_task(work))
            return self._tasks[-1]

        return self.call(run())

    def open(self) -> None:
        async def run() -> None:
            await self._radio.enter_async_context(serve_hci(self.link, self.config.radio, slots=self._slots))

        self.call(run())

    def start_hub(self) -> None:
        async def run() -> None:
            self.hub = Hub(self.config, self.clock, counted=lambda _: None)
            self._hub_task = asyncio.create_task(self.hub.run())
            while not await self.client.answers():
                await asyncio.sleep(0.01)

        self.call(run())

    def stop_hub(self) -> None:
        async def run() -> None:
            if self._hub_task:
                self._hub_task.cancel()
                await asyncio.gather(self._hub_task, return_exceptions=True)
                self._hub_task = None

        self.call(run())

    def close_radio(self) -> None:
        async def run() -> None:
            await self._radio.aclose()
            self._radio = AsyncExitStack()

        self.call(run())

    def close(self) -> None:
        self.stop_hub()

        async def run() -> None:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._radio.aclose()

        self.call(run())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def client(self) -> ControlClient:
        return ControlClient(socket_path(self.config))

    def tool(
        self, name: str = "ball01", level: float = 0.0, squeezes: int = 0, **options: Any
    ) -> SimulatedTool:
        """Switch on a tool that nobody touches, or one that is squeezed to 20 N every 4 s."""
        t_s = np.arange(6000 + 400 * squeezes) / 100
        values = np.full(t_s.size, level)
        for at_s in 4.0 * np.arange(1, squeezes + 1):
            values += 20 * np.exp(-(((t_s - at_s) / 0.45) ** 4))
        return self.squeezed(name, values, **options)

    def squeezed(
        self, name: str, force_n: np.ndarray, kind: WireKind = WireKind.BALL, **options: Any
    ) -> SimulatedTool:
        """Switch on a tool that is squeezed so, 100 samples a second, with a little noise."""
        values = force_n + 0.06 * np.random.default_rng(5).standard_normal(force_n.size)
        t_s = np.arange(force_n.size) / 100
        play = Play(t_s, np.round(values, 2), WireUnit.NEWTON, -2, 100.0, (), "still")

        async def run() -> SimulatedTool:
            tool = SimulatedTool(name, kind, [play], link=self.link, clock=self.clock, **options)
            self._tasks.append(asyncio.create_task(tool.run()))
            return tool

        return self.call(run())
