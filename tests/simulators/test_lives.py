"""Every fault provokes at a hub what it says, counted against the truth file, over the real stack."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from griphub.firmware_bridge.adapter import Adapter, open_adapter
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.discovery import find_device, scan
from griphub.firmware_bridge.errors import BondLost, DeviceNotFound, LinkLost, PairingRefused
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.firmware_bridge.samples import SampleBlock
from griphub.hub import simulation
from griphub.simulators import control
from griphub.simulators.faults import Fault, FaultError, FaultKind
from griphub.simulators.lives import FAR_DBM, ToolLives
from griphub.simulators.plans import ToolPlan
from griphub.simulators.plays import Play, TrueSqueeze
from griphub.simulators.radio import VirtualLink, serve_hci
from griphub.simulators.sensor import ToolClock
from griphub.simulators.truth import Truth

SPEED = 20.0
NAME = "ball3f2a"


def wave(seconds: float = 30.0) -> Play:
    """A slow wave whose samples are whole hundredths, so that they survive the wire exactly."""
    t_s = np.arange(round(seconds * 100)) / 100
    true = tuple(TrueSqueeze(k + 0.1, k + 0.5, k + 0.9, 10.0) for k in range(int(seconds) - 1))
    return Play(t_s, np.round(15 + 14 * np.sin(3 * t_s), 2), WireUnit.NEWTON, -2, 100.0, true, "wave")


class Home:
    """A hub's radio and one tool that things go wrong with."""

    def __init__(self, folder: Path, link: VirtualLink, tasks: asyncio.TaskGroup) -> None:
        self.link = link
        self.adapter: Adapter
        self.received = self.lost = self.duplicates = self.rejected = 0
        self.blocks: list[SampleBlock] = []
        self.boots: list[int] = []
        self.battery: list[int | None] = []
        self._folder = folder
        self._tasks = tasks
        self._clock = HostClock(SPEED)
        self._truth = io.StringIO()

    def tool(self, *faults: str, plays: int = 1, seed: int = 1, device: str | None = None) -> ToolLives:
        plan = ToolPlan(
            "Progressor_2718" if device else NAME,
            WireKind.BALL,
            [wave() for _ in range(plays)],
            pause_s=1.0,
            device=device,
            faults=tuple(map(Fault.parse, faults)),
        )
        lives = ToolLives(
            plan,
            link=self.link,
            clock=self._clock,
            seed=seed,
            memory=self._folder,
            truth=Truth(self._truth, self._clock),
        )
        self._tasks.create_task(lives.run())
        return lives

    async def stream(self, until: asyncio.Event, on_block: Callable[[int], None] = lambda _: None) -> None:
        """Be a hub, as simply as one can: connect whenever there is somebody, and count."""
        assembler, looking = None, asyncio.ensure_future(until.wait())
        try:
            while not looking.done():
                try:
                    device = await find_device(NAME, adapter=self.adapter, timeout_s=0.5)
                    async with GripClient(device, adapter=self.adapter, assembler=assembler) as client:
                        assembler = client.assembler
                        self.boots.append(client.tool.boot_id)
                        self.battery.append(client.tool.battery_percent)
                        async for block in client.samples():
                            self.blocks.append(block)
                            on_block(len(self.blocks))
                except (DeviceNotFound, LinkLost):
                    pass
        finally:
            looking.cancel()
        assert assembler
        self.received, self.lost = assembler.received, assembler.lost
        self.duplicates, self.rejected = assembler.duplicates, assembler.rejected

    def truth(self, event: str) -> list[dict[str, Any]]:
        rows = map(json.loads, self._truth.getvalue().splitlines())
        return [row for row in rows if row["event"] == event]

    def values(self) -> dict[int, float]:
        return {
            block.first_index + k: float(value)
            for block in self.blocks
            for k, value in enumerate(block.values)
        }


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    link = VirtualLink()
    async with (
        serve_hci(link, f"unix:{tmp_path}/hci") as radio,
        open_adapter(radio, bonds=tmp_path / "bonds") as adapter,
        asyncio.TaskGroup() as tasks,
    ):
        made = Home(tmp_path, link, tasks)
        made.adapter = adapter
        yield made
        for task in tasks._tasks:
            task.cancel()


@pytest.mark.parametrize("kind", ["drop=15%", "burst=40%"])
async def test_what_is_dropped_is_lost_to_the_sample(home: Home, kind: str) -> None:
    tool = home.tool(kind)
    await home.stream(tool.done)
    dropped = {row["index"] + k for row in home.truth("mishap") for k in range(row["samples"])}
    assert dropped and home.lost == len(dropped)
    assert set(home.values()) == set(range(3000)) - dropped
    assert home.duplicates == home.rejected == 0


