"""Tindeq Progressor and its clones: bytes, the clock's wrap, and what is nonsense."""

import struct

import numpy as np
import pytest

from griphub.firmware_bridge.drivers.progressor import CONTROL, MAX_GAP_US, Progressor
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.samples import KGF_N, Unit

#: MADE from the layout, and checked by arithmetic.
TWO_SAMPLES = bytes.fromhex("01 10 00 00 48 41 d0 12 13 00 00 00 4a 41 a4 43 13 00")
U32 = 1 << 32


def weight(*samples: tuple[float, int]) -> bytes:
    body = b"".join(struct.pack("<fI", kgf, us % U32) for kgf, us in samples)
    return bytes([1, len(body)]) + body


def test_the_vector() -> None:
    reading = Progressor().feed(TWO_SAMPLES)
    assert reading is not None and reading.device_s is not None
    assert reading.values.tolist() == [12.5 * KGF_N, 12.625 * KGF_N]
    assert reading.device_s.tolist() == [1.25, 1.2625]  # 80 a second
    assert reading.unit is Unit.NEWTON


@pytest.mark.parametrize("n", [1, 2, 15, 16, 31])
def test_any_number_of_samples(n: int) -> None:
    reading = Progressor().feed(weight(*((k / 8, 12_500 * k) for k in range(n))))
    assert reading is not None and reading.device_s is not None
    assert reading.values.tolist() == [k / 8 * KGF_N for k in range(n)]
    assert np.diff(reading.device_s) == pytest.approx(np.full(n - 1, 0.0125))


def test_the_clock_wraps_within_a_packet_and_between_two() -> None:
    driver = Progressor()
    times = [U32 - 30_000, U32 - 10_000, U32 + 10_000, 2 * U32 - 1_000, 2 * U32]
    packets = [weight((1, times[0])), weight((1, times[1]), (1, times[2]))]
    told = [t for p in packets for t in driver.feed(p).device_s.tolist()]  # type: ignore[union-attr]
    assert told == pytest.approx([t / 1e6 for t in times[:3]], abs=1e-9)
    # the tool's clock is compared modulo 2**32, so a day of packets a second apart never loses count
    last = told[-1]
    for step in range(1, 5 * 3600, 7):
        last = driver.feed(weight((1, times[2] + step * 1_000_000))).device_s[0]  # type: ignore[union-attr,index]
    assert last == pytest.approx((times[2] + step * 1_000_000) / 1e6)


def test_a_repetition_is_nothing_new_and_a_leap_is_nonsense_that_costs_itself_alone() -> None:
    driver = Progressor()
    first, second = weight((1, 0), (2, 12_500)), weight((3, 25_000))
    assert driver.feed(first) is not None
    assert driver.feed(first) is None
    for leap in (MAX_GAP_US + 12_501, -MAX_GAP_US, U32 // 2):
        with pytest.raises(PacketError):
            driver.feed(weight((9, 12_500 + leap)) if leap > 0 else weight((9, 12_500 + leap - 1)))
    with pytest.raises(PacketError):
        driver.feed(weight((9, 25_000), (9, 24_000)))  # backwards within a packet
    assert driver.feed(second) is not None
    driver.start()  # its clock begins anew
    assert driver.feed(first) is not None


def test_a_sample_that_is_no_number_stays_a_gap() -> None:
    reading = Progressor().feed(weight((1, 0), (float("nan"), 12_500), (2, 25_000)))
    assert reading is not None
    assert np.isnan(reading.values).tolist() == [False, True, False]
    signalling = bytes([1, 8]) + bytes.fromhex("01 00 a0 7f") + struct.pack("<I", 37_500)
    reading = Progressor().feed(signalling)
    assert reading is not None and np.isnan(reading.values).all()


def test_low_battery_is_told_and_answers_to_others_are_not_ours() -> None:
    driver = Progressor()
    low = driver.feed(b"\x04\x00")
    assert low is not None and (low.battery_percent, low.values.size) == (0, 0)
    for packet in (b"\x00\x04\x48\x0f\x00\x00", b"\x00\x00", b"\x02\x00", b"\x03\x01\xff"):
        assert driver.feed(packet) is None


@pytest.mark.parametrize(
    "packet",
    [
        "",
        "01",
        "01 00",
        "01 08 00 00",
        "01 07 00 00 48 41 d0 12 13",
        "05 00",
        "ff 00",
        "01 08 00 00 80 7f 00 00 00 00",
    ],
)
def test_what_is_no_packet_is_refused(packet: str) -> None:
    with pytest.raises(PacketError):
        Progressor().feed(bytes.fromhex(packet))


def test_only_what_all_sources_agree_on_is_ever_written() -> None:
    driver = Progressor()
    writes = [*driver.start(), *driver.stop(), *driver.tare()]
    assert {write.data for write in writes} == {b"\x64", b"\x65", b"\x66"}
    assert {write.characteristic for write in writes} == {CONTROL}
