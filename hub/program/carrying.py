"""The home's way to the clinic: what a family writes becomes events in the outbox, and goes as squeezes do.

The row says whether it was handed over, and whether the clinic has it. A hub that is killed in between hands
it over again; the event is the same, and known.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import select

from ...firmware_bridge.errors import GripError
from ..config import Config
from ..database.actor import Actor
from ..database.engine import Database
from ..database.migrate import open_current
from ..delivery.outbox import Outbox
from ..people.model import Child, Family
from ..records import EVENT_NAMESPACE, Event, MessageWritten
from .keys import trusted
from .letter import CLINIC
from .tables import FamilyNote

log = logging.getLogger(__name__)

#: How soon something new is seen.
POLL_S: Final = 2.0
#: So many are on their way at a time; a home offline for a year sends the rest afterwards.
AT_ONCE: Final = 200

_CARRIER: Final = Actor.part("carrier")

Commit = Callable[[Sequence[Event]], Awaitable[None]]


class Carrier:
    """Hands over what this home's families wrote; nothing where the home has joined no clinic.

    Parameters
    ----------
    commit : coroutine function
        Makes events durable in the outbox.
    """

    def __init__(self, config: Config, outbox: Outbox, commit: Commit) -> None:
        self._config = config
        self._outbox = outbox
        self._commit = commit
        self._database: Database | None = None

    async def run(self) -> None:
        """Carry until cancelled."""
        said = ""
        try:
            while True:
                try:
                    await self.carry()
                    said = ""
                except GripError as error:
                    if str(error) != said:  # once, not every few seconds
                        log.error("What the family wrote waits: %s", error)
                    said = str(error)
                await asyncio.sleep(POLL_S)
        finally:
            if self._database:
                self._database.close()

    async def carry(self) -> None:
        """Hand over what is new, and note what has come to the clinic.

        Raises
        ------
        StoreError, SetupError
        """
        if not trusted(self._config) or (database := await asyncio.to_thread(self._opened)) is None:
            return
        new, told = await asyncio.to_thread(self._on_the_way, database)
        if new:
            await self._commit([self._event(note) for note in new])
        if new or told:
            await asyncio.to_thread(self._note, database, new, told)

    def _on_the_way(self, database: Database) -> tuple[list[FamilyNote], list[FamilyNote]]:
        """What the family wrote and nobody was told, and what was handed over and has not come yet."""
        config = self._config
        with database.reading(_CARRIER) as work:
            rows = work.scalars(
                select(FamilyNote)
                .join(Child, Child.id == FamilyNote.child_id)
                .join(Family)
                .where(
                    Family.site_id == config.site,
                    Family.hub == config.hub,
                    FamilyNote.from_family.is_(True),
                    FamilyNote.by != CLINIC,
                    FamilyNote.taken_at.is_(None),
                )
                .order_by(FamilyNote.written_at)
                .limit(AT_ONCE)
            ).all()
        return [row for row in rows if row.told_at is None], [row for row in rows if row.told_at]

    def _note(self, database: Database, new: Sequence[FamilyNote], told: Sequence[FamilyNote]) -> None:
        waiting = self._outbox.holds([_event_id(note.id) for note in told])
        come = [note.id for note in told if _event_id(note.id) not in waiting]
        if not new and not come:
            return
        with database.work(_CARRIER, "post.carried") as work:
            for note in new:
                work.need(FamilyNote, note.id).told_at = work.now
            for note_id in come:
                work.need(FamilyNote, note_id).taken_at = work.now

    def _event(self, note: FamilyNote) -> MessageWritten:
        return MessageWritten(
            event_id=_event_id(note.id),
            measured_at=note.written_at,
            site=self._config.site,
            hub=self._config.hub,
            child_id=note.child_id,
            message_id=note.id,
            words=note.words,
        )

    def _opened(self) -> Database | None:
        """The database, which stays open; None where nobody has made one yet."""
        if self._database is None:
            self._database = open_current(self._config)
        return self._database


def _event_id(message_id: str) -> UUID:
    return uuid5(EVENT_NAMESPACE, f"message:{message_id}")
