"""The hub's part of reminders: asks the rules once a minute, and says once what a family has left for a slot.

It says so in its log and in the outbox's file, where `griphub reminders` and a page read it.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Final

from ...firmware_bridge.errors import GripError
from ..config import Config
from ..database.actor import Actor
from ..database.engine import FILE, open_database
from ..delivery.outbox import Outbox, Told
from ..errors import NotFound
from ..people.home import Household
from ..people.model import Child
from ..stores import open_store
from .home import today, zone_of
from .reading import off_days, picture
from .reminders import Reminder, Rhythm, due
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
        zone = zone_of(config)
        quiet = config.reminders
        rhythm = Rhythm(quiet_from=quiet.quiet_from, quiet_to=quiet.quiet_to)
        if rhythm.quiet(now.astimezone(zone).time()):
            return []
        if config.database.url is None and not (config.data_dir / FILE).exists():
            return []  # nothing was ever asked here
        day = today(config, now)
        off = off_days(self._outbox.alive_days(), day)
        found: list[Reminder] = []
        with closing(open_database(config)) as database, closing(open_store(config, read_only=True)) as store:
            for child in self._household.all():
                told = [f"{child.id}:{day}:{one.slot}" for one in self._outbox.told(child.id, day)]
                try:
                    seen = picture(config, database, store, _ACTOR, child.id, now=now, off=off)
                    with database.reading(_ACTOR) as work:
                        own = routine(work, work.need(Child, child.id).family_id)
                except NotFound:  # named by the configuration, and not in the database yet
                    continue
                rhythm = replace(rhythm, routine=own)
                for one in due(child.id, seen.doings, rhythm, now=now, zone=zone, told=told):
                    self._outbox.note_told(child.id, day, Told(one.slot, now.timestamp(), one.items))
                    slot = one.slot.replace("_", " ")
                    log.info("Reminder for %s, %s: %s.", child.id, slot, ", ".join(one.items))
                    found.append(one)
        return found
