"""Two hands beside each other."""

import numpy as np
import pytest

from griphub.firmware_bridge.errors import GripError
from griphub.firmware_bridge.samples import Unit
from griphub.signal import bilateral
from griphub.signal.bilateral import asymmetry
from griphub.signal.counted import EndedBy, Squeeze
from griphub.signal.quantity import Quantity
from griphub.signal.recording import Timing
from griphub.signal.refusal import Reason, Refused
from griphub.signal.volume import volume


def bilateral_timing(left_s, right_s, *, rate_hz=100.0, **more):
    return bilateral.bilateral_timing(left_s, right_s, rate_hz=rate_hz, **more)


def newtons(value, sd=None):
    return Quantity(value, "N", "", sd)


def test_asymmetry_names_its_denominator():
    found = asymmetry(newtons(80), newtons(100), "right")
    assert found.percent.value == pytest.approx(20)
    assert found.denominator == "dominant hand (right)"
    assert not found.ordinary
    swapped = asymmetry(newtons(80), newtons(100), "left")
    assert swapped.percent.value == pytest.approx(-25)
    assert swapped.denominator == "dominant hand (left)"


def test_less_than_a_tenth_is_ordinary():
    assert asymmetry(newtons(91), newtons(100), "right").ordinary
    assert not asymmetry(newtons(90), newtons(100), "right").ordinary


def test_uncertainty_of_asymmetry():
    """Against draws of both hands."""
    rng = np.random.default_rng(0)
    left, right = 80 + 4 * rng.standard_normal(20_000), 100 + 3 * rng.standard_normal(20_000)
    told = asymmetry(newtons(80, 4), newtons(100, 3), "right").percent.sd
    assert told == pytest.approx(np.std(100 * (right - left) / right), rel=0.03)


def test_asymmetry_without_what_it_needs():
    assert asymmetry(newtons(80), Quantity(20, "kPa", ""), "right").reason is Reason.UNIT
    assert asymmetry(newtons(80), newtons(100), None).reason is Reason.NOT_KNOWN
    assert asymmetry(newtons(80), newtons(np.nan), "right").reason is Reason.NOT_KNOWN
    assert asymmetry(newtons(0), newtons(80), "left").reason is Reason.NOT_KNOWN


def test_timing_of_both_hands():
    left = np.arange(0, 20, 2.0)
    lags = np.array([0.05, 0.06, 0.04, 0.05, 0.07, 0.03, 0.05, 0.05, 0.30, 0.05])
    found = bilateral_timing(left, left + lags, clock_error_s=0.001)
    assert found.lag.value == pytest.approx(0.05)
    assert found.spread.value == pytest.approx(0.005, abs=0.006)
    assert (found.pairs, found.alone) == (10, 0)
    assert found.lag.sd >= 0.001


def test_squeezes_of_one_hand_are_no_pair():
    left, right = [0.0, 2, 4, 6, 8, 10], [0.1, 3.0, 4.1, 6.1, 8.1, 10.1]
    found = bilateral_timing(left, right, clock_error_s=0)
    assert (found.pairs, found.alone) == (5, 2)
    assert bilateral_timing(left, [1.0, 3.0], clock_error_s=0).reason is Reason.TOO_SHORT
    assert bilateral_timing([], [], clock_error_s=0).reason is Reason.TOO_SHORT


def test_a_squeeze_has_one_partner():
    left = np.arange(0, 20, 2.0)
    twice = np.sort(np.concatenate((left + 0.1, left + 0.3)))
    found = bilateral_timing(left, twice, clock_error_s=0)
    assert (found.pairs, found.alone, found.lag.value) == (10, 10, pytest.approx(0.1))
    swapped = bilateral_timing(twice, left, clock_error_s=0)
    assert (swapped.pairs, swapped.alone, swapped.lag.value) == (10, 10, pytest.approx(-0.1))


def test_two_clocks_that_do_not_know_each_other():
    together = np.arange(0, 20, 2.0)
    assert bilateral_timing(together, together, clock_error_s=0.05).reason is Reason.STAMPS
    assert bilateral_timing(together, together, clock_error_s=np.nan).reason is Reason.STAMPS
    arrived = bilateral_timing(together, together, clock_error_s=0, timing=Timing.ARRIVAL)
    assert arrived.reason is Reason.STAMPS
    with pytest.raises(GripError, match="right_s must be finite times that increase"):
        bilateral_timing(together, together[::-1], clock_error_s=0)


@pytest.mark.parametrize(("rate_hz", "refused"), [(10.0, True), (24.9, True), (25.0, False), (np.nan, True)])
def test_a_slow_tool_shows_no_lag(rate_hz, refused):
    together = np.arange(0, 20, 2.0)
    found = bilateral_timing(together, together + 0.05, clock_error_s=0, rate_hz=rate_hz)
    assert isinstance(found, Refused) is refused
    if refused:
        assert found.reason is Reason.RATE


def counted(onset_s, peak, doubtful=(), unit=Unit.NEWTON):
    return Squeeze(
        1, onset_s, onset_s + 0.5, onset_s + 1, 0, 50, 100, onset_s + 1.1, peak, 0.0, peak / 2, unit,
        EndedBy.RELEASE, doubtful,
    )  # fmt: skip


def test_repetition_volume():
    done = [counted(0, 10), counted(3, 12), counted(6, 50, ("samples lost",)), counted(9, 14)]
    found = volume(done)
    assert (found.count, found.doubtful, found.unit) == (4, 1, "N")
    assert (found.mean_peak, found.impulse) == (12, 43)
    assert found.peak_cv_percent == pytest.approx(100 * 2 / 12)
    assert (found.mean_duration_s, found.mean_pause_s, found.cadence_per_min) == (1, 2, 20)
    one = volume(done[:1])
    assert (one.peak_cv_percent, one.mean_pause_s, one.cadence_per_min) == (None, None, None)


def test_no_volume():
    assert volume([]).reason is Reason.TOO_SHORT
    assert volume([counted(0, 10), counted(3, 10, unit=Unit.COUNT)]).reason is Reason.UNIT
    assert volume([counted(0, 10, ("samples lost",))]).reason is Reason.NOT_KNOWN
