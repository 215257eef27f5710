"""A simulated tool seen from the air: what a hub hears without the bridge's help."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from griphub.firmware_bridge.adapter import open_adapter
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.commands import Command, Response
from griphub.firmware_bridge.discovery import find_device
from griphub.firmware_bridge.packets import RAW_CLIPPED, RAW_MISSING, ForcePacket
from griphub.firmware_bridge.profile import (
    BATTERY_LEVEL,
    CONTROL_POINT,
    FORCE,
    FORCE_STREAM,
    Opcode,
    WireKind,
    WireUnit,
)
from griphub.simulators.plays import Play
from griphub.simulators.radio import VirtualLink, serve_hci
from griphub.simulators.tool import PlayEnded, PlayStarted, SimulatedTool


def play(values: Any, rate_hz: float = 100.0) -> Play:
    values = np.asarray(values, dtype=float)
    return Play(np.arange(values.size) / rate_hz, values, WireUnit.KILOPASCAL, -1, rate_hz, (), "made up")


async def hear(
    tmp_path: Path, *plays: Play, speed: float = 1.0
) -> tuple[list[Response], list[ForcePacket], Any]:
    """Let plain bleak start a tool and note everything until it has gone to sleep for good."""
    link, events = VirtualLink(), []
    tool = SimulatedTool(
        "putty7",
        WireKind.PUTTY,
        plays,
        link=link,
        clock=HostClock(speed),
        pause_s=0.05,
        observer=events.append,
    )
    answers: list[Response] = []
    packets: list[ForcePacket] = []
    async with serve_hci(link, f"unix:{tmp_path}/hci") as radio, open_adapter(radio) as adapter:
        life = asyncio.create_task(tool.run())
        for _ in plays:
            gone = asyncio.Event()
            client = adapter.client(await find_device(adapter=adapter), lambda _, gone=gone: gone.set())
            async with client:
                await client.pair()
                await client.start_notify(CONTROL_POINT, lambda _, d: answers.append(Response.from_bytes(d)))
                await client.start_notify(
                    FORCE_STREAM, lambda _, d: packets.append(ForcePacket.from_bytes(d))
                )
                await client.write_gatt_char(CONTROL_POINT, bytes(Command(Opcode.START)), response=True)
                await asyncio.wait_for(gone.wait(), 10)
        await asyncio.wait_for(tool.done.wait(), 2)
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
    return answers, packets, events


async def test_packets_hold_50_ms_and_index_and_tick_go_on_from_play_to_play(tmp_path: Path) -> None:
    answers, packets, events = await hear(tmp_path, play(np.arange(12) / 10), play(np.arange(7) / 10))
    assert [len(p.raw) for p in packets] == [5, 5, 2, 0, 5, 2, 0]
    assert [p.index for p in packets] == [0, 5, 10, 12, 12, 17, 19]
    assert [p.end for p in packets] == [False, False, False, True, False, False, True]
    assert sorted(p.tick for p in packets) == [p.tick for p in packets]
    assert np.diff([p.tick for p in packets[:3]]).tolist() == [5000, 5000]
    assert [r for p in packets[:3] for r in p.raw] == list(range(12))
    assert [a.tells.next_index for a in answers] == [0, 12]
    assert [type(e) for e in events] == [PlayStarted, PlayEnded] * 2
    assert [e.first_index for e in events[::2]] == [0, 12]
    assert [e.sent for e in events[1::2]] == [12, 7]


async def test_a_fast_clock_fills_packets_to_the_mtu(tmp_path: Path) -> None:
    _, packets, _ = await hear(tmp_path, play(np.zeros(600)), speed=50)
    assert [len(p.raw) for p in packets] == [250, 250, 100, 0]


async def test_what_a_sensor_cannot_read_is_marked(tmp_path: Path) -> None:
    _, packets, _ = await hear(tmp_path, play([1, np.nan, 9e9, -9e9]))
    assert packets[0].raw == (10, RAW_MISSING, RAW_CLIPPED, RAW_MISSING + 1)


@pytest.mark.parametrize("name", ["", "Ball1", "-ball", "ball 1", "ball12345", "bäll"])
def test_a_name_must_fit_the_advertisement_and_the_hub(name: str) -> None:
    async def make() -> None:
        SimulatedTool(name, WireKind.BALL, [], link=VirtualLink(), clock=HostClock())

    with pytest.raises(ValueError, match="no tool name"):
        asyncio.run(make())


@asynccontextmanager
async def at_hand(tmp_path: Path, *plays: Play, **options: Any) -> AsyncIterator[tuple[SimulatedTool, Any]]:
    """A tool, and plain bleak that has paired with it."""
    link, clock = VirtualLink(), HostClock(options.pop("speed", 1.0))
    tool = SimulatedTool("putty7", WireKind.PUTTY, plays, link=link, clock=clock, pause_s=0.05, **options)
    async with serve_hci(link, f"unix:{tmp_path}/hci") as radio, open_adapter(radio) as adapter:
        life = asyncio.create_task(tool.run())
        try:
            client = adapter.client(await find_device(adapter=adapter))
            async with client:
                await client.pair()
                yield tool, client
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)


async def notified(client: Any, uuid: str) -> asyncio.Queue[bytes]:
    came: asyncio.Queue[bytes] = asyncio.Queue()
    await client.start_notify(uuid, lambda _, data: came.put_nowait(bytes(data)))
    return came


def newtons(values: Any) -> Play:
    return replace(play(values), unit=WireUnit.NEWTON, exponent=-2)


async def test_any_reader_gets_force_in_millinewtons(tmp_path: Path) -> None:
    async with at_hand(tmp_path, newtons([12.34] * 400), waits=False) as (_, client):
        came = await notified(client, FORCE)
        assert await asyncio.wait_for(came.get(), 2) == (12340).to_bytes(4, "little", signed=True)
        assert await client.read_gatt_char(FORCE) == (12340).to_bytes(4, "little", signed=True)


async def test_a_tool_that_is_not_calibrated_in_newtons_shows_no_force(tmp_path: Path) -> None:
    async with at_hand(tmp_path, play([1.0] * 100)) as (_, client):
        assert await client.read_gatt_char(FORCE) == b"\xff\xff\xff\x7f"


async def test_the_battery_falls_is_told_and_dies(tmp_path: Path) -> None:
    link, clock = VirtualLink(), HostClock()
    tool = SimulatedTool("putty7", WireKind.PUTTY, [play([1.0])], link=link, clock=clock, battery_s=0.5)
    await asyncio.wait_for(tool.run(), 5)  # ends by itself
    assert tool.battery_percent == 0

    async with at_hand(tmp_path, play([1.0] * 100)) as (tool, client):
        came = await notified(client, BATTERY_LEVEL)
        assert (await client.read_gatt_char(BATTERY_LEVEL))[0] == 87
        tool.battery_percent = 9
        assert await asyncio.wait_for(came.get(), 2) == b"\x09"


async def test_a_stream_is_never_silent_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("griphub.simulators.sending.HEARTBEAT_S", 0.05)
    async with at_hand(tmp_path, play([1.0] * 200), packet_s=1.0) as (_, client):
        await client.start_notify(CONTROL_POINT, lambda *_: None)
        came = await notified(client, FORCE_STREAM)
        await client.write_gatt_char(CONTROL_POINT, bytes(Command(Opcode.START)), response=True)
        packets = [ForcePacket.from_bytes(await asyncio.wait_for(came.get(), 2)) for _ in range(5)]
    assert all(not packet.raw and not packet.end for packet in packets)
