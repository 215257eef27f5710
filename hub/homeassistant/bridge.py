"""Keeps Home Assistant up to date about the home's tools, and hears its tare button.

Has a client of its own, so that nothing about Home Assistant can hold up delivery, and so that its last will
says that the hub is gone.
"""

import asyncio
import contextlib
import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

import paho.mqtt.client as paho

from ...firmware_bridge.clock import HostClock
from ...firmware_bridge.errors import GripError
from ...firmware_bridge.link_state import LinkLog, LinkPhase
from ...firmware_bridge.tool import ToolClient
from ..config import Config
from ..delivery import mqtt
from ..delivery.outbox import Outbox
from ..live import LiveFrame
from ..records.session import SqueezeCounted
from ..tools import HomeTool, ToolRegistry
from ..utc import utc
from .discovery import (
    OFFLINE,
    ONLINE,
    PRESS,
    REFRESH_S,
    Device,
    ToolState,
    branch,
    config_topic,
    hub_document,
    state_topic,
    status_topic,
    tare_topic,
    tool_document,
)
from .tally import FILE, Known, Tally
from .tare import TareButton

log = logging.getLogger(__name__)

#: How often it is looked what changed: a squeeze lasts a third of a second and more.
LOOK_S: Final = 0.2
#: Home Assistant asks that a broker full of devices does not answer its birth message all at once.
BIRTH_S: Final = 2.0
#: A connection that is ended so soon, so many times on end, is one that the broker gives to another client of
#: ours: it tells clients apart by their user. Delivery must have it then, and this waits.
SHORT_S, SHORT_TIMES, PAUSE_S = 5.0, 3, 600.0
#: How long the broker is given to take the goodbye: a hub that is stopped ends within seconds.
LEAVE_S: Final = 0.5
#: In these a tool was heard just now, so that its signal strength says something.
NEAR: Final = frozenset({LinkPhase.STREAMING, LinkPhase.CONNECTING, LinkPhase.WAITING})


def wanted(config: Config) -> bool:
    """Whether there may be a Home Assistant: it is asked for, or the broker may be the family's own.

    A clinic's broker is reached by TLS, one in the next room is usually not.
    """
    broker, choice = config.broker, config.homeassistant.enabled
    return choice is True or (choice == "auto" and broker.host is not None and not broker.tls)


