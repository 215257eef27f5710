"""Which therapist looks after which child."""

from collections.abc import Sequence

from sqlalchemy import select

from ..database.actor import Role
from ..database.base import random_id
from ..database.commands import command
from ..database.work import Work
from ..errors import FieldError, NotAllowed
from .model import Account, Caseload, Child, Membership


@command(Role.ADMIN)
def assign(work: Work, *, account_id: str, child_id: str) -> Caseload:
    """Put a child on a therapist's caseload. Nobody does it for themselves.

    Raises
    ------
    FieldError
        If the account is no therapist at the child's site, or has the child already.
    NotFound
        If the actor has no such account or child.
    """
    account, child = work.need(Account, account_id), work.need(Child, child_id)
    if account.id == work.actor.account_id:
        raise NotAllowed("Putting a child on one's own caseload", work.actor.role)
    site_id = child.family.site_id
    if not work.scalar(
        select(Membership.id).where(
            Membership.account_id == account.id,
            Membership.role == Role.THERAPIST,
            Membership.site_id == site_id,
            Membership.until.is_(None),
        )
    ):
        raise FieldError(
            "account",
            "{login} is no therapist at {site_id}",
            "Give the account that role first.",
            login=account.login,
            site_id=site_id,
        )
    if _open(work, account_id, child_id):
        raise FieldError(
            "child", "{child_id} is on that caseload already", "Nothing is left to do.", child_id=child_id
        )
    entry = Caseload(id=random_id("l"), account_id=account_id, child_id=child_id, since=work.now)
    work.add(entry)
    return entry


@command(Role.ADMIN)
def unassign(work: Work, *, account_id: str, child_id: str) -> Caseload:
    """Take a child off a therapist's caseload, from now on.

    Raises
    ------
    FieldError
        If it is not on it.
    """
    work.need(Child, child_id)
    if (entry := _open(work, account_id, child_id)) is None:
        raise FieldError(
            "child", "{child_id} is not on that caseload", "Nothing is left to do.", child_id=child_id
        )
    entry.until = work.now
    return entry


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def caseload(work: Work, child_id: str | None = None) -> Sequence[Caseload]:
    """Who looks after whom now, of those whom the actor knows."""
    entries = select(Caseload).where(Caseload.until.is_(None))
    if child_id is not None:
        entries = entries.where(Caseload.child_id == work.need(Child, child_id).id)
    return work.scalars(entries.order_by(Caseload.since, Caseload.id)).all()


def _open(work: Work, account_id: str, child_id: str) -> Caseload | None:
    return work.scalar(
        select(Caseload).where(
            Caseload.account_id == account_id, Caseload.child_id == child_id, Caseload.until.is_(None)
        )
    )
