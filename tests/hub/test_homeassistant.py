"""The home's tools in Home Assistant, over real brokers: ours, and mosquitto, the usual one there."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import jinja2
import jsonschema
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.errors import ToolRefused
from griphub.firmware_bridge.link_state import LinkLog, LinkPhase, LinkState
from griphub.firmware_bridge.samples import Unit
from griphub.hub.config import Config
from griphub.hub.delivery import broker as home_broker
from griphub.hub.delivery import mqtt
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.errors import StoreError
from griphub.hub.homeassistant import bridge as bridge_module
from griphub.hub.homeassistant.bridge import Bridge, wanted
from griphub.hub.homeassistant.discovery import EXPIRE_S, REFRESH_S, Device, hub_document, tool_document
from griphub.hub.homeassistant.tally import Tally, midnight
from griphub.hub.live import LiveFrame
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.records.vocabulary import Hand
from griphub.hub.tools import FILE, ToolRegistry

from .homeassistant_schema import DEVICE_DISCOVERY
from .test_service import _running, _tools

Make = Callable[[int], SqueezeCounted]
CONFIG = "homeassistant/device/griphub_home_hub_ball01/config"
STATE = "griphub/v1/home/hub/homeassistant/ball01/state"
STATUS = "griphub/v1/home/hub/homeassistant/status"
TARE = "griphub/v1/home/hub/homeassistant/ball01/tare"
#: CI installs mosquitto, and fails without it.
BROKERS = ["nats", *(["mosquitto"] if shutil.which("mosquitto") or os.environ.get("CI") else [])]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_module, "BIRTH_S", 0.0)
    monkeypatch.setattr(bridge_module, "LOOK_S", 0.02)


@pytest.fixture(params=BROKERS)
def shown(request: pytest.FixtureRequest, config: Config, tmp_path: Path) -> Iterator[Config]:
    """A home whose tools are to be shown, and its broker."""
    home = Config(**(config.model_dump() | {"homeassistant": {"enabled": True}}))
    if request.param == "nats":
        process = subprocess.Popen(home_broker.command(home), stderr=subprocess.DEVNULL)
    else:
        settings = tmp_path / "mosquitto.conf"
        settings.write_text(f"listener {home.broker.port} 127.0.0.1\nallow_anonymous true\nuser root\n")
        home = Config(**(home.model_dump() | {"broker": {"host": "127.0.0.1", "port": home.broker.port}}))
        process = subprocess.Popen(["mosquitto", "-c", str(settings)], stderr=subprocess.DEVNULL)
    _listens(home.broker.port)
    yield home
    process.kill()
    process.wait()


def _listens(port: int) -> None:
    deadline_s = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline_s


class HomeAssistant:
    """Hears what Home Assistant would, and says what it says."""

    def __init__(self, config: Config) -> None:
        self.heard: list[tuple[str, str, bool]] = []  # topic, payload, whether the broker had kept it
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"ha-{uuid4().hex[:8]}")
        if config.broker.host is None:
            self._client.username_pw_set("homeassistant", home_broker._passwords(config)["homeassistant"])
        subscribed: list[bool] = []
        self._client.on_subscribe = lambda _c, _u, _m, codes, _p: subscribed.extend(
            not code.is_failure for code in codes
        )
        self._client.on_message = lambda _c, _u, m: self.heard.append((m.topic, m.payload.decode(), m.retain))
        self._client.connect("127.0.0.1", config.broker.port, 10)
        self._client.loop_start()
        self._client.subscribe([("homeassistant/#", 1), ("griphub/v1/home/hub/homeassistant/#", 1)])
        _wait(lambda: len(subscribed) == 2)
        assert all(subscribed)

    def on(self, topic: str) -> list[str]:
        return [payload for heard, payload, _ in self.heard if heard == topic]

    def last(self, topic: str) -> Any:
        """What is known from a topic now: JSON, or nothing."""
        payloads = self.on(topic)
        return json.loads(payloads[-1]) if payloads and payloads[-1] else None

    def say(self, topic: str, payload: str, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(5)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def ha(shown: Config) -> Iterator[HomeAssistant]:
    with closing(HomeAssistant(shown)) as opened:
        yield opened


class Client:
    """A link to a tool, as far as the bridge asks."""

    def __init__(self, *, tare: bool = True, battery: int | None = 80) -> None:
        self.tool = SimpleNamespace(
            manufacturer="GripHub", model="Ball", firmware="1.4.0", battery_percent=battery
        )
        self.capabilities = SimpleNamespace(tare=tare, because={"tare": "It has no zero."})
        self.tares = 0
        self.refusal: Exception | None = None

    async def tare(self) -> None:
        if self.refusal:
            raise self.refusal
        self.tares += 1


class Home:
    """A hub's side: what the bridge looks at, changed by the test."""

    def __init__(self, config: Config, clock: HostClock) -> None:
        self.config = config
        self.registry = ToolRegistry(config.data_dir / FILE, config)
        self.outbox = Outbox(config.data_dir / "outbox.db")
        self.links = LinkLog()
        self.clients: dict[str, Client] = {}
        self.squeezing: set[str] = set()
        self.bridge = Bridge(
            config,
            clock,
            self.outbox,
            registry=self.registry,
            links=self.links,
            clients=lambda: self.clients,  # type: ignore[arg-type,return-value]
            squeezing=self.squeezing.__contains__,
        )

    def count(self, squeeze: SqueezeCounted) -> None:
        """As the hub does: commit, then tell."""
        self.outbox.commit([squeeze], {})
        self.bridge.counted(squeeze)


