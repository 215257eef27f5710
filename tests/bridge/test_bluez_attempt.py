"""Connections that do not come about on Linux, on a bus of its own with a BlueZ that answers as told."""

import asyncio
import math
import shutil
import sys
from collections.abc import AsyncIterator

import pytest

if sys.platform != "linux":
    pytest.skip("BlueZ is Linux's", allow_module_level=True)
if not shutil.which("dbus-daemon"):
    pytest.skip("needs dbus-daemon, of Debian's package dbus", allow_module_level=True)

import bleak_retry_connector
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError
from dbus_fast import BusType, Message, Variant
from dbus_fast.aio import MessageBus

from griphub.firmware_bridge import bluez_attempt
from griphub.firmware_bridge.adapter import Adapter
from griphub.firmware_bridge.bluez_attempt import BROKEN_LINKS
from griphub.firmware_bridge.discovery import find_device, scan
from griphub.firmware_bridge.errors import BondLost, GripError, ToolHeld
from griphub.firmware_bridge.profile import GRIP_SERVICE, HELD_SERVICE

ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
PROPERTIES = "org.freedesktop.DBus.Properties"
ADDRESS = "F7:0F:53:46:12:22"
PATH = f"/org/bluez/hci0/dev_{ADDRESS.replace(':', '_')}"
BOTH = Variant("as", [GRIP_SERVICE, HELD_SERVICE])
#: What BlueZ answers to a link that was made and ended; which of them is a matter of chance.
ENDED = ("br-connection-canceled", "le-connection-abort-by-local")


class BlueZ:
    """BlueZ with one tool in front of it.

    Attributes
    ----------
    links : int
        That were made with it.
    breaks : float
        So many of them end before they are encrypted.
    reason : str
        Why, as BlueZ says it from 5.82 on.
    answers : bool
        Whether the tool lets itself be connected.
    heard_dbm : int or None
        How strongly it is heard meanwhile.
    """

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus
        self.links = self.scans = self.starts = 0
        self.breaks = 0.0
        self.error = ENDED[0]
        self.reason = ""
        self.answers = True
        self.heard_dbm: int | None = -60
        self.device: dict[str, Variant] = {
            "Address": Variant("s", ADDRESS),
            "Alias": Variant("s", "ball1"),
            "Name": Variant("s", "ball1"),
            "Adapter": Variant("o", "/org/bluez/hci0"),
            "UUIDs": Variant("as", [GRIP_SERVICE]),
            "Connected": Variant("b", False),
            "ServicesResolved": Variant("b", False),
            "Paired": Variant("b", True),
            "Bonded": Variant("b", True),
            "RSSI": Variant("n", -60),
        }
        bus.add_message_handler(self._serve)

    def found(self) -> BLEDevice:
        return BLEDevice(ADDRESS, "ball1", {"path": PATH, "props": {}})

    def _say(self, **changed: Variant) -> None:
        self.device |= changed
        body = [DEVICE, changed, []]
        self.bus.send(Message.new_signal(PATH, PROPERTIES, "PropertiesChanged", "sa{sv}as", body))

    def _serve(self, call: Message) -> Message | bool:
        if call.member == "GetManagedObjects":
            roles = {"Powered": Variant("b", True), "Roles": Variant("as", ["central"])}
            objects = {"/org/bluez/hci0": {ADAPTER: roles}, PATH: {DEVICE: self.device}}
            return Message.new_method_return(call, "a{oa{sa{sv}}}", [objects])
        if call.interface == PROPERTIES and call.path == PATH:
            return Message.new_method_return(call, "a{sv}", [self.device])
        if call.interface == ADAPTER:
            return self._scan(call)
        if call.interface == "org.bluez.AgentManager1":
            return Message.new_method_return(call)
        if call.interface != DEVICE:
            return False
        return self._connect(call) if call.member == "Connect" else self._disconnect(call)

    def _scan(self, call: Message) -> Message:
        if call.member == "StartDiscovery":
            if self.scans:
                return Message.new_error(call, "org.bluez.Error.InProgress", "Operation already in progress")
            self.scans = 1
            self.starts += 1
            asyncio.get_running_loop().call_later(0.05, lambda: self._say(RSSI=Variant("n", -60)))
        elif call.member == "StopDiscovery":
            self.scans = 0
        return Message.new_method_return(call)

    def _connect(self, call: Message) -> Message | bool:
        if self.heard_dbm is not None:
            self._say(RSSI=Variant("n", self.heard_dbm))
        if not self.answers:
            return True
        self.links += 1
        self._say(Connected=Variant("b", True))
        if self.links > self.breaks:
            self._say(ServicesResolved=Variant("b", True))
            return Message.new_method_return(call)
        self.bus.send(Message.new_error(call, "org.bluez.Error.Failed", self.error))
        if self.reason:
            body = [f"org.bluez.Reason.{self.reason}", "in words"]
            self.bus.send(Message.new_signal(PATH, DEVICE, "Disconnected", "ss", body))
        self._say(Connected=Variant("b", False))
        return True

    def _disconnect(self, call: Message) -> Message:
        self._say(Connected=Variant("b", False), ServicesResolved=Variant("b", False))
        return Message.new_method_return(call)


