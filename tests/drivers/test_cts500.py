"""CTS500: frames with a checksum."""

import numpy as np
import pytest

from griphub.firmware_bridge.drivers.cts500 import MAX_KGF, START, STOP, TARE, Cts500, command
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.samples import KGF_N

COMMANDS = {START: "05 aa 00 00 00 af", STOP: "05 ab 00 00 00 b0", TARE: "05 a6 00 00 00 ab"}
WEIGHT = bytes.fromhex("05 00 00 00 04 d2 db")  # 12.34 kg, made
WEIGHT_1 = bytes.fromhex("05 01 00 00 04 d2 dc")  # the same, with the second byte of the sources' tests
ECHO = bytes.fromhex(COMMANDS[TARE])
VOLTS = bytes.fromhex("05 80 c4 00 01 63 ad")  # 3.55 V


def framed(kgf: float) -> bytes:
    body = b"\x05\x01" + round(kgf * 100).to_bytes(4, "big", signed=kgf < 0)
    return body + bytes([sum(body) % 256])


@pytest.mark.parametrize(("opcode", "frame"), COMMANDS.items())
def test_commands_are_framed(opcode: int, frame: str) -> None:
    assert command(opcode) == bytes.fromhex(frame)


@pytest.mark.parametrize(
    ("stream", "kgf"),
    [
        (WEIGHT, [12.34]),
        (WEIGHT_1, [12.34]),
        (ECHO + WEIGHT, [12.34]),
        (WEIGHT + VOLTS + WEIGHT_1, [12.34, 12.34]),
        (framed(0) + framed(0.05) + framed(5.05), [0, 0.05, 5.05]),  # headers inside weights
        (framed(MAX_KGF), [MAX_KGF]),
    ],
)
def test_weights_are_found_among_answers(stream: bytes, kgf: list[float]) -> None:
    reading = Cts500().feed(stream)
    assert reading is not None
    np.testing.assert_allclose(reading.values, np.array(kgf) * KGF_N)
    assert reading.rejected == 0


@pytest.mark.parametrize(
    "opcode", bytes.fromhex("81 82 83 84 85 86 a1 a2 a4 a6 a7 a9 aa ab c0 c1 c3 c4 c5 c6 c7 ca d1 d2 d3 d4")
)
def test_the_echo_of_a_command_is_no_weight(opcode: int) -> None:
    reading = Cts500().feed(command(opcode) + WEIGHT)
    assert reading is not None
    assert (len(reading.values), reading.rejected) == (1, 0)


@pytest.mark.parametrize("stream", [ECHO, VOLTS, ECHO + VOLTS, WEIGHT[:6], b"", b"\x05"])
def test_answers_and_pieces_bring_nothing(stream: bytes) -> None:
    assert Cts500().feed(stream) is None


@pytest.mark.parametrize("kgf", [-0.01, -12.34, -(2**31) / 100, MAX_KGF + 0.01])
def test_a_weight_with_an_unknown_sign_is_refused(kgf: float) -> None:
    driver = Cts500()
    with pytest.raises(PacketError):
        driver.feed(framed(kgf))
    reading = driver.feed(framed(kgf) + WEIGHT)
    assert reading is not None
    assert (len(reading.values), reading.rejected) == (1, 1)


@pytest.mark.parametrize(
    "broken", [bytes([0x99, 0x88]), WEIGHT[:-1] + b"\x00", ECHO[:-1] + b"\x00", b"\x05\x05\x05", WEIGHT[1:]]
)
def test_it_finds_the_next_frame_after_broken_ones(broken: bytes) -> None:
    reading = Cts500().feed(broken + WEIGHT)
    assert reading is not None
    assert reading.values.tolist() == pytest.approx([12.34 * KGF_N])
    assert reading.rejected == 1
