"""A clinic that writes letters, and a home that takes them."""

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Iterator
from datetime import date

from griphub.hub.config import Config
from griphub.hub.database.actor import Actor
from griphub.hub.database.engine import Database
from griphub.hub.delivery.broker import credentials
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.delivery.publisher import Publisher
from griphub.hub.program import commands
from griphub.hub.program.activity import builtin
from griphub.hub.program.keys import signing_key
from griphub.hub.program.letter import SealedLetter, seal
from griphub.hub.program.mailbox import Mailbox
from griphub.hub.program.outgoing import Post, Stand, post_of
from griphub.hub.program.post import letter_for, write_note
from griphub.hub.program.prescription import Program, parse_program
from griphub.hub.program.sending import Sender

OWNER = Actor.part("test")
DAY = date(2026, 11, 2)
PROGRAM = """
[[items]]
id = "dough"
activity = "play-dough"
dose = { days_per_week = 3 }
minutes = 10
"""


def program(title: str = "Winter") -> Program:
    return parse_program(PROGRAM, builtin()).model_copy(update={"title": title})


def share_passwords(config: Config, other: Config) -> None:
    credentials(config, "ingest")
    (other.data_dir / "broker").mkdir(exist_ok=True)
    shutil.copy(config.data_dir / "broker" / "passwords.json", other.data_dir / "broker" / "passwords.json")


@contextlib.contextmanager
def sending(config: Config) -> Iterator[Sender]:
    """The part of the clinic's ingest that sends letters, until it is told to stop."""
    sender, stop = Sender(config), threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    try:
        yield sender
    finally:
        stop.set()
        thread.join()


async def until(clinic: tuple[Config, Database], stand: Stand, child_id: str = "c-1") -> Post:
    """Wait until a child's post stands so."""
    async with asyncio.timeout(30):
        while (post := post_now(clinic, child_id)).stand is not stand:
            await asyncio.sleep(0.05)
    return post


def post_now(clinic: tuple[Config, Database], child_id: str = "c-1") -> Post:
    with clinic[1].reading(OWNER) as work:
        return post_of(work, clinic[0], child_id)


def prescribed(clinic: tuple[Config, Database], title: str, day: date, note: str = "") -> SealedLetter:
    config, database = clinic
    with database.work(OWNER) as work:
        commands.prescribe(work, "c-1", program(title), valid_from=day, today=DAY)
        if note:
            write_note(work, "c-1", note)
        return seal(letter_for(work, "c-1"), signing_key(config))


def payload(letter: SealedLetter) -> bytes:
    return letter.model_dump_json(by_alias=True).encode()


class Letterbox:
    """A home's hub, as far as letters go, on the real broker."""

    def __init__(self, config: Config) -> None:
        self._outbox = Outbox(config.data_dir / "outbox.db")
        self._mailbox = Mailbox(config, answer=self._answer)
        self._publisher = Publisher(config, self._outbox, letters=self._mailbox.put)

    def _answer(self, topic: str, text: str) -> None:
        self._publisher.answer(topic, text)

    async def __aenter__(self) -> None:
        self._tasks = [asyncio.create_task(self._publisher.run()), asyncio.create_task(self._mailbox.run())]

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._outbox.close()
