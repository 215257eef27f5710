"""What Home Assistant is told of a tool: one document for each device, and one of its present state.

The form is Home Assistant's *device discovery*, a retained JSON document on
``homeassistant/device/<id>/config`` (Home Assistant 2024.11 and newer;
https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload). A device is a tool and a hand. No
name of a child is in any of it.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ... import __version__
from ...firmware_bridge.samples import Unit
from ..config import Config
from ..records.ids import Id
from ..records.vocabulary import Hand

#: The state is told at least once in `REFRESH_S`. A value that was not told for `EXPIRE_S` is unavailable.
REFRESH_S: Final = 60.0
EXPIRE_S: Final = 300

#: What Home Assistant's button sends.
PRESS: Final = "PRESS"

ONLINE, OFFLINE = "online", "offline"

#: Home Assistant has no device class for force, and takes ``weight`` for mass; kPa it knows as pressure.
_PEAKS: Final[dict[Unit, dict[str, Any]]] = {
    Unit.NEWTON: {"name": "Peak force", "unit_of_measurement": "N"},
    Unit.KILOPASCAL: {"name": "Peak pressure", "unit_of_measurement": "kPa", "device_class": "pressure"},
    Unit.COUNT: {"name": "Peak reading, not calibrated", "unit_of_measurement": "counts"},
    Unit.UNKNOWN: {"name": "Peak reading, not calibrated"},
}


class ToolState(BaseModel):
    """What a tool's sensors in Home Assistant show."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    schema_: Literal["homeassistant_state/1"] = Field("homeassistant_state/1", alias="schema")
    tool_id: Id
    link: Literal["online", "offline"] = Field(description="whether the tool is connected")
    squeezing: bool = False
    squeezes_today: int = Field(0, ge=0, description="counted since midnight where the hub is")
    peak: float | None = Field(None, description="highest squeeze of the last session, in `unit`")
    unit: Unit | None = None
    last_session_at: AwareDatetime | None = Field(None, description="when the last session was over")
    battery: int | None = Field(None, ge=0, le=100, description="percent, when the tool was last connected")
    rssi: int | None = Field(None, description="dBm, when the tool was last heard; null if it is not near")
    tare: str | None = Field(None, max_length=250, description="what became of the last press of the button")
    tare_at: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A tool as it is announced.

    Attributes
    ----------
    title : str
        What a parent would call it, such as ``GripHub ball``.
    unit : Unit or None
        Of its results; None before the first.
    tare, battery : bool
        Whether it can be zeroed, tells its charge.
    """

    tool_id: str
    title: str
    hand: Hand
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    unit: Unit | None = None
    tare: bool = False
    battery: bool = False


def branch(config: Config) -> str:
    """All topics of ours that Home Assistant has to do with begin so."""
    return f"griphub/v1/{config.site}/{config.hub}/homeassistant"


def status_topic(config: Config) -> str:
    """Whether the hub is there: its last will."""
    return f"{branch(config)}/status"


def state_topic(config: Config, tool_id: str) -> str:
    """A tool's state."""
    return f"{branch(config)}/{tool_id}/state"


def tare_topic(config: Config, tool_id: str) -> str:
    """Where the button is pressed; ``+`` for every tool's."""
    return f"{branch(config)}/{tool_id}/tare"


def hub_id(config: Config) -> str:
    """The hub's id at Home Assistant."""
    return f"griphub_{config.site}_{config.hub}"


def config_topic(config: Config, tool_id: str | None) -> str:
    """Where a tool is announced; None for the hub itself."""
    name = hub_id(config) if tool_id is None else f"{hub_id(config)}_{tool_id}"
    return f"{config.homeassistant.prefix}/device/{name}/config"


