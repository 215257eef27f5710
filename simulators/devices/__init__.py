"""Devices of other makers, by the name of the driver that reads them."""

from typing import Final

from .device import SimulatedDevice
from .progressor import ProgressorDevice

DEVICES: Final[dict[str, type[SimulatedDevice]]] = {device.driver: device for device in (ProgressorDevice,)}
