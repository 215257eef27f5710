"""A session: opened, counted, interrupted, resumed, closed."""

import asyncio
import copy
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from griphub.firmware_bridge.samples import SampleBlock, ToolKind, Unit
from griphub.hub.delivery.outbox import Entry
from griphub.hub.records.event import Event
from griphub.hub.records.session import SessionEnded, SessionStarted, SqueezeCounted, WaveformSecond
from griphub.hub.records.vocabulary import Hand, Source
from griphub.hub.session.state import SessionState
from griphub.hub.session.tracker import SessionTracker
from griphub.hub.waveform import decode_samples

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
}


def force(squeezes: int, start_s: float = 500.0) -> tuple[np.ndarray, np.ndarray]:
    """Time and force of so many squeezes of 20 N, 2 s apart, on a tool that has been on for a while."""
    t_s = np.arange(0, 2 * squeezes + 2, 1 / FS_HZ)
    values = sum(20 * np.exp(-(((t_s - 2 - 2 * k) / 0.3) ** 2)) for k in range(squeezes))
    return start_s + t_s, values + np.random.default_rng(2).normal(0.5, 0.05, t_s.size)


def blocks(t_s: np.ndarray, values: np.ndarray, first_index: int = 1000, n: int = 5) -> Iterator[SampleBlock]:
    for i in range(0, t_s.size, n):
        cut = slice(i, i + n)
        yield SampleBlock(
            "ball01",
            first_index + i,
            t_s[cut].copy(),
            values[cut].copy(),
            Unit.NEWTON,
            FS_HZ,
            0,
            np.zeros(t_s[cut].size, bool),
            STARTED_S + float(t_s[i] - t_s[0]),
        )


def run(all_blocks: list[SampleBlock]) -> list[Event]:
    tracker, events = SessionTracker.begin(all_blocks[0], boot_id=77, **WHO)
    for block in all_blocks:
        events += tracker.add(block)
    return events + tracker.end("tool_slept")


def _waveform(events: list[Event]) -> tuple[np.ndarray, np.ndarray, list[WaveformSecond]]:
    pieces = [e for e in events if isinstance(e, WaveformSecond)]
    decoded = [decode_samples(piece.data) for piece in pieces]
    t_s = np.concatenate([p.start_s + d[0] for p, d in zip(pieces, decoded, strict=True)])
    return t_s, np.concatenate([d[1] for d in decoded]), pieces


def test_a_session_tells_its_start_each_squeeze_each_sample_and_its_end() -> None:
    t_s, values = force(4)
    events = run(list(blocks(t_s, values)))
    started, ended = events[0], events[-1]
    assert isinstance(started, SessionStarted) and isinstance(ended, SessionEnded)
    squeezes = [e for e in events if isinstance(e, SqueezeCounted)]
    assert [s.number for s in squeezes] == [1, 2, 3, 4]
    for k, squeeze in enumerate(squeezes):
        assert squeeze.peak_s == pytest.approx(2 + 2 * k, abs=0.1)
        assert squeeze.peak == pytest.approx(20, rel=0.05)
        onset_s = squeeze.measured_at.timestamp() - started.measured_at.timestamp()
        assert onset_s == pytest.approx(squeeze.onset_s, abs=1e-5)
    assert ended.squeezes == 4 and ended.received == t_s.size and ended.lost == 0
    assert ended.peak == max(s.peak for s in squeezes)
    assert started.measured_at.timestamp() == pytest.approx(STARTED_S, abs=1e-5)
    kept_s, kept, pieces = _waveform(events)
    np.testing.assert_allclose(kept_s, t_s - t_s[0], atol=2e-5)
    np.testing.assert_allclose(kept, values, atol=6e-4)
    assert all(piece.samples <= FS_HZ + 5 for piece in pieces)


