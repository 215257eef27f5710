"""Visits, and what is written beside the chart for parents, on their way from a clinic to a home.

Unlike a program they are corrected and removed. So the letter says what there is from a day on, and the home
lets go of what the clinic has written and does not name any more; what the home wrote itself stays.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from ..database.work import Work
from .letter import CLINIC, MAX_ANNOTATIONS, MAX_VISITS, SentAnnotation, SentDiary, SentVisit
from .tables import Annotation, Visit


def diary_of(work: Work, child_id: str) -> SentDiary:
    """What a child's home should know; of many, the latest."""
    visits = work.scalars(select(Visit).where(Visit.child_id == child_id).order_by(Visit.day, Visit.id)).all()
    shared = work.scalars(
        select(Annotation)
        .where(Annotation.child_id == child_id, Annotation.shared.is_(True))
        .order_by(Annotation.first, Annotation.id)
    ).all()
    return SentDiary(
        visits_since=_since([one.day for one in visits], MAX_VISITS),
        visits=tuple(SentVisit.model_validate(one, from_attributes=True) for one in visits[-MAX_VISITS:]),
        annotations_since=_since([one.first for one in shared], MAX_ANNOTATIONS),
        annotations=tuple(
            SentAnnotation.model_validate(one, from_attributes=True) for one in shared[-MAX_ANNOTATIONS:]
        ),
    )


def take_diary(work: Work, child_id: str, diary: SentDiary) -> None:
    """Let the home's list and chart say what the clinic's do; the same again changes nothing."""
    visits = work.scalars(select(Visit).where(Visit.child_id == child_id)).all()
    ours = {(one.day, one.kind) for one in visits if one.by != CLINIC}
    sent = {one.id: one for one in diary.visits if (one.day, one.kind) not in ours}
    for visit in visits:
        told = sent.get(visit.id)
        if visit.by == CLINIC and (told or visit.day >= diary.visits_since):
            if told == SentVisit.model_validate(visit, from_attributes=True):
                del sent[visit.id]
            else:
                work.delete(visit)
    notes = work.scalars(select(Annotation).where(Annotation.child_id == child_id)).all()
    written = {one.id: one for one in diary.annotations}
    for note in notes:
        said = written.get(note.id)
        if note.by == CLINIC and (said or note.first >= diary.annotations_since):
            if said == SentAnnotation.model_validate(note, from_attributes=True):
                del written[note.id]
            else:
                work.delete(note)
    work.flush()  # what takes the place of something comes after it has gone
    about = {"child_id": child_id, "recorded_at": work.now, "by": CLINIC}
    work.add_all(Visit(**about, **one.model_dump()) for one in sent.values())
    work.add_all(Annotation(**about, shared=True, **one.model_dump()) for one in written.values())
    work.flush()


def _since(days: Sequence[date], most: int) -> date:
    """From which day on all is told: from the first day that there is, unless there are too many."""
    return days[-most] if len(days) > most else date.min
