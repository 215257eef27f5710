"""What a device is to GripHub, from its advertisement alone."""

from dataclasses import dataclass

from .candidates import OWN
from .discovery import Advertisement
from .drivers.link import tool_id_of
from .drivers.registry import driver_for
from .errors import UnsupportedTool


@dataclass(frozen=True, slots=True)
class Known:
    """What a device is to GripHub, from its advertisement alone.

    Attributes
    ----------
    tool_id : str
        Under which it would be known here.
    title : str
        What a parent would call it.
    driver : str
    """

    tool_id: str
    title: str
    driver: str


def known_as(advertisement: Advertisement) -> Known | None:
    """Say what a device is; None if nobody here knows such a device."""
    if advertisement.is_grip_tool:
        return Known(advertisement.name.lower(), "GripHub tool", OWN) if advertisement.name else None
    try:
        driver = driver_for(advertisement)
    except UnsupportedTool:  # it looks like two
        return None
    if driver is None:
        return None
    return Known(tool_id_of(driver, advertisement.address), driver.title, driver.name)


def called(advertisement: Advertisement) -> str:
    """What to call a device in a sentence."""
    known = known_as(advertisement)
    return f"{known.title} {advertisement.name}".strip() if known else advertisement.name or "The device"
