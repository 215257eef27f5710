"""A capture says what a tool said, and not which tool it was."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from griphub.firmware_bridge import profile
from griphub.firmware_bridge.adapter import Adapter
from griphub.firmware_bridge.capture import (
    Capture,
    CaptureError,
    Event,
    Mask,
    What,
    read_capture,
    write_capture,
)
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.discovery import Advertisement
from griphub.firmware_bridge.drivers.progressor import Progressor
from griphub.firmware_bridge.drivers.wh_c06 import WhC06
from griphub.firmware_bridge.errors import UnsupportedTool
from griphub.firmware_bridge.packets import ToolInfo
from griphub.firmware_bridge.playback import play_back
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.firmware_bridge.recorder import Recorder

ADDRESS = "D9:3F:0E:A8:E5:F3"


def advertised(name: str, **more) -> Advertisement:
    return Advertisement(name=name, address=ADDRESS, rssi_dbm=-50, is_grip_tool=not more, **more)


async def test_nothing_in_it_says_which_tool_it_was(air, adapter: Adapter, tmp_path: Path) -> None:
    tool = air.tool("ball3f2a", air.play(60))
    heard: asyncio.Queue = asyncio.Queue()
    async with adapter.listening(lambda device, data: heard.put_nowait((device, data))):
        device, data = await asyncio.wait_for(heard.get(), 5)
    recorder = Recorder(device, Advertisement.of(device, data), adapter, HostClock())
    async with recorder.client as client:
        blocks = [block async for block in client.samples()]
    capture, file = recorder.capture(), tmp_path / "ball.jsonl"
    write_capture(file, capture)
    assert read_capture(file) == capture
    again = play_back(capture)
    assert [b.values.tolist() for b in again.blocks] == [b.values.tolist() for b in blocks if len(b)]
    assert capture.summary["samples"] == 60 and capture.simulated
    written, octets = file.read_text().lower(), bytes.fromhex(device.address.replace(":", ""))
    identities = [b"ball3f2a", octets, octets[::-1], tool.boot_id.to_bytes(4, "little")]
    for found in ["ball3f2a", device.address.lower(), *(known.hex() for known in identities)]:
        assert found not in written


def test_a_mask_is_the_same_all_through_and_another_in_the_next_capture() -> None:
    masks = [Mask(ADDRESS, None) for _ in range(2)]
    names = [mask.name(advertised("ball3f2a")) for mask in masks]
    assert names[0] != names[1]
    assert masks[0].value(profile.SERIAL_NUMBER, b"ball3f2a") == names[0].encode()
    info = bytes(ToolInfo(WireKind.BALL, 7, 100, WireUnit.NEWTON))
    first, again = (masks[0].value(profile.TOOL_INFO, info) for _ in range(2))
    assert first == again and ToolInfo.from_bytes(first).boot_id != 7
    assert masks[0].value(profile.TOOL_INFO, b"\x09") == b"\x09"  # what is broken stays broken


def test_a_masked_name_is_still_recognised() -> None:
    service = frozenset({"7e4e1701-1ea6-40c9-9dcc-13d34ffead57"})
    found = advertised("Progressor_2718", service_uuids=service)
    name = Mask(ADDRESS, Progressor).name(found)
    assert "2718" not in name
    assert Progressor.matches(advertised(name, service_uuids=service))


def test_an_address_inside_a_packet_is_masked_in_either_order() -> None:
    octets = bytes.fromhex(ADDRESS.replace(":", ""))
    mask = Mask(ADDRESS, WhC06)
    for order in (octets, octets[::-1]):
        masked = mask.value("256", b"\x02\x03\x11" + order + b"\x01")
        assert masked[:3] == b"\x02\x03\x11" and masked[-1:] == b"\x01" and len(masked) == 10
        assert order not in masked


def test_a_capture_of_nobody_knows_what_is_refused() -> None:
    with pytest.raises(UnsupportedTool):
        play_back(Capture("griptastic", "x"))


def test_broken_answers_and_packets_in_it_are_counted() -> None:
    events = (
        Event(0.0, What.NOTIFY, profile.CONTROL_POINT, b"\x80"),
        Event(0.1, What.READ, profile.TOOL_INFO, b""),
        Event(0.2, What.NOTIFY, profile.FORCE_STREAM, b"\xff"),
    )
    assert play_back(Capture("griphub", "x", events=events)).rejected == 1


GOOD = [{"griphub_capture": 1, "driver": "griphub", "name": "x", "service_uuids": []}, {"summary": {}}]


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ([], 0),
        ([{}], 1),
        ([{"griphub_capture": 2}], 1),
        ([GOOD[0]], 1),
        ([GOOD[0], {"t_s": 0, "notify": "a", "data": "0"}, GOOD[1]], 2),
        ([GOOD[0], {"t_s": 0, "notify": 3, "data": ""}, GOOD[1]], 2),
        ([GOOD[0], {"t_s": 0, "shout": "a", "data": ""}, GOOD[1]], 2),
        ([GOOD[0], [], GOOD[1]], 2),
        ([GOOD[1]], 1),
    ],
)
def test_what_is_no_capture_is_refused_with_its_line(tmp_path: Path, lines: list, line: int) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in lines))
    with pytest.raises(CaptureError) as refused:
        read_capture(file)
    assert refused.value.line == line


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary()
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).map(lambda row: json.dumps(GOOD[0]).encode() + b"\n" + json.dumps(row).encode())
)
def test_no_file_breaks_the_reader(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "any.jsonl"
    file.write_bytes(data)
    with pytest.raises(CaptureError):
        read_capture(file)
