"""All that GripHub says over MQTT, as data: what is sent where, by whom, and how. docs/mqtt.md explains it.

``python -m griphub.hub.wire FOLDER`` writes a JSON Schema for each message and an AsyncAPI 3 document; they
are in docs/wire/, and a test fails when they are older than the models.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from .. import __version__
from .delivery.publisher import Ack
from .homeassistant.discovery import ToolState
from .live import LiveFrame, Watch
from .program.consent_post import SealedText
from .program.letter import LetterTaken, SealedLetter
from .records.event import Event

Party = Literal["hub", "ingest", "dashboard", "homeassistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """A kind of message.

    Attributes
    ----------
    model : type
        Its payload.
    address : str
        Its topic, with ``{parameters}``.
    sender, receiver : Party
    qos : int
    retained : bool
        Whether the broker keeps the last one for whoever subscribes later.
    """

    model: type[BaseModel]
    address: str
    sender: Party
    receiver: Party
    qos: Literal[0, 1]
    retained: bool = False

    @property
    def schema(self) -> str:
        """What its ``schema`` field says, such as ``squeeze/1``."""
        return str(self.model.model_fields["schema_"].default)

    @property
    def name(self) -> str:
        """The same as a name for files and channels, such as ``squeeze-1``."""
        return self.schema.replace("/", "-")


def _event(model: type[BaseModel]) -> Message:
    kind = str(model.model_fields["schema_"].default).split("/")[0]
    return Message(model, f"griphub/v1/{{site}}/{{hub}}/event/{kind}", "hub", "ingest", 1)


MESSAGES: Final = (
    *(_event(model) for model in get_args(Event)),
    Message(Ack, "griphub/v1/{site}/{hub}/ack", "ingest", "hub", 1),
    Message(LiveFrame, "griphub/v1/{site}/{hub}/live/{tool}", "hub", "dashboard", 0),
    Message(SealedLetter, "griphub/v1/{site}/{hub}/program/{child}", "ingest", "hub", 1, retained=True),
    Message(SealedText, "griphub/v1/{site}/{hub}/message/consent", "ingest", "hub", 1, retained=True),
    Message(LetterTaken, "griphub/v1/{site}/{hub}/program_ack/{child}", "hub", "ingest", 1, retained=True),
    Message(Watch, "griphub/v1/{site}/watch", "dashboard", "hub", 0),
    Message(
        ToolState,
        "griphub/v1/{site}/{hub}/homeassistant/{tool}/state",
        "hub",
        "homeassistant",
        1,
        retained=True,
    ),
)

_PARAMETERS: Final = {
    "site": "The home or ward.",
    "hub": "One of its hubs.",
    "tool": "The tool's id.",
    "child": "The child's pseudonymous id.",
}
_IDS: Final = "a-z, 0-9, - and _, at most 48 of them"


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema (2020-12) of each message, by the message's name."""
    found = {}
    for message in MESSAGES:
        schema = message.model.model_json_schema()
        _tidy(schema)
        found[message.name] = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
    return found


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document, from a hub's point of view."""
    models: list[tuple[type[BaseModel], Literal["validation"]]] = [(m.model, "validation") for m in MESSAGES]
    references, definitions = models_json_schema(models, ref_template="#/components/schemas/{model}")
    components = definitions["$defs"]
    for schema in components.values():
        _tidy(schema)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "GripHub over MQTT",
            "version": __version__,
            "description": "What a hub and its clinic say to each other, as the hub sees it.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "home": {
                "host": "localhost:18830",
                "protocol": "mqtt",
                "protocolVersion": "3.1.1",
                "description": "The broker that `griphub up` runs for a home; a clinic has its own.",
                "security": [{"$ref": "#/components/securitySchemes/user"}],
            }
        },
        "channels": {message.name: _channel(message) for message in MESSAGES},
        "operations": {_verb(message) + "-" + message.name: _operation(message) for message in MESSAGES},
        "components": {
            "securitySchemes": {"user": {"type": "userPassword"}},
            "messages": {
                message.name: {
                    "name": message.schema,
                    "summary": _summary(message.model),
                    "contentType": "application/json",
                    "payload": references[(message.model, "validation")],
                }
                for message in MESSAGES
            },
            "schemas": components,
        },
    }


def _channel(message: Message) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": message.address,
        "description": f"From {message.sender} to {message.receiver}.",
        "messages": {message.name: {"$ref": f"#/components/messages/{message.name}"}},
    }
    parameters = [name for name in _PARAMETERS if f"{{{name}}}" in message.address]
    return channel | {
        "parameters": {name: {"description": f"{_PARAMETERS[name]} {_IDS}."} for name in parameters}
    }


def _verb(message: Message) -> Literal["send", "receive"]:
    return "send" if message.sender == "hub" else "receive"


def _operation(message: Message) -> dict[str, Any]:
    return {
        "action": _verb(message),
        "channel": {"$ref": f"#/channels/{message.name}"},
        "bindings": {"mqtt": {"qos": message.qos, "retain": message.retained, "bindingVersion": "0.2.0"}},
    }


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n")[0]


def _tidy(schema: dict[str, Any]) -> None:
    """Ask for ``schema``, which has a default in the model only so that we need not write it each time."""
    for part in (schema, *schema.get("$defs", {}).values()):
        if "schema" in part.get("properties", {}):
            part["required"] = ["schema", *part.get("required", [])]
            part["properties"]["schema"].pop("default", None)


def files() -> Iterator[tuple[str, str]]:
    """Name and text of every file in docs/wire/."""
    for name, schema in schemas().items():
        yield f"{name}.schema.json", _text(schema)
    yield "asyncapi.json", _text(asyncapi())


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    """Write all files, and remove those of messages that there are no longer."""
    folder.mkdir(parents=True, exist_ok=True)
    written = dict(files())
    for old in set(folder.glob("*.json")) - {folder / name for name in written}:
        old.unlink()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
