"""What every driver and its simulated device must keep to; a new one is tested by being listed."""

import asyncio
import pickle
from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from griphub.firmware_bridge.drivers import advertised
from griphub.firmware_bridge.drivers.advertised import AdvertisedClient
from griphub.firmware_bridge.drivers.contract import Driver, Reading, Write
from griphub.firmware_bridge.drivers.registry import DRIVERS, driver_for
from griphub.firmware_bridge.errors import LinkLost, PacketError, ToolRefused
from griphub.firmware_bridge.samples import SampleBlock, Unit
from griphub.firmware_bridge.tool import Capabilities, Stamps
from griphub.simulators.devices import DEVICES
from griphub.simulators.devices.device import SimulatedDevice
from griphub.simulators.plays import Play

BY_NAME = {driver.name: driver for driver in DRIVERS}

pytestmark = pytest.mark.parametrize("name", list(BY_NAME))


# -- on paper


def test_names_are_fit_for_ids_and_people(name: str) -> None:
    driver = BY_NAME[name]
    assert driver.name.replace("-", "").isalnum() and driver.name == driver.name.lower()
    assert len(driver.name) <= 20 and driver.title.isprintable()
    assert [d.name for d in DRIVERS].count(name) == 1
    assert DEVICES[name].driver == name
    assert driver.__doc__ and driver.__module__


def test_each_limit_has_its_reason(name: str) -> None:
    can = BY_NAME[name].capabilities
    limits = {
        "unit": can.unit is not Unit.NEWTON,
        "rate_hz": can.rate_hz is None,
        "stamps": can.stamps is Stamps.ARRIVAL,
    }
    limits |= {
        field.name: not getattr(can, field.name)
        for field in fields(Capabilities)
        if isinstance(getattr(can, field.name), bool)
    }
    assert set(can.because) >= {limit for limit, there in limits.items() if there}
    assert set(can.because) <= {field.name for field in fields(Capabilities)}
    for reason in can.because.values():
        assert reason[0].isupper() and reason.endswith(".") and 15 < len(reason) < 250


def test_a_tool_that_counts_is_fast_enough(name: str) -> None:
    can = BY_NAME[name].capabilities
    assert not can.counts or can.rate_hz is None or can.rate_hz >= 10


def test_a_driver_has_one_way_in(name: str) -> None:
    driver = BY_NAME[name]
    assert bool(driver.notify) != (driver.company_id is not None)
    assert all(uuid == uuid.lower() and len(uuid) == 36 for uuid in driver.notify)


# -- bytes


def _sine(device: type[SimulatedDevice]) -> tuple[Any, Any]:
    """Times and newtons of a hundred packets."""
    t_s = np.arange(100 * device.batch) / device.rate_hz
    return t_s, 60 + 50 * np.sin(2 * t_s)


def _check(reading: Reading | None, driver: Driver) -> None:
    """What every reading is, whatever the bytes were."""
    if reading is None:
        return
    n = reading.values.size
    assert reading.values.shape == (n,) and not np.isinf(reading.values).any()
    assert reading.unit is driver.capabilities.unit
    assert n <= 4096 and reading.rejected >= 0
    if reading.device_s is not None:
        assert driver.capabilities.stamps is Stamps.TOOL
        assert reading.device_s.shape == (n,) and (np.diff(reading.device_s) > 0).all()
    if reading.clipped is not None:
        assert reading.clipped.shape == (n,)
    if reading.battery_percent is not None:
        assert 0 <= reading.battery_percent <= 100
    assert {type(write) for write in reading.writes} <= {Write}


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_bytes_are_read_or_refused_and_never_kept(said: Any, name: str, data: st.DataObject) -> None:
    spoken = said(name, _sine(DEVICES[name])[1])
    driver = BY_NAME[name]()
    voices = [*driver.notify, ""]
    driver.start()

    def broken(packet: bytes) -> st.SearchStrategy[bytes]:
        place = st.integers(0, max(0, len(packet) - 1))
        return st.one_of(
            st.builds(
                lambda i, byte: packet[:i] + bytes([byte]) + packet[i + 1 :], place, st.integers(0, 255)
            ),
            place.map(lambda i: packet[:i]),
            st.just(packet + packet),
            st.just(packet),
        )

    anything = st.one_of(
        st.tuples(st.sampled_from(voices), st.binary(max_size=100)),
        st.sampled_from(spoken).flatmap(lambda s: st.tuples(st.just(s.voice), broken(s.packet))),
    )
    for voice, packet in data.draw(st.lists(anything, max_size=30)):
        try:
            _check(driver.feed(packet, voice), driver)
        except PacketError as error:
            assert error.reason and str(error).endswith(".")
    assert len(pickle.dumps(driver.__dict__)) < 32_768


