"""What single devices do that others do not, over the radio."""

import asyncio
from typing import Any

import numpy as np
import pytest

from griphub.firmware_bridge.errors import LinkLost, UnsupportedTool
from griphub.firmware_bridge.profile import WireUnit
from griphub.firmware_bridge.samples import FloatArray
from griphub.simulators.devices import EntralpiDevice
from griphub.simulators.devices.entralpi import FFF1, FFF4
from griphub.simulators.plays import Play


async def stream(air: Any, device: Any) -> tuple[Any, FloatArray]:
    """Stream until the device switches off; the client, and all values."""
    values: list[float] = []
    async with await air.client(device) as client:
        with pytest.raises(LinkLost):
            async with asyncio.timeout(20):
                async for block in client.samples():
                    values += block.values.tolist()
    return client, np.array(values)


def swing(rate_hz: float) -> Play:
    """From 40 N down to as much the other way."""
    t_s = np.arange(round(2 * rate_hz)) / rate_hz
    return Play(t_s, 40 - 40 * t_s, WireUnit.NEWTON, -2, rate_hz, (), "swing")


@pytest.mark.parametrize("voice", [FFF1, FFF4])
async def test_an_entralpi_is_heard_on_whichever_characteristic_speaks(
    air: Any, monkeypatch: pytest.MonkeyPatch, voice: str
) -> None:
    monkeypatch.setattr(EntralpiDevice, "speaks", voice)
    device = air.device("entralpi")
    client, values = await stream(air, device)
    assert (len(values), client.rejected) == (device.sent, 0)
    assert device.sent > 0


async def test_a_climbro_tells_its_battery_in_its_stream(air: Any) -> None:
    device = air.device("climbro")
    device.battery_byte = 112 + 118 // 4
    async with await air.client(device) as client:
        assert await client.battery() is None  # it has no standard service for it
        await anext(client.samples())
        assert await client.battery() == 25


async def test_pushing_a_force_board_is_no_force_and_loses_no_sample(air: Any) -> None:
    device = air.device("force-board", swing(80.0))
    client, values = await stream(air, device)
    assert (len(values), client.rejected) == (device.sent, 0)
    pushed = np.isnan(values)
    assert 70 <= pushed.sum() <= 80  # the second half, but for what rounds to nothing
    assert not pushed[:80].any()
    assert (values[~pushed] >= 0).all()


async def test_a_cts500_below_its_zero_costs_its_frames_alone(air: Any) -> None:
    device = air.device("cts500", swing(40.0))
    client, values = await stream(air, device)
    assert (values >= 0).all()
    assert 0 < client.rejected <= device.sent - len(values) <= 40


@pytest.mark.parametrize("driver", ["frez-dyno", "motherboard"])
async def test_what_the_radio_drops_is_known_where_the_tool_counts(air: Any, driver: str) -> None:
    device = air.device(driver, drop=0.2, seed=3)
    client, values = await stream(air, device)
    timeline = client.timeline
    assert timeline.lost > 0
    assert timeline.lost % device.batch == 0
    assert timeline.received == len(values)
    missing_at_the_ends = device.sent - timeline.received - timeline.lost
    assert 0 <= missing_at_the_ends <= 4 * device.batch
    assert client.rejected == 0


async def test_a_motherboard_tells_its_table_once_for_each_link(air: Any) -> None:
    device = air.device("motherboard")
    await stream(air, device)
    assert [data for _, data in device.writes] == [b"C", b"S30"]


async def test_a_link_too_narrow_for_a_frez_dyno_is_said_and_nothing_guessed(air: Any) -> None:
    device = air.device("frez-dyno")
    device.radio.bumble.gatt_server.max_mtu = 23
    async with await air.client(device) as client:
        with pytest.raises(UnsupportedTool, match="MTU of 77"):
            async with asyncio.timeout(20):
                await anext(client.samples())
        assert client.timeline.received == 0
