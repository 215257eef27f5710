"""Signing in: passwords, growing pauses, one-time links, roles, and a clinic's identity provider."""

from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from griphub.hub.config import OidcConfig
from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.audit import Audit
from griphub.hub.errors import FieldError
from griphub.hub.people import accounts, passwords, sign_in
from griphub.hub.people.credentials import Credential, OneTimeToken, SignIn
from griphub.hub.people.sign_in import SignInRefused

from .conftest import Clinic, Clock

PASSWORD = "three small blue boats"
OWNER = Actor.part("test")


@pytest.fixture
def parent(clinic: Clinic) -> str:
    """Login of a parent who has a password."""
    _set_password(clinic, Role.PARENT)
    return "own-parent"


def _set_password(clinic: Clinic, role: Role, password: str = PASSWORD) -> None:
    with clinic.database.work(clinic.actors[Role.ADMIN]) as work:
        link = accounts.reset_password(work, clinic.ids[role]["own"])
    sign_in.redeem(clinic.database, link.token, password)


def test_the_right_password_opens_and_signing_out_closes(clinic: Clinic, parent: str) -> None:
    signed = sign_in.sign_in(clinic.database, " Own-Parent ", PASSWORD)
    assert signed.actor == clinic.actors[Role.PARENT]
    assert sign_in.actor_of(clinic.database, signed.token) == signed.actor
    sign_in.sign_out(clinic.database, signed.token)
    sign_in.sign_out(clinic.database, signed.token)
    assert sign_in.actor_of(clinic.database, signed.token) is None
    assert sign_in.actor_of(clinic.database, "made up") is None


def test_a_session_ends_by_itself(clinic: Clinic, parent: str, clock: Clock) -> None:
    signed = sign_in.sign_in(clinic.database, parent, PASSWORD)
    clock.now = signed.expires_at - timedelta(seconds=1)
    assert sign_in.actor_of(clinic.database, signed.token)
    clock.forward(seconds=1)
    assert sign_in.actor_of(clinic.database, signed.token) is None


@pytest.mark.parametrize("login", ["own-parent", "nobody@example.org", "<x>"])
def test_wrong_passwords_are_told_alike_and_pauses_grow(
    clinic: Clinic, parent: str, clock: Clock, login: str
) -> None:
    waits, words = [], set()
    for _ in range(20):
        with pytest.raises(SignInRefused) as refused:
            sign_in.sign_in(clinic.database, login, "wrong")
        waits.append(refused.value.wait.total_seconds())
        words.add(str(refused.value))
        clock.now += refused.value.wait
    assert waits == [0] * 4 + [30, 60, 120, 240, 480, 960, 1920] + [3600] * 9
    assert not any(login and login in said for said in words)


def test_during_a_pause_not_even_the_right_password_is_looked_at(
    clinic: Clinic, parent: str, clock: Clock
) -> None:
    for _ in range(5):
        with pytest.raises(SignInRefused):
            sign_in.sign_in(clinic.database, parent, "wrong")
    clock.forward(seconds=29)
    with pytest.raises(SignInRefused, match="Wait 1 s"):
        sign_in.sign_in(clinic.database, parent, PASSWORD)
    clock.forward(seconds=1)
    sign_in.sign_in(clinic.database, parent, PASSWORD)
    with pytest.raises(SignInRefused) as refused:  # counted from the beginning again
        sign_in.sign_in(clinic.database, parent, "wrong")
    assert not refused.value.wait


def test_wrong_tries_are_forgotten_after_a_day(clinic: Clinic, parent: str, clock: Clock) -> None:
    for _ in range(4):
        with pytest.raises(SignInRefused):
            sign_in.sign_in(clinic.database, parent, "wrong")
    clock.forward(days=1, seconds=1)
    with pytest.raises(SignInRefused) as refused:
        sign_in.sign_in(clinic.database, parent, "wrong")
    assert not refused.value.wait


