"""One HCI controller in the central role, driven by Bumble: a virtual radio, or a dongle without BlueZ."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

from bleak.exc import BleakError, BleakGATTProtocolError
from bumble import att, hci
from bumble.core import BaseBumbleError, ConnectionError
from bumble.device import Advertisement, Connection, Device, DeviceConfiguration
from bumble.keys import JsonKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport import open_transport

from .errors import GripError, NoFreeSlot

T = TypeVar("T")
Listener = Callable[[Advertisement], None]
Passkey = Callable[[str], Awaitable[int]]  #: asks somebody for the digits that the tool of an address shows

#: Only the long-term key is exchanged. Bumble 0.0.236 files a bond under the peer's identity address when one
#: is sent, by default the public one, and would then look for the peer by scanning before each connect. Tools
#: have static addresses, so none is sent. Delete when Bumble connects to a known address directly.
_KEYS = PairingDelegate.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY


#: HCI errors of a controller that has no room for another link: Connection Limit Exceeded, and Connection
#: Rejected Due To Limited Resources (Core Specification, Vol 1 Part F).
_FULL: Final = (0x09, 0x0D)
_HCI_FAILURES: Final = (ConnectionError, hci.HCI_Error, hci.HCI_StatusError)

#: Devices whose advertisements Bumble and bleak remember at a time. A house has a few dozen; without a bound,
#: somebody who advertises under ever new addresses would fill the memory.
MAX_HEARD: Final = 1000


class _Delegate(PairingDelegate):
    """What the hub has to pair with: nothing, or somebody who reads six digits from the tool."""

    def __init__(self, address: str, passkey: Passkey | None) -> None:
        # never more than a keyboard: nobody compares numbers, and the hub shows none
        capability = self.KEYBOARD_INPUT_ONLY if passkey else self.NO_OUTPUT_NO_INPUT
        super().__init__(capability, _KEYS, _KEYS)
        self._address = address
        self._passkey = passkey

    async def get_number(self) -> int | None:
        if self._passkey is None:
            return None
        with contextlib.suppress(GripError):
            return await self._passkey(self._address)
        return None


#: Saying goodbye to all tools takes a few connection intervals; a radio that hangs never does it.
GOODBYE_S = 0.5


class BumbleRadio:
    """One HCI controller in the central role, shared by its scanners and clients.

    Attributes
    ----------
    name : str
        Bumble transport moniker that it was opened with.
    lost : asyncio.Event
        Set once the transport has ended: nothing works on this radio any more.
    """

    def __init__(self, name: str, device: Device, passkey: Passkey | None = None) -> None:
        self.name = name
        self.device = device
        self.lost = asyncio.Event()
        self._listeners: list[Listener] = []
        self._passkey = passkey
        device.pairing_config_factory = self._pairing_config
        device.on(Device.EVENT_ADVERTISEMENT, self._on_advertisement)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, name: str, bonds: Path | None, passkey: Passkey | None = None
    ) -> AsyncIterator["BumbleRadio"]:
        """Power the controller on.

        Parameters
        ----------
        name : str
            Bumble transport moniker, such as ``unix:/run/radio`` or ``tcp-client:localhost:9000``.
        bonds : Path, optional
            Folder for the keys of bonded tools; without it they are forgotten on closing.
        passkey : callable, optional
            Asks for the digits that a tool shows.

        Raises
        ------
        OSError, BaseBumbleError, ValueError
            If the transport cannot be opened, or the bonds cannot be read.
        """
        file = _bond_file(bonds) if bonds else None
        # a bond holds for one pair of addresses, so a hub keeps its address with its bonds
        address = _own_address(file)
        async with await open_transport(name) as transport:
            device = Device.from_config_with_hci(
                DeviceConfiguration(name="GripHub", address=address), transport.source, transport.sink
            )
            if file:
                device.keystore = JsonKeyStore(str(address), str(file))
            radio = cls(name, device, passkey)
            transport.source.terminated.add_done_callback(lambda _: radio.lost.set())
            await radio.run(device.power_on())
            try:
                yield radio
            finally:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GOODBYE_S):
                        goodbyes = [radio.run(link.disconnect()) for link in device.connections.values()]
                        await asyncio.gather(*goodbyes, return_exceptions=True)

    async def run(self, procedure: Awaitable[T], gone: asyncio.Event | None = None) -> T:
        """Await a Bumble procedure, with bleak's errors and without Bumble's leaks.

        Bumble 0.0.236 never ends a procedure whose transport is lost, and raises `CancelledError` out of one
        whose link drops, as if the caller's own task had been cancelled. Delete the race when both raise.

        Parameters
        ----------
        procedure : awaitable
            What to do.
        gone : asyncio.Event, optional
            Set when the link that the procedure needs is gone.
        """
        work = asyncio.ensure_future(procedure)
        ends = [asyncio.ensure_future(event.wait()) for event in (self.lost, gone) if event]
        try:
            await asyncio.wait([work, *ends], return_when=asyncio.FIRST_COMPLETED)
            if not work.done() or work.cancelled():
                raise BleakError("the radio is gone" if self.lost.is_set() else "disconnected")
            return work.result()
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except (BaseBumbleError, hci.HCI_Error) as error:
            if isinstance(error, _HCI_FAILURES) and error.error_code in _FULL:
                raise NoFreeSlot(self.name) from error
            raise BleakError(str(error)) from error
        finally:
            for task in (work, *ends):
                task.cancel()
            # not awaited: in Python 3.11 the wait_for that Bumble uses may swallow the cancellation
            work.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def connect(self, peer: hci.Address, timeout_s: float) -> Connection:
        """Make a link; whatever ends the attempt early also ends it in the controller."""
        before = self.device.find_connection_by_bd_addr(peer)
        try:
            return await self.run(self.device.connect(peer, timeout=timeout_s))
        except BaseException:
            # bumble cancels in the controller on its own timeout only, and a link may come up meanwhile
            with contextlib.suppress(BleakError):
                await self.run(self.device.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command()))
                orphan = self.device.find_connection_by_bd_addr(peer)
                if orphan and orphan is not before:
                    await self.run(orphan.disconnect())
            raise

    async def bonded(self, peer: hci.Address) -> bool:
        """Whether there is a key for this tool."""
        return self.device.keystore is not None and await self.device.keystore.get(str(peer)) is not None

    async def listen(self, listener: Listener, *, active: bool) -> None:
        """Tell a listener of advertisements; the first one starts the scan."""
        self._listeners.append(listener)
        try:
            if len(self._listeners) == 1:
                await self.run(self.device.start_scanning(active=active, filter_duplicates=False))
        except BaseException:
            self._listeners.remove(listener)
            raise

    async def unlisten(self, listener: Listener) -> None:
        """Undo `listen`; the last one stops the scan."""
        self._listeners.remove(listener)
        if not self._listeners and not self.lost.is_set():
            await self.run(self.device.stop_scanning())

    def _pairing_config(self, link: Connection) -> PairingConfig:
        """LE Secure Connections with bonding; a tool that shows digits demands them by itself."""
        address = link.peer_address.to_string(with_type_qualifier=False)
        return PairingConfig(sc=True, mitm=False, bonding=True, delegate=_Delegate(address, self._passkey))

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        if len(self.device.advertisement_accumulators) > MAX_HEARD:
            self.device.advertisement_accumulators.clear()
        for listener in tuple(self._listeners):
            listener(advertisement)


def _bond_file(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # keys are nobody else's business
    return folder / "bonds.json"


def _own_address(file: Path | None) -> hci.Address:
    if not (file and file.exists()):
        return hci.Address.generate_static_address()
    try:
        (address,) = json.loads(file.read_text(encoding="utf-8"))
        return hci.Address(address)
    except (TypeError, ValueError):
        raise ValueError(f"{file} does not hold the bonds of one hub; remove it and pair again") from None
