"""One GATT link whose calls cannot hang: each has a deadline, and ends in an error of ours."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from bleak import BleakClient
from bleak.args.bluez import BlueZNotifyArgs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import (
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)

from .adapter import SYSTEM, Adapter, open_adapter
from .discovery import printable
from .errors import BondLost, LinkLost, PairingRefused, ToolRefused, UnsupportedTool
from .inbox import Inbox

T = TypeVar("T")

#: A tool advertises every 100 ms or so; a Raspberry Pi that scans meanwhile needs a few seconds at worst, and
#: reading the services some more.
CONNECT_DEADLINE_S: Final = 20.0
#: Pairing may wait for a person: the Security Manager's own limit (Core Specification, Vol 3 Part H, 3.4).
PAIR_DEADLINE_S: Final = 30.0
#: A GATT call takes two connection intervals, 0.1 s. bleak has no limit of its own (#691), and ATT's is 30 s.
CALL_DEADLINE_S: Final = 5.0

#: GATT properties by which a value can be read, written, subscribed to.
_READ: Final = ("read",)
_WRITE: Final = ("write", "write-without-response")
NOTIFY: Final = ("notify", "indicate")

_UNENCRYPTED: Final = {
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION_KEY_SIZE,
}
#: The same from BlueZ, which does not tell which of them (create_gatt_dbus_error).
_NOT_PAIRED: Final = ("org.bluez.Error.NotPermitted", "Not paired")


class GattLink:
    """A link to one device, as an asynchronous context manager that releases the device on leaving.

    Parameters
    ----------
    device : BLEDevice
        From a scanner of the adapter.
    adapter : Adapter, optional
        The radio on which it was found; opened for the purpose if not given.
    required : sequence of str
        Characteristics that the device must have.
    pair : bool
        Whether to pair with the device if it is not bonded yet.

    Raises
    ------
    LinkLost
        On connecting, and from then on by any call.
    BondLost
        By a call that needs encryption where device and hub no longer share a key.
    PairingRefused, UnsupportedTool
        On connecting.

    Attributes
    ----------
    name : str
        What the device calls itself, or its address.
    lost : bool
        Whether the link is gone.
    simulated : bool
        Whether it goes over a virtual radio; known once entered.
    """

    def __init__(
        self,
        device: BLEDevice,
        adapter: Adapter | None = None,
        *,
        required: Sequence[str] = (),
        pair: bool = False,
    ) -> None:
        self.name = printable(device.name or "") or device.address
        self.lost = False
        self._device = device
        self._adapter = adapter
        self._required = required
        self._pair = pair
        self._stack = AsyncExitStack()
        self._inboxes: list[Inbox[Any]] = []

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            adapter = self._adapter
            if adapter is None:
                adapter = await stack.enter_async_context(open_adapter(_radio_of(self._device)))
            self.simulated = adapter.simulated
            self._client = adapter.client(self._device)  # until there is one that is connected
            stack.push_async_callback(self.drop)
            async with adapter.connecting(self._device):
                await self._connect(adapter)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def has(self, characteristic: str, *able: str) -> bool:
        """Whether the device offers a characteristic, with any of these GATT properties if some are named."""
        return self._find(characteristic, *able) is not None

    async def read(self, characteristic: str) -> bytes:
        """Read a value."""
        return bytes(await self.call(self._client.read_gatt_char(self._found(characteristic, *_READ))))

    async def write(self, characteristic: str, data: bytes, *, response: bool | None = True) -> None:
        """Write a value; with `response` None the characteristic's properties say whether it is confirmed."""
        found = self._found(characteristic, *_WRITE)
        await self.call(self._client.write_gatt_char(found, data, response=response))

    async def subscribe(
        self, characteristic: str, received: Callable[[bytes], None], *, acquire: bool = False
    ) -> None:
        """Ask for notifications or indications.

        Parameters
        ----------
        characteristic : str
        received : callable
            Told of each value, in the order in which they come.
        acquire : bool
            Whether BlueZ hands them over on a socket (AcquireNotify). With StartNotify it delivers everything
            twice after a reconnection (bleak #2002), but some devices do not get on with the other
            (#1885, #1942).
        """
        found = self._found(characteristic, *NOTIFY)
        bluez: BlueZNotifyArgs = {"use_start_notify": not acquire}
        await self.call(self._client.start_notify(found, lambda _, data: received(bytes(data)), bluez=bluez))

    def _find(self, uuid: str, *able: str) -> BleakGATTCharacteristic | None:
        # bleak refuses a UUID that a device has twice, as some have: here to write, there to notify
        for characteristic in self._services.characteristics.values():
            if characteristic.uuid == uuid and not (able and set(able).isdisjoint(characteristic.properties)):
                return characteristic
        return None

    def _found(self, uuid: str, *able: str) -> BleakGATTCharacteristic:
        found = self._find(uuid, *able)
        if found is None:
            raise UnsupportedTool(self.name, f"it has no {uuid} to {able[0]}")
        return found

    def inbox(self, size: int) -> Inbox[T]:
        """Make an inbox that ends with this link."""
        inbox: Inbox[T] = Inbox(self, size)
        self._inboxes.append(inbox)
        return inbox

    async def call(self, call: Awaitable[T], deadline_s: float | None = None) -> T:
        """Await a GATT call with a deadline and with our errors; one that hangs costs the link."""
        deadline_s = deadline_s or CALL_DEADLINE_S
        try:
            async with asyncio.timeout(deadline_s):
                return await call
        except TimeoutError:
            await self.drop()
            raise LinkLost(self.name, f"it did not answer within {deadline_s:g} s") from None
        except BleakCharacteristicNotFoundError as error:
            raise UnsupportedTool(self.name, f"it has no {error.char_specifier}") from error
        except BleakGATTProtocolError as error:
            if error.code in _UNENCRYPTED:  # though it was paired: one side lost its key
                raise BondLost(self.name) from error
            raise ToolRefused(self.name, "a request", str(error)) from error
        except BleakDBusError as error:
            if error.args == _NOT_PAIRED:
                raise BondLost(self.name) from error
            raise LinkLost(self.name, str(error)) from error
        except (BleakError, OSError, EOFError) as error:
            raise LinkLost(self.name, str(error)) from error

    async def drop(self) -> None:
        """End the link."""
        with suppress(BleakError, OSError, EOFError, TimeoutError):
            async with asyncio.timeout(CALL_DEADLINE_S):
                await self._client.disconnect()

    async def _connect(self, adapter: Adapter) -> None:
        for attempt in (1, 2):
            connecting = adapter.connect(self._device, self._on_lost)
            self._client = await self.call(connecting, CONNECT_DEADLINE_S)
            self._services = self._client.services
            # services may be reported before they are complete (BlueZ #1489): look, and connect once more
            missing = [uuid for uuid in self._required if not self.has(uuid)]
            if not missing:
                break
            if attempt == 2:
                raise UnsupportedTool(self.name, f"it does not offer the characteristic {missing[0]}")
            await self.drop()
        self.lost = False
        if self._pair:
            await self._secure()

    async def _secure(self) -> None:
        try:
            # bonded already: returns at once. Not left to the first protected read, which hung 1 time in 18
            await self.call(self._paired(), PAIR_DEADLINE_S)
        except NotImplementedError:
            pass  # macOS asks the user by itself, on the first protected access
        except LinkLost as error:
            if self.lost:
                raise
            raise PairingRefused(self.name, error.reason) from error

    async def _paired(self) -> None:
        try:
            await self._client.pair()
        except BleakDBusError as error:  # BlueZ pairs by itself too, and may have been quicker
            if error.dbus_error != "org.bluez.Error.AlreadyExists":
                raise

    def _on_lost(self, _: BleakClient) -> None:
        self.lost = True
        for inbox in self._inboxes:
            inbox.wake()


def _radio_of(device: BLEDevice) -> str:
    details = device.details
    return str(details.get("radio", SYSTEM)) if isinstance(details, dict) else SYSTEM
