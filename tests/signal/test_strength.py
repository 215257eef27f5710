"""Trials of greatest strength, and what protocols make of them."""

import re
from pathlib import Path

import numpy as np
import pytest

from griphub.firmware_bridge.errors import GripError
from griphub.firmware_bridge.samples import Unit
from griphub.signal.quality import Fault, TrialRules
from griphub.signal.quantity import Quantity, in_unit
from griphub.signal.recording import Recording
from griphub.signal.refusal import Reason, Refused
from griphub.signal.strength import (
    ASHT,
    NHANES,
    NIH_TOOLBOX,
    PLOEGMAKERS,
    PRESETS,
    SOUTHAMPTON,
    Score,
    Trial,
    strength,
    trial,
    variation,
)


def squeeze(
    peak=100.0, *, rise_s=0.4, hold_s=3.0, fs=100.0, noise=0.2, unit=Unit.NEWTON, seed=0, tared=True, **more
):
    t = np.arange(-1, rise_s + hold_s + 2, 1 / fs)
    up = np.clip(t / rise_s, 0, 1)
    down = np.clip((t - rise_s - hold_s) / 0.3, 0, 1)
    shape = (1 - np.cos(np.pi * up)) / 2 * (1 + np.cos(np.pi * down)) / 2
    force = peak * shape + noise * np.random.default_rng(seed).standard_normal(t.size)
    return Recording(t, force, unit, noise=noise if tared else None, **more)


def trials(*peaks, side="right", unit="N", faults=()):
    return [Trial(side, Quantity(peak, unit, ""), peak, 0.4, 3.0, 5.0, faults) for peak in peaks]


def test_a_good_trial():
    one = trial(squeeze(), "left")
    assert isinstance(one, Trial)
    assert one.faults == ()
    assert one.peak.value == pytest.approx(100, rel=0.005)
    assert one.peak.unit == "N"
    assert one.raw_peak > one.peak.value
    assert one.rise_s == pytest.approx(0.3, abs=0.08)
    assert one.held_s == pytest.approx(3.2, abs=0.15)
    assert one.cutoff_hz == 5.0


@pytest.mark.parametrize(
    ("recording", "fault"),
    [
        (squeeze(rise_s=6.0), Fault.SLOW_RISE),
        (squeeze(hold_s=0.3), Fault.SHORT_HOLD),
        (squeeze(tared=False), Fault.NO_TARE),
    ],
)
def test_a_trial_that_does_not_count(recording, fault):
    assert trial(recording, "left").faults == (fault,)


def test_a_clinic_may_have_its_own_rules():
    strict = TrialRules(rise_s=0.1, hold_s=5.0, lost_percent=0.0)
    assert trial(squeeze(), "left", strict).faults == (Fault.SLOW_RISE, Fault.SHORT_HOLD)
    assert trial(squeeze(hold_s=0.3), "left", TrialRules(hold_s=0.2)).faults == ()


def test_held_is_above_eight_tenths():
    t = np.arange(-1, 5, 0.01)
    force = np.interp(t, [-1, 0, 0.3, 0.7, 0.9, 3.0, 3.3], [0, 0, 100, 100, 70, 70, 0])
    one = trial(Recording(t, force, Unit.NEWTON, noise=0.01), "left")
    assert one.faults == (Fault.SHORT_HOLD,)
    assert one.held_s == pytest.approx(0.6, abs=0.1)


def test_lost_samples_and_saturation_do_not_count():
    whole = squeeze()
    keep = np.random.default_rng(1).random(len(whole)) > 0.08
    holes = Recording(whole.t_s[keep], whole.force[keep], Unit.NEWTON, noise=0.2)
    assert trial(holes, "left").faults == (Fault.SAMPLES_LOST,)
    clipped = Recording(
        whole.t_s, np.minimum(whole.force, 80), Unit.NEWTON, clipped=whole.force >= 80, noise=0.2
    )
    assert trial(clipped, "left").faults == (Fault.SATURATED,)


def test_a_slow_tool_is_not_smoothed_and_says_so():
    one = trial(squeeze(fs=4.0, noise=0.0, hold_s=5.0), "left")
    assert one.cutoff_hz == 0.0
    assert "too slow" in one.peak.trust
    assert one.peak.value == one.raw_peak


def test_a_weak_grip_is_not_flattered_by_noise():
    """A raw maximum over-reads by half; smoothing leaves a tenth of that."""
    read = [trial(squeeze(4.0, noise=1.0, seed=seed), "left") for seed in range(20)]
    raw, smooth = np.mean([one.raw_peak for one in read]), np.mean([one.peak.value for one in read])
    assert raw > 5.5
    assert smooth < 4.8


