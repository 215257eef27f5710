"""Real bleak, real GATT and real pairing over the virtual radio."""

import asyncio
from typing import Any

import numpy as np
import pytest
from bleak.exc import BleakDBusError, BleakGATTProtocolError, BleakGATTProtocolErrorCode
from bumble import hci
from bumble.device import Device, DeviceConfiguration

from griphub.firmware_bridge import link as link_module
from griphub.firmware_bridge.adapter import Adapter, open_adapter
from griphub.firmware_bridge.bumble_backend import BumbleClient
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.commands import Command, Response
from griphub.firmware_bridge.discovery import find_device
from griphub.firmware_bridge.errors import (
    BondLost,
    LinkLost,
    PairingRefused,
    ToolRefused,
    UnsupportedTool,
)
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.packets import ToolInfo
from griphub.firmware_bridge.profile import (
    CONTROL_POINT,
    FORCE,
    FORCE_STREAM,
    STORED_DATA,
    TOOL_INFO,
    Opcode,
    Status,
    WireKind,
    WireUnit,
)
from griphub.firmware_bridge.samples import SampleBlock, ToolKind, Unit
from griphub.firmware_bridge.stream import StreamAssembler
from griphub.simulators.disturbance import Disturbance
from griphub.simulators.faults import FaultKind
from griphub.simulators.peripheral import Peripheral, advertisement
from griphub.simulators.plays import Play
from griphub.simulators.radio import VirtualController


async def collect(grip: GripClient) -> list[SampleBlock]:
    return [block async for block in grip.samples()]


def joined(blocks: list[SampleBlock]) -> tuple[Any, Any]:
    return np.concatenate([b.t_s for b in blocks]), np.concatenate([b.values for b in blocks])


async def test_a_play_arrives_sample_by_sample_and_ends(air: Any, adapter: Adapter) -> None:
    play = air.play(120)
    tool = air.tool("ball3f2a", play)
    async with GripClient(await find_device("BALL3F2A", adapter=adapter), adapter=adapter) as grip:
        blocks = await collect(grip)
    t_s, values = joined(blocks)
    assert np.array_equal(values, play.values)
    assert np.allclose(np.diff(t_s), 0.01)
    assert {len(block) for block in blocks} == {5}  # 20 packets a second
    assert (grip.assembler.received, grip.assembler.lost, grip.assembler.rejected, tool.sent) == (
        120,
        0,
        0,
        120,
    )
    assert grip.overflowed == 0


async def test_an_uneven_recording_keeps_its_own_times(air: Any, adapter: Adapter) -> None:
    t_s = np.array([0, 0.013, 0.02, 0.9, 0.9000001, 1.7, 1.71])  # one gap is longer than a step can say
    play = Play(t_s, np.arange(7.0), WireUnit.KILOPASCAL, 0, 0.0, (), "uneven")
    air.tool("putty1", play, speed=5)
    async with GripClient(await find_device(adapter=adapter), adapter=adapter) as grip:
        assert grip.tool.rate_hz == 0
        blocks = await collect(grip)
    received_s, values = joined(blocks)
    assert values.tolist() == play.values.tolist()
    assert received_s - received_s[0] == pytest.approx(t_s, abs=2e-5)
    assert {(block.unit, block.fs_hz) for block in blocks} == {(Unit.KILOPASCAL, 0.0)}


async def test_a_tool_describes_itself_and_obeys(air: Any, adapter: Adapter) -> None:
    tool = air.tool("ball3f2a", air.play(40))
    async with GripClient(await find_device(adapter=adapter), adapter=adapter) as grip:
        assert (grip.tool.tool_id, grip.tool.kind, grip.tool.model) == (
            "ball3f2a",
            ToolKind.BALL,
            "simulated ball",
        )
        assert (grip.tool.boot_id, grip.tool.rate_hz, grip.tool.simulated) == (tool.boot_id, 100, True)
        assert grip.tool.battery_percent == await grip.battery() == 87
        assert not tool.blinking
        await grip.identify(5)
        assert tool.blinking
        await grip.set_time(1_767_225_600.5)
        assert tool._commands.utc_ms == 1_767_225_600_500
        await grip.set_rate(100)
        with pytest.raises(ToolRefused) as refused:
            await grip.set_rate(50)
        assert (refused.value.command, refused.value.status) == ("SET_RATE", "BAD_PARAMETER")
        await grip.tare()
        _, values = joined(await collect(grip))
    play = air.play(40)
    assert values == pytest.approx(play.values - play.values[0], abs=1e-9)


async def test_one_command_right_behind_the_other(air: Any, adapter: Adapter) -> None:
    tool = air.tool("ball3f2a", air.play(40))
    async with GripClient(await find_device(adapter=adapter), adapter=adapter) as grip:
        for _ in range(20):
            await grip.tare()
            await grip.identify(1)
        assert tool.blinking
        assert sum(map(len, await collect(grip))) == 40  # and START right behind


