"""The documents in docs/wire/ say what is sent, and every version within a major one reads every other."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from griphub.hub import wire
from griphub.hub.records.event import Event, decode

from . import pin

DOCS = Path(__file__).parents[2] / "docs" / "wire"
BY_NAME = {message.name: message for message in wire.MESSAGES}
PINS = sorted(path for path in pin.PINNED.glob("*/*.json") if not path.name.endswith("schema.json"))


def _id(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_committed_documents_are_those_of_the_models() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.json")}
    assert committed == dict(wire.files()), "run `make schemas` and commit docs/wire"


def test_names_and_topics_are_told_apart() -> None:
    assert len(BY_NAME) == len(wire.MESSAGES)
    assert len({message.address for message in wire.MESSAGES}) == len(wire.MESSAGES)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from _references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _references(inner)


def test_the_asyncapi_document_holds_together() -> None:
    document = wire.asyncapi()
    assert document["asyncapi"] == "3.0.0" and document["info"]["title"] and document["info"]["version"]
    references = list(_references(document))
    assert references
    for reference in references:
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]  # raises where it leads nowhere
    for channel in document["channels"].values():
        for name in ("site", "hub", "tool"):
            assert (f"{{{name}}}" in channel["address"]) == (name in channel["parameters"])
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive") and operation["bindings"]["mqtt"]["qos"] in (0, 1)
    if official := os.environ.get("GRIPHUB_TEST_ASYNCAPI"):  # schemas/3.0.0.json of npm's @asyncapi/specs
        schema = _load(Path(official))
        jsonschema.validators.validator_for(schema)(schema).validate(document)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_schema_is_valid_and_says_no_to_what_the_model_refuses(name: str) -> None:
    schema = wire.schemas()[name]
    checker = jsonschema.Draft202012Validator
    checker.check_schema(schema)
    model = BY_NAME[name].model
    for payload in (pin.minimal(model), pin.maximal(model)):
        checker(schema).validate(payload)
        assert not checker(schema).is_valid(payload | {"schema": "other/1"})
        assert not checker(schema).is_valid({key: payload[key] for key in payload if key != "schema"})


@pytest.mark.parametrize("name", BY_NAME)
def test_every_message_is_pinned(name: str) -> None:
    for ending in ("minimal.json", "maximal.json", "schema.json"):
        assert (pin.folder() / f"{name}.{ending}").exists(), "run `python tests/wire/pin.py` and commit it"


@pytest.mark.parametrize("path", PINS, ids=_id)
def test_what_an_older_version_sends_is_read_and_nothing_of_it_is_lost(path: Path) -> None:
    sent = _load(path)
    message = BY_NAME[path.name.split(".")[0]]
    if message.address.split("/")[-2] == "event":
        read: Any = decode(path.read_bytes())
        assert read.topic() == message.address.format(site=sent["site"], hub=sent["hub"])
    else:
        read = message.model.model_validate_json(path.read_bytes())
    again = read.model_dump(by_alias=True, mode="json")
    model = message.model.model_validate(sent)
    assert set(sent) <= set(again), "a field was taken away: that takes a new schema version"
    assert read == model
    for field, value in sent.items():
        assert _same(again[field], value), f"{field} is read as something else"


def _same(read: Any, sent: Any) -> bool:
    if isinstance(sent, str) and isinstance(read, str) and "T" in sent and ":" in sent:
        return datetime.fromisoformat(read) == datetime.fromisoformat(sent)
    if isinstance(sent, dict) and isinstance(read, dict):  # a part may have grown as the whole may
        return all(name in read and _same(read[name], value) for name, value in sent.items())
    return bool(read == sent)


@pytest.mark.parametrize("path", sorted(pin.PINNED.glob("*/*.schema.json")), ids=_id)
def test_what_this_version_sends_is_read_by_older_ones(path: Path) -> None:
    """An older version ignores fields that it does not know, and reads the others by its own schema."""
    message = BY_NAME[path.name.split(".")[0]]
    old = jsonschema.Draft202012Validator(_load(path))
    payloads = [pin.minimal(message.model), pin.maximal(message.model)]
    true = pin.true_events().get(message.schema)
    payloads += [json.loads(true.model_dump_json(by_alias=True))] if true else []
    for payload in payloads:
        old.validate(payload)
    for definition, values in _load(path).get("$defs", {}).items():
        now = wire.schemas()[message.name]["$defs"].get(definition, {})
        added = set(now.get("enum", [])) - set(values.get("enum", []))
        assert not added or "enum" not in values, (
            f"{definition} may now be {added}, which older versions refuse: that takes a new schema version"
        )


def test_each_event_is_on_the_wire() -> None:
    assert set(get_args(Event)) <= {message.model for message in wire.MESSAGES}