def test_with_a_tool_that_cannot_carry_it_nothing_is_counted_and_all_is_kept() -> None:
    t_s, values = force(4)
    all_blocks = list(blocks(t_s, values))
    tracker, events = SessionTracker.begin(all_blocks[0], boot_id=77, **WHO | {"counts": False})
    for block in all_blocks:
        events += tracker.add(block)
    events += tracker.end("tool_slept")
    ended = events[-1]
    assert isinstance(ended, SessionEnded)
    assert not ended.counts and ended.squeezes == 0 and ended.peak is None
    assert not any(isinstance(event, SqueezeCounted) for event in events)
    np.testing.assert_allclose(_waveform(events)[1], values, atol=6e-4)


def test_what_only_the_whole_session_shows_is_counted_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    t_s, values = force(4)
    all_blocks = list(blocks(t_s, values))
    told = run(all_blocks)
    live = SessionTracker._squeezes
    monkeypatch.setattr(
        SessionTracker,
        "_squeezes",
        lambda self, block: [squeeze for squeeze in live(self, block) if squeeze.number != 1],
    )
    events = run(all_blocks)
    ended = events[-1]
    assert isinstance(ended, SessionEnded)
    assert (ended.squeezes, ended.added, ended.withdrawn) == (4, 1, 0)
    onsets = [[e.onset_s for e in some if isinstance(e, SqueezeCounted)] for some in (told, events)]
    assert onsets[1] == [*onsets[0][1:], onsets[0][0]]
    numbers = [e.number for e in events if isinstance(e, SqueezeCounted)]
    assert numbers == [1, 2, 3, 4]


def test_a_session_that_was_interrupted_is_not_looked_at_again() -> None:
    t_s, values = force(4)
    all_blocks = list(blocks(t_s, values))
    tracker, _ = SessionTracker.begin(all_blocks[0], boot_id=77, **WHO)
    for block in all_blocks[:80]:
        tracker.add(block)
    again = SessionTracker(tracker.state)
    for block in all_blocks[80:]:
        again.add(block)
    ended = again.end("tool_slept")[-1]
    assert isinstance(ended, SessionEnded)
    assert (ended.added, ended.withdrawn) == (0, 0)


def test_a_gap_stays_a_gap() -> None:
    t_s, values = force(4)
    everything = list(blocks(t_s, values))
    events = run(everything[:60] + everything[90:])
    ended = events[-1]
    assert isinstance(ended, SessionEnded)
    assert (ended.received, ended.lost) == (t_s.size - 150, 150)
    kept_s, _, pieces = _waveform(events)
    assert np.diff(kept_s).max() == pytest.approx(1.51, abs=1e-3)
    for piece in pieces:  # no piece reaches over the gap
        steps_s = np.diff(decode_samples(piece.data)[0])
        assert steps_s.max(initial=0) < 0.02
    indices = [(p.first_index, p.first_index + p.samples) for p in pieces]
    assert [b[0] - a[1] for a, b in pairwise(indices) if b[0] != a[1]] == [150]


def test_the_end_of_the_stream_may_tell_of_a_loss() -> None:
    t_s, values = force(1)
    *most, last = blocks(t_s, values)
    empty = replace(
        last,
        first_index=last.end_index,
        t_s=last.t_s[:0],
        values=last.values[:0],
        clipped=last.clipped[:0],
        lost=5,
    )
    ended = run([*most, empty])[-1]
    assert isinstance(ended, SessionEnded)
    assert (ended.received, ended.lost) == (t_s.size - len(last), len(last))


def test_told_twice_it_has_the_same_ids() -> None:
    t_s, values = force(3)
    all_blocks = list(blocks(t_s, values))
    tracker, _ = SessionTracker.begin(all_blocks[0], boot_id=77, **WHO)
    again = SessionTracker(copy.deepcopy(tracker.state))
    ids = [[e.event_id for b in all_blocks for e in t.add(b)] for t in (tracker, again)]
    assert ids[0] == ids[1]


