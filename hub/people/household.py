"""Whoever holds the access key of a home: an account that needs no name and no password.

A family opens the link that GripHub printed, and is signed in as the parents of that home. Nothing is kept
twice: what the key opens is a session of an ordinary account, with ordinary roles.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import select

from ..config import Config
from ..database.actor import Actor, Role
from ..database.base import random_id
from ..database.engine import Database
from ..database.work import Work
from .home import family_of
from .model import Account, Caseload, Child, Family, Membership
from .sign_in import SignedIn, begin

#: No person can have it: `fields.login` takes no blank.
LOGIN: Final = "household of"

_SIGN_IN: Final = Actor.part("sign-in")

#: Whoever owns the home's computer leads the exercise, and looks after what stands in it.
_ROLES: Final = (Role.PARENT, Role.ADMIN)


def sign_in_household(database: Database, config: Config) -> SignedIn:
    """Sign in whoever showed the key of this home; the caller has compared it."""
    with database.work(_SIGN_IN, "household.sign_in_household") as work:
        family = family_of(work, config)
        account = _account(work, family)
        _give(work, account, family, _ROLES)
        return begin(work, account, Role.PARENT)


def let_treat(database: Database, config: Config) -> None:
    """Let a home's key open a therapist's pages too: for the demo, where nobody else is there to look."""
    with database.work(_SIGN_IN, "household.let_treat") as work:
        family = family_of(work, config)
        account = _account(work, family)
        _give(work, account, family, (Role.THERAPIST,))
        theirs = set(
            work.scalars(
                select(Caseload.child_id).where(Caseload.account_id == account.id, Caseload.until.is_(None))
            )
        )
        for child_id in work.scalars(select(Child.id).where(Child.family_id == family.id)):
            if child_id not in theirs:
                work.add(
                    Caseload(id=random_id("l"), account_id=account.id, child_id=child_id, since=work.now)
                )


def is_household(account: Account) -> bool:
    """Whether an account is a home's own, which a key opens and no password."""
    return account.login.startswith(f"{LOGIN} ")


def _account(work: Work, family: Family) -> Account:
    login = f"{LOGIN} {family.id}"
    account = work.scalar(select(Account).where(Account.login == login))
    if account is None:
        account = Account(id=random_id("a"), login=login, name=family.name, created_at=work.now)
        work.add(account)
        work.flush()
    return account


def _give(work: Work, account: Account, family: Family, roles: Iterable[Role]) -> None:
    has = set(
        work.scalars(
            select(Membership.role).where(Membership.account_id == account.id, Membership.until.is_(None))
        )
    )
    for role in roles:
        if role not in has:
            work.add(
                Membership(
                    id=random_id("m"),
                    account_id=account.id,
                    role=role,
                    site_id=family.site_id,
                    family_id=family.id if role is Role.PARENT else None,
                    since=work.now,
                )
            )
    work.flush()
