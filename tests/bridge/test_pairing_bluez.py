"""A parent on Linux whose Bluetooth does not work: the real bridge against a bus with a made-up BlueZ."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

if sys.platform != "linux":
    pytest.skip("BlueZ is Linux's", allow_module_level=True)
if not shutil.which("dbus-daemon"):
    pytest.skip("needs dbus-daemon, of Debian's package dbus", allow_module_level=True)

from dbus_fast import BusType, Message, Variant
from dbus_fast.aio import MessageBus

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.link_state import LinkLog
from griphub.firmware_bridge.pairing import Pairing, PasskeyDesk
from griphub.firmware_bridge.pairing_diagnosis import CannotPair, PairingProblem
from griphub.firmware_bridge.supervisor import LinkSupervisor

BARRED = '<deny send_destination="org.bluez"/>'


@asynccontextmanager
async def bluez(adapters: dict[str, bool]) -> AsyncIterator[None]:
    """BlueZ with adapters that are on or off."""
    connection = await MessageBus(bus_type=BusType.SYSTEM).connect()

    def serve(call: Message) -> Message | bool:
        if call.member != "GetManagedObjects":
            return False
        objects = {
            f"/org/bluez/{name}": {"org.bluez.Adapter1": {"Powered": Variant("b", powered)}}
            for name, powered in adapters.items()
        }
        return Message.new_method_return(call, "a{oa{sa{sv}}}", [objects])

    connection.add_message_handler(serve)
    await connection.request_name("org.bluez")
    try:
        yield
    finally:
        connection.disconnect()
        await asyncio.gather(connection.wait_for_disconnect(), return_exceptions=True)


async def what_a_parent_is_told() -> CannotPair:
    async def serve(_: object) -> None:
        pytest.fail("there is no radio")

    clock, desk = HostClock(), PasskeyDesk()
    supervisor = LinkSupervisor(["system"], serve=serve, wanted=lambda _: None, log=LinkLog(), clock=clock)
    pairing = Pairing(supervisor, desk, clock, ours=lambda *_: False)
    task = asyncio.create_task(supervisor.run())
    try:
        async with asyncio.timeout(10):
            while True:
                assert pairing.candidates() == []
                await asyncio.sleep(0.01)
    except CannotPair as told:
        with pytest.raises(CannotPair):
            async with pairing.hold("anything"):
                pytest.fail("there is no radio")
        return told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("adapters", "daemon", "problem", "advice"),
    [
        ({"hci0": False}, "", PairingProblem.ADAPTER_OFF, "Switch it on"),
        ({}, "", PairingProblem.ADAPTER_MISSING, "Plug in"),
        ({"hci0": True}, BARRED, PairingProblem.NO_PERMISSION, "griphub doctor"),
    ],
    indirect=["daemon"],
)
@pytest.mark.usefixtures("daemon")
async def test_bluetooth_that_does_not_work(
    adapters: dict[str, bool], problem: PairingProblem, advice: str
) -> None:
    async with bluez(adapters):
        told = await what_a_parent_is_told()
    assert told.problem is problem and advice in str(told)


@pytest.mark.usefixtures("daemon")
async def test_no_bluez_at_all() -> None:
    assert (await what_a_parent_is_told()).problem is PairingProblem.ADAPTER_MISSING


@pytest.mark.usefixtures("system_bus")
async def test_not_even_dbus() -> None:
    assert (await what_a_parent_is_told()).problem is PairingProblem.ADAPTER_MISSING
