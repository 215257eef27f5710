"""What is remembered of advertisements: little, whoever sends them; and how long is waited before a retry."""

import itertools
import sys
import time
from typing import Any, cast

import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from hypothesis import given
from hypothesis import strategies as st

from griphub.firmware_bridge import heard
from griphub.firmware_bridge.backoff import JITTER, Backoff
from griphub.firmware_bridge.discovery import Advertisement, printable
from griphub.firmware_bridge.heard import MAX_DEVICES, Neighbour, Neighbourhood
from griphub.firmware_bridge.profile import GRIP_SERVICE, HELD_SERVICE
from griphub.firmware_bridge.radio import Radio

HERE, THERE = cast("tuple[Radio, Radio]", (object(), object()))  # only told apart


def advertised(
    name: str = "ball1", service: str = GRIP_SERVICE, rssi_dbm: int = -50, flags: int | None = 6
) -> AdvertisementData:
    properties = {} if flags is None else {"AdvertisingFlags": bytes([flags])}
    return AdvertisementData(name, {}, {}, [service], None, rssi_dbm, ("/path", properties))


def address(n: int) -> str:
    return ":".join(f"{byte:02X}" for byte in n.to_bytes(6, "big"))


class Neighbours(Neighbourhood):
    """Counts what is judged."""

    def __init__(self) -> None:
        self.judged = 0
        super().__init__(self.wanted)

    def wanted(self, advertisement: Advertisement) -> str | None:
        self.judged += 1
        return "ball1" if advertisement.name == "ball1" else None

    def hear(self, data: AdvertisementData, now_s: float = 0, n: int = 1, radio: Radio = HERE) -> Neighbour:
        return self.take(radio, BLEDevice(address(n), data.local_name, {}), data, now_s)


def test_what_repeats_itself_is_not_judged_again() -> None:
    neighbours = Neighbours()
    for n in range(1000):
        neighbours.hear(advertised(rssi_dbm=-50 - n % 7), n / 100)
    assert neighbours.judged == 1
    neighbours.hear(advertised(flags=5), 10)
    neighbours.hear(advertised("other"), 10)
    assert neighbours.judged == 3


def test_a_thousand_advertisements_take_less_than_a_twentieth_of_a_second() -> None:
    """A hundred tools that advertise ten times a second: a few percent of a core at most."""
    neighbours = Neighbours()
    pairs = [(BLEDevice(address(n), "ball1", {}), advertised()) for n in range(100)]
    for device, data in pairs:
        neighbours.take(HERE, device, data, 0)
    took_s = []
    for second in range(5):
        began_s = time.process_time()
        for device, data in pairs * 10:
            neighbours.take(HERE, device, data, float(second))
        took_s.append(time.process_time() - began_s)
    assert min(took_s) < 0.05


def test_floods_of_addresses_cost_no_memory_and_push_no_tool_out() -> None:
    neighbours = Neighbours()
    ours = neighbours.hear(advertised(), n=0)
    for n in range(1, 5000):
        neighbours.hear(advertised(f"x{n}"), n=n)
    assert len(list(neighbours)) == MAX_DEVICES
    assert neighbours.get(address(0)) is ours
    for n in range(5000, 6000):  # and of devices that claim to be it
        neighbours.hear(advertised(), n=n)
    assert len(list(neighbours)) == MAX_DEVICES


def test_pressing_the_button_and_letting_go_end_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    neighbours = Neighbours()
    neighbour = neighbours.hear(advertised(), 0)
    for change in (advertised(flags=5), advertised(service=HELD_SERVICE), advertised()):
        neighbour.not_before_s, neighbour.ended_s = 60, 1
        neighbours.hear(change, 2)
        waits = change.service_uuids == [HELD_SERVICE]  # a phone took it: that mends nothing
        assert neighbour.not_before_s == (60 if waits else 1 + heard.NEWS_S)


