"""What a tool of ours says about itself, as far as it can be believed."""

import re
from typing import Final

from . import profile
from .discovery import printable
from .errors import PacketError, UnsupportedTool
from .gatt import GattLink
from .packets import ToolInfo
from .samples import ToolKind, Unit
from .sentence import Sentence
from .stream import UNITS
from .tool import Capabilities, Stamps, ToolDescription

#: Characteristics that every tool of ours has.
REQUIRED: Final = (
    profile.FORCE_STREAM,
    profile.CONTROL_POINT,
    profile.TOOL_INFO,
    profile.MANUFACTURER_NAME,
    profile.MODEL_NUMBER,
    profile.SERIAL_NUMBER,
    profile.FIRMWARE_REVISION,
)

#: Squeezes are counted from so many samples a second on.
COUNTING_HZ: Final = 10

#: Serial numbers become parts of file names, topics and pages.
_SERIAL: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,7}")

_KINDS: Final = {
    profile.WireKind.BALL: ToolKind.BALL,
    profile.WireKind.PUTTY: ToolKind.PUTTY,
    profile.WireKind.DYNAMOMETER: ToolKind.DYNAMOMETER,
}


async def describe(link: GattLink) -> tuple[ToolDescription, Unit]:
    """Read what a tool says about itself, and the unit of its samples.

    Raises
    ------
    UnsupportedTool
        If it is of another protocol version or kind, or its serial number is none.
    """
    try:
        info = ToolInfo.from_bytes(await link.read(profile.TOOL_INFO))
    except PacketError as error:
        raise UnsupportedTool(link.name, error.reason) from error
    serial = (await _text(link, profile.SERIAL_NUMBER)).rstrip("\0 ").lower()
    if not _SERIAL.fullmatch(serial):
        raise UnsupportedTool(link.name, f"{printable(serial)!r} cannot be a serial number")
    tool = ToolDescription(
        tool_id=serial,
        kind=_KINDS[info.kind],
        manufacturer=printable(await _text(link, profile.MANUFACTURER_NAME)),
        model=printable(await _text(link, profile.MODEL_NUMBER)),
        firmware=printable(await _text(link, profile.FIRMWARE_REVISION)),
        boot_id=info.boot_id,
        rate_hz=info.rate_hz,
        simulated=info.simulated or link.simulated,
        battery_percent=await read_battery(link),
    )
    return tool, UNITS[info.unit][0]


async def read_battery(link: GattLink) -> int | None:
    """Charge in percent; None where the tool does not tell."""
    if not link.has(profile.BATTERY_LEVEL):
        return None
    value = await link.read(profile.BATTERY_LEVEL)
    return value[0] if len(value) == 1 and value[0] <= 100 else None


def capabilities_of(link: GattLink, tool: ToolDescription, unit: Unit) -> Capabilities:
    """What a tool can carry."""
    battery, stored = link.has(profile.BATTERY_LEVEL), link.has(profile.STORED_DATA)
    counts = not 0 < tool.rate_hz < COUNTING_HZ
    because: dict[str, str] = {}
    if not tool.rate_hz:
        because["rate_hz"] = Sentence("The tool samples unevenly; each sample carries its own time.")
    if not battery:
        because["battery"] = Sentence("The tool does not tell its charge.")
    if not stored:
        because["stored"] = Sentence("The tool has no memory for sessions.")
    if not counts:
        because["counts"] = (
            f"The tool takes {tool.rate_hz:g} samples a second; counting squeezes needs {COUNTING_HZ}."
        )
    return Capabilities(
        unit=unit,
        rate_hz=tool.rate_hz or None,
        stamps=Stamps.TOOL,
        loss_known=True,
        tare=True,
        identify=True,
        battery=battery,
        stored=stored,
        counts=counts,
        because=because,
    )


async def _text(link: GattLink, uuid: str) -> str:
    return (await link.read(uuid)).decode("utf-8", "replace")
