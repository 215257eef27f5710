"""The hub's part of reminders: asks the rules once a minute, and says once what a family has left for a slot.

It says so in its log and in the outbox's file, where `griphub reminders` and a page read it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final

from ...firmware_bridge.errors import GripError
from ..config import Config
from ..control.answers import RemindersToday, SlotToday
from ..database.actor import Actor
from ..database.engine import FILE, Database, open_database
from ..delivery.outbox import Outbox, Told
from ..errors import NotFound
from ..people.home import Household
from ..people.model import Child
from ..stores import open_store
from ..stores.contract import Store
from ..utc import utc
from .adherence import Doings
from .home import today, zone_of
from .prescription import Slot
from .reading import picture
from .reminders import Left, Reminder, Rhythm, due, left
from .routine import routine

log = logging.getLogger(__name__)

EVERY_S: Final = 60.0
_ACTOR: Final = Actor.part("reminders")


class Reminding:
    """Reminds the families of a home.

    Parameters
    ----------
    outbox : Outbox
        Keeps what was told, so that a hub that starts again does not tell it again.
    now : callable
        UTC now.
    """

    def __init__(self, config: Config, outbox: Outbox, now: Callable[[], datetime]) -> None:
        self._config = config
        self._outbox = outbox
        self._now = now
        self._household = Household(config)
        self._rhythm = Rhythm(quiet_from=config.reminders.quiet_from, quiet_to=config.reminders.quiet_to)

    async def run(self) -> None:
        """Look once a minute until cancelled."""
        said = ""
        try:
            while True:
                try:
                    await asyncio.to_thread(self.look)
                    said = ""
                except GripError as error:
                    if str(error) != said:  # once, not every minute
                        log.warning("What is left for today is not known, so nobody is reminded. %s", error)
                    said = str(error)
                await asyncio.sleep(EVERY_S)
        finally:
            self._household.close()

    def look(self) -> list[Reminder]:
        """Tell what is due now and was not told; return it.

        Raises
        ------
        GripError
            If what was asked or done cannot be read: then nobody is reminded of what may be done.
        """
        now, config = self._now(), self._config
        zone, day = zone_of(config), today(config, now)
        if self._rhythm.quiet(now.astimezone(zone).time()) or not self._asked_ever():
            return []
        found: list[Reminder] = []
        with self._opened() as (database, store):
            for child in self._household.all():
                told = [f"{child.id}:{day}:{one.slot}" for one in self._outbox.told(child.id, day)]
                try:
                    doings, rhythm = self._read(database, store, child.id, now)
                except NotFound:  # named by the configuration, and not in the database yet
                    continue
                for one in due(child.id, doings, rhythm, now=now, zone=zone, told=told):
                    self._outbox.note_told(child.id, day, Told(one.slot, now.timestamp(), one.items))
                    slot = one.slot.replace("_", " ")
                    log.info("Reminder for %s, %s: %s.", child.id, slot, ", ".join(one.items))
                    found.append(one)
        return found

    def today(self, child_id: str) -> RemindersToday:
        """Say how a child's day stands: what is left in which slot, what is due now, what was told.

        Raises
        ------
        NotFound
            If the child is not of this home.
        GripError
            If what was asked or done cannot be read.
        """
        now, config = self._now(), self._config
        zone, day = zone_of(config), today(config, now)
        if child_id not in self._household.ids():
            raise NotFound("child", child_id)
        told = {one.slot: utc(one.at_s) for one in self._outbox.told(child_id, day)}
        remain: list[Left] = []
        if self._asked_ever():
            with self._opened() as (database, store):
                doings, rhythm = self._read(database, store, child_id, now)
            remain = left(doings, rhythm, now=now, zone=zone)
        slots = [
            SlotToday(
                slot=one.slot, at=one.at, left=one.items, due=one.due, reminded_at=told.pop(one.slot, None)
            )
            for one in remain
        ]
        slots += [  # of which somebody was reminded, and that is done since
            SlotToday(slot=Slot(slot), at=None, left=(), due=False, reminded_at=at)
            for slot, at in told.items()
        ]
        return RemindersToday(
            child=child_id,
            day=day,
            quiet=self._rhythm.quiet(now.astimezone(zone).time()),
            quiet_from=self._rhythm.quiet_from,
            quiet_to=self._rhythm.quiet_to,
            slots=tuple(slots),
        )

    def _asked_ever(self) -> bool:
        """Whether there is a database: without one nothing was ever asked here."""
        return self._config.database.url is not None or (self._config.data_dir / FILE).exists()

    @contextmanager
    def _opened(self) -> Iterator[tuple[Database, Store]]:
        with (
            closing(open_database(self._config)) as database,
            closing(open_store(self._config, read_only=True)) as store,
        ):
            yield database, store

    def _read(self, database: Database, store: Store, child_id: str, now: datetime) -> tuple[Doings, Rhythm]:
        seen = picture(self._config, database, store, _ACTOR, child_id, now=now)
        with database.reading(_ACTOR) as work:
            own = routine(work, work.need(Child, child_id).family_id)
        return seen.doings, replace(self._rhythm, routine=own)
