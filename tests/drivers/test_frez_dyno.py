"""Frez Dyno: nine counts with their times."""

import struct
from itertools import pairwise

import numpy as np
import pytest

from griphub.firmware_bridge.drivers.frez_dyno import MAX_GAP_MS, FrezDyno
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.samples import Unit

PERIOD_MS = 4


def packet(first_ms: int, counts: range | list[int] = range(9), period_ms: int = PERIOD_MS) -> bytes:
    pairs = ((count, (first_ms + n * period_ms) % 2**32) for n, count in enumerate(counts))
    return b"\x01\x00" + b"".join(struct.pack("<iI", *pair) for pair in pairs)


def test_a_notification_is_nine_counts_with_their_times() -> None:
    made = bytes.fromhex(  # by hand: -1, then 84213 at 4 ms and so on
        "01 00 ff ff ff ff 00 00 00 00 f5 48 01 00 04 00 00 00 f6 48 01 00 08 00 00 00"
        " f7 48 01 00 0c 00 00 00 f8 48 01 00 10 00 00 00 f9 48 01 00 14 00 00 00"
        " fa 48 01 00 18 00 00 00 fb 48 01 00 1c 00 00 00 fc 48 01 00 20 00 00 00"
    )
    assert len(made) == 74
    reading = FrezDyno().feed(made)
    assert reading is not None
    assert reading.values.tolist() == [-1, *range(84213, 84221)]
    assert reading.device_s is not None
    np.testing.assert_allclose(reading.device_s, np.arange(9) * 0.004)
    assert reading.unit == Unit.COUNT


@pytest.mark.parametrize(
    "data",
    [
        b"",
        packet(0)[:-1],
        packet(0) + b"\x00",
        packet(0)[:20],  # what an MTU of 23 leaves of it
        b"\x02" + packet(0)[1:],
        b"\x01\x01" + packet(0)[2:],
        packet(0, period_ms=0),
        packet(1000, period_ms=-4),
    ],
)
def test_what_is_no_whole_packet_is_refused(data: bytes) -> None:
    with pytest.raises(PacketError):
        FrezDyno().feed(data)


@pytest.mark.parametrize("first_ms", [1000, 1032, 964, 0, 1033 + MAX_GAP_MS])
def test_time_that_repeats_goes_back_or_leaps_is_refused_and_forgotten(first_ms: int) -> None:
    driver = FrezDyno()
    assert driver.feed(packet(1000))
    with pytest.raises(PacketError):
        driver.feed(packet(first_ms))
    assert driver.feed(packet(1036))


def test_time_goes_on_over_a_gap_and_over_its_wrap() -> None:
    driver = FrezDyno()
    times = []
    for first_ms in (2**32 - 40, 2**32 - 4, 2**32 + 5000):
        reading = driver.feed(packet(first_ms))
        assert reading is not None and reading.device_s is not None
        times += reading.device_s.tolist()
    assert all(a < b for a, b in pairwise(times))
    assert times[-1] - times[0] == pytest.approx(5.040 + 0.032)


def test_start_lets_its_time_begin_anew() -> None:
    driver = FrezDyno()
    driver.feed(packet(5000))
    (start,) = driver.start()
    assert (start.data, start.response) == (b"\x01\x00", True)
    reading = driver.feed(packet(0))
    assert reading is not None and reading.device_s is not None
    assert reading.device_s[0] == 0
