"""What is fuzzed: one function of bytes for everything that reads what a stranger wrote.

A target returns for any bytes, nonsense being refused with the error that is meant for it, and checks what
must hold of whatever was accepted. Hypothesis and atheris drive the same functions.
"""

import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bumble import hci
from bumble.device import Advertisement as BumbleAdvertisement

from griphub.firmware_bridge.bumble_backend import BumbleScanner
from griphub.firmware_bridge.capture import CaptureError, read_capture, write_capture
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.commands import Command, Response, Sending, StoredEntry
from griphub.firmware_bridge.discovery import MAX_NAME, Advertisement
from griphub.firmware_bridge.drivers.contract import Driver
from griphub.firmware_bridge.drivers.registry import DRIVERS, driver_for
from griphub.firmware_bridge.drivers.timeline import Timeline
from griphub.firmware_bridge.errors import PacketError, UnsupportedTool
from griphub.firmware_bridge.packets import U32, ForcePacket, StoredPacket, ToolInfo
from griphub.firmware_bridge.samples import SampleBlock
from griphub.firmware_bridge.stored import SessionFetch
from griphub.firmware_bridge.stream import StreamAssembler
from griphub.hub.errors import PayloadError
from griphub.hub.records.event import decode, encode
from griphub.hub.waveform import decode_samples
from griphub.simulators.recording import RecordingError, read_recording

Target = Callable[[bytes], None]

#: An event of a made-up history: its kind, its length, and as many bytes.
_EVENT = struct.Struct("BB")


