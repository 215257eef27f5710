"""Sends what waits in the outbox until ingest says that it has it."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Collection
from typing import Literal
from uuid import UUID

import paho.mqtt.client as paho
from pydantic import BaseModel, Field, ValidationError

from ..config import Config
from ..errors import StoreError
from ..live import WATCHED_S, LiveFrame, Watch, watch_topic
from . import mqtt
from .outbox import Outbox, Waiting
from .outbox_file import Owed

log = logging.getLogger(__name__)

#: Branches on which a clinic lays down what its homes should have.
LETTERS = ("program", "message")

#: Events sent and not yet acknowledged at a time: a second of the busiest hub (20 tools), and less than
#: the broker lets wait for ingest (2,000).
WINDOW = 500

#: An event without an answer is sent again after this long, doubled at each try, up to the maximum.
#: Ingest answers within some 50 ms; the broker's own redelivery takes 10 s.
RESEND_S, RESEND_MAX_S = 3.0, 60.0

#: An answer after so long a silence means that ingest is back: what waits for another try is sent at once.
BACK_S = 5.0

#: Wait after the outbox could not be used (disk full, say) before trying again.
RETRY_S = 1.0

#: How often it is asked of whom nothing may be sent: a parent who takes consent back need not wait.
ASK_S = 2.0
#: A broker gives what a clinic has laid down right after the connection. It may say that nothing of a child
#: is to be sent, so it is heard first.
LISTEN_S = 3.0


class Ack(BaseModel):
    """Ingest's word that events are committed there."""

    schema_: Literal["ack/1"] = Field("ack/1", alias="schema")
    event_ids: tuple[UUID, ...]


def ack_topic(site: str, hub: str) -> str:
    """Topic on which a hub is told what has arrived."""
    return f"griphub/v1/{site}/{hub}/ack"


