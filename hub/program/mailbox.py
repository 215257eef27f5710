"""The home's letter box: letters that come over the hub's connection are taken one by one, and answered."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from ...firmware_bridge.errors import GripError
from ..config import Config
from ..database.engine import Database, open_database
from ..database.migrate import require_current
from ..errors import StoreError
from .keys import trusted
from .letter import answer_topic
from .taking import take

log = logging.getLogger(__name__)

#: A home has a handful of children; a broker that floods a hub costs it no memory.
MAX_LETTERS: Final = 64
#: Wait before the database is tried again.
RETRY_S: Final = 5.0

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

    def put(self, topic: str, payload: bytes) -> None:
        """Leave a letter; called on the loop. An empty one takes back what was retained."""
        if not payload:
            return
        try:
            self._letters.put_nowait((topic, payload))
        except asyncio.QueueFull:  # the broker keeps it, and gives it again at the next connection
            log.warning("Too many letters at a time; %s waits at the broker.", topic)

    async def run(self) -> None:
        """Take letters until cancelled."""
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
        if not keys:
            log.warning("A program came, but this home has joined no clinic: `griphub program trust KEY`.")
        database: Database = open_database(self._config)
        try:
            require_current(database)
            taken = take(self._config, database, topic, payload, keys)
        finally:
            database.close()
        if taken.problem:
            log.error("A program on %s was not taken: %s.", topic, taken.problem)
        where = answer_topic(self._config.site, self._config.hub, taken.child_id)
        self._answer(where, taken.model_dump_json(by_alias=True))
