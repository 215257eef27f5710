"""The publisher sends every waiting event until it is acknowledged, whatever comes in between."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import closing
from uuid import UUID

import pytest

from griphub.hub.config import Config
from griphub.hub.delivery import mqtt
from griphub.hub.delivery import publisher as publisher_module
from griphub.hub.delivery.outbox import Outbox, Waiting
from griphub.hub.delivery.outbox_file import Owed
from griphub.hub.delivery.publisher import WINDOW, Ack, Publisher
from griphub.hub.errors import StoreError
from griphub.hub.records.event import decode
from griphub.hub.records.session import SqueezeCounted

Make = Callable[[int], SqueezeCounted]


class Air:
    """Takes the place of paho's client: keeps what is published."""

    def __init__(self) -> None:
        self.sent: list[UUID] = []

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        self.sent.append(decode(payload).event_id)


class Delivery:
    """A running publisher, its outbox, and what it sends."""

    def __init__(self, config: Config) -> None:
        self.air = Air()
        self.outbox = Outbox(config.data_dir / "outbox.db")
        self.publisher = Publisher(config, self.outbox)
        self.publisher._client = self.air  # type: ignore[assignment]
        self.task = asyncio.create_task(self.publisher.run())

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                assert not self.task.done(), self.task.result()
                await asyncio.sleep(0.005)

    def acknowledge(self, *event_ids: UUID) -> None:
        self.publisher._on_ack(Ack(event_ids=event_ids))


@pytest.fixture
async def delivery(config: Config, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Delivery]:
    monkeypatch.setattr(mqtt, "start", lambda *_: None)
    monkeypatch.setattr(mqtt, "stop", lambda *_: None)
    running = Delivery(config)
    await asyncio.sleep(0)
    yield running
    running.task.cancel()
    await asyncio.gather(running.task, return_exceptions=True)
    running.outbox.close()


async def test_a_reconnection_while_the_outbox_is_read_forgets_nothing(
    delivery: Delivery, squeeze: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [squeeze(n) for n in range(WINDOW + 50)]
    ids = [event.event_id for event in events]
    delivery.outbox.commit(events, {})
    delivery.publisher._set_connected(True)
    await delivery.until(lambda: len(delivery.air.sent) == WINDOW)

    reading, go_on = threading.Event(), threading.Event()
    read = delivery.outbox.waiting

    def slow(after: int, limit: int, branch: str, held: Collection[str], to: Owed) -> list[Waiting]:
        rows = read(after, limit, branch, held, to)
        reading.set()
        go_on.wait(10)
        return rows

    monkeypatch.setattr(delivery.outbox, "waiting", slow)
    delivery.acknowledge(*ids[:50])
    await delivery.until(reading.is_set)
    delivery.air.sent.clear()
    delivery.publisher._set_connected(False)
    delivery.publisher._set_connected(True)  # what was in flight is forgotten, and must be sent anew
    go_on.set()
    await delivery.until(lambda: set(delivery.air.sent) == set(ids[50:]))


@pytest.mark.parametrize("method", ["waiting", "acknowledge"])
async def test_an_outbox_that_cannot_be_used_for_a_while_does_not_end_delivery(
    delivery: Delivery, squeeze: Make, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    failed = threading.Event()
    works = getattr(delivery.outbox, method)

    def fail_once(*arguments: object) -> object:
        if not failed.is_set():
            failed.set()
            raise StoreError("outbox", "database is locked", "Close what holds it.")
        return works(*arguments)

    monkeypatch.setattr("griphub.hub.delivery.publisher.RETRY_S", 0.01)
    monkeypatch.setattr("griphub.hub.delivery.publisher.RESEND_S", 0.05)
    monkeypatch.setattr(delivery.outbox, method, fail_once)
    delivery.outbox.commit([squeeze(0)], {})
    delivery.publisher._set_connected(True)
    await delivery.until(lambda: bool(delivery.air.sent))
    delivery.acknowledge(squeeze(0).event_id)
    await delivery.until(failed.is_set)
    await delivery.until(lambda: not delivery.outbox._read("SELECT 1 FROM outbox"))


async def test_results_of_another_site_are_told_and_hold_nothing_up(
    config: Config, squeeze: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mqtt, "start", lambda *_: None)
    monkeypatch.setattr(mqtt, "stop", lambda *_: None)
    others = [squeeze(n).model_copy(update={"site": "before"}) for n in range(WINDOW)]
    ours = squeeze(WINDOW)
    with closing(Outbox(config.data_dir / "outbox.db")) as outbox:
        outbox.commit([*others, ours], {})
    delivery = Delivery(config)
    await asyncio.sleep(0)
    delivery.publisher._set_connected(True)
    await delivery.until(lambda: bool(delivery.air.sent))
    delivery.task.cancel()
    await asyncio.gather(delivery.task, return_exceptions=True)
    delivery.outbox.close()
    assert delivery.air.sent == [ours.event_id]
    assert f"{WINDOW} results from before `site` or `hub` was changed" in caplog.text


async def test_when_ingest_is_back_what_waits_is_sent_at_once(
    delivery: Delivery, squeeze: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when its own pause is over, which has grown to a minute meanwhile."""
    monkeypatch.setattr(publisher_module, "RESEND_S", 0.01)
    events = [squeeze(n) for n in range(3)]
    ids = [event.event_id for event in events]
    delivery.outbox.commit(events, {})
    delivery.publisher._set_connected(True)
    await delivery.until(lambda: delivery.air.sent.count(ids[2]) == 4)  # nobody answers
    monkeypatch.setattr(publisher_module, "RESEND_S", 60.0)
    await delivery.until(lambda: delivery.air.sent.count(ids[2]) == 5)  # the next is an hour away
    sent = len(delivery.air.sent)
    delivery.acknowledge(ids[0])
    await delivery.until(lambda: delivery.air.sent[sent:] == ids[1:])
    delivery.acknowledge(ids[1])  # it is not silent any more
    await delivery.until(lambda: len(delivery.outbox.waiting(0, 10)) == 1)
    assert len(delivery.air.sent) == sent + 2


async def test_a_broker_that_never_answers_costs_no_memory(config: Config, squeeze: Make) -> None:
    """It takes the connection and drops it, time and again, as one with a full disk does."""
    connections = 0
    port = config.broker.port

    async def ill(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read(100)
        writer.write(b"\x20\x02\x00\x00")  # CONNACK: accepted
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                while await reader.read(1 << 16):
                    pass
        writer.close()

    server = await asyncio.start_server(ill, "127.0.0.1", port)
    outbox = Outbox(config.data_dir / "outbox.db")
    outbox.commit([squeeze(n) for n in range(2 * WINDOW)], {})
    publisher = Publisher(config, outbox)
    publisher._client.reconnect_delay_set(1, 1)
    task = asyncio.create_task(publisher.run())
    try:
        async with asyncio.timeout(20):
            while connections < 4:
                await asyncio.sleep(0.05)
        assert 0 < len(publisher._client._out_messages) <= WINDOW
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()
        outbox.close()