async def test_duplicates_are_counted_and_change_nothing(home: Home) -> None:
    tool = home.tool("duplicate=20%")
    await home.stream(tool.done)
    assert home.duplicates == len(home.truth("mishap")) > 0
    assert (home.received, home.lost) == (3000, 0)


async def test_a_packet_that_comes_too_late_is_lost_and_counted(home: Home) -> None:
    tool = home.tool("reorder=20%")
    await home.stream(tool.done)
    mishaps = home.truth("mishap")
    assert home.duplicates == len(mishaps) > 0
    assert home.lost == sum(row["samples"] for row in mishaps)


async def test_corrupt_packets_do_no_harm_beyond_themselves(home: Home) -> None:
    tool = home.tool("corrupt=5%", seed=3)
    await home.stream(tool.done)
    mishaps = home.truth("mishap")
    assert mishaps and home.received + home.lost >= 3000
    true = wave().values
    wrong = {index for index, value in home.values().items() if index >= 3000 or value != true[index]}
    touched = {row["index"] + k for row in mishaps for k in range(row["samples"])}
    assert wrong - touched == {index for index in wrong - touched if index >= 3000}


async def test_jitter_changes_no_sample_and_no_tool_time(home: Home) -> None:
    tool = home.tool("jitter=400ms")
    await home.stream(tool.done)
    assert (home.received, home.lost, home.duplicates) == (3000, 0, 0)
    t_s = np.concatenate([block.t_s for block in home.blocks])
    np.testing.assert_allclose(np.diff(t_s), 0.01, atol=1.1e-5)


async def test_a_lost_link_is_lost_for_as_long_as_it_says(home: Home) -> None:
    tool = home.tool("link-loss@10s+4s")
    await home.stream(tool.done)
    (begins,), (ends,) = home.truth("fault_begins"), home.truth("fault_ends")
    assert ends["at_s"] - begins["at_s"] == pytest.approx(4.0, abs=1.0)
    assert len(home.boots) == 2 and len(set(home.boots)) == 1
    assert (home.received, home.lost) == (3000, 0)  # the tool kept what nobody heard


async def test_a_reboot_begins_a_new_life_and_the_child_goes_on(home: Home) -> None:
    tool = home.tool("reboot@10s")
    await home.stream(tool.done)
    assert len(set(home.boots)) == 2
    first, second = home.truth("play_started")
    (cut,) = home.truth("play_cut")
    assert cut["boot_id"] == first["boot_id"] != second["boot_id"]
    assert cut["sensed_s"] == pytest.approx(10.0, abs=2.0)
    assert second["samples"] == pytest.approx(3000 - cut["sensed_s"] * 100, abs=1)  # told rounded
    felt = sum(true["offset_s"] <= cut["sensed_s"] for true in first["squeezes"])
    assert felt + len(second["squeezes"]) in {28, 29}  # one may be cut in two


async def test_an_empty_battery_ends_it_and_a_new_one_begins_it_again(home: Home) -> None:
    tool = home.tool("dead-battery@5s+20s")
    await home.stream(tool.done)
    off, on = home.truth("fault_begins")[0]["at_s"], home.truth("fault_ends")[0]["at_s"]
    assert on - off == pytest.approx(20.0, abs=2.0)
    assert len(set(home.boots)) == 2


async def test_an_empty_battery_that_nobody_changes_is_the_end(home: Home) -> None:
    tool = home.tool("dead-battery@5s")
    await home.stream(tool.done)
    assert 300 < home.received < 1200 and not home.truth("play_ended")


async def test_a_low_battery_is_told_and_mended(home: Home) -> None:
    tool = home.tool("low-battery=7%", plays=2)
    await home.stream(tool.done, lambda n: tool.end(FaultKind.LOW_BATTERY) if n == 5 else None)
    assert home.battery == [7, 87]


async def test_a_sensor_that_sticks_repeats_itself(home: Home) -> None:
    tool = home.tool("stuck@5s+5s")
    await home.stream(tool.done)
    values = np.array([home.values()[k] for k in range(3000)])
    stuck = np.flatnonzero(values != wave().values)
    assert 300 < stuck.size < 700 and np.unique(values[stuck]).size == 1
    assert values[stuck[0]] == values[stuck[0] - 1]


async def test_a_range_that_ends_early_clips(home: Home) -> None:
    tool = home.tool("saturate=60%")
    await home.stream(tool.done)
    clipped = np.concatenate([block.clipped for block in home.blocks])
    assert np.array_equal(clipped, np.rint(wave().values * 100) >= 0.6 * 2900)


