"""Noise at full speed from two tools on the radio costs counted rejections, and a third tool nothing."""

import asyncio
import gc
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from griphub.firmware_bridge.adapter import Adapter, open_adapter
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.discovery import Advertisement, find_device
from griphub.firmware_bridge.drivers.progressor import Progressor
from griphub.firmware_bridge.drivers.registry import client_for
from griphub.firmware_bridge.errors import GripError
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.simulators.devices import DEVICES
from griphub.simulators.plays import Play
from griphub.simulators.radio import VirtualLink, serve_hci
from griphub.simulators.tool import SimulatedTool

SOAK_S = 4.0
#: Noise packets sent between two turns of the loop, which may be some thousand times a second.
BURST = 5
#: Queues and histories that fill once; noise that was kept would be ten times as much.
GROWTH_BYTES = 8 << 20
#: A page that is drawn ten times a second would not notice.
LAG_S = 0.5


def wave(rate_hz: float) -> Play:
    t_s = np.arange(SOAK_S * rate_hz) / rate_hz
    return Play(t_s, np.round(15 + 14 * np.sin(3 * t_s), 2), WireUnit.NEWTON, -2, rate_hz, (), "wave")


async def babble(radio: Any, characteristic: Any, sent: list[int]) -> None:
    """Send random packets of all lengths as fast as the loop turns."""
    chance = random.Random(7)
    while True:
        for _ in range(BURST):
            await radio.notify(characteristic, chance.randbytes(chance.randrange(200)))
        sent.append(BURST if radio.connection else 0)
        await asyncio.sleep(0)


async def lags(worst: list[float]) -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(0.01)
        worst.append(time.monotonic() - before - 0.01)


async def all_of(client: Any) -> int:
    async with client:
        return sum([len(block) async for block in client.samples()])


async def again_and_again(connect: Callable[[], Any], refused: list[str]) -> None:
    """Come back to a tool that has been given up, as no hub would do at once."""
    while True:
        try:
            await all_of(connect())
        except GripError as error:
            refused.append(type(error).__name__)


async def device_of(adapter: Adapter, wanted: type[Progressor]) -> tuple[Any, Advertisement]:
    async with asyncio.timeout(10), adapter.scanner() as scanner:
        async for device, data in scanner.advertisement_data():
            heard = Advertisement.of(device, data)
            if wanted.matches(heard):
                return device, heard
    raise AssertionError("unreachable: the scan has no end")


async def test_noise_costs_its_sender_only(tmp_path: Path) -> None:
    link, clock = VirtualLink(), HostClock()
    honest, noisy = (
        SimulatedTool(name, WireKind.BALL, [wave(100)], link=link, clock=clock)
        for name in ("honest", "noisy")
    )
    other = DEVICES["progressor"]("", [wave(DEVICES["progressor"].rate_hz)], link=link, clock=clock)
    sent: list[int] = []
    worst: list[float] = []
    refused: list[str] = []
    async with serve_hci(link, f"unix:{tmp_path}/hci") as radio, open_adapter(radio) as adapter:
        lives = [asyncio.create_task(life) for life in (honest.run(), noisy.run(), other.run())]
        listener = GripClient(await find_device("honest", adapter=adapter), adapter=adapter)
        device = await find_device("noisy", adapter=adapter)
        progressor = await device_of(adapter, Progressor)
        gc.collect()
        before = psutil.Process().memory_info().rss
        heard = asyncio.create_task(all_of(listener))
        while not honest.sent:
            await asyncio.sleep(0.01)
        noise = [
            asyncio.create_task(again_and_again(lambda: GripClient(device, adapter=adapter), refused)),
            asyncio.create_task(
                again_and_again(lambda: client_for(*progressor, adapter, clock=clock), refused)
            ),
            asyncio.create_task(babble(noisy.peripheral, noisy.peripheral.force_stream, sent)),
            asyncio.create_task(babble(other.radio, other.data, sent)),
            asyncio.create_task(lags(worst)),
        ]
        received = await heard
        gc.collect()
        grown = psutil.Process().memory_info().rss - before
        for task in (*noise, *lives):
            task.cancel()
        await asyncio.gather(*noise, *lives, return_exceptions=True)
    assert (received, listener.assembler.lost) == (100 * SOAK_S, 0)
    assert sum(sent) > 2000 and refused.count("UnsupportedTool") > 1
    assert grown < GROWTH_BYTES
    assert max(worst) < LAG_S
