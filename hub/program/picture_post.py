"""A shared picture's way to the clinic: cut into pieces at home, put together out of the clinic's database.

Pieces come in any order, late, and more than once; a picture that was taken back stays away, whatever piece
of it comes afterwards. It counts as there when it is whole and can be shown.
"""

import base64
import hashlib
import logging
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import select

from ..config import Config
from ..database.work import Work
from ..people.model import Child
from ..records.ids import EVENT_NAMESPACE
from ..records.post import MAX_PIECE, PicturePiece
from .photos import is_picture, shrunk
from .post import HOME
from .tables import Photo, PhotoPart

log = logging.getLogger(__name__)

#: Pieces of a picture that cannot be shown are not asked for again.
_BROKEN: Final = 0


def pieces_of(config: Config, photo: Photo) -> list[PicturePiece]:
    """What to send of a picture: its pieces, or that it was taken back.

    Raises
    ------
    ProgramError
        If its file cannot be read.
    """
    at = photo.shared_at or photo.withdrawn_at
    assert at
    about = {
        "measured_at": at,
        "site": config.site,
        "hub": config.hub,
        "child_id": photo.child_id,
        "picture_id": photo.id,
        "taken_on": photo.taken_on,
    }
    if photo.shared_at is None:
        return [PicturePiece(event_id=piece_id(photo, 0), **about)]
    whole = shrunk(config, photo.id)
    cut = [whole[first : first + MAX_PIECE] for first in range(0, len(whole), MAX_PIECE)]
    return [
        PicturePiece(
            event_id=piece_id(photo, part),
            parts=len(cut),
            part=part,
            sha256=hashlib.sha256(whole).hexdigest(),
            data=base64.b64encode(data).decode(),
            **about,
        )
        for part, data in enumerate(cut, 1)
    ]


def piece_id(photo: Photo, part: int) -> UUID:
    """Id of the event that has a piece, or the end of sharing: the same whenever it is made."""
    at = photo.shared_at or photo.withdrawn_at
    return uuid5(EVENT_NAMESPACE, f"picture:{photo.id}:{at and at.isoformat()}:{part}")


def take_piece(work: Work, event: PicturePiece, child: Child) -> None:
    """Take what came of a picture of a child; told again it changes nothing."""
    photo = work.get(Photo, event.picture_id)
    if photo is None:
        photo = Photo(
            id=event.picture_id,
            child_id=child.id,
            taken_on=event.taken_on,
            recorded_at=work.now,
            by=HOME,
        )
        work.add(photo)
    if photo.by != HOME or photo.child_id != child.id:
        return  # it was kept here in the first place; or it is another child's
    if event.parts == 0:
        _take_back(work, photo, event)
    elif event.measured_at != photo.shared_at:
        _begin(work, photo, event)
    if event.parts and event.measured_at == photo.shared_at and photo.taken_at is None:
        _add(work, photo, event)
    work.flush()


def whole(work: Work, photo_id: str) -> bytes:
    """The pieces of a picture, put together."""
    return b"".join(part.data for part in _parts(work, photo_id))


def _take_back(work: Work, photo: Photo, event: PicturePiece) -> None:
    if photo.shared_at is None or event.measured_at >= photo.shared_at:
        _empty(work, photo)
        photo.shared_at = photo.taken_at = photo.parts = photo.sha256 = None
        photo.withdrawn_at = max(event.measured_at, photo.withdrawn_at or event.measured_at)


def _begin(work: Work, photo: Photo, event: PicturePiece) -> None:
    """Begin to put a picture together, unless something later is known of it."""
    later = [at for at in (photo.shared_at, photo.withdrawn_at) if at and at >= event.measured_at]
    if later:
        return
    _empty(work, photo)
    photo.shared_at, photo.withdrawn_at, photo.taken_at = event.measured_at, None, None
    photo.parts, photo.sha256 = event.parts, event.sha256


def _add(work: Work, photo: Photo, event: PicturePiece) -> None:
    try:
        data = base64.b64decode(event.data, validate=True)
    except ValueError:
        data = b""
    fits = 1 <= event.part <= event.parts == photo.parts and event.sha256 == photo.sha256
    if not fits or not 1 <= len(data) <= MAX_PIECE:
        log.warning("A piece of the picture %s that does not fit was left out.", photo.id)
        return
    if work.get(PhotoPart, (photo.id, event.part)) is None:
        work.add(PhotoPart(photo_id=photo.id, part=event.part, child_id=photo.child_id, data=data))
        work.flush()
    if len(parts := _parts(work, photo.id)) < event.parts:
        return
    made = b"".join(part.data for part in parts)
    if hashlib.sha256(made).hexdigest() == photo.sha256 and is_picture(made):
        photo.taken_at = work.now
    else:
        log.warning("The picture %s came damaged, and is left out.", photo.id)
        _empty(work, photo)
        photo.parts = _BROKEN


def _parts(work: Work, photo_id: str) -> list[PhotoPart]:
    return list(
        work.scalars(select(PhotoPart).where(PhotoPart.photo_id == photo_id).order_by(PhotoPart.part))
    )


def _empty(work: Work, photo: Photo) -> None:
    for part in _parts(work, photo.id):
        work.delete(part)
