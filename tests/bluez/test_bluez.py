"""The hub's own code on Linux's Bluetooth: bleak's BlueZ backend, bluetoothd and the kernel.

They run in a machine of their own. The tools are outside and keep their own time. What arrives is compared with
what was sent, sample by sample.
"""

import asyncio
import os
from typing import Any

import numpy as np
import pytest

pytestmark = [
    pytest.mark.bluez,
    pytest.mark.skipif(
        "GRIPHUB_TEST_BLUEZ" not in os.environ,
        reason="`make test-bluez` runs this: it takes QEMU and minutes",
    ),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(600),
]


def arrived(air: Any, tool: Any, play: Any) -> np.ndarray:
    """Indices of the samples that came through, all of them with the values that were sent."""
    with np.load(air.guest.out / f"{tool.name}.npz") as kept:
        indices, values = kept["indices"], kept["values"]
    np.testing.assert_array_equal(values, play.values[indices])
    assert np.all(np.diff(indices) > 0), "out of order, or twice"
    return indices


async def test_tools_are_heard(air: Any) -> None:
    names = {"ball-a", "ball-b", "putty-c"}
    for name in names:
        air.tool(name, air.play(1))
    heard = await air.guest.ask("scan", seconds=3)
    assert {tool["name"] for tool in heard if tool["is_grip_tool"]} >= names


async def test_an_unpaired_reader_gets_nothing(air: Any) -> None:
    tool = air.tool("ball-u", air.play(1))
    tool.peripheral.pairing_mode = False
    assert await air.guest.ask("read_unpaired", tool="ball-u"), "nothing stopped it"
    assert tool.sent == 0


@pytest.mark.parametrize("n", [1, 4])
async def test_a_minute_at_100_hz_arrives_whole(air: Any, n: int) -> None:
    play = air.play(60)
    tools = [air.tool(f"min{n}-{i}", play) for i in range(n)]
    results = await air.guest.ask("stream", tools=[tool.name for tool in tools])
    for tool in tools:
        result = results[tool.name]
        air.report(f"60 s at 100 Hz, tool {tool.name}", tool.sent, result)
        assert (result["received"], result["lost"], result["duplicates"]) == (6000, 0, 0)
        np.testing.assert_array_equal(arrived(air, tool, play), np.arange(6000))


async def test_lost_links_come_back_and_every_gap_is_known(air: Any) -> None:
    play = air.play(20)
    tool = air.tool("lost-l", play)
    streaming = asyncio.ensure_future(air.guest.ask("stream", tools=[tool.name]))
    for sent in (300, 800, 1300):
        while tool.sent < sent:
            await asyncio.sleep(0.05)
        tool.peripheral.lose_link()
    result = (await streaming)[tool.name]
    air.report("three links lost", tool.sent, result, f"{max(result['links_s'][1:]):.1f} s to return at most")
    assert len(result["losses"]) == 3
    assert result["duplicates"] == 0
    assert arrived(air, tool, play).size == result["received"] == 2000 - result["lost"]
