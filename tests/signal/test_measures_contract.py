"""What every measure must keep, whatever it measures: a number that is one, or a refusal that says why."""

import gc
import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
import tracemalloc
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import griphub.signal
from griphub.firmware_bridge.creep import Creep, CreepInverter
from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.signal import bilateral, effort, endurance, mirror, quality, rfd, steadiness, warming
from griphub.signal.counted import EndedBy, Squeeze
from griphub.signal.filters import Smoother
from griphub.signal.growth import growth_score
from griphub.signal.measurement_error import Basis, MeasurementError, compare, error_of
from griphub.signal.quantity import Quantity, in_unit
from griphub.signal.recording import Recording, Timing
from griphub.signal.refusal import Reason, Refused
from griphub.signal.strength import ASHT, strength, trial, variation
from griphub.signal.trend import SeriesKey, Test, trend
from griphub.signal.untouched import Untouched
from griphub.signal.volume import volume


def numbers_of(found):
    """An effort without the recording that it was found in, whose arrays do not compare."""
    return found if isinstance(found, Refused) else tuple(getattr(found, f.name) for f in fields(found)[1:])


#: Measures of a recording.
OF_A_RECORDING: dict[str, Callable[[Recording], Any]] = {
    "trial": lambda r: trial(r, "left"),
    "strength": lambda r: strength(
        [one for one in [trial(r, "left")] if not isinstance(one, Refused)], ASHT, "left"
    ),
    "rfd_20_80": rfd.rfd_20_80,
    "rfd_100": lambda r: rfd.rfd_window(r, 0.1),
    "rfd_1000": lambda r: rfd.rfd_window(r, 1.0),
    "force_kept": endurance.force_kept,
    "sustained": endurance.sustained,
    "force_at_5_s": endurance.force_at_5_s,
    "time_until": lambda r: endurance.time_until(r, 0.5),
    "steadiness": lambda r: steadiness.steadiness(r, 100.0),
    "tracking_error": lambda r: steadiness.tracking_error(r, np.zeros(len(r)), 100.0),
    "release_time": steadiness.release_time,
    "mirror_working": lambda r: mirror.mirror_force(r, good(), 100.0, clock_error_s=0.0),
    "mirror_resting": lambda r: mirror.mirror_force(good(), r, 100.0, clock_error_s=0.0),
    "effort": lambda r: numbers_of(effort.effort(r, "effort")),
    "tare": lambda r: quality.tare(r, 1.0),
    "loss": quality.loss,
    "saturation": quality.saturation,
}

KEY = SeriesKey("grip", "left", Unit.NEWTON, ToolKind.BALL, "ball")


def squeezes_of(values):
    return [
        Squeeze(i, i, i + 0.2, i + 0.5, i, i, i, i + 0.6, v, 0.0, v, Unit.COUNT, EndedBy.RELEASE)
        for i, v in enumerate(values)
    ]


#: Measures of some numbers.
OF_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "variation": variation,
    "fatigue_index": endurance.fatigue_index,
    "fatigue_of_threes": endurance.fatigue_of_threes,
    "bilateral_timing": lambda v: bilateral.bilateral_timing(
        np.cumsum(np.abs(v) + 1), np.cumsum(np.abs(v) + 1.01), clock_error_s=0.0, rate_hz=100.0
    ),
    "volume": lambda v: volume(squeezes_of(v)),
    "error_of": lambda v: error_of(range(len(v)), v, Unit.NEWTON, ToolKind.BALL),
    "trend": lambda v: trend([Test(i, x, KEY) for i, x in enumerate(v)]),
}

#: Measures of one or two results.
OF_RESULTS: dict[str, Callable[[float], Any]] = {
    "asymmetry": lambda v: bilateral.asymmetry(Quantity(v, "N", ""), Quantity(100, "N", ""), "left"),
    "compare": lambda v: compare(
        Quantity(v, "N", ""), Quantity(100, "N", ""), MeasurementError(Basis.OWN, 5.0, "")
    ),
    "growth_score": lambda v: growth_score(Quantity(v, "N", ""), ToolKind.DYNAMOMETER, "male", 7.0),
    "drift": lambda v: quality.drift(quality.Tare(0, 1, "N", 1), quality.Tare(1, 1, "N", 1), v),
    "in_unit": lambda v: in_unit(Quantity(v, "N", ""), "kgf"),
    "warming": lambda v: warming.warming(quality.Drift(Quantity(v, "kPa", ""), 1.0, False), ToolKind.BALL),
}

