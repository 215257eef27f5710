"""The hub's own code on Linux's Bluetooth: bleak's BlueZ backend, bluetoothd and the kernel.

They run in a machine of their own. The tools are outside and keep their own time. What arrives is compared
with what was sent, sample by sample.
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import vm

from griphub.firmware_bridge.adapter import open_adapter
from griphub.firmware_bridge.discovery import find_device
from griphub.firmware_bridge.link import GripClient
from griphub.simulators.radio import serve_hci

pytestmark = [
    pytest.mark.bluez,
    pytest.mark.alone,
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
    np.testing.assert_allclose(values, play.values[indices], rtol=0, atol=1e-9)  # the last bit is JSON's
    assert np.all(np.diff(indices) > 0), "out of order, or twice"
    return indices


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something outside the machine; the test's own time limit is the deadline."""
    while not condition():
        await asyncio.sleep(0.02)


def check_whole(
    air: Any, tool: Any, play: Any, result: dict[str, Any], scenario: str, remark: str = ""
) -> None:
    """Nothing is lost and nothing came twice, whatever happened."""
    air.report(scenario, play.values.size, result, remark)
    assert (result["received"], result["lost"], result["duplicates"]) == (play.values.size, 0, 0)
    np.testing.assert_array_equal(arrived(air, tool, play), np.arange(play.values.size))


async def test_tools_are_heard(air: Any) -> None:
    names = {"ball-a", "ball-b", "ball-c"}
    for name in names:
        air.tool(name, air.play(1))
    heard = await air.guest.ask("scan", seconds=3)
    assert {tool["name"] for tool in heard if tool["is_grip_tool"]} >= names


async def test_a_stranger_gets_nothing(air: Any) -> None:
    tool = air.tool("ball-u", air.play(1))
    tool.peripheral.bonding.bonded = True  # with somebody else: it does not pair unless its button is held
    assert await air.guest.ask("read_unpaired", tool="ball-u"), "nothing stopped it"
    assert tool.sent == 0


async def test_who_is_paired_reads_what_is_encrypted_and_a_stranger_does_not(air: Any) -> None:
    held_still = replace(air.play(60), values=np.full(6000, 12.34))
    air.tool("ball-e", held_still, waits=False)
    assert await air.guest.ask("read_force", tool="ball-e", pair=True) == 12_340  # mN
    tool = air.tool("ball-f", held_still, waits=False)
    tool.peripheral.bonding.bonded = True  # with somebody else
    with pytest.raises(vm.GuestFailed, match="ToolRefused"):
        await air.guest.ask("read_force", tool="ball-f", pair=False)


@pytest.mark.parametrize("n", [1, 4])
async def test_a_minute_at_100_hz_arrives_whole(air: Any, n: int) -> None:
    play = air.play(60)
    tools = [air.tool(f"min{n}-{i}", play) for i in range(n)]
    results = await air.guest.ask("stream", tools=[tool.name for tool in tools])
    for tool in tools:
        result = results[tool.name]
        check_whole(
            air, tool, play, result, f"{n} x 60 s, {tool.name}", f"linked in {result['links_s'][0]:.1f} s"
        )


async def test_what_is_sensed_while_the_link_is_lost_comes_later(air: Any) -> None:
    play = air.play(20)
    tool = air.tool("lost-l", play)
    streaming = asyncio.ensure_future(air.guest.ask("stream", tools=[tool.name]))
    for sent in (300, 800, 1300):
        await until(lambda least=sent: tool.sent > least)
        tool.peripheral.lose_link()
    result = (await streaming)[tool.name]
    assert len(result["losses"]) == 3
    back_s = max(result["links_s"][1:])
    check_whole(air, tool, play, result, "link lost three times", f"back in {back_s:.1f} s at most")


async def test_a_passkey_is_asked_for(air: Any) -> None:
    play = air.play(2)
    tool = air.tool("passkey", play, passkey=123456)
    with pytest.raises(vm.GuestFailed, match="PairingRefused"):
        await air.guest.ask("stream", tools=[tool.name], passkey=654321)
    with pytest.raises(vm.GuestFailed, match="PairingRefused"):
        await air.guest.ask("stream", tools=[tool.name])
    result = (await air.guest.ask("stream", tools=[tool.name], passkey=123456))[tool.name]
    check_whole(air, tool, play, result, "paired by passkey")


async def test_a_forgotten_tool_is_paired_anew_only_when_its_button_is_held(air: Any) -> None:
    play = air.play(2)
    tool = air.tool("forgot", play, play, pause_s=0.5)
    await air.guest.ask("stream", tools=[tool.name])
    await air.guest.ask("forget", tool=tool.name)
    with pytest.raises(vm.GuestFailed, match="PairingRefused"):
        await air.guest.ask("stream", tools=[tool.name])
    tool.press_button()
    result = (await air.guest.ask("stream", tools=[tool.name]))[tool.name]
    air.report("forgotten, paired anew", 200, result)
    assert (result["received"], result["lost"], result["duplicates"]) == (200, 0, 0)


