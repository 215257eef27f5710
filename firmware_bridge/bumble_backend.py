"""A Bumble central behind bleak's own ``backend=`` argument.

`BumbleScanner` and `BumbleClient` are bleak backends that share a `BumbleRadio`. With them, code that is
plain bleak runs on a virtual radio, or on an HCI dongle without BlueZ.
"""

import asyncio
import contextlib
import logging
import struct
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError
from bleak.uuids import normalize_uuid_str
from bumble import att, hci
from bumble.core import UUID, AdvertisingData, BaseBumbleError, ProtocolError
from bumble.device import Advertisement, Connection
from bumble.smp import (
    SMP_CONFIRM_VALUE_FAILED_ERROR,
    SMP_PAIRING_NOT_SUPPORTED_ERROR,
    SMP_PASSKEY_ENTRY_FAILED_ERROR,
)

from .bumble_radio import MAX_HEARD, BumbleRadio

log = logging.getLogger(__name__)

T = TypeVar("T")

#: What the reasons of the Security Manager mean here (Core Specification, Vol 3 Part H, 3.5.5).
_NOT_PAIRED: dict[int, str] = {
    SMP_PASSKEY_ENTRY_FAILED_ERROR: "nobody typed the digits that it shows",
    SMP_CONFIRM_VALUE_FAILED_ERROR: "the digits that were typed are not those that it shows",
    SMP_PAIRING_NOT_SUPPORTED_ERROR: "it is not in pairing mode",
}

ATT_MTU = 517  #: the largest that can matter: a 512-byte value and the longest ATT header


class BumbleScanner(BaseBleakScanner):
    """bleak's scanner interface on a `BumbleRadio`, which comes as the keyword argument ``bumble``."""

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        *,
        bumble: BumbleRadio,
        **_other_platforms: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._radio = bumble
        self._active = scanning_mode == "active"

    async def start(self) -> None:
        """Start scanning."""
        self.seen_devices = {}
        await self._radio.listen(self._on_advertisement, active=self._active)

    async def stop(self) -> None:
        """Stop scanning."""
        await self._radio.unlisten(self._on_advertisement)

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        try:
            heard = _said(advertisement)
        except (ValueError, struct.error, BaseBumbleError) as error:  # Bumble's, where a field is malformed
            log.debug("what %s says is no advertisement: %s", advertisement.address, error)
            return
        if not self.is_allowed_uuid(heard.service_uuids):
            return
        address = advertisement.address.to_string(with_type_qualifier=False)
        details = {"radio": self._radio.name, "address": advertisement.address}
        if len(self.seen_devices) > MAX_HEARD:
            self.seen_devices.clear()
        device = self.create_or_update_device(address, address, heard.local_name, details, heard)
        self.call_detection_callbacks(device, heard)


