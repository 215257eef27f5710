"""Measures of exercise from stored sessions: what they give, and what they refuse."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np
import pytest

from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.measures import NAMES, Measure, measures
from griphub.hub.records.session import SessionQuality, SqueezeCounted
from griphub.hub.records.strength import Outcome, StrengthTested
from griphub.hub.records.vocabulary import Hand, Source
from griphub.hub.stores.models import SessionDetail, SessionPoint

AT = datetime(2026, 11, 20, 16, tzinfo=UTC)
FS_HZ = 100
QUALITY = SessionQuality(
    rate_hz=100.0, lost_percent=0.0, saturated_percent=0.0, tare_level=0.5, tare_noise=0.01
)


def session(
    squeezes: Sequence[tuple[float, float, float]],
    *,
    hand: Hand = Hand.LEFT,
    after_s: float = 0.0,
    force: Callable[[np.ndarray], np.ndarray] | None = None,
    quality: SessionQuality | None = QUALITY,
    length_s: float = 40.0,
    peak: float | None = None,
    **about: object,
) -> SessionDetail:
    """A session of squeezes (onset, offset, height): trapezoids above 0.5, or what `force` makes of times."""
    t_s = np.arange(round(length_s * FS_HZ)) / FS_HZ
    values = np.full(t_s.size, 0.5) + 0.01 * np.random.default_rng(1).standard_normal(t_s.size)
    for onset, offset, height in squeezes:
        values += height * np.clip(np.minimum((t_s - onset) / 0.3, (offset - t_s) / 0.3), 0, 1)
    if force is not None:
        values += force(t_s)
    session_id = uuid4()
    at = AT + timedelta(seconds=after_s)
    shared = {
        "session_id": session_id,
        "child_id": "c-1",
        "tool_id": f"ball-{hand}",
        "tool_kind": ToolKind.BALL,
        "hand": hand,
        "source": Source.REAL,
        "unit": Unit.NEWTON,
    }
    counted = tuple(
        SqueezeCounted.model_validate(
            shared
            | {
                "event_id": uuid4(),
                "measured_at": at + timedelta(seconds=onset),
                "site": "home",
                "hub": "hub",
                "number": n,
                "onset_s": onset,
                "peak_s": onset + 0.4,
                "offset_s": offset,
                "decided_s": offset,
                "peak": height,
                "rest": 0.5,
                "impulse": 1.0,
                "ended_by": "release",
                "rise_s": 0.27,
                "release_s": 0.2 + 0.1 * n,
                "rfd": 100.0 if n % 2 else None,
                "no_rfd": "" if n % 2 else "noise makes the slope uncertain by more than a tenth",
            }
        )
        for n, (onset, offset, height) in enumerate(squeezes, start=1)
    )
    highest = peak or max((height for *_, height in squeezes), default=None)
    point = SessionPoint(
        **shared
        | {
            "started_at": at,
            "ended_at": at + timedelta(seconds=length_s),
            "ended_by": "idle",
            "goal": 0,
            "squeezes": len(squeezes),
            "doubtful": 0,
            "peak": highest,
            "median_peak": highest,
            "received": t_s.size,
            "lost": 0,
            "first_index": 0,
            "end_index": t_s.size,
            "quality": quality,
        }
        | about  # type: ignore[arg-type]
    )
    return SessionDetail(point, counted, t_s, values)


def of(found: Sequence[Measure], name: str, hand: Hand | None) -> Measure:
    (one,) = [measure for measure in found if (measure.name, measure.hand) == (name, hand)]
    return one


def why(measure: Measure) -> str:
    assert not measure.values
    return " ".join(measure.refused)


def test_every_measure_is_there_or_says_why_not() -> None:
    found = measures([session([(2, 3, 20), (5, 6, 22), (8, 9, 24)])], [], None)
    assert [one.name for one in found] == list(NAMES)
    assert all(one.values or one.refused for one in found)
    assert of(found, "release", Hand.LEFT).values == [(AT, pytest.approx(0.4))]
    assert of(found, "rise", Hand.LEFT).unit == "s"
    rfd = of(found, "rate_of_force", Hand.LEFT)
    assert (rfd.unit, rfd.values[0][1]) == ("N/s", 100.0)
    assert "more than a tenth" in " ".join(rfd.refused), "of the second"
    assert "twelve greatest squeezes" in why(of(found, "fatigue", Hand.LEFT))
    assert "No squeeze was held for 10 s." in why(of(found, "sustained", Hand.LEFT))
    assert "both hands" in why(of(found, "asymmetry", None))
    assert "at the same time" in why(of(found, "mirror", None))
    assert measures([], [], None)[0].name == "asymmetry"


def test_a_tool_that_does_not_stamp_its_samples_times_nothing() -> None:
    arrival = QUALITY.model_copy(update={"lost_percent": None})
    found = measures([session([(2, 3, 20)], quality=arrival)], [], None)
    assert "does not stamp" in why(of(found, "release", Hand.LEFT))
    assert "does not stamp" in why(of(found, "rise", Hand.LEFT))


def test_steadiness_of_a_low_hold_is_its_own_without_the_tools_noise() -> None:
    def swinging(t_s: np.ndarray) -> np.ndarray:
        inside = (t_s > 2.5) & (t_s < 11.5)
        return np.where(inside, 0.2 * np.sqrt(2) * np.sin(2 * np.pi * 1.3 * t_s), 0)

    hold = session([(2, 12, 4.0)], force=swinging, peak=30.0)
    found = measures([hold], [], None)
    steady = of(found, "steadiness", Hand.LEFT)
    assert steady.values[0][1] == pytest.approx(5.0, rel=0.15)  # 0.2 of 4
    assert of(found, "sustained", Hand.LEFT).values or of(found, "sustained", Hand.LEFT).refused
    hard = measures([session([(2, 12, 28.0)], peak=30.0)], [], None)
    assert "5 to 25 % of the maximum" in why(of(hard, "steadiness", Hand.LEFT))
    unknown = measures([session([(2, 12, 4.0)], quality=None, peak=30.0)], [], None)
    assert "zero and noise are not known" in why(of(unknown, "steadiness", Hand.LEFT))


def test_a_long_hold_keeps_its_force() -> None:
    found = measures(
        [
            session(
                [(2, 33, 20.0)], force=lambda t_s: np.where((t_s > 2.3) & (t_s < 32.7), -0.2 * (t_s - 2.3), 0)
            )
        ],
        [],
        None,
    )
    kept = of(found, "force_kept", Hand.LEFT)
    # 20 - 0.2 t: the mean of the first ten seconds is 19, of 20 to 30 s it is 15
    assert kept.values[0][1] == pytest.approx(100 * 15 / 19, rel=0.02)
    assert "6 to 11 years" in kept.trust


def test_asymmetry_names_what_it_is_of() -> None:
    left, right = session([(2, 3, 20)]), session([(2, 3, 30)], hand=Hand.RIGHT, after_s=100)
    found = of(measures([left, right], [], Hand.RIGHT), "asymmetry", None)
    assert found.values[0][1] == pytest.approx(100 * 10 / 30)
    assert found.of.startswith("dominant hand (right)") and "highest peaks" in found.of
    assert "not recorded" in why(of(measures([left, right], [], None), "asymmetry", None))

    def test(hand: Hand, score: float) -> StrengthTested:
        return StrengthTested.model_validate(
            {
                "event_id": uuid4(),
                "measured_at": AT,
                "site": "home",
                "hub": "hub",
                "session_id": UUID(int=1),
                "child_id": "c-1",
                "tool_id": "dyno",
                "tool_kind": "dynamometer",
                "hand": hand,
                "source": "real",
                "unit": "N",
                "protocol": "ASHT 2015",
                "outcome": Outcome(score=score, rule="mean"),
                "trials": (),
            }
        )

    tests = [test(Hand.LEFT, 90), test(Hand.RIGHT, 100)]
    tested = of(measures([left, right], tests, Hand.RIGHT), "asymmetry", None)
    assert tested.values[0][1] == pytest.approx(10) and "ASHT 2015" in tested.of


def test_both_hands_at_the_same_time() -> None:
    squeezes = [(3.0 * n, 3.0 * n + 1, 20.0) for n in range(1, 8)]
    left = session(squeezes)
    right = session(
        [(onset + 0.05, offset + 0.05, height) for onset, offset, height in squeezes],
        hand=Hand.RIGHT,
        after_s=0.03,
    )
    lag = of(measures([left, right], [], None), "bilateral", None)
    assert lag.values[0][1] == pytest.approx(0.08, abs=1e-6) and lag.of == "right hand after left"
    handed_over = session([(3, 4, 20)], hand=Hand.RIGHT, stored=True)
    assert "clocks are known" in why(of(measures([left, handed_over], [], None), "bilateral", None))
    elsewhen = session(squeezes, hand=Hand.RIGHT, after_s=3600)
    assert "at the same time" in why(of(measures([left, elsewhen], [], None), "bilateral", None))


def test_the_resting_hand_that_squeezes_along() -> None:
    working = session([(3, 6, 20.0), (10, 13, 20.0)])
    resting = session(
        [(30, 31, 10.0)],
        hand=Hand.RIGHT,
        force=lambda t_s: np.where(((t_s > 3.4) & (t_s < 5.6)) | ((t_s > 10.4) & (t_s < 12.6)), 1.0, 0.0),
    )
    mirror = of(measures([working, resting], [], None), "mirror", None)
    assert mirror.values[0][1] == pytest.approx(10, abs=2.5) and "resting hand" in mirror.of


def test_tools_and_units_are_never_mixed() -> None:
    ball = session([(2, 3, 20)])
    putty = session(
        [(2, 3, 7)], after_s=100, tool_id="putty-1", tool_kind=ToolKind.PUTTY, unit=Unit.KILOPASCAL
    )
    rates = [one for one in measures([ball, putty], [], None) if one.name == "rise"]
    assert [(one.tool_kind, len(one.values)) for one in rates] == [(ToolKind.BALL, 1), (ToolKind.PUTTY, 1)]
