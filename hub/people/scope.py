"""Whose rows an actor may see: mixins for tables, and the sets behind them.

The sets are asked of the database with every statement, so that a role that was taken away is gone at once.
"""

from typing import cast

from sqlalchemy import ColumnElement, ForeignKey, Select, Table, false, select, union
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from ..database.actor import Actor, Role
from ..database.base import ID, Base


def _table(name: str) -> Table:
    """A table without its class: a class would get the actor's condition again, and again in that."""
    return Base.metadata.tables[name]


def _memberships(actor: Actor) -> Select[tuple[str, str]]:
    member = _table("memberships")
    return cast(
        "Select[tuple[str, str]]",
        select(member.c.site_id, member.c.family_id).where(
            member.c.account_id == actor.account_id,
            member.c.role == actor.role,
            member.c.until.is_(None),
        ),
    )


def sites_of(actor: Actor) -> Select[tuple[str]]:
    """Sites that somebody belongs to in their role."""
    return cast("Select[tuple[str]]", _memberships(actor).with_only_columns(_table("memberships").c.site_id))


def children_of(actor: Actor) -> Select[tuple[str]]:
    """Children whose own data somebody may see: a parent's families', a therapist's caseload; no admin's."""
    child, family, entry = _table("children"), _table("families"), _table("caseload")
    ids: Select[tuple[str]] = select(child.c.id)
    if actor.role is Role.PARENT:
        own = _memberships(actor).with_only_columns(_table("memberships").c.family_id)
        return ids.where(child.c.family_id.in_(own))
    if actor.role is Role.THERAPIST:
        return ids.where(
            # a therapist who left the site keeps no child, whatever the caseload still says
            child.c.family_id.in_(select(family.c.id).where(family.c.site_id.in_(sites_of(actor)))),
            child.c.id.in_(
                select(entry.c.child_id).where(
                    entry.c.account_id == actor.account_id, entry.c.until.is_(None)
                )
            ),
        )
    return ids.where(false())


def people_of(actor: Actor) -> Select[tuple[str]]:
    """Children whose name and family somebody may see: an admin looks after those of their sites."""
    if actor.role is not Role.ADMIN:
        return children_of(actor)
    child, family = _table("children"), _table("families")
    here = select(family.c.id).where(family.c.site_id.in_(sites_of(actor)))
    return cast("Select[tuple[str]]", select(child.c.id).where(child.c.family_id.in_(here)))


def families_of(actor: Actor) -> Select[tuple[str]]:
    """Families that somebody may see: their own, their caseload's, their site's."""
    family, child = _table("families"), _table("children")
    ids: Select[tuple[str]] = select(family.c.id)
    if actor.role is Role.ADMIN:
        return ids.where(family.c.site_id.in_(sites_of(actor)))
    if actor.role is Role.PARENT:
        return ids.where(
            family.c.id.in_(_memberships(actor).with_only_columns(_table("memberships").c.family_id))
        )
    return ids.where(family.c.id.in_(select(child.c.family_id).where(child.c.id.in_(children_of(actor)))))


def accounts_of(actor: Actor) -> Select[tuple[str]]:
    """Accounts that somebody may see: their own, and whom they have to do with.

    An admin sees everybody of their sites; a parent the therapists of their children; a therapist the
    parents of their caseload.
    """
    account, member, entry = _table("accounts"), _table("memberships"), _table("caseload")
    own: Select[tuple[str]] = select(account.c.id).where(account.c.id == actor.account_id)
    if actor.role is Role.ADMIN:
        others = select(member.c.account_id).where(member.c.site_id.in_(sites_of(actor)))
    elif actor.role is Role.PARENT:
        others = select(entry.c.account_id).where(
            entry.c.child_id.in_(children_of(actor)), entry.c.until.is_(None)
        )
    else:
        others = select(member.c.account_id).where(
            member.c.family_id.in_(families_of(actor)), member.c.until.is_(None)
        )
    return cast("Select[tuple[str]]", select(union(own, others).subquery().c[0]))


class OfChild:
    """A table about children whose rows an admin may see too: consent, caseload."""

    @declared_attr
    def child_id(cls) -> Mapped[str]:  # noqa: N805 - as SQLAlchemy calls it
        """The child whom it is about."""
        return mapped_column(ID, ForeignKey("children.id", ondelete="CASCADE"), index=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Rows of children that the actor knows by name."""
        return cast("ColumnElement[bool]", cls.child_id.in_(people_of(actor)))


class ClinicalData(OfChild):
    """A table of what a child does and has been asked to do: for parents and therapists, for no admin."""

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Rows of the actor's own children or caseload."""
        return cast("ColumnElement[bool]", cls.child_id.in_(children_of(actor)))


class OfSite:
    """A table of a site's own things, for everybody of the site: activities, texts of consent."""

    @declared_attr
    def site_id(cls) -> Mapped[str]:  # noqa: N805 - as SQLAlchemy calls it
        """The site whose it is."""
        return mapped_column(ID, ForeignKey("sites.id", ondelete="CASCADE"), index=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Rows of the actor's sites."""
        return cast("ColumnElement[bool]", cls.site_id.in_(sites_of(actor)))