def test_a_reset_link_works_once_and_signs_out_everywhere(clinic: Clinic, parent: str, clock: Clock) -> None:
    signed = sign_in.sign_in(clinic.database, parent, PASSWORD)
    with clinic.database.work(clinic.actors[Role.ADMIN]) as work:
        older = accounts.reset_password(work, clinic.ids[Role.PARENT]["own"])
        newer = accounts.reset_password(work, clinic.ids[Role.PARENT]["own"])
    sign_in.redeem(clinic.database, newer.token, "four little green hats")
    for link in (newer, older):
        with pytest.raises(FieldError, match="new link"):
            sign_in.redeem(clinic.database, link.token, PASSWORD)
    assert sign_in.actor_of(clinic.database, signed.token) is None
    with pytest.raises(SignInRefused):
        sign_in.sign_in(clinic.database, parent, PASSWORD)
    sign_in.sign_in(clinic.database, parent, "four little green hats")


def test_a_link_is_too_old_after_its_time(clinic: Clinic, clock: Clock) -> None:
    with clinic.database.work(clinic.actors[Role.ADMIN]) as work:
        link = accounts.reset_password(work, clinic.ids[Role.PARENT]["own"])
    clock.now = link.expires_at
    with pytest.raises(FieldError, match="new link"):
        sign_in.redeem(clinic.database, link.token, PASSWORD)


def test_a_closed_account_is_closed_at_once(clinic: Clinic, parent: str) -> None:
    signed = sign_in.sign_in(clinic.database, parent, PASSWORD)
    with clinic.database.work(clinic.actors[Role.ADMIN]) as work:
        accounts.disable(work, signed.actor.account_id)
    assert sign_in.actor_of(clinic.database, signed.token) is None
    with pytest.raises(SignInRefused):
        sign_in.sign_in(clinic.database, parent, PASSWORD)
    with clinic.database.work(clinic.actors[Role.ADMIN]) as work:
        accounts.enable(work, signed.actor.account_id)
    sign_in.sign_in(clinic.database, parent, PASSWORD)


def test_a_role_that_was_taken_away_signs_out(clinic: Clinic, parent: str) -> None:
    signed = sign_in.sign_in(clinic.database, parent, PASSWORD)
    with clinic.database.work(clinic.actors[Role.ADMIN]) as work:
        accounts.revoke(work, clinic.ids["membership of parent"]["own"])
    assert sign_in.actor_of(clinic.database, signed.token) is None
    with pytest.raises(SignInRefused, match="no role"):
        sign_in.sign_in(clinic.database, parent, PASSWORD)


def test_who_has_two_roles_acts_in_one_at_a_time(clinic: Clinic) -> None:
    with clinic.database.work(clinic.actors[Role.ADMIN]) as work:
        accounts.grant(
            work,
            clinic.ids[Role.THERAPIST]["own"],
            role=Role.PARENT,
            site_id="own-site",
            family_id=clinic.ids["family"]["own"],
        )
    _set_password(clinic, Role.THERAPIST)
    signed = sign_in.sign_in(clinic.database, "own-therapist", PASSWORD)
    assert (signed.actor.role, signed.roles) == (Role.THERAPIST, (Role.PARENT, Role.THERAPIST))
    as_parent = sign_in.switch_role(clinic.database, signed.token, Role.PARENT)
    assert as_parent.actor.role is Role.PARENT
    assert sign_in.actor_of(clinic.database, signed.token) is None
    with pytest.raises(SignInRefused, match="no admin"):
        sign_in.switch_role(clinic.database, as_parent.token, Role.ADMIN)
    with pytest.raises(SignInRefused, match="not signed in"):
        sign_in.switch_role(clinic.database, "made up", Role.PARENT)


def test_the_own_password_changes_with_the_old_one(clinic: Clinic, parent: str) -> None:
    actor = clinic.actors[Role.PARENT]
    with pytest.raises(FieldError, match="old: "), clinic.database.work(actor) as work:
        accounts.change_password(work, old="wrong", new="four little green hats")
    with clinic.database.work(actor) as work:
        accounts.change_password(work, old=PASSWORD, new="four little green hats")
    sign_in.sign_in(clinic.database, parent, "four little green hats")


