"""Taking in what somebody did, said or corrected on this computer, whatever runs just now."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from enum import StrEnum

from .config import Config
from .control.address import HubNotRunning, socket_path
from .control.client import ControlClient
from .delivery.journal import Journal
from .delivery.outbox import open_outbox
from .delivery.outbox_file import outbox_path
from .errors import SetupError
from .records.event import encode
from .records.said import Statement


class TakenBy(StrEnum):
    """Who has it now, and sees that it is stored."""

    HUB = "hub"
    OUTBOX = "outbox"  #: the home's hub finds it when it runs again
    JOURNAL = "journal"  #: the clinic's ingest stores it, now or as soon as it runs


def take_in(config: Config, events: Sequence[Statement]) -> TakenBy:
    """Give events to the running hub; or put them where the next hub, or a clinic's ingest, finds them.

    Raises
    ------
    ControlError
        If the hub does not take one.
    SetupError
        If this computer has neither a hub nor a clinic's ingest.
    StoreError
    """
    try:
        asyncio.run(_tell(config, events))
        return TakenBy.HUB
    except HubNotRunning:
        pass
    outbox, journal = outbox_path(config), config.data_dir / "journal.db"
    # a clinic has a database of its own, and no tools: an outbox there would never be emptied
    if config.database.url is None or outbox.exists():
        with closing(open_outbox(config)) as box:
            box.commit(events, {})
        return TakenBy.OUTBOX
    if journal.exists():
        with closing(Journal(journal)) as kept:
            kept.append([(event.event_id, encode(event)) for event in events])
        return TakenBy.JOURNAL
    raise SetupError(
        f"Nothing can be noted here: {config.data_dir} is the folder of neither a hub nor of ingest",
        "Do it on the computer where the home's hub or the clinic's `griphub ingest` runs.",
    )


async def _tell(config: Config, events: Sequence[Statement]) -> None:
    client = ControlClient(socket_path(config))
    for event in events:
        await client.record(event)
