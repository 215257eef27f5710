"""The radio half of a simulated tool: services, permissions, pairing and advertising, on Bumble."""

import asyncio
import re
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from bumble import att
from bumble.core import AdvertisingData
from bumble.device import Connection
from bumble.gatt import (
    GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
    Characteristic,
    CharacteristicValue,
)

from ..firmware_bridge import profile
from ..firmware_bridge.commands import Response
from ..firmware_bridge.packets import FORCE_UNKNOWN_MN
from .bonding import Bonding
from .gatt import ADVERTISING_MS, Advert, VirtualDevice, as_uuid, device_information
from .radio import VirtualLink

#: A hub that was sent the end of the stream says goodbye itself; one that says nothing for so long is left.
GOODBYE_S: Final = 1.0

#: A tool that is taken tells so once a second: nobody is in a hurry to hear that, and it costs the battery.
HELD_MS: Final = 1000

#: 31 bytes of advertisement: 3 of flags, 18 of our UUID, 2 of heading, and the name.
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,7}")

_PROCEDURE_IN_PROGRESS = 0xFE  # Core Specification Supplement, Part B, 1.2
_CCCD_IMPROPERLY_CONFIGURED = 0xFD
_CONFIRMED_S = 0.05  # far longer than a turn of the loop, far shorter than a hub's patience

_P, _M = Characteristic.Properties, att.Attribute.Permissions


