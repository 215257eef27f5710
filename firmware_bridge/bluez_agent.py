"""Pairing on Linux: BlueZ asks an agent for consent, and bleak registers none, so that its `pair` fails.

To be imported on Linux only.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from dbus_fast import BusType, DBusError, DBusFastError, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method

from .errors import AdapterUnavailable

PATH: Final = "/griphub/agent"

#: A ball has neither display nor keys, so that pairing just works (Core Specification, Vol 3 Part H, 2.3.5).
CAPABILITY: Final = "NoInputNoOutput"

#: Registering is three round trips on this machine, and may start the daemon. Unregistering is one; from a
#: daemon that hangs the end of the connection does it.
REGISTER_S: Final = 5.0
GOODBYE_S: Final = 1.0


class _Agent(ServiceInterface):
    """Consents to pairing with one tool; what it lacks (PINs, passkeys) counts as refused."""

    def __init__(self, address: str) -> None:
        super().__init__("org.bluez.Agent1")
        self._device = "/dev_" + address.upper().replace(":", "_")  # so end the paths of BlueZ's devices

    @dbus_method()
    def Release(self) -> None: ...  # noqa: N802 - the names are BlueZ's

    @dbus_method()
    def Cancel(self) -> None: ...  # noqa: N802

    @dbus_method()
    def RequestAuthorization(self, device: DBusObjectPath) -> None:  # noqa: N802
        if not device.endswith(self._device):
            raise _rejected("the hub did not ask to pair with it")

    @dbus_method()
    def RequestConfirmation(self, device: DBusObjectPath, passkey: DBusUInt32) -> None:  # noqa: N802
        raise _rejected("nobody is there to compare the numbers")

    @dbus_method()
    def AuthorizeService(self, device: DBusObjectPath, uuid: DBusStr) -> None:  # noqa: N802
        raise _rejected("the hub offers no services")


@asynccontextmanager
async def pairing_agent(address: str) -> AsyncIterator[None]:
    """Answer BlueZ while the hub connects to one tool and pairs with it.

    Connecting is part of it because BlueZ pairs by itself once one of its own requests is refused for want of
    encryption. The agent is BlueZ's default, since bleak asks on a connection of its own, but only meanwhile:
    what others pair stays theirs to answer, and a BlueZ that restarts has no agent to lose.

    Parameters
    ----------
    address : str
        Of the tool; pairing with any other device is refused.

    Raises
    ------
    AdapterUnavailable
        If BlueZ does not run, or does not take the agent.
    """
    bus = MessageBus(bus_type=BusType.SYSTEM)
    try:
        try:
            async with asyncio.timeout(REGISTER_S):
                await bus.connect()
                bus.export(PATH, _Agent(address))
                await _ask(bus, "RegisterAgent", "os", PATH, CAPABILITY)
                await _ask(bus, "RequestDefaultAgent", "o", PATH)
        except TimeoutError:
            reason = f"BlueZ did not answer within {REGISTER_S:g} s: `sudo systemctl restart bluetooth`"
            raise AdapterUnavailable("system", reason) from None
        except DBusError as error:
            raise AdapterUnavailable("system", _reason(error)) from error
        except (OSError, EOFError, DBusFastError) as error:
            raise AdapterUnavailable("system", f"D-Bus, the way to BlueZ, is away ({error})") from error
        yield
    finally:
        if bus.connected:
            with suppress(OSError, EOFError, DBusFastError):  # TimeoutError is an OSError
                async with asyncio.timeout(GOODBYE_S):
                    await _ask(bus, "UnregisterAgent", "o", PATH)
            bus.disconnect()


async def _ask(bus: MessageBus, method: str, signature: str, *body: str) -> None:
    reply = await bus.call(
        Message(
            "org.bluez", "/org/bluez", "org.bluez.AgentManager1", method, signature=signature, body=[*body]
        )
    )
    if reply.message_type is MessageType.ERROR:
        raise DBusError(reply.error_name or "org.bluez.Error.Failed", f"{reply.error_name} {reply.body}")


def _reason(error: DBusError) -> str:
    if error.type == "org.freedesktop.DBus.Error.AccessDenied":
        return "BlueZ is barred to this user: `sudo usermod -aG bluetooth $USER`, then log in again"
    if error.type.startswith("org.freedesktop.DBus.Error."):  # absent, or does not start when called
        return "BlueZ does not run: `sudo systemctl start bluetooth`"
    return f"BlueZ does not take a pairing agent ({error})"


def _rejected(reason: str) -> DBusError:
    return DBusError("org.bluez.Error.Rejected", reason)
