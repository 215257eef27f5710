"""A clinic's corrections of sessions, on their way to the home that measured them.

At the clinic they become rows, from ingest's journal, and go in the child's letter until the home has said
what became of each. At the home they wait as rows for its own store of results, for which a program need not
wait. An event is recognised by its id wherever it is, so each of these steps may be done again.
"""

import logging
from collections.abc import Iterable
from contextlib import closing
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Select, select

from ..config import Config
from ..database.actor import Actor
from ..database.engine import Database
from ..database.work import Work
from ..delivery.journal import Journal
from ..delivery.outbox_file import Owed, outbox_path, waiting_since
from ..errors import PayloadError
from ..people.model import Child
from ..records.event import Event, decode, encode
from ..records.said import ActivityDone, FeedbackGiven, SessionCorrected, Statement
from ..stores import open_store
from .letter import MAX_STATEMENTS, LetterTaken, SentStatement
from .tables import StatementPosted

log = logging.getLogger(__name__)

#: Stands for a child whom the home does not know: another family's id is not for it.
ANOTHER_HOMES: Final = "another-homes"

_POST: Final = Actor.part("post")


# at the clinic


def post_statement(work: Work, config: Config, event: Statement) -> bool:
    """Let what was stated here of a session go to the home that measured it, if there is one elsewhere.

    Beside corrections only what moved along with one: what else is stated here is the clinic's.

    Returns
    -------
    bool
        Whether there is something new for the child's home.
    """
    child = work.get(Child, event.child_id)
    if child is None or child.family.hub is None:
        return False
    if (child.family.site_id, child.family.hub) == (config.site, config.hub):
        return False
    if work.get(StatementPosted, str(event.event_id)):
        return False
    siblings = {one.id for one in child.family.children}
    if isinstance(event, SessionCorrected):
        if (event.site, event.hub) != (config.site, config.hub):
            return False  # the home's own
        if event.to_child and event.to_child not in siblings:
            event = event.model_copy(update={"to_child": ANOTHER_HOMES})
    elif not _moved(work, event, siblings):
        return False
    document = event.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"account"})
    work.add(StatementPosted(id=str(event.event_id), child_id=child.id, document=document, came_at=work.now))
    work.flush()
    return True


def statements_for(work: Work, child_id: str) -> tuple[SentStatement, ...]:
    """What a child's home has not answered for yet, oldest first; what does not fit goes after that."""
    rows = work.scalars(_waiting(child_id).limit(MAX_STATEMENTS))
    return tuple(SentStatement(id=UUID(row.id), event=row.document) for row in rows)


def note_outcomes(work: Work, answer: LetterTaken) -> bool:
    """Note what a home says became of the statements in its letter; whether others wait for the next."""
    said = dict.fromkeys(map(str, answer.stated), False) | dict.fromkeys(map(str, answer.gone), True)
    rows = work.scalars(_waiting(answer.child_id)).all()
    answered = [row for row in rows if row.id in said]
    for row in answered:
        row.taken_at, row.gone = work.now, said[row.id]
    work.flush()
    return 0 < len(answered) < len(rows)


def ways_of(work: Work, event_ids: Iterable[UUID]) -> list[StatementPosted]:
    """How far statements have come that go to a home; of others there is none."""
    wanted = [str(event_id) for event_id in event_ids]
    return list(work.scalars(select(StatementPosted).where(StatementPosted.id.in_(wanted))))


def _waiting(child_id: str) -> Select[StatementPosted]:
    """Rows of the clinic's that its home has not answered for."""
    return (
        select(StatementPosted)
        .where(
            StatementPosted.child_id == child_id,
            StatementPosted.serial.is_(None),
            StatementPosted.taken_at.is_(None),
        )
        .order_by(StatementPosted.came_at, StatementPosted.id)
    )


def _moved(work: Work, event: ActivityDone | FeedbackGiven, siblings: set[str]) -> bool:
    """Whether a correction that goes to this home took an event from its child, or gave it to them."""
    sessions = set(map(str, _sessions(event)))
    rows = work.scalars(select(StatementPosted).where(StatementPosted.child_id.in_(siblings)))
    return any(
        row.document.get("session_id") in sessions
        and event.child_id in (row.document.get("child_id"), row.document.get("to_child"))
        for row in rows
    )


