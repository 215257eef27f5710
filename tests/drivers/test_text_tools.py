"""Tools that send their number as text: Squegg and GripForge."""

import pytest

from griphub.firmware_bridge.drivers.gripforge import GripForge
from griphub.firmware_bridge.drivers.squegg import Squegg
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.samples import Unit

#: REAL, from the tests of squegg-sdk.
SQUEGG_REAL = {
    "31 39 31 30": (0.0, 100),
    "31 39 31 31 39 2e 36 32 37": (19.627, 100),
    "31 39 30 32 34 2e 31 39 33": (24.193, 100),
    "31 39 30 37 2e 39 35 33": (7.953, 100),
    "31 39 31 2e 34 35 38": (0.458, 100),
}
#: MADE from the layout.
SQUEGG_MADE = {
    "31 30 30 30 00 00 00 00": (0.0, 10),
    "31 34 31 31 32 33 2e 34 35 36 20": (123.456, 50),
    "39 39 31 31 2e": (1.0, 100),
}


@pytest.mark.parametrize(("packet", "told"), [*SQUEGG_REAL.items(), *SQUEGG_MADE.items()])
def test_squegg_payloads(packet: str, told: tuple[float, int]) -> None:
    reading = Squegg().feed(bytes.fromhex(packet))
    assert reading is not None
    assert (*reading.values.tolist(), reading.battery_percent) == told
    assert reading.unit is Unit.UNKNOWN and reading.device_s is None and reading.index is None


@pytest.mark.parametrize(
    "payload",
    [b"", b"1", b"191", b"191.", b"19 0", b"1920", b"1x10", b"1912,5", b"191-1", b"1911e3", b"\0191"],
)
def test_squegg_refuses_what_is_none(payload: bytes) -> None:
    with pytest.raises(PacketError):
        Squegg().feed(payload)


def test_nothing_is_ever_written_to_a_squegg() -> None:
    driver = Squegg()
    assert not [*driver.start(), *driver.stop(), *driver.tare()]


@pytest.mark.parametrize(
    ("payload", "newtons"),
    [
        (b"12.3", 54.7131),  # REAL example text
        (b"0", 0.0),
        (b"-0.4\r\n", -1.7793),
        (b" 120.05\0", 534.009),
    ],
)
def test_gripforge_is_read_as_pounds_force(payload: bytes, newtons: float) -> None:
    reading = GripForge().feed(payload)
    assert reading is not None
    assert reading.values.tolist() == pytest.approx([newtons], abs=1e-3)


@pytest.mark.parametrize(
    "payload", [b"", b".", b"12.3 kg", b"nan", b"inf", b"1e5", b"12,3", b"99999", b"1 2"]
)
def test_gripforge_refuses_what_is_no_number(payload: bytes) -> None:
    with pytest.raises(PacketError):
        GripForge().feed(payload)
