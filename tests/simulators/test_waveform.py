from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.simulators.child import HANDS
from griphub.simulators.presets import PRESETS
from griphub.simulators.waveform import BALL, CROSSING_SHARE, PUTTY, REST_S, ToolModel, intended_force, play

IDEAL = ToolModel(WireKind.BALL, WireUnit.NEWTON, -2, 300.0)
MIA, JONAS, LEA = PRESETS.values()
CALM = replace(JONAS, tremor_share=0.0, unsteadiness=0.0, bump_n=0.0, keeps_hold_chance=0.0)

sessions = st.fixed_dictionaries(
    {
        "child": st.sampled_from(list(PRESETS.values())),
        "hand": st.sampled_from(HANDS),
        "tool": st.sampled_from([BALL, PUTTY]),
        "rate_hz": st.floats(10, 500),
        "seed": st.integers(0, 2**32),
        "squeezes": st.integers(1, 6),
    }
)


def play_of(child, hand, tool, rate_hz, seed, squeezes):
    tool = replace(tool, rate_hz=rate_hz)
    return play(child, hand, tool, np.random.default_rng(seed), squeezes=squeezes)


@settings(deadline=None, max_examples=40)
@given(sessions)
def test_the_same_seed_gives_the_same_play_to_the_bit(session):
    first, second = play_of(**session), play_of(**session)
    assert first.values.tobytes() == second.values.tobytes()
    assert first.truth == second.truth
    other = play_of(**{**session, "seed": session["seed"] + 1})
    assert other.truth != first.truth


@settings(deadline=None, max_examples=60)
@given(sessions)
def test_truth_lies_in_order_between_the_rests(session):
    played = play_of(**session)
    assert len(played.truth) == session["squeezes"]
    assert played.truth[0].onset_s >= REST_S
    # The last sample may come a sample before the rest is over.
    assert played.truth[-1].offset_s <= played.duration_s - REST_S + 1.001 / played.rate_hz
    assert all(s.onset_s < s.peak_s < s.offset_s for s in played.truth)
    assert all(a.offset_s <= b.onset_s for a, b in pairwise(played.truth))
    assert np.isfinite(played.values).all()


@settings(deadline=None, max_examples=40)
@given(sessions)
def test_values_are_what_the_wire_can_carry(session):
    played = play_of(**session)
    raw = played.values / 10.0**played.exponent
    np.testing.assert_allclose(raw, np.rint(raw), atol=1e-6)
    assert np.abs(raw).max() <= 32767


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(list(PRESETS.values())), st.sampled_from(HANDS), st.integers(0, 2**32))
def test_truth_is_read_off_the_curve_without_noise(child, hand, seed):
    played = play(child, hand, BALL, np.random.default_rng(seed), duration_s=40, form=1.0)
    made = child.efforts(hand, np.random.default_rng(seed), form=1.0)
    efforts = [e for e in islice(made, 60) if e.t_s[-1] <= 40 - 2 * REST_S]
    curve = intended_force(efforts, 2 * REST_S + efforts[-1].t_s[-1])
    squeezes = [e for e in efforts if e.counts]
    assert len(squeezes) == len(played.truth)
    for effort, true in zip(squeezes, played.truth, strict=True):
        inside_n = curve(np.linspace(true.onset_s, true.offset_s, 2000))
        assert true.peak == pytest.approx(inside_n.max(), rel=1e-4)
        assert curve(true.peak_s) == pytest.approx(true.peak)
        assert inside_n.min() >= (CROSSING_SHARE - 0.005) * true.peak
        for edge_s, knot in ((true.onset_s, 0), (true.offset_s, -1)):
            ends_on_knot = edge_s == pytest.approx(REST_S + effort.t_s[knot])
            kept = effort.force_n[knot] >= CROSSING_SHARE * true.peak
            assert (
                ends_on_knot if kept else curve(edge_s) == pytest.approx(CROSSING_SHARE * true.peak, rel=0.02)
            )


def test_a_calm_hand_on_an_ideal_tool_reads_the_true_peak_and_its_light_hold():
    played = play(CALM, "right", IDEAL, np.random.default_rng(5), squeezes=12)
    for true in played.truth:
        inside = (played.t_s >= true.onset_s) & (played.t_s <= true.offset_s)
        assert 0 <= played.values[inside].max() - true.peak <= 1.2


def test_truth_does_not_depend_on_the_sample_rate():
    truths = [
        play(LEA, "left", replace(BALL, rate_hz=hz), np.random.default_rng(5), squeezes=8).truth
        for hz in (10.0, 100.0, 500.0)
    ]
    assert truths[0] == truths[1] == truths[2]