class BumbleClient(BaseBleakClient):
    """bleak's client interface on a `BumbleRadio`, which comes as the keyword argument ``bumble``."""

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        bumble: BumbleRadio,
        **_other_platforms: Any,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        if not isinstance(address_or_ble_device, BLEDevice):
            raise BleakDeviceNotFoundError(self.address, "connect to what a scan found, not to an address")
        self._name = address_or_ble_device.name
        self._peer: hci.Address = address_or_ble_device.details["address"]
        self._radio = bumble
        self._connection: Connection | None = None
        self._gone = asyncio.Event()
        self._subscriptions: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """Advertised name."""
        return self._name or self.address.replace(":", "-")

    @property
    def is_connected(self) -> bool:
        """Whether the link stands."""
        return self._connection is not None

    @property
    def mtu_size(self) -> int:
        """Negotiated ATT MTU."""
        return self._connection.att_mtu if self._connection else att.ATT_DEFAULT_MTU

    @property
    def _link(self) -> Connection:
        if self._connection is None:
            raise BleakError("not connected")
        return self._connection

    async def _run(self, procedure: Awaitable[T]) -> T:
        return await self._radio.run(procedure, self._gone)

    async def connect(self, pair: bool, **_kwargs: Any) -> None:
        """Connect, take up encryption with a bonded tool as BlueZ does, and read the services."""
        self._gone.clear()
        connection = await self._radio.connect(self._peer, self._timeout)
        if self._radio.device.connections.get(connection.handle) is not connection:
            raise BleakError("disconnected")  # already, before anybody could listen for it
        self._connection = connection
        connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        try:
            if await self._radio.bonded(self._peer):
                # a tool that lost its key refuses; like BlueZ we then stay unencrypted and do not pair anew
                # behind the user's back: the first protected access fails
                with contextlib.suppress(BleakError):
                    await self._run(connection.encrypt())
            elif pair:
                await self.pair()
            await self._run(self._link.gatt_client.request_mtu(ATT_MTU))
            self.services = await self._discover()
        except BaseException:
            await self.disconnect()
            raise

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        self.services = None
        self._subscriptions.clear()
        self._gone.set()
        if self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        """Disconnect; nothing happens where there is no link."""
        if self._connection and not self._radio.lost.is_set():
            with contextlib.suppress(BleakError):
                await self._run(self._connection.disconnect())

    async def pair(self, *_args: Any, **_kwargs: Any) -> None:
        """Pair and bond; nothing happens with a tool that is bonded already."""
        if not await self._radio.bonded(self._peer):
            try:
                await self._run(self._link.pair())
            except BleakError as error:
                cause = error.__cause__
                if isinstance(cause, ProtocolError) and cause.error_code in _NOT_PAIRED:
                    raise BleakError(_NOT_PAIRED[cause.error_code]) from error
                raise

    async def unpair(self) -> None:
        """Forget the tool's key, and disconnect."""
        if self._radio.device.keystore and await self._radio.bonded(self._peer):
            await self._radio.device.keystore.delete(str(self._peer))
        await self.disconnect()

    async def _discover(self) -> BleakGATTServiceCollection:
        gatt, found = self._link.gatt_client, BleakGATTServiceCollection()
        for s in await self._run(gatt.discover_services()):
            service = BleakGATTService(s, s.handle, _uuid(s.uuid))
            found.add_service(service)
            for c in await self._run(gatt.discover_characteristics([], s)):
                properties = list(gatt_char_props_to_strs(int(c.properties)))
                characteristic = BleakGATTCharacteristic(
                    c, c.handle, _uuid(c.uuid), properties, lambda: self.mtu_size - 3, service
                )
                found.add_characteristic(characteristic)
                for d in await self._run(gatt.discover_descriptors(c)):
                    found.add_descriptor(BleakGATTDescriptor(d, d.handle, _uuid(d.type), characteristic))
        return found

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_kwargs: Any
    ) -> bytearray:
        """Read a value."""
        return bytearray(await self._run(self._link.gatt_client.read_value(characteristic.obj)))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_kwargs: Any
    ) -> bytearray:
        """Read a descriptor."""
        return bytearray(await self._run(self._link.gatt_client.read_value(descriptor.obj)))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        """Write a value."""
        await self._run(self._link.gatt_client.write_value(characteristic.obj, bytes(data), response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Write a descriptor."""
        await self._run(self._link.gatt_client.write_value(descriptor.obj, bytes(data), True))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_kwargs: Any
    ) -> None:
        """Subscribe to notifications or indications."""
        if characteristic.handle in self._subscriptions:
            raise BleakError("notifications are already on for this characteristic")

        def on_value(value: bytes) -> None:
            callback(bytearray(value))

        # bumble remembers a subscriber before the tool has agreed, and calls it twice if asked twice
        self._subscriptions[characteristic.handle] = on_value
        try:
            await self._run(self._link.gatt_client.subscribe(characteristic.obj, on_value))
        except BaseException:
            self._subscriptions.pop(characteristic.handle, None)
            raise

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Undo `start_notify`."""
        if on_value := self._subscriptions.pop(characteristic.handle, None):
            await self._run(self._link.gatt_client.unsubscribe(characteristic.obj, on_value))


def _uuid(uuid: UUID) -> str:
    return normalize_uuid_str(uuid.to_hex_str("-" if len(uuid.uuid_bytes) == 16 else ""))


def _said(advertisement: Advertisement) -> AdvertisementData:
    data = advertisement.data
    uuids = [
        _uuid(uuid)
        for kind in (
            AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
            AdvertisingData.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
            AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
            AdvertisingData.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
        )
        for listed in data.get_all(kind)
        for uuid in listed
    ]
    name = data.get(AdvertisingData.COMPLETE_LOCAL_NAME) or data.get(AdvertisingData.SHORTENED_LOCAL_NAME)
    companies = data.get_all(AdvertisingData.MANUFACTURER_SPECIFIC_DATA)
    return AdvertisementData(
        local_name=name,
        manufacturer_data={int(company): bytes(said) for company, said in companies},
        service_data=_service_data(data),
        service_uuids=uuids,
        tx_power=data.get(AdvertisingData.TX_POWER_LEVEL),
        rssi=advertisement.rssi,
        platform_data=(advertisement, _properties(data)),
    )


def _service_data(data: AdvertisingData) -> dict[str, bytes]:
    short = data.get_all(AdvertisingData.Type.SERVICE_DATA_16_BIT_UUID)
    long = data.get_all(AdvertisingData.Type.SERVICE_DATA_128_BIT_UUID)
    return {_uuid(uuid): bytes(value) for uuid, value in (*short, *long)}


def _properties(data: AdvertisingData) -> dict[str, bytes]:
    """What bleak has no field for, by the names of BlueZ."""
    flags = data.get(AdvertisingData.FLAGS, raw=True)
    return {"AdvertisingFlags": flags} if flags else {}
