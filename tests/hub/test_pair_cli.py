"""``griphub pair`` and ``griphub tools`` as programs, with a hub that runs and without one."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.hub.config import Config
from griphub.hub.control.address import socket_path
from griphub.hub.control.client import ControlClient
from griphub.hub.service import Hub
from griphub.hub.tools import FILE, ToolRegistry
from griphub.simulators.plays import Play
from griphub.simulators.radio import VirtualLink, serve_hci
from griphub.simulators.tool import SimulatedTool

HOME = """
data_dir = "{folder}"
radio = "unix:{folder}/hci"
broker.port = {port}
[[children]]
id = "c-1"
alias = "Mia"
[[children]]
id = "c-2"
alias = "Noah"
"""


class House:
    """Simulated tools, and the command line of the home that they are in."""

    def __init__(self, folder: Path, link: VirtualLink, config: Config) -> None:
        self.file = folder / "griphub.toml"
        self.file.write_text(HOME.format(folder=folder, port=config.broker.port))
        children = [{"id": "c-1", "alias": "Mia"}, {"id": "c-2", "alias": "Noah"}]
        changes = {"radio": f"unix:{folder}/hci", "tools": [], "children": children}
        self.config = Config(**(config.model_dump() | changes))
        self.link = link
        self.tasks: list[asyncio.Task[None]] = []

    def tool(self, name: str, level: float = 0.0, **options: Any) -> SimulatedTool:
        """Switch on a tool that nobody touches."""
        values = np.round(level + 0.06 * np.random.default_rng(5).standard_normal(6000), 2)
        play = Play(np.arange(6000) / 100, values, WireUnit.NEWTON, -2, 100.0, (), "still")
        tool = SimulatedTool(name, WireKind.BALL, [play], link=self.link, clock=HostClock(), **options)
        self.tasks.append(asyncio.create_task(tool.run()))
        return tool

    async def griphub(self, *arguments: str, typed: str | None = None) -> tuple[int, str, str]:
        """Exit code, results and messages of a command."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "griphub", *arguments, "--config", str(self.file)),
            stdin=pipe if typed is not None else asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate(typed.encode() if typed is not None else None)
        assert "Traceback" not in err.decode(), err.decode()
        return process.returncode or 0, out.decode(), err.decode()

    @asynccontextmanager
    async def hub(self) -> AsyncIterator[ControlClient]:
        """A hub that runs."""
        hub = Hub(self.config, HostClock(), counted=lambda _: None)
        task = asyncio.create_task(hub.run())
        client = ControlClient(socket_path(self.config))
        try:
            async with asyncio.timeout(5):
                while not await client.answers():
                    await asyncio.sleep(0.01)
            yield client
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def house(config: Config, tmp_path: Path) -> AsyncIterator[House]:
    link = VirtualLink()
    async with serve_hci(link, f"unix:{tmp_path}/hci"):
        made = House(tmp_path, link, config)
        yield made
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)


PAIR = ("pair", "--tool", "BALL02", "--child", "mia", "--hand", "left")


async def test_a_script_pairs_with_the_running_hub_and_the_hub_uses_the_tool(house: House) -> None:
    house.tool("ball02")
    async with house.hub() as client:
        code, out, _ = await house.griphub(*PAIR, "--json")
        assert code == 0
        done = json.loads(out)
        assert (done["tool"]["id"], done["tool"]["child"], done["tool"]["hand"]) == ("ball02", "c-1", "left")
        assert done["check"]["verdict"] == "fine"
        async with asyncio.timeout(10):
            while "streaming" not in {s.link.phase for s in await client.tools() if s.link}:
                await asyncio.sleep(0.02)
        code, out, _ = await house.griphub("tools", "--json")
        (listed,) = json.loads(out)
        assert code == 0 and listed["link"]["phase"] == "streaming" and listed["words"]
        code, out, _ = await house.griphub("tools", "use", "ball02", "--child", "Noah", "--hand", "right")
        assert code == 0 and "Noah" in out
        code, out, _ = await house.griphub("tools")
        assert code == 0 and all(word in out for word in ("ball02", "GripHub ball", "Noah", "right"))
        code, _, _ = await house.griphub("tools", "forget", "ball02")
        assert code == 0 and await client.tools() == []


async def test_a_parent_is_led_through_it_without_a_hub(house: House) -> None:
    tool = house.tool("ball02", level=9.0)
    answers = ["7", "1", "yes", "mia", "nobody's", "le", "", "", ""]  # a wrong number; tare, and check again
    code, out, _ = await house.griphub("pair", typed="\n".join(answers) + "\n")
    assert code == 0, out
    for words in ("Squeeze the tool", "GripHub tool ball02", "very near", "It blinks now", "set it to zero"):
        assert words in out
    assert "Done. GripHub ball ball02 is Mia's now, for the left hand." in out
    assert tool.peripheral.bonding.bonded
    registry = ToolRegistry(house.config.data_dir / FILE, house.config)
    (kept,) = registry.all()
    registry.close()
    assert (kept.child, kept.hand) == ("c-1", "left")
    code, out, _ = await house.griphub("tools")
    assert code == 0 and "Mia" in out and "not running" in out


async def test_not_the_one_that_was_meant(house: House) -> None:
    house.tool("ball02")
    code, out, _ = await house.griphub("pair", typed="1\nno\nno\n")
    assert code == 1 and "Done" not in out
    assert "no tools here yet" in (await house.griphub("tools"))[1]


async def test_nobody_is_there_to_answer(house: House) -> None:
    house.tool("ball02")
    code, _, err = await house.griphub("pair")
    assert code == 1 and "--yes" in err
    code, _, err = await house.griphub("pair", "--yes")
    assert code == 2


async def test_a_tool_that_was_reset_is_told_and_mended(house: House) -> None:
    tool = house.tool("ball02")
    async with house.hub() as client:
        assert (await house.griphub(*PAIR, "--yes"))[0] == 0
        await tool.peripheral.forget_bonds()
        tool.peripheral.lose_link()
        async with asyncio.timeout(20):
            while "BondLost" not in {s.link.error for s in await client.tools() if s.link}:
                await asyncio.sleep(0.05)
        code, out, _ = await house.griphub("tools")
        assert code == 0 and "Pair it" in out
        code, out, _ = await house.griphub(*PAIR, typed="no\nno\n")  # without consent nothing happens
        assert code == 1 and "was reset" in out and "fail" not in out.lower()
        assert not tool.peripheral.bonding.bonded
        code, out, _ = await house.griphub(*PAIR, typed="yes\nyes\n\n")
        assert code == 0 and "Done." in out
        async with asyncio.timeout(20):
            while "streaming" not in {s.link.phase for s in await client.tools() if s.link}:
                await asyncio.sleep(0.05)


async def test_a_tool_that_is_not_there(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIPHUB_RADIO", f"unix:{house.config.data_dir}/nowhere")
    code, out, _ = await house.griphub(*PAIR, "--json")
    assert code == 3 and json.loads(out)["problem"] == "adapter_missing"


async def test_what_cannot_be_asked_for(house: House) -> None:
    code, _, err = await house.griphub("pair", "--child", "Ada")
    assert code == 2 and "Mia, Noah" in err
    code, _, err = await house.griphub("tools", "use", "ball09", "--child", "Mia", "--hand", "left")
    assert code == 1 and "no tool ball09" in err
    house.file.write_text(f'data_dir = "{house.config.data_dir}"')
    code, _, err = await house.griphub("pair")
    assert code == 2 and "children" in err