@pytest.mark.parametrize(("kind", "sign"), [("warm-hands=20%", 1), ("cold-hands=20%", -1)])
async def test_hands_shift_the_rest_level(home: Home, kind: str, sign: int) -> None:
    tool = home.tool(kind)
    await home.stream(tool.done)
    shift = np.array([home.values()[k] for k in range(3000)]) - wave().values
    expected = sign * 0.2 * 29 * (1 - np.exp(-30 / 60))
    assert sign * shift[:100].mean() < 0.5
    assert shift[-50:].mean() == pytest.approx(expected, rel=0.3)


async def test_a_clock_that_drifts_drifts_by_so_much() -> None:
    host = HostClock(1000.0)
    tool = ToolClock(host)
    before_s = host.monotonic_s()
    tool.drift(0.005)
    await tool.sleep(100)
    elapsed_s = host.monotonic_s() - before_s
    assert tool.monotonic_s() - before_s == pytest.approx(elapsed_s * 1.005, abs=0.1)
    shown_s = tool.monotonic_s()
    tool.drift(0.0)
    assert tool.monotonic_s() == pytest.approx(shown_s, abs=0.5)  # it does not jump back


async def test_a_drifting_tool_sends_its_own_time(home: Home) -> None:
    tool = home.tool("drift=10000ppm")
    await home.stream(tool.done)
    (started,), (ended,) = home.truth("play_started"), home.truth("play_ended")
    assert home.received == started["samples"] == ended["sent"]


async def test_far_is_heard_weakly_and_out_of_range_not_at_all(home: Home) -> None:
    tool = home.tool()
    (near,) = await scan(0.4, adapter=home.adapter)
    tool.begin(Fault.parse("far", now=True))
    (far,) = await scan(0.4, adapter=home.adapter)
    assert (near.rssi_dbm, far.rssi_dbm) == (-50, FAR_DBM)
    tool.begin(Fault.parse("link-loss+100s", now=True))
    assert not await scan(0.4, adapter=home.adapter)
    tool.end(FaultKind.LINK_LOSS)
    assert len(await scan(0.4, adapter=home.adapter)) == 1


async def test_another_makers_device_has_the_faults_of_the_air_and_of_its_power_only(home: Home) -> None:
    tool = home.tool("drop=5%", device="progressor")
    assert tool.faults == {}  # not yet switched on
    with pytest.raises(FaultError, match="another maker"):
        tool.begin(Fault.parse("stuck", now=True))


async def test_faults_on_demand_over_the_socket(home: Home, tmp_path: Path) -> None:
    tool, path = home.tool(), tmp_path / "faults"

    async def ask(**request: Any) -> dict[str, Any]:
        return await asyncio.to_thread(simulation.ask, path, request)

    async with control.serve_control(path, [tool]):
        assert (await ask(tool=NAME, fault="drop=5%"))["tools"] == [NAME]
        listed = await ask(list=True)
        assert listed["tools"] == [{"name": NAME, "faults": ["drop=5%"]}]
        assert set(listed["faults"]) == set(FaultKind)
        assert "no kind" in (await ask(tool=NAME, fault="quake"))["error"]
        assert NAME in (await ask(tool="ball9999", fault="drop=5%"))["error"]
        assert "mend with" in (await ask(tool=NAME))["error"]
        await ask(tool="all", mend="all")
        assert not tool.faults
        reader, writer = await asyncio.open_unix_connection(path)
        for nonsense in (b"\n", b"[1]\n", b"\xff\xfe\n", b'{"tool": {}}\n'):
            writer.write(nonsense)
            assert "error" in json.loads(await asyncio.wait_for(reader.readline(), 2))
        writer.close()
    with pytest.raises(simulation.NoSimulation):
        await ask(list=True)


async def test_a_tool_that_forgot_its_hubs_pairs_anew_only_with_who_asks_again(home: Home) -> None:
    tool = home.tool("lost-bond@3s", "link-loss@5s")
    with pytest.raises(BondLost):
        await home.stream(tool.done)
    assert home.boots
    assert [row["fault"] for row in home.truth("fault_begins")] == ["lost-bond@3s", "link-loss@5s"]


async def test_the_button_opens_the_tool_for_another_hub(home: Home, tmp_path: Path) -> None:
    tool = home.tool()
    async with GripClient(await find_device(NAME, adapter=home.adapter), adapter=home.adapter):
        pass
    async with open_adapter(home.adapter.radio) as other:
        with pytest.raises(PairingRefused):
            async with GripClient(await find_device(NAME, adapter=other), adapter=other):
                pass
        tool.begin(Fault.parse("button", now=True))
        async with GripClient(await find_device(NAME, adapter=other), adapter=other) as client:
            assert client.tool.tool_id == NAME
