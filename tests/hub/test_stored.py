"""Sessions that a tool kept alone: each sample once, whatever is interrupted, and with its time."""

import asyncio
import pickle
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.firmware_bridge.samples import SampleBlock, Unit
from griphub.firmware_bridge.stored import StoredSession
from griphub.hub.config import ToolConfig
from griphub.hub.records.event import Event
from griphub.hub.records.session import SessionEnded, SessionStarted, SqueezeCounted, WaveformSecond
from griphub.hub.records.vocabulary import Hand
from griphub.hub.session.handover import new_runs

FS_HZ = 100
DRIFT = 40e-6
SQUEEZES = 5
SAMPLES = 1200


def blocks(first_index: int = 0, *, from_s: float = 100.0, n: int = SAMPLES) -> tuple[SampleBlock, ...]:
    """What a tool kept of squeezes of 20 N, 2 s apart; `from_s` on its own, fast clock."""
    at_s = np.arange(n) / FS_HZ
    values = sum(20 * np.exp(-(((at_s - 2 - 2 * k) / 0.3) ** 2)) for k in range(SQUEEZES))
    values += np.random.default_rng(2).normal(0.5, 0.05, n)
    t_s = from_s + at_s
    return tuple(
        SampleBlock(
            "ball01", first_index + i, t_s[i : i + 50].copy(), values[i : i + 50].copy(), Unit.NEWTON, FS_HZ,
            0, np.zeros(t_s[i : i + 50].size, bool),
        )
        for i in range(0, n, 50)
    )  # fmt: skip


def stored(kept: tuple[SampleBlock, ...], *, boot_id: int = 77, **about: object) -> StoredSession:
    given = {"epoch_s": None, "running": False, "cut": False, "lost": 0, "session_id": 1} | about
    return StoredSession(
        tool_id="ball01", boot_id=boot_id, end_index=kept[-1].end_index, blocks=kept, **given
    )


def session_events(events: list[Event]) -> tuple[SessionStarted, SessionEnded, list[SqueezeCounted]]:
    (started,) = [e for e in events if isinstance(e, SessionStarted)]
    (ended,) = [e for e in events if isinstance(e, SessionEnded)]
    return started, ended, [e for e in events if isinstance(e, SqueezeCounted)]


def indices(events: list[Event]) -> list[int]:
    """Index of each sample that was told, in order."""
    pieces = [e for e in events if isinstance(e, WaveformSecond)]
    return sorted(i for p in pieces for i in range(p.first_index, p.first_index + p.samples))


async def test_a_stored_session_is_of_who_used_the_tool_then(home) -> None:
    asked: list[float] = []

    def use_at(at_s: float) -> ToolConfig:
        asked.append(at_s)
        return home.use.model_copy(update={"hand": Hand.LEFT})

    now_s = home.clock.utc_s()
    await home.keeper.take_stored(stored(blocks(), epoch_s=now_s - 1000), home.tool, use_at)
    started, ended, _ = session_events(home.events())
    assert started.hand == ended.hand == Hand.LEFT != home.use.hand
    assert asked == [pytest.approx(now_s - 900, abs=0.001)]


async def test_a_stored_session_is_counted_like_a_live_one(home) -> None:
    now_s = home.clock.utc_s()
    await home.keeper.take_stored(stored(blocks(), epoch_s=now_s - 1000), home.tool, home.use_at)
    started, ended, squeezes = session_events(home.events())
    assert ended.squeezes == len(squeezes) == len(home.squeezes) == SQUEEZES
    assert started.stored and ended.stored and ended.time_known
    assert ended.received == SAMPLES and ended.lost == 0
    assert ended.firmware == "1"
    assert indices(home.events()) == list(range(SAMPLES))
    assert started.measured_at.timestamp() == pytest.approx(now_s - 900, abs=0.001)
    for k, squeeze in enumerate(squeezes):
        top_s = squeeze.measured_at.timestamp() + squeeze.peak_s - squeeze.onset_s
        assert top_s == pytest.approx(now_s - 900 + 2 + 2 * k, abs=0.1)
    assert not home.frames  # nobody watches yesterday