@pytest.fixture
async def bluez(daemon: asyncio.subprocess.Process, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BlueZ]:
    monkeypatch.setattr(bleak_retry_connector, "BLEAK_DBUS_BACKOFF_TIME", 0.01)
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    served = BlueZ(bus)
    await bus.request_name("org.bluez")
    yield served
    bus.disconnect()
    await asyncio.gather(bus.wait_for_disconnect(), return_exceptions=True)


async def outcome(bluez: BlueZ, deadline_s: float = 1.0) -> BaseException | None:
    """Connect once, as the bridge does."""
    try:
        async with asyncio.timeout(deadline_s):
            client = await Adapter("system").connect(bluez.found())
    except (GripError, BleakError, TimeoutError) as error:
        return error
    await client.disconnect()
    return None


@pytest.mark.parametrize("error", ENDED)
async def test_a_tool_that_refuses_the_key_again_and_again(bluez: BlueZ, error: str) -> None:
    bluez.breaks, bluez.error = math.inf, error
    assert isinstance(await outcome(bluez), BondLost)
    assert bluez.links == BROKEN_LINKS


@pytest.mark.parametrize("heard_dbm", [-60, -95, None])
async def test_newer_bluez_says_at_once_that_there_was_no_key(bluez: BlueZ, heard_dbm: int | None) -> None:
    bluez.breaks, bluez.reason, bluez.heard_dbm = math.inf, "Authentication", heard_dbm
    assert isinstance(await outcome(bluez), BondLost)
    assert bluez.links == 1


@pytest.mark.parametrize("error", ENDED)
@pytest.mark.parametrize("reason", ["", "Timeout", "Unknown"])
async def test_at_the_edge_of_range_nobody_is_told_to_pair(bluez: BlueZ, error: str, reason: str) -> None:
    bluez.breaks, bluez.heard_dbm, bluez.error, bluez.reason = math.inf, -85, error, reason
    assert isinstance(await outcome(bluez), BleakError | TimeoutError)
    assert bluez.links > BROKEN_LINKS


async def test_some_links_break_and_the_next_holds(bluez: BlueZ) -> None:
    bluez.breaks, bluez.error = BROKEN_LINKS - 1, ENDED[1]
    assert await outcome(bluez) is None


async def test_a_tool_that_never_was_paired_has_no_key_to_lose(bluez: BlueZ) -> None:
    bluez.device |= {"Paired": Variant("b", False), "Bonded": Variant("b", False)}
    bluez.breaks, bluez.error = math.inf, ENDED[1]
    assert isinstance(await outcome(bluez), TimeoutError)
    assert bluez.links > BROKEN_LINKS


@pytest.mark.parametrize(
    ("uuids", "heard_dbm", "told"),
    [
        (BOTH, -60, ToolHeld),
        (BOTH, -90, TimeoutError),  # far away
        (BOTH, None, TimeoutError),  # nobody scans
        (Variant("as", [GRIP_SERVICE]), -60, TimeoutError),
    ],
)
async def test_a_tool_that_was_seen_free_and_is_held_now(
    bluez: BlueZ, uuids: Variant, heard_dbm: int | None, told: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluez_attempt, "HELD_S", 0.2)
    bluez.device["UUIDs"] = uuids
    bluez.answers, bluez.heard_dbm = False, heard_dbm
    del bluez.device["RSSI"]
    assert isinstance(await outcome(bluez, 0.8), told)


async def test_a_tool_that_was_held_once_and_is_free_connects(bluez: BlueZ) -> None:
    bluez.device["UUIDs"] = BOTH
    assert await outcome(bluez) is None


async def test_all_who_look_share_one_scan(bluez: BlueZ) -> None:
    adapter = Adapter("system")
    found, heard, again = await asyncio.gather(
        find_device("ball1", adapter=adapter, timeout_s=5),
        scan(0.3, adapter=adapter),
        find_device("ball1", adapter=adapter, timeout_s=5),
    )
    assert found.address == again.address == ADDRESS and [a.name for a in heard] == ["ball1"]
    assert not bluez.scans


async def test_the_scan_is_started_anew_after_each_connection_which_ends_it(bluez: BlueZ) -> None:
    adapter = Adapter("system")
    async with adapter.listening(lambda *_: None):
        async with adapter.connecting(bluez.found()):
            client = await adapter.connect(bluez.found())
        assert (bluez.starts, bluez.scans) == (2, 1)
        await client.disconnect()
    async with adapter.connecting(bluez.found()):
        pass
    assert (bluez.starts, bluez.scans) == (2, 0), "nobody listens"
