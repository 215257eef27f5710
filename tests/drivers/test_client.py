"""What the clients do with tools that stall, babble, or are not what they call themselves."""

import asyncio
from typing import Any

import numpy as np
import pytest

from griphub.firmware_bridge.discovery import Advertisement
from griphub.firmware_bridge.drivers import advertised, link, reader
from griphub.firmware_bridge.drivers.advertised import AdvertisedClient
from griphub.firmware_bridge.drivers.link import DriverClient
from griphub.firmware_bridge.drivers.progressor import SERVICE, Progressor
from griphub.firmware_bridge.drivers.registry import DRIVERS, client_for, driver_for
from griphub.firmware_bridge.drivers.sig_force import SERVICE as FORCE_SERVICE
from griphub.firmware_bridge.drivers.squegg import Squegg
from griphub.firmware_bridge.errors import LinkLost, UnsupportedTool
from griphub.firmware_bridge.link import GripClient
from griphub.simulators.devices import DEVICES
from griphub.simulators.devices.progressor import ProgressorDevice


async def test_a_clone_tells_its_rate_by_its_times(air: Any) -> None:
    clone = air.device("progressor", air.rise("progressor", 4.0), name="Progressor_DIY")
    clone.batch, clone.rate_hz = 1, 10.0
    clone.clock_us = (1 << 32) - 1_500_000  # and its clock wraps on the way
    async with await air.client(clone) as client:
        blocks = []
        async for block in client.samples():
            blocks.append(block)
            if block.end_index == 30:
                break
    assert {len(block) for block in blocks} == {1}
    assert blocks[-1].fs_hz == pytest.approx(10, rel=1e-4)
    t_s = np.concatenate([block.t_s for block in blocks])
    assert t_s - t_s[0] == pytest.approx(np.arange(30) / 10, abs=1e-5)
    assert client.timeline.lost == 0


@pytest.mark.parametrize("name", ["progressor", "motherboard", "frez-dyno"])
async def test_packets_that_the_radio_lost_are_counted_to_the_sample(air: Any, name: str) -> None:
    device = air.device(name, air.rise(name, 16.0), drop=0.3, seed=4)
    async with await air.client(device) as client:
        blocks = []
        async for block in client.samples():
            blocks.append(block)
            if len(blocks) > 15:
                break
    truth = air.rise(name, 16.0).values * device.per_n + device.zero
    first = int(np.abs(truth[:400] - blocks[0].values[0]).argmin())  # what was lost before it nobody can know
    assert client.timeline.lost > 0
    for block in blocks:  # not a sample is out of place
        due = truth[first + block.first_index : first + block.end_index]
        assert block.values == pytest.approx(due, abs=device.resolution + 1e-5 * device.per_n)


async def test_broken_packets_are_counted_and_cost_nothing_else(air: Any) -> None:
    device = air.device("progressor", air.rise("progressor", 12.0))
    async with await air.client(device) as client:
        stream = client.samples()
        await anext(stream)
        for packet in (b"", b"\x01\x08\0\0", b"\xff" * 60, b"\x01\x03abc"):
            await device.radio.notify(device.data, packet)
        await device.radio.notify(device.data, b"\x04\x00")
        blocks = [await anext(stream) for _ in range(3)]
        assert client.rejected == 4
        assert await client.battery() == 0  # it warned
        assert [block.lost for block in blocks] == [0, 0, 0]
        await stream.aclose()