@pytest.mark.parametrize("running", [False, True])
async def test_a_clock_that_was_set_since_the_hub_started_does_not_shift_what_is_handed_over(
    home, running: bool
) -> None:
    """As on every Raspberry Pi without a clock: the network sets it after the hub has started."""
    home.clock.set_s += 400 * 86_400.0
    home.clock.now_s += 2
    now_s = home.clock.utc_s()
    session = stored(blocks(), epoch_s=now_s - 1000, running=running)
    await home.keeper.take_stored(session, home.tool, home.use_at)
    await home.keeper.end("ball01", "tool_slept")
    _, ended, squeezes = session_events(home.events())
    assert ended.clock_step_s == 0
    for event in home.events():
        if isinstance(event, WaveformSecond):
            assert event.measured_at.timestamp() == pytest.approx(now_s - 900 + event.start_s, abs=0.01)
    assert squeezes[0].measured_at.timestamp() == pytest.approx(now_s - 900 + squeezes[0].onset_s, abs=0.01)


async def test_handed_over_again_it_changes_nothing(home) -> None:
    session = stored(blocks(), epoch_s=home.clock.utc_s() - 1000)
    await home.keeper.take_stored(session, home.tool, home.use_at)
    before = home.outbox.tally()
    await home.keeper.take_stored(session, home.tool, home.use_at)
    again = await home.again()  # killed before the tool was told
    await again.keeper.take_stored(session, again.tool, again.use_at)
    assert again.outbox.tally() == before


async def test_what_was_live_already_is_left_out(home) -> None:
    """The hub was there for the first half, and was killed; the tool kept all of it."""
    kept = blocks()
    live = [replace(block, utc_s=home.clock.utc_s() + block.t_s[0] - 100) for block in kept[:12]]
    await home.play(live)
    await home.keeper.end("ball01", "link_lost")
    await home.keeper.take_stored(stored(kept), home.tool, home.use_at)
    assert indices(home.events()) == list(range(SAMPLES))
    assert [e.received for e in home.ended()] == [600, 600]
    assert [e.stored for e in home.ended()] == [False, True]


async def test_what_was_live_in_the_middle_leaves_two_sessions(home) -> None:
    kept = blocks()
    live = [replace(block, utc_s=home.clock.utc_s() + block.t_s[0] - 100) for block in kept[8:16]]
    await home.play(live)
    await home.keeper.end("ball01", "link_lost")
    await home.keeper.take_stored(stored(kept), home.tool, home.use_at)
    assert indices(home.events()) == list(range(SAMPLES))
    assert all(e.lost == 0 for e in home.ended())
    ids = [e.event_id for e in home.events()]
    assert len(ids) == len(set(ids))


async def test_an_open_session_goes_on_with_what_was_kept(home) -> None:
    """The hub was killed in the middle of a play, and is back before it is over."""
    kept = blocks()
    live = [replace(block, utc_s=home.clock.utc_s() + block.t_s[0] - 100) for block in kept[:8]]
    await home.play(live)
    again = await home.again()
    had = again.keeper.taken("ball01", 77)[0][1]
    await again.keeper.take_stored(stored(kept[:16], running=True), again.tool, again.use_at)
    await again.play([replace(b, utc_s=again.clock.utc_s() + b.t_s[0] - 100) for b in kept[16:]])
    await again.keeper.end("ball01", "tool_slept")
    assert 0 < had <= 400
    (ended,) = again.ended()
    assert ended.received == SAMPLES and ended.lost == 0
    assert indices(again.events()) == list(range(SAMPLES))
    squeezes = [e.number for e in again.events() if isinstance(e, SqueezeCounted)]
    assert squeezes == list(range(1, len(squeezes) + 1))
    assert len(squeezes) >= SQUEEZES - 1  # one may be torn by the kill


async def test_a_running_session_waits_for_its_live_part(home) -> None:
    kept = blocks()
    await home.keeper.take_stored(stored(kept[:12], running=True), home.tool, home.use_at)
    assert home.ended() == []
    await home.play([replace(b, utc_s=home.clock.utc_s()) for b in kept[12:]])
    await home.keeper.end("ball01", "tool_slept")
    _, ended, squeezes = session_events(home.events())
    assert ended.received == SAMPLES and len(squeezes) == SQUEEZES
    assert not ended.stored
    assert indices(home.events()) == list(range(SAMPLES))


async def test_another_life_leaves_the_open_session_alone(home) -> None:
    live = [replace(block, utc_s=home.clock.utc_s()) for block in blocks()]
    await home.play(live[:8])
    await home.keeper.take_stored(stored(blocks(), boot_id=76), home.tool, home.use_at)
    await home.play(live[8:])
    await home.keeper.end("ball01", "tool_slept")
    assert [(e.stored, e.received) for e in home.ended()] == [(True, SAMPLES), (False, SAMPLES)]