#: What is measured by each: a measure that is nowhere here is one that was forgotten.
COVERED = {
    "asymmetry", "bilateral_timing", "compare", "drift", "effort", "fatigue_index", "fatigue_of_threes",
    "force_at_5_s", "force_kept", "growth_score", "in_unit", "loss", "mirror_force", "release_time",
    "rfd_20_80", "rfd_window", "saturation", "steadiness", "strength", "sustained", "tare", "time_until",
    "tracking_error", "trend", "trial", "variation", "volume", "warming",
}  # fmt: skip


#: Other public functions: what each is a part of, or where else its contract is tested. They are called with
#: what their caller has checked.
PARTS = {
    "detect_squeezes": "test_batch_contract",
    "recount": "test_batch_contract",
    "look_twice": "detect_squeezes",
    "lowpass_delay_s": "SqueezeDetector",
    "weigh": "SqueezeDetector",
    "peak_of": "SqueezeDetector",
    "phases_s": "SqueezeDetector",
    "rate_of_force": "SqueezeDetector",
    "reached_s": "effort",
    "faults": "trial",
    "without_handling": "strength",
    "error_of": "trend",
    "series": "trend",
    "split": "trend",
    "differences": "trend",
    "theil_sen": "trend",
    "widened_slope": "trend",
    "z_score": "growth_score",
}


def public_of(kind):
    """Names and what they are of every public function or class of every module of `griphub.signal`."""
    for found in pkgutil.iter_modules(griphub.signal.__path__):
        module = importlib.import_module(f"griphub.signal.{found.name}")
        for name, one in inspect.getmembers(module, kind):
            if one.__module__ == module.__name__ and not name.startswith("_"):
                yield name, one


def may_refuse(function):
    return Refused in typing.get_args(typing.get_type_hints(function).get("return"))


def test_no_measure_is_forgotten():
    """A new measure goes into one of the tables above, and then into `COVERED`."""
    found = sorted(name for name, function in public_of(inspect.isfunction) if may_refuse(function))
    assert len(found) == len(set(found))
    assert set(found) == COVERED
    called = "".join(
        inspect.getsource(measure) if "lambda" in inspect.getsource(measure) else measure.__name__
        for table in (OF_A_RECORDING, OF_NUMBERS, OF_RESULTS)
        for measure in table.values()
    )
    assert [name for name in COVERED if name not in called] == []


def test_no_other_function_is_forgotten():
    """What never refuses is a part of something that is covered, and `PARTS` says of what."""
    assert {name for name, function in public_of(inspect.isfunction) if not may_refuse(function)} == set(
        PARTS
    )
    assert set(PARTS.values()) <= COVERED | set(PARTS) | {"SqueezeDetector", "test_batch_contract"}


def test_no_stream_is_forgotten():
    """What takes samples as they come has `update`; the detector's own contract is in `test_contract`."""
    streams = {name for name, one in public_of(inspect.isclass) if hasattr(one, "update")}
    assert streams == {"SqueezeDetector", "Untouched"}


def test_measures_load_without_scipy():
    """Only what smooths waits for it: a trend, a volume and what is refused do not."""
    names = [found.name for found in pkgutil.iter_modules(griphub.signal.__path__)]
    script = "import sys; " + "".join(f"import griphub.signal.{name}; " for name in names)
    subprocess.run(
        [sys.executable, "-c", f"{script} assert 'scipy' not in sys.modules"], check=True, timeout=60
    )


