"""The pairing agent, on a bus of its own with the part of BlueZ that it talks to."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator

import pytest

if sys.platform != "linux":
    pytest.skip("BlueZ is Linux's", allow_module_level=True)
if not shutil.which("dbus-daemon"):
    pytest.skip("needs dbus-daemon, of Debian's package dbus", allow_module_level=True)

from bleak.backends.device import BLEDevice
from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

from griphub.firmware_bridge.adapter import Adapter
from griphub.firmware_bridge.bluez_agent import pairing_agent
from griphub.firmware_bridge.errors import AdapterCause, AdapterUnavailable, PairingRefused

TOOL = "F7:0F:53:46:12:22"
TOOL_PATH = "/org/bluez/hci0/dev_F7_0F_53_46_12_22"
OTHER_PATH = "/org/bluez/hci0/dev_F7_0F_53_46_12_23"


class BlueZ:
    """BlueZ's AgentManager1: keeps one agent, and asks it as BlueZ does."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus
        self.calls: list[list[str]] = []
        self.agent: tuple[str, str] | None = None
        self.answers = True
        self.refuses = ""
        bus.add_message_handler(self._serve)

    def _serve(self, call: Message) -> Message | bool:
        if call.interface != "org.bluez.AgentManager1":
            return False
        assert call.path == "/org/bluez" and call.member and call.sender
        self.calls.append([call.member, *call.body])
        if call.member == self.refuses:
            return Message.new_error(call, "org.bluez.Error.AlreadyExists", "Already Exists")
        self.agent = None if call.member == "UnregisterAgent" else (call.sender, call.body[0])
        return Message.new_method_return(call) if self.answers else True

    async def ask(self, member: str, signature: str = "", *body: object) -> str | None:
        """Ask the agent; returns the name of the error that it answers with, None for consent."""
        reply = await self._ask(member, signature, *body)
        return reply.error_name if reply.message_type is MessageType.ERROR else None

    async def answer(self, member: str, signature: str = "", *body: object) -> list[object]:
        """Ask the agent for something."""
        return list((await self._ask(member, signature, *body)).body)

    async def _ask(self, member: str, signature: str, *body: object) -> Message:
        assert self.agent
        name, path = self.agent
        call = Message(name, path, "org.bluez.Agent1", member, signature=signature, body=[*body])
        return await asyncio.wait_for(self.bus.call(call), 5)


@pytest.fixture
async def bluez(daemon: asyncio.subprocess.Process) -> AsyncIterator[BlueZ]:
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    await bus.request_name("org.bluez")
    yield BlueZ(bus)
    bus.disconnect()
    await asyncio.gather(bus.wait_for_disconnect(), return_exceptions=True)


async def test_registers_as_the_default_and_leaves(bluez: BlueZ) -> None:
    async with pairing_agent(TOOL):
        assert bluez.calls == [
            ["RegisterAgent", "/griphub/agent", "NoInputNoOutput"],
            ["RequestDefaultAgent", "/griphub/agent"],
        ]
    assert bluez.calls[2:] == [["UnregisterAgent", "/griphub/agent"]]


async def test_leaves_also_after_an_error(bluez: BlueZ) -> None:
    with pytest.raises(ValueError, match="pairing failed"):
        async with pairing_agent(TOOL):
            raise ValueError("pairing failed")
    assert bluez.calls[-1] == ["UnregisterAgent", "/griphub/agent"]


async def test_consents_to_what_the_hub_asked_for_and_to_nothing_else(bluez: BlueZ) -> None:
    rejected = "org.bluez.Error.Rejected"
    async with pairing_agent(TOOL.lower()):
        assert await bluez.ask("RequestAuthorization", "o", TOOL_PATH) is None
        assert await bluez.ask("RequestAuthorization", "o", OTHER_PATH) == rejected
        assert await bluez.ask("RequestAuthorization", "o", TOOL_PATH + "/service0001") == rejected
        assert await bluez.ask("RequestConfirmation", "ou", TOOL_PATH, 123456) == rejected
        assert await bluez.ask("AuthorizeService", "os", TOOL_PATH, "180f") == rejected
        assert await bluez.ask("RequestPasskey", "o", TOOL_PATH)
        assert await bluez.ask("RequestPinCode", "o", TOOL_PATH)
        assert await bluez.ask("Cancel") is None
        assert await bluez.ask("Release") is None