async def test_between_two_contacts_times_are_right_to_50_ms(home) -> None:
    """A tool 40 ppm fast, alone for ten hours: its clock is 1.4 s ahead by then."""
    fast = 1 + DRIFT
    on_s = home.clock.utc_s()
    live = blocks(n=200, from_s=60 * fast)
    await home.play([replace(b, utc_s=on_s + float(b.t_s[0]) / fast) for b in live])
    await home.keeper.end("ball01", "tool_slept")
    home.clock.now_s += 36_000
    now_s = home.clock.utc_s()
    epoch_s = now_s - (now_s - on_s) * fast  # as the tool is told on connecting
    kept = blocks(5000, from_s=5 * 3600 * fast)
    await home.keeper.take_stored(stored(kept, epoch_s=epoch_s), home.tool, home.use_at)
    (ended,) = [e for e in home.ended() if e.stored]
    assert ended.measured_at.timestamp() == pytest.approx(on_s + 5 * 3600, abs=0.05)
    assert ended.time_known and ended.time_within_s == pytest.approx(0.05)


async def test_where_nothing_is_known_the_time_is_the_latest_that_can_be(home) -> None:
    now_s = home.clock.utc_s()
    this_life = stored(blocks(from_s=50.0), epoch_s=now_s - 1000)
    await home.keeper.take_stored(this_life, home.tool, home.use_at)
    await home.keeper.take_stored(stored(blocks(), boot_id=76, cut=True), home.tool, home.use_at)
    (ended,) = [e for e in home.ended() if not e.time_known]
    assert ended.ended_by == "power_lost"
    assert ended.time_within_s is None
    assert ended.ended_at.timestamp() == pytest.approx(now_s - 1000, abs=0.01)  # then it was switched on anew
    assert (ended.ended_at - ended.measured_at).total_seconds() == pytest.approx(SAMPLES / FS_HZ, abs=0.02)


