"""This machine's Bluetooth on Linux, on a bus of its own with the part of BlueZ that tells of adapters."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

if sys.platform != "linux":
    pytest.skip("BlueZ is Linux's", allow_module_level=True)
if not shutil.which("dbus-daemon"):
    pytest.skip("needs dbus-daemon, of Debian's package dbus", allow_module_level=True)

from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakDBusError
from dbus_fast import BusType, Message, Variant
from dbus_fast.aio import MessageBus

from griphub.firmware_bridge.adapter import Adapter, open_adapter
from griphub.firmware_bridge.bleak_errors import unavailable
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.errors import AdapterCause, AdapterUnavailable
from griphub.firmware_bridge.link_state import LinkLog
from griphub.firmware_bridge.profile import GRIP_SERVICE
from griphub.firmware_bridge.supervisor import LinkSupervisor
from griphub.hub.cli import doctor
from griphub.hub.config import Config

ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
PROPERTIES, OBJECTS = "org.freedesktop.DBus.Properties", "org.freedesktop.DBus.ObjectManager"
TOOL = "F7:0F:53:46:12:22"


class BlueZ:
    """BlueZ's adapters and devices, and what it was asked to do."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus
        self.calls: list[tuple[str, str]] = []
        self.objects: dict[str, dict[str, dict[str, Variant]]] = {}
        bus.add_message_handler(self._serve)

    def adapter(self, hci: str = "hci0", powered: bool = True, roles: tuple[str, ...] = ("central",)) -> None:
        self.objects[f"/org/bluez/{hci}"] = {
            ADAPTER: {"Powered": Variant("b", powered), "Roles": Variant("as", [*roles])}
        }

    def device(self, connected: bool, *, paired: bool = True) -> str:
        path = f"/org/bluez/hci0/dev_{TOOL.replace(':', '_')}"
        self.objects[path] = {
            DEVICE: {
                "Address": Variant("s", TOOL),
                "Alias": Variant("s", "ball1"),
                "Name": Variant("s", "ball1"),
                "Adapter": Variant("o", "/org/bluez/hci0"),
                "UUIDs": Variant("as", [GRIP_SERVICE, "00001801-0000-1000-8000-00805f9b34fb"]),
                "Connected": Variant("b", connected),
                "Paired": Variant("b", paired),
                "Bonded": Variant("b", paired),
                "AdvertisingFlags": Variant("ay", bytes([5])),
                "RSSI": Variant("n", -60),
            }
        }
        return path

    def signal(self, path: str, interface: str, member: str, signature: str, *body: Any) -> None:
        self.bus.send(Message.new_signal(path, interface, member, signature, [*body]))

    def power(self, on: bool, hci: str = "hci0") -> None:
        self.objects[f"/org/bluez/{hci}"][ADAPTER]["Powered"] = Variant("b", on)
        self.signal(
            f"/org/bluez/{hci}", PROPERTIES, "PropertiesChanged", "sa{sv}as", ADAPTER,
            {"Powered": Variant("b", on)}, [],
        )  # fmt: skip

    def unplug(self, hci: str = "hci0") -> None:
        del self.objects[f"/org/bluez/{hci}"]
        self.signal("/", OBJECTS, "InterfacesRemoved", "oas", f"/org/bluez/{hci}", [ADAPTER])

    def _serve(self, call: Message) -> Message | bool:
        if call.destination != "org.bluez" and call.destination != self.bus.unique_name:
            return False
        if call.member == "GetManagedObjects":
            return Message.new_method_return(call, "a{oa{sa{sv}}}", [self.objects])
        if call.interface in (ADAPTER, DEVICE):
            self.calls.append((str(call.member), str(call.path)))
            return Message.new_method_return(call)
        return False


@pytest.fixture
async def bluez(daemon: asyncio.subprocess.Process) -> AsyncIterator[BlueZ]:
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    served = BlueZ(bus)
    await bus.request_name("org.bluez")
    yield served
    if bus.connected:
        bus.disconnect()
    await asyncio.gather(bus.wait_for_disconnect(), return_exceptions=True)


async def _refused(radio: str = "system") -> AdapterUnavailable:
    with pytest.raises(AdapterUnavailable) as error:
        async with open_adapter(radio):
            pytest.fail("it cannot be used")
    assert error.value.adapter == radio
    return error.value


async def _lost(adapter: Adapter) -> AdapterUnavailable:
    await asyncio.wait_for(adapter.lost.wait(), 5)
    return adapter.failure


async def test_the_first_that_is_on_is_taken_or_the_one_that_was_named(bluez: BlueZ) -> None:
    bluez.adapter("hci0", powered=False)
    bluez.adapter("hci1")
    bluez.adapter("hci2")
    for radio, hci in (("system", "hci1"), ("system:hci2", "hci2")):
        async with open_adapter(radio) as adapter:
            assert (adapter.radio, adapter.simulated) == (radio, False)
            async with adapter.scanner():
                assert ("StartDiscovery", f"/org/bluez/{hci}") in bluez.calls


async def test_why_there_is_none(bluez: BlueZ) -> None:
    assert (await _refused()).cause is AdapterCause.MISSING
    bluez.adapter("hci0", roles=("peripheral",))
    assert (await _refused()).cause is AdapterCause.MISSING
    bluez.adapter("hci0", powered=False)
    assert (await _refused()).cause is AdapterCause.OFF
    assert (await _refused("system:hci0")).cause is AdapterCause.OFF
    missing = await _refused("system:hci7")
    assert missing.cause is AdapterCause.MISSING and "hci7" in missing.reason


