"""The radio half of a simulated tool: services, permissions, bonds and advertising, on Bumble."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from bumble import att, data_types, hci
from bumble.core import UUID, AdvertisingData, BaseBumbleError
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import (
    GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
    Characteristic,
    CharacteristicValue,
    Service,
)
from bumble.keys import JsonKeyStore, MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate

from ..firmware_bridge import profile
from ..firmware_bridge.packets import Response
from .controller import VirtualController
from .radio import VirtualLink

ADVERTISING_MS: Final = 100

#: A hub that was sent the end of the stream says goodbye itself; one that does not is left after so long.
GOODBYE_S: Final = 1.0

#: 31 bytes of advertisement: 3 of flags, 18 of our UUID, 2 of heading, and the name.
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,7}")

_PROCEDURE_IN_PROGRESS = 0xFE  # Core Specification Supplement, Part B, 1.2
_CCCD_IMPROPERLY_CONFIGURED = 0xFD
_CONFIRMED_S = 0.05  # far longer than a turn of the loop, far shorter than a hub's patience

_P, _M = Characteristic.Properties, att.Attribute.Permissions


class Peripheral:
    """A connectable tool on a virtual link.

    Parameters
    ----------
    name : str
        Advertised name and serial number.
    link : VirtualLink
        The air.
    model : str
        Model number in Device Information.
    bonds : Path, optional
        File for the keys of bonded hubs; without it they are forgotten at power-off.
    info : callable
        Gives the present value of Tool Info.
    obey : callable
        Takes the bytes of a command and gives the answer.
    left : callable
        Told that the hub is gone.

    Attributes
    ----------
    pairing_mode : bool
        Whether it pairs with whoever asks.
    battery_percent : int
        What the battery says.
    """

    def __init__(
        self,
        name: str,
        link: VirtualLink,
        *,
        model: str,
        bonds: Path | None,
        info: Callable[[], bytes],
        obey: Callable[[bytes], Awaitable[Response]],
        left: Callable[[], None],
    ) -> None:
        if not NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is no tool name: 1 to 8 of a-z, 0-9, _ and -, not starting with a sign"
            )
        self.pairing_mode = True
        self.battery_percent = 87
        self._link = link
        self._obey = obey
        self._left = left
        self._connection: Connection | None = None
        self._answering: asyncio.Task[None] | None = None
        self._visible = False
        self._changed = asyncio.Event()
        self._alone = asyncio.Event()

        digest = hashlib.sha256(name.encode()).digest()
        # a static random address has its two highest bits set (Core Specification, Vol 6 Part B, 1.3.2.1)
        address = hci.Address(bytes([*digest[:5], digest[5] | 0xC0]), hci.Address.RANDOM_DEVICE_ADDRESS)
        self._controller = VirtualController(name, link=link)
        self._device = Device.from_config_with_hci(
            DeviceConfiguration(
                name=name,
                address=address,
                advertising_interval_min=ADVERTISING_MS,
                advertising_interval_max=ADVERTISING_MS,
                advertising_data=advertisement(name),
            ),
            self._controller,
            self._controller,
        )
        if bonds:
            bonds.parent.mkdir(parents=True, exist_ok=True)
        self._device.keystore = JsonKeyStore(name, str(bonds)) if bonds else MemoryKeyStore()
        self._device.pairing_config_factory = lambda _: PairingConfig(
            sc=True,
            mitm=False,
            bonding=True,
            delegate=_Pairing(self),
        )
        self._device.on(Device.EVENT_CONNECTION, self._on_connection)
        self._force: Characteristic[bytes] = Characteristic(profile.FORCE_STREAM, _P.NOTIFY, _M(0))
        self._control: Characteristic[bytes] = Characteristic(
            profile.CONTROL_POINT,
            _P.WRITE | _P.INDICATE,
            _M.WRITEABLE | _M.WRITE_REQUIRES_ENCRYPTION,
            CharacteristicValue(write=self._on_command),
        )
        tool_info = CharacteristicValue(read=lambda _: info())
        self._add_services(
            {
                profile.GRIP_SERVICE: [
                    self._force,
                    self._control,
                    Characteristic(profile.TOOL_INFO, _P.READ, _M.READABLE, tool_info),
                ],
                profile.BATTERY_SERVICE: [
                    Characteristic(
                        profile.BATTERY_LEVEL,
                        _P.READ,
                        _M.READABLE,
                        CharacteristicValue(read=lambda _: bytes([self.battery_percent])),
                    )
                ],
                profile.DEVICE_INFORMATION_SERVICE: [
                    _fixed(profile.MANUFACTURER_NAME, b"GripHub simulators"),
                    _fixed(profile.MODEL_NUMBER, model.encode()),
                    _fixed(profile.SERIAL_NUMBER, name.encode()),
                    _fixed(profile.FIRMWARE_REVISION, b"1.0"),
                ],
            }
        )

    def _add_services(self, services: dict[str, list[Characteristic[bytes]]]) -> None:
        for uuid, characteristics in services.items():
            self._device.add_service(Service(uuid, characteristics))
        for characteristic in (self._force, self._control):
            # Bumble makes this descriptor itself, the last attribute of each, open to everybody
            descriptor = self._device.gatt_server.get_attribute(characteristic.end_group_handle)
            assert descriptor and descriptor.type == GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
            descriptor.permissions |= _M.WRITE_REQUIRES_ENCRYPTION

    async def run(self) -> None:
        """Advertise whenever it is visible and free; being cancelled is power-off, and links time out."""
        try:
            await self._device.power_on()
            task = asyncio.current_task()
            # in Python 3.11 the wait_for that Bumble uses may swallow a cancellation, so ask; 3.12 mended it
            while task and not task.cancelling():
                await self._changed.wait()
                self._changed.clear()
                if self._visible and not self._connection:
                    await self._device.start_advertising()
                else:
                    await self._device.stop_advertising()
        finally:
            self._controller.le_legacy_advertiser.stop()
            self.lose_link()
            self._link.remove_controller(self._controller)

    def show(self) -> None:
        """Be there for hubs."""
        self._visible = True
        self._changed.set()

    async def hide(self) -> None:
        """Give the hub, if there is one, the time to read and leave, and be gone."""
        self._visible = False
        if self._connection:
            with suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE_S):
                    await self._alone.wait()
        if connection := self._connection:
            with suppress(BaseBumbleError):
                await connection.disconnect()
        self._changed.set()

    @property
    def att_mtu(self) -> int:
        """ATT MTU of the link, or the least there is."""
        return self._connection.att_mtu if self._connection else att.ATT_DEFAULT_MTU

    async def notify(self, packet: bytes) -> None:
        """Send a Force Stream packet to the hub, if it subscribed."""
        if self._connection:
            await self._device.notify_subscriber(self._connection, self._force, packet)

    def lose_link(self) -> None:
        """Go out of range for a moment."""
        self._link.lose(self._controller)

    async def forget_bonds(self) -> None:
        """Reset to how it left the factory."""
        if self._device.keystore:
            await self._device.keystore.delete_all()

    def _on_connection(self, connection: Connection) -> None:
        self._connection = connection
        self._alone.clear()
        connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        self._changed.set()

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        self._alone.set()
        if self._answering:
            self._answering.cancel()
            self._answering = None
        self._left()
        self._changed.set()

    async def _on_command(self, connection: Connection, data: bytes) -> None:
        if not self._device.gatt_server.read_cccd(connection, self._control)[0] & 0x02:
            raise att.ATT_Error(_CCCD_IMPROPERLY_CONFIGURED)
        if self._answering:
            # a command right behind the confirmation finds the answer's task still about to end
            await asyncio.wait({self._answering}, timeout=_CONFIRMED_S)
            if not self._answering.done():
                raise att.ATT_Error(_PROCEDURE_IN_PROGRESS)
        if not data:
            raise att.ATT_Error(att.ATT_INVALID_ATTRIBUTE_LENGTH_ERROR)
        self._answering = asyncio.create_task(
            self._answer(connection, data)
        )  # after the write's own response

    async def _answer(self, connection: Connection, data: bytes) -> None:
        answer = bytes(await self._obey(data))
        with suppress(TimeoutError):  # a hub that does not confirm will notice by itself
            await self._device.indicate_subscriber(connection, self._control, answer)


class _Pairing(PairingDelegate):
    def __init__(self, tool: Peripheral) -> None:
        # see the bridge's backend: without identity keys, bonds are filed under the address in use
        keys = PairingDelegate.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY
        super().__init__(local_initiator_key_distribution=keys, local_responder_key_distribution=keys)
        self._tool = tool

    async def accept(self) -> bool:
        return self._tool.pairing_mode


def advertisement(name: str) -> bytes:
    """Advertising data of a tool, at most 31 bytes."""
    flags = AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE | AdvertisingData.Flags.BR_EDR_NOT_SUPPORTED
    return bytes(
        AdvertisingData(
            [
                data_types.Flags(flags),
                data_types.CompleteListOf128BitServiceUUIDs([UUID(profile.GRIP_SERVICE)]),
                data_types.CompleteLocalName(name),
            ]
        )
    )


def _fixed(uuid: str, value: bytes) -> Characteristic[bytes]:
    return Characteristic(uuid, _P.READ, _M.READABLE, value)
