"""A measured number with its unit and with how far it can be trusted."""

from dataclasses import dataclass, replace
from math import isfinite
from typing import Literal

from ..firmware_bridge.samples import KGF_N, LBF_N, Unit
from ..firmware_bridge.sentence import Sentence
from .refusal import Reason, Refused

#: No tool reads less and yet something, nor more: a share of one would overflow, or a square of the other.
SMALLEST, LARGEST = 1e-100, 1e100


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number that a measure gives.

    Attributes
    ----------
    value : float
    unit : str
        ``N``, ``kPa``, ``count``, ``unknown``, ``kgf``, ``lbf``, ``%``, ``s``, or a rate such as ``N/s``.
    trust : str
        How far it can be trusted: reliability where a source gives one, what else it depends on.
    sd : float or None
        Standard uncertainty in `unit`, of what the measure can know of; None where it knows nothing.
    """

    value: float
    unit: str
    trust: str
    sd: float | None = None


_NEWTONS = {"kgf": KGF_N, "lbf": LBF_N}


def in_unit(quantity: Quantity, unit: Literal["kgf", "lbf"]) -> Quantity | Refused:
    """Show a force, or a rate of force, in kilograms-force or pounds-force.

    Only what is in newtons becomes one: a pressure, a count or a number of unknown unit is no force until the
    tool is calibrated.

    Examples
    --------
    >>> round(in_unit(Quantity(98.0665, "N", ""), "kgf").value, 6)
    10.0
    >>> in_unit(Quantity(20.0, "kPa", ""), "kgf").reason
    <Reason.UNIT: 'unit'>
    """
    base, _, per = quantity.unit.partition("/")
    if base != Unit.NEWTON:
        because = Sentence(
            "{unit} is no force. Calibrate the tool to see {wanted}.", unit=quantity.unit, wanted=unit
        )
        return Refused(f"force in {unit}", Reason.UNIT, because)
    if not isfinite(quantity.value):
        return Refused(f"force in {unit}", Reason.NOT_KNOWN, "There is no number to show.")
    factor = _NEWTONS[unit]
    sd = None if quantity.sd is None else quantity.sd / factor
    shown = f"{unit}/{per}" if per else unit
    return replace(quantity, value=quantity.value / factor, unit=shown, sd=sd)
