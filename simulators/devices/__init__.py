"""Devices of other makers, by the name of the driver that reads them."""

from typing import Final

from .climbro import ClimbroDevice
from .cts500 import Cts500Device
from .device import SimulatedDevice
from .entralpi import EntralpiDevice
from .force_board import ForceBoardDevice
from .frez_dyno import FrezDynoDevice
from .gripforge import GripForgeDevice
from .motherboard import MotherboardDevice
from .progressor import ProgressorDevice
from .sig_force import SigForceDevice
from .squegg import SqueggDevice
from .wh_c06 import WhC06Device

__all__ = ["DEVICES", "SimulatedDevice"]

DEVICES: Final[dict[str, type[SimulatedDevice]]] = {
    device.driver: device
    for device in (
        SqueggDevice,
        ProgressorDevice,
        SigForceDevice,
        WhC06Device,
        GripForgeDevice,
        ForceBoardDevice,
        ClimbroDevice,
        EntralpiDevice,
        Cts500Device,
        FrezDynoDevice,
        MotherboardDevice,
    )
}
