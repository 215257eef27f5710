"""What an account chose for itself, and what holds where nobody chose."""

from dataclasses import replace

import numpy as np
import pytest

from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.engine import Database
from griphub.hub.errors import FieldError
from griphub.hub.people import settings
from griphub.hub.people.settings import Settings
from griphub.hub.records.vocabulary import Hand
from griphub.hub.units import ForceUnit, shown

from .conftest import Clinic

LEFTY = Settings("pt-BR", ForceUnit.KGF, Hand.RIGHT, True)


@pytest.mark.parametrize("role", [Role.PARENT, Role.THERAPIST, Role.ADMIN])
def test_everybody_has_their_own(clinic: Clinic, role: Role) -> None:
    with clinic.database.work(clinic.actors[role]) as work:
        assert settings.mine(work) == Settings()
        assert settings.change(work, replace(LEFTY, language="PT-br")) == LEFTY
    for other, actor in clinic.actors.items():
        with clinic.database.reading(actor) as work:
            assert settings.mine(work) == (LEFTY if other is role else Settings())


def test_a_role_changes_nothing_in_ones_settings(clinic: Clinic) -> None:
    account = clinic.actors[Role.THERAPIST].account_id
    with clinic.database.work(clinic.actors[Role.THERAPIST]) as work:
        settings.change(work, LEFTY)
    with clinic.database.reading(Actor.account(account, Role.PARENT)) as work:
        assert settings.mine(work) == LEFTY


def test_a_home_without_accounts_has_one_set(people: Database) -> None:
    with people.work(Actor.owner()) as work:
        settings.change(work, LEFTY)
        settings.change(work, replace(LEFTY, calm=False, language=None))
    with people.reading(Actor.part("dashboard")) as work:
        assert settings.mine(work) == replace(LEFTY, calm=False, language=None)


@pytest.mark.parametrize("language", ["", "german", "de_DE", "<b>", "de-", "x" * 200])
def test_what_is_no_language_is_named_and_nothing_changes(people: Database, language: str) -> None:
    no_language = pytest.raises(FieldError, match=r"^language: .* is no language\. Write it as BCP 47")
    with no_language, people.work(Actor.owner()) as work:
        settings.change(work, Settings(language))
    with people.reading(Actor.owner()) as work:
        assert settings.mine(work) == Settings()


def test_only_a_force_is_converted() -> None:
    assert shown(44.482216152605, "N", ForceUnit.LBF) == (10.0, "lbf")
    assert shown(9.80665, "N/s", ForceUnit.KGF) == (1.0, "kgf/s")
    assert shown(98.0665, "N", ForceUnit.NEWTON) == (98.0665, "N")
    for unit in ("kPa", "count", "unknown", "%", "s", "kPa/s"):
        assert shown(20.0, unit, ForceUnit.KGF) == (20.0, unit)
    forces = np.array([0.0, 9.80665, np.nan])
    values, unit = shown(forces, "N", ForceUnit.KGF)
    assert unit == "kgf"
    np.testing.assert_array_equal(values, [0.0, 1.0, np.nan])
    assert forces[1] == 9.80665
