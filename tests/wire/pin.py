"""Pins what the present version sends, so that later ones can be held against it.

``python tests/wire/pin.py`` writes ``pinned/v0.1/…`` for the version in ``griphub.__version__``: of each
message a payload with only what must be there, one with everything, its JSON Schema, and of events one from a
true session. It never changes a file that is there: what was released stays what it was. A message that was
never released may be pinned anew by deleting its files first.
"""

import json
import types
from datetime import date, datetime
from enum import EnumMeta
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

import numpy as np
from pydantic import BaseModel

import griphub
from griphub.firmware_bridge.samples import SampleBlock, ToolKind, Unit
from griphub.hub import wire
from griphub.hub.records.event import Event, encode
from griphub.hub.records.vocabulary import Hand, Source
from griphub.hub.session.tracker import SessionTracker
from griphub.hub.waveform import encode_samples

PINNED = Path(__file__).parent / "pinned"
ID = UUID("6f1f0a0e-8a51-4d6c-9d0b-2f5a6a1c0b11")
SITE = {"site": "home-17", "hub": "hub_1", "child_id": "c-4f21", "tool_id": "ball3f2a"}
ITEM = {
    "item_id": "putty-left",
    "activity_id": "squeeze-putty",
    "photo": "ph-abc",
    "message_id": "fn-abc",
    "topic": "faces",
}
PICTURE = {"picture_id": "ph-abc", "version_id": "pv-abc", "sha256": "0" * 64}
WHO = {"account": "a-77aa", "to_child": "c-9b0c", "version": "2026-11", "consent_text": "2026-11"}


def folder() -> Path:
    """Where the present version is pinned: patch releases send what their minor version sends."""
    return PINNED / ("v" + ".".join(griphub.__version__.split(".")[:2]))


def minimal(model: type[BaseModel]) -> dict[str, Any]:
    """A payload with the required fields only."""
    return _payload(model, lambda field: field.is_required())


def maximal(model: type[BaseModel]) -> dict[str, Any]:
    """A payload with every field, none at its default."""
    return _payload(model, lambda _: True)


def _payload(model: type[BaseModel], wanted: Any) -> dict[str, Any]:
    payload = {
        field.alias or name: _value(name, field.annotation, field.default)
        for name, field in model.model_fields.items()
        if name == "schema_" or wanted(field)
    }
    return model.model_validate(payload).model_dump(
        mode="json", by_alias=True, include=_names(model, payload)
    )


def _names(model: type[BaseModel], payload: dict[str, Any]) -> set[str]:
    return {name for name, field in model.model_fields.items() if (field.alias or name) in payload}


def _value(name: str, kind: Any, default: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    known: Any = None
    if origin in (Union, types.UnionType):  # of an optional field, the value
        known = _value(name, next(part for part in inner if part is not type(None)), default)
    elif origin is tuple:
        known = [_value(name, inner[0], None)] * 2
    elif origin in (list, set, frozenset):
        known = [_value(name, inner[0], None)]
    elif origin is dict:
        key = list(inner[0])[-1].value if isinstance(inner[0], EnumMeta) else "key"
        known = {key: _value(name, inner[1], None)}
    elif origin is Literal:
        known = inner[-1]
    elif isinstance(kind, EnumMeta):
        known = list(kind)[-1].value
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        known = maximal(kind)
    elif kind is bool:
        known = not default
    elif kind is UUID:
        known = str(ID)
    elif kind is int:
        known = 7
    elif kind is float:
        known = 1.25
    elif (isinstance(kind, type) and issubclass(kind, datetime)) or name.endswith("_at"):
        known = "2026-03-02T17:05:00.123456+01:00"
    elif isinstance(kind, type) and issubclass(kind, date):
        known = "2026-03-02"
    elif name == "data":
        known = encode_samples(np.array([0.0, 0.01]), np.array([1.0, np.nan]))
    else:
        known = (SITE | ITEM | WHO | PICTURE).get(name, "c-4f21" if name == "children" else "text-ü")
    return known


def true_events() -> dict[str, Event]:
    """The first event of each kind of a session with three squeezes."""
    t_s = np.arange(1500) / 100
    values = 20 * np.clip(np.sin(t_s * 2 * np.pi / 5), 0, None) + 0.3
    blocks = [
        SampleBlock(
            tool_id="ball3f2a",
            first_index=first,
            t_s=t_s[first : first + 10],
            values=values[first : first + 10],
            unit=Unit.NEWTON,
            fs_hz=100.0,
            lost=0,
            clipped=np.zeros(10, bool),
            utc_s=1_772_467_500.0 + first / 100,
        )
        for first in range(0, 1500, 10)
    ]
    about = {
        "tool_kind": ToolKind.BALL,
        "hand": Hand.LEFT,
        "source": Source.SIMULATED,
        "goal": 15,
        "boot_id": 1,
    }
    tracker, events = SessionTracker.begin(blocks[0], session_id=ID, firmware="1.4.0", **SITE, **about)
    for block in blocks:
        events += tracker.add(block)
    first: dict[str, Event] = {}
    for event in [*events, *tracker.end("idle")]:
        first.setdefault(event.schema_, event)
    return first


def main() -> None:
    """Write what is not there yet."""
    true = true_events()
    folder().mkdir(parents=True, exist_ok=True)
    for message in wire.MESSAGES:
        pins: dict[str, Any] = {
            "minimal.json": minimal(message.model),
            "maximal.json": maximal(message.model),
            "schema.json": wire.schemas()[message.name],
        }
        if message.schema in true:
            pins["true.json"] = json.loads(encode(true[message.schema]))
        for ending, content in pins.items():
            path = folder() / f"{message.name}.{ending}"
            if not path.exists():
                path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
