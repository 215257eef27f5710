"""Why a connection does not come about on Linux: the tool has lost its key, or somebody else holds it.

BlueZ's answer to a tool without the key is the same as to one at the edge of range ("br-connection-canceled",
"le-connection-abort-by-local"), and bleak tries again until its time is up. But the links themselves can be
watched. To be imported on Linux only.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from bleak.backends.device import BLEDevice
from dbus_fast import DBusError, Message, MessageType
from dbus_fast.unpack import unpack_variants

from .bluez_bus import ANSWER_S, BLUEZ, ask, subscribe, system_bus, translated
from .errors import BondLost, GripError, ToolHeld
from .nearness import Nearness, nearness
from .profile import HELD_SERVICE

_DEVICE: Final = "org.bluez.Device1"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"

#: Why a link ended, as BlueZ tells it from 5.82 on (doc/org.bluez.Device.rst). Linux says so only where the
#: tool had no key: a key that is there and a bad link give other reasons (hci_encrypt_change_evt).
_NO_KEY: Final = "org.bluez.Reason.Authentication"

#: So many links in a row with a bonded tool that end before they are encrypted tell the same. With a tool
#: that is near, one in ten is much; six are no accident, and fewer than bleak-retry-connector tries.
BROKEN_LINKS: Final = 6

#: A tool that advertises and is free takes a connection within a fraction of a second; held tools advertise
#: once a second.
HELD_S: Final = 6.0

_FAR: Final = (Nearness.FAR, Nearness.VERY_FAR)


class Attempt:
    """What is seen of one device while somebody tries to connect to it.

    Parameters
    ----------
    name : str
        Of the tool, for errors.
    properties : mapping
        BlueZ's of the device, when the attempt begins.

    Attributes
    ----------
    verdict : GripError or None
        Why more of it is of no use, once that is clear.
    decided : callable
        Told so.
    """

    def __init__(self, name: str, properties: Mapping[str, Any]) -> None:
        self.verdict: GripError | None = None
        self.decided: Callable[[], None] = lambda: None
        self._name = name
        self._bonded = bool(properties.get("Bonded", properties.get("Paired")))  # before 5.65 only the latter
        self._uuids = frozenset(properties.get("UUIDs", ()))
        self._connected = bool(properties.get("Connected"))
        self._far = False
        self._linked = self._heard = False
        self._broken = 0
        self._take(properties)

    def hear(self, signal: Message) -> None:
        """Take a signal of the device."""
        match signal.interface, signal.member, signal.body:
            case str(), "PropertiesChanged", [str(interface), dict(changed), *_] if interface == _DEVICE:
                changed = unpack_variants(changed)
                self._uuids |= frozenset(changed.get("UUIDs", ()))
                self._take(changed)
            case str(interface), "Disconnected", [str(reason), *_] if (interface, reason) == (
                _DEVICE,
                _NO_KEY,
            ):
                self._decide(BondLost(self._name))

    def still_waiting(self) -> None:
        """Take note that it does not let itself be connected, though it would have done so long ago."""
        # BlueZ adds up what services a device has named, so that these may be of another time
        if HELD_SERVICE in self._uuids and self._heard and not (self._far or self._linked):
            self._decide(ToolHeld(self._name))

    def _take(self, changed: Mapping[str, Any]) -> None:
        if (rssi_dbm := changed.get("RSSI")) is not None:  # which BlueZ has as long as it scans
            self._heard = True
            self._far = self._far or nearness(rssi_dbm) in _FAR
        if changed.get("ServicesResolved"):
            self._broken = 0  # read over an encrypted link
        if "Connected" in changed:
            self._linked = self._linked or changed["Connected"]
            self._broken += self._connected and not changed["Connected"]
            self._connected = changed["Connected"]
        if self._bonded and self._broken >= BROKEN_LINKS and not self._far:
            self._decide(BondLost(self._name))

    def _decide(self, verdict: GripError) -> None:
        if self.verdict is None:
            self.verdict = verdict
            self.decided()


@asynccontextmanager
async def attempt(device: BLEDevice, name: str) -> AsyncIterator[None]:
    """Connect to a device within this, to be interrupted once more of it is of no use.

    Parameters
    ----------
    device : BLEDevice
        As bleak found it.
    name : str
        For errors.

    Raises
    ------
    BondLost
        If it refuses the key that BlueZ has of it. Before BlueZ 5.82 that is concluded from links with a near
        device that end at once, again and again; of one that is far away nothing is said.
    ToolHeld
        If it said at some time that it was held, and was heard by this scan, near, and takes no connection.
    AdapterUnavailable
        If BlueZ does not run.
    """
    path = device.details["path"]
    async with system_bus() as bus:
        with translated("system", "tell of a device"):
            async with asyncio.timeout(ANSWER_S):
                await bus.connect()
                await subscribe(bus, f"type='signal',sender='{BLUEZ}',path='{path}'")
                try:
                    (properties,) = await ask(bus, path, _PROPERTIES, "GetAll", "s", _DEVICE)
                except DBusError as error:
                    if error.type != "org.freedesktop.DBus.Error.UnknownObject":
                        raise
                    properties = {}  # forgotten since it was heard; connecting will say so
        watched = Attempt(name, unpack_variants(properties))

        def hear(message: Message) -> None:
            if message.message_type is MessageType.SIGNAL and message.path == path:
                watched.hear(message)

        bus.add_message_handler(hear)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as patience:
                watched.decided = lambda: patience.reschedule(loop.time())
                waiting = loop.call_later(HELD_S, watched.still_waiting)
                try:
                    yield
                finally:
                    waiting.cancel()
                    watched.decided = lambda: None
        except TimeoutError:
            if patience.expired() and watched.verdict:
                raise watched.verdict from None
            raise
