"""Which driver reads which tool."""

from typing import Final

from bleak.backends.device import BLEDevice

from ..adapter import Adapter
from ..clock import HostClock
from ..discovery import Advertisement
from ..errors import UnsupportedTool
from ..link import GripClient
from ..tool import ToolClient
from .advertised import AdvertisedClient
from .climbro import Climbro
from .contract import Driver
from .cts500 import Cts500
from .entralpi import Entralpi
from .force_board import ForceBoard
from .frez_dyno import FrezDyno
from .gripforge import GripForge
from .link import DriverClient
from .motherboard import Motherboard
from .progressor import Progressor
from .sig_force import SigForce
from .squegg import Squegg
from .wh_c06 import WhC06

DRIVERS: Final[tuple[type[Driver], ...]] = (
    Squegg,
    Progressor,
    SigForce,
    WhC06,
    GripForge,
    ForceBoard,
    Climbro,
    Entralpi,
    Cts500,
    FrezDyno,
    Motherboard,
)


def driver_for(advertisement: Advertisement) -> type[Driver] | None:
    """Find the driver of a tool of another maker; None if it is no such tool.

    Raises
    ------
    UnsupportedTool
        If it looks like two: nobody guesses.
    """
    found = [driver for driver in DRIVERS if driver.matches(advertisement)]
    if len(found) > 1:
        titles = " and a ".join(driver.title for driver in found)
        raise UnsupportedTool(
            advertisement.name or advertisement.address, f"it looks like a {titles} at once"
        )
    return found[0] if found else None


def client_for(
    device: BLEDevice,
    advertisement: Advertisement,
    adapter: Adapter,
    *,
    clock: HostClock | None = None,
    previous: ToolClient | None = None,
) -> ToolClient | None:
    """Make the client for whatever was heard; None if it is no tool.

    Parameters
    ----------
    device, advertisement
        As the adapter's scanner told them.
    adapter : Adapter
        The radio on which it was heard.
    clock : HostClock, optional
        Time of arrival; real time by default.
    previous : ToolClient, optional
        Client of an earlier link with this very tool: its stream goes on.

    Raises
    ------
    UnsupportedTool
        If it looks like two tools at once.
    """
    if advertisement.is_grip_tool:
        assembler = previous.assembler if isinstance(previous, GripClient) else None
        return GripClient(device, adapter=adapter, assembler=assembler, clock=clock)
    driver = driver_for(advertisement)
    if driver is None:
        return None
    client = DriverClient if driver.company_id is None else AdvertisedClient
    timeline = previous.timeline if isinstance(previous, DriverClient | AdvertisedClient) else None
    return client(device, driver(), adapter, clock=clock, timeline=timeline)