@asynccontextmanager
async def _bridging(config: Config, clock: HostClock | None = None) -> AsyncIterator[Home]:
    home = Home(config, clock or HostClock())
    task = asyncio.create_task(home.bridge.run())
    try:
        yield home
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        home.outbox.close()
        home.registry.close()


async def _until(condition: Callable[[], object], timeout_s: float = 15) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


def _wait(condition: Callable[[], object], timeout_s: float = 10) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def _now(squeeze: SqueezeCounted, at: datetime, **changes: object) -> SqueezeCounted:
    return squeeze.model_copy(update={"measured_at": at} | changes)


def _shows(document: dict[str, Any], state: dict[str, Any], key: str) -> str:
    """What Home Assistant makes of a component's template."""
    template = document["components"][key]["value_template"]
    return jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(template).render(value_json=state)


# -- the documents


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


# -- when it is told


@pytest.mark.parametrize(
    ("enabled", "url", "expected"),
    [
        ("auto", None, False),  # nobody else is on the broker that runs here
        ("auto", "mqtt://core-mosquitto", True),  # and then only if Home Assistant is heard
        ("auto", "mqtts://mqtt.clinic.example", False),
        (True, "mqtts://mqtt.home.example", True),
        (True, None, True),
        (False, "mqtt://core-mosquitto", False),
    ],
)
def test_whether_home_assistant_is_looked_for(
    config: Config, enabled: object, url: str | None, expected: bool
) -> None:
    broker = {"url": url}
    home = Config(**(config.model_dump() | {"homeassistant": {"enabled": enabled}, "broker": broker}))
    assert wanted(home) is expected


async def test_with_auto_nothing_is_said_until_home_assistant_is_heard(
    shown: Config, ha: HomeAssistant, squeeze: Make
) -> None:
    quiet = Config(**(shown.model_dump() | {"homeassistant": {"enabled": "auto"}}))
    async with _bridging(quiet) as home:
        await _until(home.bridge._client.is_connected)
        home.count(_now(squeeze(0), datetime.now(UTC)))
        ha.say("homeassistant/status", "offline")
        ha.say("homeassistant/switch/lamp/config", "")  # somebody's lamp was removed
        await asyncio.sleep(0.3)
        assert {topic for topic, *_ in ha.heard} == {
            "homeassistant/status",
            "homeassistant/switch/lamp/config",
        }
        ha.say("homeassistant/status", "online")
        await _until(lambda: ha.last(CONFIG) and ha.last(STATE) and ha.on(STATUS)[-1:] == ["online"])