@pytest.mark.parametrize("typed", [0, 123456, 999999])
async def test_somebody_reads_the_digits_from_the_tool(bluez: BlueZ, typed: int) -> None:
    asked = []

    async def passkey(address: str) -> int:
        asked.append(address)
        return typed

    async with pairing_agent(TOOL, passkey):
        assert bluez.calls[0] == ["RegisterAgent", "/griphub/agent", "KeyboardOnly"]
        assert await bluez.answer("RequestPasskey", "o", TOOL_PATH) == [typed]
        assert await bluez.ask("RequestPasskey", "o", OTHER_PATH) == "org.bluez.Error.Rejected"
        assert await bluez.ask("RequestConfirmation", "ou", TOOL_PATH, 123456)
        assert await bluez.ask("RequestAuthorization", "o", TOOL_PATH) is None
    assert asked == [TOOL]


async def test_nobody_is_there_to_read_the_digits(bluez: BlueZ) -> None:
    async def passkey(address: str) -> int:
        raise PairingRefused(address, "nobody is there")

    async with pairing_agent(TOOL, passkey):
        assert await bluez.ask("RequestPasskey", "o", TOOL_PATH) == "org.bluez.Error.Rejected"


async def test_nobody_answers_once_it_has_left(bluez: BlueZ) -> None:
    async with pairing_agent(TOOL):
        agent = bluez.agent
    bluez.agent = agent
    assert await bluez.ask("RequestAuthorization", "o", TOOL_PATH)


async def test_this_machines_radio_connects_with_it(bluez: BlueZ) -> None:
    adapter = Adapter("system")
    for _ in range(2):
        async with adapter.connecting(BLEDevice(TOOL, "ball1", {"path": TOOL_PATH})):
            assert await bluez.ask("RequestAuthorization", "o", TOOL_PATH) is None
        assert bluez.agent is None


async def test_without_bluez(daemon: asyncio.subprocess.Process) -> None:
    with pytest.raises(AdapterUnavailable, match="sudo systemctl start bluetooth"):
        async with pairing_agent(TOOL):
            pytest.fail("there is no BlueZ")


async def test_without_dbus(system_bus: None) -> None:
    with pytest.raises(AdapterUnavailable, match="D-Bus, the way to BlueZ, is away"):
        async with pairing_agent(TOOL):
            pytest.fail("there is no D-Bus")


@pytest.mark.parametrize("daemon", ['<deny send_interface="org.bluez.AgentManager1"/>'], indirect=True)
async def test_without_permission(bluez: BlueZ) -> None:
    with pytest.raises(AdapterUnavailable, match="sudo usermod") as error:
        async with pairing_agent(TOOL):
            pytest.fail("it was barred")
    assert error.value.cause is AdapterCause.NO_PERMISSION


@pytest.mark.parametrize("refused", ["RegisterAgent", "RequestDefaultAgent"])
async def test_a_bluez_that_does_not_take_it(bluez: BlueZ, refused: str) -> None:
    bluez.refuses = refused
    with pytest.raises(AdapterUnavailable, match=r"org\.bluez\.Error\.AlreadyExists"):
        async with pairing_agent(TOOL):
            pytest.fail("it was refused")


async def test_a_bluez_that_hangs_or_dies_does_not_keep_the_hub(
    bluez: BlueZ, daemon: asyncio.subprocess.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    for deadline in ("ANSWER_S", "GOODBYE_S"):
        monkeypatch.setattr(f"griphub.firmware_bridge.bluez_agent.{deadline}", 0.2)
    async with asyncio.timeout(5):
        async with pairing_agent(TOOL):
            bluez.answers = False
        with pytest.raises(AdapterUnavailable, match="systemctl restart bluetooth"):
            async with pairing_agent(TOOL):
                pytest.fail("it does not answer")
        bluez.answers = True
        async with pairing_agent(TOOL):
            daemon.kill()
            await daemon.wait()
