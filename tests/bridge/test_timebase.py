"""A tool's time becomes UTC: against drift, a radio that delays, and clocks that jump."""

import pickle
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from griphub.firmware_bridge import clock as clock_module
from griphub.firmware_bridge.clock import LOOK_S, HostClock
from griphub.firmware_bridge.timebase import BUCKET_S, GIVE_UP_S, WINDOW_S, TimeBase

EPOCH_S = 1.8e9
LEAST_S = 0.002
INTERVAL_S = 0.04875

Delays = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Host(HostClock):
    """A host whose clocks show what they are told."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.set_s = EPOCH_S  # UTC minus monotonic time
        super().__init__()
        self.utc_s()

    def monotonic_s(self) -> float:
        return self.now_s

    def _system_utc_s(self) -> float:
        return self.now_s + self.set_s


def connection(taken_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Packets wait for the next connection event, and one in eight for another."""
    phase_s = rng.uniform(0, INTERVAL_S)
    return (phase_s - taken_s) % INTERVAL_S + INTERVAL_S * (rng.geometric(7 / 8, taken_s.size) - 1)


def exponential(taken_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.exponential(0.04, taken_s.size)


def busy(taken_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """And for seconds while the radio does something else, ten times a minute."""
    delay_s = connection(taken_s, rng)
    span_s = taken_s[-1] - taken_s[0]
    for begin_s in rng.uniform(taken_s[0], taken_s[-1], int(span_s / 6)):
        until_s = begin_s + rng.uniform(0.5, 5)
        held = (taken_s >= begin_s) & (taken_s < until_s)
        delay_s[held] = np.maximum(delay_s[held], until_s - taken_s[held])
    return delay_s


def told_s(
    base: TimeBase,
    host: Host,
    *,
    drift: float,
    delays: Delays,
    seed: int = 0,
    begin_s: float = 0.0,
    duration_s: float = 3600.0,
    tool_offset_s: float = 300.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Stream; true time of each packet's last sample, and its UTC as told on arrival, both from EPOCH_S."""
    rng = np.random.default_rng(seed)
    taken_s = begin_s + rng.uniform(0, 0.1) + np.arange(0, duration_s, 0.1) / (1 + drift)
    arrived_s = np.maximum.accumulate(taken_s + LEAST_S + delays(taken_s, rng))
    told = np.empty(taken_s.size)
    for n, (true_s, here_s) in enumerate(zip(taken_s.tolist(), arrived_s.tolist(), strict=True)):
        tool_s = tool_offset_s + true_s * (1 + drift)
        host.now_s = here_s
        base.arrived(tool_s)
        told[n] = base.utc_s(tool_s) - EPOCH_S
    return taken_s, told


@pytest.mark.parametrize("delays", [connection, exponential, busy])
@pytest.mark.parametrize("drift_ppm", [-80, -40, 0, 40, 80])  # 40 ppm each of tool and host
def test_an_hour_stays_within_5_ms(drift_ppm: int, delays: Delays) -> None:
    host = Host()
    taken_s, told = told_s(TimeBase(host), host, drift=drift_ppm * 1e-6, delays=delays)
    error_s = (told - taken_s)[taken_s > 120]
    assert np.percentile(np.abs(error_s), 99) < 0.005
    assert np.abs(error_s).max() < 0.008  # right after the first minutes, on a radio that is always busy
    assert (np.diff(told) >= 0).all()


def test_two_hands_are_within_10_ms_of_each_other() -> None:
    errors_s = []
    for seed, drift in ((1, 40e-6), (2, -40e-6)):
        host = Host()
        taken_s, told = told_s(
            TimeBase(host), host, drift=drift, delays=connection, seed=seed, duration_s=600
        )
        errors_s.append((told - taken_s)[1200:])
    length = min(map(len, errors_s))
    assert np.abs(errors_s[0][:length] - errors_s[1][:length]).max() < 0.010


def test_a_radio_that_was_busy_at_the_start_is_forgiven() -> None:
    host = Host()

    def late_at_first(taken_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.maximum(4.0 - taken_s, 0.01)

    taken_s, told = told_s(TimeBase(host), host, drift=40e-6, delays=late_at_first, duration_s=120)
    assert told[0] - taken_s[0] == pytest.approx(4.0, abs=0.1)
    assert np.abs(told - taken_s)[taken_s > 5].max() < 0.015
    assert (np.diff(told) >= 0).all()


def test_after_an_hour_out_of_reach_the_tool_is_timed_at_once() -> None:
    host = Host()
    base = TimeBase(host)
    told_s(base, host, drift=40e-6, delays=connection, duration_s=600)
    taken_s, told = told_s(base, host, drift=40e-6, delays=connection, begin_s=3000, duration_s=60, seed=3)
    assert np.abs(told - taken_s).max() < 0.015


def test_what_was_kept_and_comes_late_carries_the_time_of_its_measurement() -> None:
    host = Host()
    base = TimeBase(host)
    told_s(base, host, drift=40e-6, delays=connection, duration_s=600)

    def catch_up(taken_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Kept from 600 s on, sent from 900 s on at twenty times the rate."""
        return np.maximum(900 + (taken_s - 600) / 20 - taken_s, 0.01)

    taken_s, told = told_s(base, host, drift=40e-6, delays=catch_up, begin_s=600, duration_s=400)
    assert np.abs(told - taken_s).max() < 0.010


def test_a_clock_that_stood_still_is_noticed_within_some_minutes() -> None:
    host = Host()
    base = TimeBase(host)
    told_s(base, host, drift=0, delays=exponential, duration_s=300)
    # the tool slept for 100 s without counting, against the protocol
    taken_s, told = told_s(
        base, host, drift=0, delays=exponential, begin_s=400, duration_s=300, tool_offset_s=200
    )
    error_s = told - taken_s
    assert error_s[0] == pytest.approx(-100, abs=0.1)
    assert np.abs(error_s[taken_s > 400 + GIVE_UP_S + 3 * BUCKET_S]).max() < 0.1


def test_a_clock_that_jumped_ahead_is_noticed_at_once() -> None:
    host = Host()
    base = TimeBase(host)
    told_s(base, host, drift=0, delays=exponential, duration_s=300)
    taken_s, told = told_s(
        base, host, drift=0, delays=exponential, begin_s=301, duration_s=60, tool_offset_s=4000
    )
    assert np.abs(told - taken_s).max() < 0.25


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e4, allow_nan=False),  # the tool's next step
            st.floats(0, 1e4, allow_nan=False),  # the host's
        ),
        min_size=1,
        max_size=200,
    )
)
def test_whatever_arrives_times_never_go_back(steps: list[tuple[float, float]]) -> None:
    host = Host()
    base = TimeBase(host)
    tool_s, before_s = 0.0, -np.inf
    for tool_step_s, host_step_s in steps:
        tool_s += tool_step_s
        host.now_s += host_step_s
        base.arrived(tool_s)
        utc_s = base.utc_s(tool_s)
        assert utc_s >= before_s
        before_s = utc_s


def test_its_memory_is_bounded() -> None:
    host = Host()
    base = TimeBase(host)
    sizes = []
    for hour in range(3):
        told_s(base, host, drift=40e-6, delays=exponential, begin_s=hour * WINDOW_S, seed=hour)
        sizes.append(len(pickle.dumps(base._points)))
    assert sizes[2] <= 1.01 * sizes[1]
    assert len(base._points) <= WINDOW_S / BUCKET_S + 1


def test_without_an_arrival_there_is_no_time() -> None:
    with pytest.raises(ValueError, match="nothing has arrived"):
        TimeBase(Host()).utc_s(1.0)


def test_a_set_clock_is_noticed_and_told(caplog: pytest.LogCaptureFixture) -> None:
    host = Host()
    base = TimeBase(host)
    base.arrived(10.0)
    before_s = base.utc_s(10.0)
    host.now_s += 5
    host.set_s += 86_400
    base.arrived(15.0)
    assert base.utc_s(15.0) == pytest.approx(before_s + 5 + 86_400)
    assert host.stepped_s == pytest.approx(86_400)
    assert "was set by +86400.0 s" in caplog.text


def test_a_slew_is_followed_and_is_no_step() -> None:
    host = Host()
    began_s = host.utc_s()
    for _ in range(3600):
        host.now_s += LOOK_S
        host.set_s += 500e-6
        host.utc_s()
    assert host.stepped_s == 0
    assert host.utc_s() - began_s == pytest.approx(3600 * (1 + 500e-6), abs=1e-3)


def test_a_host_that_was_held_up_between_two_clocks_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host()
    host.now_s += 2

    def held_up() -> float:
        utc_s = host.now_s + host.set_s
        host.now_s += 30
        return utc_s

    monkeypatch.setattr(host, "_system_utc_s", held_up)
    assert host.utc_s() == pytest.approx(EPOCH_S + 2, abs=0.01)
    assert host.stepped_s == 0


@pytest.mark.skipif(not hasattr(clock_module.time, "CLOCK_BOOTTIME"), reason="only Linux has this clock")
def test_durations_go_on_in_suspend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux stops CLOCK_MONOTONIC meanwhile, but the tool does not stop counting."""
    shown = {clock_module.time.CLOCK_BOOTTIME: 100.0}
    monkeypatch.setattr(clock_module.time, "clock_gettime", shown.__getitem__)
    host = HostClock()
    shown[clock_module.time.CLOCK_BOOTTIME] += 3600
    assert host.monotonic_s() == pytest.approx(3600)


def test_a_fast_clock_is_its_own_time() -> None:
    clock = HostClock(speed=10, epoch_s=EPOCH_S)
    assert clock.utc_s() == pytest.approx(EPOCH_S, abs=5)
    assert clock.stepped_s == 0