def test_whoever_plays_with_the_button_is_not_tried_all_the_time() -> None:
    neighbours = Neighbours()
    neighbour = neighbours.hear(advertised(), 0)
    attempts = 0
    for n, flags in zip(range(1000), itertools.cycle((5, 6)), strict=False):  # every 10 ms
        now_s = n / 100
        neighbours.hear(advertised(flags=flags), now_s)
        if now_s >= neighbour.not_before_s:
            attempts += 1
            neighbour.ended_s = now_s
            neighbour.not_before_s = now_s + neighbour.retries.failed()
    assert attempts <= 25  # in 10 s


def test_a_tool_that_was_silent_is_tried_at_once() -> None:
    neighbours = Neighbours()
    neighbour = neighbours.hear(advertised(), 0)
    neighbour.not_before_s, neighbour.ended_s = 60, 0
    neighbour.retries.failed()
    neighbours.hear(advertised(), heard.SILENCE_S - 0.1)
    assert neighbour.not_before_s == 60
    neighbours.hear(advertised(), 2 * heard.SILENCE_S)
    assert neighbour.not_before_s <= heard.NEWS_S and neighbour.retries.failures == 0


def test_a_tool_is_not_silent_while_the_hub_is_busy_with_it() -> None:
    neighbours = Neighbours()
    neighbour = neighbours.hear(advertised(), 0)
    neighbour.not_before_s, neighbour.ended_s = 60, 30  # the attempt took half a minute
    neighbours.hear(advertised(), 31)
    assert neighbour.not_before_s == 60


def test_strength_is_smoothed_and_the_unknown_passed_over() -> None:
    neighbours = Neighbours()
    for _ in range(50):
        neighbours.hear(advertised(rssi_dbm=-80))
        neighbours.hear(advertised(rssi_dbm=-60))
        neighbours.hear(advertised(rssi_dbm=127))
    neighbour = neighbours.hear(advertised(rssi_dbm=-127), radio=HERE)
    assert -76 < neighbour.best().rssi_dbm < -64
    neighbours.hear(advertised(rssi_dbm=-40), radio=THERE)
    assert neighbour.best().radio is THERE
    neighbours.lose(THERE)
    assert neighbour.best().radio is HERE


def test_devices_are_forgotten() -> None:
    neighbours = Neighbours()
    neighbours.hear(advertised(), 0)
    neighbours.forget(1)
    assert list(neighbours) == []


@given(st.lists(st.booleans(), max_size=30), st.floats(0.01, 10), st.floats(1, 100))
def test_pauses_grow_to_their_limit_and_start_over(works: list[bool], first_s: float, factor: float) -> None:
    most_s, failures = first_s * factor, 0
    backoff = Backoff(first_s, most_s)
    for one in works:
        if one:
            backoff.reset()
            failures = 0
        else:
            wanted_s = min(first_s * 2**failures, most_s)
            assert wanted_s * (1 - JITTER) <= backoff.failed() <= wanted_s * (1 + JITTER)
            failures += 1
        assert backoff.failures == failures


def test_pauses_never_overflow() -> None:
    backoff = Backoff(1, 8)
    for _ in range(5000):
        assert backoff.failed() <= 10


@given(st.text(max_size=300))
def test_names_are_fit_to_print(name: str) -> None:
    shown = printable(name)
    assert shown.isprintable() and len(shown) <= 32 and shown == shown.strip()


@pytest.mark.parametrize("flags", [None, 5, 6])
def test_what_bluez_and_bumble_tell_of_flags(flags: int | None) -> None:
    device = BLEDevice(address(1), "ball1", {})
    read: Any = Advertisement.of(device, advertised("ball1\x1b[2J\u202e", flags=flags))
    assert read.pairing_mode is {None: None, 5: True, 6: False}[flags]
    assert read.name == "ball1[2J" and read.is_grip_tool and not read.held
    # macOS tells other things in the same place
    assert Advertisement.of(device, advertised()._replace(platform_data=(1, sys, -50))).pairing_mode is None


def test_held_and_free_again_on_bluez_which_forgets_no_service() -> None:
    device = BLEDevice(address(1), "ball1", {})
    assert Advertisement.of(device, advertised(service=HELD_SERVICE)).held
    both = advertised()._replace(service_uuids=[HELD_SERVICE, GRIP_SERVICE])
    assert not Advertisement.of(device, both).held and Advertisement.of(device, both).is_grip_tool
