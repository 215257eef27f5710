"""Who may do what to whom: each command, in each role, on an own, a neighbour's and a foreign child.

Everything is done in a unit of work that is not kept. Commands and queries are found by what they are: public
functions of the hub that take a `Work` first. One that is new, and not among these cases, fails the first
test.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import select

import griphub.hub
from griphub.hub.config import Config
from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.commands import COMMANDS
from griphub.hub.database.tables import metadata
from griphub.hub.database.work import Work
from griphub.hub.errors import NotAllowed, NotFound
from griphub.hub.people.model import Child
from griphub.hub.program.activity import builtin
from griphub.hub.program.prescription import Slot, parse_program
from griphub.hub.program.progression import Direction, Proposal
from griphub.hub.program.tables import Photo
from griphub.hub.program.versions import PauseReason

from .conftest import Clinic

Ids = Callable[[str], str]


def _found() -> dict[str, Callable[..., Any]]:
    """Every public function that takes a unit of work first, by its module's and its own name."""
    found: dict[str, Callable[..., Any]] = {}
    for info in pkgutil.walk_packages(griphub.hub.__path__, "griphub.hub."):
        if ".migrations" in info.name or info.name.startswith("griphub.hub.cli"):
            continue
        module = importlib.import_module(info.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            first = next(iter(inspect.signature(function).parameters.values()), None)
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and first and first.annotation is Work:
                found[f"{module.__name__.rsplit('.', 1)[-1]}.{name}"] = function
    return found


FUNCTIONS = _found()


def _run(command: str, /, *args: Any, **kwargs: Any) -> Callable[[Work], Any]:
    return lambda work: FUNCTIONS[command](work, *args, **kwargs)


DAY = date(2026, 11, 23)
PROGRAM = parse_program(
    """
    title = "Winter"
    [[items]]
    id = "dough"
    activity = "play-dough"
    dose = { days_per_week = 3 }
    minutes = 10
    """,
    builtin(),
)

PROPOSAL = Proposal("dough", Direction.HARDER, None, "All in the zone.")


def _withdraw_pause(of: Ids) -> Callable[[Work], Any]:
    def use(work: Work) -> Any:
        made = _run("commands.pause", of("child"), since=DAY, until=None, reason=PauseReason.ILLNESS)(work)
        return FUNCTIONS["commands.withdraw_pause"](work, of("child"), made.pause_id)

    return use


def _with_photo(command: str, *more: Any) -> Callable[[Ids], Callable[[Work], Any]]:
    """Use a command on a picture that the child's family took."""

    def of_child(of: Ids) -> Callable[[Work], Any]:
        def use(work: Work) -> Any:
            with work.past_the_scope():
                name = f"ph-{of('child')}"
                if work.get(Photo, name) is None:
                    taken = {"taken_on": DAY, "recorded_at": work.now, "by": "test"}
                    work.add(Photo(id=name, child_id=of("child"), **taken))
            return FUNCTIONS[command](work, *more, of("child"), name)

        return use

    return of_child


#: How to use each command on things that are somebody's own or foreign. `of` gives an id.
ABOUT_ONE: dict[str, Callable[[Ids], Callable[[Work], Any]]] = {
    "places.add_family": lambda of: _run("places.add_family", site_id=of("site"), name="New"),
    "places.add_child": lambda of: _run("places.add_child", family_id=of("family"), name="New"),
    "places.change_child": lambda of: _run("places.change_child", of("child"), name="Changed"),
    "places.let_child_go": lambda of: _run("places.let_child_go", of("child")),
    "places.child": lambda of: _run("places.child", of("child")),
    "accounts.invite": lambda of: _run(
        "accounts.invite",
        login="new@example.org",
        name="New",
        role=Role.PARENT,
        site_id=of("site"),
        family_id=of("family"),
    ),
    "accounts.grant": lambda of: _run("accounts.grant", of("colleague"), role=Role.ADMIN, site_id=of("site")),
    "accounts.revoke": lambda of: _run("accounts.revoke", of("membership of therapist")),
    "accounts.reset_password": lambda of: _run("accounts.reset_password", of("colleague")),
    "accounts.disable": lambda of: _run("accounts.disable", of("colleague")),
    "accounts.enable": lambda of: _run("accounts.enable", of("colleague")),
    "caseload.assign": lambda of: _run("caseload.assign", account_id=of("colleague"), child_id=of("child")),
    "caseload.unassign": lambda of: _run(
        "caseload.unassign", account_id=of("therapist"), child_id=of("child")
    ),
    "caseload.caseload": lambda of: _run("caseload.caseload", of("child")),
    "consent.publish_text": lambda of: _run(
        "consent.publish_text", site_id=of("site"), version="v2", text="More"
    ),
    "consent.give": lambda of: _run("consent.give", of("child"), version="v1", given_by="A parent"),
    "consent.withdraw": lambda of: _run("consent.withdraw", of("child"), withdrawn_by="A parent"),
    "consent.history": lambda of: _run("consent.history", of("child")),
    "consent.elsewhere": lambda of: _run("consent.elsewhere", of("child")),
    "consent.current_text": lambda of: _run("consent.current_text", of("child")),
    "consent.may_share": lambda of: _run("consent.may_share", of("child")),
    "commands.history": lambda of: _run("commands.history", of("child")),
    "commands.prescribe": lambda of: _run(
        "commands.prescribe", of("child"), PROGRAM, valid_from=DAY, today=DAY
    ),
    "drafts.mine": lambda of: _run("drafts.mine", of("child")),
    "drafts.keep": lambda of: _run("drafts.keep", of("child"), read=0, values={}, valid_from=DAY, because=""),
    "drafts.discard": lambda of: _run("drafts.discard", of("child")),
    "commands.pause": lambda of: _run(
        "commands.pause", of("child"), since=DAY, until=None, reason=PauseReason.ILLNESS
    ),
    "commands.withdraw_pause": _withdraw_pause,
    "commands.library_for": lambda of: _run("commands.library_for", of("child")),
    "commands.add_activities": lambda of: _run("commands.add_activities", of("site"), []),
    "commands.trained": lambda of: _run("commands.trained", of("child"), ["faces"], on=DAY),
    "commands.add_photo": lambda of: _run(
        "commands.add_photo", of("child"), "ph-1", taken_on=DAY, shared=False
    ),
    "post.notes": lambda of: _run("post.notes", of("child")),
    "post.write_note": lambda of: _run("post.write_note", of("child"), "Well done"),
    "conversation.conversation": lambda of: _run(
        "conversation.conversation", Config(children=()), of("child")
    ),
    "conversation.mark_read": lambda of: _run("conversation.mark_read", of("child")),
    "pictures.share_photo": _with_photo("pictures.share_photo"),
    "pictures.unshare_photo": _with_photo("pictures.unshare_photo"),
    "pictures.pictures": lambda of: _run("pictures.pictures", Config(children=()), of("child")),
    "relational.visible_rows": lambda of: _run("relational.visible_rows", of("child")),
    "outgoing.post_of": lambda of: _run("outgoing.post_of", Config(children=()), of("child")),
    "joining.require_prescriber": lambda of: _run(
        "joining.require_prescriber", Config(children=()), of("child")
    ),
    "joining.at_home": lambda of: _run("joining.at_home", Config(children=()), of("child")),
    "joining.joined": lambda of: _run("joining.joined", Config(children=()), of("child")),
    "joining.has_clinic": lambda of: _run("joining.has_clinic", Config(children=()), of("child")),
    "suggestions.accept": lambda of: _run("suggestions.accept", of("child"), [], today=DAY),
    "suggestions.declined": lambda of: _run("suggestions.declined", of("child")),
    "suggestions.decline": lambda of: _run("suggestions.decline", of("child"), PROPOSAL, today=DAY),
    "visits.add": lambda of: _run("visits.add", of("child"), day=DAY),
    "visits.change": lambda of: _run("visits.change", of("visit"), words="Came late"),
    "visits.remove": lambda of: _run("visits.remove", of("visit")),
    "visits.visits": lambda of: _run("visits.visits", of("child")),
    "annotations.add": lambda of: _run("annotations.add", of("child"), first=DAY, words="Ill"),
    "annotations.change": lambda of: _run("annotations.change", of("annotation"), words="Ill"),
    "annotations.remove": lambda of: _run("annotations.remove", of("annotation")),
    "annotations.annotations": lambda of: _run("annotations.annotations", of("child")),
    "routine.routine": lambda of: _run("routine.routine", of("family")),
    "routine.change": lambda of: _run("routine.change", of("family"), Slot.AFTER_SCHOOL, time(14, 0)),
    "routine.reset": lambda of: _run("routine.reset", of("family"), Slot.AFTER_SCHOOL),
}

_EVERYBODY = frozenset({Role.PARENT, Role.THERAPIST, Role.ADMIN})
#: Of those that ask for the role themselves.
ROLES_OF = {name: command.roles for name, command in COMMANDS.items()} | {
    "commands.history": _EVERYBODY,  # an admin's is empty, see below
    "commands.prescribe": {Role.THERAPIST},
    "commands.pause": {Role.PARENT, Role.THERAPIST},
    "commands.withdraw_pause": {Role.PARENT, Role.THERAPIST},
    "commands.library_for": _EVERYBODY,
    "commands.add_activities": {Role.THERAPIST},
    "commands.trained": {Role.PARENT, Role.THERAPIST},
    "commands.add_photo": {Role.PARENT},
    "post.notes": _EVERYBODY,
    "post.write_note": {Role.PARENT, Role.THERAPIST},
    "pictures.pictures": _EVERYBODY,  # an admin's are none
    "pictures.share_photo": {Role.PARENT},
    "pictures.unshare_photo": {Role.PARENT},
    "conversation.conversation": _EVERYBODY,  # an admin's is empty
    "conversation.mark_read": {Role.PARENT, Role.THERAPIST},
    "relational.visible_rows": _EVERYBODY,
    "outgoing.post_of": _EVERYBODY,  # of an admin's children there is nothing to send
    "joining.at_home": _EVERYBODY,
    "joining.require_prescriber": _EVERYBODY,
    "joining.joined": _EVERYBODY,
    "joining.has_clinic": _EVERYBODY,
    "suggestions.declined": _EVERYBODY,
    "suggestions.decline": {Role.THERAPIST},
    "suggestions.accept": _EVERYBODY,  # with something to accept it is `prescribe`
}

#: Queries that take nobody: what comes back must hold nothing foreign.
ABOUT_ALL = {
    "places.sites",
    "places.families",
    "places.children",
    "accounts.accounts",
    "consent.texts",
    "log.changes",
}

#: What concerns the actor alone, tested in test_sign_in.py and test_settings.py, or is the machine's.
ABOUT_ONESELF = {"accounts.change_password", "places.add_site", "settings.mine", "settings.change"}

#: What concerns the actor's own home and its clinic, tested in test_join.py.
ABOUT_THE_HOME = {"join.accept", "invitation.hub_of", "invitation.invite"}

#: What signing in, the home's start and the post are made of; no actor reaches them.
PARTS = {
    "decisions.hear",
    "taking.answered",
    "heard.note_heard",
    "diary.take_diary",
    "accounts.redeem",
    "accounts.set_password",
    "accounts.sign_out_everywhere",
    "home.family_of",
    "outgoing.due",
    "outgoing.has_homes",
    "outgoing.note_change",
    "outgoing.note_sent",
    "outgoing.note_taken",
    "picture_post.take_piece",
    "statement_post.post_statement",
    "consent_post.note_text_sent",
    "consent_post.note_text_taken",
    "consent_post.take_text",
    "consent_post.texts_due",
    "statement_post.note_outcomes",
    "statement_post.take_statements",
    "taking.take_pauses",
    "taking.take_training",
    "taking.take_versions",
    "picture_post.whole",
    "sign_in.begin",
}

#: What looks up only through the scope, and says what is not there as it says what is not the actor's.
LOOKS_UP = {
    "home.child_id_of",
    "commands.library_of",
    "commands.histories",
    "commands.training_left",
    "conversation.unread",
    "pictures.picture",
    "post.last_written",
    "post.letter_for",
    "post.pauses_of",
    "post.training_of",
    "decisions.decided_here",
    "decisions.standing",
    "decisions.standing_of",
    "decisions.told_elsewhere",
    "heard.heard",
    "consent_post.text_here",
    "statement_post.statements_for",
    "statement_post.outcomes",
    "statement_post.ways_of",
    "diary.diary_of",
    "visits.all_visits",
}

ROLES = (Role.PARENT, Role.THERAPIST, Role.ADMIN)


def test_every_command_has_a_row() -> None:
    assert set(ABOUT_ONE) | ABOUT_ALL | ABOUT_ONESELF | ABOUT_THE_HOME | PARTS | LOOKS_UP == set(FUNCTIONS)
    assert set(COMMANDS) <= set(FUNCTIONS)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", sorted(ABOUT_ONE))
def test_own_is_done_and_foreign_is_as_if_it_did_not_exist(
    standing_clinic: Clinic, role: Role, name: str
) -> None:
    actor = standing_clinic.actors[role]

    def of(whose: str) -> Ids:
        return lambda kind: standing_clinic.ids[kind][whose]

    if role not in ROLES_OF[name]:
        for whose in ("own", "foreign"):
            with pytest.raises(NotAllowed), standing_clinic.database.reading(actor) as work:
                ABOUT_ONE[name](of(whose))(work)
        return
    with pytest.raises(NotFound), standing_clinic.database.reading(actor) as work:
        ABOUT_ONE[name](of("foreign"))(work)
    with standing_clinic.database.reading(actor) as work:
        ABOUT_ONE[name](of("own"))(work)


@pytest.mark.parametrize("role", [Role.PARENT, Role.THERAPIST])
@pytest.mark.parametrize("name", sorted(ABOUT_ONE))
def test_a_neighbours_child_is_foreign_to_parents_and_to_who_does_not_look_after_it(
    standing_clinic: Clinic, role: Role, name: str
) -> None:
    asked = set()

    def of(kind: str) -> str:
        asked.add(kind)
        return standing_clinic.ids["neighbour" if kind == "child" else kind]["own"]

    with standing_clinic.database.reading(standing_clinic.actors[role]) as work:
        try:
            ABOUT_ONE[name](of)(work)
        except (NotAllowed, NotFound):
            return
    assert "child" not in asked


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", sorted(ABOUT_ALL))
def test_a_list_holds_nothing_foreign(standing_clinic: Clinic, role: Role, name: str) -> None:
    foreign = {
        key for whose in standing_clinic.ids.values() for kind, key in whose.items() if kind == "foreign"
    }
    with standing_clinic.database.reading(standing_clinic.actors[role]) as work:
        listed = COMMANDS[name].function(work)
        shown = {str(value) for row in listed for value in vars(row).values()}
    assert not shown & foreign
    assert listed or name == "log.changes"  # nobody here has changed anything


def test_a_lists_children_are_those_of_the_family_the_caseload_and_the_site(standing_clinic: Clinic) -> None:
    seen = {}
    for role, actor in standing_clinic.actors.items():
        with standing_clinic.database.reading(actor) as work:
            seen[role] = {child.id for child in COMMANDS["places.children"].function(work)}
    own, neighbour = standing_clinic.ids["child"]["own"], standing_clinic.ids["neighbour"]["own"]
    assert seen == {Role.PARENT: {own}, Role.THERAPIST: {own}, Role.ADMIN: {own, neighbour}}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_was_taken_away_is_gone_at_once(clinic: Clinic, role: Role) -> None:
    with clinic.database.work(Actor.part("test")) as work:
        COMMANDS["accounts.revoke"].function(work, clinic.ids[f"membership of {role}"]["own"])
    with clinic.database.reading(clinic.actors[role]) as work:
        assert work.scalars(select(Child)).all() == []


def test_a_child_taken_off_the_caseload_is_gone_at_once(clinic: Clinic) -> None:
    child, therapist = clinic.ids["child"]["own"], clinic.ids[Role.THERAPIST]["own"]
    with clinic.database.work(clinic.actors[Role.ADMIN]) as work:
        COMMANDS["caseload.unassign"].function(work, account_id=therapist, child_id=child)
    with clinic.database.reading(clinic.actors[Role.THERAPIST]) as work:
        assert work.get(Child, child) is None


def test_nobody_gives_themselves_a_role_or_a_child(standing_clinic: Clinic) -> None:
    admin = standing_clinic.actors[Role.ADMIN]
    site, child = standing_clinic.ids["site"]["own"], standing_clinic.ids["child"]["own"]
    with pytest.raises(NotAllowed), standing_clinic.database.reading(admin) as work:
        COMMANDS["accounts.grant"].function(work, admin.account_id, role=Role.THERAPIST, site_id=site)
    with pytest.raises(NotAllowed), standing_clinic.database.reading(admin) as work:
        COMMANDS["caseload.assign"].function(work, account_id=admin.account_id, child_id=child)


def test_looking_up_finds_nothing_foreign(standing_clinic: Clinic) -> None:
    foreign = {kind: keys["foreign"] for kind, keys in standing_clinic.ids.items() if "foreign" in keys}
    with standing_clinic.database.work(Actor.part("test")) as work:
        own = builtin()["play-dough"].model_copy(update={"id": "secret-game"})
        FUNCTIONS["commands.add_activities"](work, foreign["site"], [own])
    for role, actor in standing_clinic.actors.items():
        with standing_clinic.database.reading(actor) as work:
            for name in (foreign["child"], "foreign child"):
                with pytest.raises(NotFound):
                    FUNCTIONS["home.child_id_of"](work, Config(children=()), name)
            for name in ("post.letter_for", "decisions.told_elsewhere"):
                with pytest.raises(NotFound):
                    FUNCTIONS[name](work, foreign["child"])
            assert foreign["child"] not in FUNCTIONS["heard.heard"](work, Config(children=()))
            assert foreign["child"] not in FUNCTIONS["decisions.standing"](work), role
            for name in ("decisions.decided_here", "decisions.standing_of"):
                assert FUNCTIONS[name](work, foreign["child"]) is None
            for name in ("commands.histories", "post.last_written"):
                assert foreign["child"] not in FUNCTIONS[name](work), (name, role)
            everywhere = FUNCTIONS["visits.all_visits"](work, since=date.min, until=date.max)
            assert foreign["child"] not in {visit.child_id for visit in everywhere}
            assert "secret-game" not in FUNCTIONS["commands.library_of"](work, foreign["site"]), role
            assert FUNCTIONS["commands.training_left"](work, foreign["child"], PROGRAM) == list(
                PROGRAM.training
            )


def test_an_admin_sees_no_program(standing_clinic: Clinic) -> None:
    child = standing_clinic.ids["child"]["own"]
    with standing_clinic.database.work(standing_clinic.actors[Role.THERAPIST]) as work:
        FUNCTIONS["commands.prescribe"](work, child, PROGRAM, valid_from=DAY, today=DAY)
    for role, seen in ((Role.ADMIN, 0), (Role.PARENT, 1), (Role.THERAPIST, 1)):
        with standing_clinic.database.reading(standing_clinic.actors[role]) as work:
            assert len(FUNCTIONS["commands.history"](work, child).versions) == seen


def test_parents_see_notes_on_the_chart_that_are_shared_with_them(standing_clinic: Clinic) -> None:
    therapist, parent = standing_clinic.actors[Role.THERAPIST], standing_clinic.actors[Role.PARENT]
    child, shared = standing_clinic.ids["child"]["own"], standing_clinic.ids["annotation"]["own"]
    with standing_clinic.database.work(therapist) as work:
        made = FUNCTIONS["annotations.add"](work, child, first=DAY, words="Tired today").id
    with standing_clinic.database.reading(parent) as work:
        assert [one.id for one in FUNCTIONS["annotations.annotations"](work, child)] == [shared]
    with standing_clinic.database.work(therapist) as work:
        assert len(FUNCTIONS["annotations.annotations"](work, child)) == 2
        FUNCTIONS["annotations.change"](work, made, shared=True)
    with standing_clinic.database.work(parent) as work:
        assert len(FUNCTIONS["annotations.annotations"](work, child)) == 2
    with standing_clinic.database.work(therapist) as work:
        FUNCTIONS["annotations.remove"](work, made)


def test_clinical_tables_are_no_admins_and_secrets_are_nobodys(standing_clinic: Clinic) -> None:
    from griphub.hub.people.scope import ClinicalData

    by_table = {m.local_table.name: m.class_ for m in griphub.hub.database.base.Base.registry.mappers}
    assert set(by_table) == set(metadata.tables)
    hidden = {"credentials", "identities", "one_time_tokens", "sign_ins", "throttles"}
    for role, actor in standing_clinic.actors.items():
        with standing_clinic.database.reading(actor) as work:
            for name, mapped in by_table.items():
                if name in hidden or (role is Role.ADMIN and issubclass(mapped, ClinicalData)):
                    assert work.scalars(select(mapped)).all() == [], name
