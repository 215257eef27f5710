"""Joining a clinic: a home takes its invitation, and is from then on called what the clinic calls it.

An invitation that is accepted waits in the data folder until nothing runs there, for which `griphub up`
starts its processes anew. Then it is carried out step by step; each step may be done again, and the last one
is that the invitation goes, so that a power cut in between does no harm.
"""

import json
import logging
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import select

from .config import JOINED, Config
from .database.actor import Actor, Role
from .database.commands import command
from .database.engine import Database
from .database.work import Work
from .delivery.outbox import open_outbox
from .errors import FieldError, SetupError
from .invitation import Invitation, read_invitation
from .people.home import family_of
from .people.model import Child, ConsentText, Family, Membership, Site
from .private_file import write_private
from .program.keys import trust, trusted
from .program.tables import OwnActivity

log = logging.getLogger(__name__)

PENDING: Final = "invitation.json"
CA: Final = "clinic-ca.pem"

_JOIN: Final = Actor.part("join")


def can_join(config: Config) -> bool:
    """Whether this is a home that stands alone."""
    return config.database.url is None and not config.leaves and not trusted(config)


def pending(config: Config) -> bool:
    """Whether an invitation was accepted and is not carried out yet."""
    return (config.data_dir / PENDING).exists()


@command(Role.PARENT, reads=True)
def accept(work: Work, config: Config, invitation: Invitation) -> None:
    """Accept an invitation; nothing is changed before `carry_out`.

    Raises
    ------
    FieldError
        If a child of the same name trains here under another id, or is another family's.
    SetupError
        If this is no home that can join.
    """
    if not can_join(config):
        raise SetupError(
            "This installation delivers to a clinic, or is one", "Only a home that stands alone can join."
        )
    if fixed := {"site", "hub"} & config.model_fields_set:
        raise SetupError(
            f"The configuration file fixes {' and '.join(sorted(fixed))}, and the clinic gives another name",
            "Take that out of the file, and accept the invitation again.",
        )
    ours = family_of(work, config).id
    here = work.scalars(select(Child).where(Child.family_id == ours, Child.left_at.is_(None))).all()
    for child_id, name in invitation.children.items():
        known = work.get(Child, child_id)
        if known is not None and known.family_id != ours:
            raise FieldError(
                "children", "{child_id} is another family's here", "Ask the clinic.", child_id=child_id
            )
        for child in here:
            if child.name.casefold() == name.casefold() and child.id not in invitation.children:
                raise FieldError(
                    "children",
                    "{name} trains here as {id}, and is {child_id} at the clinic",
                    "Tell the clinic the id {id}: added there with it, what you have goes on.",
                    name=child.name,
                    id=child.id,
                    child_id=child_id,
                )
    write_private(config.data_dir / PENDING, invitation.text())


def carry_out(config: Config, database: Database) -> bool:
    """Join, if an invitation was accepted; nothing else may run on the data folder.

    Returns
    -------
    bool
        Whether the configuration is another one now.

    Raises
    ------
    SetupError, StoreError
    """
    path = config.data_dir / PENDING
    if not path.exists():
        return False
    invitation = read_invitation(path.read_text())
    if (config.site, config.hub) != (invitation.site, invitation.hub):
        with database.work(_JOIN, "join.carry_out") as work:
            _move(work, config, invitation)
        with closing(open_outbox(config)) as outbox:
            outbox.rename(invitation.site, invitation.hub)
    trust(config, invitation.key)
    _remember(config.data_dir, invitation)
    path.unlink()
    log.info("This home has joined %s.", invitation.clinic)
    return True


def _move(work: Work, config: Config, invitation: Invitation) -> None:
    """Call site and hub what the clinic calls them, in all that is this home's; take its children in."""
    site = work.get(Site, invitation.site)
    if site is None:
        site = Site(id=invitation.site, name=invitation.clinic, created_at=work.now)
        work.add(site)
        work.flush()
    joined = config.model_copy(update={"site": invitation.site, "hub": invitation.hub})
    family = work.scalar(select(Family).where(Family.site_id == config.site, Family.hub == config.hub))
    if family is not None:
        family.site_id, family.hub = invitation.site, invitation.hub
    else:
        family = family_of(work, joined)
    for membership in work.scalars(select(Membership).where(Membership.site_id == config.site)):
        membership.site_id = site.id
    for activity in work.scalars(select(OwnActivity).where(OwnActivity.site_id == config.site)):
        activity.site_id = site.id
    text = invitation.consent
    if text and work.get(ConsentText, (site.id, text.version)) is None:
        told = {"text": text.text, "language": text.language, "published_at": work.now, "heard_at": work.now}
        work.add(ConsentText(site_id=site.id, version=text.version, **told))
    for child_id, name in invitation.children.items():
        if work.get(Child, child_id) is None:
            work.add(Child(id=child_id, family_id=family.id, name=name[:40], created_at=work.now))
    work.flush()


def _remember(folder: Path, invitation: Invitation) -> None:
    clinic = {"url": invitation.url, "user": invitation.user, "password": invitation.password}
    if invitation.ca:
        write_private(folder / CA, invitation.ca)
        clinic["ca_file"] = str(folder / CA)
    joined = {"site": invitation.site, "hub": invitation.hub, "clinic": clinic}
    write_private(folder / JOINED, json.dumps(joined, indent=1))
