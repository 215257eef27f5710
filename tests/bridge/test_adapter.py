"""The radio itself: found, lost, missing, busy; and in a process that is killed."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from bleak.exc import BleakError
from bumble import hci
from bumble.gatt import Characteristic
from bumble.pairing import PairingConfig, PairingDelegate

from griphub.firmware_bridge.adapter import Adapter, open_adapter
from griphub.firmware_bridge.bumble_radio import MAX_HEARD, Passkey
from griphub.firmware_bridge.discovery import find_device, scan
from griphub.firmware_bridge.errors import (
    AdapterUnavailable,
    BondLost,
    DeviceNotFound,
    LinkLost,
    NoFreeSlot,
    PairingRefused,
)
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.profile import FORCE_STREAM, GRIP_SERVICE
from griphub.firmware_bridge.stream import StreamAssembler
from griphub.simulators.gatt import Advert, VirtualDevice


async def test_scan_hears_every_tool(air: Any, adapter: Adapter) -> None:
    for name in ("ball1", "ball2", "putty1"):
        air.tool(name)
    heard = await scan(0.5, adapter=adapter)
    assert sorted(a.name for a in heard) == ["ball1", "ball2", "putty1"]
    assert all(a.is_grip_tool and a.rssi_dbm == -50 for a in heard)


async def test_two_scanners_share_the_radio(air: Any, adapter: Adapter) -> None:
    air.tool("ball1")
    async with adapter.scanner():
        assert await scan(0.3, adapter=adapter)
        assert await find_device("ball1", adapter=adapter)


async def test_a_tool_that_is_not_there(adapter: Adapter) -> None:
    with pytest.raises(DeviceNotFound) as missing:
        await find_device("ball9", timeout_s=0.2, adapter=adapter)
    assert (missing.value.wanted, missing.value.timeout_s) == ("ball9", 0.2)


async def test_a_tool_that_fell_asleep_does_not_block_the_radio(air: Any, adapter: Adapter) -> None:
    asleep, awake = air.tool("ball1"), air.tool("ball2")
    device, other = [await find_device(t.name, adapter=adapter) for t in (asleep, awake)]
    await asleep.peripheral.hide()
    with pytest.raises((BleakError, TimeoutError)):
        await adapter.client(device, timeout=0.3).connect()
    async with adapter.client(other) as client:
        assert client.is_connected


async def test_a_cancelled_connection_does_not_block_the_radio(air: Any, adapter: Adapter) -> None:
    asleep, awake = air.tool("ball1"), air.tool("ball2")
    device, other = [await find_device(t.name, adapter=adapter) for t in (asleep, awake)]
    await asleep.peripheral.hide()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await adapter.client(device).connect()
    async with adapter.client(other) as client:
        assert client.is_connected


async def test_of_two_hubs_one_gets_the_tool(air: Any, adapter: Adapter) -> None:
    air.tool("ball1")
    async with open_adapter(air.radio) as second:
        clients = [a.client(await find_device("ball1", adapter=a)) for a in (adapter, second)]
        async with asyncio.timeout(3):
            results = await asyncio.gather(*(c.connect() for c in clients), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["BleakError", "NoneType"]
        await asyncio.gather(*(c.disconnect() for c in clients))


@pytest.mark.parametrize(
    "radio", ["unix:/nowhere/hci", "tcp-client:127.0.0.1:1", "tcp-client:x", "soup:1", "x"]
)
async def test_no_such_radio(radio: str) -> None:
    with pytest.raises(AdapterUnavailable) as error:
        async with open_adapter(radio):
            pass
    assert error.value.adapter == radio
    assert str(error.value).endswith("Run `griphub doctor` to see why.")


async def test_a_radio_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("griphub.firmware_bridge.adapter.OPEN_DEADLINE_S", 0.2)
    opened = []
    server = await asyncio.start_unix_server(lambda _, w: opened.append(w), tmp_path / "deaf")
    with pytest.raises(AdapterUnavailable, match="did not answer"):
        async with open_adapter(f"unix:{tmp_path}/deaf"):
            pass
    for writer in opened:
        writer.close()
        await writer.wait_closed()
    server.close()


async def test_bonds_that_are_none(air: Any, tmp_path: Path) -> None:
    (tmp_path / "bonds").mkdir()
    (tmp_path / "bonds" / "bonds.json").write_text("{broken")
    with pytest.raises(AdapterUnavailable, match=r"bonds\.json"):
        async with open_adapter(air.radio, bonds=tmp_path / "bonds"):
            pass


async def test_this_machine_has_bluetooth_or_says_that_not() -> None:
    try:
        async with open_adapter() as adapter:
            assert adapter.radio == "system"
    except AdapterUnavailable as error:
        assert error.adapter == "system"


async def test_somebody_types_the_digits_that_a_tool_shows(air: Any, bonds: Path) -> None:
    secret = Characteristic(
        FORCE_STREAM,
        Characteristic.Properties.READ,
        Characteristic.READABLE | Characteristic.READ_REQUIRES_AUTHENTICATION,
        b"42",
    )
    shown: asyncio.Queue[int] = asyncio.Queue()

    class Display(PairingDelegate):
        async def display_number(self, number: int, digits: int) -> None:
            shown.put_nowait(number)

    def pairing(_: object) -> PairingConfig:
        return PairingConfig(sc=True, mitm=True, delegate=Display(PairingDelegate.DISPLAY_OUTPUT_ONLY))

    device = VirtualDevice("safe1", air.link, Advert("safe1"), {GRIP_SERVICE: [secret]})
    device.bumble.pairing_config_factory = pairing
    air.run(device.run())
    device.show()
    asked: list[str] = []

    async def misread(address: str) -> int:
        asked.append(address)
        return (await shown.get() + 1) % 1_000_000

    async def read(address: str) -> int:
        asked.append(address)
        return await shown.get()

    async def nobody(address: str) -> int:
        raise PairingRefused(address, "nobody is there")

    async def secret_with(passkey: Passkey) -> bytes:
        async with open_adapter(air.radio, bonds=bonds, passkey=passkey) as adapter:
            found = await find_device("safe1", adapter=adapter)
            async with adapter.client(found) as client, asyncio.timeout(5):
                await client.pair()
                assert await adapter.bonded(found)
                return bytes(await client.read_gatt_char(FORCE_STREAM))

    for passkey in (misread, nobody):
        with pytest.raises(BleakError):
            await secret_with(passkey)
        while not shown.empty():
            shown.get_nowait()
    assert await secret_with(read) == b"42"
    assert asked == [device.address] * 2


async def test_a_flood_of_addresses_fills_no_memory(air: Any, adapter: Adapter) -> None:
    assert adapter._bumble
    heard: set[str] = set()
    async with adapter.scanner(lambda device, _: heard.add(device.address)) as scanner:
        for n in range(3 * MAX_HEARD):
            address = hci.Address(n.to_bytes(5, "little") + b"\xc0", hci.Address.RANDOM_DEVICE_ADDRESS)
            report = hci.HCI_LE_Advertising_Report_Event.Report(
                event_type=3, address_type=1, address=address, data=b"\x02\x01\x06", rssi=-50
            )
            adapter._bumble.device.on_advertising_report(report)
        assert len(heard) == 3 * MAX_HEARD
        assert len(scanner.discovered_devices) <= MAX_HEARD + 1
        assert len(adapter._bumble.device.advertisement_accumulators) <= MAX_HEARD + 1


async def test_a_controller_without_room_says_so(air: Any, adapter: Adapter) -> None:
    (controller,) = [c for c in air.link.controllers if c.name == "hub"]
    controller.slots = 0
    tool = air.tool("ball1")
    device = await find_device("ball1", adapter=adapter)
    with pytest.raises(NoFreeSlot) as error:
        async with asyncio.timeout(2):
            await adapter.connect(device)
    assert error.value.adapter == adapter.radio
    controller.slots = None
    client = await adapter.connect(device)
    assert client.is_connected and tool.peripheral.connection
    await client.disconnect()


SIMULATOR = """
import asyncio, sys
from pathlib import Path
import numpy as np
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.simulators.plays import Play, TrueSqueeze
from griphub.simulators.serve import ToolPlan, serve

