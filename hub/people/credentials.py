"""The tables behind signing in. Nobody sees their rows: the commands of `sign_in` and `accounts` use them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..database.actor import Role
from ..database.base import ID, PRIVATE, Base, word

#: SHA-256 in hex. Tokens are 256 random bits: a plain hash of one gives nothing away.
_DIGEST = String(64)


class Credential(Base):
    """An account's password."""

    __tablename__ = "credentials"

    account_id: Mapped[str] = mapped_column(
        ID, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    hash: Mapped[str] = mapped_column(String(255), info=PRIVATE)  #: argon2id with its parameters
    changed_at: Mapped[datetime]


class Throttle(Base):
    """How often a login was tried with a wrong password; one that nobody has is treated the same."""

    __tablename__ = "throttles"

    digest: Mapped[str] = mapped_column(_DIGEST, primary_key=True)  #: of the login
    failures: Mapped[int]  #: since the last success
    failed_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class Identity(Base):
    """Whom a clinic's identity provider calls so is this account."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    account_id: Mapped[str] = mapped_column(ID, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255), info=PRIVATE)
    linked_at: Mapped[datetime]


class Purpose(StrEnum):
    """What a one-time token is good for."""

    INVITATION = "invitation"
    RESET = "reset"


class OneTimeToken(Base):
    """A link that lets somebody set a password, once."""

    __tablename__ = "one_time_tokens"

    digest: Mapped[str] = mapped_column(_DIGEST, primary_key=True, info=PRIVATE)
    account_id: Mapped[str] = mapped_column(ID, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[Purpose] = mapped_column(word(Purpose))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignIn(Base):
    """A browser that somebody signed in with, and in which role."""

    __tablename__ = "sign_ins"

    digest: Mapped[str] = mapped_column(_DIGEST, primary_key=True, info=PRIVATE)
    account_id: Mapped[str] = mapped_column(ID, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role] = mapped_column(word(Role))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
