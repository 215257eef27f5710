"""How tools and the hub are announced to Home Assistant."""

import json

import jsonschema
import pytest

from griphub.firmware_bridge.samples import Unit
from griphub.hub.config import Config
from griphub.hub.homeassistant.discovery import EXPIRE_S, REFRESH_S, Device, hub_document, tool_document
from griphub.hub.records.vocabulary import Hand

from .schema import DEVICE_DISCOVERY

DEVICES = [
    Device("ball01", "GripHub ball", Hand.LEFT),
    *(
        Device(
            "ball01", "GripHub ball", Hand.RIGHT, "GripHub", "Ball", "1.4.0", unit, tare=True, battery=True
        )
        for unit in Unit
    ),
    Device("squegg-1f", "Squegg", Hand.RIGHT, unit=Unit.UNKNOWN, battery=True),
]


@pytest.mark.parametrize("device", DEVICES, ids=lambda d: f"{d.tool_id}-{d.unit}")
def test_a_tool_is_announced_by_the_rules(config: Config, device: Device) -> None:
    document = json.loads(tool_document(config, device))
    jsonschema.Draft202012Validator(DEVICE_DISCOVERY).validate(document)
    parts = document["components"]
    present = {key for key, part in parts.items() if len(part) > 1}
    assert present >= {"squeezes", "last_session", "signal", "squeezing"}
    assert ("tare" in present, "battery" in present, "peak" in present) == (
        device.tare,
        device.battery,
        device.unit is not None,
    )
    ids = [part["unique_id"] for part in parts.values() if len(part) > 1]
    assert len(set(ids)) == len(ids) and all(device.tool_id in own for own in ids)
    assert all(parts[key]["expire_after"] == EXPIRE_S for key in present - {"tare"})
    assert EXPIRE_S > 2 * REFRESH_S, "one message that is lost makes nothing unavailable"
    assert not any(part.get("device_class") in ("weight", "force") for part in parts.values())


@pytest.mark.parametrize(
    ("unit", "name", "shown_as"),
    [
        (Unit.NEWTON, "Peak force", "N"),
        (Unit.KILOPASCAL, "Peak pressure", "kPa"),
        (Unit.COUNT, "Peak reading, not calibrated", "counts"),
        (Unit.UNKNOWN, "Peak reading, not calibrated", None),
    ],
)
def test_the_peak_says_honestly_what_it_is(config: Config, unit: Unit, name: str, shown_as: str) -> None:
    device = Device("ball01", "GripHub ball", Hand.LEFT, unit=unit)
    peak = json.loads(tool_document(config, device))["components"]["peak"]
    assert (peak["name"], peak.get("unit_of_measurement")) == (name, shown_as)


def test_the_hub_is_announced_by_the_rules(config: Config) -> None:
    document = json.loads(hub_document(config))
    jsonschema.Draft202012Validator(DEVICE_DISCOVERY).validate(document)
    tool = json.loads(tool_document(config, DEVICES[0]))
    assert tool["device"]["via_device"] in document["device"]["identifiers"]


def test_the_rules_can_be_broken(config: Config) -> None:
    validator = jsonschema.Draft202012Validator(DEVICE_DISCOVERY)
    for key, change in (
        ("peak", {"device_class": "force"}),
        ("peak", {"device_class": "pressure", "unit_of_measurement": "N"}),
        ("last_session", {"state_class": "measurement"}),
        ("battery", {"unit_of_measurement": "V"}),
        ("tare", {"retain": True}),
        ("squeezing", {"state_class": "measurement"}),
    ):
        document = json.loads(tool_document(config, DEVICES[1]))
        assert validator.is_valid(document)
        document["components"][key] |= change
        assert not validator.is_valid(document), (key, change)
