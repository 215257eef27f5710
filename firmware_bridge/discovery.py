"""Finding tools by their advertisements."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from .adapter import SYSTEM, Adapter, open_adapter
from .errors import DeviceNotFound
from .profile import GRIP_SERVICE, HELD_SERVICE

#: The flag by which our tools say that they are in pairing mode: LE Limited Discoverable (Supplement to the
#: Core Specification, Part A, 1.3).
_LIMITED_DISCOVERABLE = 0x01

#: Characters of a name that are read: more than a legacy advertisement has room for.
MAX_NAME = 32


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What a device says of itself to everybody.

    Attributes
    ----------
    name : str
        Advertised name without what cannot be printed, empty if it has none. A GripHub tool's name is its
        serial number.
    address : str
        Bluetooth address (on macOS a random id).
    rssi_dbm : int
        Signal strength; -50 is near, -90 is far.
    is_grip_tool : bool
        Whether it is one of our own tools, free or held.
    service_uuids : frozenset of str
        Services that it names, 128 bits in lower case.
    manufacturer_data : mapping of int to bytes
        By company id, which the bytes do not repeat.
    pairing_mode : bool or None
        Whether a tool of ours lets itself be paired; None where the platform hides it, as macOS does.
    held : bool
        Whether a tool of ours says that a phone or a hub is connected to it, so that nobody else can be.
    """

    name: str
    address: str
    rssi_dbm: int
    is_grip_tool: bool
    service_uuids: frozenset[str] = frozenset()
    manufacturer_data: Mapping[int, bytes] = field(default_factory=dict)
    pairing_mode: bool | None = None
    held: bool = False

    @classmethod
    def of(cls, device: BLEDevice, data: AdvertisementData) -> Self:
        """Read what bleak hands to a detection callback."""
        uuids = frozenset(uuid.lower() for uuid in data.service_uuids)
        flags = advertising_flags(data)
        return cls(
            name=printable(data.local_name or ""),
            address=device.address,
            rssi_dbm=data.rssi,
            is_grip_tool=GRIP_SERVICE in uuids or HELD_SERVICE in uuids,
            service_uuids=uuids,
            manufacturer_data=data.manufacturer_data,
            pairing_mode=None if flags is None else bool(flags & _LIMITED_DISCOVERABLE),
            # BlueZ only ever adds to the services it has heard of: with both, it may be free again
            held=HELD_SERVICE in uuids and GRIP_SERVICE not in uuids,
        )


def printable(name: str) -> str:
    """Make a name that a stranger chose fit for logs and pages: no control or direction characters."""
    return "".join(character for character in name if character.isprintable())[:MAX_NAME].strip()


def advertising_flags(data: AdvertisementData) -> int | None:
    """Flags of an advertisement; None where the platform does not tell."""
    # as BlueZ has it, and the Bumble backend likewise: (…, properties)
    properties = data.platform_data[1] if len(data.platform_data) > 1 else None
    flags = properties.get("AdvertisingFlags") if isinstance(properties, dict) else None
    return flags[0] if flags else None


@asynccontextmanager
async def _opened(adapter: Adapter | None, radio: str) -> AsyncIterator[Adapter]:
    if adapter:
        yield adapter
    else:
        async with open_adapter(radio) as own:
            yield own


async def scan(
    timeout_s: float = 5.0, *, adapter: Adapter | None = None, radio: str = SYSTEM
) -> list[Advertisement]:
    """Listen for a while.

    Parameters
    ----------
    timeout_s : float
        How long.
    adapter : Adapter, optional
        An open radio; otherwise `radio` is opened for the purpose.
    radio : str
        See `open_adapter`.

    Returns
    -------
    list of Advertisement
        All devices heard, strongest first.

    Raises
    ------
    AdapterUnavailable
    """
    heard: dict[str, Advertisement] = {}

    def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
        heard[device.address] = Advertisement.of(device, data)

    async with _opened(adapter, radio) as opened, opened.listening(on_advertisement):
        await asyncio.sleep(timeout_s)
    return sorted(heard.values(), key=lambda a: -a.rssi_dbm)


async def find_device(
    name: str | None = None,
    *,
    timeout_s: float = 10.0,
    adapter: Adapter | None = None,
    radio: str = SYSTEM,
) -> BLEDevice:
    """Find a tool.

    Parameters
    ----------
    name : str, optional
        Its name, which is its serial number, in any case of letters; by default the first GripHub tool.
    timeout_s : float
        How long to look.
    adapter, radio
        As for `scan`.

    Raises
    ------
    DeviceNotFound
        If it does not answer in time.
    AdapterUnavailable
    """
    found: asyncio.Future[BLEDevice] = asyncio.get_running_loop().create_future()

    def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
        heard = Advertisement.of(device, data)
        meant = heard.name.casefold() == name.casefold() if name else heard.is_grip_tool
        if meant and not found.done():
            found.set_result(device)

    async with _opened(adapter, radio) as opened, opened.listening(on_advertisement):
        try:
            return await asyncio.wait_for(found, timeout_s)
        except TimeoutError:
            raise DeviceNotFound(name or "of any name", timeout_s) from None
