"""Devices on the virtual radio, on Bumble: what they advertise, what they offer, and who is connected."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from bumble import att, data_types, hci
from bumble.core import UUID, AdvertisingData, Appearance, BaseBumbleError, DataType
from bumble.device import AdvertisingType, Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service

from ..firmware_bridge import profile
from .controller import VirtualController
from .radio import VirtualLink

ADVERTISING_MS: Final = 100
LEGACY_DATA_BYTES: Final = 31  #: in an advertisement, and as many in its scan response

_General, _NoClassic = (
    AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE,
    AdvertisingData.Flags.BR_EDR_NOT_SUPPORTED,
)
_SIG_BASE = "-0000-1000-8000-00805f9b34fb"
_P, _M = Characteristic.Properties, att.Attribute.Permissions


@dataclass(frozen=True, slots=True)
class Advert:
    """What a device tells everybody.

    Attributes
    ----------
    name : str
        Complete local name; it goes into the scan response where the advertisement has no room for it.
    services : tuple of str
        UUIDs of services.
    manufacturer : tuple of (int, bytes), optional
        Company id, and data without it.
    appearance : int, optional
        Assigned number of what the device looks like.
    connectable : bool
        Whether anybody may connect.
    flags : int
        By default general discoverable, without Bluetooth Classic.
    interval_ms : float
        How often.
    """

    name: str
    services: tuple[str, ...] = ()
    manufacturer: tuple[int, bytes] | None = None
    appearance: int | None = None
    connectable: bool = True
    flags: int = _General | _NoClassic
    interval_ms: float = ADVERTISING_MS

    def data(self) -> tuple[bytes, bytes]:
        """Advertising data and scan response, at most 31 bytes each; ValueError if that is too little."""
        fields: list[DataType] = [data_types.Flags(AdvertisingData.Flags(self.flags))]
        uuids = [as_uuid(uuid) for uuid in self.services]
        if short := [uuid for uuid in uuids if len(uuid.uuid_bytes) == 2]:
            fields.append(data_types.CompleteListOf16BitServiceUUIDs(short))
        if long := [uuid for uuid in uuids if len(uuid.uuid_bytes) == 16]:
            fields.append(data_types.CompleteListOf128BitServiceUUIDs(long))
        if self.appearance is not None:
            look = Appearance.from_int(self.appearance)
            fields.append(data_types.Appearance(look.category, look.subcategory))
        if self.manufacturer:
            fields.append(data_types.ManufacturerSpecificData(*self.manufacturer))
        data, name = bytes(AdvertisingData(fields)), b""
        if self.name:
            name = bytes(AdvertisingData([data_types.CompleteLocalName(self.name)]))
        if len(data) + len(name) <= LEGACY_DATA_BYTES:
            data, name = data + name, b""
        if max(len(data), len(name)) > LEGACY_DATA_BYTES:
            raise ValueError(f"{self} does not fit into an advertisement and its scan response")
        return data, name


class VirtualDevice:
    """A device on a virtual link: it advertises, and serves one hub at a time.

    Parameters
    ----------
    name : str
        Its address follows from it.
    link : VirtualLink
        The air.
    advert : Advert
        What it tells everybody; see `advertise`.
    services : mapping of str to sequence of Characteristic
        What it offers, by the service's UUID.
    left : callable, optional
        Told that the hub is gone.

    Attributes
    ----------
    bumble : bumble.device.Device
        For what is not in this interface, such as pairing; to be set up before it runs.
    connection : bumble.device.Connection or None
        The hub that is there.
    """

    def __init__(
        self,
        name: str,
        link: VirtualLink,
        advert: Advert,
        services: Mapping[str, Sequence[Characteristic[bytes]]] | None = None,
        left: Callable[[], None] = lambda: None,
    ) -> None:
        self.connection: Connection | None = None
        self._link = link
        self._advert = advert
        self._left = left
        self._visible = False
        self._changed = asyncio.Event()
        self._alone = asyncio.Event()
        digest = hashlib.sha256(name.encode()).digest()
        # a static random address has its two highest bits set (Core Specification, Vol 6 Part B, 1.3.2.1)
        address = hci.Address(bytes([*digest[:5], digest[5] | 0xC0]), hci.Address.RANDOM_DEVICE_ADDRESS)
        self._controller = VirtualController(name, link=link)
        self.bumble = Device.from_config_with_hci(
            DeviceConfiguration(
                name=name,
                address=address,
            ),
            self._controller,
            self._controller,
        )
        self.bumble.on(Device.EVENT_CONNECTION, self._on_connection)
        for uuid, characteristics in (services or {}).items():
            self.bumble.add_service(Service(as_uuid(uuid), characteristics))

    @property
    def address(self) -> str:
        """Bluetooth address, as scanners show it."""
        return self.bumble.random_address.to_string(with_type_qualifier=False)

    @property
    def att_mtu(self) -> int:
        """ATT MTU of the link, or the least there is."""
        return self.connection.att_mtu if self.connection else att.ATT_DEFAULT_MTU

    def present_advert(self) -> Advert | None:
        """What it advertises now: nothing while it is hidden or taken."""
        return self._advert if self._visible and not self.connection else None

    async def run(self) -> None:
        """Advertise; being cancelled is power-off, and links time out."""
        try:
            await self.bumble.power_on()
            task = asyncio.current_task()
            # in Python 3.11 the wait_for that Bumble uses may swallow a cancellation, so ask; 3.12 mended it
            while task and not task.cancelling():
                await self._changed.wait()
                self._changed.clear()
                if advert := self.present_advert():
                    kind = AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE
                    if not advert.connectable:
                        kind = AdvertisingType.UNDIRECTED_SCANNABLE
                    data, scan_response = advert.data()
                    await self.bumble.start_advertising(
                        kind,
                        advertising_data=data,
                        scan_response_data=scan_response,
                        advertising_interval_min=advert.interval_ms,
                        advertising_interval_max=advert.interval_ms,
                    )
                else:
                    await self.bumble.stop_advertising()
        finally:
            self._controller.le_legacy_advertiser.stop()
            self.lose_link()
            self._link.remove_controller(self._controller)

    def advertise(self, advert: Advert) -> None:
        """Tell everybody something else from now on."""
        self._advert = advert
        self._changed.set()

    def show(self) -> None:
        """Be there for hubs."""
        self._visible = True
        self._changed.set()

    async def hide(self, goodbye_s: float = 0.0) -> None:
        """Give the hub, if there is one, so long to leave by itself, and be gone."""
        self._visible = False
        if self.connection:
            with suppress(TimeoutError):
                async with asyncio.timeout(goodbye_s):
                    await self._alone.wait()
        if connection := self.connection:
            with suppress(BaseBumbleError):
                await connection.disconnect()
        self._changed.set()

    async def notify(self, characteristic: Characteristic[bytes], value: bytes) -> None:
        """Send a notification to the hub, if it subscribed."""
        connection = self.connection
        if connection and self.bumble.gatt_server.read_cccd(connection, characteristic)[0] & 0x01:
            self._controller.notify(connection.handle, characteristic.handle, value[: connection.att_mtu - 3])

    def lose_link(self) -> None:
        """Go out of range for a moment."""
        self._link.lose(self._controller)

    def _on_connection(self, connection: Connection) -> None:
        self.connection = connection
        self._alone.clear()
        connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        self._changed.set()

    def _on_disconnection(self, _reason: int) -> None:
        self.connection = None
        self._alone.set()
        self._left()
        self._changed.set()


def as_uuid(text: str) -> UUID:
    """Bumble's UUID, in 16 bits where it is one of the SIG's."""
    text = text.lower()
    return UUID(text[4:8] if text.startswith("0000") and text.endswith(_SIG_BASE) else text)


def fixed(uuid: str, value: bytes) -> Characteristic[bytes]:
    """Make a characteristic that always reads the same."""
    return Characteristic(as_uuid(uuid), _P.READ, _M.READABLE, value)


def notifying(uuid: str, subscribed: Callable[[bool], None] = lambda _: None) -> Characteristic[bytes]:
    """Make a characteristic that only notifies, and tells whether anybody listens."""
    made: Characteristic[bytes] = Characteristic(as_uuid(uuid), _P.NOTIFY, _M(0))
    made.on(made.EVENT_SUBSCRIPTION, lambda _connection, notify, _indicate: subscribed(notify))
    return made


def writable(uuid: str, written: Callable[[bytes], None]) -> Characteristic[bytes]:
    """Make a characteristic that takes writes, with or without response."""
    value = CharacteristicValue(write=lambda _, data: written(bytes(data)))
    return Characteristic(as_uuid(uuid), _P.WRITE | _P.WRITE_WITHOUT_RESPONSE, _M.WRITEABLE, value)


def device_information(
    manufacturer: str, model: str, *, serial: str = "", firmware: str = ""
) -> dict[str, list[Characteristic[bytes]]]:
    """Make the standard service that says what a device is; empty fields are left out."""
    texts = {
        profile.MANUFACTURER_NAME: manufacturer,
        profile.MODEL_NUMBER: model,
        profile.SERIAL_NUMBER: serial,
        profile.FIRMWARE_REVISION: firmware,
    }
    return {
        profile.DEVICE_INFORMATION_SERVICE: [
            fixed(uuid, text.encode()) for uuid, text in texts.items() if text
        ]
    }


def battery(percent: int) -> dict[str, list[Characteristic[bytes]]]:
    """Make the standard service that tells the charge."""
    return {profile.BATTERY_SERVICE: [fixed(profile.BATTERY_LEVEL, bytes([percent]))]}
