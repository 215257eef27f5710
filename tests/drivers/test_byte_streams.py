"""Drivers of byte streams: where a notification ends means nothing, and memory is bounded."""

import contextlib
import pickle
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.firmware_bridge.drivers.climbro import Climbro
from griphub.firmware_bridge.drivers.contract import Driver
from griphub.firmware_bridge.drivers.cts500 import Cts500, command
from griphub.firmware_bridge.drivers.motherboard import Motherboard
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.samples import FloatArray


def _cts500_weight(kgf: int) -> bytes:
    body = b"\x05\x01" + kgf.to_bytes(4, "big")
    return body + bytes([sum(body) % 256])


def _motherboard_line(step: int) -> bytes:
    return f"{step % 256:02x}00{step:028x}\n".encode()


_TABLE = b"".join(
    f"{cell},{point},{point}.5,{point * 900_000}\n".encode() for cell in range(4) for point in range(4)
)

#: Of each driver: how to make one, and what its streams are made of.
STREAMS: dict[type[Driver], st.SearchStrategy[bytes]] = {
    Climbro: st.one_of(st.sampled_from([b"\xf5", b"\xf0", b"\xf6", b"\xf5\x07"]), st.binary(max_size=4)),
    Cts500: st.one_of(
        st.integers(0, 70000).map(_cts500_weight),
        st.sampled_from([command(0xAA), b"\x05"]),
        st.binary(max_size=9),
    ),
    Motherboard: st.one_of(
        st.integers(0, 40).map(_motherboard_line),
        st.sampled_from([_TABLE, b"Stream:30\r\n", b"\n", b"x" * 100]),
        st.binary(max_size=9),
    ),
}


def _fed(driver: Driver, pieces: list[bytes]) -> FloatArray:
    """All that the pieces bring; an empty one at a time until nothing more waits."""
    values: list[float] = []
    waiting = [*pieces, *[b""] * 50]
    for piece in waiting:
        try:
            reading = driver.feed(piece)
        except PacketError:
            continue
        if reading is not None:
            values += reading.values.tolist()
    return np.array(values)


@pytest.mark.parametrize("driver", STREAMS, ids=lambda driver: driver.name)
@given(data=st.data())
def test_any_cut_of_a_stream_brings_the_same_samples(
    driver: Callable[[], Driver], data: st.DataObject
) -> None:
    frames = data.draw(st.lists(STREAMS[driver], max_size=40))  # type: ignore[index]
    stream = (_TABLE if driver is Motherboard else b"") + b"".join(frames)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=30)))
    pieces = [stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])]
    np.testing.assert_array_equal(_fed(driver(), pieces), _fed(driver(), [stream]))


@pytest.mark.parametrize("driver", STREAMS, ids=lambda driver: driver.name)
@pytest.mark.parametrize(
    "piece", [b"\x05" * 500, b"0" * 500, b"\n0", b"\xf5" * 500, _motherboard_line(0) * 9]
)
def test_an_endless_stream_takes_no_memory(driver: Callable[[], Driver], piece: bytes) -> None:
    fed = driver()
    for _ in range(500):
        with contextlib.suppress(PacketError):
            fed.feed(piece)
    assert len(pickle.dumps(fed)) < 10_000


def test_gaps_on_purpose_cost_a_rejection_and_no_memory() -> None:
    driver = Motherboard()
    driver.feed(_TABLE)
    rejected = 0
    for number in range(0, 60_000, 100):
        lines = (_motherboard_line(0)[4:] for _ in range(10))
        piece = b"".join(
            (number + 10 * n).to_bytes(2, "little").hex().encode() + rest for n, rest in enumerate(lines)
        )
        try:
            driver.feed(piece)
        except PacketError:
            rejected += 1
        assert len(pickle.dumps(driver)) < 10_000
    assert rejected
