"""Programs in the database: who may, what is written, and that nothing is half written."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.audit import Audit
from griphub.hub.database.engine import Database
from griphub.hub.errors import FieldError, GripError, NotAllowed, NotFound
from griphub.hub.people.model import Account, Caseload, Child, Family, Membership, Site
from griphub.hub.program import commands, post
from griphub.hub.program.activity import builtin
from griphub.hub.program.errors import ProgramChanged, ProgramError
from griphub.hub.program.letter import MAX_NOTE
from griphub.hub.program.prescription import Program
from griphub.hub.program.tables import ProgramVersion
from griphub.hub.program.versions import PauseReason

from .conftest import MONDAY

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
OWNER = Actor.part("test")
THERAPIST, PARENT, ADMIN = (
    Actor.account(f"a-{role}", role) for role in (Role.THERAPIST, Role.PARENT, Role.ADMIN)
)
STRANGER = Actor.account("a-stranger", Role.THERAPIST)
OTHER_PARENT = Actor.account("a-other", Role.PARENT)


@pytest.fixture
def clinic(database: Database) -> Database:
    """Two families; a therapist looks after the child of the first."""
    with database.work(OWNER, "set_up") as work:
        work.add(Site(id="ward", name="Ward", created_at=NOW))
        work.flush()
        for n in ("1", "2"):
            work.add(Family(id=f"f-{n}", site_id="ward", name=f"Family {n}", created_at=NOW))
            work.flush()
            work.add(Child(id=f"c-{n}", family_id=f"f-{n}", name=f"Child {n}", created_at=NOW))
        for actor, family in (
            (THERAPIST, None),
            (PARENT, "f-1"),
            (ADMIN, None),
            (STRANGER, None),
            (OTHER_PARENT, "f-2"),
        ):
            work.add(Account(id=actor.name, login=actor.name, name=actor.name, created_at=NOW))
            work.flush()
            work.add(
                Membership(
                    id=f"m-{actor.name}",
                    account_id=actor.name,
                    role=actor.role,
                    site_id="ward",
                    family_id=family,
                    since=NOW,
                )
            )
        work.flush()
        work.add(Caseload(id="cl-1", child_id="c-1", account_id=THERAPIST.name, since=NOW))
    return database


def prescribe(
    database: Database, actor: Actor, program: Program | None, day: date = MONDAY, child: str = "c-1"
) -> None:
    with database.work(actor) as work:
        commands.prescribe(work, child, program, valid_from=day, today=MONDAY, because="As agreed")


def test_a_program_comes_back_as_it_was_prescribed(clinic: Database, winter: Program) -> None:
    prescribe(clinic, THERAPIST, winter)
    later = winter.model_copy(update={"title": "Later"})
    prescribe(clinic, THERAPIST, later, MONDAY + timedelta(days=7))
    prescribe(clinic, THERAPIST, None, MONDAY + timedelta(days=14))
    for reader in (THERAPIST, PARENT, OWNER):
        with clinic.reading(reader) as work:
            history = commands.history(work, "c-1")
        assert [version.number for version in history.versions] == [1, 2, 3]
        assert history.versions[0].by == THERAPIST.name
        assert history.program(MONDAY + timedelta(days=6)) == winter
        assert history.program(MONDAY + timedelta(days=8)) == later
        assert history.program(MONDAY + timedelta(days=14)) is None


@pytest.mark.parametrize(
    ("actor", "child", "error"),
    [
        (PARENT, "c-1", NotAllowed),
        (ADMIN, "c-1", NotAllowed),
        (STRANGER, "c-1", NotFound),
        (THERAPIST, "c-2", NotFound),
        (OTHER_PARENT, "c-1", NotAllowed),
        (OWNER, "c-9", NotFound),
    ],
    ids=["parent", "admin", "another therapist", "not in the caseload", "another parent", "no such child"],
)
def test_nobody_else_prescribes(
    clinic: Database, winter: Program, actor: Actor, child: str, error: type[GripError]
) -> None:
    with pytest.raises(error):
        prescribe(clinic, actor, winter, child=child)
    with clinic.reading(OWNER) as work:
        assert work.scalar(select(func.count()).select_from(ProgramVersion)) == 0


@pytest.mark.parametrize("actor", [STRANGER, OTHER_PARENT, ADMIN])
def test_nobody_else_reads_or_pauses(clinic: Database, winter: Program, actor: Actor) -> None:
    prescribe(clinic, THERAPIST, winter)
    with clinic.reading(actor) as work:
        if actor is ADMIN:  # knows the child by name, and sees nothing of the program
            assert commands.history(work, "c-1").versions == []
        else:
            with pytest.raises(NotFound):
                commands.history(work, "c-1")
    with pytest.raises(GripError), clinic.work(actor) as work:
        commands.pause(work, "c-1", since=MONDAY, until=None, reason=PauseReason.ILLNESS)
    with pytest.raises(GripError), clinic.work(actor) as work:
        commands.trained(work, "c-1", ["faces"], on=MONDAY)


def test_what_was_asked_cannot_be_changed_by_anybody(clinic: Database, winter: Program) -> None:
    prescribe(clinic, THERAPIST, winter)
    with pytest.raises(ProgramError, match="is over"):
        prescribe(clinic, THERAPIST, winter, MONDAY - timedelta(days=1))
    with clinic.engine.connect() as connection, pytest.raises(DBAPIError, match="never changed"):
        connection.exec_driver_sql("UPDATE program_versions SET number = 7")


def test_a_program_that_was_built_by_hand_is_checked_too(clinic: Database, winter: Program) -> None:
    item = winter.items[0].model_copy(update={"activity": "juggling"})
    with pytest.raises(ProgramError) as told:
        prescribe(clinic, THERAPIST, winter.model_copy(update={"items": (item,)}))
    assert told.value.field == "items.0.activity"
    with clinic.reading(OWNER) as work:
        assert work.scalars(select(ProgramVersion)).all() == []
        assert not [entry for entry in work.scalars(select(Audit)) if entry.table == "program_versions"]


def test_a_pause_is_a_parents_to_say_and_its_correction_keeps_the_first_word(clinic: Database) -> None:
    with clinic.work(PARENT) as work:
        first = commands.pause(
            work,
            "c-1",
            since=MONDAY - timedelta(days=3),
            until=None,
            reason=PauseReason.ILLNESS,
            note="fever",
        )
    with clinic.work(THERAPIST) as work:
        second = commands.pause(
            work, "c-1", since=first.since, until=MONDAY, reason=PauseReason.ILLNESS, replaces=first.pause_id
        )
    with clinic.reading(PARENT) as work:
        history = commands.history(work, "c-1")
    assert history.pauses == [second]
    assert list(history.records) == [first, second]
    with clinic.work(PARENT) as work:
        commands.withdraw_pause(work, "c-1", second.pause_id)
    with clinic.reading(PARENT) as work:
        assert commands.history(work, "c-1").pauses == []
        assert len(commands.history(work, "c-1").records) == 3
    for gone in (first.pause_id, uuid4()):
        with pytest.raises(NotFound), clinic.work(PARENT) as work:
            commands.withdraw_pause(work, "c-1", gone)
    with pytest.raises(ProgramError), clinic.work(PARENT) as work:
        commands.pause(work, "c-1", since=MONDAY, until=MONDAY - timedelta(days=1), reason=PauseReason.OTHER)


def test_a_clinics_own_activities(clinic: Database) -> None:
    own = builtin()["puzzle"].model_copy(update={"id": "our-puzzle", "title": "Ours", "own": True})
    with clinic.work(THERAPIST) as work:
        commands.add_activities(work, "ward", [own])
        commands.add_activities(work, "ward", [own.model_copy(update={"title": "Ours, mended"})])
    with clinic.reading(PARENT) as work:
        library = commands.library_for(work, "c-1")
    assert library["our-puzzle"].title == "Ours, mended"
    assert len(library) == len(builtin()) + 1
    with pytest.raises(NotAllowed), clinic.work(PARENT) as work:
        commands.add_activities(work, "ward", [own])


def test_what_parents_have_learned(clinic: Database, winter: Program) -> None:
    with clinic.work(THERAPIST) as work:
        commands.trained(work, "c-1", ["faces", "tools"], on=MONDAY)
    with clinic.reading(PARENT) as work:
        assert commands.training_left(work, "c-1", winter) == ["saw_it", "did_it", "stop_rule", "help"]
    with pytest.raises(ProgramError), clinic.work(THERAPIST) as work:
        commands.trained(work, "c-1", ["help", "juggling"], on=MONDAY)
    with clinic.reading(PARENT) as work:
        assert "help" in commands.training_left(work, "c-1", winter)


def test_every_change_names_who_and_by_which_command(clinic: Database, winter: Program) -> None:
    prescribe(clinic, THERAPIST, winter)
    with clinic.reading(OWNER) as work:
        (entry,) = [one for one in work.scalars(select(Audit)) if one.table == "program_versions"]
    assert (entry.actor, entry.command, entry.child_id) == (THERAPIST.name, "program.prescribe", "c-1")
    assert "lunch" not in str(entry.after)


def test_nobodys_later_version_is_passed_over(clinic: Database, winter: Program) -> None:
    with clinic.work(THERAPIST) as work:
        first = commands.prescribe(work, "c-1", winter, valid_from=MONDAY, today=MONDAY, read=0)
    with pytest.raises(ProgramChanged) as told, clinic.work(THERAPIST) as work:
        commands.prescribe(work, "c-1", winter, valid_from=MONDAY, today=MONDAY, read=0)
    assert (told.value.read, told.value.latest) == (0, first.number)
    with clinic.work(THERAPIST) as work:
        commands.prescribe(work, "c-1", winter, valid_from=MONDAY, today=MONDAY, read=first.number)


def test_words_that_no_letter_could_carry_are_not_kept(clinic: Database) -> None:
    for words in (" ", "x" * (MAX_NOTE + 1)):
        with pytest.raises(FieldError), clinic.work(THERAPIST) as work:
            post.write_note(work, "c-1", words)
    with clinic.reading(THERAPIST) as work:
        assert not post.notes(work, "c-1")
