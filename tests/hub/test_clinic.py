"""A home that has joined a clinic: results stay at home and go to the clinic, over a broker of each."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest

from griphub.hub.config import Config, load
from griphub.hub.database.actor import Actor
from griphub.hub.delivery import broker
from griphub.hub.delivery.journal import Journal
from griphub.hub.delivery.outbox import Outbox, open_outbox
from griphub.hub.delivery.outbox_file import Owed
from griphub.hub.delivery.status import Queue, delivery_status
from griphub.hub.errors import ConfigError
from griphub.hub.people import consent
from griphub.hub.program.home import opened
from griphub.hub.records.ids import event_id
from griphub.hub.records.post import MessageWritten
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.stores.sqlite import SqliteStore

from .conftest import Broker
from .test_delivery import _ingesting
from .test_service import _running, _tools

Make = Callable[[int], SqueezeCounted]


@pytest.fixture
def clinic(tmp_path: Path, unused_tcp_port: int) -> Config:
    return Config(site="clinic", data_dir=tmp_path / "clinic", broker={"port": unused_tcp_port})


@pytest.fixture
def joined(config: Config, clinic: Config, tmp_path: Path) -> Config:
    """The home, with what `griphub broker add-home` printed for it."""
    login = broker.add_home(clinic, "home-17", "hub")
    assert login.password
    there = f"mqtt://127.0.0.1:{clinic.broker.port}"
    given = {
        "site": "home-17",
        "radio": f"unix:{tmp_path}/hci",
        "clinic": {"url": there, "user": login.user, "password": login.password},
    }
    return Config(**(config.model_dump() | given))


@pytest.fixture
def home_broker(joined: Config) -> Iterator[Broker]:
    server = Broker(joined)
    server.start()
    yield server
    server.kill()


@contextmanager
def ingesting(config: Config) -> Iterator[SqliteStore]:
    with closing(Journal(config.data_dir / "journal.db")) as journal, _ingesting(config, journal) as store:
        yield store


@asynccontextmanager
async def squeezing(joined: Config, folder: Path) -> AsyncIterator[None]:
    """The home's hub, and a ball that is squeezed every two seconds."""
    async with _tools(folder, "ball01", rests=True), _running(joined):
        yield


async def until(condition: Callable[[], object], timeout_s: float = 30) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.05)


def squeezes(store: SqliteStore) -> set[bytes]:
    """Event ids of all that is stored, also of a session that goes on."""
    return {row["event_id"] for row in store._select("SELECT event_id FROM squeeze")}


def way_to_the_clinic(joined: Config) -> Queue:
    (found,) = [queue for queue in delivery_status(joined).queues if queue.goal == "clinic"]
    return found


async def test_the_home_has_its_results_while_the_clinic_is_away_and_the_clinic_has_them_all_later(
    joined: Config, clinic: Config, home_broker: Broker, tmp_path: Path
) -> None:
    with ingesting(joined) as at_home:
        async with squeezing(joined, tmp_path):
            await until(lambda: len(squeezes(at_home)) >= 2)
            assert way_to_the_clinic(joined).waiting >= 2
            assert "not connected to the clinic's broker" in way_to_the_clinic(joined).reasons[0]
            assert "[clinic] url" in way_to_the_clinic(joined).reasons[0]
            there = Broker(clinic)
            there.start()
            try:
                with ingesting(clinic) as at_clinic:
                    await until(lambda: squeezes(at_clinic) and squeezes(at_clinic) >= squeezes(at_home))
                    there.kill()
                    before = len(squeezes(at_home))
                    await until(lambda: len(squeezes(at_home)) > before)
                    there.start()
                    await until(lambda: len(squeezes(at_clinic)) > before)
                    await until(lambda: not way_to_the_clinic(joined).reasons)
            finally:
                there.kill()
        with closing(open_outbox(joined)) as outbox:
            assert outbox.tally(Owed.CLINIC)["acknowledged"] > 0


async def test_without_consent_nothing_reaches_the_clinic_and_the_home_keeps_all(
    joined: Config, clinic: Config, home_broker: Broker, tmp_path: Path
) -> None:
    with opened(joined) as people, people.work(Actor.part("test")) as work:
        consent.publish_text(work, site_id=joined.site, version="v1", text="What you agree to")
    there = Broker(clinic)
    there.start()
    try:
        with ingesting(joined) as at_home, ingesting(clinic) as at_clinic:
            async with squeezing(joined, tmp_path):
                await until(lambda: len(squeezes(at_home)) >= 2)
                await until(lambda: "Nothing of c-1 is sent" in " ".join(way_to_the_clinic(joined).reasons))
                assert not squeezes(at_clinic)
                with opened(joined) as people, people.work(Actor.part("test")) as work:
                    consent.give(work, "c-1", version="v1", given_by="Ana")
                await until(lambda: squeezes(at_clinic))
    finally:
        there.kill()


