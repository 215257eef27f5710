"""GripHub: smart grip tools for children's occupational therapy, from a squeeze to a trend.

The names below are the public interface; everything else may change between minor versions.
They load on first use, so that ``import griphub`` costs next to nothing.

Examples
--------
>>> import numpy as np, griphub
>>> t = np.arange(0, 6, 0.01)
>>> force_n = 20 * np.exp(-((t - 3) / 0.3) ** 2)
>>> [round(s.peak) for s in griphub.detect_squeezes(force_n, fs=100, unit="N")]
[20]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .firmware_bridge.discovery import find_device, scan
    from .firmware_bridge.errors import GripError
    from .firmware_bridge.link import GripClient
    from .firmware_bridge.samples import SampleBlock, Unit
    from .signal.batch import detect_squeezes
    from .signal.second_look import Recount, recount
    from .signal.squeeze import Provisional, Squeeze, SqueezeDetector, SqueezeSettings

__version__ = "0.1.0"

_HOMES = {
    "GripClient": "firmware_bridge.link",
    "GripError": "firmware_bridge.errors",
    "Provisional": "signal.squeeze",
    "Recount": "signal.second_look",
    "SampleBlock": "firmware_bridge.samples",
    "Squeeze": "signal.squeeze",
    "SqueezeDetector": "signal.squeeze",
    "SqueezeSettings": "signal.squeeze",
    "Unit": "firmware_bridge.samples",
    "detect_squeezes": "signal.batch",
    "find_device": "firmware_bridge.discovery",
    "recount": "signal.second_look",
    "scan": "firmware_bridge.discovery",
}

__all__ = [
    "GripClient",
    "GripError",
    "Provisional",
    "Recount",
    "SampleBlock",
    "Squeeze",
    "SqueezeDetector",
    "SqueezeSettings",
    "Unit",
    "detect_squeezes",
    "find_device",
    "recount",
    "scan",
]


def __getattr__(name: str) -> Any:
    if home := _HOMES.get(name):
        return getattr(import_module(f".{home}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
