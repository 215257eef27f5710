"""Looking into the log of changes: one's own, an admin's sites', or all of it at the machine.

An admin sees that a program or a pain score was written, by whom and when, and not what stood in it. Whom
a row of the log concerns is asked of the tables as they are now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, String, Table, and_, cast, or_, select

from ..database.actor import Actor, Role
from ..database.audit import Audit, Did
from ..database.base import Base
from ..database.commands import command
from ..database.work import Work
from .credentials import Credential, Identity, OneTimeToken, SignIn, Throttle
from .scope import ClinicalData, accounts_of, people_of
from .settings import AccountSettings

#: A page of it; `before` leads to the next.
_ROWS: Final = 200

#: Tables that nobody reads; that a row was written is of an account, and of its admins.
_OF_ACCOUNTS: Final = (Credential, Identity, OneTimeToken, SignIn, AccountSettings)
#: What changes whenever somebody comes and goes, a page of it for each change of anything else.
_SIGNING_IN: Final = (SignIn.__tablename__, Throttle.__tablename__)


@dataclass(frozen=True)
class Change:
    """One change of one row, as far as somebody may know of it.

    Attributes
    ----------
    before, after : dict or None
        Values by column; names and secrets are hidden in them, and an admin gets no clinical ones.
    """

    id: int
    at: datetime
    actor: str
    role: Role
    command: str
    did: Did
    table: str
    row: str
    child_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def changes(
    work: Work,
    *,
    about: str | None = None,
    actor: str | None = None,
    table: str | None = None,
    signing_in: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    rows: int = _ROWS,
) -> Sequence[Change]:
    """Who changed what, latest first.

    A parent and a therapist see what they did themselves, an admin also all that concerns their sites, the
    machine everything.

    Parameters
    ----------
    about : str, optional
        Id of a child, or key of a row.
    actor : str, optional
        Who did it, as the log calls them: the id of an account, ``owner:pi``.
    table : str, optional
        Which kind of row.
    signing_in : bool, optional
        Only that somebody signed in or out, or all but that.
    since, until : datetime, optional
        In ``[since, until)``.
    before : int, optional
        Only entries older than the one of this id: the next page.
    """
    found = select(Audit)
    for wanted, condition in (
        (about, or_(Audit.child_id == about, Audit.row == about)),
        (actor, Audit.actor == actor),
        (table, Audit.table == table),
        (signing_in, Audit.table.in_(_SIGNING_IN) if signing_in else Audit.table.not_in(_SIGNING_IN)),
    ):
        if wanted is not None:
            found = found.where(condition)
    if since is not None:
        found = found.where(Audit.at >= since)
    if until is not None:
        found = found.where(Audit.at < until)
    if before is not None:
        found = found.where(Audit.id < before)
    found = found.order_by(Audit.id.desc()).limit(rows)
    if work.actor.role is not Role.ADMIN:
        return [_shown(entry) for entry in work.scalars(found)]
    with work.past_the_scope():
        seen = found.where(or_(Audit.actor == work.actor.name, _of_sites(work.actor)))
        return [
            _shown(entry, hidden=entry.table in _clinical() and entry.actor != work.actor.name)
            for entry in work.scalars(seen)
        ]


def _shown(entry: Audit, *, hidden: bool = False) -> Change:
    return Change(
        entry.id,
        entry.at,
        entry.actor,
        entry.role,
        entry.command,
        entry.did,
        entry.table,
        entry.row,
        entry.child_id,
        None if hidden else entry.before,
        None if hidden else entry.after,
    )


def _clinical() -> set[str]:
    """Names of the tables that are no admin's."""
    return {
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if isinstance(mapper.local_table, Table) and issubclass(mapper.class_, ClinicalData)
    }


def _of_sites(actor: Actor) -> ColumnElement[bool]:
    """Entries about children, people and things of an admin's sites."""
    things = []
    for mapper in Base.registry.mappers:
        kind, table = mapper.class_, mapper.local_table
        if kind is Audit or not isinstance(table, Table) or "child_id" in table.c:
            continue
        if issubclass(kind, _OF_ACCOUNTS):
            visible = table.c.account_id.in_(accounts_of(actor))
        else:
            visible = kind.visible_to(actor)
        things.append(and_(Audit.table == table.name, Audit.row.in_(select(_key(table)).where(visible))))
    return or_(
        Audit.child_id.in_(people_of(actor)),
        and_(Audit.child_id.is_(None), or_(*things)),
    )


def _key(table: Table) -> ColumnElement[str]:
    """A row's key as the log writes it; see `audit.key_of`."""
    first, *others = (cast(column, String) for column in table.primary_key.columns)
    key: ColumnElement[str] = first
    for column in others:
        key = key + "/" + column
    return key
