"""What is heard around the hub: every device, on every radio, within bounds."""

from dataclasses import dataclass

from bleak.backends.device import BLEDevice

from .adapter import Adapter
from .discovery import Advertisement


@dataclass(frozen=True, slots=True)
class Heard:
    """A device as one radio hears it.

    Attributes
    ----------
    device : BLEDevice
        To connect to it, on `adapter`.
    advertisement : Advertisement
        Its last one.
    adapter : Adapter
        That heard it best.
    at_s : float
        When, in monotonic seconds of the supervisor's clock.
    tool_id : str or None
        The tool of this hub that it is; None for a stranger's.
    """

    device: BLEDevice
    advertisement: Advertisement
    adapter: Adapter
    at_s: float
    tool_id: str | None