@pytest.mark.parametrize(
    "topic", ["homeassistant/switch/lamp/config", "homeassistant/sensor/0x1/temp/config"]
)
async def test_what_others_announced_tells_of_home_assistant_too(
    shown: Config, ha: HomeAssistant, topic: str
) -> None:
    ha.say(topic, '{"name": "Lamp"}', retain=True)
    quiet = Config(**(shown.model_dump() | {"homeassistant": {"enabled": "auto"}}))
    async with _bridging(quiet) as home:
        if shown.broker.host is None and topic.count("/") == 4:  # more than a hub may hear there
            await _until(home.bridge._client.is_connected)
            await asyncio.sleep(0.3)
            assert not ha.last(CONFIG)
        else:
            await _until(lambda: ha.last(CONFIG))
    assert ha.last(topic) == {"name": "Lamp"}, "left alone"


# -- what is told


async def test_a_tool_appears_with_all_that_it_has(shown: Config, ha: HomeAssistant, squeeze: Make) -> None:
    async with _bridging(shown) as home:
        await _until(lambda: ha.last(STATE))
        assert ha.last(STATE)["link"] == "offline" and ha.last(STATE)["squeezes_today"] == 0
        assert "peak" not in {k for k, p in ha.last(CONFIG)["components"].items() if len(p) > 1}
        home.clients["ball01"] = Client()
        home.links.note(LinkState("ball01", LinkPhase.STREAMING, time.time(), rssi_dbm=-61))
        at = datetime.now(UTC) - timedelta(seconds=1)
        for n, peak in enumerate((12.0, 17.25, 9.0)):
            home.count(_now(squeeze(n), at, peak=peak))
        home.count(_now(squeeze(2), at, peak=9.0))  # told again
        home.squeezing.add("ball01")
        await _until(lambda: ha.last(STATE)["squeezing"] and ha.last(STATE)["squeezes_today"] == 3)
        document, state = ha.last(CONFIG), ha.last(STATE)
        jsonschema.Draft202012Validator(DEVICE_DISCOVERY).validate(document)
        values = {
            key: _shows(document, state, key)
            for key, c in document["components"].items()
            if "value_template" in c
        }
        assert values == {
            "squeezes": "3",
            "peak": "17.25",
            "last_session": state["last_session_at"],
            "battery": "80",
            "signal": "-61",
            "squeezing": "ON",
            "tare_result": "None",  # which Home Assistant takes for unknown
        }
        assert datetime.fromisoformat(values["last_session"]).utcoffset() is not None
        availability = document["components"]["squeezing"]["availability"]
        assert [a["topic"] for a in availability] == [STATUS, STATE]
        rendered = jinja2.Template(availability[1]["value_template"]).render(value_json=state)
        assert rendered == "online"
        home.squeezing.clear()
        home.clients.clear()
        await _until(lambda: ha.last(STATE)["link"] == "offline" and not ha.last(STATE)["squeezing"])
        assert ha.last(STATE)["battery"] == 80, "as it was when last seen"


async def test_no_name_of_a_child_is_told(shown: Config, ha: HomeAssistant, squeeze: Make) -> None:
    async with _bridging(shown) as home:
        home.clients["ball01"] = Client()
        home.count(_now(squeeze(0), datetime.now(UTC)))
        await _until(lambda: ha.last(STATE) and ha.last(STATE)["squeezes_today"] == 1)
    everything = " ".join(topic + payload for topic, payload, _ in ha.heard)
    assert shown.children[0].alias not in everything and shown.children[0].id not in everything


async def test_home_assistant_that_comes_back_is_told_again(shown: Config, ha: HomeAssistant) -> None:
    async with _bridging(shown):
        await _until(lambda: ha.last(CONFIG) and ha.last(STATE))
        ha.heard.clear()
        ha.say("homeassistant/status", "online")
        await _until(lambda: ha.last(CONFIG) and ha.last(STATE) and ha.on(STATUS)[-1:] == ["online"])
        assert ha.last("homeassistant/device/griphub_home_hub/config")


async def test_what_is_told_is_kept_for_whoever_comes_later(shown: Config, ha: HomeAssistant) -> None:
    async with _bridging(shown):
        await _until(lambda: ha.last(CONFIG) and ha.last(STATE) and ha.on(STATUS))
        with closing(HomeAssistant(shown)) as later:
            await _until(lambda: {CONFIG, STATE, STATUS} <= {topic for topic, _, kept in later.heard if kept})


