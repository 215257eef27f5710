"""The home's letter box: letters that come over the hub's connection are taken one by one, and answered.

What is decided about consent here, of which days all is told, and what became of corrections, goes to the
clinic in the answer as well; where it changes, the answer is given once more.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select

from ...firmware_bridge.errors import GripError
from ..config import Config
from ..database.actor import Actor
from ..database.engine import FILE, Database, open_database
from ..database.migrate import require_current
from ..errors import StoreError
from ..people.model import Child, Family
from .consent_post import take_text, text_topic
from .keys import trusted
from .letter import LetterError, LetterTaken, answer_topic
from .statement_post import bring_in
from .taking import answered, take

log = logging.getLogger(__name__)

#: A home has a handful of children; a broker that floods a hub costs it no memory.
MAX_LETTERS: Final = 64
#: Wait before the database is tried again.
RETRY_S: Final = 5.0
#: How often it is looked at whether there is news for the clinic.
NEWS_S: Final = 10.0
#: How often the store is given what the clinic stated.
BRING_IN_S: Final = 5.0

#: How often a letter that was not taken is tried again: the clinic's key, or the child, may be here by now.
AGAIN_S: Final = 30.0

_POST: Final = Actor.part("post")

Answer = Callable[[str, str], None]


class Mailbox:
    """Takes letters of the clinic's.

    Parameters
    ----------
    answer : callable
        Publishes an answer, retained, on a topic.
    """

    def __init__(self, config: Config, *, answer: Answer) -> None:
        self._config = config
        self._answer = answer
        self._letters: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(MAX_LETTERS)
        self._refused: dict[str, bytes] = {}  # by topic, the last that was not taken
        self._current = False
        self._answered: dict[str, LetterTaken] = {}  # by child, what was said last

    def put(self, topic: str, payload: bytes) -> None:
        """Leave a letter; called on the loop. An empty one takes back what was retained."""
        if not payload:
            return
        try:
            self._letters.put_nowait((topic, payload))
        except asyncio.QueueFull:  # the broker keeps it, and gives it again at the next connection
            log.warning("Too many letters at a time; %s waits at the broker.", topic)

    async def run(self) -> None:
        """Take letters, and tell news, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take_letters(), name="letters")
            tasks.create_task(self._try_again(), name="refused letters")
            news = self._every(lambda: NEWS_S, self.tell_news, "The clinic cannot be told how it stands here")
            tasks.create_task(news, name="news")
            stated = self._every(lambda: BRING_IN_S, self.bring_in, "The clinic's corrections wait")
            tasks.create_task(stated, name="statements")

    async def _try_again(self) -> None:
        while True:
            await asyncio.sleep(AGAIN_S)
            for topic, payload in list(self._refused.items()):
                self.put(topic, payload)

    async def _take_letters(self) -> None:
        while True:
            topic, payload = await self._letters.get()
            while True:
                try:
                    await asyncio.to_thread(self._take, topic, payload)
                    break
                except StoreError as error:
                    log.error("%s", error)
                    await asyncio.sleep(RETRY_S)
                except GripError as error:
                    log.error("A letter on %s cannot be taken: %s", topic, error)
                    break

    def _take(self, topic: str, payload: bytes) -> None:
        keys = trusted(self._config)
        before = self._refused.pop(topic, b"")
        if not keys and not before:
            log.warning("A program came, but this home has joined no clinic: `griphub program trust KEY`.")
        if topic == text_topic(self._config.site, self._config.hub):
            self._take_text(topic, payload, before, keys)
            return
        if topic.split("/")[-2] != "program":
            log.warning("What came on %s is of a later version; update GripHub here.", topic)
            return
        with self._opened() as database:
            taken = take(self._config, database, topic, payload, keys)
        known = self._answered.get(taken.child_id)
        if taken.problem and len(self._refused) < MAX_LETTERS:
            self._refused[topic] = payload
        if before == payload and known and known.problem == taken.problem:
            return  # tried once more, and nothing is new
        if taken.problem:
            log.error("A program on %s was not taken: %s.", topic, taken.problem)
        self._say(taken)

    def _take_text(self, topic: str, payload: bytes, before: bytes, keys: Sequence[Ed25519PublicKey]) -> None:
        """Take the clinic's text of consent; the answers say which is here."""
        try:
            with self._opened() as database, database.work(_POST, "post.take_text") as work:
                take_text(work, self._config, payload, keys)
        except LetterError as error:
            self._refused[topic] = payload
            if before != payload:
                log.error("The clinic's text of consent was not taken: %s.", error.reason)

    async def _every(self, wait_s: Callable[[], float], step: Callable[[], None], hindered: str) -> None:
        """Take a step again and again; what hinders it is said once, and hinders no letter."""
        said = ""
        while True:
            try:
                await asyncio.to_thread(step)
                said = ""
            except GripError as error:
                if str(error) != said:  # once, not every few seconds
                    log.error("%s: %s", hindered, error)
                said = str(error)
            await asyncio.sleep(wait_s())

    def bring_in(self) -> None:
        """Give this home's store what the clinic stated of sessions.

        Raises
        ------
        StoreError, SetupError
            If the database or the store does not answer: it waits.
        """
        if self._joined():
            with self._opened() as database:
                bring_in(self._config, database)

    def tell_news(self) -> None:
        """Answer once more where the clinic does not know yet how it stands here.

        Raises
        ------
        StoreError, SetupError
            If the database does not answer, or is to be brought up to date first.
        """
        config = self._config
        if not self._joined():
            return
        ours = select(Child.id).join(Family).where(Family.site_id == config.site, Family.hub == config.hub)
        with self._opened() as database, database.reading(_POST) as work:
            for child_id in work.scalars(ours).all():
                known = self._answered.get(child_id)
                digest, problem = (known.digest, known.problem) if known else ("", "")
                now = answered(work, config, child_id, digest, problem)
                if _news(now) != _news(known):
                    self._say(now.model_copy(update={"taken_at": known.taken_at}) if known else now)

    def _joined(self) -> bool:
        """Whether there is a clinic, and somebody to tell of."""
        config = self._config
        return bool(trusted(config)) and (
            config.database.url is not None or (config.data_dir / FILE).exists()
        )

    def _say(self, answer: LetterTaken) -> None:
        self._answered[answer.child_id] = answer
        where = answer_topic(self._config.site, self._config.hub, answer.child_id)
        self._answer(where, answer.model_dump_json(by_alias=True))

    @contextmanager
    def _opened(self) -> Iterator[Database]:
        database = open_database(self._config)
        try:
            if not self._current:  # looked at once: the tables do not grow old while this runs
                require_current(database)
                self._current = True
            yield database
        finally:
            database.close()


def _news(answer: LetterTaken | None) -> tuple[object, ...]:
    if answer is None:
        return (None, (), None, (), ())
    return (answer.consent, answer.known_days or (), answer.consent_text, answer.stated, answer.gone)
