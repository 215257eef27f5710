"""Force Board: counted batches of pounds."""

import numpy as np
import pytest

from griphub.firmware_bridge.discovery import Advertisement
from griphub.firmware_bridge.drivers.force_board import FORCE_SERVICE, MAX_LBF, ForceBoard
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.samples import LBF_N, Unit

VECTORS = {  # made from the layout that three programs share; no capture is public
    "00 02 00 00 19 00 01 04": [25, 260],
    "00 02 00 03 e8 00 04 4c": [1000, 1100],
    "00 01 00 00 00": [0],
    "00 01 00 00 2a 63 63": [42],  # bytes after the last sample mean nothing to any source
}


@pytest.mark.parametrize(("packet", "lbf"), VECTORS.items())
def test_a_batch_is_pounds(packet: str, lbf: list[float]) -> None:
    reading = ForceBoard().feed(bytes.fromhex(packet))
    assert reading is not None
    np.testing.assert_allclose(reading.values, np.array(lbf) * LBF_N)
    assert (reading.unit, reading.index, reading.device_s) == (Unit.NEWTON, None, None)


@pytest.mark.parametrize("sample", ["ff ff ff", "00 04 4d", "01 00 00", "00 ff ff"])
def test_a_push_is_no_force_and_its_neighbours_stand(sample: str) -> None:
    reading = ForceBoard().feed(bytes.fromhex(f"00 03 00 00 05 {sample} 00 00 06"))
    assert reading is not None
    np.testing.assert_allclose(reading.values, np.array([5, np.nan, 6]) * LBF_N)


def test_the_two_readings_of_the_first_byte_differ_only_where_no_board_can_be() -> None:
    assert MAX_LBF < 32768  # one program gives that byte a weight of 32768, another of 65536


@pytest.mark.parametrize("packet", ["", "00", "00 01", "00 02 00 00 19 00 01", "ff ff 00 00 19"])
def test_a_batch_that_is_cut_off_is_refused(packet: str) -> None:
    with pytest.raises(PacketError):
        ForceBoard().feed(bytes.fromhex(packet))


def test_a_batch_without_samples_brings_nothing() -> None:
    assert ForceBoard().feed(b"\x00\x00") is None


@pytest.mark.parametrize(
    ("name", "services", "matches"),
    [
        ("Force Board", {FORCE_SERVICE}, True),
        ("Forceboard", set(), True),
        ("PitchSix 12", set(), True),
        ("Force Board", {"0000ffe0-0000-1000-8000-00805f9b34fb"}, False),
        ("My Force Board", {FORCE_SERVICE}, False),
        ("", {FORCE_SERVICE}, False),
    ],
)
def test_it_is_known_by_name_and_service(name: str, services: set[str], matches: bool) -> None:
    heard = Advertisement(name, "C0:00:00:00:00:01", -60, False, frozenset(services))
    assert ForceBoard.matches(heard) is matches