def test_an_endless_flood_leaves_nothing_behind(name: str) -> None:
    driver = BY_NAME[name]()
    driver.start()
    rng = np.random.default_rng(7)
    for size in rng.integers(0, 200, 3000).tolist():
        try:
            driver.feed(rng.bytes(size), (*driver.notify, "")[0])
        except PacketError:
            continue
    assert len(pickle.dumps(driver.__dict__)) < 32_768


def test_a_simulated_packet_reads_as_what_was_sensed(said: Any, name: str) -> None:
    driver, device = BY_NAME[name](), DEVICES[name]
    driver.start()
    t_s, force_n = _sine(device)
    values, times = [], []
    for voice, packet, _ in said(name, force_n):
        if (reading := driver.feed(packet, voice)) is not None:
            values += reading.values.tolist()
            times += [] if reading.device_s is None else reading.device_s.tolist()
    told = device.zero + device.per_n * force_n
    assert values == pytest.approx(told, abs=device.resolution / 2 + 1e-6 * device.per_n)
    if times:
        assert np.subtract(times, times[0]) == pytest.approx(t_s, abs=1e-3)


# -- on the air


async def test_each_device_is_recognised_among_all_others(air: Any, name: str) -> None:
    devices = {other: air.device(other) for other in DEVICES}
    _, heard = await air.hear(devices[name])
    assert driver_for(heard) is BY_NAME[name]
    for other, driver in BY_NAME.items():
        assert driver.matches(heard) == (other == name)


async def _play(
    air: Any, device: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, list[SampleBlock]]:
    """Stream until the device switches off."""
    monkeypatch.setattr(advertised, "SILENCE_S", 1.0)
    blocks: list[SampleBlock] = []
    client = await air.client(device)
    async with client:
        with pytest.raises(LinkLost):
            async with asyncio.timeout(20):
                async for block in client.samples():
                    blocks.append(block)  # noqa: PERF401 - kept when the stream ends with an error
    return client, blocks


def _truth(device: SimulatedDevice, play: Play) -> tuple[Any, float]:
    """What the driver should read, and how near it must be."""
    return device.zero + device.per_n * play.values, device.resolution / 2 + 1e-6 * device.per_n


def _joined(blocks: list[SampleBlock]) -> tuple[Any, Any]:
    return np.concatenate([b.t_s for b in blocks]), np.concatenate([b.values for b in blocks])


