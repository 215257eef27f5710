"""The assembler: every sample once, every loss counted, whatever the radio does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.packets import RAW_CLIPPED, RAW_MISSING, U32, ForcePacket
from griphub.firmware_bridge.profile import WireUnit
from griphub.firmware_bridge.samples import Unit
from griphub.firmware_bridge.stream import MAX_GAP, StreamAssembler

BOOT = 0xB007


def assembler(next_index: int = 0, tick: int = 0) -> StreamAssembler:
    made = StreamAssembler("ball1")
    made.started(BOOT, next_index % U32, tick % U32)
    return made


def packet(index: int, n: int = 5, *, tick: int | None = None, end: bool = False) -> bytes:
    """`n` samples at 100 Hz, each equal to its index modulo 1000."""
    raw = tuple((index + i) % 1000 for i in range(n))
    return bytes(ForcePacket(index % U32, (index * 1000 if tick is None else tick) % U32, raw, end=end))


def test_blocks_carry_index_time_value_and_rate() -> None:
    block = assembler().feed(packet(0, 3))
    assert block
    assert (block.tool_id, block.first_index, block.end_index, block.lost) == ("ball1", 0, 3, 0)
    assert block.t_s.tolist() == [0.0, 0.01, 0.02]
    assert block.values.tolist() == [0.0, 0.01, 0.02]
    assert (block.unit, block.fs_hz) == (Unit.NEWTON, 100.0)


def test_uneven_samples_have_their_own_times() -> None:
    data = ForcePacket(0, 500, (1, 2, 3), steps=(0, 1000, 2500), period_ticks=0)
    block = assembler().feed(bytes(data))
    assert block
    assert block.t_s.tolist() == [0.005, 0.015, 0.04]
    assert block.fs_hz == 0


@pytest.mark.parametrize(
    ("wire", "unit", "value"),
    [
        (WireUnit.NEWTON, Unit.NEWTON, 12.5),
        (WireUnit.KILOGRAM_FORCE, Unit.NEWTON, 12.5 * 9.80665),
        (WireUnit.POUND_FORCE, Unit.NEWTON, 12.5 * 4.4482216152605),
        (WireUnit.KILOPASCAL, Unit.KILOPASCAL, 12.5),
        (WireUnit.COUNT, Unit.COUNT, 12.5),
        (WireUnit.UNKNOWN, Unit.UNKNOWN, 12.5),
    ],
)
def test_force_becomes_newtons_and_the_rest_stays(wire: WireUnit, unit: Unit, value: float) -> None:
    block = assembler().feed(bytes(ForcePacket(0, 0, (125,), wire, exponent=-1)))
    assert block
    assert block.unit == unit
    assert block.values[0] == pytest.approx(value, rel=1e-12)


def test_missing_is_nan_and_clipped_is_marked() -> None:
    block = assembler().feed(bytes(ForcePacket(0, 0, (RAW_MISSING, RAW_CLIPPED, 7), exponent=2)))
    assert block
    assert np.isnan(block.values).tolist() == [True, False, False]
    assert block.clipped.tolist() == [False, True, False]
    assert block.values[1:].tolist() == [3276700.0, 700.0]


@settings(deadline=None)
@given(
    first=st.sampled_from([0, 17, U32 - 12, U32 - 1]),
    plan=st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.integers(0, 2)), min_size=1, max_size=30),
    data=st.data(),
)
def test_loss_is_exact_under_loss_repetition_and_reordering(
    first: int, plan: list[tuple[int, bool, int]], data: st.DataObject
) -> None:
    """Plan: samples per packet, whether the radio loses it, and how often it repeats it."""
    made, index, sent = assembler(first, first * 1000), first, []
    for n, kept, repeats in plan:
        sent += [packet(index, n)] * (kept + kept * repeats)
        index += n
    swap = data.draw(st.integers(0, max(0, len(sent) - 1)))
    sent[swap : swap + 2] = reversed(sent[swap : swap + 2])
    sent.append(packet(index, 0, end=True))

    blocks = [block for one in sent if (block := made.feed(one)) is not None]
    seen = [i for block in blocks for i in range(block.first_index, block.end_index)]
    assert seen == sorted(set(seen))
    assert made.received == len(seen)
    assert made.lost == sum(block.lost for block in blocks)
    assert made.received + made.lost == index - first
    assert made.rejected == 0
    assert made.ended
    times = np.concatenate([block.t_s for block in blocks]) if blocks else np.zeros(0)
    assert np.allclose(times, (np.array(seen) - first) / 100 + first % U32 * 1000 % U32 / 1e5)
    values = np.concatenate([block.values for block in blocks]) if blocks else np.zeros(0)
    assert np.allclose(values, np.array(seen) % 1000 / 100)


def test_index_and_tick_wrap_around() -> None:
    made = assembler(U32 - 2, U32 - 2000)
    a, b = (made.feed(packet(U32 - 2 + i, 2, tick=U32 - 2000 + 1000 * i)) for i in (0, 2))
    assert a and b
    assert (a.first_index, b.first_index, b.lost) == (U32 - 2, U32, 0)
    assert b.t_s[0] > a.t_s[-1]


def test_a_gap_through_a_link_loss_is_exact() -> None:
    made = assembler()
    made.feed(packet(0))
    made.started(BOOT, 337, 337_000)
    block = made.feed(packet(337))
    assert block
    assert (block.lost, made.lost, made.received) == (332, 332, 10)


def test_an_end_after_a_link_loss_tells_what_was_missed() -> None:
    made = assembler()
    made.feed(packet(0))
    made.started(BOOT, 400, 400_000)
    block = made.feed(packet(400, 0, end=True))
    assert block is not None
    assert (len(block), block.lost, made.ended) == (0, 395, True)


def test_another_boot_is_another_stream() -> None:
    made = assembler()
    made.feed(packet(0))
    made.started(BOOT + 1, 3, 3000)
    block = made.feed(packet(3))
    assert block
    assert (block.first_index, block.lost, made.boot_id) == (3, 0, BOOT + 1)


def test_sleep_of_half_a_day_does_not_turn_time_back() -> None:
    made = assembler()
    before = made.feed(packet(0))
    slept = 7 * 3600 * 100_000  # more than half a wrap of the ticks
    made.started(BOOT, 5, slept)
    after = made.feed(packet(5, tick=slept))
    assert before and after
    assert after.t_s[0] == pytest.approx(7 * 3600)
    assert after.lost == 0


@pytest.mark.parametrize(
    ("data", "counted"),
    [
        (b"", "rejected"),
        (b"\xff" * 20, "rejected"),
        (packet(5 + MAX_GAP + 1), "rejected"),
        (packet(U32 // 2 + 3), "rejected"),
        (packet(4), "rejected"),  # overlaps
        (packet(5, tick=-1), "rejected"),
        (packet(5 + 256, tick=5_000), "rejected"),  # one bit wrong: no time for a gap has passed
        (packet(0), "duplicates"),
        (packet(2, 3), "duplicates"),
        (packet(2, 0, end=True), "duplicates"),
    ],
)
def test_nonsense_is_counted_and_changes_nothing(data: bytes, counted: str) -> None:
    made = assembler()
    made.feed(packet(0))
    assert made.feed(data) is None
    assert getattr(made, counted) == 1
    assert made.rejected + made.duplicates == 1
    block = made.feed(packet(5))
    assert block
    assert (block.first_index, block.lost, made.received) == (5, 0, 10)


def test_an_answer_from_nowhere_begins_anew_instead_of_rejecting_for_ever() -> None:
    made = assembler()
    made.feed(packet(0))
    made.started(BOOT, 3_000_000_000, 7)
    block = made.feed(packet(3_000_000_000, tick=7))
    assert block
    assert (block.lost, made.rejected) == (0, 0)


def test_nothing_is_taken_after_the_end_until_the_next_start() -> None:
    made = assembler()
    made.feed(packet(0, end=True))
    assert made.ended
    assert made.feed(packet(5)) is None
    made.started(BOOT, 5, 90_000)
    assert not made.ended
    assert made.feed(packet(5, tick=90_000))


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60) | st.integers(0, U32 - 1).map(packet), max_size=50))
def test_any_bytes_are_taken_calmly(stream: list[bytes]) -> None:
    made = assembler()
    for data in stream:
        made.feed(data)
    assert made.received + made.lost >= 0


def test_it_resumes_behind_what_came_another_way() -> None:
    made = StreamAssembler("ball1")
    made.resume(BOOT, 500)
    made.started(BOOT, 500, 500_000)
    block = made.feed(packet(500))
    assert block
    assert (block.first_index, block.lost, made.next_index) == (500, 0, 505)
    made.resume(BOOT, 300)  # it has come further
    assert made.next_index == 505
    made.resume(BOOT + 1, 20)
    assert (made.boot_id, made.next_index) == (BOOT + 1, 20)


def test_samples_that_the_tool_kept_have_the_time_at_which_they_were_taken() -> None:
    clock = HostClock(epoch_s=1_767_225_600.0)
    made = StreamAssembler("ball1", clock)
    # switched on 100 s ago, and the first sample that it kept was taken 90 s ago
    now_s = clock.utc_s()
    made.started(BOOT, 1000, 1_000_000, 10_000_000)
    block = made.feed(packet(1000, tick=1_000_000))
    assert block
    assert block.utc_s == pytest.approx(now_s - 90, abs=0.05)


def test_a_life_longer_than_the_wrap_of_its_ticks_keeps_its_time() -> None:
    weeks = 3 * 7 * 24 * 3600 * 100_000
    made = StreamAssembler("ball1")
    made.started(BOOT, 0, weeks)
    block = made.feed(packet(0, tick=weeks + 7))
    assert block
    assert block.t_s[0] == pytest.approx((weeks + 7) / 100_000)


def test_an_empty_packet_says_no_more_than_that_the_tool_is_there() -> None:
    made = assembler()
    made.feed(packet(0))
    assert made.feed(bytes(ForcePacket(5, 9000, (), period_ticks=0))) is None
    assert (made.rejected, made.duplicates, made.lost, made.ended) == (0, 0, 0, False)
    missed = made.feed(bytes(ForcePacket(9, 12_000, (), period_ticks=0)))  # but it knows what was sent
    assert missed is not None
    assert (len(missed), missed.lost) == (0, 4)
