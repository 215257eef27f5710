"""Creep of putty: fitted to a weight that lies on it, and taken off; left alone where there is none."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.firmware_bridge.creep import Creep, CreepInverter, fit_creep
from griphub.firmware_bridge.errors import InvalidInput

FS = 100.0
PUTTY = Creep(shares=(0.08, 0.07), taus_s=(0.6, 5.0))


def crept(force, t_s, creep=PUTTY):
    """What putty makes of a force, written as the sum over all that came before."""
    y = force.astype(float).copy()
    for share, tau_s in zip(creep.shares, creep.taus_s, strict=True):
        state = 0.0
        for i in range(force.size):
            keep = np.exp(-(t_s[i] - t_s[i - 1]) / tau_s) if i else 0.0
            state = keep * state + (1 - keep) * force[i]
            y[i] += share * state
    return y


def weight(load=40.0, lying_s=40.0, creep=PUTTY, noise=0.05, seed=0):
    t_s = np.arange(0, lying_s + 8, 1 / FS)
    force = np.interp(t_s, [0, 3, 3.15, 3 + lying_s, 3.2 + lying_s, 99], [0, 0, load, load, 0, 0])
    reading = crept(force, t_s, creep) if creep else force
    return t_s, reading + np.random.default_rng(seed).normal(0, noise, t_s.size)


def squeezing(creep=PUTTY):
    t_s = np.arange(0, 40, 1 / FS)
    force = 30 * np.clip(np.sin(2 * np.pi * t_s / 4), 0, 1)
    return t_s, force, crept(force, t_s, creep)


def test_what_is_inverted_is_the_force_itself():
    t_s, force, reading = squeezing()
    np.testing.assert_allclose(CreepInverter(PUTTY).update(t_s, reading), force, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_a_fitted_tool_reads_its_peaks_right(seed):
    rng = np.random.default_rng(seed)
    tool = Creep(shares=tuple(rng.uniform(0.03, 0.12, 2)), taus_s=(rng.uniform(0.4, 0.9), rng.uniform(3, 8)))
    model = fit_creep(*weight(creep=tool, seed=seed))
    t_s, force, reading = squeezing(tool)
    before = reading.max() / force.max() - 1
    after = abs(CreepInverter(model).update(t_s, reading).max() / force.max() - 1)
    assert before > 0.03
    assert after < 0.01


@pytest.mark.parametrize(
    ("hold", "why"),
    [
        (weight(creep=None), "no creep"),
        (weight(lying_s=12), "for 20 s, not 12 s"),
        (tuple(a[500:] for a in weight()), "begin without the load"),
        (([0.0, 1.0], [0.0, 1.0]), "readings with increasing times"),
        ((weight()[0][::-1], weight()[1]), "increasing times"),
    ],
    ids=["a ball", "too short", "begins loaded", "two readings", "backwards"],
)
def test_what_cannot_be_fitted_is_refused_with_a_reason(hold, why):
    with pytest.raises(InvalidInput, match=why):
        fit_creep(*hold)


def test_a_weight_that_somebody_touched_is_refused():
    t_s, reading = weight()
    reading[2000:2400] -= 4
    with pytest.raises(InvalidInput, match="did not lie still"):
        fit_creep(t_s, reading)


def test_on_a_ball_a_model_of_putty_would_correct_what_is_not_there():
    """Which is why nothing runs that was not fitted to the very tool."""
    t_s, force, _ = squeezing()
    assert CreepInverter(PUTTY).update(t_s, force).max() < 0.97 * force.max()


@given(cuts=st.lists(st.integers(0, 400), max_size=8), missing=st.sets(st.integers(0, 399), max_size=9))
def test_any_cut_gives_the_same_bits(cuts, missing):
    t_s = np.cumsum(np.random.default_rng(1).uniform(0.005, 0.03, 400))
    reading = crept(20 * np.abs(np.sin(t_s)), t_s)
    reading[list(missing)] = np.nan
    before = reading.copy()
    whole = CreepInverter(PUTTY).update(t_s, reading)
    np.testing.assert_array_equal(reading, before)
    inverter, parts = CreepInverter(PUTTY), []
    for begin, end in pairwise([0, *sorted(min(c, 400) for c in cuts), 400]):
        parts.append(inverter.update(t_s[begin:end], reading[begin:end]))
        inverter = pickle.loads(pickle.dumps(inverter))
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(np.isnan(whole), np.isnan(reading))


def test_a_gap_does_not_shake_it():
    t_s, force, reading = squeezing()
    keep = np.r_[0:1000, 1100 : t_s.size]  # a second of a resting hand and a rise
    got = CreepInverter(PUTTY).update(t_s[keep], reading[keep])
    assert np.abs(got - force[keep]).max() < 0.06 * 30
    np.testing.assert_allclose(got[-500:], force[keep][-500:], atol=0.3)