def test_a_session_goes_on_from_its_state() -> None:
    t_s, values = force(6)
    all_blocks = list(blocks(t_s, values))
    tracker, events = SessionTracker.begin(all_blocks[0], boot_id=77, **WHO)
    committed = tracker.state.to_json()
    for block in all_blocks[:150]:
        if new := tracker.add(block):
            events += new
            committed = tracker.state.to_json()  # what a killed hub finds: the last commit
    again = SessionTracker(SessionState.from_json(committed))
    for block in all_blocks[160:]:  # the hub was away for half a second
        events += again.add(block)
    events += again.end("tool_slept")
    squeezes = [e for e in events if isinstance(e, SqueezeCounted)]
    assert [s.number for s in squeezes] == list(range(1, len(squeezes) + 1))
    assert len({s.event_id for s in squeezes}) == len(squeezes) >= 5
    ended = events[-1]
    assert isinstance(ended, SessionEnded)
    assert ended.squeezes == len(squeezes)
    kept = _waveform(events)[0].size
    assert ended.received == kept
    assert ended.received + ended.lost == t_s.size


def faint(squeezes: int) -> tuple[np.ndarray, np.ndarray]:
    """Time and force of brief squeezes of 1 N, 2 s apart, by a hand that nobody knows."""
    t_s = np.arange(0, 2 * squeezes + 3, 1 / FS_HZ)
    values = sum(np.exp(-(((t_s - 3 - 2 * k) / 0.18) ** 2)) for k in range(squeezes))
    return 500 + t_s, values + np.random.default_rng(0).normal(0.5, 0.1, t_s.size)


def test_first_ones_of_a_faint_hand_wait_to_be_counted_and_count_once() -> None:
    all_blocks = list(blocks(*faint(4)))
    tracker, events = SessionTracker.begin(all_blocks[0], boot_id=77, **WHO)
    told = []
    for block in all_blocks:
        events += tracker.add(block)
        told.append((tracker.count, tracker.waiting))
    assert told[0] == (0, 0)
    assert (0, 1) in told and (0, 2) in told
    assert all(count + waiting <= 4 for count, waiting in told)
    assert told[-1] == (4, 0)
    events += tracker.end("tool_slept")
    assert sum(isinstance(event, SqueezeCounted) for event in events) == tracker.count == 4


def test_what_waits_at_the_end_waits_no_more() -> None:
    all_blocks = list(blocks(*faint(1)))
    tracker, _ = SessionTracker.begin(all_blocks[0], boot_id=77, **WHO)
    for block in all_blocks:
        tracker.add(block)
    assert (tracker.count, tracker.waiting) == (0, 1)
    ended = tracker.end("tool_slept")[-1]
    assert isinstance(ended, SessionEnded)
    assert tracker.waiting == 0
    assert ended.squeezes == tracker.count


async def test_a_page_is_told_what_waits_to_be_counted(home) -> None:
    await home.play(list(blocks(*faint(4))))
    told = [(frame.count, frame.waiting) for frame in home.frames]
    assert {(0, 1), (0, 2)} < set(told)
    assert told[-1] == (4, 0)
    await home.play(list(blocks(*faint(1))), replace(home.tool, boot_id=78))  # the usual peak is known now
    await home.keeper.end("ball01", "tool_slept")
    assert (home.frames[-1].state, home.frames[-1].waiting) == ("ended", 0)


async def test_a_squeeze_is_told_once_it_is_committed(home) -> None:
    await home.play(list(blocks(*force(3))))
    committed = [e for e in home.events() if isinstance(e, SqueezeCounted)]
    assert home.squeezes == committed
    assert len(committed) == 3
    assert home.frames[-1].count == 3 and home.frames[-1].goal == 5
    assert sum(len(frame.values) for frame in home.frames) == force(3)[0].size


async def test_a_lost_link_keeps_the_session_for_a_while(home) -> None:
    all_blocks = list(blocks(*force(4)))
    await home.play(all_blocks[:100])
    await home.keeper.link_lost("ball01")
    assert home.frames[-1].state == "link_lost"
    home.clock.now_s += 59
    await asyncio.sleep(0.01)
    await home.play(all_blocks[110:])
    assert home.ended() == []
    await home.keeper.link_lost("ball01")
    home.clock.now_s += 61
    async with asyncio.timeout(5):
        while home.frames[-1].state != "ended":
            await asyncio.sleep(0.01)
    (ended,) = home.ended()
    assert ended.ended_by == "link_lost" and ended.lost == 50
    assert home.outbox.open_sessions() == {}