async def test_without_bluez_or_dbus(daemon: asyncio.subprocess.Process) -> None:
    assert (await _refused()).cause is AdapterCause.GONE
    daemon.kill()
    await daemon.wait()
    assert (await _refused()).cause is AdapterCause.GONE


async def test_without_dbus_at_all(system_bus: None) -> None:
    assert (await _refused()).cause is AdapterCause.MISSING


@pytest.mark.parametrize(
    "daemon", ['<deny send_interface="org.freedesktop.DBus.ObjectManager"/>'], indirect=True
)
async def test_without_permission(bluez: BlueZ) -> None:
    bluez.adapter()
    error = await _refused()
    assert error.cause is AdapterCause.NO_PERMISSION and "usermod" in error.reason


async def test_losing_it_is_noticed_at_once(bluez: BlueZ, daemon: asyncio.subprocess.Process) -> None:
    bluez.adapter()
    bluez.adapter("hci1")
    async with open_adapter("system:hci0") as adapter:
        bluez.power(False, "hci1")  # another one
        bluez.power(True)
        bluez.power(False)
        assert (await _lost(adapter)).cause is AdapterCause.OFF
    bluez.power(True)
    async with open_adapter("system:hci0") as adapter:
        bluez.unplug("hci1")
        bluez.unplug()
        assert (await _lost(adapter)).cause is AdapterCause.MISSING
    bluez.adapter()
    async with open_adapter() as adapter:
        await bluez.bus.release_name("org.bluez")
        failure = await _lost(adapter)
        assert failure.cause is AdapterCause.GONE and "BlueZ" in failure.reason
    await bluez.bus.request_name("org.bluez")
    async with open_adapter() as adapter:
        daemon.kill()
        failure = await _lost(adapter)
        assert failure.cause is AdapterCause.GONE and "D-Bus" in failure.reason


async def test_the_hub_comes_back_with_it_and_lets_go_of_what_a_killed_one_held(bluez: BlueZ) -> None:
    bluez.adapter()
    path = bluez.device(connected=True)
    log = LinkLog()

    async def serve(_: object) -> None:
        raise AssertionError("nothing can be connected here")

    supervisor = LinkSupervisor(
        ["system"],
        serve=serve,
        wanted=lambda a: "ball1" if a.name == "ball1" and not a.rssi_dbm < -50 else None,
        log=log,
        clock=HostClock(),
    )
    task = asyncio.create_task(supervisor.run())
    (radio,) = supervisor.radios
    try:
        async with asyncio.timeout(10):
            while ("Disconnect", path) not in bluez.calls:
                await asyncio.sleep(0.01)
            bluez.device(connected=False)
            while radio.adapter is None:
                await asyncio.sleep(0.01)
            bluez.power(False)
            while not (radio.failure and radio.failure.cause is AdapterCause.OFF):
                await asyncio.sleep(0.01)
            bluez.power(True)
            while radio.adapter is None:
                await asyncio.sleep(0.01)
            interfaces = bluez.objects[path]
            bluez.signal("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", path, interfaces)
            while not supervisor.heard():
                await asyncio.sleep(0.01)
        (heard,) = supervisor.heard()
        assert (heard.advertisement.name, heard.advertisement.rssi_dbm) == ("ball1", -60)
        assert heard.advertisement.pairing_mode is True  # from BlueZ's AdvertisingFlags
        assert await heard.adapter.bonded(heard.device)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert "StopDiscovery" in [member for member, _ in bluez.calls[-2:]]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", []), AdapterCause.NO_PERMISSION),
        (BleakDBusError("org.bluez.Error.NotReady", []), AdapterCause.OFF),
        (BleakDBusError("org.bluez.Error.InProgress", []), AdapterCause.GONE),
        (PermissionError(13, "denied"), AdapterCause.NO_PERMISSION),
        (FileNotFoundError(2, "no such file"), AdapterCause.MISSING),
        (EOFError("bus closed"), AdapterCause.GONE),
        *(
            (BleakBluetoothNotAvailableError("why", reason), cause)
            for reason, cause in (
                (BleakBluetoothNotAvailableReason.POWERED_OFF, AdapterCause.OFF),
                (BleakBluetoothNotAvailableReason.NO_BLUETOOTH, AdapterCause.MISSING),
                (BleakBluetoothNotAvailableReason.DENIED_BY_USER, AdapterCause.NO_PERMISSION),
                (BleakBluetoothNotAvailableReason.UNKNOWN, AdapterCause.GONE),
            )
        ),
    ],
)
def test_what_other_platforms_say(error: Exception, cause: AdapterCause) -> None:
    assert unavailable("system", error).cause is cause


@pytest.mark.parametrize("powered", [True, False])
async def test_the_doctor_says_what_to_do(bluez: BlueZ, powered: bool) -> None:
    finding = await asyncio.to_thread(doctor.radio, Config(radio=["unix:/virtual", "system:hci3"]))
    assert finding.state == "missing" and "Plug in" in finding.mend and "hci3" in finding.what
    bluez.adapter(powered=powered)
    finding = await asyncio.to_thread(doctor.radio, Config(radio="system"))
    assert finding.state == ("ok" if powered else "missing")
    assert powered or "bluetoothctl power on" in finding.mend