t = np.arange(400) / 100
play = Play(t, np.sin(t) ** 2, WireUnit.NEWTON, -2, 100.0, (TrueSqueeze(0.5, 1, 2, 1.0),), "waves")
folder = Path(sys.argv[1])
plan = ToolPlan("ball1", WireKind.BALL, [play] * int(sys.argv[2]), pause_s=0.1)
asyncio.run(serve([plan], sys.argv[3], speed=2, state=folder / "state", truth=folder / "truth.jsonl"))
"""


class Simulator:
    """A simulator in a process of its own."""

    def __init__(self, folder: Path, listen: str | None = None, plays: int = 1) -> None:
        self._arguments = (str(folder), str(plays), listen or f"unix:{folder}/hci")

    async def __aenter__(self) -> "Simulator":
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SIMULATOR, *self._arguments, stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout
        self.radio = json.loads(await asyncio.wait_for(self.process.stdout.readline(), 20))["ready"]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        self.process._transport.close()  # type: ignore[attr-defined]


async def test_a_killed_simulator_is_a_link_loss_and_comes_back_bonded(tmp_path: Path, bonds: Path) -> None:
    assembler = StreamAssembler("ball1")
    async with Simulator(tmp_path) as first, open_adapter(first.radio, bonds=bonds) as adapter:
        with pytest.raises(LinkLost):
            async with GripClient(
                await find_device(adapter=adapter), adapter=adapter, assembler=assembler
            ) as grip:
                async for block in grip.samples():
                    if block.end_index >= 100 and first.process.returncode is None:
                        first.process.kill()
                        await first.process.wait()
        await asyncio.wait_for(adapter.lost.wait(), 1)
        with pytest.raises(AdapterUnavailable):
            await scan(0.1, adapter=adapter)
    before = assembler.boot_id

    async with Simulator(tmp_path) as second, open_adapter(second.radio, bonds=bonds) as adapter:
        device = await find_device(adapter=adapter)
        async with GripClient(device, adapter=adapter, assembler=assembler) as grip:
            first_block = await anext(grip.samples())
        assert (first_block.first_index, first_block.lost) == (0, 0)  # another life, not a gap
        assert assembler.boot_id != before

    for file in (tmp_path / "state").iterdir():
        file.unlink()
    async with Simulator(tmp_path) as third, open_adapter(third.radio, bonds=bonds) as adapter:
        with pytest.raises(BondLost):
            async with GripClient(await find_device(adapter=adapter), adapter=adapter):
                pass


HUB = """
import asyncio, sys
from pathlib import Path
from griphub.firmware_bridge.adapter import open_adapter
from griphub.firmware_bridge.discovery import find_device
from griphub.firmware_bridge.link import GripClient