async def test_a_tool_that_was_switched_off_begins_a_new_session(home) -> None:
    await home.play(list(blocks(*force(2))))
    await home.play(list(blocks(*force(2, start_s=0.0), first_index=0)), replace(home.tool, boot_id=78))
    assert [e.ended_by for e in home.ended()] == ["tool_restarted"]
    assert len({e.session_id for e in home.events()}) == 2


async def test_a_hub_that_was_killed_goes_on_with_the_session(
    home,
) -> None:
    all_blocks = list(blocks(*force(5)))
    await home.play(all_blocks[:130])
    before = len(home.squeezes)
    again = await home.again()
    await again.play(all_blocks[140:])
    await again.keeper.end("ball01", "tool_slept")
    (ended,) = again.ended()
    assert ended.squeezes == before + len(again.squeezes) == len(again.outbox.counted(ended.session_id))
    assert len({e.session_id for e in again.events()}) == 1


async def test_what_a_killed_hub_finds_tells_of_no_sample_that_is_not_here(home) -> None:
    """Else the tool is asked for what comes after it, and what was only in memory is gone."""
    all_blocks = list(blocks(*force(3)))
    for block in all_blocks[:100] + all_blocks[130:]:  # with a gap
        await home.play([block])
        state = SessionState.from_json(home.outbox.open_sessions()["ball01"])
        pieces = [e for e in home.events() if isinstance(e, WaveformSecond)]
        assert [state.end_index] == [e.first_index + e.samples for e in pieces[-1:]]
        assert state.received == sum(e.samples for e in pieces)


async def test_a_state_that_cannot_be_read_does_not_keep_the_hub_from_starting(home) -> None:
    home.keeper.restore({"ball01": "{", "ball02": '{"session_id": 3}'})
    await home.play(list(blocks(*force(1))))
    assert home.frames


