"""Signing in and out: passwords, growing pauses after wrong ones, and whose browser it is.

These take the database, not a unit of work: nobody is known yet, and a wrong password must be remembered
although signing in failed.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from ...firmware_bridge.errors import GripError
from ...firmware_bridge.sentence import with_advice
from ..config import OidcConfig
from ..database.actor import Actor, Role
from ..database.base import random_id
from ..database.engine import Database
from ..database.work import Work
from ..errors import FieldError
from . import accounts, fields, passwords
from .credentials import Credential, Identity, SignIn, Throttle
from .model import Account, Membership

#: A child who types along costs nothing: pauses begin after this many wrong passwords in a row,
FREE_TRIES: Final = 5
#: with this one, double after each, and never longer than that: 24 guesses a day in the long run.
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(hours=1)
#: Wrong tries are forgotten after a day without one.
FORGOTTEN_AFTER: Final = timedelta(days=1)

#: A family's own tablet stays signed in for a season; a clinic's computer for a working day.
LASTS: Final = {
    Role.PARENT: timedelta(days=90),
    Role.THERAPIST: timedelta(hours=12),
    Role.ADMIN: timedelta(hours=12),
}
#: Which role an account takes first if it has several and names none.
_FIRST: Final = (Role.THERAPIST, Role.PARENT, Role.ADMIN)

#: A shorter wait is told in seconds.
_IN_SECONDS: Final = 90
#: How far a provider's clock may be off.
_LEEWAY: Final = timedelta(minutes=2)


class SignInRefused(GripError):
    """Signing in failed; the words do not tell whether there is such an account.

    Attributes
    ----------
    wait : timedelta
        For how long every further try is refused.
    """

    def __init__(self, problem: str, advice: str, wait: timedelta = timedelta(), /, **fields: object) -> None:
        self.wait = wait
        super().__init__(with_advice(problem, advice, **fields))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, as what, and the token that their browser keeps; it is told once."""

    token: str
    actor: Actor
    name: str
    roles: tuple[Role, ...]
    expires_at: datetime


def sign_in(database: Database, login: str, password: str, *, role: Role | None = None) -> SignedIn:
    """Sign in with a password.

    Raises
    ------
    SignInRefused
        If it is wrong, or was too often, or the account is closed or has no role.
    """
    login = _folded(login)
    with database.work(Actor.part("sign-in"), "sign_in.sign_in") as work:
        throttle = _throttle(work, login)
        wait = (throttle.blocked_until or work.now) - work.now
        if wait <= timedelta():
            account = work.scalar(select(Account).where(Account.login == login))
            kept = work.get(Credential, account.id) if account else None
            right = passwords.matches(kept.hash if kept else None, password)
            if right and account and kept and account.disabled_at is None:
                work.delete(throttle)
                if passwords.outdated(kept.hash):
                    kept.hash = passwords.hash_of(password)
                return begin(work, account, role)
            wait = _failed(throttle, work.now)
    # only now, when the wrong try is kept
    if wait > timedelta():
        seconds = max(1, round(wait.total_seconds()))
        if seconds < _IN_SECONDS:
            raise SignInRefused("Too many tries", "Wait {seconds} s, then try again.", wait, seconds=seconds)
        minutes = round(seconds / 60)
        raise SignInRefused(
            "Too many tries", "Wait {minutes} minutes, then try again.", wait, minutes=minutes
        )
    raise SignInRefused("Name or password is wrong", "Try again, or ask your clinic for a new password.")


def sign_in_with_claims(database: Database, claims: Mapping[str, Any], oidc: OidcConfig) -> SignedIn:
    """Sign in somebody whom a clinic's identity provider vouches for.

    Streamlit's ``st.login`` has checked the signature and the nonce of the ID token; here its claims are
    made sure of once more and find their account. Who comes for the first time is known by the email
    address that they were invited with, if the provider says that it is verified.

    Parameters
    ----------
    claims : mapping
        Of the ID token: ``iss``, ``sub``, ``aud``, ``exp``, and for the first time ``email`` and
        ``email_verified``.

    Raises
    ------
    SignInRefused
        If the claims are for somebody else or too old, or nobody invited that person.
    """
    issuer, subject, audience = claims.get("iss"), claims.get("sub"), claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if not oidc.issuer or issuer != oidc.issuer or oidc.client_id not in audiences:
        raise SignInRefused("That sign-in was meant for another service", "Start again from GripHub's page.")
    if not isinstance(subject, str) or not subject:
        raise SignInRefused(
            "The identity provider did not say who you are", "Ask your clinic's administrator."
        )
    with database.work(Actor.part("sign-in"), "sign_in.sign_in_with_claims") as work:
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or expires + _LEEWAY.total_seconds() < work.now.timestamp():
            raise SignInRefused("That sign-in is too old", "Sign in again.")
        account_id = work.scalar(
            select(Identity.account_id).where(Identity.issuer == issuer, Identity.subject == subject)
        )
        account = work.get(Account, account_id) if account_id else None
        if account is None:
            account = _invited(work, claims)
            work.add(
                Identity(
                    id=random_id("i"),
                    account_id=account.id,
                    issuer=issuer,
                    subject=subject,
                    linked_at=work.now,
                )
            )
        if account.disabled_at is not None:
            raise SignInRefused("This account is closed", "Ask your clinic's administrator.")
        return begin(work, account, None)


