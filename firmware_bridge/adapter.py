"""The hub's radio: this machine's Bluetooth, or a Bumble controller behind the same bleak objects."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from bleak import BleakClient, BleakScanner
from bleak.args.bluez import BlueZAdapterArgs
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback
from bleak.exc import (
    BleakError,
)
from bleak_retry_connector import (
    BleakOutOfConnectionSlotsError,
    close_stale_connections,
    establish_connection,
)
from bumble.core import BaseBumbleError
from bumble.hci import Address

from .bleak_errors import RadioClient, RadioScanner, unavailable
from .bumble_backend import BumbleClient, BumbleScanner
from .bumble_radio import BumbleRadio, Passkey
from .ear import Ear
from .errors import AdapterCause, AdapterUnavailable, NoFreeSlot

if sys.platform == "linux":
    from .bluez_agent import pairing_agent
    from .bluez_attempt import attempt
    from .bluez_watch import watched

SYSTEM: Final = "system"  #: this machine's own Bluetooth, through whatever bleak finds

#: How long a radio may take to come up: a controller resets within a fraction of this.
OPEN_DEADLINE_S: Final = 5.0

#: Bumble transports that reach a real controller; all others are virtual radios.
_REAL: Final = ("usb:", "pyusb:", "serial:", "hci-socket:")


class Adapter:
    """Makes bleak scanners and clients for one radio; get one from `open_adapter`.

    Attributes
    ----------
    radio : str
        ``system``, ``system:hci1``, or the Bumble transport moniker.
    simulated : bool
        Whether it is a virtual radio, so that whatever is heard on it is simulated.
    lost : asyncio.Event
        Set when the radio is gone or switched off, so that a new adapter must be opened. On other platforms
        than Linux never set for ``system``: there calls fail instead.
    failure : AdapterUnavailable
        Once `lost`, why.
    turn : callable
        Told of each device, by its address, once its turn to connect has come.
    """

    def __init__(
        self,
        radio: str,
        bumble: BumbleRadio | None = None,
        *,
        hci: str | None = None,
        connected: tuple[BLEDevice, ...] = (),
        passkey: Passkey | None = None,
    ) -> None:
        self.radio = radio
        self.simulated = bumble is not None and not radio.startswith(_REAL)
        self.lost = bumble.lost if bumble else asyncio.Event()
        self.failure = AdapterUnavailable(radio, "the radio went away")
        self.turn: Callable[[str], None] = lambda _: None
        self._connecting = asyncio.Lock()
        self._bumble = bumble
        self._bluez: BlueZAdapterArgs = {"adapter": hci} if hci else {}
        self._connected = connected  # when it was opened; a Bumble controller starts with a reset
        self._passkey = passkey
        self._ear = Ear(self.scanner)

    # -- hearing

    def scanner(
        self, detected: AdvertisementDataCallback | None = None, service_uuids: list[str] | None = None
    ) -> BleakScanner:
        """Make a scanner; its `start` and `stop` raise `AdapterUnavailable` where bleak's own would raise."""
        return RadioScanner(self.radio, detected, service_uuids, **self._backend(BumbleScanner))

    def listening(
        self, heard: Callable[[BLEDevice, AdvertisementData], None]
    ) -> AbstractAsyncContextManager[None]:
        """Be told of all advertisements by the radio's one scanner, which all listeners share.

        Raises
        ------
        AdapterUnavailable
            On entering.
        """
        return self._ear.listening(heard)

    def advertisements(self, address: str) -> AbstractAsyncContextManager[AsyncIterator[AdvertisementData]]:
        """Follow the advertisements of one device, through the same scanner.

        A reader that is too slow loses the oldest.

        Raises
        ------
        AdapterUnavailable
            On entering.
        """
        return self._ear.advertisements(address)

    async def rescan(self) -> None:
        """Start the shared scanner anew; raises `AdapterUnavailable` if it does not start."""
        await self._ear.restart()

    # -- connecting

    @property
    def busy(self) -> bool:
        """Whether a tool is being connected, so that the next one waits for its turn."""
        return self._connecting.locked()

    @asynccontextmanager
    async def connecting(self, device: BLEDevice) -> AsyncIterator[None]:
        """Have the radio to oneself while connecting to a tool and pairing with it.

        Radios make one link at a time (bleak #1036, #1689).

        Raises
        ------
        AdapterUnavailable
            If the radio cannot pair.
        """
        async with self._connecting:
            self.turn(device.address)
            if sys.platform == "linux" and self._bumble is None:
                try:
                    async with pairing_agent(device.address, self._passkey):
                        yield
                finally:
                    await self._listen_on()
            else:
                yield

    async def _listen_on(self) -> None:
        """Scan on at once: connecting ends BlueZ's scan, and it would wait 5 s (IDLE_DISCOV_TIMEOUT)."""
        try:
            await self._ear.restart()
        except AdapterUnavailable as failure:
            self.failure = failure
            self.lost.set()

    def client(
        self, device: BLEDevice, disconnected: Callable[[BleakClient], None] | None = None, **kwargs: Any
    ) -> BleakClient:
        """Make a client for a tool that was found on this radio; keyword arguments are bleak's."""
        return BleakClient(device, disconnected, **kwargs, **self._backend(BumbleClient))

    async def connect(
        self, device: BLEDevice, disconnected: Callable[[BleakClient], None] | None = None
    ) -> BleakClient:
        """Connect to a tool that was found on this radio; to be done under `connecting`, with a deadline.

        What BlueZ is known to mend by itself is tried again at once (bleak-retry-connector knows which errors
        those are); everything else needs a fresh scan.

        Raises
        ------
        NoFreeSlot
            If the radio holds as many links as it can.
        LinkLost
            If the radio has forgotten the tool since it was heard.
        BondLost, ToolHeld
            On Linux; elsewhere only a call shows that a key was lost.
        BleakError, OSError, EOFError
        """
        name = device.name or device.address
        try:
            async with self._attempt(device, name):
                return await establish_connection(
                    RadioClient,
                    device,
                    name,
                    disconnected,
                    max_attempts=1,
                    radio=self.radio,
                    **self._backend(BumbleClient),
                )
        except BleakOutOfConnectionSlotsError as error:
            raise NoFreeSlot(self.radio) from error

    async def bonded(self, device: BLEDevice) -> bool:
        """Whether this radio and a tool share a key, as far as the platform tells."""
        if self._bumble:
            return await self._bumble.bonded(device.details["address"])
        properties = device.details.get("props", {}) if isinstance(device.details, dict) else {}
        return bool(properties.get("Bonded", properties.get("Paired", False)))

    async def forget(self, device: BLEDevice | str) -> None:
        """Delete the bond with a tool, so that the next connection pairs anew.

        Parameters
        ----------
        device : BLEDevice or str
            The tool, or the address of one that is not there.

        Raises
        ------
        AdapterUnavailable
            If the radio does not do so: macOS lets only the user.
        """
        try:
            await self.client(self._absent(device) if isinstance(device, str) else device).unpair()
        except (BleakError, OSError, EOFError, NotImplementedError) as error:
            raise unavailable(self.radio, error) from error

    def _attempt(self, device: BLEDevice, name: str) -> AbstractAsyncContextManager[None]:
        """Tells what BlueZ does not, where it is BlueZ that connects."""
        return attempt(device, name) if sys.platform == "linux" and self._bumble is None else nullcontext()

    def _absent(self, address: str) -> BLEDevice:
        if self._bumble:
            return BLEDevice(address, None, {"address": Address(address)})
        if sys.platform != "linux":
            raise NotImplementedError("a tool that is not there stays in the system's Bluetooth settings")
        path = f"/org/bluez/{self._bluez.get('adapter', 'hci0')}/dev_{address.upper().replace(':', '_')}"
        return BLEDevice(address, None, {"path": path})

    async def release_stale(self, ours: Callable[[BLEDevice], bool]) -> None:
        """Let go of tools to which a killed process left this radio connected: they do not advertise.

        Parameters
        ----------
        ours : callable
            Whether a connected device is a tool of this hub; others may be a loudspeaker in use.
        """
        for device in self._connected:
            if ours(device):
                await close_stale_connections(device)

    def _backend(self, backend: type) -> dict[str, Any]:
        if self._bumble:
            return {"backend": backend, "bumble": self._bumble}
        return {"bluez": self._bluez}


