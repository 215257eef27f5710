"""The home's way to the clinic: what a family writes and shares becomes events, and goes as squeezes do.

The row says whether it was handed over, and whether the clinic has it. A hub that is killed in between hands
it over again; the event is the same, and known.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import Select, or_, select

from ...firmware_bridge.errors import GripError
from ..config import Config
from ..database.actor import Actor
from ..database.engine import Database
from ..database.migrate import open_current
from ..database.work import Work
from ..delivery.outbox import Outbox
from ..people.model import Account, Child, Family
from ..records.event import Event
from ..records.ids import EVENT_NAMESPACE
from ..records.post import (
    MAX_LEARNED,
    MAX_PARTS,
    Learned,
    MessageWritten,
    PausesSaid,
    ProgramStepped,
    SaidPause,
    TrainingTold,
)
from .errors import ProgramError
from .keys import trusted
from .letter import CLINIC, MAX_PAUSES
from .picture_post import piece_id, pieces_of
from .post import pauses_of, training_of
from .suggestions import RULE
from .tables import FamilyNote, Photo, ProgramVersion

log = logging.getLogger(__name__)

#: How soon something new is seen.
POLL_S: Final = 2.0
#: So many are handed over at a time; what is left comes right after.
AT_ONCE: Final = 200
PICTURES_AT_ONCE: Final = 5
#: Steps of a rule that are told again when the hub starts: one a day at most, of each item.
MAX_STEPS: Final = 60

_CARRIER: Final = Actor.part("carrier")

Changed = PausesSaid | TrainingTold | ProgramStepped
Commit = Callable[[Sequence[Event]], Awaitable[None]]
Rows = Sequence[FamilyNote | Photo]


class Carrier:
    """Hands over what this home's families wrote and share; nothing where the home has joined no clinic.

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
        self._said: set[UUID] = set()  # events about pauses, training and steps, since the hub started

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
        for said in await asyncio.to_thread(self._changed, database):
            await self._commit([said])
            self._said.add(said.event_id)
        new, told = await asyncio.to_thread(self._on_the_way, database)
        gone: list[FamilyNote | Photo] = []
        for row in new:
            try:
                await self._commit(await asyncio.to_thread(self._events, row))
            except ProgramError as error:  # the file of a picture is not there any more
                log.error("%s", error)
                gone.append(row)
        if new or told:
            await asyncio.to_thread(self._note, database, new, told, gone)

    def _on_the_way(self, database: Database) -> tuple[Rows, Rows]:
        """What the family wrote, shared or took back, and nobody was told; and what has not come yet."""
        ours = self._ours()
        written = select(FamilyNote).where(
            FamilyNote.child_id.in_(ours),
            FamilyNote.from_family.is_(True),
            FamilyNote.by != CLINIC,
            FamilyNote.taken_at.is_(None),
        )
        shown = select(Photo).where(
            Photo.child_id.in_(ours),
            Photo.taken_at.is_(None),
            or_(Photo.shared_at.is_not(None), Photo.withdrawn_at.is_not(None)),
        )
        notes = written.order_by(FamilyNote.written_at)
        photos = shown.order_by(Photo.recorded_at)
        with database.reading(_CARRIER) as work:
            new = [
                *work.scalars(notes.where(FamilyNote.told_at.is_(None)).limit(AT_ONCE)),
                *work.scalars(photos.where(Photo.told_at.is_(None)).limit(PICTURES_AT_ONCE)),
            ]
            told = [
                *work.scalars(notes.where(FamilyNote.told_at.is_not(None))),
                *work.scalars(photos.where(Photo.told_at.is_not(None))),
            ]
        return new, told

    def _changed(self, database: Database) -> list[Changed]:
        """Pauses, training and versions that are not told yet; a hub that starts tells them once more."""
        found: list[Changed] = []
        with database.reading(_CARRIER) as work:
            for child_id in work.scalars(self._ours()):
                found += self._pauses(work, child_id)
                found += self._training(work, child_id)
                found += self._steps(work, child_id)
        return [event for event in found if event.event_id not in self._said]

    def _pauses(self, work: Work, child_id: str) -> list[PausesSaid]:
        rows = pauses_of(work, child_id)[-MAX_PAUSES:]
        if not rows:
            return []
        said = PausesSaid(
            event_id=uuid5(EVENT_NAMESPACE, "pauses:" + " ".join(row.id for row in rows)),
            measured_at=rows[-1].recorded_at,
            site=self._config.site,
            hub=self._config.hub,
            child_id=child_id,
            pauses=tuple(SaidPause.model_validate(row, from_attributes=True) for row in rows),
        )
        return [said]

    def _training(self, work: Work, child_id: str) -> list[TrainingTold]:
        rows = training_of(work, child_id)[:MAX_LEARNED]
        if not rows:
            return []
        told = TrainingTold(
            event_id=uuid5(EVENT_NAMESPACE, "training:" + " ".join(row.id for row in rows)),
            measured_at=rows[-1].recorded_at,
            site=self._config.site,
            hub=self._config.hub,
            child_id=child_id,
            learned=tuple(Learned(topic=row.topic, learned_on=row.learned_on) for row in rows),
        )
        return [told]

    def _steps(self, work: Work, child_id: str) -> list[ProgramStepped]:
        """Versions that were made here, by a rule or before the home joined; the latest of them.

        Whether a machine's owner made one here or at the clinic nobody can tell by the name: the clinic knows
        its own again.
        """
        ours = (
            ProgramVersion.by == RULE.name,
            ProgramVersion.by.startswith("owner:"),
            ProgramVersion.by.in_(select(Account.id)),
        )
        rows = work.scalars(
            select(ProgramVersion)
            .where(ProgramVersion.child_id == child_id, or_(*ours))
            .order_by(ProgramVersion.number.desc())
            .limit(MAX_STEPS)
        ).all()
        return [
            ProgramStepped(
                event_id=uuid5(EVENT_NAMESPACE, f"program:{row.id}"),
                measured_at=row.recorded_at,
                site=self._config.site,
                hub=self._config.hub,
                child_id=child_id,
                version_id=row.id,
                valid_from=row.valid_from,
                because=row.because[:2_000] if row.by == RULE.name else "",
                by_hand=row.by != RULE.name,
                program=row.document,
            )
            for row in reversed(rows)
            if row.document
        ]

    def _ours(self) -> Select[str]:
        home = (Family.site_id == self._config.site, Family.hub == self._config.hub)
        return select(Child.id).join(Family).where(*home)

    def _note(self, database: Database, new: Rows, told: Rows, gone: Rows) -> None:
        waiting = self._outbox.holds([event_id for row in told for event_id in _event_ids(row)])
        come = [row for row in told if waiting.isdisjoint(_event_ids(row))]
        if not new and not come:
            return
        with database.work(_CARRIER, "post.carried") as work:
            for row in new:
                found = _as_it_was(work, row)
                if isinstance(found, Photo) and row in gone:
                    found.shared_at, found.withdrawn_at = None, work.now
                elif found:
                    found.told_at = work.now
            for row in come:
                if found := _as_it_was(work, row):
                    found.taken_at = work.now

    def _events(self, row: FamilyNote | Photo) -> list[Event]:
        if isinstance(row, Photo):
            return [*pieces_of(self._config, row)]
        message = MessageWritten(
            event_id=_message_id(row),
            measured_at=row.written_at,
            site=self._config.site,
            hub=self._config.hub,
            child_id=row.child_id,
            message_id=row.id,
            words=row.words,
        )
        return [message]

    def _opened(self) -> Database | None:
        """The database, which stays open; None where nobody has made one yet."""
        if self._database is None:
            self._database = open_current(self._config)
        return self._database


def _message_id(note: FamilyNote) -> UUID:
    return uuid5(EVENT_NAMESPACE, f"message:{note.id}")


def _event_ids(row: FamilyNote | Photo) -> list[UUID]:
    if isinstance(row, Photo):
        return [piece_id(row, part) for part in range(MAX_PARTS + 1)]
    return [_message_id(row)]


def _as_it_was(work: Work, row: FamilyNote | Photo) -> FamilyNote | Photo | None:
    """The row again; None where a picture was taken back, or shared anew, since it was read."""
    if isinstance(row, FamilyNote):
        return work.get(FamilyNote, row.id)
    found = work.get(Photo, row.id)
    same = found and (found.shared_at, found.withdrawn_at) == (row.shared_at, row.withdrawn_at)
    return found if same else None
