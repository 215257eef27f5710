"""The tiers are the yardstick of the detector: their truth must be right, and none of its own making."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from griphub.simulators import nuisance, other_hands, tiers, unseen_hands, unseen_tools
from griphub.simulators.other_hands import MANNERS, other_session
from griphub.simulators.tiers import TIERS, Tier, session

RNG = np.random.default_rng


def pure(name: str, monkeypatch: pytest.MonkeyPatch, seed: int = 3):
    """A session of a tier from which all but the meant force is taken."""
    quiet = replace(
        TIERS[name], wandering=0.0, tremor=0.0, clonus=0.0, fidget_n=(0.0, 0.0), noise_n=(0.0, 0.0),
        hum_n=(0.0, 0.0), drift_n=0.0, warming_n=0.0, creep=0.0, bump_n=0.0, knocks_per_min=0.0, drops=0,
    )  # fmt: skip
    monkeypatch.setitem(TIERS, name, quiet)
    return session(name, seed)[0]


@pytest.mark.parametrize("name", TIERS)
def test_a_seed_gives_the_same_to_the_bit(name):
    (one, usual), (again, also) = session(name, 7), session(name, 7)
    np.testing.assert_array_equal(one.values, again.values)
    np.testing.assert_array_equal(one.t_s, again.t_s)
    assert (one.truth, usual) == (again.truth, also)
    other, _ = session(name, 8)
    assert other.values.size != one.values.size or (other.values != one.values).any()


@pytest.mark.parametrize("name", TIERS)
def test_truth_is_complete_and_fits_the_wire(name):
    play, usual = session(name, 1)
    assert len(play.truth) == TIERS[name].squeezes
    assert (usual is not None) == TIERS[name].seeded
    assert np.abs(play.values / 10.0**play.exponent).max() < 32767
    if not TIERS[name].squeezes:
        assert play.duration_s > 60


@pytest.mark.parametrize("name", ["clean", "typical", "rapid 3 Hz", "never lets go", "fatigue", "holds"])
def test_truth_can_be_read_off_the_force_alone(name, monkeypatch):
    play = pure(name, monkeypatch)
    level = float(np.median(play.values[: int(play.rate_hz)]))
    for true in play.truth:
        inside = (play.t_s >= true.onset_s - 0.011) & (play.t_s <= true.offset_s + 0.011)
        assert play.values[inside].max() - level == pytest.approx(true.peak, rel=0.02, abs=0.02)
        if true is not play.truth[0] and name not in {"never lets go", "typical", "fatigue", "holds"}:
            at = np.interp([true.onset_s, true.offset_s], play.t_s, play.values) - level
            assert at == pytest.approx(0.12 * true.peak, rel=0.5)


def test_rapid_is_three_a_second(monkeypatch):
    onsets_s = [true.onset_s for true in pure("rapid 3 Hz", monkeypatch).truth]
    assert 2.4 < 1 / np.median(np.diff(onsets_s)) < 4.0


def test_fatigue_takes_its_share():
    peaks = np.array([[true.peak for true in session("fatigue", seed)[0].truth] for seed in range(12)])
    assert np.median(peaks[:, -3:].mean(axis=1) / peaks[:, :3].mean(axis=1)) == pytest.approx(0.4, abs=0.12)


def test_a_hand_that_never_lets_go_keeps_some_force(monkeypatch):
    play = pure("never lets go", monkeypatch)
    level = float(np.median(play.values[:100]))
    for before, after in zip(play.truth, play.truth[1:], strict=False):
        between = (play.t_s > before.peak_s) & (play.t_s < after.peak_s)
        valley = play.values[between].min() - level
        assert 0.08 < valley / min(before.peak, after.peak) < 0.36


def test_what_is_lost_is_not_there():
    play, _ = session("packet loss", 2)
    assert play.rate_hz == 0
    assert 0.02 < 1 - play.t_s.size / (play.t_s[-1] * 100) < 0.12
    assert np.diff(play.t_s).max() > 0.09


def test_hum_aliases_at_the_tools_rate():
    """60 Hz mains shows up at 20 Hz in a tool of 80 Hz."""
    t_s = np.arange(800) / 80.0
    spectrum = np.abs(np.fft.rfft(nuisance.hum(t_s, 1.0, 60.0, RNG(0))))
    assert np.fft.rfftfreq(800, 1 / 80)[spectrum.argmax()] == pytest.approx(20.0, abs=0.2)


def test_putty_goes_on_growing_under_steady_force():
    force = np.full(20_000, 10.0)
    read = nuisance.creep(force, 0.2, RNG(0))
    assert (np.diff(read) >= 0).all()
    assert read[0] < 10.1 and 11.5 < read[-1] <= 12.0


def test_knocks_are_short():
    t_s = np.arange(60_000) / 1000
    struck = nuisance.knocks(t_s, 10.0, 20.0, RNG(1)) > 0.5
    edges = np.flatnonzero(np.diff(struck.astype(int)))
    assert 4 <= edges.size / 2 <= 30
    assert np.diff(edges)[::2].max() <= 45


def test_nothing_of_the_code_under_test_is_in_it():
    for module in (tiers, other_hands, unseen_hands, unseen_tools, nuisance):
        tree = ast.parse(Path(module.__file__).read_text())
        names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not any("signal" in name and not name.startswith("scipy") for name in names)


@pytest.mark.parametrize("name", MANNERS)
def test_the_other_family_is_reproducible_and_true(name):
    play, again = other_session(name, 5), other_session(name, 5)
    np.testing.assert_array_equal(play.values, again.values)
    assert play.truth == again.truth
    least, most = MANNERS[name].squeezes
    assert least <= len(play.truth) <= most
    for true in play.truth:
        inside = (play.t_s >= true.onset_s) & (play.t_s <= true.offset_s)
        before = (play.t_s < play.truth[0].onset_s - 0.3) & (play.t_s > 0.9)
        if before.any() and not MANNERS[name].drift_n_per_min > 1:
            risen = play.values[inside].max() - np.median(play.values[before])
            assert risen > 0.5 * true.peak


def test_tuning_and_held_out_tiers_are_both_there():
    held_out = [tier.held_out for tier in TIERS.values()]
    assert 0.2 < np.mean(held_out) < 0.5
    assert Tier() == TIERS["clean"]