async def test_a_stranger_under_a_known_name_is_told_apart(air: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stranger(ProgressorDevice):
        def packet(self, force_n: Any, device_s: Any) -> bytes:
            return b"hello"

    monkeypatch.setattr(reader, "STRANGER", 5)
    monkeypatch.setitem(DEVICES, "progressor", Stranger)
    device = air.device("progressor", air.rise("progressor", 12.0))
    async with await air.client(device) as client:
        with pytest.raises(UnsupportedTool, match="does not send what a Tindeq Progressor sends"):
            await anext(client.samples())
    assert client.rejected == 5


async def test_a_namesake_without_the_characteristic_is_no_such_tool(air: Any) -> None:
    device = air.device("gripforge")
    found, _ = await air.hear(device)
    with pytest.raises(UnsupportedTool):
        async with DriverClient(found, Squegg(), air.adapter):
            pass


@pytest.mark.parametrize("babble", [False, True])
async def test_a_tool_that_says_nothing_readable_is_let_go(
    air: Any, monkeypatch: pytest.MonkeyPatch, babble: bool
) -> None:
    monkeypatch.setattr(link, "WATCHDOG_S", 0.3)
    device = air.device("progressor", air.rise("progressor", 40.0))
    async with await air.client(device) as client:
        stream = client.samples()
        await anext(stream)
        device.stream(False)  # it stalls, and the link stands

        async def babbling() -> None:
            while True:
                await device.radio.notify(device.data, b"\x00\x00")
                await asyncio.sleep(0.02)

        noise = asyncio.create_task(babbling() if babble else asyncio.sleep(0))
        with pytest.raises(LinkLost, match=r"for 0\.3 s"):
            await asyncio.wait_for(anext(stream), 5)
        noise.cancel()
        await asyncio.gather(noise, return_exceptions=True)
    await air.hear(device)


async def test_a_slow_reader_is_no_reason_to_let_go(air: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "WATCHDOG_S", 0.2)
    device = air.device("progressor", air.rise("progressor", 12.0))
    async with await air.client(device) as client:
        count = 0
        async for _ in client.samples():
            await asyncio.sleep(0.25)
            count += 1
            if count == 3:
                break


async def test_what_nobody_reads_is_dropped_and_shows_as_lost(
    air: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "QUEUE_PACKETS", 3)
    device = air.device("progressor", air.rise("progressor", 6.0))
    client = await air.client(device)
    async with client:
        blocks = []
        with pytest.raises(LinkLost):
            async for block in client.samples():
                if len(blocks) == 1:
                    async with asyncio.timeout(5):
                        while device.radio.connection:
                            await asyncio.sleep(0.01)
                blocks.append(block)
    assert client.overflowed > 0
    assert client.timeline.lost == 16 * client.overflowed
    assert client.timeline.received + client.timeline.lost == device.sent


async def test_streaming_again_on_the_same_link_goes_on(air: Any) -> None:
    device = air.device("frez-dyno", air.rise("frez-dyno", 12.0))  # its clock begins anew with each start
    async with await air.client(device) as client:
        last = None
        for _ in range(2):
            stream = client.samples()
            block = await anext(stream)
            assert last is None or (block.first_index == last.end_index and block.t_s[0] > last.t_s[-1])
            last = await anext(stream)
            await stream.aclose()


async def test_an_advertised_tool_is_heard_through_the_one_scanner(
    air: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advertised, "SILENCE_S", 0.5)
    device = air.device("wh-c06", air.rise("wh-c06", 30.0))
    client = await air.client(device)
    assert isinstance(client, AdvertisedClient)
    async with client:
        blocks = [await anext(client.samples()) for _ in range(2)]
        device.hold = True
        async for block in client.samples():
            blocks.append(block)
            if np.isnan(block.values).any():
                break
        await device.radio.hide()
        with pytest.raises(LinkLost, match="not heard"):
            async for _ in client.samples():
                pass
        assert await client.battery() is None
    assert device.radio.connection is None


# -- whose tool is it


def heard(name: str = "", services: frozenset[str] = frozenset(), own: bool = False) -> Advertisement:
    return Advertisement(name, "C0:FF:EE:00:00:01", -50, own, services)


async def test_our_own_tools_get_their_own_client(air: Any) -> None:
    found, _ = await air.hear(air.device("progressor"))
    assert isinstance(client_for(found, heard("ball1", own=True), air.adapter), GripClient)
    assert client_for(found, heard("loudspeaker"), air.adapter) is None


def test_what_looks_like_two_tools_is_refused() -> None:
    both = heard("Progressor_1", frozenset({SERVICE, FORCE_SERVICE}))
    with pytest.raises(UnsupportedTool, match="at once") as refused:
        driver_for(both)
    assert refused.value.tool == "Progressor_1"


@pytest.mark.parametrize(
    "name", ["Progressor\x1b[31m_1", "Progressor_1\r\n", "Prog\u202eressor_1", "\0Progressor_1"]
)
async def test_control_characters_in_a_name_never_matter(air: Any, name: str) -> None:
    device = air.device("progressor", name=name)
    _, advertisement = await air.hear(device)
    assert driver_for(advertisement) is Progressor
    async with await air.client(device) as client:
        assert client.tool.tool_id.isprintable() and client.tool.model.isprintable()
        device.radio.lose_link()
        with pytest.raises(LinkLost) as lost:
            await anext(client.samples())
    assert lost.value.tool.isprintable() and "\n" not in str(lost.value)


async def test_a_hundred_look_alikes_cost_nobody_anything(air: Any) -> None:
    others = [heard(f"Progressor_{k}") for k in range(100)]
    assert {driver_for(other) for other in others} == {Progressor}
    services = frozenset({"0000ffb0-0000-1000-8000-00805f9b34fb", "0000ffe0-0000-1000-8000-00805f9b34fb"})
    assert driver_for(heard("kitchen scale", services)) is None  # a service that hundreds of products share


def test_names_of_drivers_are_told_once() -> None:
    names = [driver.name for driver in DRIVERS]
    assert len(set(names)) == len(names) == 11
