"""One scanner for all who listen."""

import asyncio
from typing import Any

import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from griphub.firmware_bridge.adapter import Adapter
from griphub.firmware_bridge.ear import FEED_SIZE, Ear
from griphub.firmware_bridge.errors import AdapterUnavailable

Heard = Any


class Scanner:
    """A radio's scanner that can be refused."""

    def __init__(self, heard: Heard) -> None:
        self.heard = heard
        self.running = False
        self.broken = False

    async def start(self) -> None:
        if self.broken:
            raise AdapterUnavailable("x", "it is gone")
        self.running = True

    async def stop(self) -> None:
        self.running = False
        if self.broken:
            raise AdapterUnavailable("x", "it is gone")

    def hear(self, address: str, rssi_dbm: int = -50) -> None:
        self.heard(BLEDevice(address, None, {}), AdvertisementData(None, {}, {}, [], None, rssi_dbm, ()))


@pytest.fixture
def made() -> list[Scanner]:
    return []


@pytest.fixture
def ear(made: list[Scanner]) -> Ear:
    def make(heard: Heard) -> Any:
        made.append(Scanner(heard))
        return made[-1]

    return Ear(make)


async def test_the_first_starts_it_and_the_last_stops_it(ear: Ear, made: list[Scanner]) -> None:
    heard: list[str] = []
    async with ear.listening(lambda device, _: heard.append(device.address)):
        async with ear.listening(lambda *_: None), ear.advertisements("a"):
            assert len(made) == 1
        assert made[0].running
        made[0].hear("a")
        await ear.restart()
        assert not made[0].running and made[1].running
        made[1].hear("b")
    assert heard == ["a", "b"]
    assert not made[1].running
    await ear.restart()  # nobody listens
    assert len(made) == 2


async def test_a_feed_is_of_one_device_and_bounded(ear: Ear, made: list[Scanner]) -> None:
    async with ear.advertisements("a") as feed, ear.advertisements("a") as other:
        for rssi_dbm in range(-90, -90 + FEED_SIZE + 10):
            made[0].hear("a", rssi_dbm)
            made[0].hear("b", 0)
        assert (await anext(feed)).rssi == -80  # the oldest ten are gone
        assert (await anext(other)).rssi == -80
        late = asyncio.ensure_future(anext(feed))
        await asyncio.sleep(0)
        assert (await late).rssi == -79
        await feed.aclose()
    assert not ear._feeds


async def test_a_scanner_that_cannot_stop_or_start(ear: Ear, made: list[Scanner]) -> None:
    async with ear.listening(lambda *_: None):
        made[0].broken = True
    with pytest.raises(AdapterUnavailable):
        async with Ear(_broken).listening(lambda *_: None):
            pytest.fail("it did not start")


def _broken(heard: Heard) -> Any:
    scanner = Scanner(heard)
    scanner.broken = True
    return scanner


async def test_on_a_radio_it_hears_what_others_scan_for(air: Any, adapter: Adapter) -> None:
    air.tool("ball1")
    heard: set[str | None] = set()
    async with adapter.listening(lambda _, data: heard.add(data.local_name)), asyncio.timeout(5):
        while heard != {"ball1"}:
            await asyncio.sleep(0.01)
        address = "CA:50:04:97:EE:9B"
        async with adapter.advertisements(address) as feed:
            assert (await anext(feed)).local_name == "ball1"
        await adapter.rescan()
        heard.clear()
        while heard != {"ball1"}:
            await asyncio.sleep(0.01)