def test_a_row_goes_when_both_have_it(tmp_path: Path, squeeze: Make) -> None:
    path = tmp_path / "outbox.db"
    with closing(Outbox(path, clinic=True)) as outbox:
        events = [squeeze(n) for n in range(3)]
        ids = [event.event_id for event in events]
        outbox.commit(events, {})
        outbox.acknowledge(ids[:2], Owed.INGEST)
        outbox.acknowledge(ids[1:], Owed.CLINIC)
        outbox.acknowledge(ids[1:], Owed.CLINIC)  # told again
        assert [one.event_id for one in outbox.waiting(0, 9, to=Owed.INGEST)] == ids[2:]
        assert [one.event_id for one in outbox.waiting(0, 9, to=Owed.CLINIC)] == ids[:1]
        assert outbox.tally(Owed.INGEST) == {"committed": 3, "acknowledged": 2}
        assert outbox.tally(Owed.CLINIC) == {"committed": 3, "acknowledged": 2}
        assert outbox.holds(ids) == {ids[0], ids[2]}
    with closing(Outbox(path)) as left:  # no clinic any more: what it is owed is not forgotten
        left.commit([squeeze(3)], {})
        left.acknowledge([squeeze(3).event_id, ids[2]])
        assert not left.waiting(0, 9)
        assert [one.event_id for one in left.waiting(0, 9, to=Owed.CLINIC)] == ids[:1]


def test_what_is_for_the_clinics_people_is_not_stored_at_home(tmp_path: Path, squeeze: Make) -> None:
    message = MessageWritten(
        event_id=event_id(squeeze(0).session_id, "message"),
        measured_at=squeeze(0).measured_at,
        site="home",
        hub="hub",
        child_id="c-1",
        message_id="m-1",
        words="She liked it",
    )
    with closing(Outbox(tmp_path / "outbox.db", clinic=True)) as outbox:
        outbox.commit([message], {})
        assert not outbox.waiting(0, 9)
        outbox.acknowledge([message.event_id], Owed.CLINIC)
        assert not outbox.holds([message.event_id])


def test_what_waits_for_a_clinic_that_was_left_is_told(joined: Config, squeeze: Make) -> None:
    with closing(open_outbox(joined)) as outbox:
        outbox.commit([squeeze(0)], {})
    left = joined.model_copy(update={"clinic": None})
    assert "The hub does not run" in way_to_the_clinic(left).reasons[0]
    with closing(open_outbox(joined)) as outbox:
        outbox.acknowledge([squeeze(0).event_id], Owed.CLINIC)
    assert [queue.goal for queue in delivery_status(left).queues] == ["ingest"]


def test_finding_what_is_owed_to_one_reads_none_of_what_waits_for_the_other(
    tmp_path: Path, squeeze: Make
) -> None:
    """A home that was offline for a month has a million rows for the clinic and few for itself."""
    with closing(Outbox(tmp_path / "outbox.db", clinic=True)) as outbox:
        events = [squeeze(n) for n in range(20_000)]
        outbox.commit(events, {})
        outbox.acknowledge([event.event_id for event in events[:-1]], Owed.INGEST)

        def steps_to(owed: Owed) -> int:
            steps = 0

            def step() -> int:
                nonlocal steps
                steps += 1
                return 0

            outbox._db.set_progress_handler(step, 10)
            assert len(outbox.waiting(0, 1, to=owed)) == 1
            outbox._db.set_progress_handler(None, 0)
            return steps

        assert steps_to(Owed.INGEST) < 50


@pytest.mark.parametrize(
    ("section", "word"),
    [('user = "x"', "url is missing"), ('url = "mqtt://a"\nlisten = "0.0.0.0"', "belongs into [broker]")],
)
def test_a_clinic_that_cannot_be_is_refused(tmp_path: Path, section: str, word: str) -> None:
    file = tmp_path / "griphub.toml"
    file.write_text(f"[clinic]\n{section}\n")
    with pytest.raises(ConfigError) as refused:
        load(file)
    assert word in str(refused.value)
