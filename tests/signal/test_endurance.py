"""Fatigue over repeated squeezes and over a hold."""

import numpy as np
import pytest

from griphub.firmware_bridge.samples import Unit
from griphub.signal.endurance import (
    FALLEN_TO,
    fatigue_index,
    fatigue_of_threes,
    force_at_5_s,
    force_kept,
    sustained,
    time_until,
)
from griphub.signal.recording import Recording, Timing
from griphub.signal.refusal import Reason, Refused

VECTOR = [12, 11.8, 11.5, 11.2, 11, 10.8, 10.5, 10.4, 10.1, 10, 9.8, 9.6]


def hold(shape, lasting_s=31.0, fs=100.0, **more):
    """A hold whose force is a function of the time since onset."""
    t = np.arange(-1, lasting_s, 1 / fs)
    force = np.where(t < 0, 0.0, np.interp(t, [0, 0.2], [0, 1]) * shape(np.maximum(t, 0)))
    return Recording(t, force, **{"unit": Unit.NEWTON, "noise": 0.01, **more})


def test_check_vectors():
    assert fatigue_index(VECTOR).value == pytest.approx(20.0)
    threes = fatigue_of_threes(VECTOR)
    assert (threes.first, threes.last) == (pytest.approx(11.767, abs=5e-4), pytest.approx(9.8, abs=5e-4))
    assert threes.fall.value == pytest.approx(16.71, abs=0.005)
    assert "6 to 11" in fatigue_index(VECTOR).trust


@pytest.mark.parametrize("measure", [fatigue_index, fatigue_of_threes])
def test_only_the_twelve_of_the_protocol(measure):
    assert measure(VECTOR[:-1]).reason is Reason.PROTOCOL
    assert measure([*VECTOR[:-1], np.nan]).reason is Reason.GAP
    assert measure([0, *VECTOR[1:]]).reason is Reason.GAP


def test_force_kept_of_a_straight_fall():
    """From 100 at 0 to 70 at 30 s: means 95 and 75 (the rise of 0.2 s takes 1 % off the first)."""
    kept = force_kept(hold(lambda t: 100 - t))
    assert kept.value == pytest.approx(100 * 75 / 95, rel=0.015)
    assert ".56 to .88" in kept.trust


def test_force_kept_needs_thirty_seconds():
    assert force_kept(hold(lambda t: 100 - t, 29.0)).reason is Reason.TOO_SHORT


def test_force_kept_of_a_slow_tool_that_stamps_nothing():
    """Means over ten seconds need neither a rate nor good times."""
    rng = np.random.default_rng(3)
    t = np.cumsum(rng.uniform(0.1, 0.5, 140)) - 1
    force = np.where(t < 0, 0.0, 100.0 - np.maximum(t, 0))
    slow = Recording(t, force, Unit.NEWTON, Timing.ARRIVAL, noise=0.01)
    assert force_kept(slow).value == pytest.approx(79, abs=2)


def test_sustained_and_at_five_seconds():
    steady = hold(lambda t: 100 - 2 * t)
    assert sustained(steady).value == pytest.approx(90, abs=2)  # the rise takes 1 off
    assert force_at_5_s(steady).value == pytest.approx(90, abs=1.5)
    assert sustained(hold(lambda t: 100 - t, 8.0)).reason is Reason.TOO_SHORT
    assert force_at_5_s(hold(lambda t: 100 - t, 5.5)).reason is Reason.TOO_SHORT


def test_times_to_shares_of_the_peak():
    tiring = hold(lambda t: 100 * np.exp(-t / 20), 40.0)
    for share in FALLEN_TO:
        assert time_until(tiring, share).value == pytest.approx(-20 * np.log(share), abs=0.3)
    assert time_until(hold(lambda t: 100 - 0 * t), 0.75).reason is Reason.TOO_SHORT
    assert time_until(tiring, 0.6).reason is Reason.PROTOCOL


@pytest.mark.parametrize("measure", [force_kept, sustained, force_at_5_s, lambda r: time_until(r, 0.75)])
def test_a_recording_that_begins_in_the_squeeze_has_no_onset(measure):
    assert measure(hold(lambda t: 100 - 2 * t, 40.0).between(1.0, 40.0)).reason is Reason.PROTOCOL


@pytest.mark.parametrize(
    ("measure", "lasting_s"), [(force_kept, 30.0), (sustained, 10.0), (force_at_5_s, 6.0)]
)
def test_a_hand_that_let_go_has_not_tired(measure, lasting_s):
    def until(end_s):
        return hold(lambda t: (100 - t) * np.clip((end_s - t) / 0.2, 0, 1), 40.0)

    assert measure(until(lasting_s - 1)).reason is Reason.PROTOCOL
    assert measure(until(lasting_s + 1)).value > 70
    assert time_until(until(lasting_s - 1), 0.75).value < lasting_s


@pytest.mark.parametrize("measure", [sustained, force_at_5_s])
def test_eight_samples_in_a_hold(measure):
    slow = hold(lambda t: 100 - t, 40.0, fs=0.5)
    assert measure(slow).reason is Reason.RATE
    assert measure(hold(lambda t: 100 - t, 40.0, fs=2.0)).value > 80


@pytest.mark.parametrize(("share", "refused"), [(0.02, False), (0.08, True)])
def test_a_twentieth_of_the_samples_may_be_lost(share, refused):
    whole = hold(lambda t: 100 - 2 * t)
    keep = np.random.default_rng(0).random(len(whole)) >= share
    found = force_kept(Recording(whole.t_s[keep], whole.force[keep], Unit.NEWTON, noise=0.01))
    assert isinstance(found, Refused) is refused
    if refused:
        assert found.reason is Reason.GAP


@pytest.mark.parametrize("measure", [force_kept, sustained, force_at_5_s, lambda r: time_until(r, 0.75)])
def test_holes_and_saturation_refuse(measure):
    whole = hold(lambda t: 100 - 2 * t)
    hole = (whole.t_s > 2) & (whole.t_s < 4.5)
    lost = Recording(whole.t_s[~hole], whole.force[~hole], Unit.NEWTON, noise=0.01)
    assert measure(lost).reason is Reason.GAP
    arrived = Recording(whole.t_s[~hole], whole.force[~hole], Unit.NEWTON, Timing.ARRIVAL, noise=0.01)
    assert measure(arrived).reason is Reason.GAP
    clipped = Recording(whole.t_s, whole.force, Unit.NEWTON, clipped=whole.force > 98, noise=0.01)
    assert measure(clipped).reason is Reason.SATURATED
