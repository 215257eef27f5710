"""Entralpi: one weight in each notification, from whichever characteristic speaks."""

import pytest

from griphub.firmware_bridge.discovery import Advertisement
from griphub.firmware_bridge.drivers.entralpi import (
    UART_DATA,
    UART_SERVICE,
    WEIGHT_DATA,
    WEIGHT_SERVICE,
    Entralpi,
)
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.samples import KGF_N

VECTORS = {  # made from the layout; 04 ce is in hangtime-grip-connect's own test, which rounds it to 12.3
    "04 e2": 12.5,
    "04 ce": 12.3,
    "00 00": 0.0,
    "00 01": 0.01,
    "1f 40": 80.0,  # a full screen of the game
    "7f ff": 327.67,
    "04 e2 aa 55": 12.5,  # nobody knows what may follow
}


@pytest.mark.parametrize(("packet", "kgf"), VECTORS.items())
def test_two_bytes_are_hundredths_of_a_kilogram(packet: str, kgf: float) -> None:
    reading = Entralpi().feed(bytes.fromhex(packet), UART_DATA)
    assert reading is not None
    assert reading.values.tolist() == pytest.approx([kgf * KGF_N])


@pytest.mark.parametrize("packet", ["", "04", "80 00", "ff ff"])
def test_what_is_short_or_has_a_disputed_sign_is_refused(packet: str) -> None:
    with pytest.raises(PacketError):
        Entralpi().feed(bytes.fromhex(packet), UART_DATA)


@pytest.mark.parametrize(("voice", "echo"), [(UART_DATA, WEIGHT_DATA), (WEIGHT_DATA, UART_DATA)])
def test_whoever_speaks_first_is_heard_and_nobody_twice(voice: str, echo: str) -> None:
    driver = Entralpi()
    assert driver.feed(b"\x04\xe2", voice) is not None
    assert driver.feed(b"\x04\xe2", echo) is None
    assert driver.feed(b"\x04\xe3", voice) is not None


def test_nonsense_is_no_voice() -> None:
    driver = Entralpi()
    with pytest.raises(PacketError):
        driver.feed(b"\xff\xff\x00", WEIGHT_DATA)
    assert driver.feed(b"\x04\xe2", UART_DATA) is not None


@pytest.mark.parametrize(
    ("name", "services", "matches"),
    [
        ("ENTRALPI", {UART_SERVICE}, True),
        ("ENTRALPI", {WEIGHT_SERVICE}, True),
        ("ENTRALPI", set(), True),
        ("ENTRALPI", {"0000ffe0-0000-1000-8000-00805f9b34fb"}, False),
        ("entralpi", {UART_SERVICE}, False),
        ("NSD Workout", {UART_SERVICE}, False),
        ("", {UART_SERVICE}, False),
    ],
)
def test_it_is_known_by_name_and_service(name: str, services: set[str], matches: bool) -> None:
    heard = Advertisement(name, "C0:00:00:00:00:01", -60, False, frozenset(services))
    assert Entralpi.matches(heard) is matches