async def test_a_tool_that_comes_back_while_another_session_is_closed_goes_on(
    home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing one takes as long as the disk does; what was true before need not be true after."""
    first = list(blocks(*force(1)))
    for tool_id in ("one", "another", "ball01"):
        await home.play(first, replace(home.tool, tool_id=tool_id))
        await home.keeper.link_lost(tool_id)
    commit, closing = home.outbox.commit_all, asyncio.Event()
    loop, go_on = asyncio.get_running_loop(), threading.Event()

    def slow(entries: list[Entry]) -> None:
        if entries[0].sessions == {"one": None}:
            loop.call_soon_threadsafe(closing.set)
            go_on.wait(10)
        commit(entries)

    monkeypatch.setattr(home.outbox, "commit_all", slow)
    home.clock.now_s += 61
    await asyncio.wait_for(closing.wait(), 5)
    again = asyncio.create_task(
        home.play(list(blocks(*force(1, start_s=0.0), first_index=0)), replace(home.tool, boot_id=78))
    )
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.wait_for(again, 5)
    await asyncio.sleep(0.05)
    assert [e.ended_by for e in home.ended() if e.tool_id == "ball01"] == ["tool_restarted"]


async def test_ticks_that_wrapped_while_the_hub_was_dead_begin_a_new_session(
    home,
) -> None:
    await home.play(list(blocks(*force(2, start_s=43_000.0))))
    again = await home.again()
    await again.play(list(blocks(*force(2, start_s=60.0), first_index=5000)))
    await again.keeper.end("ball01", "tool_slept")
    assert [e.ended_by for e in again.ended()] == ["tool_restarted", "tool_slept"]
    assert all(e.start_s >= 0 for e in again.events() if isinstance(e, WaveformSecond))


async def test_a_clock_that_is_set_leaves_the_session_on_its_own_time(home) -> None:
    """NTP steps a Raspberry Pi by years when it finds the network; the next session has the new time."""
    day_s = 86_400.0
    all_blocks = list(blocks(*force(4)))
    await home.play(all_blocks[:100])
    home.clock.set_s += day_s
    home.clock.now_s += 2
    home.clock.utc_s()  # it looks once a second
    await home.play([replace(block, utc_s=block.utc_s + day_s) for block in all_blocks[100:]])
    await home.keeper.end("ball01", "tool_slept")
    await home.play(list(blocks(*force(1), first_index=9000)), replace(home.tool, boot_id=78))
    await home.keeper.end("ball01", "tool_slept")

    stepped, after = home.ended()
    assert stepped.clock_step_s == pytest.approx(day_s, abs=0.01)
    assert after.clock_step_s == 0
    started_s = stepped.measured_at.timestamp()
    assert stepped.ended_at.timestamp() - started_s == pytest.approx(10, abs=0.02)
    for event in home.events():
        if isinstance(event, SqueezeCounted | WaveformSecond) and event.session_id == stepped.session_id:
            at_s = event.onset_s if isinstance(event, SqueezeCounted) else event.start_s
            assert event.measured_at.timestamp() - started_s == pytest.approx(at_s, abs=0.01)


@pytest.mark.parametrize("set_by_s", [-86_400.0, -30.0, 3600.0])
async def test_a_clock_that_is_set_while_the_hub_is_dead_is_noticed(home, set_by_s: float) -> None:
    all_blocks = list(blocks(*force(4)))
    await home.play(all_blocks[:100])
    again = await home.again()
    await again.play([replace(block, utc_s=block.utc_s + set_by_s) for block in all_blocks[110:]])
    await again.keeper.end("ball01", "tool_slept")
    (ended,) = again.ended()
    assert ended.clock_step_s == pytest.approx(set_by_s, abs=0.01)
    assert (ended.ended_at - ended.measured_at).total_seconds() == pytest.approx(10, abs=0.02)


async def test_a_tool_that_catches_up_does_not_flood_the_page(home) -> None:
    """A minute comes in a second; the page gets the last seconds, and the times are the tool's."""
    all_blocks = list(blocks(*force(29)))
    await home.play(all_blocks[:20])
    home.frames.clear()
    for block in all_blocks[20:]:
        home.clock.now_s += 1 / len(all_blocks)
        await home.keeper.take(block, home.tool, home.use)
    assert len(home.frames) <= 25 + 29  # one a paint, and each count at once
    assert max(len(frame.t_s) for frame in home.frames) <= 2.1 * FS_HZ
    assert home.frames[-1].t_s[-1] > 58
    for squeeze in home.squeezes:
        top_s = squeeze.measured_at.timestamp() + squeeze.peak_s - squeeze.onset_s
        assert top_s == pytest.approx(STARTED_S + squeeze.peak_s, abs=0.01)


async def test_of_a_child_whom_nobody_watches_only_news_is_told(home) -> None:
    home.keeper._watched = lambda child: child != "c-1"
    await home.play(list(blocks(*force(3))))
    assert home.frames[-1].count == 3
    assert len(home.frames) <= 3
    await home.keeper.link_lost("ball01")
    assert home.frames[-1].state == "link_lost"


async def test_a_block_without_a_time_was_taken_just_before_it_came(home) -> None:
    first = next(blocks(*force(1)))
    await home.play([replace(first, utc_s=float("nan"))])
    await home.keeper.end("ball01", "tool_slept")
    (ended,) = home.ended()
    assert ended.ended_at.timestamp() == pytest.approx(home.clock.utc_s(), abs=1e-3)


def test_a_state_from_before_times_were_kept_is_read() -> None:
    tracker, _ = SessionTracker.begin(next(blocks(*force(1))), boot_id=77, **WHO)
    old = json.loads(tracker.state.to_json())
    for name in ("end_utc_s", "clock_step_s", "stored", "firmware", "calibration_id"):
        del old[name]
    old["end_s"] += 3
    state = SessionState.from_json(json.dumps(old))
    assert state.end_utc_s == pytest.approx(STARTED_S + 3)
    assert state.clock_step_s == 0
