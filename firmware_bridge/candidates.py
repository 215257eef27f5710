"""What is near, as a parent sees it: each device with a title, a distance in words, and its state."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from .nearness import Nearness

OWN: Final = "griphub"  #: the driver of our own tools

Digits = Callable[[], Awaitable[int | None]]  #: asks the parent for the six digits on the tool


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


def candidate_id(address: str) -> str:
    """Id of a device that says nothing about it: its address is nobody else's business."""
    return hashlib.sha256(address.encode()).hexdigest()[:12]
