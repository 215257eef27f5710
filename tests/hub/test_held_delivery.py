"""A child without consent: nothing of theirs goes to another computer's broker, and nothing is lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.config import BrokerConfig, Config
from griphub.hub.database.actor import Actor
from griphub.hub.database.engine import Database
from griphub.hub.delivery import mqtt
from griphub.hub.delivery import publisher as publisher_module
from griphub.hub.delivery.notice import Notice, notice_path
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.delivery.publisher import Publisher
from griphub.hub.delivery.status import delivery_status
from griphub.hub.errors import StoreError
from griphub.hub.live import LiveFrame
from griphub.hub.people import consent
from griphub.hub.people.sharing import Sharing
from griphub.hub.program.home import opened
from griphub.hub.records.event import decode
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.records.vocabulary import Hand, Source

Make = Callable[[int], SqueezeCounted]
OWNER = Actor.part("test")


@pytest.fixture
def people(config: Config) -> Iterator[Database]:
    """A home with a second child, which knows the clinic's text of consent; nobody has agreed yet."""
    two = [{"id": "c-1", "alias": "Mia"}, {"id": "c-2", "alias": "Leo"}]
    with opened(config.model_validate(config.model_dump() | {"children": two})) as database:
        with database.work(OWNER) as work:
            consent.publish_text(work, site_id=config.site, version="v1", text="What you agree to")
        yield database


def agree(people: Database, child_id: str) -> None:
    with people.work(OWNER) as work:
        consent.give(work, child_id, version="v1", given_by="Ana")


def take_back(people: Database, child_id: str) -> None:
    with people.work(OWNER) as work:
        consent.withdraw(work, child_id, withdrawn_by="Ana")


class Air:
    """Takes the place of paho's client."""

    def __init__(self) -> None:
        self.sent: list[UUID] = []
        self.live: list[str] = []

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        if "/live/" in topic:
            self.live.append(LiveFrame.model_validate_json(payload).child_id)
        else:
            self.sent.append(decode(payload).event_id)


@asynccontextmanager
async def delivering(config: Config) -> AsyncIterator[tuple[Publisher, Air, Outbox]]:
    """A publisher at a clinic's broker, connected."""
    outbox, notice = Outbox(config.data_dir / "outbox.db"), Notice(notice_path(config.data_dir, "hub"))
    publisher = Publisher(config, outbox, notice.say, held=Sharing(config).held)
    air = Air()
    publisher._client = air  # type: ignore[assignment]
    task = asyncio.create_task(publisher.run())
    await asyncio.sleep(0)
    publisher._set_connected(True)
    try:
        yield publisher, air, outbox
        assert not task.done(), task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        outbox.close()
        notice.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "start", lambda *_: None)
    monkeypatch.setattr(mqtt, "stop", lambda *_: None)
    monkeypatch.setattr(publisher_module, "ASK_S", 0.02)
    monkeypatch.setattr(publisher_module, "RESEND_S", 0.05)
    monkeypatch.setattr(publisher_module, "RETRY_S", 0.02)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def of(child_id: str, squeeze: SqueezeCounted) -> SqueezeCounted:
    return squeeze.model_copy(update={"child_id": child_id})


def news_of(config: Config, child_id: str) -> LiveFrame:
    return LiveFrame(
        site=config.site,
        hub=config.hub,
        tool_id="ball01",
        tool_kind=ToolKind.BALL,
        child_id=child_id,
        hand=Hand.RIGHT,
        source=Source.SIMULATED,
        unit=Unit.UNKNOWN,
        session_id=UUID(int=7),
        state="ended",
    )


async def test_what_is_of_a_child_without_consent_waits_over_a_restart_and_goes_with_it(
    config: Config, people: Database, squeeze: Make
) -> None:
    agree(people, "c-1")
    hers = [squeeze(n) for n in range(0, 6, 2)]
    his = [of("c-2", squeeze(n)) for n in range(1, 6, 2)]
    for _ in range(2):  # also after the hub was started again
        async with delivering(config) as (publisher, air, outbox):
            outbox.commit([*hers, *his], {})
            publisher.wake()
            await until(lambda air=air: len(set(air.sent)) == 3)  # type: ignore[misc]
            publisher.send_live(news_of(config, "c-1"))
            publisher.send_live(news_of(config, "c-2"))
            assert set(air.sent) == {one.event_id for one in hers}
            assert air.live == ["c-1"]
            (queue,) = delivery_status(config).queues
            assert queue.waiting == 6
            assert "Nothing of c-2 is sent: there is no consent" in " ".join(queue.reasons)
    async with delivering(config) as (publisher, air, _):
        await until(lambda: len(set(air.sent)) == 3)
        agree(people, "c-2")
        await until(lambda: len(set(air.sent)) == 6)
        publisher.send_live(news_of(config, "c-2"))
        assert air.live == ["c-2"]
        await until(lambda: not delivery_status(config).queues[0].reasons)


