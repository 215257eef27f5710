"""Whether a child's home and its clinic are two installations, and which of them this is."""

from sqlalchemy import ColumnElement, and_, or_

from ..config import Config
from ..database.work import Work
from ..people.model import Child, Family
from .errors import ProgramError
from .keys import trusted


def elsewhere(config: Config) -> ColumnElement[bool]:
    """Families whose hub is another installation's."""
    return and_(Family.hub.is_not(None), or_(Family.site_id != config.site, Family.hub != config.hub))


def has_joined(config: Config) -> bool:
    """Whether this installation is a home that has joined a clinic."""
    return bool(trusted(config))


def at_home(work: Work, config: Config, child_id: str) -> bool:
    """Whether this installation is the child's home.

    Raises
    ------
    NotFound
        If there is no such child for the actor.
    """
    family = work.need(Family, work.need(Child, child_id).family_id)
    return (family.site_id, family.hub) == (config.site, config.hub)


def joined(work: Work, config: Config, child_id: str) -> bool:
    """Whether this is the child's home and has joined a clinic, which prescribes.

    Raises
    ------
    NotFound
        If there is no such child for the actor.
    """
    return at_home(work, config, child_id) and has_joined(config)


def require_prescriber(work: Work, config: Config, child_id: str) -> None:
    """Make sure that a child's program is made here.

    Raises
    ------
    ProgramError
        If this is a home whose clinic prescribes: two ends would ask for two programs.
    NotFound
    """
    if joined(work, config, child_id):
        raise ProgramError(
            "program",
            "is made by the clinic that this home has joined",
            'Write to the therapist: `griphub program tell {child_id} "…" --from-family`.',
            child_id=child_id,
        )


def has_clinic(work: Work, config: Config, child_id: str) -> bool:
    """Whether results of a child reach a clinic: this is it, or the home has one.

    Raises
    ------
    NotFound
        If there is no such child for the actor.
    """
    return not at_home(work, config, child_id) or config.leaves or has_joined(config)
