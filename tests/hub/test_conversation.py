"""Messages both ways between a clinic and a home, each with a database of its own, over the real path."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date, timedelta
from uuid import UUID

import pytest

from griphub.hub.config import Config
from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.engine import Database
from griphub.hub.delivery.committer import Committer
from griphub.hub.delivery.forwarder import Forwarder
from griphub.hub.delivery.ingest import Ingest
from griphub.hub.delivery.journal import Journal
from griphub.hub.delivery.outbox import Entry, Outbox
from griphub.hub.delivery.publisher import Publisher
from griphub.hub.errors import FieldError
from griphub.hub.people import accounts, caseload, places
from griphub.hub.program import commands, home
from griphub.hub.program.carrying import Carrier
from griphub.hub.program.conversation import Message, conversation, mark_read, unread
from griphub.hub.program.family_post import FamilyPost
from griphub.hub.program.keys import shown, signing_key, trust
from griphub.hub.program.mailbox import Mailbox
from griphub.hub.program.post import notes, write_note
from griphub.hub.program.suggestions import RULE
from griphub.hub.program.versions import PauseReason
from griphub.hub.records.event import Event, encode
from griphub.hub.records.post import MessageWritten
from griphub.hub.stores import open_store

from .conftest import Broker
from .letters import program, sending

OWNER = Actor.part("test")
End = tuple[Config, Database]


@pytest.fixture
def joined(config: Config, clinic: End) -> Iterator[End]:
    """A home that has joined the clinic."""
    trust(config, shown(signing_key(clinic[0]).public_key()))
    with home.opened(config) as database:
        yield config, database


@asynccontextmanager
async def hub(config: Config) -> AsyncIterator[None]:
    """The parts of a home's hub that the post needs."""
    outbox = Outbox(config.data_dir / "outbox.db")

    def answer(topic: str, text: str) -> None:
        publisher.answer(topic, text)

    mailbox = Mailbox(config, answer=answer)
    publisher = Publisher(config, outbox, letters=mailbox.put)
    committer = Committer(outbox, publisher.wake)

    async def commit(events: list[Event]) -> None:
        await committer.commit(Entry(events))

    carrier = Carrier(config, outbox, commit)
    tasks = [asyncio.create_task(part.run()) for part in (committer, publisher, mailbox, carrier)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        outbox.close()


@contextmanager
def ingest(config: Config) -> Iterator[Journal]:
    """A clinic's ingest, as `griphub ingest` puts it together."""
    journal, store = Journal(config.data_dir / "journal.db"), open_store(config, read_only=False)
    forwarder, stop = Forwarder(journal, store), threading.Event()
    parts = [forwarder, FamilyPost(config, journal), Ingest(config, journal, forwarder)]
    threads = [threading.Thread(target=part.run, args=(stop,)) for part in parts]
    for thread in threads:
        thread.start()
    try:
        with sending(config):
            yield journal
    finally:
        stop.set()
        forwarder.notify()
        for thread in threads:
            thread.join()
        store.close()
        journal.close()


def said(end: End, actor: Actor = OWNER) -> list[Message]:
    with end[1].reading(actor) as work:
        return conversation(work, end[0], "c-1")


def write(end: End, words: str, *, from_family: bool = False) -> None:
    with end[1].work(OWNER) as work:
        write_note(work, "c-1", words, from_family=from_family)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("quickly")
async def test_both_ends_read_the_same_conversation(
    clinic: End, joined: End, running_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.hub.program.carrying.POLL_S", 0.05)
    write(clinic, "Well done!")
    write(joined, "Can we have the softer putty?", from_family=True)
    assert [one.delivered_at for one in said(clinic)] == [None]
    assert [one.delivered_at for one in said(joined)] == [None]
    with ingest(clinic[0]):
        async with hub(joined[0]):
            await until(lambda: all(len(said(end)) == 2 for end in (clinic, joined)))
            await until(lambda: all(one.delivered_at for end in (clinic, joined) for one in said(end)))
            write(clinic, "Yes, from Monday on.")
            await until(lambda: len(said(joined)) == 3 and all(one.delivered_at for one in said(clinic)))
    seen = [(one.from_family, one.words) for one in said(joined)]
    assert seen == [
        (False, "Well done!"),
        (True, "Can we have the softer putty?"),
        (False, "Yes, from Monday on."),
    ]
    assert [(one.from_family, one.words, one.message_id) for one in said(clinic)] == [
        (one.from_family, one.words, one.message_id) for one in said(joined)
    ]
    with clinic[1].reading(OWNER) as work:
        assert len(notes(work, "c-1")) == 2, "the therapist's own words stay apart"


@pytest.mark.usefixtures("quickly")
async def test_what_was_written_without_a_network_arrives_once_with_its_time(
    clinic: End, joined: End, running_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.hub.program.carrying.POLL_S", 0.05)
    running_broker.kill()
    write(joined, "We were away", from_family=True)
    for _ in range(2):  # a hub that is killed after it has handed over, and comes back
        async with hub(joined[0]):
            await asyncio.sleep(0.3)
    assert said(joined)[0].delivered_at is None
    running_broker.start()
    with ingest(clinic[0]) as journal:
        async with hub(joined[0]):
            await until(lambda: bool(said(joined)[0].delivered_at))
        await until(lambda: len(said(clinic)) == 1)
        (there,) = said(clinic)
        assert there.written_at == said(joined)[0].written_at
        # the very same event again, and one that tries to speak for a child of another home
        message = MessageWritten(
            event_id=other_id(0), measured_at=there.written_at, site="home", hub="hub", child_id="c-1",
            message_id=there.message_id, words=there.words,
        )  # fmt: skip
        with clinic[1].work(OWNER) as work:
            other = places.add_family(work, site_id="home", name="Neighbours", hub="hub2").id
            ben = places.add_child(work, family_id=other, name="Ben").id
        forged = message.model_copy(update={"child_id": ben, "event_id": other_id(1), "message_id": "fn-x"})
        last = message.model_copy(update={"event_id": other_id(2), "message_id": "fn-y", "words": "Last"})
        replay = message.model_copy(update={"event_id": other_id(3)})
        journal.append([(one.event_id, encode(one)) for one in (replay, forged, last)])
        await until(lambda: len(said(clinic)) == 2)
        assert [one.words for one in said(clinic)] == ["We were away", "Last"]
        with clinic[1].reading(OWNER) as work:
            assert conversation(work, clinic[0], ben) == []


@pytest.mark.usefixtures("quickly")
async def test_a_familys_pause_and_its_correction_reach_the_clinic(
    clinic: End, joined: End, running_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.hub.program.carrying.POLL_S", 0.05)
    day = date(2026, 11, 2)

    def rests(end: End) -> list[tuple[str, date, date | None]]:
        with end[1].reading(OWNER) as work:
            return [(one.reason, one.since, one.until) for one in commands.history(work, "c-1").pauses]

    with joined[1].work(OWNER) as work:
        ill = commands.pause(
            work, "c-1", since=day, until=None, reason=PauseReason.ILLNESS, note="at grandmother's"
        )
    with clinic[1].work(OWNER) as work:
        before = day - timedelta(days=7)
        commands.pause(work, "c-1", since=before, until=before, reason=PauseReason.APPOINTMENT)
    with ingest(clinic[0]) as journal:
        async with hub(joined[0]):
            await until(lambda: all(len(rests(end)) == 2 for end in (clinic, joined)))
            with joined[1].work(OWNER) as work:
                commands.pause(
                    work, "c-1", since=day, until=day, reason=PauseReason.ILLNESS, replaces=ill.pause_id
                )
            await until(lambda: ("illness", day, day) in rests(clinic))
        async with hub(joined[0]):  # which tells everything once more when it starts
            write(joined, "Better now", from_family=True)
            await until(lambda: bool(said(clinic)))
        assert not any(b"grandmother" in payload for _, payload in journal.read(0, 100))
    assert sorted(map(str, rests(clinic))) == sorted(map(str, rests(joined)))
    assert len(rests(clinic)) == 2


@pytest.mark.usefixtures("quickly")
async def test_a_step_that_a_rule_took_at_home_is_known_at_the_clinic(
    clinic: End, joined: End, running_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.hub.program.carrying.POLL_S", 0.05)
    day = date(2026, 11, 2)

    def titles(end: End) -> list[tuple[str, str]]:
        with end[1].reading(OWNER) as work:
            versions = commands.history(work, "c-1").versions
        return [(one.program.title if one.program else "", one.by) for one in versions]

    def holds(end: End) -> str:
        with end[1].reading(OWNER) as work:
            asked = commands.history(work, "c-1").program(day)
        return asked.title if asked else ""

    def prescribe(end: End, title: str, actor: Actor = OWNER) -> None:
        with end[1].work(actor) as work:
            commands.prescribe(work, "c-1", program(title), valid_from=day, today=day)

    prescribe(clinic, "Asked")
    with ingest(clinic[0]):
        async with hub(joined[0]):
            await until(lambda: holds(joined) == "Asked")
            prescribe(joined, "Stepped", RULE)
            await until(lambda: holds(clinic) == "Stepped")
    assert titles(clinic)[-1] == ("Stepped", RULE.name)
    # a step and a therapist's change that cross: both ends agree on what was said later
    prescribe(joined, "Crossed", RULE)
    prescribe(clinic, "Changed")
    with ingest(clinic[0]):
        async with hub(joined[0]):
            await until(lambda: all(len(titles(end)) == 4 for end in (clinic, joined)))
    assert holds(clinic) == holds(joined) == "Changed"


def other_id(n: int) -> UUID:
    return UUID(int=n)


def test_in_one_installation_each_reads_the_other_at_once(config: Config) -> None:
    with home.opened(config) as database:
        with database.work(OWNER) as work:
            family = places.children(work)[0].family_id
            parent = accounts.invite(
                work, login="p", name="P", role=Role.PARENT, site_id="home", family_id=family
            ).account.id
            therapist = accounts.invite(
                work, login="t", name="T", role=Role.THERAPIST, site_id="home"
            ).account.id
            caseload.assign(work, account_id=therapist, child_id="c-1")
        mother, doctor = Actor.account(parent, Role.PARENT), Actor.account(therapist, Role.THERAPIST)
        with database.work(doctor) as work:
            write_note(work, "c-1", "How was it?", from_family=True)
        with database.work(mother) as work:
            assert unread(work) == {"c-1": 1}
            write_note(work, "c-1", "  Fine, thank you.\n")
        for actor in (mother, doctor):
            both = said((config, database), actor)
            assert [(one.from_family, one.words) for one in both] == [
                (False, "How was it?"),
                (True, "Fine, thank you."),
            ]
            assert all(one.delivered_at for one in both)
            assert [one.unread for one in both] == [actor is mother, actor is doctor]
        with database.work(mother) as work:
            mark_read(work, "c-1")
        with database.work(mother) as work:
            mark_read(work, "c-1")  # once more changes nothing
            assert unread(work) == {}
        assert not any(one.unread for one in said((config, database), mother))
        with database.reading(doctor) as work:
            assert unread(work) == {"c-1": 1}, "what one has read the other has not"


@pytest.mark.parametrize("words", ["", "   \n", "x" * 2001])
def test_what_is_no_message_is_refused(config: Config, words: str) -> None:
    with home.opened(config) as database:
        with pytest.raises(FieldError, match="words"), database.work(OWNER) as work:
            write_note(work, "c-1", words)
        assert said((config, database)) == []