_CHILD = """
import asyncio, pickle, sys
from pathlib import Path
from griphub.firmware_bridge.clock import HostClock
from griphub.hub.delivery.committer import Committer
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.session.keeper import SessionKeeper

async def main():
    config, tool, session = pickle.loads(Path(sys.argv[1]).read_bytes())
    committer = Committer(Outbox(config.data_dir / "outbox.db"), lambda: None)
    keeper = SessionKeeper(config, HostClock(), committer, counted=lambda _: None, live=lambda _: None)
    task = asyncio.create_task(committer.run())
    print("begun", flush=True)
    await keeper.take_stored(session, tool, lambda _: config.tools[0])
    print("committed", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("word", ["begun", "committed"])
async def test_killed_before_the_tool_was_told_it_counts_once(home, tmp_path: Path, word: str) -> None:
    session = stored(blocks(), epoch_s=home.clock.utc_s() - 1000)
    given = tmp_path / "given.pickle"
    given.write_bytes(pickle.dumps((home.config, home.tool, session)))
    pipe = asyncio.subprocess.PIPE
    hub = await asyncio.create_subprocess_exec(sys.executable, "-c", _CHILD, str(given), stdout=pipe)
    assert hub.stdout
    async for line in hub.stdout:
        if line.decode().strip() == word:
            break
    hub.kill()
    await hub.wait()
    found = len(home.events())
    await home.keeper.take_stored(session, home.tool, home.use_at)
    whole = home.events()
    assert found in ({0, len(whole)} if word == "begun" else {len(whole)})
    assert indices(whole) == list(range(SAMPLES))
    _, ended, squeezes = session_events(whole)
    assert ended.squeezes == len(squeezes) == SQUEEZES


async def test_cancelled_while_it_counts_it_can_be_taken_again(home) -> None:
    kept = blocks()
    await home.play([replace(b, utc_s=home.clock.utc_s()) for b in kept[:8]])
    taking = asyncio.create_task(home.keeper.take_stored(stored(kept), home.tool, home.use_at))
    await asyncio.sleep(0.01)
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    await home.keeper.take_stored(stored(kept), home.tool, home.use_at)
    await home.keeper.end("ball01", "tool_slept")
    ids = [e.event_id for e in home.events()]
    assert len(ids) == len(set(ids))
    assert indices(home.events()) == list(range(SAMPLES))


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 80)), max_size=5),
)
def test_what_is_new_and_what_is_here_make_the_whole(sizes: list[int], spans: list[tuple[int, int]]) -> None:
    kept, first = [], 10
    for n in sizes:
        at_s = np.arange(first, first + n) / FS_HZ
        kept.append(SampleBlock("b", first, at_s, at_s.copy(), Unit.NEWTON, FS_HZ, 0, np.zeros(n, bool)))
        first += n
    taken = sorted((since, since + n) for since, n in spans)
    here = {i for since, until in taken for i in range(since, until)}
    runs = list(new_runs(kept, taken))
    new = [i for run in runs for block in run for i in range(block.first_index, block.end_index)]
    assert new == [i for i in range(10, first) if i not in here]
    assert all(len(block) for run in runs for block in run)
    for run in runs:
        inside = range(run[0].first_index, run[-1].end_index)
        assert not here & set(inside)
        assert np.concatenate([b.t_s for b in run]).tolist() == [i / FS_HZ for i in inside]


async def test_the_tools_contacts_are_remembered_and_bounded(home) -> None:
    for n in range(70):
        kept = blocks(200 * n, from_s=600.0 * n, n=200)
        await home.play([replace(block, utc_s=home.clock.utc_s()) for block in kept])
        await home.keeper.link_lost("ball01")
    anchors = home.outbox.anchors("ball01")
    assert len(anchors) == 60
    assert anchors[-1].tool_s == pytest.approx(600 * 69 + 1, abs=1)
    assert (await home.again()).outbox.anchors("ball01") == anchors


async def test_many_sessions_at_once_are_one_contact(home) -> None:
    """A tool may hand over hundreds; what the hub knew of its life before must not drown in them."""
    now_s = home.clock.utc_s()
    await home.play([replace(b, utc_s=now_s) for b in blocks(from_s=50.0, n=200)])
    await home.keeper.end("ball01", "tool_slept")
    for n in range(1, 70):
        kept = blocks(1000 * n, from_s=5000.0 + 10 * n, n=100)
        await home.keeper.take_stored(stored(kept, epoch_s=now_s - 9000), home.tool, home.use_at)
    assert len(home.ended()) == 70
    assert len(home.outbox.anchors("ball01")) <= 3


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_comes_between_each_sample_is_told_once(home, seed: int) -> None:
    """Contacts at any time, that break off anywhere, a hub that is killed, a tool that repeats itself."""
    rng = np.random.default_rng(seed)
    hub, start_s = home, home.clock.now_s
    kept = [block for n in range(3) for block in blocks(SAMPLES * n, from_s=100.0 + 60 * n)]
    plays = [kept[24 * n : 24 * (n + 1)] for n in range(3)]
    epoch_s = hub.clock.utc_s() - 90

    async def hand_over(upto: int) -> None:
        """Of each play what the tool has by now."""
        for n, play in enumerate(plays):
            some = tuple(play[: max(0, upto - 24 * n)])
            if some:
                running = 24 * n < upto < 24 * (n + 1)
                session = stored(some, epoch_s=epoch_s, running=running, session_id=n)
                await hub.keeper.take_stored(session, hub.tool, hub.use_at)

    at = 0
    while at < len(kept):
        at += int(rng.integers(0, 8))  # alone for a while
        hub.clock.now_s = max(hub.clock.now_s, start_s + float(kept[min(at, 71)].t_s[-1]) - 89)
        if rng.random() < 0.3:  # the link breaks in the middle
            taking = asyncio.create_task(hand_over(at))
            await asyncio.sleep(float(rng.uniform(0, 0.01)))
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            await hub.keeper.link_lost("ball01")
        await hand_over(at)
        for block in kept[at : at + int(rng.integers(0, 12))]:
            live = replace(block, utc_s=epoch_s + float(block.t_s[0]))
            await hub.keeper.take(live, hub.tool, hub.use)
            at += 1
            if at % 24 == 0:
                await hub.keeper.end("ball01", "tool_slept")
        await hub.keeper.link_lost("ball01")
        if rng.random() < 0.3:
            hub = await hub.again()
    await hand_over(len(kept))
    await hub.keeper.end("ball01", "link_lost")

    told = hub.events()
    assert indices(told) == list(range(3 * SAMPLES))
    ids = [event.event_id for event in told]
    assert len(ids) == len(set(ids))
    assert sum(e.received for e in hub.ended()) == 3 * SAMPLES
    for event in told:
        if isinstance(event, WaveformSecond):
            true_s = epoch_s + float(kept[event.first_index // 50].t_s[event.first_index % 50])
            assert event.measured_at.timestamp() == pytest.approx(true_s, abs=0.05)
