"""Consent: to which text, since when, by whom, and taken back.

A site that has published a text asks for consent: `may_share` says no of a child without one. A site that has
none asks nobody; but who says no there is heard as well. What a clinic and a home know of consent they tell
each other, and the later word holds (`decisions`).
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from ..database.actor import Role
from ..database.base import random_id
from ..database.commands import command
from ..database.work import Work
from ..errors import FieldError
from ..program.consent_post import fits
from ..program.outgoing import note_change
from . import fields
from .decisions import standing_of
from .model import Child, Consent, ConsentElsewhere, ConsentText, Family, Site

_LONGEST_TEXT = 50_000
#: Stands for whoever agreed at the other end, or was never asked.
ELSEWHERE = "not recorded here"


@command(Role.ADMIN)
def publish_text(
    work: Work, *, site_id: str, version: str, text: str, language: str | None = None
) -> ConsentText:
    """Publish what parents agree to; a version is never changed. Homes are sent the newest.

    With the first, a child of whom nobody has decided is not shared any more, from its home either.

    Parameters
    ----------
    language : str, optional
        In which it is written, as BCP 47 has it.

    Raises
    ------
    FieldError
        If the version is taken, or the text is empty or too long to be sent.
    """
    work.need(Site, site_id)
    version = fields.wire_id("version", version)
    text = text.strip()
    if not 1 <= len(text) <= _LONGEST_TEXT:
        raise FieldError(
            "text",
            "has {number} signs",
            "It takes 1 to {longest}.",
            number=len(text),
            longest=_LONGEST_TEXT,
        )
    if work.get(ConsentText, (site_id, version)):
        raise FieldError(
            "version", "{version} is published, and stays as it is", "Take the next version.", version=version
        )
    tongue = fields.language("language", language) if language else None
    published = ConsentText(
        site_id=site_id, version=version, text=text, language=tongue, published_at=work.now
    )
    if not fits(published):
        raise FieldError("text", "is too long to be sent to homes", "Shorten it to some ten pages.")
    work.add(published)
    asked = select(Child.id).join(Family).where(Family.site_id == site_id, Child.left_at.is_(None))
    for child_id in work.scalars(asked).all():  # their homes do not know yet that they are asked
        _let_travel(work, child_id)
    return published


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST)
def give(work: Work, child_id: str, *, version: str, given_by: str, given_on: date | None = None) -> Consent:
    """Record that somebody with parental responsibility agreed; an earlier consent ends with it.

    Parameters
    ----------
    given_by : str
        Whose signature it is.
    given_on : date, optional
        When; today if left out.

    Raises
    ------
    FieldError
        If there is no such version, or the day is in the future.
    """
    child = work.need(Child, child_id)
    today = work.now.date()
    if (text := work.get(ConsentText, (child.family.site_id, version))) is None:
        raise FieldError(
            "version",
            "there is no text {version} at {site_id}",
            "Publish it first.",
            version=version,
            site_id=child.family.site_id,
        )
    given_on = given_on or today
    if given_on > today:
        raise FieldError(
            "given_on", "{given_on} is in the future", "Enter the day of the signature.", given_on=given_on
        )
    given_by = fields.name("given_by", given_by)
    if (before := _open(work, child_id)) is not None:
        before.withdrawn_on, before.withdrawn_by, before.withdrawn_at = today, given_by, work.now
    consent = Consent(
        id=random_id("k"),
        child_id=child_id,
        site_id=text.site_id,
        version=text.version,
        given_by=given_by,
        given_on=given_on,
        recorded_at=work.now,
    )
    work.add(consent)
    _let_travel(work, child_id)
    return consent


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST)
def withdraw(work: Work, child_id: str, *, withdrawn_by: str) -> Consent:
    """Take consent back, from now on; nothing new is shared.

    Also where it was given at the other end, or nobody was asked: then a consent that is over is recorded.

    Raises
    ------
    FieldError
        If nothing is shared anyway.
    """
    child = work.need(Child, child_id)
    by, today = fields.name("withdrawn_by", withdrawn_by), work.now.date()
    if (consent := _open(work, child_id)) is None:
        if not may_share(work, child_id):
            raise FieldError(
                "child", "{child_id} has no consent to take back", "Nothing is shared.", child_id=child_id
            )
        there = standing_of(work, child_id)
        consent = Consent(
            id=random_id("k"),
            child_id=child_id,
            site_id=child.family.site_id,
            given_by=ELSEWHERE,
            given_on=there.decided_at.date() if there else today,
            recorded_at=work.now,
        )
        work.add(consent)
    consent.withdrawn_on, consent.withdrawn_by, consent.withdrawn_at = today, by, work.now
    _let_travel(work, child_id)
    return consent


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def history(work: Work, child_id: str) -> Sequence[Consent]:
    """Every consent of a child, oldest first."""
    work.need(Child, child_id)
    return work.scalars(
        select(Consent).where(Consent.child_id == child_id).order_by(Consent.recorded_at, Consent.id)
    ).all()


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def elsewhere(work: Work, child_id: str) -> ConsentElsewhere | None:
    """What the other end said last: at a clinic the home, at a home the clinic; None: nothing."""
    work.need(Child, child_id)
    return work.get(ConsentElsewhere, child_id)


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def texts(work: Work) -> Sequence[ConsentText]:
    """Every text of the actor's sites, oldest first."""
    return work.scalars(select(ConsentText).order_by(ConsentText.published_at, ConsentText.version)).all()


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def current_text(work: Work, child_id: str) -> ConsentText | None:
    """The newest text of the child's site; where one came from the clinic, the clinic's newest."""
    site_id = work.need(Child, child_id).family.site_id
    found = work.scalars(select(ConsentText).where(ConsentText.site_id == site_id)).all()
    return max(found, key=lambda one: (one.heard_at is not None, one.published_at, one.version), default=None)


@command(Role.ADMIN, Role.PARENT, Role.THERAPIST, reads=True)
def may_share(work: Work, child_id: str) -> bool:
    """Whether something new of a child may leave the home."""
    child = work.need(Child, child_id)
    if decision := standing_of(work, child_id):
        return decision.given
    asks = work.scalar(
        select(ConsentText.version).where(ConsentText.site_id == child.family.site_id).limit(1)
    )
    return asks is None


def _let_travel(work: Work, child_id: str) -> None:
    with work.past_the_scope():  # an admin sees no post, and records consent all the same
        note_change(work, child_id)


def _open(work: Work, child_id: str) -> Consent | None:
    return work.scalar(select(Consent).where(Consent.child_id == child_id, Consent.withdrawn_on.is_(None)))