# at the home


def take_statements(work: Work, child_id: str, serial: int, sent: Iterable[SentStatement]) -> None:
    """Keep what came in a letter until the store has it; what came before stays as it is."""
    for one in sent:
        row = work.get(StatementPosted, str(one.id))
        if row is None:
            row = StatementPosted(id=str(one.id), child_id=child_id, document=one.event, came_at=work.now)
            work.add(row)
        row.serial = serial
    work.flush()


def outcomes(work: Work, child_id: str) -> tuple[tuple[UUID, ...], tuple[UUID, ...]]:
    """What became of those in the last letter that had any: those that hold, and those of no session here."""
    rows = work.scalars(
        select(StatementPosted)
        .where(StatementPosted.child_id == child_id, StatementPosted.serial.is_not(None))
        .order_by(StatementPosted.serial.desc(), StatementPosted.id)
        .limit(MAX_STATEMENTS)
    ).all()
    done = [row for row in rows if row.serial == rows[0].serial and row.taken_at]
    return (
        tuple(UUID(row.id) for row in done if not row.gone),
        tuple(UUID(row.id) for row in done if row.gone),
    )


def bring_in(config: Config, database: Database) -> None:
    """Give this home's store what the clinic stated; of sessions that it has no longer, count it.

    What is of a session that may still be on its way here waits, and so does all while the store is away.

    Raises
    ------
    StoreError, SetupError
    """
    with database.reading(_POST) as work:
        waiting = {
            row.id: (row.child_id, row.document)
            for row in work.scalars(
                select(StatementPosted)
                .where(StatementPosted.serial.is_not(None), StatementPosted.taken_at.is_(None))
                .order_by(StatementPosted.came_at)
            )
        }
    if not waiting:
        return
    found = {key: _read(key, child_id, document) for key, (child_id, document) in waiting.items()}
    events = {key: event for key, event in found.items() if event is not None}
    here = _here(config, events)
    if given := [event for key, event in events.items() if here[key]]:
        with closing(Journal(config.data_dir / "journal.db")) as journal:
            journal.append([(event.event_id, encode(event)) for event in given])
    with database.work(_POST, "post.statements") as work:
        for key in waiting:
            row = work.get(StatementPosted, key)
            if row and (key not in events or here[key] is not None):
                row.taken_at, row.gone = work.now, not here.get(key)
                if row.gone:
                    log.warning("A correction that the clinic made is of no session that is here any more.")


def _read(key: str, child_id: str, document: dict[str, Any]) -> Statement | None:
    """A statement as it came; None where it is none that can be read here, or is about another child."""
    try:
        event: Event = decode(to_json(document))
    except PayloadError as error:
        log.warning("What the clinic stated of a session was left out: %s", error)
        return None
    fits = isinstance(event, Statement) and (str(event.event_id), event.child_id) == (key, child_id)
    return event if fits and isinstance(event, Statement) else None


def _here(config: Config, events: dict[str, Statement]) -> dict[str, bool | None]:
    """Of each statement, whether the store has its session; None: it may still come."""
    with closing(open_store(config, read_only=True)) as store:
        wanted = {session for event in events.values() for session in _sessions(event)}
        known = {session for session in wanted if store.session(session) is not None}
        journal_path = config.data_dir / "journal.db"
        on_its_way = False
        if wanted - known and journal_path.exists():
            with closing(Journal(journal_path, read_only=True)) as journal:
                on_its_way = bool(journal.waiting(store.name).count)
            known |= {session for session in wanted - known if store.session(session) is not None}
    outbox = outbox_path(config)
    found: dict[str, bool | None] = {}
    for key, event in events.items():
        if any(session in known for session in _sessions(event)):
            found[key] = True
        elif on_its_way or waiting_since(outbox, event.child_id, Owed.INGEST) is not None:
            found[key] = None
        else:
            found[key] = False
    return found


def _sessions(event: Statement) -> set[UUID]:
    if isinstance(event, ActivityDone):
        return set(event.sessions)
    return {event.session_id} if event.session_id else set()
