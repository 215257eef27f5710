"""Index and time of samples that come with a clock, with a number, or with neither."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.drivers.contract import Reading
from griphub.firmware_bridge.drivers.timeline import Timeline
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.samples import SampleBlock, Unit

UTC_S = 1_767_225_600.0


class StoppedClock(HostClock):
    """Host time that a test sets."""

    def __init__(self) -> None:
        super().__init__(epoch_s=UTC_S)
        self.now_s = 0.0

    def monotonic_s(self) -> float:
        return getattr(self, "now_s", 0.0)


def timeline(rate_hz: float | None = None) -> Timeline:
    return Timeline("made-up", rate_hz, StoppedClock())


def reading(n: int, first_s: float | None = None, step_s: float = 0.01, index: int | None = None) -> Reading:
    device_s = None if first_s is None else first_s + step_s * np.arange(n)
    return Reading(np.arange(float(n)), Unit.NEWTON, device_s=device_s, index=index)


def placed(line: Timeline, what: Reading, arrived_s: float) -> SampleBlock:
    block = line.block(what, arrived_s)
    assert block is not None
    return block


def joined(blocks: list[SampleBlock]) -> Any:
    return np.concatenate([block.t_s for block in blocks])


# -- a clock in the tool


def test_the_tools_own_time_is_kept_and_put_to_utc() -> None:
    line = timeline()
    delays = np.random.default_rng(3).uniform(0.002, 0.05, 200)
    delays[100] = 0.001
    blocks = [placed(line, reading(5, 70 + 0.05 * k), 10 + 0.05 * k + 0.04 + d) for k, d in enumerate(delays)]
    assert joined(blocks) == pytest.approx(70 + 0.01 * np.arange(1000))
    assert [block.first_index for block in blocks] == list(range(0, 1000, 5))
    # a packet's last sample arrived 1 or 2 ms after it was taken at best: that is how well it is known
    assert blocks[-1].utc_s == pytest.approx(UTC_S + 10 + 0.05 * 199, abs=0.003)
    assert blocks[-1].fs_hz == pytest.approx(100)


@pytest.mark.parametrize(("missing", "rate_hz"), [(1, None), (16, None), (300, None), (3, 100.0)])
def test_a_gap_in_the_tools_time_is_that_many_samples(missing: int, rate_hz: float | None) -> None:
    line = timeline(rate_hz)
    before = placed(line, reading(16, 0.0), 1.0)
    after = placed(line, reading(16, 0.01 * (16 + missing)), 2.0)
    assert (before.lost, after.lost, line.lost) == (0, missing, missing)
    assert after.first_index == 16 + missing


def test_a_jittery_oscillator_is_no_loss() -> None:
    line = timeline()
    times = np.cumsum(np.random.default_rng(5).normal(0.0125, 0.001, 2000))
    for k in range(0, 2000, 16):
        placed(line, Reading(np.zeros(16), Unit.NEWTON, device_s=times[k : k + 16]), times[k + 15])
    assert (line.received, line.lost) == (2000, 0)


def test_a_clock_that_begins_anew_with_the_stream_goes_on() -> None:
    line = timeline()
    before = placed(line, reading(10, 5.0), 100.0)
    line.restarted()
    after = placed(line, reading(10, 0.0), 107.0)
    assert after.t_s[-1] - before.t_s[-1] == pytest.approx(7.0)  # as they arrived
    assert (after.first_index, after.lost) == (10, 0)
    assert after.utc_s == pytest.approx(UTC_S + 107.0 - 0.09)


def test_a_clock_that_runs_backwards_is_nonsense_and_forgotten() -> None:
    line = timeline()
    placed(line, reading(10, 5.0), 1.0)
    for first_s, step_s in ((4.0, 0.01), (5.09, 0.01), (6.0, -0.01), (6.0, 0.0), (1e9, 0.01)):
        with pytest.raises(PacketError):
            line.block(reading(10, first_s, step_s), 1.1)
    assert placed(line, reading(10, 5.1), 1.2).lost == 0


# -- a number in the tool


def test_an_index_tells_the_loss_and_a_repetition() -> None:
    line = timeline()
    assert placed(line, reading(1, index=65_500), 0.0).first_index == 0
    block = placed(line, reading(1, index=65_510), 0.3)
    assert (block.first_index, block.lost, line.lost) == (10, 9, 9)
    assert line.block(reading(1, index=65_510), 0.33) is None
    assert (line.duplicates, line.received) == (1, 2)
    with pytest.raises(PacketError):
        line.block(reading(1, index=1 << 40), 0.4)
    line.restarted()
    assert placed(line, reading(1, index=0), 0.5).first_index == 11


# -- neither


def test_batches_are_spread_over_the_time_between_them() -> None:
    line = timeline()
    blocks = [placed(line, reading(4), 1 + 0.05 * k) for k in range(100)]
    assert joined(blocks)[40:] == pytest.approx(1.5 + 0.0125 * np.arange(-3, 357))
    assert blocks[-1].fs_hz == pytest.approx(80)
    assert blocks[-1].utc_s == pytest.approx(UTC_S + 1 + 0.05 * 99 - 3 * 0.0125)
    assert line.lost == 0


@given(
    delays=st.lists(st.floats(0, 0.4), min_size=60, max_size=120),
    n=st.integers(1, 8),
    rate_hz=st.sampled_from([None, 5.0, 20.0, 80.0]),
)
def test_however_packets_are_delayed_time_only_goes_forwards_and_is_as_wrong_as_they_were_late(
    delays: list[float], n: int, rate_hz: float | None
) -> None:
    line, step_s = timeline(rate_hz), 0.05
    taken_s = step_s * np.arange(n * len(delays))
    arrived_s = np.maximum.accumulate(taken_s[n - 1 :: n] + delays)
    blocks = [placed(line, reading(n), float(at_s)) for at_s in arrived_s]
    t_s = joined(blocks)
    assert (np.diff(t_s) > 0).all()
    assert [block.first_index for block in blocks] == list(range(0, n * len(delays), n))
    assert (t_s[n - 1 :: n] - arrived_s).max() < 0.4  # not in the future, but for packets that came at once
    error_s = (t_s - taken_s)[taken_s > 2]
    assert error_s.min() > -0.4 and error_s.max() < 0.6


@pytest.mark.parametrize(("n", "step_s"), [(1, 0.0125), (1, 0.05), (4, 0.0125), (1, 0.2)])
@pytest.mark.parametrize("radio", ["jitter", "interval", "stalls"])
def test_a_radios_habits_cost_milliseconds(n: int, step_s: float, radio: str) -> None:
    taken_s = step_s * np.arange(800 * n)
    sent_s = taken_s[n - 1 :: n]
    if radio == "jitter":
        arrived_s = sent_s + np.random.default_rng(1).uniform(0.002, 0.042, 800)
    elif radio == "interval":  # only every 50 ms is there a connection event
        arrived_s = np.ceil(sent_s / 0.05) * 0.05 + 0.002
    else:  # 0.6 s of every 5 s it is busy elsewhere
        arrived_s = np.where(sent_s % 5 > 4.4, np.ceil(sent_s / 5) * 5, sent_s) + 0.002
    line = timeline()
    t_s = joined([placed(line, reading(n), float(at_s)) for at_s in np.maximum.accumulate(arrived_s)])
    error_s = (t_s - taken_s)[taken_s > 4]
    assert np.median(error_s) < 0.02  # in step with the connection, all packets are as late
    assert np.std(error_s) < 0.012
    assert np.abs(error_s).max() < 0.07


def test_samples_that_nobody_knows_are_lost_do_not_leave_time_behind() -> None:
    line = timeline()
    at_s = np.arange(2000) * 0.05
    came_s = at_s[(at_s < 30) | (at_s > 31.5)]
    t_s = joined([placed(line, reading(1), float(at)) for at in came_s])
    assert t_s[came_s > 36] == pytest.approx(came_s[came_s > 36], abs=0.06)


def test_a_nominal_rate_that_is_wrong_does_not_run_away() -> None:
    line = timeline(5.0)
    for k in range(400):
        block = placed(line, reading(1), 0.05 * k)  # in truth 20 a second
    assert block.t_s[-1] == pytest.approx(0.05 * 399, abs=0.2)


def test_silence_is_no_part_of_the_rate() -> None:
    line = timeline()
    for k in range(20):
        placed(line, reading(2), 0.1 * k)
    after = placed(line, reading(2), 60.0)
    assert after.t_s.tolist() == pytest.approx([59.95, 60.0])
    assert after.fs_hz == pytest.approx(20)


def test_news_without_a_sample_takes_no_place() -> None:
    line = timeline()
    assert line.block(Reading(np.empty(0), Unit.NEWTON, battery_percent=50), 1.0) is None
    assert placed(line, reading(1), 2.0).first_index == 0


@pytest.mark.parametrize("away_s", [3.0, 600.0])
def test_a_clock_that_went_on_while_it_was_away_is_believed(away_s: float) -> None:
    line = timeline()
    before = placed(line, reading(10, 5.0), 100.0)
    line.restarted()
    after = placed(line, reading(10, 5.0 + away_s), 100.0 + away_s + 0.03)
    assert after.t_s[0] - before.t_s[0] == pytest.approx(away_s)
    line.restarted()  # and now it began to count anew, some time ago
    again = placed(line, reading(10, 5.0 + away_s + 40), 100.0 + 2 * away_s)
    assert again.t_s[0] - after.t_s[0] == pytest.approx(away_s, abs=0.1)
    assert again.first_index == 20 and line.lost == 0