def hub_document(config: Config) -> str:
    """Announce the hub, through which the tools are reached."""
    return json.dumps(
        {
            "device": {
                "identifiers": [hub_id(config)],
                "name": "GripHub",
                "manufacturer": "GripHub",
                "sw_version": __version__,
            },
            "origin": _ORIGIN,
            "components": {
                "connected": {
                    "platform": "binary_sensor",
                    "unique_id": f"{hub_id(config)}_connected",
                    "name": None,  # that of the device
                    "device_class": "connectivity",
                    "entity_category": "diagnostic",
                    "state_topic": status_topic(config),
                    "payload_on": ONLINE,
                    "payload_off": OFFLINE,
                }
            },
        }
    )


def tool_document(config: Config, device: Device) -> str:
    """Announce a tool.

    What it cannot carry is announced empty, which removes it where it was announced before.
    """
    here = {"topic": status_topic(config)}
    linked = [
        here,
        {"topic": state_topic(config, device.tool_id), "value_template": "{{ value_json.link }}"},
    ]
    only_linked = {"availability": linked, "availability_mode": "all"}
    peak = {"icon": "mdi:hand-back-right", "state_class": "measurement", "suggested_display_precision": 1}
    components: dict[str, dict[str, Any]] = {
        "squeezes": _sensor("squeezes_today", "Squeezes today", state_class="total_increasing")
        | {"icon": "mdi:counter"},
        "peak": _sensor("peak", "Peak") | peak | _PEAKS[device.unit] if device.unit else _no("sensor"),
        "last_session": _sensor("last_session_at", "Last session", device_class="timestamp"),
        "battery": _sensor(
            "battery",
            "Battery",
            device_class="battery",
            unit_of_measurement="%",
            state_class="measurement",
            entity_category="diagnostic",
        )
        if device.battery
        else _no("sensor"),
        "signal": _sensor(
            "rssi",
            "Signal strength",
            device_class="signal_strength",
            unit_of_measurement="dBm",
            state_class="measurement",
            entity_category="diagnostic",
        ),
        "squeezing": {
            "platform": "binary_sensor",
            "name": "Squeezing",
            "icon": "mdi:hand-clap",
            "value_template": "{{ 'ON' if value_json.squeezing else 'OFF' }}",
            "expire_after": EXPIRE_S,
        }
        | only_linked,
        "tare": {
            "platform": "button",
            "name": "Tare",
            "icon": "mdi:scale-balance",
            "entity_category": "config",
            "command_topic": tare_topic(config, device.tool_id),
            "payload_press": PRESS,
            "retain": False,
        }
        | only_linked
        if device.tare
        else _no("button"),
        "tare_result": _sensor("tare", "Last tare", entity_category="diagnostic")
        | {
            "icon": "mdi:scale-balance",
            "json_attributes_topic": state_topic(config, device.tool_id),
            "json_attributes_template": "{{ {'at': value_json.tare_at} | tojson }}",
        }
        if device.tare
        else _no("sensor"),
    }
    own = f"{hub_id(config)}_{device.tool_id}"
    for key, component in components.items():
        if len(component) > 1:
            component["unique_id"] = f"{own}_{key}"
    about = {"manufacturer": device.manufacturer, "model": device.model, "sw_version": device.firmware}
    return json.dumps(
        {
            "device": {
                "identifiers": [own],
                "name": f"{device.title}, {device.hand} hand",
                "serial_number": device.tool_id,
                "via_device": hub_id(config),
                **{key: value for key, value in about.items() if value},
            },
            "origin": _ORIGIN,
            "availability": [here],
            "state_topic": state_topic(config, device.tool_id),
            "qos": 1,
            "components": components,
        }
    )


_ORIGIN: Final = {
    "name": "GripHub",
    "sw_version": __version__,
    "support_url": "https://github.com/griphub/griphub",
}


def _sensor(field: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "platform": "sensor",
        "name": name,
        "value_template": f"{{{{ value_json.{field} }}}}",
        "expire_after": EXPIRE_S,
    } | more


def _no(platform: str) -> dict[str, Any]:
    return {"platform": platform}
