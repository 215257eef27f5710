"""What a session's end tells of how good its recording is, and what it began with."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from griphub.firmware_bridge.samples import SampleBlock, ToolKind, Unit
from griphub.hub.records.event import Event
from griphub.hub.records.session import SessionEnded, SessionQuality, SqueezeCounted
from griphub.hub.records.vocabulary import Hand, Source
from griphub.hub.session.state import SessionState
from griphub.hub.session.tracker import SessionTracker

FS_HZ = 100
STARTED_S = 1_800_000_000.0
WHO = {
    "site": "home",
    "hub": "hub",
    "child_id": "c-1",
    "tool_id": "ball01",
    "tool_kind": ToolKind.BALL,
    "hand": Hand.RIGHT,
    "source": Source.SIMULATED,
    "goal": 5,
    "boot_id": 77,
    "usual_peak": 20.0,  # a hand that trembles beside a tool that is silent is not taken for squeezing
}


def session(squeezes: int = 5, drift: float = 0.0, peak: float = 20.0) -> tuple[np.ndarray, np.ndarray]:
    """Three seconds on the table, squeezes 2 s apart by a hand that trembles a little, three on the table."""
    t_s = 500 + np.arange(0, 2 * squeezes + 8, 1 / FS_HZ)
    x = t_s - 500
    values = sum(peak * np.exp(-(((x - 5 - 2 * k) / 0.3) ** 2)) for k in range(squeezes))
    held = (x > 3.2) & (x < 2 * squeezes + 4.8)
    values = values + held * (0.08 * np.sin(2 * np.pi * 4.0 * (x - 3.2))) + np.where(x > 4, drift, 0)
    return t_s, values + np.random.default_rng(2).normal(0.5, 0.02, t_s.size)


def blocks(
    t_s: np.ndarray, values: np.ndarray, n: int = 5, first_index: int = 1000, limit: float = np.inf
) -> Iterator[SampleBlock]:
    for i in range(0, t_s.size, n):
        cut = slice(i, i + n)
        clipped = values[cut] >= limit
        utc_s = STARTED_S + float(t_s[i] - t_s[0])
        yield SampleBlock(
            *("ball01", first_index + i, t_s[cut].copy(), np.minimum(values[cut], limit)),
            *(Unit.NEWTON, FS_HZ, 0, clipped, utc_s),
        )


def run(all_blocks: list[SampleBlock], **more: object) -> list[Event]:
    tracker, events = SessionTracker.begin(all_blocks[0], **WHO | more)
    for block in all_blocks:
        events += tracker.add(block)
    return events + tracker.end("tool_slept")


def quality_of(events: list[Event]) -> SessionQuality:
    ended = events[-1]
    assert isinstance(ended, SessionEnded) and ended.quality
    return ended.quality


def test_a_good_session_says_so() -> None:
    events = run(list(blocks(*session())))
    squeezes = [event for event in events if isinstance(event, SqueezeCounted)]
    quality = quality_of(events)
    assert len(squeezes) == 5
    assert quality.rate_hz == pytest.approx(FS_HZ)
    assert (quality.lost_percent, quality.saturated_percent, quality.doubtful) == (0, 0, {})
    assert quality.tare_level == pytest.approx(0.5, abs=0.01)
    assert quality.tare_noise == pytest.approx(0.02, rel=0.3)
    assert quality.drift and not quality.drift.too_far
    assert quality.usual_peak == 20.0


def test_squeezes_tell_their_uncertainty_and_their_times() -> None:
    for event in run(list(blocks(*session()))):
        if isinstance(event, SqueezeCounted):
            assert 0 < event.peak_sd < 1
            assert event.rise_s == pytest.approx(0.35, abs=0.15)
            assert event.release_s == pytest.approx(0.35, abs=0.15)
            # 20 N times the slope of exp(-(t / 0.3)²) between a fifth and four fifths
            took_s = 0.3 * (np.sqrt(np.log(5)) - np.sqrt(np.log(1.25)))
            assert event.rfd == pytest.approx(0.6 * 20 / took_s, rel=0.1)
            assert event.no_rfd == ""


def test_a_zero_that_moved_is_told_in_the_unit_and_of_the_childs_peak() -> None:
    quality = quality_of(run(list(blocks(*session(drift=0.8)))))
    assert quality.drift
    assert quality.drift.moved == pytest.approx(0.8, abs=0.02)
    assert quality.drift.percent == pytest.approx(4, abs=0.3)
    assert quality.drift.too_far
    # a child that usually squeezes 80 N is not harmed by it
    quality = quality_of(run(list(blocks(*session(drift=0.8))), usual_peak=80.0))
    assert quality.drift and quality.drift.percent == pytest.approx(1, abs=0.1)
    assert not quality.drift.too_far


def test_a_tool_that_is_never_left_alone_has_no_zero_to_speak_of() -> None:
    t_s, values = session(drift=0.8)
    held = (t_s > 503.2) & (t_s < t_s[-1] - 3.3)
    quality = quality_of(run(list(blocks(t_s[held], values[held]))))
    assert (quality.tare_level, quality.tare_noise, quality.drift) == (None, None, None)


def test_a_steady_hold_is_not_taken_for_an_untouched_tool() -> None:
    t_s, values = session()
    hold = (t_s > 508) & (t_s < 512)
    values[hold] = 15 + np.random.default_rng(0).normal(0, 0.02, hold.sum())
    until = t_s < 513.5
    quality = quality_of(run(list(blocks(t_s[until], values[until]))))
    assert quality.drift is None


def test_what_was_lost_and_what_hit_the_end_of_the_range() -> None:
    t_s, values = session()
    all_blocks = list(blocks(t_s, values, limit=18.0))
    events = run(all_blocks[:100] + all_blocks[120:])
    quality = quality_of(events)
    assert quality.lost_percent == pytest.approx(100 * 100 / t_s.size)
    assert quality.saturated_percent == pytest.approx(100 * (values >= 18).sum() / t_s.size, abs=1)
    assert quality.rate_hz == pytest.approx(FS_HZ)
    doubtful = [e.doubtful for e in events if isinstance(e, SqueezeCounted)]
    assert quality.doubtful == {
        reason: sum(reason in some for some in doubtful) for some in doubtful for reason in some
    }
    assert quality.doubtful["sensor at the end of its range"] >= 4
    assert quality_of(run(all_blocks, loss_known=False)).lost_percent is None


def test_how_it_is_cut_changes_nothing_nor_does_a_hub_that_was_killed() -> None:
    t_s, values = session(drift=0.8)
    whole = quality_of(run(list(blocks(t_s, values))))
    assert quality_of(run(list(blocks(t_s, values, n=37)))) == whole
    # killed where a quiet second begins: what came before is in its state
    all_blocks = list(blocks(t_s, values))
    tracker, _ = SessionTracker.begin(all_blocks[0], **WHO)
    for block in all_blocks[:240]:
        tracker.add(block)
    again = SessionTracker(SessionState.from_json(tracker.state.to_json()))
    for block in all_blocks[240:]:
        again.add(block)
    resumed = quality_of(again.end("tool_slept"))
    assert resumed.drift and whole.drift
    assert resumed.drift.moved == pytest.approx(whole.drift.moved, abs=0.02)
    assert resumed.tare_level == whole.tare_level


def test_the_state_of_an_older_hub_is_still_read() -> None:
    all_blocks = list(blocks(*session()))
    tracker, _ = SessionTracker.begin(all_blocks[0], **WHO)
    for block in all_blocks[:10]:
        tracker.add(block)
    text = tracker.state.to_json()
    for name in ("purpose", "loss_known", "usual_peak", "clipped", "reasons", "quiet_before", "quiet_after"):
        text = text.replace(f'"{name}"', f'"old_{name}"')
    again = SessionTracker(SessionState.from_json(text))
    for block in all_blocks[10:]:
        again.add(block)
    assert quality_of(again.end("tool_slept")).tare_level is not None


async def test_the_next_session_begins_with_what_was_usual_and_says_so(home) -> None:
    t_s, values = session()
    t_s, values = t_s[310:], values[310:]  # without the silence before it, nothing is mistaken
    await home.play(list(blocks(t_s, values)))
    await home.keeper.end("ball01", "tool_slept")
    again = await home.again()  # what is usual outlives the hub
    await again.play(list(blocks(t_s, values)), replace(home.tool, boot_id=78))
    await again.keeper.end("ball01", "tool_slept")
    first, second = again.ended()
    assert first.quality.usual_peak is None
    assert second.quality.usual_peak == first.median_peak == pytest.approx(20, rel=0.05)


@pytest.mark.parametrize("usual_peak", [6.0, 4.0, 12.0, 60.0])
def test_a_seed_that_is_wrong_keeps_no_weak_child_from_counting(usual_peak: float) -> None:
    events = run(list(blocks(*session(squeezes=8, peak=6.0))), usual_peak=usual_peak)
    assert sum(isinstance(event, SqueezeCounted) for event in events) == 8