class Bridge:
    """Announces the home's tools, tells their state, and tares at the press of a button.

    With ``enabled = "auto"`` it is silent until Home Assistant is heard on the broker.

    Parameters
    ----------
    clients : callable
        Gives the links to the tools that stream, by tool id.
    squeezing : callable
        Whether a tool is squeezed just now.
    """

    def __init__(
        self,
        config: Config,
        clock: HostClock,
        outbox: Outbox,
        *,
        registry: ToolRegistry,
        links: LinkLog,
        clients: Callable[[], Mapping[str, ToolClient]],
        squeezing: Callable[[str], bool],
    ) -> None:
        self._config = config
        self._clock = clock
        self._outbox = outbox
        self._registry = registry
        self._links = links
        self._clients = clients
        self._squeezing = squeezing
        self._heard = config.homeassistant.enabled is True
        self._announced: dict[str, str] = {}  # tool: the document that Home Assistant has
        self._told: dict[str, ToolState] = {}
        self._told_s: dict[str, float] = {}  # monotonic
        self._connected_before: dict[str, ToolClient] = {}
        self._button = TareButton(clock, registry, clients, squeezing, self._look_again)
        self._said = ""
        self._connected_s = 0.0
        self._short = 0
        self._tally = Tally(config.data_dir / FILE)
        client = mqtt.make_client(
            config,
            "hub",
            f"griphub-hub-{config.site}-{config.hub}-homeassistant",
            connected=self._on_connected,
            disconnected=self._on_disconnected,
        )
        client.will_set(status_topic(config), OFFLINE, qos=1, retain=True)
        client.on_message = self._on_message
        self._client = client

    # -- what the hub tells

    def counted(self, squeeze: SqueezeCounted) -> None:
        """Take a squeeze that was committed."""
        self._note(lambda: self._tally.add(squeeze))
        self._look_again(squeeze.tool_id)

    def live(self, frame: LiveFrame) -> None:
        """Take news of a session."""
        if frame.state == "ended":
            self._note(
                lambda: self._tally.ended(
                    frame.tool_id, frame.session_id, frame.sent_at_s, frame.best, frame.unit
                )
            )
            self._look_again(frame.tool_id)

    async def run(self) -> None:
        """Serve until cancelled."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._note, self._catch_up)
        mqtt.start(self._client, self._config)
        try:
            while True:
                if self._short >= SHORT_TIMES:
                    await self._make_way()
                if self._heard and self._client.is_connected():
                    self._note(self._look)
                await asyncio.sleep(LOOK_S)
        finally:
            self._button.close()
            await asyncio.to_thread(self._leave)
            self._tally.close()

    def _catch_up(self) -> None:
        self._tally.prune(self._now())
        self._tally.catch_up(self._outbox, f"griphub/v1/{self._config.site}/{self._config.hub}")

    async def _make_way(self) -> None:
        log.error(
            "The broker ends the connection for Home Assistant again and again: it seems to tell clients "
            "apart by their user. Let it do so by client id, or write [homeassistant] enabled = false. "
            "It is tried again in %.0f minutes.",
            PAUSE_S / 60,
        )
        await asyncio.to_thread(mqtt.stop, self._client)
        await asyncio.sleep(PAUSE_S)
        self._short = 0
        mqtt.start(self._client, self._config)

    def _leave(self) -> None:
        if self._heard and self._client.is_connected():  # a last will is only for those who die
            said = self._client.publish(status_topic(self._config), OFFLINE, qos=1, retain=True)
            with contextlib.suppress(ValueError, RuntimeError):  # not sent: it was disconnected just now
                said.wait_for_publish(LEAVE_S)
        mqtt.stop(self._client)

    # -- telling Home Assistant

    def _look(self) -> None:
        """Tell what changed."""
        if not self._announced:
            self._publish(config_topic(self._config, None), hub_document(self._config))
            self._publish(status_topic(self._config), ONLINE)
            self._announced[""] = ""
        tools = {tool.id: tool for tool in self._registry.all() if self._registry.use(tool.id)}
        for tool_id in self._announced.keys() - tools.keys() - {""}:
            self._remove(tool_id)
        clients = self._clients()
        for tool_id, tool in tools.items():
            client = clients.get(tool_id)
            if client and client is not self._connected_before.get(tool_id):
                self._connected_before[tool_id] = client
                self._tally.know(tool_id, _known(client))
            self._tell(tool, client)

    def _tell(self, tool: HomeTool, client: ToolClient | None) -> None:
        now_s = self._clock.monotonic_s()
        before = self._told.get(tool.id)
        due = now_s - self._told_s.get(tool.id, -REFRESH_S) >= REFRESH_S
        squeezing, link = self._squeezing(tool.id), "online" if client else "offline"
        if not due and before and (before.squeezing, before.link) == (squeezing, link):
            return
        known, latest = self._tally.known(tool.id), self._tally.latest(tool.id)
        device = Device(
            tool.id, tool.title or f"GripHub tool {tool.id}", tool.hand, unit=latest.unit if latest else None
        )
        if known:
            device = replace(
                device,
                manufacturer=known.manufacturer,
                model=known.model,
                firmware=known.firmware,
                tare=known.tare,
                battery=known.battery is not None,
            )
        document = tool_document(self._config, device)
        if self._announced.get(tool.id) != document:
            self._publish(config_topic(self._config, tool.id), document)
            self._announced[tool.id] = document
        heard = self._links.state(tool.id)
        tare, tare_at = self._button.result(tool.id)
        state = ToolState.model_validate(
            {
                "tool_id": tool.id,
                "link": link,
                "squeezing": squeezing,
                "squeezes_today": self._tally.today(tool.id, self._now()),
                "peak": round(latest.peak, 2) if latest and latest.peak is not None else None,
                "unit": latest.unit if latest else None,
                "last_session_at": latest.at if latest else None,
                "battery": known.battery if known else None,
                "rssi": heard.rssi_dbm if heard and heard.phase in NEAR else None,
                "tare": tare,
                "tare_at": tare_at,
            }
        )
        self._publish(state_topic(self._config, tool.id), state.model_dump_json(by_alias=True))
        self._told[tool.id], self._told_s[tool.id] = state, now_s

    def _remove(self, tool_id: str) -> None:
        """Take a tool out of Home Assistant, with what the broker keeps of it."""
        log.info("%s is taken out of Home Assistant", tool_id)
        self._publish(config_topic(self._config, tool_id), "")
        self._publish(state_topic(self._config, tool_id), "")
        self._announced.pop(tool_id, None)
        self._told.pop(tool_id, None)
        self._told_s.pop(tool_id, None)

    def _publish(self, topic: str, payload: str) -> None:
        self._client.publish(topic, payload, qos=1, retain=True)

    def _look_again(self, tool_id: str) -> None:
        self._told_s.pop(tool_id, None)

    def _start_over(self) -> None:
        """Announce and tell everything anew: the broker or Home Assistant came back."""
        self._announced = {tool_id: "" for tool_id in self._announced if tool_id}
        self._told_s.clear()
        if self._announced and self._heard:
            self._publish(config_topic(self._config, None), hub_document(self._config))
            self._publish(status_topic(self._config), ONLINE)

    # -- hearing Home Assistant

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take a message, on the hub's loop."""
        prefix = self._config.homeassistant.prefix
        if topic == f"{prefix}/status":
            if payload == ONLINE.encode():
                self._found("its status")
                self._loop.call_later(random.uniform(0, BIRTH_S), self._start_over)  # noqa: S311
        elif topic.startswith(f"{prefix}/"):
            if payload:
                self._found(f"what is announced to it on {topic}")
                self._on_announced(topic, payload)
        else:
            tool_id = topic.removeprefix(f"{branch(self._config)}/").removesuffix("/tare")
            # a press that the broker has kept is not one of now
            if payload == PRESS.encode() and not retained:
                self._button.press(tool_id)

    def _found(self, what: str) -> None:
        if not self._heard:
            log.info(
                "Home Assistant is on this broker: %s was heard. The home's tools are shown there.", what
            )
        self._heard = True

    def _on_announced(self, topic: str, payload: bytes) -> None:
        """See whether a device is one of ours that is none any more: forgotten while the hub was away."""
        start, end = config_topic(self._config, None).removesuffix("/config") + "_", "/config"
        tool_id = topic.removeprefix(start).removesuffix(end)
        if f"{start}{tool_id}{end}" != topic or tool_id in self._announced:
            return
        try:
            told_on = json.loads(payload)["state_topic"]
        except (ValueError, KeyError, TypeError):
            return
        # a hub whose name begins as ours does has a branch of its own
        if told_on == state_topic(self._config, tool_id) and not self._registry.use(tool_id):
            self._remove(tool_id)

    # -- helpers

    def _now(self) -> datetime:
        return utc(self._clock.utc_s())

    def _note(self, do: Callable[[], Any]) -> None:
        """Do something; what goes wrong, a full disk say, must stop nothing but what is shown there."""
        try:
            do()
        except Exception as error:
            if str(error) != self._said:  # once, not five times a second
                log.error("%s", error, exc_info=None if isinstance(error, GripError) else error)
            self._said = str(error)

    # paho's thread; everything hops to the loop

    def _on_connected(self, client: paho.Client) -> None:
        prefix = self._config.homeassistant.prefix
        client.subscribe([(f"{prefix}/status", 0), (f"{prefix}/+/+/config", 0)])
        if self._config.homeassistant.enabled == "auto":  # the older form, in which most are announced
            client.subscribe(f"{prefix}/+/+/+/config", 0)
        client.subscribe(tare_topic(self._config, "+"), qos=1)
        self._connected_s = time.monotonic()
        self._loop.call_soon_threadsafe(self._start_over)

    def _on_disconnected(self) -> None:
        self._short = self._short + 1 if time.monotonic() - self._connected_s < SHORT_S else 0

    def _on_message(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        hear = partial(self._hear, topic, bytes(message.payload), message.retain)
        self._loop.call_soon_threadsafe(self._note, hear)


def _known(client: ToolClient) -> Known:
    tool = client.tool
    return Known(tool.manufacturer, tool.model, tool.firmware, client.capabilities.tare, tool.battery_percent)
