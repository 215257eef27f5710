"""Devices of other makers on a virtual radio, all in the test's own loop, reached over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from bleak.backends.device import BLEDevice
from bleak.uuids import normalize_uuid_str

from griphub.firmware_bridge.adapter import Adapter, open_adapter
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.discovery import Advertisement
from griphub.firmware_bridge.drivers.registry import DRIVERS, client_for
from griphub.firmware_bridge.profile import WireUnit
from griphub.firmware_bridge.tool import ToolClient
from griphub.simulators.devices import DEVICES
from griphub.simulators.devices.device import SimulatedDevice
from griphub.simulators.plays import Play
from griphub.simulators.radio import VirtualLink, serve_hci

#: A device waits this long, in its own seconds, before it shows itself again.
PAUSE_S = 0.2


class Said(NamedTuple):
    """A packet, where it came, and when its last sample was sensed."""

    voice: str
    packet: bytes
    at_s: float


class Air:
    """Devices on a virtual link, and the radio that a hub reaches them by.

    Device and hub share a clock that runs faster than the wall's.
    """

    def __init__(self, link: VirtualLink, adapter: Adapter, tasks: asyncio.TaskGroup) -> None:
        self.devices: list[SimulatedDevice] = []
        self.adapter = adapter
        self.clock = HostClock(4.0)
        self._link = link
        self._tasks = tasks

    @staticmethod
    def rise(driver: str, seconds: float = 3.0) -> Play:
        """A steady rise of force at the device's own rate, so that a value tells its moment."""
        rate_hz = DEVICES[driver].rate_hz
        t_s = np.arange(round(seconds * rate_hz)) / rate_hz
        return Play(t_s, 20 + 8 * t_s, WireUnit.NEWTON, -2, rate_hz, (), "rise")

    def device(self, driver: str, *plays: Play, name: str = "", **options: Any) -> SimulatedDevice:
        """Switch a device on."""
        device = DEVICES[driver](
            name,
            plays or [self.rise(driver)],
            link=self._link,
            clock=self.clock,
            **{"pause_s": PAUSE_S, **options},
        )
        self.devices.append(device)
        self._tasks.create_task(device.run(), name=device.name)
        return device

    async def hear(self, device: SimulatedDevice) -> tuple[BLEDevice, Advertisement]:
        """What the hub's scanner hears of a device."""
        async with asyncio.timeout(10), self.adapter.scanner() as scanner:
            async for found, data in scanner.advertisement_data():
                if found.address == device.radio.address:
                    return found, Advertisement.of(found, data)
        raise AssertionError("unreachable: the scan has no end")

    async def client(self, device: SimulatedDevice, previous: ToolClient | None = None) -> Any:
        """The client that the hub would choose."""
        heard = await self.hear(device)
        client: ToolClient | None = client_for(*heard, self.adapter, clock=self.clock, previous=previous)
        assert client is not None
        return client


@pytest.fixture(scope="session")
def said() -> Callable[[str, Any], list[Said]]:
    """What a device says of a force that is sampled at its own rate, without a radio."""
    return _said


def _said(name: str, force_n: Any) -> list[Said]:
    heard: list[Said] = []

    async def speak() -> None:
        device = DEVICES[name]("", [], link=VirtualLink(), clock=HostClock(200.0))

        async def tell(characteristic: Any, value: bytes) -> None:
            heard.append(Said(normalize_uuid_str(characteristic.uuid.to_hex_str("-")), value, 0.0))

        device.radio.notify = tell  # type: ignore[method-assign]
        (driver,) = (driver for driver in DRIVERS if driver.name == name)
        for write in driver().start():
            device.obey(write.characteristic, write.data)
        await asyncio.sleep(0)  # an answer may take its turn
        t_s = np.arange(len(force_n)) / device.rate_hz
        for at in range(0, len(t_s) - device.batch + 1, device.batch):
            piece = slice(at, at + device.batch)
            packet = device.packet(force_n[piece], t_s[piece])
            voice = normalize_uuid_str(device.data.uuid.to_hex_str("-")) if driver.notify else ""
            heard.append(Said(voice, packet, float(t_s[piece][-1])))

    asyncio.run(speak())
    return heard


@pytest.fixture
async def air(tmp_path: Path) -> AsyncIterator[Air]:
    link = VirtualLink()
    async with (
        serve_hci(link, f"unix:{tmp_path}/hci") as radio,
        open_adapter(radio) as adapter,
        asyncio.TaskGroup() as tasks,
    ):
        made = Air(link, adapter, tasks)
        try:
            yield made
        finally:
            for task in tasks._tasks:
                task.cancel()
    for device in made.devices:
        assert not device.harm, f"{device.name} was sent what no automatic code may send"