async def test_values_are_told_anew_before_they_expire(
    shown: Config, ha: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge_module, "REFRESH_S", 0.1)
    async with _bridging(shown):
        await _until(lambda: len(ha.on(STATE)) >= 4)
        assert len(ha.on(CONFIG)) <= 2 < len(ha.on(STATE)), "the announcement stays"


# -- the hub ends


async def test_a_hub_that_stops_says_so(shown: Config, ha: HomeAssistant) -> None:
    async with _bridging(shown):
        await _until(lambda: ha.on(STATUS)[-1:] == ["online"])
    await _until(lambda: ha.on(STATUS)[-1:] == ["offline"])


_KILLED = """
import asyncio, sys
from pathlib import Path
from griphub.hub import config as configuration
from griphub.firmware_bridge.clock import HostClock
from griphub.hub.service import Hub
settings = configuration.Config.model_validate_json(Path(sys.argv[1]).read_text())
asyncio.run(Hub(settings, HostClock(), counted=lambda _: None).run())
"""


async def test_the_last_will_of_a_hub_that_was_killed_makes_its_tools_unavailable(
    shown: Config, ha: HomeAssistant, tmp_path: Path
) -> None:
    file = tmp_path / "config.json"
    settings = shown.model_copy(update={"radio": f"unix:{tmp_path}/none"})
    file.write_text(settings.model_dump_json())
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, file)
    await _until(lambda: ha.on(STATUS)[-1:] == ["online"], 30)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await _until(lambda: ha.on(STATUS)[-1:] == ["offline"])


# -- removing


async def test_a_tool_that_is_forgotten_disappears(shown: Config, ha: HomeAssistant) -> None:
    free = Config(**(shown.model_dump() | {"tools": []}))
    async with _bridging(free) as home:
        home.registry.add(
            "ball01", "c-1", Hand.LEFT, driver="griphub", title="GripHub ball", address="a", at_s=1.0
        )
        await _until(lambda: ha.last(CONFIG))
        assert ha.last(CONFIG)["device"]["name"] == "GripHub ball, left hand"
        home.registry.forget("ball01", at_s=2.0)
        await _until(lambda: ha.on(CONFIG)[-1] == "" and ha.on(STATE)[-1] == "")
        with closing(HomeAssistant(shown)) as later:
            await _until(lambda: later.on(STATUS))
            assert later.on(CONFIG) == later.on(STATE) == [], "nothing of it is kept"


async def test_a_tool_that_was_forgotten_while_the_hub_was_off_disappears(
    shown: Config, ha: HomeAssistant
) -> None:
    async with _bridging(shown):
        await _until(lambda: ha.last(CONFIG))
    neighbour = "homeassistant/device/griphub_home_hub_2_ball01/config"  # of the hub hub_2, whose tool it is
    theirs = {"state_topic": "griphub/v1/home/hub_2/homeassistant/ball01/state", "device": {}}
    ha.say(neighbour, json.dumps(theirs), retain=True)
    ha.say("homeassistant/device/griphub_home_hub_broken/config", "{", retain=True)
    async with _bridging(Config(**(shown.model_dump() | {"tools": []}))):
        await _until(lambda: ha.on(CONFIG)[-1] == "")
    assert ha.last(neighbour) == theirs


# -- today