def test_a_hash_of_weaker_times_is_made_anew(
    clinic: Clinic, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept() -> str:
        with clinic.database.reading(OWNER) as work:
            return work.need(Credential, clinic.ids[Role.PARENT]["own"]).hash

    sign_in.sign_in(clinic.database, parent, PASSWORD)
    before = kept()
    sign_in.sign_in(clinic.database, parent, PASSWORD)
    assert kept() == before
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    sign_in.sign_in(clinic.database, parent, PASSWORD)
    assert "m=16,t=2,p=1" in kept()
    assert "m=16" not in before


def test_no_password_token_or_hash_is_in_the_log_or_kept_in_the_clear(clinic: Clinic, parent: str) -> None:
    signed = sign_in.sign_in(clinic.database, parent, PASSWORD)
    with clinic.database.reading(OWNER) as work:
        log = str([(e.before, e.after, e.row) for e in work.scalars(select(Audit))])
        credential = work.need(Credential, signed.actor.account_id)
        digests = [*work.scalars(select(SignIn.digest)), *work.scalars(select(OneTimeToken.digest))]
    assert credential.hash.startswith("$argon2id$")
    for secret in (PASSWORD, credential.hash, signed.token):
        assert secret not in log
    assert signed.token not in digests


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("short", "5 signs"),
        ("x" * 129, "129 signs"),
        ("ana.ortiz1", "your name"),
        ("Ana.Ortiz@example.org", "your name"),
        ("aaaaaaaaaaaa", "guessed first"),
        ("QwertyUiop", "guessed first"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused(password: str, problem: str) -> None:
    with pytest.raises(FieldError, match=problem) as refused:
        passwords.check(password, login="ana.ortiz@example.org", name="Ana Ortiz")
    assert refused.value.field == "password"
    assert password not in str(refused.value)


@pytest.mark.parametrize("password", ["three small boats", "пароль из слов", "ana.ortiz rows three boats"])
def test_any_long_one_is_taken_without_rules_of_composition(password: str) -> None:
    assert passwords.check(password, login="ana.ortiz@example.org", name="Ana Ortiz") == password


OIDC = OidcConfig(issuer="https://id.example.org", client_id="griphub")


def _claims(clock: Clock, **changes: Any) -> dict[str, Any]:
    return {
        "iss": "https://id.example.org",
        "sub": "8c1f",
        "aud": "griphub",
        "exp": clock.now.timestamp() + 60,
        "email": "Own-Therapist",
        "email_verified": True,
    } | changes


def test_a_providers_subject_is_linked_once_and_known_from_then_on(clinic: Clinic, clock: Clock) -> None:
    first = sign_in.sign_in_with_claims(clinic.database, _claims(clock), OIDC)
    assert first.actor == clinic.actors[Role.THERAPIST]
    later = _claims(clock, email="moved@example.org", aud=["other", "griphub"])
    assert sign_in.sign_in_with_claims(clinic.database, later, OIDC).actor == first.actor
    with pytest.raises(SignInRefused, match="invited"):  # another subject with a linked account's address
        sign_in.sign_in_with_claims(clinic.database, _claims(clock, sub="other"), OIDC)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"iss": "https://evil.example.org"}, "another service"),
        ({"aud": "other"}, "another service"),
        ({"aud": None}, "another service"),
        ({"sub": ""}, "who you are"),
        ({"sub": None}, "who you are"),
        ({"exp": 1}, "too old"),
        ({"exp": None}, "too old"),
        ({"email_verified": False}, "invited"),
        ({"email_verified": "true"}, "invited"),
        ({"email": "stranger@example.org"}, "invited"),
        ({"email": None}, "invited"),
    ],
)
def test_claims_that_vouch_for_nobody_are_refused(
    clinic: Clinic, clock: Clock, change: dict[str, Any], problem: str
) -> None:
    with pytest.raises(SignInRefused, match=problem):
        sign_in.sign_in_with_claims(clinic.database, _claims(clock, **change), OIDC)


def test_without_a_configured_provider_nobody_signs_in_that_way(clinic: Clinic, clock: Clock) -> None:
    with pytest.raises(SignInRefused):
        sign_in.sign_in_with_claims(clinic.database, _claims(clock, iss="", aud=""), OidcConfig())


@given(st.text(max_size=200))
def test_no_text_breaks_the_hash(password: str) -> None:
    assert not passwords.matches(None, password)
    assert not passwords.matches("not a hash", password)
