"""Ingest: takes events from the broker, commits them to the journal, and only then says so.

A message is acknowledged twice, both after the commit: to the broker, which then forgets it, and to the
hub, which then deletes it from its outbox.
"""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ..child.erased import Erased
from ..config import Config
from ..errors import StoreError
from . import mqtt
from .dead_letters import readmit
from .forwarder import Forwarder
from .intake import Intake
from .journal import Journal

log = logging.getLogger(__name__)

EVENT_FILTER = "griphub/v1/+/+/event/+"

#: Messages taken but not yet committed. When full, paho's thread waits and the broker keeps the rest.
QUEUE_SIZE = 4000

#: One transaction takes what has come, up to so many: a commit costs the same for one as for hundreds.
BATCH = 500


@dataclass(frozen=True, slots=True)
class _Message:
    connection: int  # a message id means nothing on another connection
    mid: int
    topic: str
    payload: bytes


class Ingest:
    """Moves events from the broker into the journal and wakes the forwarder.

    Parameters
    ----------
    config : Config
    journal : Journal
    forwarder : Forwarder
        Woken after each commit.
    tell : callable
        Told why ``broker`` or ``journal`` does not go on, and None when it does.
    """

    def __init__(
        self,
        config: Config,
        journal: Journal,
        forwarder: Forwarder,
        tell: Callable[[str, str | None], None] = lambda _what, _reason: None,
    ) -> None:
        self._config = config
        self._journal = journal
        self._intake = Intake(
            journal,
            forwarder.notify,
            lambda reason: tell("journal", reason),
            self._turned,
            Erased(config.data_dir).concerns,
        )
        self._tell = partial(tell, "broker")
        self._queue: queue.Queue[_Message] = queue.Queue(QUEUE_SIZE)
        self._connection = 0
        self.turned_s = time.monotonic()  #: when `run` last came round, to see whether it hangs
        # the client id names the session that the broker keeps while ingest is away
        self._client = mqtt.make_client(
            config,
            "ingest",
            "griphub-ingest",
            connected=self._on_connected,
            tell=self._tell,
            durable=True,
            manual_ack=True,
        )
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe

    def run(self, stop: threading.Event) -> None:
        """Ingest until `stop` is set."""
        self._stopping = stop
        try:
            readmit(self._journal)
        except StoreError as error:  # a full disk, say: they stay where they are until the next start
            log.error("%s", error)
        mqtt.start(self._client, self._config)
        try:
            while not stop.is_set():
                self._turned()
                if batch := self._take():
                    self._commit(batch, stop)
        finally:
            mqtt.stop(self._client)

    def _turned(self) -> None:
        self.turned_s = time.monotonic()

    def _take(self) -> list[_Message]:
        batch: list[_Message] = []
        with contextlib.suppress(queue.Empty):
            batch.append(self._queue.get(timeout=0.2))
            while len(batch) < BATCH:
                batch.append(self._queue.get_nowait())
        return batch

    def _commit(self, batch: list[_Message], stop: threading.Event) -> None:
        acks = self._intake.commit(batch, stop)
        if acks is None:
            return  # the broker and the hubs still have it all
        for topic, payload in acks:
            self._client.publish(topic, payload, qos=1)
        for message in batch:
            if message.connection == self._connection:
                self._client.ack(message.mid, 1)

    # paho's thread

    def _on_connected(self, client: paho.Client) -> None:
        self._connection += 1
        client.subscribe(EVENT_FILTER, qos=1)
        log.info("broker connected")

    def _on_subscribe(
        self,
        client: paho.Client,
        userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            refused = (
                "The broker does not let ingest hear results. Give its user the rights of ingest "
                "(docs/brokers.md); if it is a clinic's broker, name it in [clinic], not in [broker]."
            )
            log.error("%s", refused)
            self._tell(refused)

    def _on_message(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:  # which a broker should not have let in; paho's thread must go on
            log.warning("A message on a topic that is no text was ignored.")
            client.ack(message.mid, 1)
            return
        item = _Message(self._connection, message.mid, topic, bytes(message.payload))
        while not self._stopping.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=0.5)
                return
