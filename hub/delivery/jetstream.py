"""Ingest for a region: many workers share one stream of a NATS cluster, each with a journal of its own.

The hubs publish by MQTT as ever; the stream takes their events in, on most of the cluster's disks, and each
event goes to one worker at a time. A worker that dies leaves what it had not confirmed to the others. What
happens twice then is one event in the store, which knows it by its id.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError

from ..child.erased import Erased
from ..config import Config
from . import mqtt
from .forwarder import Forwarder
from .intake import Intake
from .journal import Journal

log = logging.getLogger(__name__)

STREAM, CONSUMER, SUBJECT = "griphub_events", "ingest", "griphub.v1.*.*.event.*"

#: Messages fetched and committed together.
BATCH = 500
#: An event that a worker does not confirm goes to another one after so long: it died, or its disk is full.
ACK_WAIT_S = 30.0
#: Fetched and not yet confirmed, over all workers.
MAX_PENDING = 20_000
#: The stream forgets what nobody took for so long. The hubs have it, and send it again every minute: kept for
#: ever, each of those would be another copy.
MAX_AGE_S = 3600.0
#: Wait after the cluster refused or did not answer.
RETRY_S = 1.0
#: How long a fetch waits for the first message.
FETCH_S = 1.0
#: How long `run` may take to see that it should end.
STOP_S = 0.2
#: The server's word for a stream that is there already with other settings, which are whoever's who set them.
_STREAM_EXISTS = 10058


@dataclass(frozen=True, slots=True)
class _Message:
    topic: str
    payload: bytes


class JetStreamIngest:
    """One worker; as many as are needed share the work.

    Parameters
    ----------
    config : Config
        With ``[ingest] jetstream``; user, password and certificates are those of ``[broker]``.
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
        self._tell = tell
        self._said = ""
        self.turned_s = time.monotonic()  #: when `run` last came round, to see whether it hangs
        self._intake = Intake(
            journal,
            forwarder.notify,
            lambda reason: tell("journal", reason),
            self._turned,
            Erased(config.data_dir).concerns,
        )

    def run(self, stop: threading.Event) -> None:
        """Ingest until `stop` is set."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        working = asyncio.create_task(self._serve(stop), name="worker")
        while not (stop.is_set() or working.done()):
            await asyncio.wait({working}, timeout=STOP_S)
        await asyncio.wait({working}, timeout=2 * FETCH_S)  # what is being committed is confirmed as well
        working.cancel()  # while it is connecting it would not look
        with contextlib.suppress(asyncio.CancelledError):
            await working

    async def _serve(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                client = await self._connect()
            except (NatsError, OSError) as error:
                self._hindered(error)
                await asyncio.sleep(RETRY_S)
                continue
            try:
                await self._work(client, stop)
            finally:
                with contextlib.suppress(NatsError, OSError):
                    await client.close()

    async def _connect(self) -> Client:
        broker, servers = self._config.broker, list(self._config.ingest.jetstream)
        secure = any(server.startswith("tls://") for server in servers)
        return await nats.connect(
            servers,
            name="griphub ingest",
            user=broker.user,
            password=broker.password.get_secret_value() if broker.password else None,
            tls=mqtt.client_context(self._config) if secure else None,
            error_cb=self._on_error,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RETRY_S,
        )

    async def _work(self, client: Client, stop: threading.Event) -> None:
        context = client.jetstream()
        taking: JetStreamContext.PullSubscription | None = None
        while not stop.is_set() and not client.is_closed:
            self._turned()
            try:
                if taking is None:
                    taking = await self._join(context)
                messages = await taking.fetch(BATCH, timeout=FETCH_S)
            except NatsTimeout:
                if client.is_connected:
                    self._connected()
                continue
            except (NatsError, OSError) as error:
                self._hindered(error)
                await asyncio.sleep(RETRY_S)
                continue
            self._connected()
            await self._commit(client, messages, stop)

    async def _join(self, context: JetStreamContext) -> JetStreamContext.PullSubscription:
        """Join the workers; the first one makes the stream and the consumer that they share."""
        stream = StreamConfig(
            name=STREAM,
            subjects=[SUBJECT],
            retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.FILE,
            num_replicas=self._config.ingest.replicas,
            max_age=MAX_AGE_S,
            discard=DiscardPolicy.OLD,
        )
        try:
            await context.add_stream(stream)
        except APIError as error:
            if error.err_code != _STREAM_EXISTS:
                raise
        consumer = ConsumerConfig(ack_wait=ACK_WAIT_S, max_ack_pending=MAX_PENDING)
        return await context.pull_subscribe(SUBJECT, CONSUMER, STREAM, consumer)

    async def _commit(self, client: Client, messages: list[Msg], stop: threading.Event) -> None:
        batch = [_Message(message.subject.replace(".", "/"), message.data) for message in messages]
        acks = await asyncio.to_thread(self._intake.commit, batch, stop)
        if acks is None:
            return  # the stream and the hubs still have it all
        try:
            for topic, payload in acks:
                await client.publish(topic.replace("/", "."), payload)
            for message in messages:
                await message.ack()
        except (NatsError, OSError) as error:  # what was not confirmed comes again, and is known
            self._hindered(error)

    def _turned(self) -> None:
        self.turned_s = time.monotonic()

    async def _on_error(self, error: Exception) -> None:
        self._hindered(error)

    def _hindered(self, error: Exception) -> None:
        self._turned()  # it waits for others, and does not hang
        servers = ", ".join(self._config.ingest.jetstream)
        sentence = (
            f"Ingest cannot take events from {servers}: {str(error) or type(error).__name__}. "
            "See that most of the cluster runs, and check [ingest] jetstream and [broker] user and password."
        )
        if sentence != self._said:  # once, not every second
            log.warning("%s", sentence)
        self._said = sentence
        self._tell("broker", sentence)

    def _connected(self) -> None:
        self._said = ""
        self._tell("broker", None)