async def test_squeezes_of_today_begin_at_zero_at_midnight_where_the_hub_is(
    config: Config, squeeze: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        now = datetime(2026, 4, 5, 11, 30, tzinfo=UTC)  # 23:30 on the day on which the clock was set back
        assert midnight(now) == datetime(2026, 4, 4, 11, 0, tzinfo=UTC), "that day has 25 hours"
        with closing(Tally(config.data_dir / "tally.db")) as tally:
            for n, hours_ago in enumerate((0.1, 12, 24.4, 24.6)):
                tally.add(_now(squeeze(n), now - timedelta(hours=hours_ago)))
            assert tally.today("ball01", now) == 3
            assert tally.today("ball01", now + timedelta(hours=1)) == 0
            assert tally.today("other", now) == 0
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_today_survives_a_hub_that_was_killed(shown: Config, ha: HomeAssistant, squeeze: Make) -> None:
    now = datetime.now(UTC)
    async with _bridging(shown) as home:
        home.clients["ball01"] = Client()
        home.count(_now(squeeze(0), now))
        await _until(lambda: ha.last(STATE) and ha.last(STATE)["squeezes_today"] == 1)
        home.outbox.commit([_now(squeeze(1), now)], {})  # committed, and killed before anybody was told
    ha.heard.clear()
    async with _bridging(shown):
        await _until(lambda: ha.last(STATE))
        assert ha.last(STATE)["squeezes_today"] == 2
        kept = {key for key, part in ha.last(CONFIG)["components"].items() if len(part) > 1}
        assert {"tare", "battery", "peak"} <= kept, "what the tool can do is known before it is back"


def test_a_session_that_is_handed_over_later_does_not_take_the_place_of_the_last(
    config: Config, squeeze: Make
) -> None:
    now = datetime.now(UTC)
    other = UUID(int=8)
    with closing(Tally(config.data_dir / "tally.db")) as tally:
        tally.add(_now(squeeze(0), now, peak=10.0))
        tally.ended("ball01", squeeze(0).session_id, now.timestamp() + 60, 10.0, Unit.NEWTON)
        tally.add(_now(squeeze(1), now - timedelta(hours=2), session_id=other, peak=30.0))
        latest = tally.latest("ball01")
        assert latest and latest.peak == 10.0 and latest.at > now + timedelta(seconds=59)
        assert tally.today("ball01", now) == 2 - (now - timedelta(hours=2) < midnight(now)), "but it counts"
        tally.ended("ball01", other, now.timestamp() + 600, None, Unit.NEWTON)
        latest = tally.latest("ball01")
        assert latest and latest.peak is None, "a session without a squeeze has no peak"


# -- the button


async def test_the_button_zeroes_a_tool_and_says_so(shown: Config, ha: HomeAssistant) -> None:
    async with _bridging(shown) as home:
        client = home.clients["ball01"] = Client()
        await _until(lambda: ha.last(CONFIG) and "command_topic" in ha.last(CONFIG)["components"]["tare"])
        button = ha.last(CONFIG)["components"]["tare"]
        ha.say(button["command_topic"], button["payload_press"])
        await _until(lambda: ha.last(STATE)["tare"] == "Done" and ha.last(STATE)["tare_at"])
        assert client.tares == 1
        attributes = ha.last(CONFIG)["components"]["tare_result"]["json_attributes_template"]
        shown_at = json.loads(jinja2.Template(attributes).render(value_json=ha.last(STATE)))["at"]
        assert datetime.fromisoformat(shown_at) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("squeezing", "being squeezed"),
        ("away", "not connected"),
        ("cannot", "It has no zero"),
        ("refused", "refused tare: busy"),
        ("silent", "did not answer"),
    ],
)
async def test_a_tare_that_cannot_be_is_refused_in_words(
    shown: Config, ha: HomeAssistant, monkeypatch: pytest.MonkeyPatch, change: str, said: str
) -> None:
    async with _bridging(shown) as home:
        client = Client(tare=change != "cannot")
        if change != "away":
            home.clients["ball01"] = client
        if change == "squeezing":
            home.squeezing.add("ball01")
        if change == "refused":
            client.refusal = ToolRefused("ball01", "tare", "busy")
        if change == "silent":
            client.refusal = TimeoutError()
        await _until(lambda: ha.last(STATE))
        ha.say(TARE, "PRESS")
        await _until(lambda: said in (ha.last(STATE)["tare"] or ""))
        assert client.tares == 0


async def test_what_is_no_press_does_nothing(shown: Config, ha: HomeAssistant) -> None:
    ha.say(TARE, "PRESS", retain=True)  # kept by the broker: it would be pressed at every connection
    async with _bridging(shown) as home:
        client = home.clients["ball01"] = Client()
        await _until(lambda: ha.last(STATE) and ha.last(STATE)["link"] == "online")
        for payload in ("", "press", '{"tare": true}'):
            ha.say(TARE, payload)
        ha.say("griphub/v1/home/hub/homeassistant/stranger/tare", "PRESS")
        ha.say(TARE, "PRESS")
        await _until(lambda: ha.last(STATE)["tare"] == "Done")
        assert client.tares == 1


# -- faults


