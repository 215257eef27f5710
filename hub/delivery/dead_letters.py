"""What ingest cannot read: what is kept of it, and when it is tried again.

- **An event of another version** says its schema and its id, on its own hub's topic, but this version does
  not know the schema, or finds a field that it does not understand. It is kept whole, the hub may forget it,
  and it is taken in by the first version that can read it: ingest tries at each start.
- **Everything else** will never be an event: noise, or one that came on another hub's topic. Its beginning is
  kept with the reason, and of such letters the newest.

Neither stops ingest. What a *store* refuses is set aside under the topic ``store/…`` and is not tried here.
"""

import logging

from ..errors import PayloadError
from ..records.event import Event, decode, header
from .journal import Journal

log = logging.getLogger(__name__)

#: Letters tried in one transaction.
BATCH = 500


def read(topic: str, payload: bytes) -> Event:
    """Read an event that came on a topic.

    Raises
    ------
    PayloadError
        If it is none, or does not belong there. With an `event_id` it may be one to another version.
    """
    try:
        event = decode(payload)
    except PayloadError as error:
        if topic_of(payload).rsplit("/", 1)[0] != topic.rsplit("/", 1)[0]:
            raise PayloadError(error.reason) from None
        raise
    if event.topic() != topic:
        raise PayloadError(f"it belongs to {event.topic()} but came on {topic}")
    return event


def topic_of(payload: bytes) -> str:
    """Topic of an event of whatever version, by what it says of itself; empty if it says nothing."""
    known = header(payload)
    return f"griphub/v1/{known.site}/{known.hub}/event/{str(known.schema_).split('/')[0]}" if known else ""


def readmit(journal: Journal) -> int:
    """Take in the dead letters that this version can read; returns how many.

    Raises
    ------
    StoreError
        If the journal cannot be used; what was not taken in stays a dead letter.
    """
    taken, after = 0, 0
    while letters := journal.unread(after, BATCH):
        after = letters[-1].number
        readable = []
        for letter in letters:
            try:
                readable.append((letter, read(letter.topic, letter.payload).event_id))
            except PayloadError:
                continue
        if readable:
            journal.readmit(readable)
            taken += len(readable)
    if taken:
        log.info("%d events that an older version could not read were taken in", taken)
    return taken
