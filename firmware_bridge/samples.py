"""Blocks of force samples and the units they come in."""

from dataclasses import dataclass
from enum import StrEnum
from math import nan

import numpy as np
from numpy.typing import NDArray

KGF_N = 9.80665  #: newtons in one kilogram-force (standard gravity, exact by definition)
LBF_N = 4.4482216152605  #: newtons in one pound-force (exact: 0.45359237 kg at standard gravity)

FloatArray = NDArray[np.float64]


class Unit(StrEnum):
    """What a number from a tool measures.

    A ball that measures pressure stays in ``kPa``: there is no conversion between pressure and force
    without a calibration of that very tool.
    """

    NEWTON = "N"
    KILOPASCAL = "kPa"
    COUNT = "count"
    UNKNOWN = "unknown"


class ToolKind(StrEnum):
    """What sort of tool it is."""

    BALL = "ball"
    PUTTY = "putty"
    DYNAMOMETER = "dynamometer"


@dataclass(frozen=True, slots=True, eq=False)
class SampleBlock:
    """Consecutive samples of one tool, as they came in one packet.

    Attributes
    ----------
    tool_id : str
        The tool's stable id.
    first_index : int
        Index of the first sample since the tool was switched on, unwrapped.
    t_s : ndarray of float64, shape (n,)
        Time of each sample on the tool's own clock, seconds since it was switched on, unwrapped.
    values : ndarray of float64, shape (n,)
        Samples in `unit`; NaN where the tool had no reading.
    unit : Unit
        Unit of `values`.
    fs_hz : float
        Nominal sample rate; 0 where the tool samples unevenly.
    lost : int
        Samples known to be missing right before this block. A gap stays a gap: nothing is filled in.
    clipped : ndarray of bool, shape (n,)
        Where the sensor was at the end of its range, so that the true value is larger.
    utc_s : float
        Unix time of the first sample, as well as the hub knew when the block came; NaN where nobody knows.
        The times of the others follow from `t_s`.
    """

    tool_id: str
    first_index: int
    t_s: FloatArray
    values: FloatArray
    unit: Unit
    fs_hz: float
    lost: int
    clipped: NDArray[np.bool_]
    utc_s: float = nan

    def __post_init__(self) -> None:
        n = self.values.size
        if not (self.t_s.shape == self.values.shape == self.clipped.shape == (n,)):
            raise ValueError("t_s, values and clipped must be one-dimensional and of one length")
        for array in (self.t_s, self.values, self.clipped):
            array.setflags(write=False)

    def __len__(self) -> int:
        return int(self.values.size)

    @property
    def end_index(self) -> int:
        """Index of the sample after the last one."""
        return self.first_index + len(self)
