"""Events on the wire."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.hub.delivery.publisher import Ack
from griphub.hub.errors import PayloadError
from griphub.hub.live import LiveFrame
from griphub.hub.records.event import decode, encode
from griphub.hub.records.session import SqueezeCounted


def test_an_event_comes_back_as_it_was(squeeze: Callable[[int], SqueezeCounted]) -> None:
    event = squeeze(3)
    assert decode(encode(event)) == event
    assert event.topic() == "griphub/v1/home/hub/event/squeeze"


def test_a_later_minor_version_may_add_fields(squeeze: Callable[[int], SqueezeCounted]) -> None:
    payload = json.loads(encode(squeeze(0))) | {"mood": "sunny"}
    assert decode(json.dumps(payload).encode()) == squeeze(0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema": "squeeze/2"}, "schema"),
        ({"peak": "NaN"}, "peak"),
        ({"measured_at": "2026-01-01T00:00:00"}, "measured_at"),
        ({"child_id": "Mia Müller"}, "child_id"),
        ({"site": "a/b"}, "site"),
        ({"number": 0}, "number"),
    ],
)
def test_a_wrong_field_is_named(
    squeeze: Callable[[int], SqueezeCounted], change: dict[str, object], reason: str
) -> None:
    payload = json.loads(encode(squeeze(0))) | change
    with pytest.raises(PayloadError, match=reason):
        decode(json.dumps(payload).encode())


@given(st.binary(max_size=300) | st.text().map(str.encode))
def test_any_bytes_are_an_event_or_a_payload_error(payload: bytes) -> None:
    with pytest.raises(PayloadError):
        decode(payload)


def test_every_payload_names_its_schema(squeeze: Callable[[int], SqueezeCounted]) -> None:
    event = squeeze(0)
    live = LiveFrame(**event.model_dump(include=set(LiveFrame.model_fields)))
    ack = Ack(event_ids=(event.event_id,))
    payloads = [encode(event), live.model_dump_json(by_alias=True), ack.model_dump_json(by_alias=True)]
    assert [json.loads(payload)["schema"] for payload in payloads] == ["squeeze/1", "live/1", "ack/1"]