async def test_consent_that_is_taken_back_ends_what_is_sent_again(
    config: Config, people: Database, squeeze: Make
) -> None:
    agree(people, "c-1")
    async with delivering(config) as (publisher, air, outbox):
        outbox.commit([squeeze(0)], {})
        publisher.wake()
        await until(lambda: len(air.sent) >= 2)  # nobody acknowledges: it is sent again and again
        take_back(people, "c-1")
        await until(lambda: publisher._held == {"c-1", "c-2"})
        air.sent.clear()
        outbox.commit([squeeze(1), of("c-2", squeeze(2))], {})
        agree(people, "c-2")  # what comes after is sent, so that the test knows that it was looked at
        publisher.wake()
        await until(lambda: bool(air.sent))
        assert set(air.sent) == {squeeze(2).event_id}


async def test_nothing_is_sent_before_it_is_known_who_agreed(
    config: Config, people: Database, squeeze: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = True
    read = Sharing.held

    def held(self: Sharing) -> frozenset[str]:
        if broken:
            raise StoreError("people", "database disk image is malformed", "Restore it.")
        return read(self)

    monkeypatch.setattr(Sharing, "held", held)
    agree(people, "c-1")
    async with delivering(config) as (publisher, air, outbox):
        outbox.commit([squeeze(0)], {})
        publisher.wake()
        await until(lambda: "malformed" in " ".join(delivery_status(config).queues[0].reasons))
        publisher.send_live(news_of(config, "c-1"))
        assert not air.sent and not air.live
        broken = False
        await until(lambda: bool(air.sent))


def test_a_home_without_texts_or_without_a_database_holds_nothing(config: Config) -> None:
    assert Sharing(config).held() == frozenset()
    assert not (config.data_dir / "people.db").exists(), "asking makes no file"
    with opened(config):
        assert Sharing(config).held() == frozenset()


@pytest.mark.parametrize(
    ("host", "elsewhere"),
    [
        (None, False),
        ("localhost", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("mqtt.clinic.example", True),
    ],
)
def test_only_another_computers_broker_asks_for_consent(host: str | None, elsewhere: bool) -> None:
    assert BrokerConfig(host=host).elsewhere is elsewhere


def test_what_is_held_is_passed_over_by_the_index(config: Config, squeeze: Make) -> None:
    outbox = Outbox(config.data_dir / "outbox.db")
    event = of("c-2", squeeze(0))
    outbox.commit([event], {})
    with outbox._transaction() as db:
        db.execute(
            """INSERT INTO outbox (event_id, topic, payload, child_id)
               WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
               SELECT randomblob(16), topic, payload, child_id FROM n, (SELECT * FROM outbox)"""
        )
    outbox.commit([squeeze(1)], {})

    def best_s(held: set[str]) -> float:
        took = []
        for _ in range(5):
            began = time.perf_counter()
            found = outbox.waiting(0, 10, event.topic()[:1], held)
            took.append(time.perf_counter() - began)
            assert [one.event_id for one in found] == [squeeze(1).event_id]
        return min(took)

    scan = time.perf_counter()
    assert (
        len(outbox._read("SELECT seq FROM outbox WHERE substr(payload, 1, 1) = CAST('{' AS BLOB)")) == 200_002
    )
    scan = time.perf_counter() - scan
    assert best_s({"c-2"}) < scan / 10
    assert outbox.has({"c-2", "c-9"}) == {"c-2"}
    outbox.close()


def test_what_an_older_griphub_left_in_the_outbox_is_held_too(config: Config, squeeze: Make) -> None:
    path = config.data_dir / "outbox.db"
    outbox = Outbox(path)
    outbox.commit([squeeze(0), of("c-2", squeeze(1))], {})
    with outbox._transaction() as db:
        for index in ("of_child", "to_ingest", "to_clinic"):
            db.execute(f"DROP INDEX outbox_{index}")
        db.execute("ALTER TABLE outbox DROP COLUMN owed")
        db.execute("ALTER TABLE outbox DROP COLUMN child_id")
        db.execute("PRAGMA user_version = 2")
    outbox.close()
    outbox = Outbox(path)
    assert [one.event_id for one in outbox.waiting(0, 10, held={"c-1"})] == [squeeze(1).event_id]
    outbox.close()