async def main():
    async with open_adapter(sys.argv[1], bonds=Path(sys.argv[2])) as adapter:
        async with GripClient(await find_device(adapter=adapter), adapter=adapter) as grip:
            async for block in grip.samples():
                print(block.end_index, flush=True)

asyncio.run(main())
"""


async def test_a_killed_hub_finds_the_tool_again_in_the_middle_of_the_play(air: Any, bonds: Path) -> None:
    tool = air.tool("ball1", air.play(400), speed=2)
    hub = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HUB, air.radio, str(bonds), stdout=asyncio.subprocess.PIPE
    )
    assert hub.stdout
    while int(await asyncio.wait_for(hub.stdout.readline(), 20)) < 50:
        pass
    hub.kill()
    await hub.wait()
    async with open_adapter(air.radio, bonds=bonds) as adapter:
        device = await find_device(adapter=adapter)
        async with GripClient(device, adapter=adapter) as grip:
            blocks = [block async for block in grip.samples()]
    assert blocks[0].first_index >= 50
    assert (blocks[-1].end_index, grip.assembler.lost) == (400, 0)
    await asyncio.wait_for(tool.done.wait(), 1)


@pytest.mark.parametrize("listen", [None, "tcp:127.0.0.1:0"])
async def test_a_simulator_tells_the_truth_and_ends_when_told(tmp_path: Path, listen: str | None) -> None:
    async with Simulator(tmp_path, listen, plays=2) as simulator, open_adapter(simulator.radio) as adapter:
        for _ in range(2):
            async with GripClient(await find_device(adapter=adapter), adapter=adapter) as grip:
                assert sum([len(block) async for block in grip.samples()]) == 400
        assert simulator.process.stdout
        assert json.loads(await asyncio.wait_for(simulator.process.stdout.readline(), 2)) == {"done": True}
        simulator.process.terminate()
        assert await asyncio.wait_for(simulator.process.wait(), 1) == 0
        await asyncio.wait_for(adapter.lost.wait(), 1)
    rows = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert [row["event"] for row in rows] == ["play_started", "play_ended"] * 2 + ["done"]
    assert rows[0]["squeezes"] == [{"onset_s": 0.5, "peak_s": 1, "offset_s": 2, "peak": 1.0}]
    assert (rows[0]["samples"], rows[1]["sent"], rows[2]["first_index"]) == (400, 400, 400)
    assert (rows[0]["unit"], rows[0]["label"], rows[0]["play"], rows[2]["play"]) == ("NEWTON", "waves", 1, 2)
    assert not (tmp_path / "hci").exists()
