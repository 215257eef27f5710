"""The publisher sends every waiting event until it is acknowledged, whatever comes in between."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from uuid import UUID

import pytest

from griphub.hub.config import Config
from griphub.hub.delivery import mqtt
from griphub.hub.delivery.outbox import Outbox, Waiting
from griphub.hub.delivery.publisher import WINDOW, Ack, Publisher
from griphub.hub.errors import StoreError
from griphub.hub.records import SqueezeCounted, decode

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

    def slow(after: int, limit: int, branch: str) -> list[Waiting]:
        rows = read(after, limit, branch)
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
