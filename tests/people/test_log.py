"""Who reads what of the log: one's own, an admin's sites without what is clinical, page by page."""

from datetime import date, time, timedelta

import pytest

from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.audit import HIDDEN
from griphub.hub.people import accounts, caseload, consent, log, places, settings, sign_in
from griphub.hub.people.model import Account
from griphub.hub.people.settings import Settings
from griphub.hub.program import annotations, commands, routine, visits
from griphub.hub.program.prescription import Slot
from griphub.hub.program.versions import PauseReason

from .conftest import Clinic, Clock

DAY = date(2026, 11, 23)
OWNER = Actor.part("test")


def seen(clinic: Clinic, role: Role, **which: object) -> list[log.Change]:
    with clinic.database.reading(clinic.actors[role]) as work:
        return list(log.changes(work, **{"rows": 10_000, **which}))  # type: ignore[arg-type]


def test_an_admin_sees_all_of_their_sites_and_nothing_of_others(clinic: Clinic) -> None:
    ids = clinic.ids
    with clinic.database.work(OWNER) as work:  # something of each kind, at both sites
        for whose in ("own", "foreign"):
            child, family = ids["child"][whose], ids["family"][whose]
            commands.pause(work, child, since=DAY, until=DAY, reason=PauseReason.ILLNESS, note="Fever")
            visits.change(work, ids["visit"][whose], day=DAY)
            annotations.remove(work, ids["annotation"][whose])
            routine.change(work, family, Slot.AFTER_SCHOOL, time(14, 0))
            consent.withdraw(work, child, withdrawn_by="A parent")
            caseload.unassign(work, account_id=ids[Role.THERAPIST][whose], child_id=child)
            accounts.reset_password(work, ids["colleague"][whose])
            accounts.revoke(work, ids["membership of therapist"][whose])
            places.change_child(work, child, name="Changed")
    found = seen(clinic, Role.ADMIN)
    with clinic.database.reading(OWNER) as work:
        everything = log.changes(work, rows=10_000)
    foreign = {key for kind in ids.values() for whose, key in kind.items() if whose == "foreign"}
    shown = {str(part) for one in found for part in (one.child_id, one.row, one.before, one.after)}
    assert not [text for text in shown if any(key in text for key in foreign)]
    # all that is theirs, but for a family's times, which are no admin's
    about_foreign = [one for one in everything if any(key in str(vars(one)) for key in foreign)]
    theirs = {one.id for one in everything} - {one.id for one in about_foreign}
    missing = [one for one in everything if one.id in theirs - {one.id for one in found}]
    assert {one.table for one in missing} == {"family_slots"}
    assert {"children", "consents", "caseload", "memberships", "one_time_tokens", "visits", "sites"} <= {
        one.table for one in found
    }


def test_an_admin_reads_nothing_clinical_in_it(clinic: Clinic) -> None:
    child = clinic.ids["child"]["own"]
    with clinic.database.work(clinic.actors[Role.THERAPIST]) as work:
        commands.pause(work, child, since=DAY, until=DAY, reason=PauseReason.ILLNESS)
        visits.add(work, child, day=DAY)
    pauses = seen(clinic, Role.ADMIN, table="program_pauses")
    (entry,) = pauses
    assert (entry.did, entry.child_id, entry.command) == ("insert", child, "program.pause")
    assert (entry.before, entry.after) == (None, None)
    assert {(one.before, one.after) for one in seen(clinic, Role.ADMIN, table="visits")} == {(None, None)}
    (own,) = seen(clinic, Role.THERAPIST, table="program_pauses")
    assert own.after and own.after["reason"] == "illness" and own.after["note"] == HIDDEN
    (consented, *_) = seen(clinic, Role.ADMIN, table="consents")
    assert consented.after and consented.after["given_by"] == HIDDEN


@pytest.mark.parametrize("role", [Role.PARENT, Role.THERAPIST])
def test_others_see_what_they_did_themselves(clinic: Clinic, role: Role) -> None:
    assert seen(clinic, role) == []
    with clinic.database.work(clinic.actors[role]) as work:
        settings.change(work, Settings("de"))
    (entry,) = seen(clinic, role)
    assert (entry.table, entry.actor) == ("settings", clinic.actors[role].account_id)
    assert {one.id for one in seen(clinic, Role.ADMIN, actor=entry.actor)} == {entry.id}


def test_it_is_read_page_by_page_and_by_time(clinic: Clinic, clock: Clock) -> None:
    whole = seen(clinic, Role.ADMIN)
    pages: list[log.Change] = []
    while page := seen(clinic, Role.ADMIN, rows=3, before=pages[-1].id if pages else None):
        pages += page
    assert pages == whole and len(whole) > 9
    began = clock.now
    clock.forward(days=1)
    with clinic.database.work(clinic.actors[Role.ADMIN]) as work:
        places.change_child(work, clinic.ids["neighbour"]["own"], goal=9)
    day = timedelta(days=1)
    (late,) = seen(clinic, Role.ADMIN, since=began + day)
    assert late.after == {"goal": 9} and late.row == clinic.ids["neighbour"]["own"]
    assert seen(clinic, Role.ADMIN, until=began + day) == whole
    assert seen(clinic, Role.ADMIN, about=late.row, since=began + day) == [late]
    assert seen(clinic, Role.ADMIN, about=clinic.ids["child"]["foreign"]) == []
    assert seen(clinic, Role.ADMIN, actor="nobody") == []


def test_coming_and_going_is_told_apart_from_changes(clinic: Clinic) -> None:
    with clinic.database.work(OWNER) as work:
        for role in (Role.ADMIN, Role.PARENT):
            sign_in.begin(work, work.need(Account, clinic.actors[role].account_id), role)
    whole = seen(clinic, Role.ADMIN)
    came = seen(clinic, Role.ADMIN, signing_in=True)
    others = seen(clinic, Role.ADMIN, signing_in=False)
    assert {one.table for one in came} == {"sign_ins"}
    assert {one.id for one in others} == {one.id for one in whole} - {one.id for one in came}


def test_an_admin_of_no_site_any_more_sees_themselves_only(clinic: Clinic) -> None:
    with clinic.database.work(OWNER) as work:
        accounts.revoke(work, clinic.ids["membership of admin"]["own"])
    own = clinic.actors[Role.ADMIN].account_id
    assert {(one.table, one.row) for one in seen(clinic, Role.ADMIN)} <= {
        ("accounts", own),
        *((one.table, one.row) for one in seen(clinic, Role.ADMIN, table="one_time_tokens")),
    }
    assert all(one.child_id is None for one in seen(clinic, Role.ADMIN))
