"""Accounts: invited by an admin, given roles, given a new password, closed."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from ..database.actor import GRANTABLE, Role
from ..database.base import random_id
from ..database.commands import command
from ..database.work import Work
from ..errors import FieldError, NotAllowed
from . import fields, passwords
from .credentials import Credential, OneTimeToken, Purpose, SignIn
from .model import Account, Family, Membership, Site

#: An invitation waits for a family to find the time; a reset is asked for by somebody who waits for it.
INVITATION_LASTS: Final = timedelta(days=14)
RESET_LASTS: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link's token. It is told once, here, and kept nowhere."""

    account: Account
    token: str
    expires_at: datetime


@command(Role.ADMIN)
def invite(
    work: Work, *, login: str, name: str, role: Role, site_id: str, family_id: str | None = None
) -> Invitation:
    """Make an account with its first role, and a token with which its owner sets a password.

    Raises
    ------
    FieldError
        If the login is taken, or another field cannot be so.
    NotFound
        If the actor has no such site or family.
    """
    login = fields.login("login", login)
    with work.past_the_scope():
        if work.scalar(select(Account.id).where(Account.login == login)):
            raise FieldError(
                "login", "{login} has an account already", "Give that account the role instead.", login=login
            )
    account = Account(id=random_id("a"), login=login, name=fields.name("name", name), created_at=work.now)
    account.memberships.append(_membership(work, role, site_id, family_id))
    work.add(account)
    work.flush()
    return _token(work, account, Purpose.INVITATION, INVITATION_LASTS)


@command(Role.ADMIN)
def grant(
    work: Work, account_id: str, *, role: Role, site_id: str, family_id: str | None = None
) -> Membership:
    """Give an account one more role. Nobody gives one to themselves.

    Raises
    ------
    FieldError
        If it has the role there already.
    NotFound
        If the actor has no such account, site or family.
    """
    account = work.need(Account, account_id)
    if account.id == work.actor.account_id:
        raise NotAllowed("Giving oneself a role", work.actor.role)
    given = _membership(work, role, site_id, family_id)
    if any(
        (m.role, m.site_id, m.family_id, m.until) == (role, site_id, family_id, None)
        for m in account.memberships
    ):
        raise FieldError(
            "role",
            "{login} is {role} there already",
            "Nothing is left to do.",
            login=account.login,
            role=role,
        )
    account.memberships.append(given)
    return given


@command(Role.ADMIN)
def revoke(work: Work, membership_id: str) -> Membership:
    """Take a role away, from now on; that it was held stays known."""
    membership = work.need(Membership, membership_id)
    membership.until = membership.until or work.now
    return membership


@command(Role.ADMIN)
def reset_password(work: Work, account_id: str) -> Invitation:
    """Make a token with which the owner sets a new password. The old one works until then.

    Raises
    ------
    NotFound
        If the actor has no such account.
    """
    return _token(work, work.need(Account, account_id), Purpose.RESET, RESET_LASTS)


@command(Role.ADMIN)
def disable(work: Work, account_id: str) -> Account:
    """Close an account: it cannot sign in, and is signed out everywhere."""
    account = work.need(Account, account_id)
    account.disabled_at = account.disabled_at or work.now
    sign_out_everywhere(work, account.id)
    return account


@command(Role.ADMIN)
def enable(work: Work, account_id: str) -> Account:
    """Open a closed account again."""
    account = work.need(Account, account_id)
    account.disabled_at = None
    return account


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST)
def change_password(work: Work, *, old: str, new: str) -> None:
    """Change the actor's own password; other browsers are signed out.

    Raises
    ------
    FieldError
        If the old one is wrong or the new one cannot be taken.
    """
    account = work.need(Account, work.actor.account_id)
    with work.past_the_scope():
        kept = work.get(Credential, account.id)
        if not passwords.matches(kept.hash if kept else None, old):
            raise FieldError("old", "is not your password", "Enter the one that you sign in with.")
        set_password(work, account, new)


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def accounts(work: Work) -> Sequence[Account]:
    """Accounts that the actor has to do with."""
    return work.scalars(select(Account).order_by(Account.name)).all()


def redeem(work: Work, token: str, password: str) -> Account:
    """Set a password with a token that an admin gave out. Of whoever has it, nothing else is asked.

    Raises
    ------
    FieldError
        If the token is used up, too old or wrong, or the password cannot be taken.
    """
    with work.past_the_scope():
        found = work.get(OneTimeToken, digest(token))
        account = work.get(Account, found.account_id) if found else None
        if (
            found is None
            or account is None
            or found.used_at
            or found.expires_at <= work.now
            or account.disabled_at
        ):
            raise FieldError("token", "does not work any more", "Ask for a new link.")
        set_password(work, account, password)
        # every open link of the account: an older one in somebody's mail must not undo this
        for other in work.scalars(
            select(OneTimeToken).where(OneTimeToken.account_id == account.id, OneTimeToken.used_at.is_(None))
        ):
            other.used_at = work.now
    return account


def set_password(work: Work, account: Account, password: str) -> None:
    """Keep a new password, past the scope, and sign the account out everywhere."""
    passwords.check(password, login=account.login, name=account.name)
    kept = work.get(Credential, account.id)
    if kept is None:
        kept = Credential(account_id=account.id)
        work.add(kept)
    kept.hash, kept.changed_at = passwords.hash_of(password), work.now
    sign_out_everywhere(work, account.id)


def sign_out_everywhere(work: Work, account_id: str) -> None:
    """End every browser's session of an account."""
    with work.past_the_scope():
        for session in work.scalars(
            select(SignIn).where(SignIn.account_id == account_id, SignIn.ended_at.is_(None))
        ):
            session.ended_at = work.now


def digest(token: str) -> str:
    """Hash under which a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def _membership(work: Work, role: Role, site_id: str, family_id: str | None) -> Membership:
    if role not in GRANTABLE:
        raise FieldError(
            "role", "{role} is given to nobody", "Choose from {roles}.", role=role, roles=", ".join(GRANTABLE)
        )
    work.need(Site, site_id)
    if role is Role.PARENT:
        if family_id is None:
            raise FieldError("family", "is missing", "A parent belongs to a family; say to which.")
        if work.need(Family, family_id).site_id != site_id:
            raise FieldError(
                "family",
                "{family_id} is not at {site_id}",
                "Say the family's own site.",
                family_id=family_id,
                site_id=site_id,
            )
    elif family_id is not None:
        raise FieldError("family", "a {role} belongs to a site, not to a family", "Leave it out.", role=role)
    return Membership(id=random_id("m"), role=role, site_id=site_id, family_id=family_id, since=work.now)


def _token(work: Work, account: Account, purpose: Purpose, lasts: timedelta) -> Invitation:
    token = secrets.token_urlsafe(32)
    expires_at = work.now + lasts
    with work.past_the_scope():
        work.add(
            OneTimeToken(digest=digest(token), account_id=account.id, purpose=purpose, expires_at=expires_at)
        )
    return Invitation(account, token, expires_at)
