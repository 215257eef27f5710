"""Pairing on the virtual radio: what is listed, what is held and released, and each problem for real."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from griphub.firmware_bridge import held_tool, profile
from griphub.firmware_bridge import pairing as pairing_module
from griphub.firmware_bridge.adapter import open_adapter
from griphub.firmware_bridge.candidates import Candidate
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.discovery import find_device
from griphub.firmware_bridge.errors import ToolRefused
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.link_state import LinkLog
from griphub.firmware_bridge.nearness import Nearness
from griphub.firmware_bridge.pairing import Pairing, PasskeyDesk
from griphub.firmware_bridge.pairing_diagnosis import CannotPair, PairingProblem
from griphub.firmware_bridge.profile import WireUnit
from griphub.firmware_bridge.quiet_check import QuietVerdict
from griphub.firmware_bridge.supervisor import LinkSupervisor
from griphub.simulators.devices import DEVICES
from griphub.simulators.gatt import Advert, VirtualDevice
from griphub.simulators.plays import Play


class House:
    """A supervisor that uses nothing, and the pairing of its tools."""

    def __init__(self, radio: str, bonds: Any = None) -> None:
        self.tools: set[str] = set()
        self.clock = HostClock()
        self.served: list[str] = []
        desk = PasskeyDesk()
        self.supervisor = LinkSupervisor(
            [radio],
            serve=self._serve,
            wanted=lambda heard: heard.name if heard.name in self.tools else None,
            log=LinkLog(),
            clock=self.clock,
            bonds=bonds,
            passkey=desk.ask,
        )
        self.pairing = Pairing(
            self.supervisor, desk, self.clock, ours=lambda tool_id, _: tool_id in self.tools
        )

    async def _serve(self, client: Any) -> None:
        self.served.append(client.tool.tool_id)
        async for _ in client.samples():
            pass

    async def find(self, name: str) -> Candidate:
        """Wait until a device is listed."""
        async with asyncio.timeout(5):
            while True:
                for candidate in self.pairing.candidates(strangers=True):
                    if candidate.name == name:
                        return candidate
                await asyncio.sleep(0.02)

    async def problem(self, name: str, **options: Any) -> PairingProblem:
        """Why a device cannot be held."""
        candidate = await self.find(name)
        with pytest.raises(CannotPair) as refused:
            async with self.pairing.hold(candidate.id, **options):
                pytest.fail("it was held")
        assert name in str(refused.value) or refused.value.problem is PairingProblem.NO_FREE_SLOT
        return refused.value.problem


@asynccontextmanager
async def running(radio: str, bonds: Any = None) -> AsyncIterator[House]:
    house = House(radio, bonds)
    task = asyncio.create_task(house.supervisor.run())
    try:
        yield house
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def house(air: Any, bonds: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(pairing_module, "FRESH_S", 0.8)
    monkeypatch.setattr(held_tool, "QUIET_S", 0.8)
    async with running(air.radio, bonds) as opened:
        yield opened


def still(seconds: float = 60.0, level: float = 0.0, noise: float = 0.06) -> Play:
    """A tool that nobody touches."""
    values = level + noise * np.random.default_rng(5).standard_normal(round(seconds * 100))
    return Play(np.arange(values.size) / 100, np.round(values, 2), WireUnit.NEWTON, -2, 100.0, (), "still")


def device(air: Any, driver: str, play: Play | None = None, name: str = "") -> Any:
    made = DEVICES[driver](name, [play or still()], link=air.link, clock=HostClock())
    air.run(made.run())
    return made


@asynccontextmanager
async def phone_with(air: Any, name: str) -> AsyncIterator[None]:
    """A second central that has a tool."""
    async with open_adapter(air.radio) as phone:
        found = await find_device(name, timeout_s=5, adapter=phone)
        async with GripClient(found, adapter=phone):
            yield


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


# -- the list


async def test_the_list_says_what_is_near_and_what_it_is(air: Any, house: House) -> None:
    air.link.rssi_dbm |= {"ball1": -40, "ball2": -85, "speaker": -60}
    house.tools.add("ball2")
    air.tool("ball1", still())
    progressor = device(air, "progressor")
    speaker = VirtualDevice("speaker", air.link, Advert("speaker"))
    air.run(speaker.run())
    speaker.show()
    for name in ("ball1", progressor.name, "speaker"):
        await house.find(name)
    own, maker, stranger = [await house.find(n) for n in ("ball1", progressor.name, "speaker")]
    assert (own.title, own.tool_id, own.driver) == ("GripHub tool", "ball1", "griphub")
    assert own.nearness is Nearness.VERY_NEAR and not own.ours and not own.silent
    assert maker.driver == "progressor" and maker.tool_id.startswith("progressor-") and maker.title
    assert (stranger.title, stranger.driver, stranger.tool_id) == ("", "", "")
    assert stranger.nearness is Nearness.NEAR
    assert len({own.id, maker.id, stranger.id}) == 3
    listed = [c.name for c in house.pairing.candidates()]
    assert listed[0] == "ball1" and "speaker" not in listed


async def test_a_tool_that_is_carried_away_is_followed_in_words(air: Any, house: House) -> None:
    air.tool("ball1", still())
    assert (await house.find("ball1")).nearness is Nearness.VERY_NEAR
    air.link.rssi_dbm["ball1"] = -95
    await until(lambda: house.pairing.candidates()[0].nearness is Nearness.VERY_FAR)


# -- holding


async def test_a_parent_pairs_a_ball_of_ours(air: Any, house: House) -> None:
    tool = air.tool("ball1", still())
    candidate = await house.find("ball1")
    async with house.pairing.hold(candidate.id) as held:
        assert (held.tool.tool_id, held.title) == ("ball1", "GripHub ball")
        assert not tool.blinking
        await held.blink()
        assert tool.blinking
        report = await held.quiet_check()
        assert report.verdict is QuietVerdict.FINE and report.samples > 40
        held.keep()
        house.tools.add("ball1")
    await until(lambda: house.served == ["ball1"])  # the hub takes it over, without pairing anew
    assert (await house.find("ball1")).ours


async def test_a_tool_that_needs_a_tare_gets_one(air: Any, house: House) -> None:
    air.tool("ball1", still(level=7.0))
    async with house.pairing.hold((await house.find("ball1")).id) as held:
        assert (await held.quiet_check()).verdict is QuietVerdict.NEEDS_TARE
        looked_s = house.clock.monotonic_s()
        await until(
            lambda: house.clock.monotonic_s() > looked_s + 0.5
        )  # a parent reads, and the tool records
        await held.tare()
        assert (await held.quiet_check()).verdict is QuietVerdict.FINE


async def test_a_tool_that_somebody_plays_with_is_not_quiet(air: Any, house: House) -> None:
    air.tool("ball1")  # a wave
    async with house.pairing.hold((await house.find("ball1")).id) as held:
        assert (await held.quiet_check()).verdict is QuietVerdict.MOVING


async def test_a_tool_that_was_not_the_one_is_let_go_unpaired(air: Any, house: House) -> None:
    tool = air.tool("ball1", still())
    candidate = await house.find("ball1")
    async with house.pairing.hold(candidate.id) as held:
        await held.blink()
        device = held.address
        adapter = house.supervisor.radios[0].adapter
        assert adapter
    heard = next(h for h in house.supervisor.heard() if h.device.address == device)
    assert not await adapter.bonded(heard.device)
    await until(lambda: not tool.blinking)
    assert house.served == []


async def test_a_parent_who_leaves_in_the_middle_frees_the_tool(air: Any, house: House) -> None:
    tool = air.tool("ball1", still())
    candidate = await house.find("ball1")
    in_the_middle = asyncio.Event()

    async def parent() -> None:
        async with house.pairing.hold(candidate.id) as held:
            await held.blink()
            in_the_middle.set()
            await held.quiet_check()

    task = asyncio.create_task(parent())
    await asyncio.wait_for(in_the_middle.wait(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await until(lambda: not tool.blinking)
    tool.press_button()
    async with phone_with(air, "ball1"):
        pass


async def test_a_tool_of_another_maker(air: Any, house: House) -> None:
    progressor = device(air, "progressor")
    async with house.pairing.hold((await house.find(progressor.name)).id) as held:
        with pytest.raises(ToolRefused, match=r"blink|light"):
            await held.blink()
        assert (await held.quiet_check()).verdict is QuietVerdict.FINE
    assert not progressor.harm


async def test_a_tool_that_only_advertises(air: Any, house: House) -> None:
    scale = device(air, "wh-c06")
    async with house.pairing.hold((await house.find(scale.name)).id) as held:
        with pytest.raises(ToolRefused):
            await held.tare()
        assert (await held.quiet_check()).verdict in (QuietVerdict.FINE, QuietVerdict.STUCK)


async def test_a_tool_that_falls_asleep_in_the_middle(air: Any, house: House) -> None:
    air.tool("ball1", still(0.3))
    async with house.pairing.hold((await house.find("ball1")).id) as held:
        with pytest.raises(CannotPair) as refused:
            await held.quiet_check()
    assert refused.value.problem is PairingProblem.ASLEEP


# -- problems


async def test_held_by_another(air: Any, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing_module, "FRESH_S", 3.0)  # a tool that is held says so less often
    air.tool("ball1", still())
    await house.find("ball1")
    async with phone_with(air, "ball1"):
        await until(lambda: house.pairing.candidates()[0].held)
        assert await house.problem("ball1") is PairingProblem.HELD_BY_ANOTHER


async def test_asleep(air: Any, house: House) -> None:
    tool = air.tool("ball1", still())
    await house.find("ball1")
    await tool.peripheral.hide()
    assert await house.problem("ball1") is PairingProblem.ASLEEP


async def test_out_of_range(air: Any, house: House) -> None:
    air.tool("ball1", still())
    await house.find("ball1")
    air.link.rssi_dbm["ball1"] = -94
    await until(lambda: house.pairing.candidates()[0].nearness is Nearness.VERY_FAR)
    air.link.take_away("ball1")
    assert await house.problem("ball1") is PairingProblem.OUT_OF_RANGE


async def test_not_in_pairing_mode(air: Any, house: House) -> None:
    tool = air.tool("ball1", still())
    tool.peripheral.bonding.bonded = True  # with somebody else's hub, and nobody held its button
    assert await house.problem("ball1") is PairingProblem.NOT_IN_PAIRING_MODE
    candidate = await house.find("ball1")
    tool.press_button()
    await until(lambda: house.pairing.candidates()[0].pairing_mode)
    async with house.pairing.hold(candidate.id):
        pass
    await until(lambda: not house.pairing.candidates()[0].pairing_mode)
    assert await house.problem("ball1") is PairingProblem.NOT_IN_PAIRING_MODE


async def test_no_free_slot(air: Any, house: House) -> None:
    air.tool("ball1", still())
    candidate = await house.find("ball1")
    (controller,) = [c for c in air.link.controllers if c.name == "hub"]
    controller.slots = 0
    assert await house.problem("ball1") is PairingProblem.NO_FREE_SLOT
    controller.slots = 1
    async with house.pairing.hold(candidate.id):
        pass


async def test_a_device_that_only_looks_like_ours(air: Any, house: House) -> None:
    fake = VirtualDevice("ball7", air.link, Advert("ball7", services=(profile.GRIP_SERVICE,)))
    air.run(fake.run())
    fake.show()
    assert await house.problem("ball7") is PairingProblem.WRONG_TOOL


async def test_another_serial_number_than_was_asked_for(air: Any, house: House) -> None:
    tool = air.tool("ball1", still())
    tool.peripheral._name = "ball2"  # its Device Information says ball1
    assert await house.problem("ball2") is PairingProblem.WRONG_TOOL


async def test_a_lost_bond_is_recognised_and_mended_with_consent(air: Any, house: House) -> None:
    tool = air.tool("ball1", still())
    candidate = await house.find("ball1")
    async with house.pairing.hold(candidate.id) as held:
        held.keep()
    await tool.peripheral.forget_bonds()
    house.pairing._ours = lambda *_: True  # it is of this home: its key is not thrown away without consent
    for _ in range(2):
        assert await house.problem("ball1") is PairingProblem.BOND_LOST
    async with house.pairing.hold(candidate.id, mend=True) as held:
        assert held.tool.tool_id == "ball1"
    async with house.pairing.hold(candidate.id) as held:
        assert held.tool.tool_id == "ball1"


async def test_the_digits_on_a_tool(air: Any, house: House) -> None:
    tool = air.tool("ball1", still(), passkey=123_456)
    candidate = await house.find("ball1")
    for typed in (654_321, None):

        async def digits(typed: int | None = typed) -> int | None:
            return typed

        assert await house.problem("ball1", digits=digits) is PairingProblem.PASSKEY_WRONG

    async def right() -> int:
        return 123_456

    tool.press_button()
    async with house.pairing.hold(candidate.id, digits=right) as held:
        assert held.tool.tool_id == "ball1"


async def test_the_adapter_went_away(air: Any, tmp_path: Any) -> None:
    async with running(f"unix:{tmp_path}/nowhere") as house:
        await until(lambda: house.supervisor.radios[0].failure)
        with pytest.raises(CannotPair) as refused:
            house.pairing.candidates()
        assert refused.value.problem is PairingProblem.ADAPTER_MISSING
