"""The tables of people. A child's name and birth month are here and nowhere else."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..database.actor import Actor, Role
from ..database.base import ID, NAME, PRIVATE, Base, word
from ..records.vocabulary import Hand
from .scope import OfChild, OfSite, accounts_of, families_of, people_of, sites_of


class Sex(StrEnum):
    """As references of growth know it."""

    FEMALE = "female"
    MALE = "male"


class Site(Base):
    """A clinic, or a home that stands alone; `id` is the site of its topics."""

    __tablename__ = "sites"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Sites that the actor belongs to."""
        return cls.id.in_(sites_of(actor))


class Family(Base):
    """A home: children, their parents, and the hub that stands there."""

    __tablename__ = "families"
    __table_args__ = (UniqueConstraint("site_id", "hub"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    site_id: Mapped[str] = mapped_column(ID, ForeignKey("sites.id"), index=True)
    name: Mapped[str] = mapped_column(NAME, info=PRIVATE)
    hub: Mapped[str | None] = mapped_column(ID)  #: id of the home's hub in topics
    created_at: Mapped[datetime]

    site: Mapped[Site] = relationship()
    children: Mapped[list["Child"]] = relationship(back_populates="family", order_by="Child.name")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Families that the actor belongs to or looks after."""
        return cls.id.in_(families_of(actor))


class Child(Base):
    """A child; only `id` ever leaves this database."""

    __tablename__ = "children"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    family_id: Mapped[str] = mapped_column(ID, ForeignKey("families.id"), index=True)
    name: Mapped[str] = mapped_column(NAME, info=PRIVATE)
    birth_month: Mapped[date | None] = mapped_column(info=PRIVATE)  #: first of the month
    sex: Mapped[Sex | None] = mapped_column(word(Sex), info=PRIVATE)  #: only for references of growth
    dominant_hand: Mapped[Hand | None] = mapped_column(word(Hand))
    goal: Mapped[int] = mapped_column(default=15)  #: squeezes in a session where no program says otherwise
    created_at: Mapped[datetime]
    left_at: Mapped[datetime | None]  #: since when nobody trains with this child here any more

    family: Mapped[Family] = relationship(back_populates="children")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Children whom the actor knows by name."""
        return cls.id.in_(people_of(actor))


class Account(Base):
    """Somebody who can sign in."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    login: Mapped[str] = mapped_column(NAME, unique=True, info=PRIVATE)  #: as `texts.login` folds it
    name: Mapped[str] = mapped_column(NAME, info=PRIVATE)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    memberships: Mapped[list["Membership"]] = relationship(back_populates="account")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Accounts of the actor, and of those whom they have to do with."""
        return cls.id.in_(accounts_of(actor))


class Membership(Base):
    """A role that an account has: a parent in a family, a therapist or an admin at a site."""

    __tablename__ = "memberships"
    __table_args__ = (
        # NULLs differ from one another in a unique index: one for each kind of role
        Index(
            "uq_memberships_of_site",
            "account_id",
            "role",
            "site_id",
            unique=True,
            sqlite_where=text("until IS NULL AND family_id IS NULL"),
            postgresql_where=text("until IS NULL AND family_id IS NULL"),
        ),
        Index(
            "uq_memberships_of_family",
            "account_id",
            "role",
            "family_id",
            unique=True,
            sqlite_where=text("until IS NULL AND family_id IS NOT NULL"),
            postgresql_where=text("until IS NULL AND family_id IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    account_id: Mapped[str] = mapped_column(ID, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role] = mapped_column(word(Role))
    site_id: Mapped[str] = mapped_column(ID, ForeignKey("sites.id"), index=True)
    family_id: Mapped[str | None] = mapped_column(ID, ForeignKey("families.id"), index=True)
    since: Mapped[datetime]
    until: Mapped[datetime | None]

    account: Mapped[Account] = relationship(back_populates="memberships")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Everybody's of an admin's sites; of others, the actor's own."""
        if actor.role is Role.ADMIN:
            return cls.site_id.in_(sites_of(actor))
        return cls.account_id == actor.account_id


class Caseload(OfChild, Base):
    """A therapist looks after a child, from when to when."""

    __tablename__ = "caseload"
    __table_args__ = (
        Index(
            "uq_caseload_open",
            "account_id",
            "child_id",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    account_id: Mapped[str] = mapped_column(ID, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class ConsentText(OfSite, Base):
    """What parents agree to, word for word; a version is never changed."""

    __tablename__ = "consent_texts"

    site_id: Mapped[str] = mapped_column(ID, ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[str] = mapped_column(ID, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(60))  #: as BCP 47 writes it
    published_at: Mapped[datetime]
    heard_at: Mapped[datetime | None]  #: at a home: when it came from the clinic; null: published here


class Consent(OfChild, Base):
    """Who agreed that a child's results are shared, to which text, and when they took it back."""

    __tablename__ = "consents"
    __table_args__ = (
        ForeignKeyConstraint(["site_id", "version"], ["consent_texts.site_id", "consent_texts.version"]),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    site_id: Mapped[str] = mapped_column(ID)
    version: Mapped[str | None] = mapped_column(ID)  #: of `ConsentText`; null: to none that is here
    given_by: Mapped[str] = mapped_column(NAME, info=PRIVATE)  #: whose signature it is
    given_on: Mapped[date]
    recorded_at: Mapped[datetime]
    withdrawn_on: Mapped[date | None]
    withdrawn_at: Mapped[datetime | None]  #: when that was recorded
    withdrawn_by: Mapped[str | None] = mapped_column(NAME, info=PRIVATE)


class ConsentElsewhere(Base):
    """What was last decided about sharing at the other end: at a home what the clinic knows, and the reverse.

    Who decided stays where it was recorded.
    """

    __tablename__ = "consents_elsewhere"

    child_id: Mapped[str] = mapped_column(ID, ForeignKey("children.id", ondelete="CASCADE"), primary_key=True)
    given: Mapped[bool]  #: false: taken back
    version: Mapped[str | None] = mapped_column(ID)  #: of the text there
    decided_at: Mapped[datetime]
    heard_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """As consent that was recorded here."""
        return cls.child_id.in_(people_of(actor))
