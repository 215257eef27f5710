"""What the resting hand does meanwhile."""

import numpy as np
import pytest

from griphub.firmware_bridge.samples import Unit
from griphub.signal.mirror import MirrorForce, mirror_force
from griphub.signal.recording import Recording, Timing
from griphub.signal.refusal import Reason

FS = 100


def work(**more):
    t = np.arange(-1.5, 6, 1 / FS)
    up, down = np.clip(t / 0.4, 0, 1), np.clip((t - 4) / 0.3, 0, 1)
    shape = (1 - np.cos(np.pi * up)) / 2 * (1 + np.cos(np.pi * down)) / 2
    force = 80 * shape + 0.05 * np.random.default_rng(0).standard_normal(t.size)
    return Recording(t, force, **{"unit": Unit.NEWTON, "noise": 0.05, **more}), shape


def rest(share=0.1, level=2.0, noise=0.05, **more):
    recording, shape = work()
    force = level + 60 * share * shape + noise * np.random.default_rng(1).standard_normal(shape.size)
    return Recording(recording.t_s, force, **{"unit": Unit.KILOPASCAL, "noise": noise, **more})


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2])
def test_it_is_told_of_the_resting_hands_own_maximum(share):
    found = mirror_force(work()[0], rest(share), 60.0, clock_error_s=0.01)
    assert isinstance(found, MirrorForce)
    assert found.mean.value == pytest.approx(100 * share, abs=0.5)
    assert found.highest.value == pytest.approx(100 * share, abs=0.8)
    assert found.worked_s == pytest.approx(3.75, abs=0.2)
    assert found.mean.unit == "%" and "not known" in found.mean.trust


def test_a_hand_that_holds_its_tool_has_its_zero_there():
    found = mirror_force(work()[0], rest(0.1, level=-7.0), 60.0, clock_error_s=0.0)
    assert found.mean.value == pytest.approx(10, abs=0.5)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"clock_error_s": 0.3}, Reason.STAMPS),
        ({"clock_error_s": np.nan}, Reason.STAMPS),
        ({"resting": rest(timing=Timing.ARRIVAL)}, Reason.STAMPS),
        ({"resting_maximum": 0.0}, Reason.NOT_KNOWN),
        ({"resting_maximum": np.nan}, Reason.NOT_KNOWN),
        ({"resting": rest(noise=0.05, clipped=np.ones(750, bool))}, Reason.SATURATED),
        ({"resting": Recording([0.0], [1.0], noise=0.1)}, Reason.TOO_SHORT),
        ({"working": work()[0].between(2.0, 6.0)}, Reason.PROTOCOL),
        ({"working": Recording([], [])}, Reason.TOO_SHORT),
    ],
)
def test_what_it_cannot_be_told_from(given, reason):
    arguments = {"working": work()[0], "resting": rest(), "resting_maximum": 60.0, "clock_error_s": 0.0}
    assert mirror_force(**arguments | given).reason is reason


def test_lost_samples_and_no_tare():
    whole = rest()
    keep = (whole.t_s < 1.0) | (whole.t_s > 1.5)
    torn = Recording(whole.t_s[keep], whole.force[keep], Unit.KILOPASCAL, noise=0.05)
    assert mirror_force(work()[0], torn, 60.0, clock_error_s=0.0).reason is Reason.GAP
    untared = Recording(whole.t_s, whole.force, Unit.KILOPASCAL)
    assert mirror_force(work()[0], untared, 60.0, clock_error_s=0.0).reason is Reason.NOISE
