"""What a family and its therapist wrote, when they meet, and what changed in the program."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ...hub.config import Config
from ...hub.database.actor import Actor
from ...hub.database.engine import Database
from ...hub.program import commands, home, visits
from ...hub.program.activity import Library
from ...hub.program.conversation import Message, conversation
from ...hub.program.prescription import Item
from ...hub.program.tables import Visit
from ...hub.program.versions import History, Version


@dataclass(frozen=True, slots=True)
class Change:
    """What a version of the program changed.

    Attributes
    ----------
    version : Version
    new, dropped : tuple of Item
    changed : tuple of Item
        As they are from then on.
    """

    version: Version
    new: tuple[Item, ...]
    dropped: tuple[Item, ...]
    changed: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Post:
    """Everything that goes between a family and its therapist.

    Attributes
    ----------
    written : tuple of Message
        Oldest first.
    coming, past : tuple of Visit
        From today on the next one first; before, the latest first.
    changes : tuple of Change
        The latest first.
    """

    today: date
    library: Library
    written: tuple[Message, ...]
    coming: tuple[Visit, ...]
    past: tuple[Visit, ...]
    changes: tuple[Change, ...]


def of_child(config: Config, database: Database, actor: Actor, child_id: str, *, now: datetime) -> Post:
    """Read the post of a child, in the name of somebody who may see it.

    Raises
    ------
    NotFound, StoreError
    """
    today = home.today(config, now)
    with database.reading(actor, "dashboard.messages") as work:
        met = visits.visits(work, child_id)
        return Post(
            today=today,
            library=commands.library_for(work, child_id),
            written=tuple(conversation(work, config, child_id)),
            coming=tuple(one for one in met if one.day >= today),
            past=tuple(one for one in reversed(met) if one.day < today),
            changes=tuple(changes(commands.history(work, child_id))),
        )


def changes(history: History) -> Sequence[Change]:
    """What each version changed, the latest first; those that change nothing that is asked are left out."""
    found = []
    before: dict[str, Item] = {}
    for version in history.versions:
        items = {item.id: item for item in version.program.items} if version.program else {}
        change = Change(
            version,
            new=tuple(item for key, item in items.items() if key not in before),
            dropped=tuple(item for key, item in before.items() if key not in items),
            changed=tuple(item for key, item in items.items() if before.get(key, item) != item),
        )
        if change.new or change.dropped or change.changed:
            found.append(change)
        before = items
    return found[::-1]