def good(fs=100.0, lasting_s=36.0, **more):
    t = np.arange(-1.0, lasting_s, 1 / fs)
    up, down = np.clip(t / 0.4, 0, 1), np.clip((t - 33) / 0.5, 0, 1)
    shape = (1 - np.cos(np.pi * up)) / 2 * (1 + np.cos(np.pi * down)) / 2 * (1 - np.clip(t, 0, 33) / 60)
    force = 100 * shape + 0.1 * np.random.default_rng(0).standard_normal(t.size)
    return Recording(t, force, **{"unit": Unit.NEWTON, "noise": 0.1, **more})


def numbers_in(result):
    """Every number that a result holds."""
    if isinstance(result, Enum) or result is None or isinstance(result, (str, bool)):
        return
    if isinstance(result, Recording):
        yield from result.force
    elif is_dataclass(result):
        for one in fields(result):
            yield from numbers_in(getattr(result, one.name))
    elif isinstance(result, tuple):
        for one in result:
            yield from numbers_in(one)
    else:
        yield result


def check(result):
    """A result is refused with a sentence, or holds nothing but plain finite numbers; and it pickles."""
    if isinstance(result, Refused):
        assert isinstance(result.reason, Reason)
        assert result.measure
        assert result.because.endswith(".")
    for number in numbers_in(result):
        assert type(number) in {int, float}, (type(number), result)
        assert np.isfinite(number), result
    assert pickle.loads(pickle.dumps(result)) == result
    return result


every_measure = pytest.mark.parametrize("measure", OF_A_RECORDING.values(), ids=OF_A_RECORDING)
every_sum = pytest.mark.parametrize("measure", OF_NUMBERS.values(), ids=OF_NUMBERS)


@every_measure
def test_input_is_untouched_and_nothing_aliased(measure):
    whole = good()
    t, force, clipped = whole.t_s.copy(), whole.force.copy(), whole.clipped.copy()
    given = Recording(t, force, Unit.NEWTON, clipped=clipped, noise=0.1)
    before = check(measure(given))
    for mine, theirs in ((t, given.t_s), (force, given.force), (clipped, given.clipped)):
        np.testing.assert_array_equal(mine, theirs)
        assert not np.shares_memory(mine, theirs)
        assert not theirs.flags.writeable
        mine[:] = 0
    assert measure(given) == before


@every_sum
def test_numbers_are_untouched(measure):
    given = np.linspace(12, 9, 12)
    check(measure(given))
    np.testing.assert_array_equal(given, np.linspace(12, 9, 12))


SPECIAL = {
    "empty": Recording([], []),
    "one sample": Recording([1.0], [5.0], noise=0.1),
    "two samples": Recording([1.0, 2.0], [5.0, 6.0], noise=0.1),
    "all NaN": Recording(np.arange(100) / 100, np.full(100, np.nan), noise=0.1),
    "all infinite": Recording(np.arange(100) / 100, np.full(100, np.inf), noise=0.1),
}


@every_measure
@pytest.mark.parametrize("recording", SPECIAL.values(), ids=SPECIAL)
def test_next_to_nothing_is_refused(measure, recording):
    if len(recording) and measure in {quality.saturation, quality.loss}:
        assert check(measure(recording)) is not None
    else:
        assert isinstance(check(measure(recording)), Refused)


@every_measure
@pytest.mark.parametrize("level", [0.0, 3.0, -3.0, 1e-9, -1e9, 1e90])
def test_constant_force(measure, level):
    for noise in (0.0, 0.1, None):
        check(measure(Recording(np.arange(4000) / 100, np.full(4000, level), noise=noise)))


@every_measure
def test_saturated_all_the_way(measure):
    whole = good(clipped=np.ones(len(good()), bool))
    result = check(measure(whole))
    if measure is OF_A_RECORDING["trial"]:
        assert quality.Fault.SATURATED in result.faults
    elif measure is quality.saturation:
        assert result.value == 100
    elif measure not in (quality.loss, *(OF_A_RECORDING[name] for name in ("effort", "mirror_working"))):
        assert isinstance(result, Refused)