class Peripheral(VirtualDevice):
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
    passkey : int, optional
        Six digits that the tool shows or has printed on it; without it whoever comes in pairing mode pairs.
    info : callable
        Gives the present value of Tool Info.
    obey : callable
        Takes the bytes of a command and gives the answer.
    answered : callable
        Told when the hub has the answer.
    left : callable
        Told that the hub is gone.
    force_mn : callable
        Gives the present force in millinewtons, or `FORCE_UNKNOWN_MN`.

    Attributes
    ----------
    bonding : Bonding
        Pairing mode, and who is bonded.
    """

    def __init__(
        self,
        name: str,
        link: VirtualLink,
        *,
        model: str,
        bonds: Path | None = None,
        passkey: int | None = None,
        info: Callable[[], bytes],
        obey: Callable[[bytes], Awaitable[Response]],
        answered: Callable[[], None] = lambda: None,
        left: Callable[[], None] = lambda: None,
        force_mn: Callable[[], int] = lambda: FORCE_UNKNOWN_MN,
    ) -> None:
        if not NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is no tool name: 1 to 8 of a-z, 0-9, _ and -, not starting with a sign"
            )
        self._name = name
        self._obey = obey
        self._answered = answered
        self._force_mn = force_mn
        self._answering: asyncio.Task[None] | None = None
        self._spoken_s = 0.0
        self._battery_percent = 87
        secret = _M.READABLE | _M.READ_REQUIRES_ENCRYPTION
        self.force_stream: Characteristic[bytes] = Characteristic(profile.FORCE_STREAM, _P.NOTIFY, _M(0))
        self.stored_data: Characteristic[bytes] = Characteristic(profile.STORED_DATA, _P.NOTIFY, _M(0))
        self.force: Characteristic[bytes] = Characteristic(
            as_uuid(profile.FORCE), _P.READ | _P.NOTIFY, secret, _told(lambda: struct.pack("<i", force_mn()))
        )
        self._control: Characteristic[bytes] = Characteristic(
            profile.CONTROL_POINT,
            _P.WRITE | _P.INDICATE,
            _M.WRITEABLE | _M.WRITE_REQUIRES_ENCRYPTION,
            CharacteristicValue(write=self._on_command),
        )
        self._battery: Characteristic[bytes] = Characteristic(
            as_uuid(profile.BATTERY_LEVEL),
            _P.READ | _P.NOTIFY,
            _M.READABLE,
            _told(lambda: bytes([self._battery_percent])),
        )
        super().__init__(
            name,
            link,
            advertisement(name),
            {
                profile.GRIP_SERVICE: [
                    self.force_stream,
                    self._control,
                    Characteristic(profile.TOOL_INFO, _P.READ, _M.READABLE, _told(info)),
                    self.stored_data,
                    self.force,
                ],
                profile.BATTERY_SERVICE: [self._battery],
                **device_information("GripHub simulators", model, serial=name, firmware="1.0"),
            },
            left,
        )
        self.bonding = Bonding(self.bumble, name, bonds, passkey, self._changed.set)
        for characteristic in (self.force_stream, self._control, self.stored_data, self.force):
            # Bumble makes this descriptor itself, the last attribute of each, open to everybody
            descriptor = self.bumble.gatt_server.get_attribute(characteristic.end_group_handle)
            assert descriptor and descriptor.type == GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
            descriptor.permissions |= _M.WRITE_REQUIRES_ENCRYPTION

    async def run(self) -> None:
        """Advertise; being cancelled is power-off, and links time out."""
        await self.bonding.power_on()
        try:
            await super().run()
        finally:
            self.bonding.power_off()

    def present_advert(self) -> Advert | None:
        """What it advertises now: also while it is taken, that it is."""
        if not self._visible:
            return None
        return advertisement(self._name, pairing=self.bonding.pairing_mode, held=self.connection is not None)

    async def notify_force(self) -> None:
        """Tell the present force to whoever has subscribed to the SIG's characteristic."""
        if self.connection and self.bumble.gatt_server.read_cccd(self.connection, self.force)[0] & 0x01:
            await self.notify(self.force, struct.pack("<i", self._force_mn()))

    @property
    def battery_percent(self) -> int:
        """What the battery says; whoever has subscribed is told of a change."""
        return self._battery_percent

    @battery_percent.setter
    def battery_percent(self, percent: int) -> None:
        changed, self._battery_percent = percent != self._battery_percent, percent
        if changed and self.connection:
            self._telling = asyncio.ensure_future(self.notify(self._battery, bytes([percent])))

    async def hide(self, goodbye_s: float | None = None) -> None:
        """Give the hub, if there is one, the time to read, ask and leave, and be gone."""
        goodbye_s = GOODBYE_S if goodbye_s is None else goodbye_s
        self._visible = False
        self.heard_from()
        while self.connection:
            left_s = self._spoken_s + goodbye_s - asyncio.get_running_loop().time()
            if left_s <= 0:
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._alone.wait()
        await super().hide()

    def heard_from(self) -> None:
        """Take note that the hub is busy with this tool, and not to be left."""
        self._spoken_s = asyncio.get_running_loop().time()

    async def forget_bonds(self) -> None:
        """Reset to how it left the factory."""
        await self.bonding.forget()

    def _on_connection(self, connection: Connection) -> None:
        self.bonding.connected(connection)
        super()._on_connection(connection)

    def _on_disconnection(self, reason: int) -> None:
        if self._answering:
            self._answering.cancel()
            self._answering = None
        super()._on_disconnection(reason)

    async def _on_command(self, connection: Connection, data: bytes) -> None:
        if not self.bumble.gatt_server.read_cccd(connection, self._control)[0] & 0x02:
            raise att.ATT_Error(_CCCD_IMPROPERLY_CONFIGURED)
        if self._answering:
            # a command right behind the confirmation finds the answer's task still about to end
            await asyncio.wait({self._answering}, timeout=_CONFIRMED_S)
            if not self._answering.done():
                raise att.ATT_Error(_PROCEDURE_IN_PROGRESS)
        if not data:
            raise att.ATT_Error(att.ATT_INVALID_ATTRIBUTE_LENGTH_ERROR)
        self.heard_from()
        self._answering = asyncio.create_task(
            self._answer(connection, data)
        )  # after the write's own response

    async def _answer(self, connection: Connection, data: bytes) -> None:
        answer = bytes(await self._obey(data))
        with suppress(TimeoutError):  # a hub that does not confirm will notice by itself
            await self.bumble.indicate_subscriber(connection, self._control, answer)
            self._answered()


def advertisement(name: str, *, pairing: bool = False, held: bool = False) -> Advert:
    """What a tool advertises: 31 bytes at most, and no scan response."""
    flags = AdvertisingData.Flags
    mode = flags.LE_LIMITED_DISCOVERABLE_MODE if pairing else flags.LE_GENERAL_DISCOVERABLE_MODE
    return Advert(
        name,
        (profile.HELD_SERVICE if held else profile.GRIP_SERVICE,),
        connectable=not held,
        flags=mode | flags.BR_EDR_NOT_SUPPORTED,
        interval_ms=HELD_MS if held else ADVERTISING_MS,
    )


def _told(value: Callable[[], bytes]) -> CharacteristicValue[bytes]:
    return CharacteristicValue(read=lambda _: value())
