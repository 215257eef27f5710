"""Sites, families and children: made, changed, and found again."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from ..database.actor import Role
from ..database.base import random_id
from ..database.commands import command
from ..database.work import Work
from ..errors import FieldError
from ..records.vocabulary import Hand
from . import fields
from .model import Child, Family, Sex, Site


@command()
def add_site(work: Work, *, site_id: str, name: str) -> Site:
    """Make a site; `site_id` is what its hubs call it in their topics.

    Raises
    ------
    FieldError
        If the id is none, or taken, or the name cannot be one.
    """
    site = Site(id=fields.wire_id("site", site_id), name=fields.name("name", name), created_at=work.now)
    if work.get(Site, site.id):
        raise FieldError("site", "there is a site {id} already", "Choose another id.", id=site.id)
    work.add(site)
    return site


@command(Role.ADMIN)
def add_family(work: Work, *, site_id: str, name: str, hub: str | None = None) -> Family:
    """Make a family of a site; `hub` is what its hub calls itself in topics.

    Raises
    ------
    FieldError
        If another family of the site has that hub, or the name cannot be one.
    NotFound
        If the actor has no such site.
    """
    work.need(Site, site_id)
    if hub is not None:
        hub = fields.wire_id("hub", hub)
        if work.scalar(select(Family.id).where(Family.site_id == site_id, Family.hub == hub)):
            raise FieldError(
                "hub",
                "{hub} is another family's at {site_id}",
                "Give the hub another name.",
                hub=hub,
                site_id=site_id,
            )
    family = Family(
        id=random_id("f"), site_id=site_id, name=fields.name("name", name), hub=hub, created_at=work.now
    )
    work.add(family)
    return family


@command(Role.ADMIN, Role.PARENT)
def add_child(
    work: Work,
    *,
    family_id: str,
    name: str,
    birth_month: str | None = None,
    sex: Sex | None = None,
    dominant_hand: Hand | None = None,
    goal: int = 15,
    child_id: str | None = None,
) -> Child:
    """Take a child in, under a random id that is all that ever travels.

    Parameters
    ----------
    child_id : str, optional
        The id that the child has at home already.
    birth_month : str, optional
        Such as ``2018-04``.
    goal : int
        Squeezes in a session where no program says otherwise, 1 to 500.

    Raises
    ------
    FieldError
        Naming the field that cannot be taken.
    NotFound
        If the actor has no such family.
    """
    work.need(Family, family_id)
    if child_id is not None and work.get(Child, fields.wire_id("id", child_id)) is not None:
        raise FieldError(
            "id",
            "{child_id} is here already",
            "`griphub people child list` shows who it is.",
            child_id=child_id,
        )
    child = Child(
        id=child_id or random_id("c"),
        family_id=family_id,
        name=fields.name("name", name, longest=40),
        birth_month=_month(work, birth_month),
        sex=sex,
        dominant_hand=dominant_hand,
        goal=fields.whole("goal", goal, 1, 500),
        created_at=work.now,
    )
    work.add(child)
    return child


@command(Role.ADMIN, Role.PARENT)
def change_child(
    work: Work,
    child_id: str,
    *,
    name: str | None = None,
    birth_month: str | None = None,
    sex: Sex | None = None,
    dominant_hand: Hand | None = None,
    goal: int | None = None,
) -> Child:
    """Correct what is known of a child; what is left out stays.

    Raises
    ------
    FieldError, NotFound
        As `add_child`.
    """
    child = work.need(Child, child_id)
    if name is not None:
        child.name = fields.name("name", name, longest=40)
    if birth_month is not None:
        child.birth_month = _month(work, birth_month)
    if goal is not None:
        child.goal = fields.whole("goal", goal, 1, 500)
    child.sex = sex or child.sex
    child.dominant_hand = dominant_hand or child.dominant_hand
    return child


@command(Role.ADMIN, Role.PARENT)
def let_child_go(work: Work, child_id: str) -> Child:
    """Note that a child does not train here any more; what was measured stays until it is erased."""
    child = work.need(Child, child_id)
    child.left_at = child.left_at or work.now
    return child


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def sites(work: Work) -> Sequence[Site]:
    """Sites that the actor belongs to."""
    return work.scalars(select(Site).order_by(Site.name)).all()


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def families(work: Work) -> Sequence[Family]:
    """Families that the actor belongs to or looks after."""
    return work.scalars(select(Family).order_by(Family.name)).all()


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def children(work: Work) -> Sequence[Child]:
    """Children whom the actor knows by name and who train here, by name."""
    return work.scalars(select(Child).where(Child.left_at.is_(None)).order_by(Child.name, Child.id)).all()


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def child(work: Work, child_id: str) -> Child:
    """One child.

    Raises
    ------
    NotFound
        If the actor has no such child.
    """
    return work.need(Child, child_id)


def _month(work: Work, value: str | None) -> date | None:
    return None if value is None else fields.birth_month("birth_month", value, work.now.date())
