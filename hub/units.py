"""In which unit a force is shown: newtons, kilograms-force or pounds-force. Everything else stays as it is.

Inside, a force is in newtons; this is the one place where it becomes something else, for people. A ball's
pressure, a count and a number of unknown unit are no force, and are never converted: kilograms of a ball that
nobody calibrated would be invented.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from ..firmware_bridge.samples import KGF_N, LBF_N, FloatArray, Unit

V = TypeVar("V", float, FloatArray)


class ForceUnit(StrEnum):
    """What an account wants to read forces in."""

    NEWTON = "N"
    KGF = "kgf"
    LBF = "lbf"


#: Both are exact: standard gravity is 9.80665 m/s2 (3rd CGPM, 1901), and the international avoirdupois pound
#: is 0.45359237 kg (1959); NIST SP 811, appendix B, gives the same factors.
NEWTONS: Final[Mapping[str, float]] = {ForceUnit.NEWTON: 1.0, ForceUnit.KGF: KGF_N, ForceUnit.LBF: LBF_N}


def shown(values: V, unit: str, wanted: ForceUnit) -> tuple[V, str]:
    """Convert a force, or a rate of force, to the unit that somebody reads.

    Parameters
    ----------
    values : float or ndarray of any shape
        In `unit`.
    unit : str
        Such as ``N``, ``kPa`` or ``N/s``.

    Returns
    -------
    values
        As they were where `unit` is no force.
    unit : str
        What they are in.

    Examples
    --------
    >>> shown(9.80665, "N", ForceUnit.KGF)
    (1.0, 'kgf')
    >>> shown(20.0, "kPa", ForceUnit.KGF)
    (20.0, 'kPa')
    """
    base, _, per = unit.partition("/")
    if base != Unit.NEWTON or wanted is ForceUnit.NEWTON:
        return values, unit
    return values / NEWTONS[wanted], f"{wanted}/{per}" if per else str(wanted)
