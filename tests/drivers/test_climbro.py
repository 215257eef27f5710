"""Climbro: kilograms as single bytes, and markers that stay in force."""

import numpy as np
import pytest

from griphub.firmware_bridge.drivers.climbro import Climbro
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.samples import KGF_N

VECTORS = {  # made from the layout; the first is that of hangtime-grip-connect's own test
    "f0 70 f5 0a f6 14": ([10, 36, 20], 0),
    "f5 05 06 f6 f0 ab f5 07": ([5, 6, 36, 7], 50),
    "f5 00": ([0], None),
    "f5 24 ef": ([36, 239], None),
    "f0 e6": ([], 100),
    "f0 ff": None,
    "f0 00": ([], 0),  # below what it calls empty
    "f5": None,
}


@pytest.mark.parametrize(("stream", "brought"), VECTORS.items())
def test_bytes_after_a_marker_are_what_it_says(
    stream: str, brought: tuple[list[float], int | None] | None
) -> None:
    if brought is None and len(stream) > 2:
        with pytest.raises(PacketError):
            Climbro().feed(bytes.fromhex(stream))
        return
    reading = Climbro().feed(bytes.fromhex(stream))
    if brought is None:
        assert reading is None
        return
    assert reading is not None
    np.testing.assert_allclose(reading.values, np.array(brought[0]) * KGF_N)
    assert (reading.battery_percent, reading.rejected) == (brought[1], 0)


def test_a_marker_stays_in_force_over_notifications() -> None:
    driver = Climbro()
    assert driver.feed(b"\xf5") is None
    for kgf in (3, 4):  # one byte each, as a second program expects them
        reading = driver.feed(bytes([kgf]))
        assert reading is not None
        assert reading.values.tolist() == [kgf * KGF_N]


def test_bytes_before_any_marker_are_refused() -> None:
    driver = Climbro()
    with pytest.raises(PacketError):
        driver.feed(b"\x05\x06")
    reading = driver.feed(b"\x05\xf5\x07")
    assert reading is not None
    assert (reading.values.tolist(), reading.rejected) == ([7 * KGF_N], 1)


@pytest.mark.parametrize("unknown", [0xF1, 0xF4, 0xF7, 0xFF])
def test_a_marker_that_no_source_knows_is_no_force(unknown: int) -> None:
    reading = Climbro().feed(bytes([0xF5, 1, unknown, 2]))
    assert reading is not None
    assert (reading.values.tolist(), reading.rejected) == ([KGF_N, 2 * KGF_N], 1)
