"""A hub's side with the bridge, and a Home Assistant that hears what it is told."""

import asyncio
import json
import os
import shutil
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import jinja2
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.link_state import LinkLog
from griphub.hub.config import Config
from griphub.hub.delivery import broker as home_broker
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.homeassistant.bridge import Bridge
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.tools import FILE, ToolRegistry

CONFIG = "homeassistant/device/griphub_home_hub_ball01/config"
STATE = "griphub/v1/home/hub/homeassistant/ball01/state"
STATUS = "griphub/v1/home/hub/homeassistant/status"
TARE = "griphub/v1/home/hub/homeassistant/ball01/tare"
#: CI installs mosquitto, and fails without it.
BROKERS = ["nats", *(["mosquitto"] if shutil.which("mosquitto") or os.environ.get("CI") else [])]


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
        wait(lambda: len(subscribed) == 2)
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
async def bridging(config: Config, clock: HostClock | None = None) -> AsyncIterator[Home]:
    home = Home(config, clock or HostClock())
    task = asyncio.create_task(home.bridge.run())
    try:
        yield home
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        home.outbox.close()
        home.registry.close()


async def until(condition: Callable[[], object], timeout_s: float = 15) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


def wait(condition: Callable[[], object], timeout_s: float = 10) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def listens(port: int) -> None:
    deadline_s = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline_s


def measured(squeeze: SqueezeCounted, at: datetime, **changes: object) -> SqueezeCounted:
    return squeeze.model_copy(update={"measured_at": at} | changes)


def shows(document: dict[str, Any], state: dict[str, Any], key: str) -> str:
    """What Home Assistant makes of a component's template."""
    template = document["components"][key]["value_template"]
    return jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(template).render(value_json=state)
