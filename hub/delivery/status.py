"""How delivery stands, as any process can see it from the files: what waits, since when, and why."""

import contextlib
import shutil
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from ..config import Config
from ..errors import PayloadError
from ..records.event import decode
from ..utc import utc
from .dead_letters import read
from .journal import DEAD_LETTER_BYTES, PEOPLE, DeadLetter, Journal
from .notice import Reading, notice_path, read_notice
from .outbox_file import Owed, outbox_path, unacknowledged

#: Below this SQLite may not get room for a batch and its log; said beside whatever waits.
FULL_BYTES = 8 << 20
#: Events are usually on their way for well under a second; longer than this they are said to wait.
USUAL = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Queue:
    """One place where events wait.

    Attributes
    ----------
    place : str
        ``outbox`` (the hub's) or ``journal`` (ingest's).
    goal : str
        Where they are to go: ``ingest``, ``clinic``, or a store's name.
    waiting : int
        Events.
    since : datetime or None
        When the oldest of them came here; None if that is not known, or none waits.
    reasons : tuple of str
        What stands in the way, in sentences that end in what to do. Empty: nothing, it flows.
    """

    place: str
    goal: str
    waiting: int
    since: datetime | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """Where events of this data folder stand between the tool and the store.

    Attributes
    ----------
    queues : tuple of Queue
        None where neither a hub nor an ingest ever ran.
    dead_letters : int
        Messages that nobody takes, set aside with a reason.
    newest : tuple of DeadLetter
        The last few of them.
    """

    queues: tuple[Queue, ...]
    dead_letters: int
    newest: tuple[DeadLetter, ...]

    @property
    def flows(self) -> bool:
        """Whether nothing stands in the way of anything."""
        return not any(queue.reasons for queue in self.queues)


def delivery_status(config: Config, *, letters: int = 5) -> DeliveryStatus:
    """Look at the files of the configured data folder; changes nothing, whether the service runs or not.

    Parameters
    ----------
    letters : int
        How many dead letters to show.

    Raises
    ------
    StoreError
        If a file cannot be read.
    """
    queues: list[Queue] = []
    full = _full(config.data_dir)
    if outbox_path(config).exists():
        queues += _outbox(config, full)
    path, count, newest = config.data_dir / "journal.db", 0, []
    if path.exists():
        with contextlib.closing(Journal(path, read_only=True)) as journal:
            queues += _stores(config, journal, full)
            count, newest = journal.count_dead_letters(), journal.dead_letters(letters)
    return DeliveryStatus(tuple(queues), count, tuple(newest))


def retry_dead_letters(journal: Journal) -> tuple[int, list[DeadLetter]]:
    """Put every dead letter that can now be read back into the journal.

    Returns
    -------
    restored : int
        How many were put back.
    left : list of DeadLetter
        The others, with the reason of today.
    """
    readable, left = [], []
    for letter in reversed(journal.dead_letters(limit=journal.count_dead_letters())):
        try:
            if letter.event_id is None and len(letter.payload) >= DEAD_LETTER_BYTES:
                raise PayloadError("only its beginning was kept")
            by_store = letter.topic.startswith("store/")
            event = decode(letter.payload) if by_store else read(letter.topic, letter.payload)
            readable.append((letter, event.event_id))
        except PayloadError as error:
            left.append(replace(letter, reason=error.reason))
    journal.readmit(readable)
    return len(readable), left


#: What a hub says of its ways to ingest and the clinic, and what it means if all is well and nothing arrives.
_WAYS = {
    Owed.INGEST: (
        "ingest",
        ("broker", "outbox", "counting", "name", "consent"),
        "The broker answers, but nobody confirms what it was sent. See that ingest runs.",
    ),
    Owed.CLINIC: (
        "clinic",
        ("clinic broker", "clinic outbox", "clinic name", "clinic consent"),
        "The clinic's broker answers, but nobody confirms what it was sent. Let the clinic see that its "
        "ingest runs.",
    ),
}


def _outbox(config: Config, full: list[str]) -> list[Queue]:
    notice = read_notice(notice_path(config.data_dir, "hub"))
    queues = []
    for to, (goal, concerns, unheard) in _WAYS.items():
        waiting, since_s = unacknowledged(outbox_path(config), to)
        if to is Owed.CLINIC and config.clinic is None and not waiting:
            continue
        since = _past(since_s)
        reasons = _reasons(notice, full, concerns)
        if waiting and not notice.running:
            reasons = ["The hub does not run. Start it, for example with `griphub up`.", *full]
        elif to is Owed.CLINIC and config.clinic is None:
            reasons = ["No clinic is configured any more. Put [clinic] back, and it goes on."]
        elif not reasons and since and utc(time.time()) - since > USUAL:
            reasons = [unheard]
        queues.append(Queue("outbox", goal, waiting, since if waiting else None, tuple(reasons)))
    return queues


def _stores(config: Config, journal: Journal, full: list[str]) -> list[Queue]:
    notice = read_notice(notice_path(config.data_dir, "ingest"))
    queues = []
    for store in dict.fromkeys([config.store.kind, *journal.stores()]):
        waiting = journal.waiting(store)
        reasons = _reasons(notice, full, ("broker", "journal", store))
        if store not in {config.store.kind, PEOPLE}:
            reasons = []
            if waiting.count:
                reasons = [
                    f"{store} is not the configured store any more. Set [store] kind to go on with it."
                ]
        elif waiting.count and not notice.running:
            reasons = ["Ingest does not run. Start it, for example with `griphub up`.", *full]
        since = _past(waiting.since.timestamp() if waiting.since else None)
        queues.append(Queue("journal", store, waiting.count, since, tuple(reasons)))
    return queues


def _reasons(notice: Reading, full: list[str], concerns: tuple[str, ...]) -> list[str]:
    if not notice.running:
        return []
    said = [notice.hindrances[what].reason for what in concerns if what in notice.hindrances]
    return said + (full if said else [])


def _past(at_s: float | None) -> datetime | None:
    """When something came; None where a clock that was set back since would call it the future."""
    return None if at_s is None or at_s > time.time() else utc(at_s)


def _full(folder: Path) -> list[str]:
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(folder).free
        if free < FULL_BYTES:
            return [f"The disk of {folder} is full ({free >> 20} MB free). Free some space."]
    return []
