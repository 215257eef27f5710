"""A ball that a hand has warmed."""

import pytest

from griphub.firmware_bridge.samples import ToolKind
from griphub.signal.quality import Tare, drift
from griphub.signal.refusal import Reason
from griphub.signal.warming import SEALED_KPA_PER_K, warming


def moved(kpa, unit="kPa", maximum=20.0):
    return drift(Tare(0.0, 0.02, unit, 1.0), Tare(kpa, 0.02, unit, 1.0), maximum)


def test_a_sealed_ball_shifts_by_a_third_of_a_kilopascal_a_kelvin():
    assert pytest.approx(0.35, abs=0.005) == SEALED_KPA_PER_K
    found = warming(moved(1.75), ToolKind.BALL)
    assert found.kelvin.value == pytest.approx(5, rel=0.02) and found.kelvin.unit == "K"
    assert found.by_hand and found.retare


def test_what_no_hand_does_is_not_called_warming():
    assert not warming(moved(-1.0), ToolKind.BALL).by_hand  # it cools on the table, or it leaks
    assert not warming(moved(9.0), ToolKind.BALL).by_hand
    assert not warming(moved(0.2), ToolKind.BALL).retare, "1 % of the child's maximum"


@pytest.mark.parametrize(("kind", "unit"), [(ToolKind.PUTTY, "kPa"), (ToolKind.BALL, "N")])
def test_other_tools_are_no_thermometers(kind, unit):
    assert warming(moved(1.0, unit), kind).reason is Reason.TOOL
