"""The LMS formula, and references that must give back what they published."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.firmware_bridge.errors import GripError
from griphub.firmware_bridge.samples import KGF_N, ToolKind
from griphub.signal.growth import Centile, GrowthReference, GrowthScore, Lms, growth_score, z_score
from griphub.signal.quantity import Quantity
from griphub.signal.refusal import Reason

#: Made up for these tests: no values of children come with GripHub.
ROWS = (Lms(6.0, 0.5, 10.0, 0.2), Lms(8.0, 0.5, 14.0, 0.2), Lms(10.0, 1.0, 18.0, 0.2))
#: (1 + 0.5 · 0.2 · z)² · 10 at z = -1.2816 and 1.2816; 18 (1 + 0.2 z) at z = 1.2816
PUBLISHED = (Centile(6.0, 10, 7.60), Centile(6.0, 90, 12.73), Centile(10.0, 90, 22.61))


def reference(**changed):
    given = {"source": "made up", "tools": "dynamometers", "sex": "male", "rows": ROWS}
    return GrowthReference(**{**given, "published": PUBLISHED, "rounding_kgf": 0.005, **changed})


def newtons(kgf):
    return Quantity(kgf * KGF_N, "N", "")


def test_check_vector():
    """The row of boys of 7.0 years in the transcription that GripHub does not ship."""
    assert z_score(10.4, Lms(7.0, 0.42, 11.22, 0.23)) == pytest.approx(-0.325, abs=5e-4)


@given(
    st.floats(1, 60),
    st.floats(-2, 2).filter(lambda power: abs(power) > 1e-3),
    st.floats(5, 50),
    st.floats(0.05, 0.4),
)
def test_formula_as_written(kgf, power, median, s):
    assert z_score(kgf, Lms(7, power, median, s)) == pytest.approx(
        ((kgf / median) ** power - 1) / (power * s), rel=1e-6, abs=1e-9
    )


def test_formula_passes_smoothly_through_zero():
    near, at = (z_score(10, Lms(7, power, 12, 0.2)) for power in (1e-8, 0.0))
    assert at == pytest.approx(np.log(10 / 12) / 0.2)
    assert near == pytest.approx(at, abs=1e-6)


def test_percentile_on_exact_age():
    assert growth_score(newtons(12), ToolKind.DYNAMOMETER, "male", 7.0, reference()) == GrowthScore(
        pytest.approx(0, abs=1e-12), pytest.approx(50), "made up"
    )
    quarter = growth_score(newtons(10 + 4 * 0.125), ToolKind.DYNAMOMETER, "male", 6.25, reference())
    assert quarter.z == pytest.approx(0, abs=1e-12)
    low = growth_score(newtons(7.60), ToolKind.DYNAMOMETER, "male", 6.0, reference())
    assert low.percentile == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("kind", [ToolKind.BALL, ToolKind.PUTTY])
def test_never_a_percentile_for_a_ball_or_putty(kind):
    refused = growth_score(newtons(12), kind, "male", 7.0, reference())
    assert refused.reason is Reason.TOOL
    assert "69 %" in refused.because


def test_what_else_has_no_percentile():
    def refused(score=newtons(12), sex="male", age=7.0, by=reference()):  # noqa: B008
        return growth_score(score, ToolKind.DYNAMOMETER, sex, age, by).reason

    assert refused(Quantity(12, "kPa", "")) is Reason.UNIT
    assert refused(Quantity(12, "kgf", "")) is Reason.UNIT
    assert refused(sex="female") is Reason.NOT_KNOWN
    assert refused(age=5.9) is Reason.NOT_KNOWN
    assert refused(age=np.nan) is Reason.NOT_KNOWN
    assert refused(by=None) is Reason.NOT_KNOWN
    assert refused(newtons(0)) is Reason.NOT_KNOWN
    assert refused(newtons(np.inf)) is Reason.NOT_KNOWN


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"rows": (Lms(6.0, 0.5, 10.4, 0.2), *ROWS[1:])}, "is published"),
        ({"rows": ROWS[::-1]}, "increasing age"),
        ({"rows": ROWS[:1]}, "two or more"),
        ({"rows": (ROWS[0], Lms(8.0, 0.5, -14.0, 0.2))}, "above 0"),
        ({"rows": (ROWS[0], Lms(8.0, 0.5, np.nan, 0.2))}, "finite"),
        ({"published": PUBLISHED[:1]}, "one above"),
        ({"published": (*PUBLISHED, Centile(7.0, 50, 12.0))}, "no row of its age"),
        ({"published": ()}, "below the median"),
    ],
)
def test_a_reference_that_does_not_give_back_its_centiles(changed, says):
    with pytest.raises(GripError, match=says):
        reference(**changed)
