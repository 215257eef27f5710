"""The supervisor on virtual radios: tools and radios come, go, refuse, and are taken by others."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from griphub.firmware_bridge import supervisor as supervisor_module
from griphub.firmware_bridge import tool_link
from griphub.firmware_bridge.adapter import open_adapter
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.discovery import Advertisement, find_device
from griphub.firmware_bridge.errors import UnsupportedTool
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.link_state import LinkLog, LinkPhase, LinkState
from griphub.firmware_bridge.profile import GRIP_SERVICE, HELD_SERVICE
from griphub.firmware_bridge.samples import SampleBlock
from griphub.firmware_bridge.supervisor import LinkSupervisor
from griphub.firmware_bridge.tool import ToolClient
from griphub.simulators.gatt import Advert, VirtualDevice
from griphub.simulators.radio import serve_hci


class Hub:
    """A supervisor, and what its tools brought."""

    def __init__(self, *radios: str, bonds: Path, tools: tuple[str, ...]) -> None:
        self.blocks: defaultdict[str, list[SampleBlock]] = defaultdict(list)
        self.connected_s: list[float] = []
        self.tools = set(tools)
        self.fault: Exception | None = None
        self.log = LinkLog(self.changed)
        self.supervisor = LinkSupervisor(
            radios, serve=self.serve, wanted=self.wanted, log=self.log, clock=HostClock(), bonds=bonds
        )

    def changed(self, state: LinkState) -> None:
        if state.phase is LinkPhase.STREAMING:
            self.connected_s.append(time.monotonic())

    def wanted(self, advertisement: Advertisement) -> str | None:
        ours = advertisement.is_grip_tool and advertisement.name in self.tools
        return advertisement.name if ours else None

    async def serve(self, client: ToolClient) -> None:
        async for block in client.samples():
            self.blocks[client.tool.tool_id].append(block)
            if self.fault:
                fault, self.fault = self.fault, None
                raise fault

    def phase(self, tool_id: str = "ball1") -> LinkPhase | None:
        state = self.log.state(tool_id)
        return state.phase if state else None

    def phases(self, tool_id: str = "ball1") -> list[str]:
        return [str(state.phase) for state in self.log.history(tool_id)]

    def radio(self, tool_id: str = "ball1") -> str:
        state = self.log.state(tool_id)
        return state.radio if state else ""

    async def streaming(self, tool_id: str = "ball1", timeout_s: float = 10) -> None:
        """Wait for samples that are new."""
        before = len(self.blocks[tool_id])
        await until(
            lambda: len(self.blocks[tool_id]) > before and self.phase(tool_id) == "streaming", timeout_s
        )


async def until(condition: Callable[[], object], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(*radios: str, bonds: Path, tools: tuple[str, ...] = ("ball1",)) -> AsyncIterator[Hub]:
    hub = Hub(*radios, bonds=bonds, tools=tools)
    task = asyncio.create_task(hub.supervisor.run())
    try:
        yield hub
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def hub(air: Any, bonds: Path) -> AsyncIterator[Hub]:
    async with running(air.radio, bonds=bonds) as hub:
        yield hub


@pytest.fixture
async def second_radio(air: Any, tmp_path: Path) -> AsyncIterator[str]:
    async with serve_hci(air.link, f"unix:{tmp_path}/hci2") as radio:
        yield radio


def minute(air: Any) -> Any:
    return air.play(6000)


def lose(air: Any, name: str) -> None:
    (controller,) = [c for c in air.link.controllers if c.name == name]
    air.link.lose(controller)


# -- one tool, one radio


async def test_a_tool_is_streamed_until_it_sleeps(air: Any, hub: Hub) -> None:
    air.tool("ball1")
    await until(lambda: hub.phase() == "asleep")
    assert hub.phases() == ["connecting", "streaming", "asleep"]
    assert sum(len(block) for block in hub.blocks["ball1"]) == 300
    first = hub.log.history("ball1")[0]
    assert (first.radio, first.rssi_dbm, first.error) == (air.radio, -50, "")


async def test_a_lost_link_is_made_again_within_two_seconds(
    air: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool_link, "STEADY_S", 0.1)
    air.tool("ball1", minute(air))
    await hub.streaming()
    took_s = []
    for _ in range(20):
        await hub.streaming()
        await asyncio.sleep(0.11)
        hub.connected_s.clear()
        began_s = time.monotonic()
        lose(air, "ball1")
        await until(lambda: hub.connected_s)
        took_s.append(hub.connected_s[0] - began_s)
    took_s.sort()
    assert took_s[18] < 2, took_s  # the 95th of a hundred
    assert hub.phases().count("lost") == 20
    lost = next(state for state in hub.log.history("ball1") if state.phase == "lost")
    assert lost.error == "LinkLost" and lost.reason.startswith("The tool went out of range")
    before = hub.blocks["ball1"]
    assert all(b.first_index == a.end_index + b.lost for a, b in pairwise(before))


async def test_a_tool_that_is_switched_off_and_on(air: Any, hub: Hub, tmp_path: Path) -> None:
    for _ in range(2):
        tool = air.tool("ball1", minute(air), bonds=tmp_path / "keys.json")
        await hub.streaming()
        life = next(task for task in air._tasks._tasks if task.get_coro().cr_code.co_name == "run")
        life.cancel()
        await until(lambda: hub.phase() == "lost")
        assert tool.sent
    assert {block.tool_id for block in hub.blocks["ball1"]} == {"ball1"}


async def test_when_the_hub_stops_a_phone_can_have_the_tool_at_once(air: Any, bonds: Path) -> None:
    tool = air.tool("ball1", minute(air))
    async with running(air.radio, bonds=bonds) as hub:
        await hub.streaming()
    async with open_adapter(air.radio) as phone:
        device = await find_device("ball1", timeout_s=0.5, adapter=phone)
        async with phone.client(device) as client:
            assert client.is_connected
            assert tool.peripheral.connection


async def test_a_fault_with_one_tool_leaves_the_other_alone(
    air: Any, bonds: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(air.radio, bonds=bonds, tools=("ball1", "ball2")) as hub:
        air.tool("ball1", minute(air))
        await hub.streaming()
        hub.fault = RuntimeError("a fault of ours")
        await until(lambda: hub.phase() == "retrying")
        air.tool("ball2", minute(air))
        await hub.streaming("ball2")
        await hub.streaming("ball1")
    assert caplog.text.count("after an error in the hub") == 1
    state = next(state for state in hub.log.history("ball1") if state.phase == "retrying")
    assert (state.error, state.attempts) == ("RuntimeError", 1)
    assert hub.phases("ball2") == ["waiting", "connecting", "streaming", "away"] or hub.phases("ball2") == [
        "connecting",
        "streaming",
        "away",
    ]


async def test_a_tool_that_will_not_do_is_said_to_need_help(air: Any, hub: Hub) -> None:
    hub.fault = UnsupportedTool("ball1", "of another protocol")
    air.tool("ball1", minute(air))
    await until(lambda: hub.phase() == "refused")
    state = hub.log.state("ball1")
    assert state and state.error == "UnsupportedTool" and state.attempts == 1
    await hub.streaming()
    assert hub.phases() == ["connecting", "streaming", "refused", "streaming"]


async def test_a_tool_that_a_phone_has_is_named_so(air: Any, hub: Hub) -> None:
    advert = Advert("ball1", (HELD_SERVICE,), connectable=False)
    device = VirtualDevice("ball1", air.link, advert)
    air.run(device.run())
    device.show()
    await until(lambda: hub.phase() == "refused")
    state = hub.log.state("ball1")
    assert state and (state.error, state.attempts) == ("ToolHeld", 0)
    assert "phone" in state.reason
    (heard,) = hub.supervisor.heard()
    assert heard.advertisement.held and heard.tool_id == "ball1"


async def test_tools_that_are_not_heard_any_more_are_away(
    air: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "AWAY_S", 0.3)
    monkeypatch.setattr(supervisor_module, "TICK_S", 0.05)
    air.tool("ball1", minute(air))
    await hub.streaming()
    air.link.take_away("ball1")
    await until(lambda: hub.phase() == "away")
    assert hub.phases() == ["connecting", "streaming", "lost", "away"]
    air.link.bring_back("ball1")
    await hub.streaming()


# -- strangers and look-alikes


async def test_strangers_are_listed_and_left_alone(air: Any, hub: Hub) -> None:
    stranger = air.tool("ball2", minute(air))
    await until(hub.supervisor.heard)
    async with hub.supervisor.following() as advertisements:
        async with asyncio.timeout(5):
            heard = await anext(advertisements)
    assert (heard.advertisement.name, heard.tool_id) == ("ball2", None)
    assert heard.adapter.simulated
    assert hub.log.all() == () and not stranger.sent
    hub.tools.add("ball2")
    hub.supervisor.reconsider()
    await hub.streaming("ball2")
    hub.tools.remove("ball2")
    hub.supervisor.reconsider()
    await until(lambda: hub.phase("ball2") == "away")
    assert not hub.supervisor.clients()


async def test_a_tool_that_is_another_one_than_it_says_is_not_used(air: Any, hub: Hub) -> None:
    hub.wanted = hub.supervisor._neighbours._wanted = lambda _: "ball9"  # type: ignore[method-assign]
    air.tool("ball1", minute(air))
    await until(lambda: hub.phase("ball9") == "refused")
    state = hub.log.state("ball9")
    assert state and state.error == "UnsupportedTool"
    assert not hub.blocks


async def test_a_hundred_look_alikes_keep_nobody_from_the_tool(
    air: Any, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool_link, "STEADY_S", 0.1)
    air.tool("ball1", minute(air))
    await hub.streaming()
    for n in range(100):
        device = VirtualDevice(f"thief{n}", air.link, Advert("ball1", (GRIP_SERVICE,)))
        air.run(device.run())
        device.show()
    await until(lambda: len(hub.supervisor.heard()) >= 100, 20)
    hub.connected_s.clear()
    began_s = time.monotonic()
    lose(air, "ball1")
    await until(lambda: hub.connected_s)
    assert hub.connected_s[0] - began_s < 3
    assert {block.tool_id for block in hub.blocks["ball1"]} == {"ball1"}
    assert all("thief" not in link.name for link in air.link.controllers if link.le_connections)


# -- others who use the radio


async def test_a_tool_can_be_held_for_oneself(air: Any, hub: Hub) -> None:
    air.tool("ball1", minute(air))
    await hub.streaming()
    (heard,) = hub.supervisor.heard()
    assert hub.supervisor.clients()["ball1"].tool.tool_id == "ball1"
    async with hub.supervisor.hold(heard.device.address):
        assert hub.phase() == "waiting" and not hub.supervisor.clients()
        async with hub.supervisor.following() as advertisements:
            async with asyncio.timeout(5):
                again = await anext(advertisements)
        async with GripClient(again.device, adapter=again.adapter) as grip:
            await grip.identify(1)
        held = len(hub.blocks["ball1"])
        for _ in range(3):  # it advertises, and the hub does not answer
            async with hub.supervisor.following() as advertisements, asyncio.timeout(5):
                await anext(advertisements)
        assert len(hub.blocks["ball1"]) == held
    await hub.streaming()


# -- radios


async def test_a_radio_that_goes_and_comes(air: Any, tmp_path: Path, bonds: Path) -> None:
    place = f"unix:{tmp_path}/other"
    air.tool("ball1", minute(air))
    async with running(place, bonds=bonds) as hub:
        await until(lambda: hub.supervisor.radios[0].failure)
        for _ in range(2):
            async with serve_hci(air.link, place):
                await hub.streaming()
                assert hub.supervisor.radios[0].failure is None
            await until(lambda: hub.supervisor.radios[0].failure)
            assert hub.phase() == "lost"
            assert not hub.supervisor.heard()


async def test_a_lost_radios_tools_move_to_the_other(air: Any, tmp_path: Path, bonds: Path) -> None:
    places = [f"unix:{tmp_path}/radio{n}" for n in (1, 2)]
    served = {place: AsyncExitStack() for place in places}
    for place, stack in served.items():
        await stack.enter_async_context(serve_hci(air.link, place))
    async with served[places[0]], served[places[1]], running(*places, bonds=bonds) as hub:
        await until(lambda: all(radio.adapter for radio in hub.supervisor.radios))
        tool = air.tool("ball1", minute(air))
        await hub.streaming()
        first = hub.radio()
        (other,) = set(places) - {first}
        await served[first].aclose()
        # a key is one radio's: the other one is a stranger to the tool, until somebody presses its button
        await until(lambda: hub.phase() == "refused")
        state = hub.log.state("ball1")
        assert state and (state.error, state.radio) == ("PairingRefused", other)
        tool.press_button()
        await hub.streaming()
        assert hub.radio() == other
        for place in (first, other, first):  # both are bonded now, and it follows whichever is there
            await served[place].enter_async_context(serve_hci(air.link, place))
            await until(lambda: all(radio.adapter for radio in hub.supervisor.radios))
            await served[hub.radio()].aclose()
            await hub.streaming()
            assert hub.radio() == place


async def test_the_radio_that_hears_it_best_has_it(air: Any, bonds: Path, second_radio: str) -> None:
    async with running(air.radio, second_radio, bonds=bonds) as hub:
        await until(lambda: all(radio.adapter for radio in hub.supervisor.radios))
        near = next(c for c in air.link.controllers if c.name == "hub" and _serves(c, hub, second_radio))
        report = near._report

        def nearer(pdu: Any, *details: Any) -> None:
            pdu.rssi_dbm, far = -30, pdu.rssi_dbm
            report(pdu, *details)
            pdu.rssi_dbm = far

        near._report = nearer
        air.tool("ball1", minute(air))
        await hub.streaming()
        assert hub.radio() == second_radio


async def test_a_full_radio_passes_a_tool_to_the_other(air: Any, bonds: Path, second_radio: str) -> None:
    async with running(air.radio, second_radio, bonds=bonds) as hub:
        await until(lambda: all(radio.adapter for radio in hub.supervisor.radios))
        next(c for c in air.link.controllers if _serves(c, hub, air.radio)).slots = 0
        air.tool("ball1", minute(air))
        await hub.streaming()
        assert hub.radio() == second_radio
        assert "refused" not in hub.phases()


async def test_without_room_it_says_so_until_there_is(air: Any, bonds: Path) -> None:
    async with running(air.radio, bonds=bonds, tools=("ball1", "ball2")) as hub:
        await until(lambda: hub.supervisor.radios[0].adapter)
        (controller,) = [c for c in air.link.controllers if c.name == "hub"]
        controller.slots = 1
        air.tool("ball1", air.play(100))
        await hub.streaming()
        air.tool("ball2", minute(air))
        await until(lambda: hub.phase("ball2") == "refused")
        state = hub.log.state("ball2")
        assert state and state.error == "NoFreeSlot" and "no place" in state.reason
        await hub.streaming("ball2")  # once the first one sleeps
        assert hub.phase("ball1") == "asleep"


def _serves(controller: Any, hub: Hub, radio: str) -> bool:
    adapter = next(r.adapter for r in hub.supervisor.radios if r.name == radio)
    address = adapter._bumble.device.random_address
    return bool(controller.random_address == address)