@asynccontextmanager
async def open_adapter(
    radio: str = SYSTEM, *, bonds: Path | None = None, passkey: Passkey | None = None
) -> AsyncIterator[Adapter]:
    """Open a radio.

    Parameters
    ----------
    radio : str
        ``system``, or on Linux one of several as in ``system:hci1``, or a Bumble HCI transport such as
        ``unix:/run/radio`` or ``tcp-client:localhost:9000``.
    bonds : Path, optional
        Folder for the keys of bonded tools. Without it a Bumble radio forgets them on closing; the system
        keeps its own.
    passkey : callable, optional
        Asks somebody for the six digits that a tool shows, given its address; raises `PairingRefused` if
        nobody is there. Without it tools that want a passkey do not pair.

    Raises
    ------
    AdapterUnavailable
        If there is no such radio.
    """
    if radio == SYSTEM or radio.startswith(f"{SYSTEM}:"):
        async with _system(radio, passkey) as adapter:
            yield adapter
        return
    opening = BumbleRadio.open(radio, bonds, passkey)
    try:
        async with asyncio.timeout(OPEN_DEADLINE_S):
            bumble = await opening.__aenter__()
    except TimeoutError:
        raise AdapterUnavailable(radio, f"it did not answer within {OPEN_DEADLINE_S:g} s") from None
    except (OSError, ValueError, BaseBumbleError, BleakError) as error:
        raise unavailable(radio, error) from error
    try:
        yield Adapter(radio, bumble)
    finally:
        await opening.__aexit__(None, None, None)


@asynccontextmanager
async def _system(radio: str, passkey: Passkey | None) -> AsyncIterator[Adapter]:
    hci = radio.partition(":")[2] or None
    if sys.platform != "linux":
        if hci:
            raise AdapterUnavailable(radio, "only Linux tells several apart", AdapterCause.MISSING)
        yield Adapter(radio)  # the first scan tells whether it works
        return
    async with watched(radio, hci) as bluez:
        adapter = Adapter(radio, hci=bluez.hci, connected=bluez.connected, passkey=passkey)

        def lost(failure: AdapterUnavailable) -> None:
            adapter.failure = failure
            adapter.lost.set()

        bluez.lost = lost
        yield adapter
