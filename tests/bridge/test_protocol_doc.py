"""The contract in docs/protocol.md says what the code does."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from griphub.firmware_bridge import profile
from griphub.firmware_bridge.commands import Command, Response, Sending, StoredEntry, StoredReport
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.packets import ForcePacket, StoredPacket, ToolInfo
from griphub.firmware_bridge.profile import Opcode, Status, StreamFlag, WireKind, WireUnit
from griphub.simulators.peripheral import advertisement

TEXT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
READERS: dict[str, Any] = {
    "Force packet": ForcePacket,
    "Stored packet": StoredPacket,
    "Tool Info": ToolInfo,
    "Command": Command,
    "Response": Response,
}


def rows(heading: str) -> list[list[str]]:
    """Cells of the table whose header starts with `heading`, without back-ticks."""
    table = re.search(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert table, f"no table {heading} in docs/protocol.md"
    return [[cell.strip(" `") for cell in line.strip("|\n").split("|")] for line in table[1].splitlines()]


def fields(values: dict[str, Any]) -> dict[str, Any]:
    """Turn a JSON cell into constructor arguments."""
    enums: dict[str, Any] = {"unit": WireUnit, "kind": WireKind, "status": Status}
    for key, value in values.items():
        if isinstance(value, list):
            values[key] = tuple(value)
        elif key in enums:
            values[key] = enums[key][value]
        elif key == "opcode" and isinstance(value, str):
            values[key] = Opcode[value]
        elif key == "force":
            values[key] = ForcePacket(**fields(value))
        elif key == "entry":
            values[key] = StoredEntry(**value)
        elif key == "tells":
            values[key] = (StoredReport if "sessions" in value else Sending)(**fields(value))
    return values


VECTORS = [(name, *row) for name in READERS for row in rows(name)]


@pytest.mark.parametrize(("name", "written", "described"), VECTORS)
def test_vector(name: str, written: str, described: str) -> None:
    packet = READERS[name](**fields(json.loads(described)))
    assert bytes(packet).hex(" ") == written
    assert READERS[name].from_bytes(bytes.fromhex(written)) == packet


def test_there_are_vectors_of_every_kind() -> None:
    assert {vector[0] for vector in VECTORS} == set(READERS)
    assert len(VECTORS) >= 25


@pytest.mark.parametrize(("written", "_because"), rows("Rejected force packet"))
def test_rejected_vector(written: str, _because: str) -> None:
    with pytest.raises(PacketError):
        ForcePacket.from_bytes(bytes.fromhex(written))


@pytest.mark.parametrize(("written", "described"), rows("Advertisement"))
def test_advertisement(written: str, described: str) -> None:
    state = json.loads(described)
    advert = advertisement(**state)
    data, scan_response = advert.data()
    assert data.hex(" ") == written
    assert (len(scan_response), advert.connectable) == (0, not state.get("held", False))
    assert len(data) <= 31


@pytest.mark.parametrize(("heading", "enum"), [("Unit", WireUnit), ("Status", Status)])
def test_numbers(heading: str, enum: Any) -> None:
    assert {int(number, 0): name for number, name in rows(heading)} == {e.value: e.name for e in enum}


def test_opcodes_and_flags() -> None:
    listed = {int(number, 16): name for number, name, *_ in rows("Opcode") if name}
    assert listed == {o.value: o.name for o in Opcode if o != Opcode.RESPONSE}
    assert {int(f, 16): name for f, name, _ in rows("Flag") if name} == {f.value: f.name for f in StreamFlag}


@pytest.mark.parametrize(
    ("heading", "tells"),
    [("START and FETCH tell", (Sending,)), ("REPORT tells", (StoredReport, StoredEntry))],
)
def test_what_answers_tell(heading: str, tells: tuple[Any, ...]) -> None:
    listed = {name: int(size) for name, size, _ in rows(heading)}
    names = [field.name for kind in tells for field in dataclasses.fields(kind)]
    plain = [name for name in names if name not in ("entry", "running", "cut")]
    assert [name for name in listed if name != "flags"] == plain
    assert sum(listed.values()) == sum(kind.LAYOUT.size for kind in tells)


def test_uuids() -> None:
    held = re.search(r"\| held: .*?`([0-9a-f-]{36})`", TEXT)
    assert held
    assert held[1] == profile.HELD_SERVICE
    constants = {"Grip": "GRIP_SERVICE", "Battery": "BATTERY_SERVICE"}
    constants["Device Information"] = "DEVICE_INFORMATION_SERVICE"
    listed = {name: uuid for name, uuid, *_ in [*rows("Service"), *rows("Characteristic")]}
    for name, uuid in listed.items():
        constant = getattr(profile, constants.get(name, name.upper().replace(" ", "_")))
        assert constant == (uuid if "-" in uuid else f"0000{uuid[2:].lower()}-0000-1000-8000-00805f9b34fb")
    assert len(listed) == 13