async def test_a_disk_that_is_full_stops_nothing_else(
    shown: Config, ha: HomeAssistant, squeeze: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _bridging(shown) as home:
        await _until(lambda: ha.last(STATE))

        def full(*_: object) -> None:
            raise StoreError("homeassistant", "database or disk is full", "Free some space.")

        with monkeypatch.context() as patch:
            patch.setattr(home.bridge._tally, "add", full)
            patch.setattr(home.bridge._tally, "today", full)
            home.count(_now(squeeze(0), datetime.now(UTC)))  # raises nothing
            await asyncio.sleep(0.1)
        home.count(_now(squeeze(1), datetime.now(UTC)))
        await _until(lambda: ha.last(STATE)["squeezes_today"] == 1)
        ended = LiveFrame(**squeeze(1).model_dump(include=set(LiveFrame.model_fields)), state="ended")
        home.bridge.live(ended)


def test_home_assistants_user_can_do_only_its_own(config: Config) -> None:
    assert "homeassistant" not in home_broker.permissions(config), (
        "and has no place where nobody asked for it"
    )
    home = Config(**(config.model_dump() | {"homeassistant": {"enabled": True}}))
    given = home_broker.permissions(home)["homeassistant"]
    assert given == {
        "publish": ["homeassistant.>", "griphub.v1.home.hub.homeassistant.*.tare"],
        "subscribe": [
            "homeassistant",
            "homeassistant.>",
            "griphub.v1.home.hub.homeassistant",
            "griphub.v1.home.hub.homeassistant.>",
        ],
    }
    assert given.keys() == home_broker.permissions(config)["hub"].keys()


@pytest.mark.skipif("mosquitto" not in BROKERS, reason="needs mosquitto")
async def test_delivery_has_the_connection_where_the_broker_gives_a_user_only_one(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge_module, "SHORT_TIMES", 2)
    settings, passwords = tmp_path / "mosquitto.conf", tmp_path / "passwords"
    command = ["mosquitto_passwd", "-c", "-b", passwords, "hub", "secret"]
    assert await (await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)).wait() == 0
    settings.write_text(
        f"allow_anonymous false\nuser root\npassword_file {passwords}\n"
        f"listener {config.broker.port} 127.0.0.1\nuse_username_as_clientid true\n"
    )
    process = subprocess.Popen(["mosquitto", "-c", str(settings)], stderr=subprocess.DEVNULL)  # noqa: ASYNC220
    _listens(config.broker.port)
    login = {"host": "127.0.0.1", "port": config.broker.port, "user": "hub", "password": "secret"}
    home = Config(**(config.model_dump() | {"homeassistant": {"enabled": True}, "broker": login}))
    delivery = mqtt.make_client(home, "hub", "delivery", connected=lambda _: None)
    mqtt.start(delivery, home)
    try:
        await _until(delivery.is_connected)
        async with _bridging(home) as opened:
            await _until(lambda: opened.bridge._short >= 2, 60)
            await _until(delivery.is_connected, 60)
            await asyncio.sleep(3.0)  # longer than either waits before it connects again
            assert delivery.is_connected() and not opened.bridge._client.is_connected()
    finally:
        mqtt.stop(delivery)
        process.kill()
        process.wait()


# -- the whole hub


async def test_a_tool_on_the_air_is_shown_squeezed_and_zeroed(
    shown: Config, ha: HomeAssistant, tmp_path: Path
) -> None:
    changes = {"radio": f"unix:{tmp_path}/hci", "session": {"resume_s": 0.3}}
    home = Config(**(shown.model_dump() | changes))
    async with _tools(tmp_path, "ball01"), _running(home):
        await _until(lambda: ha.last(STATE) and ha.last(STATE)["link"] == "online", 30)
        await _until(lambda: ha.last(STATE)["squeezes_today"] >= 2, 30)
        seen = {json.loads(payload)["squeezing"] for payload in ha.on(STATE) if payload}
        assert seen == {True, False}
        assert ha.last(CONFIG)["components"]["peak"]["unit_of_measurement"] == "N"
        while ha.last(STATE)["tare"] != "Done":  # refused for as long as it is squeezed
            ha.say(TARE, "PRESS")
            await asyncio.sleep(0.1)
    await _until(lambda: ha.on(STATUS)[-1] == "offline")