def test_nothing_but_noise_is_no_trial():
    t = np.arange(0, 5, 0.01)
    quiet = Recording(t, 0.2 * np.random.default_rng(0).standard_normal(t.size), Unit.NEWTON, noise=0.2)
    assert trial(quiet, "left").reason is Reason.NOISE


def test_check_vector():
    spread = variation([10.2, 11.0, 10.6])
    assert (spread.mean, spread.sd) == (pytest.approx(10.6), pytest.approx(0.4))
    assert spread.cv_percent == pytest.approx(3.77, abs=0.005)
    assert variation([10.0]).reason is Reason.TOO_SHORT
    assert variation([10.0, np.nan]).reason is Reason.NOT_KNOWN


def test_asht_is_the_mean_of_the_first_three_that_count():
    done = [
        *trials(102, 110),
        *trials(50, faults=(Fault.SHORT_HOLD,)),
        *trials(106, 140),
        *trials(90, side="left"),
    ]
    test = strength(done, ASHT, "right")
    assert test.score.value == pytest.approx(106)
    assert test.score.sd == pytest.approx(4 / np.sqrt(3))
    assert (test.trials, test.left_out, test.sides) == ((102, 110, 106), 2, ("right",))
    assert test.variation.cv_percent == pytest.approx(100 * 4 / 106)


def test_each_protocol_scores_its_own_way():
    both = [*trials(102, 110, 106), *trials(90, 112, 91, side="left")]
    assert strength(both, SOUTHAMPTON).score.value == 112
    assert len(strength(both, SOUTHAMPTON).trials) == 6
    assert strength(both, NHANES, "right").score.value == 110
    assert strength(both, NIH_TOOLBOX, "left").score.value == 90
    assert strength(both, NIH_TOOLBOX, "left").variation is None
    assert strength(both, PLOEGMAKERS, "left").reason is Reason.PROTOCOL


def test_too_few_trials_that_count():
    refused = strength(trials(102, 110), ASHT, "right")
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.TOO_SHORT
    assert "needs 3 trials of the right hand" in refused.because
    assert strength(trials(1, 2, 3), SOUTHAMPTON).reason is Reason.TOO_SHORT


def test_units_do_not_mix():
    assert strength([*trials(10, 11), *trials(12, unit="kPa")], ASHT, "right").reason is Reason.UNIT


def test_an_uncalibrated_score_says_that_it_is_no_force():
    score = strength(trials(20, 21, 22, unit="kPa"), ASHT, "right").score
    assert "No force" in score.trust
    assert in_unit(score, "kgf").reason is Reason.UNIT


def test_a_side_must_be_named():
    with pytest.raises(GripError, match="side must be given"):
        strength(trials(1, 2, 3))


def test_kilograms_and_pounds_only_of_newtons():
    force = Quantity(98.0665, "N", "", 9.80665)
    assert in_unit(force, "kgf") == Quantity(pytest.approx(10), "kgf", "", pytest.approx(1))
    assert in_unit(Quantity(44.482216152605, "N/s", ""), "lbf") == Quantity(pytest.approx(10), "lbf/s", "")
    for unit in ("kPa", "count", "unknown", "%", "kPa/s"):
        assert in_unit(Quantity(1, unit, ""), "lbf").reason is Reason.UNIT


def test_the_example_of_the_docs_runs(capsys):
    text = (Path(__file__).parents[2] / "docs/measures.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.S)
    whole = squeeze()
    quiet = np.random.default_rng(0).normal(3, 0.2, 200)
    squeezes_n = [(whole.t_s, 3 + factor * whole.force) for factor in (1.0, 1.1, 1.05)]
    exec(example, {"quiet_t_s": np.arange(200) / 100, "quiet_n": quiet, "squeezes": squeezes_n})
    assert "preset='ASHT 2015', sides=('left',), score=Quantity(value=105." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("preset", "trials", "practice", "hold_s", "rest_s", "alternating", "score"),
    [
        (ASHT, 3, 0, 3.0, 15.0, False, Score.MEAN),
        (SOUTHAMPTON, 3, 0, None, None, True, Score.MAX_OF_BOTH),
        (NIH_TOOLBOX, 1, 1, None, None, False, Score.SINGLE),
        (NHANES, 3, 1, None, 60.0, True, Score.MAX),
        (PLOEGMAKERS, 2, 0, None, None, False, Score.NOT_STATED),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_presets_are_as_referenced(preset, trials, practice, hold_s, rest_s, alternating, score):
    assert (preset.trials, preset.practice, preset.score) == (trials, practice, score)
    assert (preset.hold_s, preset.rest_s, preset.alternating) == (hold_s, rest_s, alternating)


def test_every_preset_has_a_name_and_a_source():
    assert NHANES.position == "standing"
    assert "elbow at 90°" in ASHT.position
    assert len({preset.name for preset in PRESETS}) == len(PRESETS) == 5
    assert all(preset.source for preset in PRESETS)
