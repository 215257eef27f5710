"""Consent that a clinic and a home know of apart: the later word holds, in whatever order it is told."""

from datetime import timedelta

import pytest

from griphub.hub.database.actor import Actor, Role
from griphub.hub.errors import FieldError
from griphub.hub.people import consent
from griphub.hub.people.decisions import Decision, decided_here, hear, standing, standing_of
from griphub.hub.people.model import Consent

from .conftest import Clinic, Clock

PART = Actor.part("post")


def test_the_later_word_holds_whoever_says_it(clinic: Clinic, clock: Clock) -> None:
    child, parent = clinic.ids["child"]["own"], clinic.actors[Role.PARENT]
    clock.forward(hours=1)
    with clinic.database.work(PART) as work:
        hear(work, child, Decision(False, None, clock.now))
    with clinic.database.reading(parent) as work:
        assert not consent.may_share(work, child)
        decided = decided_here(work, child)
        assert decided is not None and decided.given
    clock.forward(hours=1)
    with clinic.database.work(parent) as work:
        consent.give(work, child, version="v1", given_by="Ana")
        assert consent.may_share(work, child)
    with clinic.database.work(PART) as work:  # told again it changes nothing
        hear(work, child, Decision(False, None, clock.now - timedelta(hours=1)))
        assert consent.may_share(work, child)
        assert standing(work)[child] == standing_of(work, child)


def test_in_doubt_nothing_is_shared(clinic: Clinic, clock: Clock) -> None:
    child = clinic.ids["child"]["own"]
    with clinic.database.work(PART) as work:
        hear(work, child, Decision(False, None, clock.now))  # in the very moment in which it was given here
        assert not consent.may_share(work, child)


def test_a_clock_that_is_ahead_outlasts_no_later_decision(clinic: Clinic, clock: Clock) -> None:
    child, ahead = clinic.ids["child"]["own"], clock.now + timedelta(days=365)
    for given in (True, False):
        clock.forward(minutes=1)
        with clinic.database.work(PART) as work:
            hear(work, child, Decision(given, "v1", ahead))
            assert consent.may_share(work, child) is given
    clock.forward(minutes=1)
    with clinic.database.work(clinic.actors[Role.PARENT]) as work:
        consent.give(work, child, version="v1", given_by="Ana")
        assert consent.may_share(work, child)
        consent.withdraw(work, child, withdrawn_by="Ana")
        assert not consent.may_share(work, child)


def test_what_was_agreed_to_elsewhere_can_be_taken_back_here(clinic: Clinic, clock: Clock) -> None:
    child, parent = clinic.ids["child"]["own"], clinic.actors[Role.PARENT]
    with clinic.database.work(parent) as work:
        consent.withdraw(work, child, withdrawn_by="Ana")
    clock.forward(minutes=1)
    with clinic.database.work(PART) as work:
        hear(work, child, Decision(True, "v7", clock.now))
    clock.forward(minutes=1)
    with clinic.database.work(parent) as work:
        assert consent.may_share(work, child)
        taken = consent.withdraw(work, child, withdrawn_by="Ana")
        assert (taken.version, taken.given_by) == (None, consent.ELSEWHERE)
        assert not consent.may_share(work, child)
        with pytest.raises(FieldError, match="take back"):
            consent.withdraw(work, child, withdrawn_by="Ana")


def test_a_consent_that_was_taken_back_before_moments_were_noted_stays_so(
    clinic: Clinic, clock: Clock
) -> None:
    child = clinic.ids["child"]["own"]
    with clinic.database.work(PART) as work:
        consent.withdraw(work, child, withdrawn_by="Ana")
        for old in consent.history(work, child):
            work.need(Consent, old.id).withdrawn_at = None
        hear(work, child, Decision(True, None, clock.now))  # the same day: it may have been before or after
        assert not consent.may_share(work, child)
        clock.forward(days=1)
        hear(work, child, Decision(True, None, clock.now))
        assert consent.may_share(work, child)