class Publisher:
    """Delivers the outbox over MQTT, at least once, and live frames at most once.

    `run` belongs to the hub's task group; everything else may be called from its loop. `tell` is told why
    ``broker`` or ``outbox`` does not go on, and None when it does. `letters` is given what a clinic has laid
    down for this home: topic and payload. `held` says of which children nothing may leave the home just now,
    and is asked in a thread; without it everything is sent. `to` says whose confirmation it waits for.
    """

    def __init__(
        self,
        config: Config,
        outbox: Outbox,
        tell: Callable[[str, str | None], None] = lambda _what, _reason: None,
        *,
        letters: Callable[[str, bytes], None] | None = None,
        held: Callable[[], Collection[str]] | None = None,
        to: Owed = Owed.INGEST,
    ) -> None:
        self._config = config
        self._tell = tell
        self._letters = letters
        self._outbox = outbox
        self._to = to
        self._ask_held = held
        self._held: frozenset[str] | None = frozenset() if held is None else None  # None: not asked yet
        self._ask_at_s = self._listen_until_s = 0.0
        # all that the broker lets this hub send; other events would fill the window for good
        self._branch = f"griphub/v1/{config.site}/{config.hub}/"
        self._stray = ""
        if count := outbox.elsewhere(self._branch):
            self._stray = (
                f"{count} results from before `site` or `hub` was changed wait here and are not sent. "
                "Change it back until they are."
            )
            log.error("%s", self._stray)
        self._wake = asyncio.Event()
        self._connected = False
        self._last_seq = 0
        self._heard_s = 0.0  # the last answer, by the loop's clock
        self._in_flight: dict[UUID, tuple[Waiting, float, int]] = {}  # event, when to send again, tries
        self._acknowledged: list[UUID] = []
        self._watched: dict[str, float] = {}  # child: until when, monotonic
        name = f"griphub-hub-{config.site}-{config.hub}"
        self._client = mqtt.make_client(
            config,
            "hub",
            name,
            connected=self._on_connected,
            disconnected=lambda: self._loop.call_soon_threadsafe(self._set_connected, False),
            tell=lambda reason: tell("broker", reason),
        )
        # the outbox is the queue: of what a broker takes and does not answer for, paho need not keep more
        self._client.max_queued_messages_set(WINDOW)
        self._client.on_message = self._on_message

    def wake(self) -> None:
        """Say that something new was committed."""
        self._wake.set()

    def watched(self, child_id: str) -> bool:
        """Whether a page of this child is open somewhere."""
        return self._watched.get(child_id, 0.0) > time.monotonic()

    def send_live(self, frame: LiveFrame) -> None:
        """Send a live frame if somebody could see it."""
        if self._held is None or frame.child_id in self._held:
            return
        if self._connected and (frame.is_news or self.watched(frame.child_id)):
            self._client.publish(frame.topic(), frame.model_dump_json(by_alias=True), qos=0)

    def answer(self, topic: str, payload: str) -> None:
        """Answer a letter; the broker keeps the answer. From any thread."""
        self._client.publish(topic, payload, qos=1, retain=True)

    async def run(self) -> None:
        """Deliver until cancelled."""
        self._loop = asyncio.get_running_loop()
        self._tell("name", self._stray or None)
        mqtt.start(self._client, self._config)
        said = ""
        try:
            while True:
                try:
                    await self._settle()
                    await self._ask()
                    wait_s = await self._send()
                    said = ""
                    self._tell("outbox", None)
                except StoreError as error:
                    if str(error) != said:  # once, not every second
                        log.error("%s", error)
                    said, wait_s = str(error), RETRY_S
                    self._tell("outbox", said)
                try:
                    async with asyncio.timeout(wait_s):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                self._wake.clear()
        finally:
            await asyncio.to_thread(mqtt.stop, self._client)

    async def _settle(self) -> None:
        """Forget what was acknowledged."""
        if done := self._acknowledged.copy():
            await asyncio.to_thread(self._outbox.acknowledge, done, self._to)
            del self._acknowledged[: len(done)]
            for event_id in done:
                self._in_flight.pop(event_id, None)

    async def _ask(self) -> None:
        """Learn again, now and then, of whom nothing may be sent."""
        if self._ask_held is None or self._loop.time() < self._ask_at_s:
            return
        asked_s = self._loop.time()
        held = frozenset(await asyncio.to_thread(self._ask_held))
        if asked_s < self._listen_until_s:  # connected meanwhile: what was laid down there is heard first
            return
        self._ask_at_s = self._loop.time() + ASK_S
        if held != self._held:  # what is in flight may not be sent again; what was held, may now
            self._held = held
            self._start_over()
        names = ", ".join(sorted(await asyncio.to_thread(self._outbox.has, held)))
        reason = (
            f"Nothing of {names} is sent: there is no consent, or it was taken back. All is kept here, and "
            "goes when consent is given (`griphub people consent give`)."
        )
        self._tell("consent", reason if names else None)

    async def _send(self) -> float | None:
        """Send what is new or overdue; return seconds until something is due again."""
        soonest_s = None if self._ask_held is None else max(0.0, self._ask_at_s - self._loop.time())
        if not self._connected or self._held is None:
            return soonest_s
        now_s = self._loop.time()
        for event, due_s, tries in list(self._in_flight.values()):
            if due_s <= now_s:
                self._publish(event, tries)
        if (room := WINDOW - len(self._in_flight)) > 0:
            after = self._last_seq
            waiting = await asyncio.to_thread(
                self._outbox.waiting, after, room, self._branch, self._held or (), self._to
            )
            if after != self._last_seq:
                return 0.0  # started over meanwhile: these are not the next ones any more
            for event in waiting:
                self._last_seq = event.seq
                self._publish(event, 0)
        if not self._in_flight:
            return soonest_s
        due_s = max(0.0, min(due_s for _, due_s, _ in self._in_flight.values()) - now_s)
        return due_s if soonest_s is None else min(due_s, soonest_s)

    def _publish(self, event: Waiting, tries: int) -> None:
        self._client.publish(event.topic, event.payload, qos=1)
        wait_s = min(RESEND_S * 2**tries, RESEND_MAX_S) * random.uniform(0.8, 1.2)  # noqa: S311
        self._in_flight[event.event_id] = (event, self._loop.time() + wait_s, tries + 1)

    def _start_over(self) -> None:
        """Forget what was in flight: it waits in the outbox and is sent anew."""
        self._in_flight.clear()
        self._last_seq = 0
        self._wake.set()

    # paho's thread; everything hops to the loop

    def _on_connected(self, client: paho.Client) -> None:
        client.subscribe(ack_topic(self._config.site, self._config.hub), qos=1)
        client.subscribe(watch_topic(self._config.site), qos=0)
        if self._letters:
            for kind in LETTERS:
                client.subscribe(f"{self._branch}{kind}/+", qos=1)
        self._loop.call_soon_threadsafe(self._set_connected, True)

    def _on_message(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        try:
            if message.topic == watch_topic(self._config.site):
                watch = Watch.model_validate_json(message.payload)
                self._loop.call_soon_threadsafe(self._on_watch, watch)
            elif message.topic.startswith(tuple(f"{self._branch}{kind}/" for kind in LETTERS)):
                if self._letters:
                    self._loop.call_soon_threadsafe(self._letters, message.topic, bytes(message.payload))
            else:
                self._loop.call_soon_threadsafe(self._on_ack, Ack.model_validate_json(message.payload))
        except ValidationError:
            log.warning("A message on %s that cannot be read was ignored.", message.topic)

    def _set_connected(self, connected: bool) -> None:
        if connected != self._connected:
            log.info(
                "%s %s",
                "broker" if self._to is Owed.INGEST else "the clinic's broker",
                "connected" if connected else "away; events wait in the outbox",
            )
        self._connected = connected
        if connected and self._ask_held and self._letters:
            self._held = None
            self._ask_at_s = self._listen_until_s = self._loop.time() + LISTEN_S
        if connected:
            self._start_over()

    def _on_watch(self, watch: Watch) -> None:
        now_s = time.monotonic()
        self._watched = {child: until_s for child, until_s in self._watched.items() if until_s > now_s}
        self._watched |= dict.fromkeys(watch.children, now_s + WATCHED_S)

    def _on_ack(self, ack: Ack) -> None:
        self._acknowledged.extend(ack.event_ids)
        now_s = self._loop.time()
        if now_s - self._heard_s > BACK_S:
            for event, _, tries in self._in_flight.values():
                if tries > 1 and event.event_id not in ack.event_ids:
                    self._in_flight[event.event_id] = (event, now_s, 1)
        self._heard_s = now_s
        self._wake.set()
