"""Pairing on Linux: BlueZ asks an agent for consent, and bleak registers none, so that its `pair` fails.

To be imported on Linux only.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from dbus_fast import DBusError, DBusFastError
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method

from .bluez_bus import ANSWER_S, ask, system_bus, translated
from .bumble_radio import Passkey
from .errors import GripError

PATH: Final = "/griphub/agent"

#: Most tools have neither display nor keys, so that pairing just works (Core Specification, Vol 3 Part H,
#: 2.3.5). Where somebody can read digits from a tool the hub is a keyboard, and no more: with a display it
#: would be asked to compare numbers, which nobody does.
CAPABILITIES: Final = {False: "NoInputNoOutput", True: "KeyboardOnly"}

#: Unregistering is one round trip; from a daemon that hangs the end of the connection does it.
GOODBYE_S: Final = 1.0


class _Agent(ServiceInterface):
    """Consents to pairing with one tool; whatever else it is asked for counts as refused."""

    def __init__(self, address: str, passkey: Passkey | None) -> None:
        super().__init__("org.bluez.Agent1")
        self._address = address
        self._passkey = passkey
        self._device = "/dev_" + address.upper().replace(":", "_")  # so end the paths of BlueZ's devices

    @dbus_method()
    def Release(self) -> None: ...  # noqa: N802 - the names are BlueZ's

    @dbus_method()
    def Cancel(self) -> None: ...  # noqa: N802

    @dbus_method()
    def RequestAuthorization(self, device: DBusObjectPath) -> None:  # noqa: N802
        self._expect(device)

    @dbus_method()
    async def RequestPasskey(self, device: DBusObjectPath) -> DBusUInt32:  # noqa: N802
        self._expect(device)
        if self._passkey is None:
            raise _rejected("nobody is there to read the tool's digits")
        try:
            return await self._passkey(self._address)
        except GripError as error:
            raise _rejected(str(error)) from error

    @dbus_method()
    def RequestConfirmation(self, device: DBusObjectPath, passkey: DBusUInt32) -> None:  # noqa: N802
        raise _rejected("nobody is there to compare the numbers")

    @dbus_method()
    def AuthorizeService(self, device: DBusObjectPath, uuid: DBusStr) -> None:  # noqa: N802
        raise _rejected("the hub offers no services")

    def _expect(self, device: str) -> None:
        if not device.endswith(self._device):
            raise _rejected("the hub did not ask to pair with it")


@asynccontextmanager
async def pairing_agent(address: str, passkey: Passkey | None = None) -> AsyncIterator[None]:
    """Answer BlueZ while the hub connects to one tool and pairs with it.

    Connecting is part of it because BlueZ pairs by itself once one of its own requests is refused for want of
    encryption. The agent is BlueZ's default, since bleak asks on a connection of its own, but only meanwhile:
    what others pair stays theirs to answer, and a BlueZ that restarts has no agent to lose.

    Parameters
    ----------
    address : str
        Of the tool; pairing with any other device is refused.
    passkey : callable, optional
        Asks somebody for the digits that the tool shows.

    Raises
    ------
    AdapterUnavailable
        If BlueZ does not run, or does not take the agent.
    """
    async with system_bus() as bus:
        with translated("system", "take a pairing agent"):
            async with asyncio.timeout(ANSWER_S):
                await bus.connect()
                bus.export(PATH, _Agent(address, passkey))
                await _manager(bus, "RegisterAgent", "os", PATH, CAPABILITIES[passkey is not None])
                await _manager(bus, "RequestDefaultAgent", "o", PATH)
        try:
            yield
        finally:
            if bus.connected:
                with suppress(OSError, EOFError, DBusFastError):  # TimeoutError is an OSError
                    async with asyncio.timeout(GOODBYE_S):
                        await _manager(bus, "UnregisterAgent", "o", PATH)


async def _manager(bus: MessageBus, method: str, signature: str, *body: str) -> None:
    await ask(bus, "/org/bluez", "org.bluez.AgentManager1", method, signature, *body)


def _rejected(reason: str) -> DBusError:
    return DBusError("org.bluez.Error.Rejected", reason)
