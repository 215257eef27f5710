"""The rules of Home Assistant's MQTT device discovery, as far as GripHub uses it, as a JSON Schema.

Written from Home Assistant's documentation of the MQTT integration and of its sensor, binary sensor and
button platforms, and compared with the schemas of its release 2026.2. Stricter than those: what is ignored
there is refused here.
"""

from typing import Any

TOPIC = {"type": "string", "pattern": r"^[^#+\u0000]+$"}  # none of ours has a wildcard
TEMPLATE = {"type": "string", "pattern": r"\{\{.*\}\}"}
TEXT = {"type": "string", "minLength": 1}

AVAILABILITY: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "topic": TOPIC,
            "payload_available": TEXT,
            "payload_not_available": TEXT,
            "value_template": TEMPLATE,
        },
        "required": ["topic"],
        "additionalProperties": False,
    },
}

#: Keys of every entity.
ENTITY: dict[str, Any] = {
    "unique_id": {"type": "string", "pattern": "^[a-z0-9_-]+$"},
    "name": {"type": ["string", "null"], "minLength": 1},
    "icon": {"type": "string", "pattern": "^mdi:[a-z0-9-]+$"},
    "entity_category": {"enum": ["config", "diagnostic"]},
    "enabled_by_default": {"type": "boolean"},
    "availability": AVAILABILITY,
    "availability_mode": {"enum": ["all", "any", "latest"]},
    "json_attributes_topic": TOPIC,
    "json_attributes_template": TEMPLATE,
    "qos": {"enum": [0, 1, 2]},
}

#: Units that a device class of a sensor may have, and its state classes; `force` is not among them.
DEVICE_CLASSES: dict[str, tuple[list[str | None], list[str]]] = {
    "battery": (["%"], ["measurement"]),
    "signal_strength": (["dB", "dBm"], ["measurement"]),
    "pressure": (["Pa", "kPa", "hPa", "bar", "psi", "mmHg"], ["measurement"]),
    "timestamp": ([None], []),
}


def _platform(name: str, required: list[str], **keys: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"platform": {"const": name}} | ENTITY | keys,
        "required": ["platform", "unique_id", *required],
        "additionalProperties": False,
    }


def _class(device_class: str) -> dict[str, Any]:
    units, states = DEVICE_CLASSES[device_class]
    unit = {"unit_of_measurement": {"enum": units}} if units != [None] else {"unit_of_measurement": False}
    state = {"state_class": {"enum": states}} if states else {"state_class": False}
    return {
        "if": {"properties": {"device_class": {"const": device_class}}, "required": ["device_class"]},
        "then": {
            "properties": unit | state,
            "required": ["unit_of_measurement"] if units != [None] else [],
        },
    }


SENSOR = _platform(
    "sensor",
    ["value_template"],
    state_topic=TOPIC,
    value_template=TEMPLATE,
    device_class={"enum": list(DEVICE_CLASSES)},
    unit_of_measurement=TEXT,
    state_class={"enum": ["measurement", "total", "total_increasing"]},
    suggested_display_precision={"type": "integer", "minimum": 0},
    expire_after={"type": "integer", "minimum": 1},
    force_update={"type": "boolean"},
) | {"allOf": [_class(name) for name in DEVICE_CLASSES]}

BINARY_SENSOR = _platform(
    "binary_sensor",
    [],
    state_topic=TOPIC,
    value_template=TEMPLATE,
    device_class={"enum": ["connectivity", "battery", "problem", "running"]},
    payload_on=TEXT,
    payload_off=TEXT,
    expire_after={"type": "integer", "minimum": 1},
    off_delay={"type": "integer", "minimum": 1},
)

BUTTON = _platform(
    "button",
    ["command_topic"],
    command_topic=TOPIC,
    command_template=TEMPLATE,
    payload_press=TEXT,
    retain={"const": False},  # a kept press would be pressed again at each connection
    device_class={"enum": ["identify", "restart", "update"]},
)

#: A component that is taken away has its platform only.
REMOVED = {
    "type": "object",
    "properties": {"platform": {"enum": ["sensor", "binary_sensor", "button"]}},
    "required": ["platform"],
    "additionalProperties": False,
}

DEVICE_DISCOVERY: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "device": {
            "type": "object",
            "properties": {
                "identifiers": {"type": "array", "items": TEXT, "minItems": 1},
                "connections": {"type": "array"},
                "name": TEXT,
                "manufacturer": TEXT,
                "model": TEXT,
                "model_id": TEXT,
                "hw_version": TEXT,
                "sw_version": TEXT,
                "serial_number": TEXT,
                "suggested_area": TEXT,
                "via_device": TEXT,
                "configuration_url": {"type": "string", "pattern": "^(https?|homeassistant)://"},
            },
            "required": ["identifiers", "name"],
            "additionalProperties": False,
        },
        "origin": {
            "type": "object",
            "properties": {
                "name": TEXT,
                "sw_version": TEXT,
                "support_url": {"type": "string", "pattern": "^https?://"},
            },
            "required": ["name"],
            "additionalProperties": False,
        },
        "components": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"oneOf": [SENSOR, BINARY_SENSOR, BUTTON, REMOVED]},
        },
        "availability": AVAILABILITY,
        "availability_mode": {"enum": ["all", "any", "latest"]},
        "state_topic": TOPIC,
        "command_topic": TOPIC,
        "qos": {"enum": [0, 1, 2]},
        "encoding": TEXT,
    },
    "required": ["device", "origin", "components"],
    "additionalProperties": False,
}
