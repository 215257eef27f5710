"""Pictures that a family took: what it shares with the therapist, takes back, and who may look at them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select

from ..config import Config
from ..database.actor import Role
from ..database.work import Work
from ..errors import NotAllowed, NotFound
from ..people.consent import may_share
from ..people.model import Child
from .errors import ProgramError
from .joining import joined
from .photos import path_of
from .picture_post import whole
from .post import HOME
from .tables import Photo


class Shared(StrEnum):
    """How far a picture has come."""

    NO = "no"  #: only the family sees it
    ON_ITS_WAY = "on_its_way"
    THERE = "there"  #: the therapist sees it


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of something that was done.

    Attributes
    ----------
    shared_at : datetime or None
        Since when the family shares it.
    """

    picture_id: str
    taken_on: date
    shared: Shared
    shared_at: datetime | None


def share_photo(work: Work, child_id: str, photo_id: str) -> None:
    """Let the therapist see a picture; it goes to the clinic by itself.

    Raises
    ------
    ProgramError
        If there is no consent: then nothing of the child leaves the home.
    NotAllowed, NotFound
    """
    photo = _own(work, "program.share_photo", child_id, photo_id)
    if not may_share(work, child_id):
        raise ProgramError("photo", "is not shared: there is no consent", "Give it first, then share.")
    if photo.shared_at is None:
        photo.shared_at, photo.withdrawn_at = work.now, None
        photo.told_at = photo.taken_at = None
    work.flush()


def unshare_photo(work: Work, child_id: str, photo_id: str) -> None:
    """Take a picture back: the family keeps it, and the clinic deletes it.

    Raises
    ------
    NotAllowed, NotFound
    """
    photo = _own(work, "program.unshare_photo", child_id, photo_id)
    if photo.shared_at is not None:
        photo.shared_at, photo.withdrawn_at = None, work.now
        photo.told_at = photo.taken_at = None
    work.flush()


def pictures(work: Work, config: Config, child_id: str) -> list[Picture]:
    """Pictures of a child that the actor may see, oldest first.

    A therapist sees what is shared and has come; a family, where it took them, all its own.

    Raises
    ------
    NotFound
        If there is no such child for the actor.
    """
    work.need(Child, child_id)
    rows = work.scalars(
        select(Photo).where(Photo.child_id == child_id).order_by(Photo.taken_on, Photo.recorded_at, Photo.id)
    ).all()
    found = [
        Picture(row.id, row.taken_on, _shared(work, config, row), row.shared_at)
        for row in rows
        if row.by != HOME or row.shared_at is not None
    ]
    if work.actor.role is Role.THERAPIST:
        allowed = may_share(work, child_id)
        found = [one for one in found if one.shared is Shared.THERE and allowed]
    return found


def picture(work: Work, config: Config, child_id: str, picture_id: str) -> bytes:
    """A picture as a JPEG file.

    Raises
    ------
    NotFound
        If the actor may not see it, or it has not come.
    """
    seen = {one.picture_id: one for one in pictures(work, config, child_id)}
    if picture_id not in seen:
        raise NotFound("picture", picture_id)
    photo = work.need(Photo, picture_id)
    if photo.by == HOME:
        if photo.taken_at is None:
            raise NotFound("picture", picture_id)
        return whole(work, picture_id)
    try:
        return path_of(config, picture_id).read_bytes()
    except OSError:
        raise NotFound("picture", picture_id) from None


def _own(work: Work, command: str, child_id: str, photo_id: str) -> Photo:
    """A picture of the family's own; where it only came to, nobody can share it further."""
    work.command = command
    if work.actor.role not in (Role.PARENT, Role.MACHINE):
        raise NotAllowed(command, work.actor.role)
    work.need(Child, child_id)
    photo = work.get(Photo, photo_id)
    if photo is None or photo.child_id != child_id or photo.by == HOME:
        raise NotFound("picture", photo_id)
    return photo


def _shared(work: Work, config: Config, photo: Photo) -> Shared:
    if photo.shared_at is None:
        return Shared.NO
    if photo.by != HOME and not joined(work, config, photo.child_id):
        return Shared.THERE
    return Shared.THERE if photo.taken_at else Shared.ON_ITS_WAY
