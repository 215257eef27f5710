"""What a parent is told, as pure functions: nearness, quiet check, diagnosis."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.firmware_bridge import errors
from griphub.firmware_bridge.errors import AdapterCause
from griphub.firmware_bridge.nearness import Nearness, nearness
from griphub.firmware_bridge.pairing_diagnosis import WORDS, LastHeard, PairingProblem, diagnose
from griphub.firmware_bridge.quiet_check import QuietVerdict, judge
from griphub.firmware_bridge.samples import FloatArray, SampleBlock, Unit
from griphub.firmware_bridge.tool import Capabilities, Stamps
from griphub.simulators.presets import PRESETS
from griphub.simulators.waveform import BALL, PUTTY, ToolModel, play

# -- nearness


def test_words_for_strengths() -> None:
    words = [nearness(dbm) for dbm in (-35, -50, -51, -65, -66, -78, -79, -88, -89, -105)]
    assert words == [
        Nearness.VERY_NEAR,
        Nearness.VERY_NEAR,
        Nearness.NEAR,
        Nearness.NEAR,
        Nearness.SAME_ROOM,
        Nearness.SAME_ROOM,
        Nearness.FAR,
        Nearness.FAR,
        Nearness.VERY_FAR,
        Nearness.VERY_FAR,
    ]


# -- quiet check


def _capabilities(unit: Unit = Unit.NEWTON, *, tare: bool = True) -> Capabilities:
    return Capabilities(
        unit=unit,
        rate_hz=100.0,
        stamps=Stamps.TOOL,
        loss_known=True,
        tare=tare,
        identify=True,
        battery=True,
        stored=False,
        counts=True,
    )


def _verdict(
    values: FloatArray, unit: Unit = Unit.NEWTON, *, rate_hz: float = 100.0, tare: bool = True
) -> QuietVerdict:
    t_s = np.arange(values.size) / rate_hz
    blocks = [
        SampleBlock("ball1", 0, t.copy(), v.copy(), unit, rate_hz, 0, np.zeros(v.size, bool))
        for t, v in zip(np.array_split(t_s, 7), np.array_split(values, 7), strict=True)
    ]
    return judge(blocks, _capabilities(unit, tare=tare)).verdict


UNITS = [(BALL, Unit.NEWTON), (PUTTY, Unit.KILOPASCAL), (BALL, Unit.COUNT)]


@pytest.mark.parametrize(("model", "unit"), UNITS)
def test_an_untouched_tool_is_fine(model: ToolModel, unit: Unit) -> None:
    for seed in range(200):
        assert _verdict(model.read(np.zeros(300), np.random.default_rng(seed)), unit) is QuietVerdict.FINE


@pytest.mark.parametrize(("model", "unit"), UNITS)
@pytest.mark.parametrize("child", PRESETS.values(), ids=lambda c: c.child_id)
def test_a_tool_in_a_childs_hand_is_not(model: ToolModel, unit: Unit, child: object) -> None:
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        values = play(child, "right", model, rng, duration_s=20).values  # type: ignore[arg-type]
        found += [_verdict(values[start : start + 300], unit) for start in (0, 300, 600, 900)]
    fine = found.count(QuietVerdict.FINE)
    assert fine <= 0.05 * len(found), f"{fine} of {len(found)}"


def test_a_zero_that_is_off_needs_a_tare_where_the_tool_can() -> None:
    values = BALL.read(np.full(300, 6.0), np.random.default_rng(1))
    assert _verdict(values) is QuietVerdict.NEEDS_TARE
    assert _verdict(-values) is QuietVerdict.NEEDS_TARE
    assert _verdict(values, tare=False) is QuietVerdict.FINE
    assert _verdict(values, Unit.COUNT) is QuietVerdict.FINE  # a raw reading has no zero to be at


@pytest.mark.parametrize("level", [0.0, 3.0, -250.0])
def test_a_sensor_that_always_says_the_same_is_stuck(level: float) -> None:
    assert _verdict(np.full(300, level)) is QuietVerdict.STUCK


def test_a_slow_tool_that_rounds_is_not_stuck() -> None:
    assert _verdict(np.zeros(30), rate_hz=10.0) is QuietVerdict.FINE


def test_a_sensor_without_readings_is_stuck() -> None:
    assert judge([], _capabilities()).verdict is QuietVerdict.STUCK
    assert _verdict(np.full(300, np.nan)) is QuietVerdict.STUCK
    clipped = SampleBlock(
        "b", 0, np.arange(300) / 100, np.full(300, 250.0), Unit.NEWTON, 100, 0, np.ones(300, bool)
    )
    report = judge([clipped], _capabilities())
    assert (report.verdict, report.samples, report.offset) == (QuietVerdict.STUCK, 0, None)


def test_the_figures_behind_the_verdict() -> None:
    rng = np.random.default_rng(3)
    t_s = np.arange(300) / 100
    values = 0.5 + 0.02 * t_s + 0.1 * rng.standard_normal(300)
    report = judge(
        [SampleBlock("b", 0, t_s, values, Unit.NEWTON, 100, 0, np.zeros(300, bool))], _capabilities()
    )
    assert report.verdict is QuietVerdict.FINE and report.samples == 300
    assert report.offset == pytest.approx(0.53, abs=0.03)
    assert report.noise == pytest.approx(0.1, rel=0.15)
    assert report.drift_per_s == pytest.approx(0.02, abs=0.03)


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=200),
    st.lists(st.floats(0, 1e9), max_size=200),
    st.sampled_from(Unit),
)
def test_whatever_a_tool_sends_there_is_a_verdict(
    values: list[float], steps: list[float], unit: Unit
) -> None:
    n = min(len(values), len(steps))
    block = SampleBlock(
        "b", 0, np.cumsum(steps[:n]), np.array(values[:n], float), unit, 0.0, 0, np.zeros(n, bool)
    )
    report = judge([block], _capabilities(unit))
    assert report.words and report.samples <= n


# -- diagnosis

NEAR_NOW, NEAR_GONE = LastHeard(0.5, -55.0), LastHeard(20.0, -55.0)
GONE = errors.DeviceNotFound("ball1", 10)
LOST = errors.LinkLost("ball1")


@pytest.mark.parametrize(
    ("error", "heard", "problem"),
    [
        (GONE, None, PairingProblem.ASLEEP),
        (GONE, NEAR_GONE, PairingProblem.ASLEEP),
        (GONE, LastHeard(20.0, -91.0), PairingProblem.OUT_OF_RANGE),
        (LOST, LastHeard(0.1, -91.0), PairingProblem.OUT_OF_RANGE),
        (LOST, NEAR_NOW, PairingProblem.NO_ANSWER),
        (errors.ToolHeld("ball1"), NEAR_NOW, PairingProblem.HELD_BY_ANOTHER),
        (errors.PairingRefused("ball1", "no"), NEAR_NOW, PairingProblem.NOT_IN_PAIRING_MODE),
        (errors.BondLost("ball1"), NEAR_NOW, PairingProblem.BOND_LOST),
        (errors.UnsupportedTool("ball1", "no"), NEAR_NOW, PairingProblem.WRONG_TOOL),
        (errors.NoFreeSlot("system"), NEAR_NOW, PairingProblem.NO_FREE_SLOT),
        (errors.ToolRefused("ball1", "START", "NOT_NOW"), NEAR_NOW, PairingProblem.NO_ANSWER),
        (errors.AdapterUnavailable("system", "", AdapterCause.OFF), None, PairingProblem.ADAPTER_OFF),
        (errors.AdapterUnavailable("system", "", AdapterCause.MISSING), None, PairingProblem.ADAPTER_MISSING),
        (errors.AdapterUnavailable("x", "", AdapterCause.NO_PERMISSION), None, PairingProblem.NO_PERMISSION),
    ],
)
def test_what_an_error_means(
    error: errors.GripError, heard: LastHeard | None, problem: PairingProblem
) -> None:
    diagnosis = diagnose(error, "Ball 1", heard)
    assert diagnosis.problem is problem


def test_every_cause_of_a_dead_radio_and_every_problem_has_words() -> None:
    for cause in AdapterCause:
        assert str(diagnose(errors.AdapterUnavailable("system", "", cause), "Ball 1"))
    for problem, words in itertools.zip_longest(PairingProblem, WORDS.values()):
        said = WORDS[problem].format(tool="Ball 1")
        assert words and said.endswith(".") and "error" not in said.lower() and "fail" not in said.lower()


def test_the_page_for_parents_explains_every_problem() -> None:
    page = (Path(__file__).parents[2] / "docs" / "pairing.md").read_text(encoding="utf-8")
    for problem, words in WORDS.items():
        said = words.split(".")[0].split(",")[0].replace("{tool}", "…")
        assert f"| {said}" in page, problem
