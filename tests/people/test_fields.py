"""Bad input gets an error on its field, and nothing is half-written."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlalchemy import func, select

from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.audit import Audit
from griphub.hub.errors import FieldError
from griphub.hub.people import accounts, consent, fields, places
from griphub.hub.people.model import Account, Child
from griphub.hub.records.ids import Id

from .conftest import Clinic, Clock

TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " \t"}, "name"),
        ({"name": "…"}, "name"),
        ({"name": "<script>alert(1)</script>"}, "name"),
        ({"name": "Mia\u202egnp.exe"}, "name"),
        ({"name": "Mia\x00"}, "name"),
        ({"name": "M" * 41}, "name"),
        ({"birth_month": "1826-01"}, "birth_month"),  # an age of 200
        ({"birth_month": "2026-12"}, "birth_month"),
        ({"birth_month": "2018-13"}, "birth_month"),
        ({"birth_month": "0000-01"}, "birth_month"),
        ({"birth_month": "8 years"}, "birth_month"),
        ({"goal": 0}, "goal"),
        ({"goal": 501}, "goal"),
    ],
)
def test_a_child_that_cannot_be_is_refused_whole(
    standing_clinic: Clinic, entered: dict[str, object], field: str
) -> None:
    def count() -> tuple[int | None, int | None]:
        with standing_clinic.database.reading(Actor.part("test")) as work:
            return (
                work.scalar(select(func.count()).select_from(Child)),
                work.scalar(select(func.count()).select_from(Audit)),
            )

    before = count()
    family, child = standing_clinic.ids["family"]["own"], standing_clinic.ids["child"]["own"]
    admin = standing_clinic.actors[Role.ADMIN]
    with pytest.raises(FieldError) as refused, standing_clinic.database.work(admin) as work:
        places.add_child(work, **{"family_id": family, "name": "Mia", **entered})  # type: ignore[arg-type]
    assert refused.value.field == field
    with pytest.raises(FieldError), standing_clinic.database.work(admin) as work:
        places.change_child(work, child, **{"name": "Mia", **entered})  # type: ignore[arg-type]
    assert count() == before


@pytest.mark.parametrize("name", ["Zoë", "李小龙", "O'Neil", "'t Hart", "محمد", "Jean-Luc", "Ñandú 2"])
def test_names_are_taken_as_people_write_them(name: str) -> None:
    assert fields.name("name", f" {name} ") == name


@pytest.mark.parametrize("login", ["own-parent", "OWN-PARENT", " own-parent", "ｏｗｎ-parent"])
def test_a_login_that_is_taken_is_refused_however_it_is_written(standing_clinic: Clinic, login: str) -> None:
    for database_role in (Role.ADMIN,):
        with (
            pytest.raises(FieldError, match="has an account") as refused,
            standing_clinic.database.work(standing_clinic.actors[database_role]) as work,
        ):
            accounts.invite(work, login=login, name="Twin", role=Role.THERAPIST, site_id="own-site")
        assert refused.value.field == "login"
    with standing_clinic.database.reading(Actor.part("test")) as work:
        assert work.scalar(select(func.count()).select_from(Account).where(Account.name == "Twin")) == 0


@pytest.mark.parametrize(
    ("role", "family", "field"),
    [
        (Role.PARENT, None, "family"),
        (Role.THERAPIST, "own", "family"),
        (Role.MACHINE, None, "role"),
    ],
)
def test_a_role_that_does_not_fit_is_refused(
    standing_clinic: Clinic, role: Role, family: str | None, field: str
) -> None:
    family_id = standing_clinic.ids["family"][family] if family else None
    admin = standing_clinic.actors[Role.ADMIN]
    with pytest.raises(FieldError) as refused, standing_clinic.database.work(admin) as work:
        accounts.invite(work, login="x", name="X", role=role, site_id="own-site", family_id=family_id)
    assert refused.value.field == field


def test_consent_is_recorded_with_version_date_and_name_and_taken_back(clinic: Clinic, clock: Clock) -> None:
    child = clinic.ids["child"]["own"]
    parent = clinic.actors[Role.PARENT]
    with clinic.database.work(parent) as work:
        assert consent.may_share(work, child)
        consent.withdraw(work, child, withdrawn_by="Ana Ortiz")
        assert not consent.may_share(work, child)
    with pytest.raises(FieldError, match="take back"), clinic.database.work(parent) as work:
        consent.withdraw(work, child, withdrawn_by="Ana Ortiz")
    with clinic.database.work(clinic.actors[Role.ADMIN]) as work:
        consent.publish_text(work, site_id="own-site", version="v2", text="New words")
    clock.forward(minutes=1)
    with clinic.database.work(parent) as work:
        given = consent.give(work, child, version="v2", given_by="Ana Ortiz", given_on=date(2026, 11, 20))
        assert consent.may_share(work, child)
    with clinic.database.reading(parent) as work:
        history = consent.history(work, child)
        assert [(c.version, c.given_on, c.withdrawn_on) for c in history] == [
            ("v1", TODAY, TODAY),
            ("v2", date(2026, 11, 20), None),
        ]
        assert given.given_by == "Ana Ortiz"
        assert {text.version: text.text for text in consent.texts(work)}["v1"] == "What you agree to"


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        ({"version": "v9"}, "version"),
        ({"given_on": date(2026, 11, 26)}, "given_on"),
        ({"given_by": "<b>"}, "given_by"),
    ],
)
def test_consent_that_cannot_be_is_refused(
    standing_clinic: Clinic, entered: dict[str, object], field: str
) -> None:
    child = standing_clinic.ids["child"]["own"]
    given = {"version": "v1", "given_by": "Ana", **entered}
    actor = standing_clinic.actors[Role.PARENT]
    with pytest.raises(FieldError) as refused, standing_clinic.database.work(actor) as work:
        consent.give(work, child, **given)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_published_text_stays_as_it_is(standing_clinic: Clinic) -> None:
    admin = standing_clinic.actors[Role.ADMIN]
    with pytest.raises(FieldError, match="stays as it is"), standing_clinic.database.work(admin) as work:
        consent.publish_text(work, site_id="own-site", version="v1", text="Other words")


@given(st.text(max_size=100))
def test_a_name_is_taken_or_refused_and_never_more(text: str) -> None:
    try:
        taken = fields.name("name", text)
    except FieldError:
        return
    assert 0 < len(taken) <= 80
    assert not set("<>") & set(taken)
    assert fields.name("name", taken) == taken


@given(st.text(max_size=20) | st.from_regex(r"\d{4}-\d{2}", fullmatch=True))
def test_a_month_is_taken_or_refused_and_never_more(text: str) -> None:
    try:
        month = fields.birth_month("birth_month", text, TODAY)
    except FieldError:
        return
    assert date(2001, 1, 1) <= month <= TODAY


def test_ids_of_children_are_random_and_fit_the_wire(standing_clinic: Clinic) -> None:
    fits = TypeAdapter(Id).validate_python
    with standing_clinic.database.reading(standing_clinic.actors[Role.ADMIN]) as work:
        ids = {
            fits(places.add_child(work, family_id=standing_clinic.ids["family"]["own"], name="Mia").id)
            for _ in range(20)
        }
    assert len(ids) == 20