async def test_stop_ends_the_stream_and_start_brings_what_came_meanwhile(air: Any, adapter: Adapter) -> None:
    play = air.play(200)
    air.tool("ball3f2a", play)
    async with GripClient(await find_device(adapter=adapter), adapter=adapter) as grip:
        blocks = []
        async for block in grip.samples():
            blocks.append(block)
            if block.end_index == 50:
                await grip.stop()
        assert 50 <= blocks[-1].end_index < 200
        await asyncio.sleep(0.12)  # the child squeezes on: 12 samples that nobody hears
        rest = await collect(grip)
        assert (grip.assembler.received, grip.assembler.lost) == (200, 0)
    assert joined([*blocks, *rest])[1].tolist() == play.values.tolist()


async def test_a_link_loss_costs_no_sample(air: Any, adapter: Adapter) -> None:
    play = air.play(200)
    tool = air.tool("ball3f2a", play)
    assembler, blocks = StreamAssembler("ball3f2a"), []
    with pytest.raises(LinkLost) as lost:
        async with GripClient(
            await find_device(adapter=adapter), adapter=adapter, assembler=assembler
        ) as grip:
            async for block in grip.samples():
                blocks.append(block)
                if block.end_index == 50:
                    tool.peripheral.lose_link()
    assert lost.value.tool == "ball3f2a"
    async with GripClient(await find_device(adapter=adapter), adapter=adapter, assembler=assembler) as grip:
        blocks += await collect(grip)
    assert joined(blocks)[1].tolist() == play.values.tolist()  # each once, in order
    assert (assembler.received, assembler.lost, assembler.rejected) == (200, 0, 0)
    assert tool.sent == 200


async def test_a_flash_that_is_too_small_costs_an_exactly_known_gap(air: Any, adapter: Adapter) -> None:
    play = air.play(400)
    tool = air.tool("ball3f2a", play, speed=4, flash_samples=50)
    assembler, blocks = StreamAssembler("ball3f2a"), []
    with pytest.raises(LinkLost):
        async with GripClient(
            await find_device(adapter=adapter), adapter=adapter, assembler=assembler
        ) as grip:
            async for block in grip.samples():
                blocks.append(block)
                if block.end_index == 40:
                    tool.peripheral.lose_link()
    await asyncio.sleep(0.5)  # 200 samples, of which 50 fit
    async with GripClient(await find_device(adapter=adapter), adapter=adapter, assembler=assembler) as grip:
        after = await collect(grip)
    assert after[0].lost == after[0].first_index - blocks[-1].end_index > 0
    assert assembler.received + assembler.lost == 400
    for block in [*blocks, *after]:  # not a single sample is out of place
        assert block.values.tolist() == play.values[block.first_index : block.end_index].tolist()


async def test_a_hub_that_missed_the_end_gets_the_rest(air: Any, adapter: Adapter) -> None:
    tool = air.tool("ball3f2a", air.play(60), speed=2)
    assembler = StreamAssembler("ball3f2a")
    with pytest.raises(LinkLost):
        async with GripClient(
            await find_device(adapter=adapter), adapter=adapter, assembler=assembler
        ) as grip:
            async for _ in grip.samples():
                tool.peripheral.lose_link()
    await asyncio.sleep(0.5)  # the play is over meanwhile
    async with GripClient(await find_device(adapter=adapter), adapter=adapter, assembler=assembler) as grip:
        await collect(grip)
    assert (assembler.received, assembler.lost, assembler.ended) == (60, 0, True)
    await asyncio.wait_for(tool.done.wait(), 3)


async def test_dropped_packets_are_lost_samples(air: Any, adapter: Adapter) -> None:
    air.tool("ball3f2a", air.play(400), speed=5)
    trouble = air.link.disturbances["ball3f2a"] = Disturbance(HostClock(), "3", lambda _: None)
    trouble.rates[FaultKind.DROP] = 0.3
    async with GripClient(await find_device(adapter=adapter), adapter=adapter) as grip:
        blocks = await collect(grip)
    assert grip.assembler.received + grip.assembler.lost == 400
    assert grip.assembler.lost == sum(block.lost for block in blocks) > 0


async def test_a_slow_reader_loses_the_oldest_and_knows(
    air: Any, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "QUEUE_PACKETS", 4)
    tool = air.tool("ball3f2a", air.play(100))
    async with GripClient(await find_device(adapter=adapter), adapter=adapter) as grip:
        blocks = []
        async for block in grip.samples():
            if not blocks:
                await asyncio.wait_for(tool.done.wait(), 5)
            blocks.append(block)
    assert grip.overflowed == 100 // 5 + 1 - 1 - 4  # with the end; one was read in time, four waited
    assert (len(blocks[0]), blocks[1].lost, grip.assembler.received) == (5, 80, 20)