async def test_a_tool_that_was_reset_is_told_and_mended_with_consent(air: Any) -> None:
    play = air.play(20)
    tool = air.tool("reset", play)
    await air.guest.ask("serve", tool="reset")
    await until(lambda: tool.sent > 300)
    await tool.peripheral.forget_bonds()
    tool.peripheral.bonding.bonded = True  # with a phone: it does not pair unless its button is held
    began_s = time.monotonic()
    tool.peripheral.lose_link()
    words, _ = await air.guest.ask("link_says", what="BondLost")
    told_s = time.monotonic() - began_s
    assert "Pair it" in words
    with pytest.raises(vm.GuestFailed, match="is not ready to be paired"):
        await air.guest.ask("mend")
    tool.press_button()
    await air.guest.ask("mend")
    result = await air.guest.ask("served", tool="reset")
    check_whole(air, tool, play, result, "tool reset, paired anew", f"told in {told_s:.1f} s")


async def test_at_the_edge_of_range_nobody_is_told_to_pair(air: Any) -> None:
    play = air.play(15)
    tool = air.tool("edge", play)
    await air.guest.ask("serve", tool="edge")
    await until(lambda: tool.sent > 300)
    air.link.rssi_dbm["edge"] = -90
    broken = 0

    def breaks(_: Any) -> None:
        nonlocal broken
        broken += 1
        if broken <= 12:
            asyncio.get_running_loop().call_soon(tool.peripheral.lose_link)

    tool.peripheral.bumble.on("connection", breaks)
    tool.peripheral.lose_link()
    await until(lambda: broken > 12)
    result = await air.guest.ask("served", tool="edge")
    _, errors = await air.guest.ask("link_says", what="asleep")
    assert "BondLost" not in errors and "ToolHeld" not in errors
    check_whole(air, tool, play, result, "12 links broken at once, far away")


async def test_a_tool_that_was_seen_free_is_told_to_be_held(air: Any) -> None:
    play = air.play(5)
    tool = air.tool("lent", play)
    await air.guest.ask("scan", seconds=2)  # free: what BlueZ remembers
    tool.press_button()
    async with (
        serve_hci(air.link, f"unix:{air.guest.out}/phone") as radio,
        open_adapter(radio) as phone,
        GripClient(await find_device("lent", adapter=phone), adapter=phone),
    ):
        await air.guest.ask("serve", tool="lent")
        words, errors = await air.guest.ask("link_says", what="ToolHeld")
        assert "phone" in words and "BondLost" not in errors
        released_s = time.monotonic()
    tool.press_button()
    result = await air.guest.ask("served", tool="lent")
    remark = f"all there {time.monotonic() - released_s:.1f} s after it was let go"
    check_whole(air, tool, play, result, "held by a phone", remark)


async def test_stored_sessions_are_handed_over_also_when_interrupted(air: Any) -> None:
    play = air.play(400)
    flash = air.guest.out / "flash"
    recorded = air.tool("stored", play, speed=100.0, waits=False, flash=flash)
    await recorded.done.wait()
    recorded.power_off()
    tool = air.tool("stored", air.play(1), flash=flash)
    packets = 0
    notify = tool.peripheral.notify

    async def counted(characteristic: Any, packet: bytes) -> None:
        nonlocal packets
        packets += characteristic is tool.peripheral.stored_data
        await notify(characteristic, packet)

    tool.peripheral.notify = counted
    taking = asyncio.ensure_future(air.guest.ask("stored", tool=tool.name))
    for least in (50, 120):
        await until(lambda least=least: packets > least)
        tool.peripheral.lose_link()
    result = await taking
    check_whole(air, tool, play, result, "stored session, cut off twice", f"{result['links']} links")
    assert result["links"] == 3
    assert not tool.log.sessions, "the tool was not told that it may forget"


async def test_the_hub_outlives_bluetoothd(air: Any) -> None:
    play = air.play(30)
    tools = [air.tool(f"hub-{i}", play) for i in range(3)]
    names = [tool.name for tool in tools]
    await air.guest.ask("start_hub", tools=names)
    for tool in tools:
        await until(lambda tool=tool: tool.sent > 300)
    links = [tool.peripheral.connection for tool in tools]
    await air.guest.ask("kill")
    await air.guest.ask("start")
    began_s = time.monotonic()
    for tool, link in zip(tools, links, strict=True):
        await until(lambda tool=tool, link=link: tool.peripheral.connection not in (None, link))
        sent = tool.sent
        await until(lambda tool=tool, sent=sent: tool.sent > sent)
    back_s = time.monotonic() - began_s
    for name, result in (await air.guest.ask("stop_hub", tools=names)).items():
        assert result["ended_by"] == "tool_slept"
        tool = tools[names.index(name)]
        check_whole(air, tool, play, result, f"bluetoothd killed, {name}", f"all back in {back_s:.1f} s")