def events(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut bytes into events, for targets that remember."""
    while len(data) >= _EVENT.size:
        kind, size = _EVENT.unpack_from(data)
        yield kind, data[_EVENT.size :][:size]
        data = data[_EVENT.size + size :]


def history(*happened: tuple[int, bytes]) -> bytes:
    """Write down events as `events` reads them."""
    return b"".join(_EVENT.pack(kind, len(data)) + data for kind, data in happened)


def _packet(reader: Any) -> Target:
    def target(data: bytes) -> None:
        try:
            packet = reader.from_bytes(data)
        except PacketError as error:
            assert error.reason and len(error.data) <= 64
        else:
            assert reader.from_bytes(bytes(packet)) == packet

    return target


def _check(blocks: list[SampleBlock]) -> None:
    """What holds of the blocks of one stream, whoever sent it."""
    for block in blocks:
        assert block.values.ndim == 1
        assert block.t_s.shape == block.values.shape == block.clipped.shape
        assert np.isfinite(block.t_s).all() and np.all(np.diff(block.t_s) > 0)
        assert block.lost >= 0
    for before, after in pairwise(blocks):
        assert after.first_index == before.end_index + after.lost


def _driver(driver: type[Driver]) -> Target:
    def target(data: bytes) -> None:
        reads = driver()
        timeline = Timeline("tool", driver.capabilities.rate_hz, HostClock())
        arrived_s, blocks = 0.0, []
        for kind, packet in events(data):
            arrived_s += 0.02
            which = driver.notify[kind % len(driver.notify)] if driver.notify else ""
            with suppress(PacketError):
                reading = reads.feed(packet, which)
                if reading is not None:
                    assert reading.rejected >= 0
                    assert reading.battery_percent is None or 0 <= reading.battery_percent <= 100
                    block = timeline.block(reading, arrived_s)
                    blocks += [block] if block is not None else []
        _check(blocks)

    return target


#: A packet of a made-up stream that hangs together: how far its index and its tick are from what is due, how
#: many samples, and what is peculiar about it.
_STEP = struct.Struct("<hiBB")
_PERIOD = 1000


def _near(step: bytes, due: int, tick: int) -> ForcePacket:
    """A packet that is, or nearly is, the next one."""
    index_off, tick_off, n, peculiar = _STEP.unpack_from(step)
    raw = tuple(range(n % 12))
    return ForcePacket(
        (due + index_off) % U32, (tick + tick_off) % U32, raw, period_ticks=_PERIOD, end=peculiar == 1
    )


def _stream(data: bytes) -> None:
    """Force Stream: packets, and reconnections in the same life of the tool or in another one."""
    assembler = StreamAssembler("tool", HostClock())
    assembler.started(0, 0, 0)
    life: list[SampleBlock] = []
    for kind, piece in events(data):
        due, tick = assembler.next_index, (assembler.next_index * _PERIOD) % U32
        if kind % 4 == 0:
            block = assembler.feed(piece, arrived_s=0.0)
        elif len(piece) < _STEP.size:
            continue
        elif kind % 4 == 1:
            block = assembler.feed(bytes(_near(piece, due, tick)), arrived_s=0.0)
        else:
            told, before = _near(piece, due, tick), (assembler.boot_id, due)
            assembler.started(kind // 128, told.index, told.tick, told.tick, arrived_s=0.0)
            if (assembler.boot_id, assembler.next_index) != before:
                life.clear()  # another one, or a tool that goes back behind its own word
            continue
        assert assembler.next_index >= due
        if block is not None:  # an empty one tells of a loss
            life.append(block)
    _check(life)


def _handover(data: bytes) -> None:
    """A stored session: packets, new fetches and newer entries, in any order."""
    entry = StoredEntry(session=7, boot_id=1, first_index=1000, samples=500)
    fetch = SessionFetch("tool", entry)
    for kind, piece in events(data):
        due, end = fetch.next_index, fetch.end_index
        if kind % 4 == 0:
            fetch.feed(piece)
        elif len(piece) < _STEP.size:
            continue
        else:
            near = _near(piece, due, (due * _PERIOD) % U32)
            if kind % 4 == 1:
                took = fetch.feed(bytes(StoredPacket(7 + (kind > 250), near)))
                assert took == (fetch.next_index > due)
            elif kind % 4 == 2:
                fetch.started(Sending(near.index, near.tick, near.tick, 7))
            else:
                newer = StoredEntry(7, 1 + (kind > 250), near.index, len(near.raw), running=near.end)
                assert fetch.goes_on(newer) == (newer.boot_id == 1)
        assert due <= fetch.next_index <= max(end, fetch.end_index)
        assert fetch.complete == (fetch.next_index >= fetch.end_index)
    session = fetch.session()
    _check(list(session.blocks))
    assert sum(len(block) for block in session.blocks) + session.lost == fetch.next_index - 1000
    assert sum(block.lost for block in session.blocks) <= session.lost


def _advertisement(data: bytes) -> None:
    heard: list[Advertisement] = []

    def hear(device: BLEDevice, said: AdvertisementData) -> None:
        heard.append(Advertisement.of(device, said))

    scanner = BumbleScanner(hear, None, "active", bumble=_RADIO)
    scanner.seen_devices = {}
    address = hci.Address("C0:00:00:00:00:01", hci.Address.RANDOM_DEVICE_ADDRESS)
    scanner._on_advertisement(BumbleAdvertisement(address, data_bytes=data))
    for advertisement in heard:
        assert len(advertisement.name) <= MAX_NAME and advertisement.name.isprintable()
        with suppress(UnsupportedTool):
            driver_for(advertisement)


def _event(data: bytes) -> None:
    with suppress(PayloadError):
        event = decode(data)
        assert decode(encode(event)) == event


def _samples(data: bytes) -> None:
    with suppress(PayloadError):
        t_s, values = decode_samples(data.decode("latin-1"))
        assert t_s.shape == values.shape


def _recording(data: bytes) -> None:
    with _file(data) as path, suppress(RecordingError):
        play = read_recording(path)
        assert play.raw().shape == play.ticks().shape == play.values.shape


def _capture(data: bytes) -> None:
    with _file(data) as path, suppress(CaptureError):
        capture = read_capture(path)
        write_capture(path, capture)
        assert read_capture(path).events == capture.events


@contextmanager
def _file(data: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        yield path


class _Radio:
    name = "fuzz"


_RADIO: Any = _Radio()

TARGETS: dict[str, Target] = {
    "force_packet": _packet(ForcePacket),
    "stored_packet": _packet(StoredPacket),
    "tool_info": _packet(ToolInfo),
    "command": _packet(Command),
    "response": _packet(Response),
    "stream": _stream,
    "handover": _handover,
    "advertisement": _advertisement,
    "event": _event,
    "samples": _samples,
    "recording": _recording,
    "capture": _capture,
    **{driver.name: _driver(driver) for driver in DRIVERS},
}