async def test_many_tools_at_once_without_a_loss(air: Any, adapter: Adapter) -> None:
    names = [f"ball{i}" for i in range(8)]
    for name in names:
        air.tool(name, air.play(100))

    async def stream(name: str) -> StreamAssembler:
        async with GripClient(await find_device(name, adapter=adapter), adapter=adapter) as grip:
            await collect(grip)
            return grip.assembler

    for assembler in await asyncio.gather(*map(stream, names)):
        assert (assembler.received, assembler.lost, assembler.rejected) == (100, 0, 0)


@pytest.mark.parametrize("what", ["control", "force", CONTROL_POINT, FORCE_STREAM, STORED_DATA, FORCE])
async def test_without_encryption_only_harmless_things_are_open(
    air: Any, adapter: Adapter, what: str
) -> None:
    air.tool()
    client = adapter.client(await find_device(adapter=adapter))
    async with client:
        assert ToolInfo.from_bytes(await client.read_gatt_char(TOOL_INFO)).simulated
        # Service Changed: where this is refused, BlueZ pairs beside the hub
        await client.start_notify("2a05", lambda *_: None)
        with pytest.raises(BleakGATTProtocolError) as refused:
            if what == "control":
                await client.write_gatt_char(CONTROL_POINT, bytes(Command(Opcode.START)), response=True)
            elif what == "force":
                await client.read_gatt_char(FORCE)
            else:
                await client.start_notify(what, lambda *_: None)
        assert refused.value.code == BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION


async def test_commands_out_of_turn_and_unknown_ones(air: Any, adapter: Adapter) -> None:
    air.tool()
    client = adapter.client(await find_device(adapter=adapter))
    answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def ask(data: bytes) -> None:
        await client.write_gatt_char(CONTROL_POINT, data, response=True)

    async with client:
        await client.pair()
        with pytest.raises(BleakGATTProtocolError) as refused:
            await ask(b"\x01")
        assert refused.value.code == 0xFD  # no answer could be sent
        await client.start_notify(CONTROL_POINT, lambda _, data: answers.put_nowait(bytes(data)))
        with pytest.raises(BleakGATTProtocolError) as refused:
            await ask(b"")
        assert refused.value.code == BleakGATTProtocolErrorCode.INVALID_ATTRIBUTE_VALUE_LENGTH
        for data, status in [
            (b"\x14\x01", Status.UNKNOWN_OPCODE),
            (b"\x80", Status.UNKNOWN_OPCODE),
            (b"\xff", Status.UNKNOWN_OPCODE),
            (b"\x04", Status.BAD_PARAMETER),
            (b"\x05\0\0", Status.BAD_PARAMETER),
            (b"\x11\0\0", Status.BAD_PARAMETER),
            (bytes(Command(Opcode.FETCH, 7, 0)), Status.NOT_FOUND),
            (bytes(Command(Opcode.ACKNOWLEDGE, 7, 0)), Status.NOT_FOUND),
        ]:
            await ask(data)
            assert await asyncio.wait_for(answers.get(), 1) == bytes([0x80, data[0], status])


async def test_a_bond_outlasts_both_sides(air: Any, bonds: Any, tmp_path: Any) -> None:
    tool_bonds = tmp_path / "tool.json"
    boots = []
    for _ in range(2):
        tool = air.tool("ball3f2a", air.play(10), bonds=tool_bonds)
        async with (
            open_adapter(air.radio, bonds=bonds) as adapter,
            GripClient(await find_device(adapter=adapter), adapter=adapter) as grip,
        ):
            assert len(joined(await collect(grip))[1]) == 10
            boots.append(grip.tool.boot_id)
        await asyncio.wait_for(tool.done.wait(), 2)
        key = (bonds / "bonds.json").read_text()
        assert (bonds.stat().st_mode & 0o777) == 0o700
        if len(boots) == 1:
            first_key = key
    assert key == first_key  # nobody paired again
    assert boots[0] != boots[1]


async def test_a_lost_bond_is_told_and_mended_on_request(air: Any, adapter: Adapter) -> None:
    tool = air.tool()
    device = await find_device(adapter=adapter)
    async with GripClient(device, adapter=adapter):
        pass
    await tool.peripheral.forget_bonds()
    for _ in range(2):  # the hub does not pair anew behind anybody's back
        with pytest.raises(BondLost):
            async with GripClient(await find_device(adapter=adapter), adapter=adapter):
                pass
    await adapter.forget(device)
    async with GripClient(await find_device(adapter=adapter), adapter=adapter) as grip:
        await grip.tare()


