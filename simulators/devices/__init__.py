"""Devices of other makers, by the name of the driver that reads them."""

from typing import Final

from .device import SimulatedDevice
from .gripforge import GripForgeDevice
from .progressor import ProgressorDevice
from .sig_force import SigForceDevice
from .squegg import SqueggDevice
from .wh_c06 import WhC06Device

DEVICES: Final[dict[str, type[SimulatedDevice]]] = {
    device.driver: device
    for device in (SqueggDevice, ProgressorDevice, SigForceDevice, WhC06Device, GripForgeDevice)
}
