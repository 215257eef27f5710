"""Ingest: takes events from the broker, commits them to the journal, and only then says so.

A message is acknowledged twice, both after the commit: to the broker, which then forgets it, and to the
hub, which then deletes it from its outbox.
"""

import contextlib
import logging
import queue
import threading
from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

import paho.mqtt.client as paho
from pydantic import BaseModel, ValidationError

from ..config import Config
from ..errors import PayloadError, StoreError
from ..records import decode
from . import mqtt
from .forwarder import Forwarder
from .journal import Journal
from .publisher import Ack, ack_topic

log = logging.getLogger(__name__)

EVENT_FILTER = "griphub/v1/+/+/event/+"

#: Messages taken but not yet committed. When full, paho's thread waits and the broker keeps the rest.
QUEUE_SIZE = 4000

#: One transaction takes what has come, up to so many: a commit costs the same for one as for hundreds.
BATCH = 500

#: Wait after the journal refused (disk full, say) before trying the same batch again.
RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class _Message:
    connection: int  # a message id means nothing on another connection
    mid: int
    topic: str
    payload: bytes


class _Header(BaseModel):
    """The least that an event must have to be acknowledged."""

    event_id: UUID


class Ingest:
    """Moves events from the broker into the journal and wakes the forwarder.

    Parameters
    ----------
    config : Config
    journal : Journal
    forwarder : Forwarder
        Woken after each commit.
    """

    def __init__(self, config: Config, journal: Journal, forwarder: Forwarder) -> None:
        self._config = config
        self._journal = journal
        self._forwarder = forwarder
        self._queue: queue.Queue[_Message] = queue.Queue(QUEUE_SIZE)
        self._connection = 0
        # the client id names the session that the broker keeps while ingest is away
        self._client = mqtt.make_client(
            config, "ingest", "griphub-ingest", connected=self._on_connected, durable=True, manual_ack=True
        )
        self._client.on_message = self._on_message

    def run(self, stop: threading.Event) -> None:
        """Ingest until `stop` is set."""
        self._stopping = stop
        mqtt.start(self._client, self._config)
        try:
            while not stop.is_set():
                if batch := self._take():
                    self._commit(batch, stop)
        finally:
            mqtt.stop(self._client)

    def _take(self) -> list[_Message]:
        batch: list[_Message] = []
        with contextlib.suppress(queue.Empty):
            batch.append(self._queue.get(timeout=0.2))
            while len(batch) < BATCH:
                batch.append(self._queue.get_nowait())
        return batch

    def _commit(self, batch: list[_Message], stop: threading.Event) -> None:
        good: list[tuple[UUID, bytes]] = []
        acks: dict[tuple[str, str], list[UUID]] = defaultdict(list)
        bad: list[tuple[_Message, str]] = []
        for message in batch:
            _, _, site, hub, *_ = message.topic.split("/")
            try:
                event = decode(message.payload)
                if event.topic() != message.topic:
                    raise PayloadError(f"it belongs to {event.topic()} but came on {message.topic}")
                good.append((event.event_id, message.payload))
                acks[site, hub].append(event.event_id)
            except PayloadError as error:
                bad.append((message, error.reason))
                if header := _header(message.payload):
                    acks[site, hub].append(header)  # set aside for good: no use in sending it again
        while True:
            try:
                self._journal.append(good)
                for message, reason in bad:
                    self._journal.dead_letter(message.topic, message.payload, reason)
                break
            except StoreError as error:
                log.error("%s", error)
                if stop.wait(RETRY_S):
                    return  # nothing was acknowledged: the broker and the hubs still have it all
        self._forwarder.notify()
        for (site, hub), event_ids in acks.items():
            payload = Ack(event_ids=tuple(event_ids)).model_dump_json(by_alias=True)
            self._client.publish(ack_topic(site, hub), payload, qos=1)
        for message in batch:
            if message.connection == self._connection:
                self._client.ack(message.mid, 1)

    # paho's thread

    def _on_connected(self, client: paho.Client) -> None:
        self._connection += 1
        client.subscribe(EVENT_FILTER, qos=1)
        log.info("broker connected")

    def _on_message(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        item = _Message(self._connection, message.mid, message.topic, bytes(message.payload))
        while not self._stopping.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=0.5)
                return


def _header(payload: bytes) -> UUID | None:
    try:
        return _Header.model_validate_json(payload).event_id
    except ValidationError:
        return None
