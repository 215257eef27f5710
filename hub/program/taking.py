"""The home's end: a letter of the clinic's is taken into the home's database, all of it or nothing."""

from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select

from ..config import Config
from ..database.actor import Actor
from ..database.base import random_id
from ..database.engine import Database
from ..database.work import Work
from ..people import consent
from ..people.decisions import decided_here, hear, standing_of
from ..people.model import Child
from ..records.post import Learned
from .consent_post import text_here
from .diary import take_diary
from .heard import whole_days
from .letter import (
    CLINIC,
    Letter,
    LetterError,
    LetterTaken,
    SentConsent,
    SentLearned,
    SentPause,
    SentVersion,
    digest_of,
    unseal,
)
from .post import pauses_of, training_of
from .statement_post import outcomes, take_statements
from .tables import FamilyNote, LetterSeen, ParentTraining, ProgramPause, ProgramVersion


def take(
    config: Config, database: Database, topic: str, payload: bytes, keys: Sequence[Ed25519PublicKey]
) -> LetterTaken:
    """Take a letter into the home's database, all of it or nothing; the answer says which.

    What is here already stays as it is, so a letter may come any number of times.

    Raises
    ------
    StoreError
        If the database does not answer: the letter stays at the broker and comes again.
    """
    child_id = topic.rsplit("/", 1)[-1]
    problem = ""
    with database.work(Actor.part("post"), "program.take_letter") as work:
        try:
            letter = unseal(payload, keys)
            _check(work, config, letter, child_id)
            _take(work, letter)
        except LetterError as error:
            problem = error.reason[:300]
        return answered(work, config, child_id, digest_of(payload), problem)


def answered(work: Work, config: Config, child_id: str, digest: str, problem: str = "") -> LetterTaken:
    """What this home has to say: of a letter, of consent, of corrections, and of which days all is told."""
    here = work.get(Child, child_id) is not None
    shares = here and consent.may_share(work, child_id)
    decided = standing_of(work, child_id) if here else None
    stated, gone = outcomes(work, child_id)
    return LetterTaken(
        site=config.site,
        hub=config.hub,
        child_id=child_id,
        digest=digest,
        taken_at=work.now,
        said_at=work.now,
        problem=problem,
        consent=SentConsent.of(decided_here(work, child_id)) if here else None,
        shares=shares if here else None,
        known_days=whole_days(config, child_id, work.now, shares=shares, decided=decided) if here else None,
        consent_text=text_here(work, config.site) if here else None,
        stated=stated,
        gone=gone,
    )


def _check(work: Work, config: Config, letter: Letter, child_id: str) -> None:
    if (letter.site, letter.hub, letter.child_id) != (config.site, config.hub, child_id):
        raise LetterError("it is for another home or child")
    if work.get(Child, child_id) is None:
        raise LetterError("the child is not here")
    seen = work.get(LetterSeen, child_id)
    if seen and letter.serial < seen.serial:
        raise LetterError("a later one is here already")


def _take(work: Work, letter: Letter) -> None:
    take_versions(work, letter.child_id, letter.versions)
    there = set(work.scalars(select(FamilyNote.id).where(FamilyNote.child_id == letter.child_id)))
    for note in letter.notes:
        if note.id not in there:
            work.add(
                FamilyNote(
                    id=note.id,
                    child_id=letter.child_id,
                    written_at=note.written_at,
                    by=CLINIC,
                    words=note.words,
                    from_family=note.from_family,
                    taken_at=work.now,
                )
            )
    take_pauses(work, letter.child_id, letter.pauses)
    take_training(work, letter.child_id, letter.learned, by=CLINIC)
    if letter.diary is not None:
        take_diary(work, letter.child_id, letter.diary)
    take_statements(work, letter.child_id, letter.serial, letter.statements)
    if letter.consent is not None:
        hear(work, letter.child_id, letter.consent.decision)
    seen = work.get(LetterSeen, letter.child_id)
    if seen is None:
        work.add(LetterSeen(child_id=letter.child_id, serial=letter.serial, seen_at=work.now))
    elif letter.serial > seen.serial:
        seen.serial, seen.seen_at = letter.serial, work.now
    work.flush()


def take_pauses(work: Work, child_id: str, pauses: Iterable[SentPause]) -> None:
    """Take pauses of the other end, in the order of recording; told again it changes nothing."""
    known = {row.id for row in pauses_of(work, child_id)}
    for pause in pauses:
        replaces = str(pause.replaces) if pause.replaces else None
        if str(pause.id) in known or (replaces and replaces not in known):
            continue  # here already; or of one so old that it does not travel any more
        known.add(str(pause.id))
        work.add(
            ProgramPause(
                id=str(pause.id),
                child_id=child_id,
                replaces=replaces,
                note="",
                **pause.model_dump(exclude={"id", "replaces"}),
            )
        )
        work.flush()  # before what replaces it


def take_training(work: Work, child_id: str, learned: Iterable[Learned | SentLearned], *, by: str) -> None:
    """Take what the parents have learned from the other end; what is noted here already stays as it is."""
    known = {row.topic for row in training_of(work, child_id)}
    for one in learned:
        if one.topic not in known:
            known.add(one.topic)
            about = {"child_id": child_id, "recorded_at": work.now, "by": by}
            work.add(ParentTraining(id=random_id("tr"), topic=one.topic, learned_on=one.learned_on, **about))
    work.flush()


def take_versions(work: Work, child_id: str, versions: Iterable[SentVersion]) -> None:
    """Take versions of a program from the other end; one that is here already stays as it is."""
    known = work.scalars(select(ProgramVersion).where(ProgramVersion.child_id == child_id)).all()
    ids, numbers = {row.id for row in known}, {row.number for row in known}
    for sent in versions:
        if sent.id in ids:
            continue
        number = sent.number if sent.number not in numbers else max(numbers) + 1
        numbers.add(number)
        work.add(
            ProgramVersion(
                id=sent.id,
                child_id=child_id,
                number=number,
                valid_from=sent.valid_from,
                recorded_at=sent.recorded_at,
                by=sent.by,
                because=sent.because,
                document=None if sent.program is None else sent.program.model_dump(mode="json"),
            )
        )
