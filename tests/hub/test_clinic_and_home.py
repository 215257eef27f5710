"""The whole of it: a home's hub, a clinic's ingest, a broker of each, and no more rights than a home has."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from griphub.hub.config import Config, DatabaseConfig
from griphub.hub.database.actor import Actor
from griphub.hub.database.engine import Database
from griphub.hub.delivery.outbox import open_outbox
from griphub.hub.people import consent
from griphub.hub.people.decisions import standing_of
from griphub.hub.people.model import Child, Family, Site
from griphub.hub.program import commands, home
from griphub.hub.program.consent_post import texts_due
from griphub.hub.program.keys import shown, signing_key, trust
from griphub.hub.program.outgoing import due
from griphub.hub.program.post import training_of
from griphub.hub.program.statement_post import ways_of
from griphub.hub.records.vocabulary import Person
from griphub.hub.session.mend import Mender
from griphub.hub.stores import open_store
from griphub.hub.stores.models import SessionDetail
from griphub.hub.taking_in import TakenBy, take_in

from .conftest import SESSION, Broker
from .test_clinic import clinic, home_broker, joined
from .test_conversation import ingest
from .test_correction_letters import told
from .test_service import _running

__all__ = ["clinic", "home_broker", "joined"]

PART = Actor.part("test")


def session(config: Config) -> SessionDetail | None:
    with closing(open_store(config, read_only=True)) as store:
        return store.session(SESSION)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.05)


def laid_down(config: Config, desk: Database) -> bool:
    """Whether the broker has all that the clinic has for its homes."""
    with desk.reading(PART) as work:
        return not texts_due(work, config, again=False) and not due(work, config, again=False)


def set_up(clinic: Database, joined: Config) -> None:
    """The clinic knows the home, and asks for consent."""
    with clinic.work(PART) as work:
        now = work.now
        work.add(Site(id=joined.site, name="Ward", created_at=now))
        work.flush()
        work.add(Family(id="f-17", site_id=joined.site, name="Ortiz", hub=joined.hub, created_at=now))
        work.flush()
        work.add(Child(id="c-1", family_id="f-17", name="Mia", created_at=now))
        consent.publish_text(
            work, site_id=joined.site, version="2026-11", text="Was geteilt wird", language="de"
        )


@pytest.mark.usefixtures("quickly", "home_broker")
async def test_a_family_agrees_to_the_clinics_text_and_reads_what_the_therapist_corrected(
    joined: Config, clinic: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = ("mailbox.NEWS_S", "mailbox.BRING_IN_S", "family_post.POLL_S", "carrying.POLL_S")
    for wait in waits:
        monkeypatch.setattr(f"griphub.hub.program.{wait}", 0.05)
    monkeypatch.setattr("griphub.hub.delivery.publisher.ASK_S", 0.05)
    url = SecretStr(f"sqlite:///{clinic.data_dir / 'people.db'}")
    with home.opened(clinic):
        pass
    clinic = clinic.model_copy(update={"database": DatabaseConfig(url=url)})
    trust(joined, shown(signing_key(clinic).public_key()))
    there = Broker(clinic)
    there.start()
    try:
        with home.opened(clinic) as desk, home.opened(joined) as family:
            set_up(desk, joined)
            with closing(open_outbox(joined)) as outbox:
                outbox.commit([one.model_copy(update={"site": joined.site}) for one in told()], {})
            with ingest(clinic), ingest(joined):
                await until(lambda: laid_down(clinic, desk))
                async with _running(joined):
                    await _agree(joined, clinic, family, desk)
                    await _correct(joined, clinic, desk)
                    await _learn(family, desk)
    finally:
        there.kill()


async def _agree(joined: Config, clinic: Config, family: Database, desk: Database) -> None:
    def text() -> str | None:
        with family.reading(PART) as work:
            found = consent.current_text(work, "c-1")
        return found and found.text

    await until(lambda: session(joined) and text() == "Was geteilt wird")
    for _ in range(20):
        await asyncio.sleep(0.1)
        assert session(clinic) is None, "nobody has agreed"
    with family.work(PART) as work:
        assert not consent.may_share(work, "c-1")
        consent.give(work, "c-1", version="2026-11", given_by="Ana Ortiz")
    await until(lambda: session(clinic))

    def known() -> str | None:
        with desk.reading(PART) as work:
            decided = standing_of(work, "c-1")
        return decided.version if decided and decided.given else None

    await until(lambda: known() == "2026-11")


async def _correct(joined: Config, clinic: Config, desk: Database) -> None:
    detail = session(clinic)
    assert detail
    mender = Mender(clinic, detail, by=Person.THERAPIST, reason="A knock", now=datetime.now(UTC))
    correction = mender.judge(2, "removed")
    assert await asyncio.to_thread(take_in, clinic, [correction]) is TakenBy.JOURNAL

    def both() -> list[list[int]]:
        return [[one.number for one in found.squeezes] for at in (clinic, joined) if (found := session(at))]

    await until(lambda: both() == [[1, 3], [1, 3]])

    def answered() -> bool:
        with desk.reading(PART) as work:
            return any(row.taken_at and not row.gone for row in ways_of(work, [correction.event_id]))

    await until(answered)


async def _learn(family: Database, desk: Database) -> None:
    def topics(database: Database) -> set[str]:
        with database.reading(PART) as work:
            return {row.topic for row in training_of(work, "c-1")}

    for database, topic in ((family, "faces"), (desk, "tools")):
        with database.work(PART) as work:
            commands.trained(work, "c-1", [topic], on=date(2026, 11, 2))
    await until(lambda: topics(family) == topics(desk) == {"faces", "tools"})