def test_mere_starts_and_knocks_are_no_truth():
    child = replace(CALM, mere_start_chance=0.9, bump_n=3.0)
    played = play(child, "right", BALL, np.random.default_rng(5), squeezes=10)
    assert len(played.truth) == 10
    usual_n = child.share_of_peak * child.peak_n("right")
    assert min(true.peak for true in played.truth) > 0.1 * usual_n


def spectrum(difference, rate_hz):
    power = np.abs(np.fft.rfft(difference)) ** 2
    return np.fft.rfftfreq(difference.size, 1 / rate_hz), power


@pytest.mark.parametrize("tremor_hz", [5.5, 7.0, 9.5])
def test_tremor_is_in_its_band_and_grows_with_force(tremor_hz):
    def values(share):
        child = replace(CALM, tremor_hz=tremor_hz, tremor_share=share)
        return play(child, "right", IDEAL, np.random.default_rng(3), squeezes=12)

    still, trembling = values(0.0), values(0.03)
    tremor = trembling.values - still.values
    hz, power = spectrum(tremor, 100.0)
    in_band = np.abs(hz - tremor_hz) <= 1.5  # its own ±0.7, and the sidebands that squeezes make
    assert power[in_band].sum() > 0.9 * power.sum()
    pressed = still.values > 0.5 * still.values.max()
    assert tremor[pressed].std() == pytest.approx(0.03 * still.values[pressed].mean(), rel=0.4)


def test_clonus_beats_at_its_pace_during_some_holds():
    def values(share):
        child = replace(CALM, clonus_hz=6.0, clonus_share=share, clonus_chance=0.5, hold_s=3.0)
        return play(child, "right", IDEAL, np.random.default_rng(3), squeezes=8)

    calm, beating = values(0.0), values(0.15)
    assert calm.truth == beating.truth
    hz, power = spectrum(beating.values - calm.values, 100.0)
    assert hz[np.argmax(power)] == pytest.approx(6.0, abs=0.5)


@settings(deadline=None, max_examples=30)
@given(st.floats(4.1, 90), st.integers(0, 1000))
def test_a_play_lasts_no_longer_than_asked(duration_s, seed):
    played = play(JONAS, "left", BALL, np.random.default_rng(seed), duration_s=duration_s)
    assert played.duration_s <= duration_s
    if duration_s > 30:
        assert played.truth
        assert played.duration_s > duration_s - 25


def test_beyond_full_scale_samples_are_marked_as_clipped():
    tool = replace(IDEAL, full_scale=40.0)
    played = play(CALM, "right", tool, np.random.default_rng(3), squeezes=3)
    clipped = played.values == 327.67
    assert clipped.any()
    assert played.values[~clipped].max() < 40.0
    assert max(true.peak for true in played.truth) > 40.0


def test_putty_creeps_under_a_steady_hand_and_recovers():
    putty = ToolModel(WireKind.PUTTY, WireUnit.KILOPASCAL, -2, 100.0, per_n=0.5, creep=0.2, creep_s=2.0)
    pressed_n = np.repeat([0.0, 40.0, 0.0], 1000)
    read = putty.read(pressed_n, np.random.default_rng(0))
    assert read[1000] == pytest.approx(20.0, abs=0.1)
    assert read[1999] == pytest.approx(24.0, abs=0.1)
    assert read[2000] == pytest.approx(4.0, abs=0.1)
    assert read[2999] == pytest.approx(0.0, abs=0.1)


def test_a_warm_hand_shifts_the_rest_level_slowly():
    ball = replace(IDEAL, warming=1.0, warming_s=20.0, rest_level=2.0)
    read = ball.read(np.zeros(12000), np.random.default_rng(0))
    assert read[0] == pytest.approx(2.0, abs=0.01)
    assert 2.25 < read[-1] < 3.55
    assert np.all(np.diff(read) >= 0)


def test_what_cannot_be_played_is_refused():
    rng = np.random.default_rng(0)
    for wrong in ({}, {"squeezes": 3, "duration_s": 9.0}, {"squeezes": 0}, {"duration_s": 4.0}):
        with pytest.raises(ValueError, match=r"squeezes|duration_s"):
            play(JONAS, "left", BALL, rng, **wrong)
    for wrong in ({"rate_hz": 9.0}, {"rate_hz": 501.0}, {"full_scale": 400.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            replace(BALL, **wrong)
