"""What is done to programs: each command in the name of somebody, all of it or nothing, and in the log."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select

from ..database.actor import Role
from ..database.base import random_id
from ..database.work import Work
from ..errors import NotAllowed, NotFound
from ..people.model import Child, Family, Site
from .activity import Activity, Library, builtin
from .errors import ProgramChanged, ProgramError
from .outgoing import note_change
from .prescription import TRAINING, Program, read_program
from .tables import OwnActivity, ParentTraining, Photo, ProgramPause, ProgramVersion
from .versions import History, Pause, PauseReason, Version

#: Who may say what a child is asked to do.
PRESCRIBERS: Final = (Role.THERAPIST, Role.MACHINE)
#: Who may say that a child was ill.
CARERS: Final = (Role.PARENT, Role.THERAPIST, Role.MACHINE)


def history(work: Work, child_id: str) -> History:
    """All that was ever asked of a child, and every pause.

    Raises
    ------
    NotFound
        If there is no such child whom the actor may see.
    """
    work.need(Child, child_id)
    versions = work.scalars(select(ProgramVersion).where(ProgramVersion.child_id == child_id)).all()
    pauses = work.scalars(select(ProgramPause).where(ProgramPause.child_id == child_id)).all()
    return History(map(_version, versions), map(_pause, pauses))


def histories(work: Work) -> dict[str, History]:
    """The same of every child whom the actor may see, with as many questions as for one."""
    versions: dict[str, list[Version]] = defaultdict(list)
    for version in work.scalars(select(ProgramVersion)):
        versions[version.child_id].append(_version(version))
    pauses: dict[str, list[Pause]] = defaultdict(list)
    for row in work.scalars(select(ProgramPause)):
        pauses[row.child_id].append(_pause(row))
    return {
        child_id: History(versions[child_id], pauses[child_id]) for child_id in work.scalars(select(Child.id))
    }


def prescribe(
    work: Work,
    child_id: str,
    program: Program | None,
    *,
    valid_from: date,
    today: date,
    because: str = "",
    library: Library | None = None,
    read: int | None = None,
) -> Version:
    """Let a program hold from a day on; None: nothing is asked from then on.

    Parameters
    ----------
    today : date
        The family's. What was asked on days gone by stays as it was.
    read : int, optional
        Number of the latest version that the actor knows, 0 for none: nobody's later one is passed over.

    Raises
    ------
    ProgramChanged
        If there is a later version than `read`.
    ProgramError
        Naming the field that is wrong; nothing is written then.
    NotAllowed, NotFound
        If it is not for the actor to say, or there is no such child for them.
    """
    _only(work, "program.prescribe", PRESCRIBERS)
    known = history(work, child_id)
    latest = known.versions[-1].number if known.versions else 0
    if read is not None and read != latest:
        raise ProgramChanged(read, latest)
    known.check_version(valid_from, today)
    if program is not None:  # whoever built it: what is kept was checked
        checked = library or library_for(work, child_id)
        program = read_program(program.model_dump(mode="json", exclude_unset=True), checked)
    elif not known.versions:
        raise ProgramError("program", "there is none to be ended")
    row = ProgramVersion(
        id=random_id("pv"),
        child_id=child_id,
        number=latest + 1,
        valid_from=valid_from,
        recorded_at=work.now,
        by=work.actor.name,
        because=because,
        document=None if program is None else program.model_dump(mode="json"),
    )
    work.add(row)
    note_change(work, child_id)
    work.flush()
    return _version(row)


def pause(
    work: Work,
    child_id: str,
    *,
    since: date,
    until: date | None,
    reason: PauseReason,
    note: str = "",
    replaces: UUID | None = None,
) -> Pause:
    """Let a program rest, also afterwards; with `replaces`, correct what was said before, which is kept.

    Raises
    ------
    ProgramError, NotAllowed, NotFound
    """
    _only(work, "program.pause", CARERS)
    known = history(work, child_id)
    if replaces is not None and replaces not in {one.pause_id for one in known.pauses}:
        raise NotFound("pause", str(replaces))
    made = Pause(uuid4(), since, until, reason, work.now, work.actor.name, note, replaces)
    known.check_pause(made)
    work.add(_row(made, child_id))
    note_change(work, child_id)
    work.flush()
    return made


def withdraw_pause(work: Work, child_id: str, pause_id: UUID) -> Pause:
    """Say that a pause was none; it stays on record.

    Raises
    ------
    NotAllowed, NotFound
    """
    _only(work, "program.withdraw_pause", CARERS)
    before = next((one for one in history(work, child_id).pauses if one.pause_id == pause_id), None)
    if before is None:
        raise NotFound("pause", str(pause_id))
    made = Pause(
        uuid4(), before.since, before.until, before.reason, work.now, work.actor.name, "", pause_id, True
    )
    work.add(_row(made, child_id))
    note_change(work, child_id)
    work.flush()
    return made


def library_of(work: Work, site_id: str) -> Library:
    """The built-in activities, and those of a site."""
    rows = work.scalars(
        select(OwnActivity).where(OwnActivity.site_id == site_id).order_by(OwnActivity.recorded_at)
    ).all()
    return builtin().with_own(Activity.model_validate(row.document) for row in rows)


def library_for(work: Work, child_id: str) -> Library:
    """The activities of the site that a child belongs to."""
    family = work.need(Family, work.need(Child, child_id).family_id)
    return library_of(work, family.site_id)


def add_activities(work: Work, site_id: str, own: Iterable[Activity]) -> None:
    """Take a clinic's own activities into its library, all or none; one of the same id takes another's place.

    Raises
    ------
    NotAllowed, NotFound
    """
    _only(work, "program.add_activities", PRESCRIBERS)
    work.need(Site, site_id)
    for activity in own:
        work.add(
            OwnActivity(
                id=random_id("oa"),
                site_id=site_id,
                activity_id=activity.id,
                recorded_at=work.now,
                by=work.actor.name,
                document=activity.model_dump(mode="json"),
            )
        )
    work.flush()


def trained(work: Work, child_id: str, topics: Iterable[str], *, on: date) -> None:
    """Note what the parents have learned, and when; the other end is told.

    Raises
    ------
    ProgramError, NotAllowed, NotFound
    """
    _only(work, "program.trained", CARERS)
    work.need(Child, child_id)
    for topic in topics:
        if topic not in TRAINING:
            raise ProgramError(
                "topic", "{topic} is none of {topics}", topic=topic, topics=", ".join(TRAINING)
            )
        work.add(
            ParentTraining(
                id=random_id("tr"),
                child_id=child_id,
                topic=topic,
                learned_on=on,
                recorded_at=work.now,
                by=work.actor.name,
            )
        )
    note_change(work, child_id)
    work.flush()


def add_photo(work: Work, child_id: str, name: str, *, taken_on: date, shared: bool) -> None:
    """Note a picture that `photos.keep` has put into the home's folder.

    Raises
    ------
    NotAllowed, NotFound
    """
    _only(work, "program.add_photo", (Role.PARENT, Role.MACHINE))
    work.need(Child, child_id)
    now = work.now
    work.add(
        Photo(
            id=name,
            child_id=child_id,
            taken_on=taken_on,
            recorded_at=now,
            by=work.actor.name,
            shared_at=now if shared else None,
        )
    )
    work.flush()


def training_left(work: Work, child_id: str, program: Program) -> list[str]:
    """What of a program's training the parents have not had yet."""
    rows = work.scalars(select(ParentTraining).where(ParentTraining.child_id == child_id)).all()
    learned = {row.topic for row in rows}
    return [topic for topic in program.training if topic not in learned]


def _only(work: Work, command: str, roles: Iterable[Role]) -> None:
    work.command = command
    if work.actor.role not in roles:
        raise NotAllowed(command, work.actor.role)


def _version(row: ProgramVersion) -> Version:
    program = None if row.document is None else Program.model_validate(row.document)
    return Version(row.number, program, row.valid_from, row.recorded_at, row.by, row.because)


def _pause(row: ProgramPause) -> Pause:
    return Pause(
        UUID(row.id),
        row.since,
        row.until,
        row.reason,
        row.recorded_at,
        row.by,
        row.note,
        UUID(row.replaces) if row.replaces else None,
        row.withdrawn,
    )


def _row(made: Pause, child_id: str) -> ProgramPause:
    return ProgramPause(
        id=str(made.pause_id),
        child_id=child_id,
        since=made.since,
        until=made.until,
        reason=made.reason,
        recorded_at=made.recorded_at,
        by=made.by,
        note=made.note,
        replaces=str(made.replaces) if made.replaces else None,
        withdrawn=made.withdrawn,
    )
