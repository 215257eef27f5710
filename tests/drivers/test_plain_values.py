"""Tools with one number in fixed bytes: SIG Force and WH-C06."""

import numpy as np
import pytest

from griphub.firmware_bridge.discovery import Advertisement
from griphub.firmware_bridge.drivers.sig_force import SERVICE, SigForce
from griphub.firmware_bridge.drivers.wh_c06 import COMPANY, WhC06
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.samples import KGF_N, LBF_N, Unit


@pytest.mark.parametrize(
    ("value", "newtons"),
    [
        ("d7 de 01 00", 122.583),  # MADE: 12.5 kgf
        ("00 00 00 00", 0.0),
        ("ff ff ff ff", -0.001),
        ("fe ff ff 7f", 2_147_483.646),
        ("00 00 00 80", -2_147_483.648),
    ],
)
def test_sig_force_is_in_millinewtons(value: str, newtons: float) -> None:
    reading = SigForce().feed(bytes.fromhex(value))
    assert reading is not None and reading.unit is Unit.NEWTON
    assert reading.values.tolist() == pytest.approx([newtons])


def test_a_force_that_is_not_known_is_a_gap() -> None:
    reading = SigForce().feed(bytes.fromhex("ff ff ff 7f"))
    assert reading is not None and np.isnan(reading.values).tolist() == [True]


@pytest.mark.parametrize("value", ["", "00", "00 00 00", "00 00 00 00 00"])
def test_sig_force_has_four_bytes(value: str) -> None:
    with pytest.raises(PacketError):
        SigForce().feed(bytes.fromhex(value))


def test_our_own_tools_are_not_read_the_poor_way() -> None:
    def heard(own: bool) -> Advertisement:
        return Advertisement("gauge", "AA", -50, own, frozenset({SERVICE}))

    assert SigForce.matches(heard(False)) and not SigForce.matches(heard(True))


#: REAL, from the tests of Crane, there with the company id in front.
WH_C06_REAL = "02 03 11 2a c0 19 11 23 e1 01 00 00 01 f4 01 d4 cb"


def frame(hundredths: int, unit: int, counter: int = 0) -> bytes:
    """MADE from the layout."""
    head = bytes.fromhex("02 03 11 2a c0 19 11 23 e1 01")
    return (
        head
        + hundredths.to_bytes(2, "big", signed=True)
        + bytes([1, 0xF4, unit, counter >> 8, counter & 255])
    )


def test_the_real_frame_is_nothing_hanging() -> None:
    reading = WhC06().feed(bytes.fromhex(WH_C06_REAL))
    assert reading is not None and reading.values.tolist() == [0.0]


@pytest.mark.parametrize(
    ("hundredths", "unit", "newtons"),
    [
        (1234, 0x01, 12.34 * KGF_N),
        (-50, 0x01, -0.5 * KGF_N),
        (2720, 0x02, 27.2 * LBF_N),
        (2720, 0x00, 27.2 * LBF_N),
    ],
)
def test_kilograms_and_pounds_where_the_sources_can_agree(hundredths: int, unit: int, newtons: float) -> None:
    reading = WhC06().feed(frame(hundredths, unit))
    assert reading is not None and reading.values.tolist() == pytest.approx([newtons])


@pytest.mark.parametrize("unit", [0x03, 0x04, 0x0F, 0xA3])
def test_a_unit_on_which_sources_disagree_is_refused(unit: int) -> None:
    with pytest.raises(PacketError, match="do not agree"):
        WhC06().feed(frame(1234, unit))


@pytest.mark.parametrize("unit", [0xA1, 0xA0, 0x11, 0x82])
def test_what_it_holds_on_its_display_is_no_live_force(unit: int) -> None:
    reading = WhC06().feed(frame(1234, unit))
    assert reading is not None and np.isnan(reading.values).all()


def test_an_advertisement_is_read_once_however_often_it_is_heard() -> None:
    driver = WhC06()
    assert driver.feed(frame(1, 1, 7)) is not None
    assert driver.feed(frame(1, 1, 7)) is None
    assert driver.feed(frame(1, 1, 8)) is not None
    with pytest.raises(PacketError):
        driver.feed(frame(1, 1)[:-1])


@pytest.mark.parametrize(
    ("name", "company", "length", "matches"),
    [
        ("IF_B7", COMPANY, 17, True),
        ("IF_B7", COMPANY, 16, False),
        ("IF_B7", 0x4C, 17, False),
        ("TomTom", COMPANY, 17, False),
        ("", COMPANY, 17, False),
    ],
)
def test_wh_c06_goes_by_name_company_and_length(name: str, company: int, length: int, matches: bool) -> None:
    heard = Advertisement(name, "AA", -50, False, frozenset(), {company: bytes(length)})
    assert WhC06.matches(heard) is matches
