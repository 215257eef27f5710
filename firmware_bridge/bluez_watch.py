"""Watching this machine's Bluetooth on Linux: switched off, unplugged, or BlueZ itself gone, at once.

bleak tells of none of it: a scan that runs goes on in silence. To be imported on Linux only.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from bleak.backends.device import BLEDevice
from dbus_fast import DBusFastError, Message
from dbus_fast.aio import MessageBus
from dbus_fast.unpack import unpack_variants

from .bluez_bus import ANSWER_S, BLUEZ, ask, subscribe, system_bus, translated
from .errors import AdapterCause, AdapterUnavailable

ADAPTER: Final = "org.bluez.Adapter1"
DEVICE: Final = "org.bluez.Device1"
_OBJECTS: Final = "org.freedesktop.DBus.ObjectManager"
_RULES: Final = (
    f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{BLUEZ}'",
    f"type='signal',sender='{BLUEZ}',member='PropertiesChanged',arg0='{ADAPTER}'",
    f"type='signal',sender='{BLUEZ}',interface='{_OBJECTS}',member='InterfacesRemoved'",
)
_OFF: Final = "it is switched off: `bluetoothctl power on`, or switch Bluetooth on in the settings"

_Objects = Mapping[str, Mapping[str, Mapping[str, Any]]]  # properties by interface by path


class Watch:
    """One adapter of BlueZ, watched.

    Attributes
    ----------
    hci : str
        Its name, such as ``hci0``.
    connected : tuple of BLEDevice
        To what it was connected when the watch began.
    lost : callable
        Told once, and why, when it cannot be used any more.
    """

    def __init__(self, radio: str, hci: str, connected: tuple[BLEDevice, ...] = ()) -> None:
        self.hci = hci
        self.connected = connected
        self.lost: Callable[[AdapterUnavailable], None] = lambda _: None
        self._radio = radio
        self._path = f"/org/bluez/{hci}"

    def hear(self, signal: Message) -> None:
        """Take any message of the bus."""
        match signal.member, signal.body:
            case "NameOwnerChanged", [str(name), str(), str()] if name == BLUEZ:
                self._lose("BlueZ ended or was restarted", AdapterCause.GONE)
            case "PropertiesChanged", [str(interface), dict(changed), *_] if (signal.path, interface) == (
                self._path,
                ADAPTER,
            ):
                if unpack_variants(changed).get("Powered") is False:
                    self._lose(_OFF, AdapterCause.OFF)
            case "InterfacesRemoved", [str(path), list(interfaces)] if (
                path == self._path and ADAPTER in interfaces
            ):
                self._lose("it was unplugged", AdapterCause.MISSING)

    def bus_ended(self) -> None:
        """Take note that D-Bus itself is gone."""
        self._lose("D-Bus, the way to BlueZ, ended or was restarted", AdapterCause.GONE)

    def _lose(self, reason: str, cause: AdapterCause) -> None:
        lost, self.lost = self.lost, lambda _: None
        lost(AdapterUnavailable(self._radio, reason, cause))


@asynccontextmanager
async def watched(radio: str, hci: str | None) -> AsyncIterator[Watch]:
    """Find an adapter that works, and watch it.

    Parameters
    ----------
    radio : str
        Its name in errors.
    hci : str, optional
        Which one, such as ``hci1``; by default the first that is switched on.

    Raises
    ------
    AdapterUnavailable
        If there is none, or it is off, or this user may not use it.
    """
    async with system_bus() as bus:
        with translated(radio, "tell of its adapters"):
            async with asyncio.timeout(ANSWER_S):
                await bus.connect()
                for rule in _RULES:
                    await subscribe(bus, rule)
                (objects,) = await ask(bus, "/", _OBJECTS, "GetManagedObjects")
        known: _Objects = unpack_variants(objects)
        chosen = _choose(radio, hci, known)
        watch = Watch(radio, chosen, tuple(_connected(chosen, known)))
        bus.add_message_handler(watch.hear)
        ended = asyncio.create_task(_ended(bus, watch), name=f"end of D-Bus for {radio}")
        try:
            yield watch
        finally:
            ended.cancel()


async def _ended(bus: MessageBus, watch: Watch) -> None:
    with suppress(OSError, EOFError, DBusFastError):
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
    watch.bus_ended()


def _connected(hci: str, objects: _Objects) -> Iterator[BLEDevice]:
    for path, interfaces in objects.items():
        device = interfaces.get(DEVICE, {})
        if device.get("Connected") and device.get("Adapter") == f"/org/bluez/{hci}":
            yield BLEDevice(device["Address"], device.get("Name"), {"path": path, "props": device})


def _choose(radio: str, hci: str | None, objects: _Objects) -> str:
    adapters = {
        path.removeprefix("/org/bluez/"): interfaces[ADAPTER]
        for path, interfaces in sorted(objects.items())
        if ADAPTER in interfaces and "central" in interfaces[ADAPTER].get("Roles", ["central"])
    }
    if hci:
        adapters = {name: adapter for name, adapter in adapters.items() if name == hci}
    if not adapters:
        what = f"there is no {hci}" if hci else "no Bluetooth Low Energy adapter was found"
        raise AdapterUnavailable(radio, f"{what}; plug one in", AdapterCause.MISSING)
    for name, adapter in adapters.items():
        if adapter.get("Powered"):
            return name
    raise AdapterUnavailable(radio, _OFF, AdapterCause.OFF)