def peripheral(air: Any, name: str = "odd1", **options: Any) -> Peripheral:
    async def obey(data: bytes) -> Response:
        return await asyncio.Future()  # never

    made = Peripheral(
        name,
        air.link,
        **{
            "model": "odd",
            "info": lambda: bytes(ToolInfo(WireKind.BALL, 1, 100, WireUnit.NEWTON)),
            "obey": obey,
            **options,
        },
    )
    air.run(made.run())
    made.show()
    return made


@pytest.mark.parametrize("info", [b"\x02\x01\x00\x34\x12\xed\x5e\x64\x00", b"\x01\x09" + bytes(7), b"\x01"])
async def test_a_tool_of_another_version_or_kind_is_not_used(air: Any, adapter: Adapter, info: bytes) -> None:
    peripheral(air, info=lambda: info)
    with pytest.raises(UnsupportedTool):
        async with GripClient(await find_device(adapter=adapter), adapter=adapter):
            pass


async def test_a_device_without_our_service_is_not_used(air: Any, adapter: Adapter) -> None:
    controller = VirtualController("other", link=air.link)
    config = DeviceConfiguration(
        name="liar",
        address=hci.Address("C0:00:00:00:00:07"),
        advertising_data=advertisement("liar").data()[0],
        advertising_interval_min=20,
    )
    device = Device.from_config_with_hci(config, controller, controller)
    await device.power_on()
    await device.start_advertising(auto_restart=True)
    with pytest.raises(UnsupportedTool):
        async with GripClient(await find_device("liar", adapter=adapter), adapter=adapter):
            pass
    controller.le_legacy_advertiser.stop()


async def test_a_tool_that_does_not_answer_costs_the_link_not_the_program(
    air: Any, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = asyncio.Event()
    peripheral(air, left=left.set)
    async with GripClient(await find_device(adapter=adapter), adapter=adapter) as grip:
        monkeypatch.setattr("griphub.firmware_bridge.gatt.CALL_DEADLINE_S", 0.2)
        with pytest.raises(LinkLost):
            await grip.tare()
        await asyncio.wait_for(left.wait(), 1)
        with pytest.raises(LinkLost):
            await grip.battery()


async def test_a_link_lost_during_a_command_is_told_at_once(air: Any, adapter: Adapter) -> None:
    made = peripheral(air)
    async with GripClient(await find_device(adapter=adapter), adapter=adapter) as grip:
        asyncio.get_running_loop().call_later(0.1, made.lose_link)
        async with asyncio.timeout(1):
            with pytest.raises(LinkLost):
                await grip.tare()


async def test_a_tool_that_refuses_to_pair_is_told_apart(air: Any, adapter: Adapter) -> None:
    made = peripheral(air)
    made.bonding.bonded = True  # to somebody else, and nobody held the button
    with pytest.raises(PairingRefused):
        async with GripClient(await find_device(adapter=adapter), adapter=adapter):
            pass


@pytest.mark.parametrize("error", ["AlreadyExists", "AuthenticationFailed"])
async def test_a_bluez_that_paired_by_itself_has_paired(
    air: Any, adapter: Adapter, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    async def pair(client: BumbleClient) -> None:
        await paired(client)
        raise BleakDBusError(f"org.bluez.Error.{error}", ["as BlueZ says it"])

    paired = BumbleClient.pair
    monkeypatch.setattr(BumbleClient, "pair", pair)
    air.tool()
    client = GripClient(await find_device(adapter=adapter), adapter=adapter)
    if error == "AlreadyExists":
        async with client:
            await client.tare()
    else:
        with pytest.raises(PairingRefused, match=error):
            await client.__aenter__()


async def test_a_tool_leaves_the_goodbye_to_the_hub(
    air: Any, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.simulators.peripheral.GOODBYE_S", 60.0)
    tool = air.tool("ball3f2a", air.play(20))
    async with GripClient(await find_device(adapter=adapter), adapter=adapter) as grip:
        await collect(grip)
        assert await grip.battery() == 87
    await asyncio.wait_for(tool.done.wait(), 2)


async def test_an_assembler_belongs_to_one_tool(air: Any, adapter: Adapter) -> None:
    air.tool()
    with pytest.raises(ValueError, match="other"):
        async with GripClient(
            await find_device(adapter=adapter), adapter=adapter, assembler=StreamAssembler("other")
        ):
            pass


async def test_the_example_of_the_documentation_needs_no_adapter(air: Any) -> None:
    air.tool("ball3f2a", air.play(20))
    async with GripClient(await find_device("ball3f2a", radio=air.radio)) as grip:
        await grip.tare()
        assert sum([len(block) async for block in grip.samples()]) == 20