@dataclass(frozen=True, slots=True)
class Known:
    """Whose browser it is: who acts, what to call them, and as what else they could."""

    actor: Actor
    name: str
    roles: tuple[Role, ...]


def known(database: Database, token: str) -> Known | None:
    """Who a browser's token stands for; None if it is over, or the role was taken away."""
    with database.reading(Actor.part("sign-in")) as work:
        session = work.get(SignIn, accounts.digest(token))
        if session is None or session.ended_at is not None or session.expires_at <= work.now:
            return None
        account = work.get(Account, session.account_id)
        if account is None or account.disabled_at:
            return None
        roles = tuple(_roles(work, account.id))
        if session.role not in roles:
            return None
        return Known(Actor.account(account.id, session.role), account.name, roles)


def actor_of(database: Database, token: str) -> Actor | None:
    """Who acts with a browser's token, as `known` tells."""
    found = known(database, token)
    return found.actor if found else None


def switch_role(database: Database, token: str, role: Role) -> SignedIn:
    """Go on in another role of the same account, with a new token; the old one ends.

    Raises
    ------
    SignInRefused
        If the token is over, or the account has no such role.
    """
    actor = actor_of(database, token)
    with database.work(Actor.part("sign-in"), "sign_in.switch_role") as work:
        account = work.get(Account, actor.account_id) if actor else None
        if account is None:
            raise SignInRefused("You are not signed in any more", "Sign in again.")
        _end(work, token)
        return begin(work, account, role)


def sign_out(database: Database, token: str) -> None:
    """End a browser's session; one that is over already stays so."""
    with database.work(Actor.part("sign-in"), "sign_in.sign_out") as work:
        _end(work, token)


def redeem(database: Database, token: str, password: str) -> None:
    """Set a password with the token of an invitation or a reset.

    Raises
    ------
    FieldError
        As `accounts.redeem`.
    """
    with database.work(Actor.part("sign-in"), "sign_in.redeem") as work:
        account = accounts.redeem(work, token, password)
        work.delete(_throttle(work, account.login))


def begin(work: Work, account: Account, role: Role | None) -> SignedIn:
    """Begin a browser's session of an account whose owner has proved who they are.

    Raises
    ------
    SignInRefused
        If the account has no role here, or not this one.
    """
    roles = tuple(_roles(work, account.id))
    if role is None:
        role = next((first for first in _FIRST if first in roles), None)
    if role is None or role not in roles:
        raise SignInRefused(
            "This account is no {role}" if roles else "This account has no role here",
            "Ask your clinic's administrator.",
            role=role,
        )
    token = secrets.token_urlsafe(32)
    expires_at = work.now + LASTS[role]
    work.add(
        SignIn(
            digest=accounts.digest(token),
            account_id=account.id,
            role=role,
            created_at=work.now,
            expires_at=expires_at,
        )
    )
    return SignedIn(token, Actor.account(account.id, role), account.name, roles, expires_at)


def _roles(work: Work, account_id: str) -> list[Role]:
    return list(
        work.scalars(
            select(Membership.role)
            .where(Membership.account_id == account_id, Membership.until.is_(None))
            .distinct()
            .order_by(Membership.role)
        )
    )


def _end(work: Work, token: str) -> None:
    session = work.get(SignIn, accounts.digest(token))
    if session is not None and session.ended_at is None:
        session.ended_at = work.now


def _invited(work: Work, claims: Mapping[str, Any]) -> Account:
    email = claims.get("email")
    if isinstance(email, str) and claims.get("email_verified") is True:
        account = work.scalar(select(Account).where(Account.login == _folded(email)))
        if account is not None and not work.scalar(
            select(Identity.id).where(Identity.account_id == account.id)
        ):
            return account
    raise SignInRefused(
        "Nobody has invited you to GripHub yet",
        "Ask your clinic's administrator for an invitation to the address that you sign in with.",
    )


def _folded(login: str) -> str:
    try:
        return fields.login("login", login)
    except FieldError:  # cannot be anybody's; it is told as every other wrong one
        return ""


def _throttle(work: Work, login: str) -> Throttle:
    key = hashlib.sha256(login.encode()).hexdigest()
    found = work.get(Throttle, key)
    if found is None or found.failed_at + FORGOTTEN_AFTER < work.now:
        if found is not None:
            work.delete(found)
            work.flush()
        found = Throttle(digest=key, failures=0, failed_at=work.now)
        work.add(found)
        work.flush()
    return found


def _failed(throttle: Throttle, now: datetime) -> timedelta:
    throttle.failures += 1
    throttle.failed_at = now
    over = throttle.failures - FREE_TRIES
    if over < 0:
        return timedelta()
    # 2⁷ half minutes are more than an hour
    pause = min(FIRST_PAUSE * (1 << min(over, 7)), LONGEST_PAUSE)
    throttle.blocked_until = now + pause
    return pause
