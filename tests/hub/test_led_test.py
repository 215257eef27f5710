"""A strength test in the hub: its sessions and its results."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from griphub.firmware_bridge.samples import SampleBlock, Unit
from griphub.hub.cli.strength_test import report
from griphub.hub.errors import RegistryError
from griphub.hub.records.ids import event_id
from griphub.hub.records.session import SessionStarted
from griphub.hub.records.strength import Outcome, StrengthTested, TestTrial
from griphub.hub.records.vocabulary import Hand, Purpose
from griphub.hub.session.leading import LedTest
from griphub.hub.session.strength_steps import Phase
from griphub.hub.utc import utc

FS = 100
LEFT, RIGHT = Hand.LEFT, Hand.RIGHT


def trial(peak: float = 100.0, rest_s: float = 16.5) -> np.ndarray:
    """A squeeze of 3.6 s, and rest."""
    t_s = np.arange(0, 4.5 + rest_s, 1 / FS)
    up, down = np.clip(t_s / 0.4, 0, 1), np.clip((t_s - 3.6) / 0.3, 0, 1)
    return peak * (1 - np.cos(np.pi * up)) / 2 * (1 + np.cos(np.pi * down)) / 2


def force(*peaks: float, rest_s: float = 16.5) -> np.ndarray:
    parts = [np.zeros(250), *(trial(peak, rest_s) for peak in peaks)]
    whole = np.concatenate(parts)
    return whole + np.random.default_rng(0).normal(0, 0.05, whole.size)


def stream(home, values: np.ndarray, first: int = 0) -> list[SampleBlock]:
    t_s = (first + np.arange(values.size)) / FS
    now_s = home.clock.utc_s()
    return [
        SampleBlock(
            *("ball01", first + i, t_s[i : i + 10].copy(), values[i : i + 10].copy(), Unit.NEWTON),
            *(FS, 0, np.zeros(values[i : i + 10].size, bool), now_s + i / FS),
        )
        for i in range(0, values.size, 10)
    ]


def results(home) -> list[StrengthTested]:
    return [event for event in home.events() if isinstance(event, StrengthTested)]


async def test_a_test_has_a_session_of_its_own_and_a_result(home) -> None:
    exercise = stream(home, 30 * np.abs(np.sin(np.arange(1000) / 60)))
    await home.play(exercise)
    test = LedTest("asht", (RIGHT,), pain_before=2, grip="large")
    home.keeper.begin_test("ball01", test)
    values = force(100.0, 110.0, 105.0)
    await home.play(stream(home, values, 1000))
    after = 1000 + values.size
    await home.play(stream(home, np.full(200, 0.1), after))
    await home.keeper.end("ball01", "tool_slept")

    (result,) = results(home)
    assert result.protocol == "ASHT 2015" and result.outcome.score == pytest.approx(105, rel=0.01)
    assert (result.hand, result.pain_before, result.grip, result.stopped) == (RIGHT, 2, "large", "")
    assert result.outcome.trust
    ended = home.ended()
    assert [(e.purpose, e.ended_by) for e in ended] == [
        (Purpose.EXERCISE, "test_began"),
        (Purpose.STRENGTH_TEST, "test_over"),
        (Purpose.EXERCISE, "tool_slept"),
    ]
    assert result.session_id == ended[1].session_id
    # the trial's place in the session is where its samples are
    assert result.trials[0].begin_s == pytest.approx(2.5, abs=0.1)
    at_s = result.measured_at.timestamp() - ended[1].measured_at.timestamp()
    assert at_s == pytest.approx(result.trials[0].begin_s, abs=0.01)
    steps = [step async for step in test.steps()]
    assert steps[-1].phase is Phase.OVER
    assert test.results == [result]


async def test_when_the_hand_changes_so_does_the_session(home) -> None:
    home.keeper.begin_test("ball01", LedTest("southampton", (RIGHT,)))
    await home.play(stream(home, force(*(100.0, 80.0) * 3)))
    (result,) = results(home)
    assert result.outcome.rule == "max_of_both" and result.outcome.score == pytest.approx(100, rel=0.01)
    started = [
        e for e in home.events() if isinstance(e, SessionStarted) and e.purpose is Purpose.STRENGTH_TEST
    ]
    assert [e.hand for e in started] == [RIGHT, LEFT] * 3
    assert [trial.session_id for trial in result.trials] == [e.session_id for e in started]
    assert [e.ended_by for e in home.ended()[:5]] == ["hand_changed"] * 5


async def test_one_test_at_a_time(home) -> None:
    home.keeper.begin_test("ball01", LedTest("asht", (RIGHT,)))
    with pytest.raises(RegistryError, match="under way"):
        home.keeper.begin_test("ball01", LedTest("asht", (RIGHT,)))


async def test_stopped_early_what_was_done_is_kept(home) -> None:
    test = LedTest("asht", (RIGHT,))
    home.keeper.begin_test("ball01", test)
    await home.play(stream(home, force(100.0)))
    await home.keeper.stop_test("ball01", test, "stopped")
    (result,) = results(home)
    assert result.stopped == "stopped" and len(result.trials) == 1
    assert result.outcome.score is None and "needs 3 trials" in result.outcome.because
    assert [e.ended_by for e in home.ended()] == ["test_over"]
    await home.keeper.stop_test("ball01", test, "again")  # nothing happens
    assert len(results(home)) == 1


async def test_a_test_without_a_trial_leaves_no_result(home) -> None:
    test = LedTest("asht", (RIGHT,))
    home.keeper.begin_test("ball01", test)
    await home.play(stream(home, np.zeros(50)))
    await home.keeper.stop_test("ball01", test, "stopped")
    assert results(home) == [] and test.results == []


async def test_a_hub_that_was_killed_in_a_test_goes_on_with_exercise(home) -> None:
    home.keeper.begin_test("ball01", LedTest("asht", (RIGHT,)))
    values = force(100.0)
    await home.play(stream(home, values))
    again = await home.again()
    await again.play(stream(again, np.full(200, 0.1), values.size))
    await again.keeper.end("ball01", "tool_slept")
    assert [(e.purpose, e.ended_by) for e in again.ended()] == [
        (Purpose.STRENGTH_TEST, "test_over"),
        (Purpose.EXERCISE, "tool_slept"),
    ]


async def test_a_test_teaches_nothing_of_what_is_usual(home) -> None:
    home.keeper.begin_test("ball01", LedTest("asht", (RIGHT,)))
    values = force(100.0, 100.0, 100.0)
    await home.play(stream(home, values))
    await home.play(stream(home, np.full(200, 0.1), values.size), replace(home.tool, boot_id=78))
    await home.keeper.end("ball01", "tool_slept")
    assert {e.quality.usual_peak for e in home.ended()} == {None}


def test_a_refusal_and_doubts_are_reported_in_words(tmp_path: Path) -> None:

    session = UUID(int=3)
    spoilt = TestTrial(session_id=session, begin_s=1, end_s=5, peak=88.0, faults=("short_hold",))
    none = TestTrial(session_id=session, begin_s=9, end_s=10, because="No squeeze stands out.")
    result = StrengthTested(
        **{"event_id": event_id(session, "x"), "session_id": session, "measured_at": utc(1.8e9)},
        **{"site": "home", "hub": "hub", "child_id": "c-1", "tool_id": "ball01", "tool_kind": "ball"},
        **{"hand": "left", "source": "real", "unit": "kPa", "protocol": "ASHT 2015"},
        outcome=Outcome(rule="mean", reason="too_short", because="ASHT 2015 needs 3 trials; 0 do."),
        trials=(spoilt, none),
        calibration_overdue=True,
    )
    assert report(result) == [
        "Left hand: no score. ASHT 2015 needs 3 trials; 0 do.",
        "  1. 88.0 kPa (short hold)",
        "  2. – No squeeze stands out.",
        "  The tool's calibration is overdue.",
    ]
