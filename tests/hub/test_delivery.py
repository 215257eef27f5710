"""Outbox → broker → ingest → journal, on the home's real broker."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from griphub.hub.config import Config
from griphub.hub.delivery import broker as home_broker
from griphub.hub.delivery.forwarder import Forwarder
from griphub.hub.delivery.ingest import Ingest
from griphub.hub.delivery.journal import Journal
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.delivery.publisher import Publisher
from griphub.hub.errors import SetupError, StoreError
from griphub.hub.records.event import encode
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.stores.sqlite import SqliteStore

Make = Callable[[int], SqueezeCounted]
SESSION = UUID(int=7)


@contextmanager
def _ingesting(config: Config, journal: Journal) -> Iterator[SqliteStore]:
    stop = threading.Event()
    store = SqliteStore(config.data_dir / "store.db")
    forwarder = Forwarder(journal, store)
    threads = [
        threading.Thread(target=forwarder.run, args=(stop,)),
        threading.Thread(target=Ingest(config, journal, forwarder).run, args=(stop,)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield store
    finally:
        stop.set()
        forwarder.notify()
        for thread in threads:
            thread.join()
        store.close()


async def _publish_until_acknowledged(config: Config, outbox: Outbox, timeout_s: float = 40) -> None:
    publisher = Publisher(config, outbox)
    task = asyncio.create_task(publisher.run())
    try:
        async with asyncio.timeout(timeout_s):
            while outbox.waiting(0, 1):
                publisher.wake()
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def journal(config: Config) -> Iterator[Journal]:
    opened = Journal(config.data_dir / "journal.db")
    yield opened
    opened.close()


@pytest.fixture
def outbox(config: Config) -> Iterator[Outbox]:
    opened = Outbox(config.data_dir / "outbox.db")
    yield opened
    opened.close()


async def test_every_event_arrives_once_though_the_broker_is_killed(
    config: Config, running_broker, journal: Journal, outbox: Outbox, squeeze: Make
) -> None:
    events = [squeeze(n) for n in range(1500)]
    for first in range(0, 1500, 100):
        outbox.commit(events[first : first + 100], {})
    with _ingesting(config, journal) as store:
        delivering = asyncio.create_task(_publish_until_acknowledged(config, outbox))
        async with asyncio.timeout(20):
            while len(outbox.waiting(0, 1500)) > 1200:  # in full swing
                await asyncio.sleep(0.01)
        running_broker.kill()
        running_broker.start()
        await delivering
        async with asyncio.timeout(10):
            while journal.waiting("sqlite").count:
                await asyncio.sleep(0.01)
        assert store.squeeze_ids(SESSION) == {event.event_id for event in events}
    assert journal.dead_letters() == []


async def test_what_is_no_event_is_set_aside_and_stops_nothing(
    config: Config, running_broker, journal: Journal, outbox: Outbox, squeeze: Make
) -> None:
    outbox.commit([squeeze(0), squeeze(1), squeeze(2)], {})
    future = json.loads(encode(squeeze(0))) | {"schema": "squeeze/9"}
    stranger = encode(squeeze(2)).replace(b'"site":"home"', b'"site":"next-door"')
    for n, payload in enumerate((json.dumps(future).encode(), b"\xff\x00garbage"), 1):
        outbox._db.execute("UPDATE outbox SET payload = ? WHERE seq = ?", (payload, n))
    outbox._db.execute("UPDATE outbox SET payload = ? WHERE seq = 3", (stranger,))
    outbox.commit([squeeze(3)], {})
    with _ingesting(config, journal) as store:
        publisher = Publisher(config, outbox)
        task = asyncio.create_task(publisher.run())
        async with asyncio.timeout(20):
            while len(journal.dead_letters()) < 3 or squeeze(3).event_id not in store.squeeze_ids(SESSION):
                await asyncio.sleep(0.05)
            while len(outbox.waiting(0, 10)) > 1:  # told to forget, but for the one that has no id to tell
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert store.squeeze_ids(SESSION) == {squeeze(3).event_id}
    reasons = " ".join(letter.reason for letter in journal.dead_letters())
    assert "schema" in reasons and "JSON" in reasons and "next-door" in reasons


async def test_nothing_is_acknowledged_that_the_journal_refused(
    config: Config, running_broker, journal: Journal, outbox: Outbox, squeeze: Make, monkeypatch
) -> None:
    refused = threading.Event()
    append = journal.append

    def full_once(payloads):
        if not refused.is_set():
            refused.set()
            raise StoreError("journal", "database or disk is full", "Free some disk space.")
        return append(payloads)

    monkeypatch.setattr(journal, "append", full_once)
    outbox.commit([squeeze(0)], {})
    with _ingesting(config, journal):
        await _publish_until_acknowledged(config, outbox)
    assert refused.is_set()
    assert len(journal.read(0, 10)) == 1


def _client(user: str | None, password: str | None, client_id: str) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
    if user:
        client.username_pw_set(user, password)
    return client


def _connect(client: paho.Client, port: int) -> str:
    answered: list[str] = []
    client.on_connect = lambda _c, _u, _f, reason, _p: answered.append(str(reason))
    client.connect("127.0.0.1", port, 10)
    client.loop_start()
    deadline_s = time.monotonic() + 5
    while not answered and time.monotonic() < deadline_s:
        time.sleep(0.01)
    return answered[0] if answered else "no answer"


def test_nobody_gets_in_without_a_password(config: Config, running_broker) -> None:
    for user, password in ((None, None), ("hub", "guess"), ("admin", "admin")):
        client = _client(user, password, "stranger")
        assert _connect(client, config.broker.port) != "Success"
        client.disconnect()
        client.loop_stop()


def test_each_role_can_do_only_its_own(config: Config, running_broker) -> None:
    heard: dict[str, list[str]] = {}
    granted: dict[str, list[bool]] = {}
    clients = {}
    for role in ("hub", "ingest", "dashboard"):
        login = home_broker.credentials(config, role)
        client = clients[role] = _client(login.user, login.password, f"test-{role}")
        heard[role] = []
        client.on_message = lambda _c, _u, m, role=role: heard[role].append(m.topic)
        client.on_subscribe = lambda _c, _u, _m, reasons, _p, role=role: granted.__setitem__(
            role, [not reason.is_failure for reason in reasons]
        )
        assert _connect(client, config.broker.port) == "Success"
    filters = [
        "griphub/v1/home/hub/ack",
        "griphub/v1/+/+/event/+",
        "griphub/v1/+/+/live/+",
        "griphub/v1/home/watch",
        "griphub/v1/next-door/hub/ack",
        "#",
    ]
    for client in clients.values():
        client.subscribe([(name, 1) for name in filters])
    _until(lambda: len(granted) == 3)
    assert granted == {
        "hub": [True, False, False, True, False, False],
        "ingest": [False, True, False, False, False, False],
        "dashboard": [False, False, True, False, False, False],
    }
    for client in clients.values():
        for topic in (
            "home/hub/event/squeeze",
            "home/hub/live/ball01",
            "home/hub/ack",
            "home/watch",
            "next-door/hub/event/squeeze",
        ):
            client.publish(f"griphub/v1/{topic}", b"x", qos=1).wait_for_publish(5)
    clients["hub"].publish("griphub/v1/home/hub/event/last", b"x", qos=1).wait_for_publish(5)
    _until(lambda: "griphub/v1/home/hub/event/last" in heard["ingest"])
    assert heard == {
        "hub": ["griphub/v1/home/hub/ack", "griphub/v1/home/watch"],
        "ingest": ["griphub/v1/home/hub/event/squeeze", "griphub/v1/home/hub/event/last"],
        "dashboard": ["griphub/v1/home/hub/live/ball01"],
    }
    for client in clients.values():
        client.disconnect()
        client.loop_stop()


def _until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_secrets_are_readable_by_their_owner_only(config: Config) -> None:
    home_broker.write_config(config)
    for name in ("passwords.json", "nats-server.conf"):
        assert (config.data_dir / "broker" / name).stat().st_mode & 0o077 == 0
    login = home_broker.credentials(config, "hub")
    assert login.password and login.password not in repr(login)
    assert home_broker.credentials(config, "hub") == login


def test_damaged_passwords_are_said_in_a_sentence(config: Config) -> None:
    (config.data_dir / "broker").mkdir()
    (config.data_dir / "broker" / "passwords.json").write_text("")
    with pytest.raises(SetupError, match=r"passwords\.json cannot be read.*remove the file"):
        home_broker.credentials(config, "hub")