@every_measure
def test_readings_that_are_missing_change_little(measure):
    """One sample in a hundred is NaN or infinite: measures that are given before are given still."""
    whole = good()
    force = whole.force.copy()
    force[50::100], force[75::100] = np.nan, np.inf
    result = check(measure(Recording(whole.t_s, force, Unit.NEWTON, noise=0.1)))
    assert isinstance(result, Refused) is isinstance(measure(whole), Refused)


@every_measure
@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("timing", Timing)
def test_any_unit_and_timing(measure, unit, timing):
    check(measure(good(unit=unit, timing=timing)))


@every_measure
@given(
    values=st.lists(st.floats(width=64), max_size=60),
    fs=st.sampled_from([1.0, 10.0, 100.0]),
    noise=st.sampled_from([None, 0.0, 1e-3, 1e3]),
    clipped=st.integers(0, 60),
    seed=st.integers(0, 9),
)
@settings(max_examples=40, deadline=None)
def test_any_numbers_at_all(measure, values, fs, noise, clipped, seed):
    steps = np.random.default_rng(seed).uniform(0.5, 1.5, len(values)) / fs
    marks = np.arange(len(values)) == clipped
    check(measure(Recording(np.cumsum(steps), values, clipped=marks, noise=noise)))


@every_sum
@given(values=st.lists(st.floats(-1e9, 1e9), max_size=20))
@settings(max_examples=40, deadline=None)
def test_any_sequence(measure, values):
    check(measure(values))


@every_sum
@pytest.mark.parametrize(
    "values", [[], [1.0], [2.0] * 12, [0.0] * 12], ids=["empty", "one", "constant", "zero"]
)
def test_short_and_constant_sequences(measure, values):
    check(measure(values))


@pytest.mark.parametrize("measure", OF_RESULTS.values(), ids=OF_RESULTS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_results_that_are_none(measure, value):
    assert isinstance(check(measure(value)), Refused)


@pytest.mark.parametrize("measure", OF_RESULTS.values(), ids=OF_RESULTS)
@given(value=st.floats(-1e9, 1e9))
@settings(max_examples=40, deadline=None)
def test_any_result(measure, value):
    check(measure(value))


@every_measure
def test_memory_is_given_back(measure):
    """Twenty calls keep less than the samples of two."""
    whole = good()
    for _ in range(3):
        measure(whole)
    tracemalloc.start()
    try:
        measure(whole)
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(20):
            measure(whole)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 2 * whole.force.nbytes


#: What runs along with a stream, fed a second of samples.
STREAMS: dict[str, tuple[Callable[[], Any], Callable[[Any, np.ndarray, np.ndarray], Any]]] = {
    "untouched": (Untouched, lambda one, t_s, values: one.update(t_s, values)),
    "smoother": (Smoother, lambda one, t_s, values: one(values.tolist())),
    "creep inverter": (
        lambda: CreepInverter(Creep(shares=(0.1, 0.1), taus_s=(0.5, 5.0))),
        lambda one, t_s, values: one.update(t_s, values),
    ),
}


@pytest.mark.parametrize(("make", "feed"), STREAMS.values(), ids=STREAMS)
def test_streams_stay_small_and_are_usable_at_any_time(make, feed):
    one, sizes = make(), []
    feed(one, np.empty(0), np.empty(0))  # before data
    rng = np.random.default_rng(0)
    for second in range(40):
        t_s = second + np.arange(100) / 100
        values = rng.normal(size=100) * rng.choice([0.0, 1.0, 1e6])
        values[:: second % 7 + 2] = rng.choice([np.nan, np.inf, 3.0])
        kept = values.copy()
        feed(one, t_s, values)
        np.testing.assert_array_equal(values, kept)
        one = pickle.loads(pickle.dumps(one))
        sizes.append(len(pickle.dumps(one)))
    assert max(sizes[5:]) - min(sizes[5:]) < 64


@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    unit=st.sampled_from(["N", "N/s", "kPa", "count", "%"]),
)
def test_kilograms_never_of_what_is_no_force(value, unit):
    shown = check(in_unit(Quantity(value, unit, ""), "kgf"))
    assert isinstance(shown, Quantity) is unit.startswith("N")