async def test_a_play_arrives_with_its_values_units_and_times(
    air: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = air.rise(name)
    device = air.device(name, play)
    client, blocks = await _play(air, device, monkeypatch)
    driver = BY_NAME[name]
    t_s, values = _joined(blocks)
    truth, near = _truth(device, play)
    assert client.rejected == 0
    if isinstance(client, AdvertisedClient):  # what the radio missed is missed; what it heard is right
        position = -1
        for value in values[1:]:  # the first is from before the play
            position += 1 + int(np.argmax(np.abs(truth[position + 1 :] - value) <= near))
            assert abs(truth[position] - value) <= near
        assert len(values) >= len(truth) / 2
    else:
        assert len(truth) - device.batch < device.sent <= len(truth)  # some send full packets only
        assert values == pytest.approx(truth[: device.sent], abs=near)
        assert client.timeline.received == device.sent and client.timeline.lost == 0
        assert blocks[0].lost == 0
    assert {block.unit for block in blocks} == {driver.capabilities.unit}
    assert {block.tool_id for block in blocks} == {client.tool.tool_id}
    assert (np.diff(t_s) > 0).all()
    for a, b in pairwise(blocks):
        assert b.first_index == a.end_index + b.lost
        assert b.utc_s > a.utc_s
    if driver.capabilities.stamps is Stamps.TOOL:
        assert t_s - t_s[0] == pytest.approx(play.t_s[: device.sent], abs=1e-3)
    now_s = air.clock.utc_s()
    assert all(now_s - 60 < block.utc_s < now_s for block in blocks)


async def test_a_tool_describes_itself(air: Any, name: str) -> None:
    device = air.device(name)
    driver = BY_NAME[name]
    client = await air.client(device)
    async with client:
        tool = client.tool
        assert client.capabilities is driver.capabilities
        assert tool.tool_id.startswith(f"{name}-") and len(tool.tool_id) == len(name) + 9
        assert device.radio.address.lower() not in tool.tool_id
        assert (tool.driver, tool.kind, tool.simulated) == (name, driver.kind, True)
        assert tool.model and tool.rate_hz == (driver.capabilities.rate_hz or 0)
        battery = await client.battery()
        assert battery is None or 0 <= battery <= 100


async def test_what_a_tool_cannot_do_is_refused_with_the_reason(air: Any, name: str) -> None:
    device = air.device(name)
    can = BY_NAME[name].capabilities
    async with await air.client(device) as client:
        for able, call in ((can.tare, client.tare()), (can.identify, client.identify(5))):
            if able:
                await call
                continue
            with pytest.raises(ToolRefused) as refused:
                await call
            assert refused.value.status == can.because[refused.value.command.lower()]


async def test_tare_takes_the_present_level_as_zero(air: Any, name: str) -> None:
    can = BY_NAME[name].capabilities
    play = air.rise(name, 8.0)
    device = air.device(name, play)
    async with await air.client(device) as client:
        if not can.tare:
            assert not BY_NAME[name]().tare()
            return
        blocks = []
        async with asyncio.timeout(20):
            async for block in client.samples():
                blocks.append(block)
                if len(blocks) == 3:
                    await client.tare()
                if len(blocks) >= 6 and block.end_index > 8 * device.batch:
                    break
        truth, near = _truth(device, play)
        last = blocks[-1]
        shift = truth[last.first_index : last.end_index] - last.values
        assert np.ptp(shift) <= 2 * near
        assert np.abs(truth[: last.end_index] - shift[0]).min() <= 2 * near  # it is a level that there was
        assert abs(shift[0]) > 5 * device.per_n


async def test_a_link_loss_is_told_and_the_stream_goes_on_after_it(
    air: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advertised, "SILENCE_S", 0.5)
    play = air.rise(name, 16.0)
    device = air.device(name, play)
    client, blocks = await air.client(device), []
    async with client:
        with pytest.raises(LinkLost) as lost:
            async with asyncio.timeout(10):
                async for block in client.samples():
                    blocks.append(block)
                    if isinstance(client, AdvertisedClient):
                        await device.radio.hide()
                    else:
                        device.radio.lose_link()
    assert device.name in str(lost.value)
    device.radio.show()
    async with asyncio.timeout(10), await air.client(device, previous=client) as again:
        assert (again.tool.tool_id, again.tool.boot_id) == (client.tool.tool_id, client.tool.boot_id)
        blocks.append(await anext(again.samples()))
    before, after = blocks[-2:]
    assert after.first_index == before.end_index + after.lost
    truth, near = _truth(device, play)
    first, position = (int(np.abs(truth - block.values[0]).argmin()) for block in (before, after))
    assert np.abs(truth[position : position + len(after)] - after.values).max() <= near
    if device.resolution < 1:  # so fine that a value tells its moment
        away_s = (position - first) / device.rate_hz
        assert after.t_s[0] - before.t_s[0] == pytest.approx(away_s, abs=0.5)
        assert after.utc_s - before.utc_s == pytest.approx(away_s, abs=0.5)
    async with await air.client(device) as fresh:  # with nothing to go by, it is another life
        assert fresh.tool.boot_id != client.tool.boot_id


async def test_leaving_frees_the_tool_and_nothing_else_was_ever_written(air: Any, name: str) -> None:
    device = air.device(name, air.rise(name, 12.0))
    driver = BY_NAME[name]()
    client = await air.client(device)
    asked: list[Write] = []
    feed = client._driver.feed

    def noted(data: bytes, characteristic: str = "") -> Reading | None:
        reading: Reading | None = feed(data, characteristic)
        asked.extend(reading.writes if reading else ())
        return reading

    client._driver.feed = noted
    async with client:
        stream = client.samples()
        for _ in range(3):
            await asyncio.wait_for(anext(stream), 10)
        if client.capabilities.tare:
            await client.tare()
        assert device.radio.connection is not None or isinstance(client, AdvertisedClient)
        await stream.aclose()
    named = [*driver.start(), *asked, *(driver.tare() if client.capabilities.tare else ()), *driver.stop()]
    assert device.writes == [(write.characteristic, write.data) for write in named]
    await air.hear(device)  # it advertises again: a phone can have it
