"""What is near, as a parent sees it: each device with a title, a distance in words, and its state."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from .discovery import Advertisement
from .drivers.link import tool_id_of
from .drivers.registry import driver_for
from .errors import UnsupportedTool
from .heard import Heard
from .nearness import Nearness, nearness
from .pairing_diagnosis import SILENT_S

OWN: Final = "griphub"  #: the driver of our own tools


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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that is near, as a parent sees it.

    Attributes
    ----------
    id : str
        To ask for it with; says nothing about it.
    name : str
        What it calls itself, without what cannot be printed.
    title : str
        What a parent would call it; empty for a device that nobody here knows.
    tool_id, driver : str
        As in `Known`; empty for a device that nobody here knows.
    nearness : Nearness
    rssi_dbm : float
        Smoothed.
    pairing_mode : bool or None
        Whether its button was pressed; None where that is not told.
    held : bool
        It says that a phone or another hub is connected to it.
    ours : bool
        It is a tool of this home already.
    silent : bool
        It was not heard for some seconds.
    """

    id: str
    name: str
    title: str
    tool_id: str
    driver: str
    nearness: Nearness
    rssi_dbm: float
    pairing_mode: bool | None
    held: bool
    ours: bool
    silent: bool

    @classmethod
    def of(cls, heard: Heard, now_s: float, ours: Callable[[str], bool]) -> Self:
        """Say what was heard.

        Parameters
        ----------
        now_s : float
            Monotonic seconds, as in `Heard.at_s`.
        ours : callable
            Whether a tool id is of this home.
        """
        advertisement = heard.advertisement
        known = known_as(advertisement)
        return cls(
            id=candidate_id(advertisement.address),
            name=advertisement.name,
            title=known.title if known else "",
            tool_id=known.tool_id if known else "",
            driver=known.driver if known else "",
            nearness=nearness(advertisement.rssi_dbm),
            rssi_dbm=advertisement.rssi_dbm,
            pairing_mode=advertisement.pairing_mode,
            held=advertisement.held,
            ours=known is not None and ours(known.tool_id),
            silent=now_s - heard.at_s > SILENT_S,
        )


def candidate_id(address: str) -> str:
    """Id of a device that says nothing about it: its address is nobody else's business."""
    return hashlib.sha256(address.encode()).hexdigest()[:12]


def called(advertisement: Advertisement) -> str:
    """What to call a device in a sentence."""
    known = known_as(advertisement)
    return f"{known.title} {advertisement.name}".strip() if known else advertisement.name or "The device"
