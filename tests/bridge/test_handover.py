"""Stored sessions over real bleak and GATT: what a tool kept while no hub was there."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from griphub.firmware_bridge.adapter import Adapter
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.discovery import find_device
from griphub.firmware_bridge.errors import LinkLost
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.samples import SampleBlock
from griphub.firmware_bridge.stored import StoredSession
from griphub.firmware_bridge.stream import StreamAssembler
from griphub.simulators.disturbance import Disturbance
from griphub.simulators.faults import FaultKind
from griphub.simulators.tool import SimulatedTool

FAST = 50.0


async def connected(adapter: Adapter, assembler: StreamAssembler | None = None) -> GripClient:
    return GripClient(await find_device(adapter=adapter), adapter=adapter, assembler=assembler)


def values(blocks: Any) -> list[float]:
    return np.concatenate([block.values for block in blocks]).tolist() if blocks else []


async def recorded(air: Any, *plays: Any, name: str = "ball3f2a", **options: Any) -> SimulatedTool:
    """A tool that recorded some plays while no hub was there, and is awake."""
    tool = air.tool(name, *plays, speed=FAST, waits=False, **options)
    await asyncio.wait_for(tool.done.wait(), 10)
    tool.press_button()
    return tool


async def take(grip: GripClient, **options: Any) -> list[StoredSession]:
    taken = []
    async for session in grip.stored(**options):
        taken.append(session)
        await grip.acknowledge(session)
    return taken


@pytest.fixture(autouse=True)
def nobody_waits_long_for_a_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("griphub.simulators.tool.LINGER_S", 2.0)


async def test_what_was_recorded_without_a_hub_comes_once(air: Any, adapter: Adapter) -> None:
    plays = [air.play(700), air.play(300)]
    tool = await recorded(air, *plays)
    async with await connected(adapter) as grip:
        assert grip.capabilities.stored
        taken = await take(grip)
        assert await take(grip) == []
    assert [values(session.blocks) for session in taken] == [play.values.tolist() for play in plays]
    assert [session.end_index for session in taken] == [700, 1000]
    assert {session.boot_id for session in taken} == {tool.boot_id}
    assert not any(session.cut or session.running or session.lost for session in taken)
    t_s = np.concatenate([block.t_s for block in taken[0].blocks])
    assert np.allclose(np.diff(t_s), 0.01)
    assert tool.log.sessions == []


async def test_an_unacknowledged_session_comes_again_but_not_what_the_hub_says_it_has(
    air: Any, adapter: Adapter
) -> None:
    play = air.play(500)
    tool = await recorded(air, play)
    async with await connected(adapter) as grip:
        for _ in range(2):
            (session,) = [session async for session in grip.stored()]
            assert values(session.blocks) == play.values.tolist()
        (rest,) = [
            s async for s in grip.stored(lambda boot_id: [(0, 123)] if boot_id == tool.boot_id else [])
        ]
        assert (rest.blocks[0].first_index, values(rest.blocks)) == (123, play.values[123:].tolist())
        (known,) = await take(grip, taken=lambda _: [(0, 500)])
        assert known.blocks == ()
    assert tool.log.sessions == []


async def test_an_interrupted_hand_over_goes_on_where_it_was(air: Any, adapter: Adapter) -> None:
    plays = [air.play(4000), air.play(900)]
    tool = await recorded(air, *plays, flash_samples=100_000)
    assembler, taken, losses = StreamAssembler("ball3f2a"), [], 0
    notify = tool.peripheral.notify
    left = [3, 9, 1, 14, 2]  # packets until the link is lost, again and again

    async def interrupted(characteristic: Any, packet: bytes) -> None:
        if characteristic is tool.peripheral.stored_data and left:
            left[0] -= 1
            if left[0] < 0:
                left.pop(0)
                tool.peripheral.lose_link()
                return
        await notify(characteristic, packet)

    tool.peripheral.notify = interrupted  # type: ignore[method-assign]
    while len(taken) < 2:
        try:
            async with await connected(adapter, assembler) as grip:
                taken += await take(grip)
        except LinkLost:
            losses += 1
    assert losses == 5
    assert [values(session.blocks) for session in taken] == [play.values.tolist() for play in plays]
    assert tool.log.sessions == []


async def test_lost_doubled_and_swapped_packets_cost_nothing(air: Any, adapter: Adapter) -> None:
    play = air.play(20_000)
    tool = await recorded(air, play, name="ball9999")
    trouble = Disturbance(HostClock(), "7", lambda _: None, own=False)
    trouble.rates.update({FaultKind.DROP: 0.05, FaultKind.DUPLICATE: 0.05, FaultKind.REORDER: 0.05})
    async with await connected(adapter) as grip:
        await grip.set_time(1_767_225_600)  # answers are notifications' cousins and stay whole
        air.link.disturbances["ball9999"] = trouble
        (session,) = await take(grip)
    assert values(session.blocks) == play.values.tolist()
    assert session.lost == 0
    assert tool.log.sessions == []


async def test_power_loss_ends_a_session_and_loses_none_of_it(
    air: Any, adapter: Adapter, tmp_path: Path
) -> None:
    play, flash = air.play(100_000), tmp_path / "flash"
    first = air.tool("ball3f2a", play, speed=FAST, waits=False, flash=flash)
    while sum(len(session.raw) for session in first.log.sessions) < 1000:
        await asyncio.sleep(0.01)
    first.power_off()
    kept = len(first.log.sessions[0].raw)
    await asyncio.sleep(0)
    second = air.tool("ball3f2a", air.play(50), speed=FAST, flash=flash)
    async with await connected(adapter) as grip:
        (session,) = await take(grip)
        assert (session.cut, session.boot_id, session.epoch_s) == (True, first.boot_id, None)
        assert grip.tool.boot_id == second.boot_id != first.boot_id
        live = [block async for block in grip.samples()]
    assert values(session.blocks) == play.values[: session.end_index].tolist()
    assert session.end_index >= kept
    assert sum(map(len, live)) == 50  # another life, from its own beginning


async def test_a_tool_that_was_told_the_time_tells_when_it_was_switched_on(
    air: Any, adapter: Adapter
) -> None:
    clock = HostClock()
    tool = air.tool("ball3f2a", air.play(30), waits=False)
    switched_on_s = clock.utc_s()
    async with await connected(adapter) as grip:
        await grip.set_time(clock.utc_s())
    await asyncio.wait_for(tool.done.wait(), 5)
    tool.press_button()
    async with await connected(adapter) as grip:
        sessions = [s async for s in grip.stored()]
    assert sessions
    assert all(s.epoch_s == pytest.approx(switched_on_s, abs=0.05) for s in sessions)


async def test_a_hub_that_comes_in_the_middle_gets_all_of_it_once(air: Any, adapter: Adapter) -> None:
    play = air.play(300)
    tool = air.tool("ball3f2a", play, waits=False)
    blocks: list[SampleBlock] = []
    while not tool.log.sessions or len(tool.log.sessions[0].raw) < 50:
        await asyncio.sleep(0.01)
    async with await connected(adapter) as grip:
        async for session in grip.stored():
            assert session.running
            blocks += session.blocks
        assert len(values(blocks)) >= 50
        async for block in grip.samples():
            blocks.append(block)
        assert grip.assembler.lost == 0
        assert [len(s.raw) for s in tool.log.sessions] == [300]
        await grip.acknowledge_live()
    assert values(blocks) == play.values.tolist()
    assert tool.log.sessions == []


async def test_a_session_that_began_before_the_stream_is_not_given_up_for_it(
    air: Any, adapter: Adapter
) -> None:
    tool = air.tool("ball3f2a", air.play(100), waits=False)
    while not tool.log.sessions or len(tool.log.sessions[0].raw) < 20:
        await asyncio.sleep(0.01)
    async with await connected(adapter) as grip:
        async for _ in grip.samples():  # without having asked what is stored
            pass
        await grip.acknowledge_live()
        assert grip.assembler.received < 100
        (session,) = [s async for s in grip.stored()]
        assert len(values(session.blocks)) == 100


async def test_a_lost_link_is_made_up_for_by_the_stream_alone(air: Any, adapter: Adapter) -> None:
    play = air.play(250)
    tool = air.tool("ball3f2a", play)
    assembler, blocks, stored = StreamAssembler("ball3f2a"), [], []
    for attempt in range(3):
        try:
            async with await connected(adapter, assembler) as grip:
                stored += [session async for session in grip.stored()]
                async for block in grip.samples():
                    blocks.append(block)
                    if attempt < 2 and len(blocks) in (10, 30):
                        tool.peripheral.lose_link()
                await grip.acknowledge_live()
        except LinkLost:
            assert attempt < 2
    assert values(blocks) == play.values.tolist()
    assert [len(session.blocks) for session in stored if session.blocks] == []  # nothing twice
    assert tool.log.sessions == []


async def test_erase(air: Any, adapter: Adapter) -> None:
    tool = await recorded(air, air.play(50), air.play(50))
    async with await connected(adapter) as grip:
        await grip.erase()
        assert await take(grip) == []
    assert tool.log.sessions == []
