"""Motherboard: a calibration table, then samples, as lines of text."""

import numpy as np
import pytest

from griphub.firmware_bridge.drivers.contract import Write
from griphub.firmware_bridge.drivers.motherboard import CONTROL, MAX_LINE, MAX_STEP, Motherboard
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.samples import KGF_N

#: One kilogram for each count, up to 3000.
IDENTITY = b"".join(
    f"{cell},{point},{point * 1000}.00000000,{point * 1000}\r\n".encode()
    for cell in range(4)
    for point in range(4)
)
STREAM = Write(CONTROL, b"S30")


def line(number: int, left: int = 0, middle: int = 0, right: int = 0) -> bytes:
    cells = b"".join(count.to_bytes(3, "little", signed=True) for count in (left, middle, right, 0))
    return (number.to_bytes(2, "little") + b"\x2c\x01" + cells).hex().encode() + b"\r\n"


def calibrated(table: bytes = IDENTITY) -> Motherboard:
    driver = Motherboard()
    assert [write.data for write in driver.start()] == [b"C"]
    reading = driver.feed(table)
    assert reading is not None
    assert (list(reading.values), list(reading.writes)) == ([], [STREAM])
    return driver


def test_it_asks_for_the_stream_once_the_table_is_complete() -> None:
    driver = Motherboard()
    driver.start()
    rows = IDENTITY.splitlines(keepends=True)
    for row in rows[:-1]:
        assert driver.feed(row) is None
    reading = driver.feed(rows[-1])
    assert reading is not None
    assert list(reading.writes) == [STREAM]
    assert driver.feed(b"Stream:30\r\n") is None
    assert list(driver.start()) == [STREAM]  # the table is known by now


VECTORS = {  # the second is that of hangtime-grip-connect's own test, the first made from the layout
    "07003C0FE8030030F8FFB80B00000000": 1000 + 2000 - 3000,
    "01002C010A0000ECFFFFE2FFFF000000": 10 + 20 + 30,
    "01002c01f6ffff140000 1e0000000000".replace(" ", ""): -60,
    "0100000000000000000000000000ffff": 0,  # the fourth cell is not connected
}


@pytest.mark.parametrize(("text", "kgf"), VECTORS.items())
@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
def test_a_sample_is_the_sum_over_three_cells(text: str, kgf: float, ending: bytes) -> None:
    reading = calibrated().feed(text.encode() + ending)
    assert reading is not None
    assert reading.values.tolist() == pytest.approx([kgf * KGF_N])
    assert reading.index == 0
    assert reading.clipped is not None and not reading.clipped.any()


def test_each_cell_has_its_own_table_with_bends_and_a_zero_of_its_own() -> None:
    points = {
        0: (567, 1000, 2000, 3000),
        1: (-100, 900, 1900, 2900),
        2: (0, 500, 600, 1112352),
        3: (0, 0, 0, 0),
    }
    masses = (0, 10, 20, 47.3)
    table = b"".join(
        f"{cell},{point},{masses[point]:.8f},{count}\n".encode()
        for cell, counts in points.items()
        for point, count in enumerate(counts)
    )
    reading = calibrated(table).feed(line(0, left=1500) + line(1, 567, -600, 0) + line(2, 567, -100, -550))
    assert reading is not None
    np.testing.assert_allclose(reading.values / KGF_N, [15 - 0 - 0 - 1, 5, 15], atol=1.1)
    left = calibrated(table).feed(line(0, 1500, -100, 0))
    assert left is not None
    assert left.values.tolist() == pytest.approx([15 * KGF_N])
    below = calibrated(table).feed(line(0, 567 - 433, -100, 0))  # as far below its first point as 10 kg above
    assert below is not None
    assert below.values.tolist() == pytest.approx([-10 * KGF_N])


@pytest.mark.parametrize(
    ("count", "kgf"), [(3001, 3000), (2**23 - 1, 3000), (-3001, -3000), (-(2**23), -3000)]
)
def test_beyond_its_table_a_cell_is_at_its_end_and_says_so(count: int, kgf: float) -> None:
    reading = calibrated().feed(line(5, left=count))
    assert reading is not None
    assert reading.values.tolist() == pytest.approx([kgf * KGF_N])
    assert reading.clipped is not None and reading.clipped.tolist() == [True]


def test_the_number_tells_what_is_missing_and_wraps() -> None:
    driver = calibrated()
    indices = []
    for number in (65534, 65535, 0, 3):
        reading = driver.feed(line(number))
        assert reading is not None
        indices.append(reading.index)
    assert indices == [0, 1, 2, 5]
    assert driver.feed(line(3)) is None  # it came again


def test_samples_after_a_gap_wait_for_a_reading_of_their_own() -> None:
    driver = calibrated()
    first = driver.feed(line(1) + line(2) + line(5) + line(6))
    second = driver.feed(b"")
    assert first is not None and second is not None
    assert (first.index, len(first.values)) == (0, 2)
    assert (second.index, len(second.values)) == (4, 2)


@pytest.mark.parametrize("number", [99, 100 + MAX_STEP + 1])
def test_a_number_that_goes_back_or_leaps_is_refused_and_forgotten(number: int) -> None:
    driver = calibrated()
    driver.feed(line(100))
    with pytest.raises(PacketError):
        driver.feed(line(number))
    reading = driver.feed(line(101))
    assert reading is not None
    assert reading.index == 1


@pytest.mark.parametrize(
    "text",
    [
        b"Error VAL\r\n",
        line(0)[1:],
        b"0" + line(0),
        b"zz" + line(0)[2:],
        b"4,0,1.0,5\n",
        b"0,4,1.0,5\n",
        b"0,0,nan,5\n",
        b"0,0,1e9,5\n",
        b"0,0,1.0," + b"9" * MAX_LINE + b"\n",
        b"\xff\xfe\n",
    ],
)
def test_other_lines_are_refused_and_the_next_one_stands(text: bytes) -> None:
    driver = calibrated()
    with pytest.raises(PacketError):
        driver.feed(text)
    reading = driver.feed(text + line(0))
    assert reading is not None
    assert (len(reading.values), reading.rejected) == (1, 1)


def test_samples_before_the_table_are_refused() -> None:
    driver = Motherboard()
    driver.start()
    with pytest.raises(PacketError):
        driver.feed(line(0))


@pytest.mark.parametrize("row", [b"1,2,2000.0,1000\n", b"1,2,1000.0,2000\n", b"1,3,3000.0,-3000\n"])
def test_a_table_that_does_not_rise_is_refused_and_may_come_again(row: bytes) -> None:
    driver = Motherboard()
    driver.start()
    rows = IDENTITY.splitlines(keepends=True)
    rows[4 + int(row[2:3])] = row
    with pytest.raises(PacketError):
        driver.feed(b"".join(rows))
    reading = driver.feed(IDENTITY)
    assert reading is not None
    assert list(reading.writes) == [STREAM]
