"""Looking into the log of changes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select

from ..database.actor import Role
from ..database.audit import Audit
from ..database.commands import command
from ..database.work import Work

#: A page of it; `before` leads to the next.
_ROWS = 200


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def changes(
    work: Work,
    *,
    about: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    rows: int = _ROWS,
) -> Sequence[Audit]:
    """Who changed what, latest first: of an account its own, at the machine everything.

    Parameters
    ----------
    about : str, optional
        Id of a child, or key of a row.
    before : int, optional
        Only entries older than the one of this id.
    """
    found = select(Audit)
    if about is not None:
        found = found.where(or_(Audit.child_id == about, Audit.row == about))
    if since is not None:
        found = found.where(Audit.at >= since)
    if before is not None:
        found = found.where(Audit.id < before)
    return work.scalars(found.order_by(Audit.id.desc()).limit(rows)).all()
