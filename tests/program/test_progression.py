"""Harder and easier: one step, within bounds, with a reason."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from griphub.hub.program.prescription import Item, Program, Progression
from griphub.hub.program.progression import Attempt, Direction, propose, with_changes

from .conftest import MONDAY


def attempts(*hits: int, reps: int = 30, whole: bool = True, pain: bool = False) -> list[Attempt]:
    return [Attempt(MONDAY + timedelta(days=n), reps, hit, whole, pain) for n, hit in enumerate(hits)]


@pytest.fixture
def item(winter: Program) -> Item:
    return winter.items[0]


def ruled(item: Item, *, zone: tuple[int, int] = (40, 60), reps: int = 10, **rule: object) -> Item:
    assert item.squeezes
    squeezes = item.squeezes.model_copy(update={"zone": zone, "reps": reps})
    return item.model_copy(update={"squeezes": squeezes, "progression": Progression.model_validate(rule)})


@pytest.mark.parametrize(
    ("hits", "direction", "zone"),
    [
        ((28, 27, 28), Direction.HARDER, (45, 65)),
        ((10, 12, 11), Direction.EASIER, (35, 55)),
        ((22, 23, 22), Direction.STAY, None),
        ((24, 24, 24), Direction.STAY, None),  # 80 % is within
        ((21, 21, 21), Direction.STAY, None),
        ((5, 5, 28, 28, 28), Direction.HARDER, (45, 65)),  # only the last three
    ],
)
def test_one_step_where_the_hits_leave_the_band(
    item: Item, hits: tuple[int, ...], direction: Direction, zone: tuple[int, int] | None
) -> None:
    found = propose(item, attempts(*hits), since=MONDAY)
    assert found.direction is direction
    assert (found.changed.zone if found.changed else None) == zone
    assert "%" in found.because
    assert not found.auto


def test_it_waits_until_it_has_seen_enough_of_the_present_dose(item: Item) -> None:
    assert propose(item, attempts(30, 30), since=MONDAY).direction is Direction.STAY
    found = propose(item, attempts(30, 30, 30, 30), since=MONDAY + timedelta(days=2))
    assert found.direction is Direction.STAY
    assert "2 of 3" in found.because


def test_never_after_pain_nor_where_sets_were_left_out(item: Item) -> None:
    assert propose(item, attempts(30, 30, 30, pain=True), since=MONDAY).changed is None
    assert "every set" in propose(item, attempts(30, 30, 30, whole=False), since=MONDAY).because


def test_at_the_bound_of_the_zone_it_goes_on_with_reps(item: Item) -> None:
    found = propose(ruled(item, zone=(60, 80)), attempts(30, 30, 30), since=MONDAY)
    assert found.changed
    assert (found.changed.zone, found.changed.reps) == ((60, 80), 11)
    found = propose(ruled(item, zone=(57, 77), auto=True), attempts(30, 30, 30), since=MONDAY)
    assert found.changed
    assert found.changed.zone == (60, 80)
    assert found.auto
    found = propose(ruled(item, zone=(60, 80), reps=20), attempts(30, 30, 30), since=MONDAY)
    assert found.changed is None
    assert "bound" in found.because


@given(
    st.integers(0, 30),
    st.integers(5, 90),
    st.integers(1, 10),
    st.integers(1, 60),
    st.integers(1, 20),
)
def test_a_step_never_leaves_the_bounds(hit: int, low: int, width: int, reps: int, step: int) -> None:
    from griphub.hub.program.activity import builtin
    from griphub.hub.program.prescription import parse_program

    from .conftest import WINTER

    base = parse_program(WINTER, builtin()).items[0]
    item = ruled(base, zone=(low, low + width), reps=reps, zone_step=step)
    found = propose(item, attempts(hit, hit, hit), since=MONDAY)
    if found.changed and item.progression:
        assert found.changed.zone
        new_low, new_high = found.changed.zone
        assert new_high - new_low == width
        sign = 1 if found.direction is Direction.HARDER else -1
        assert (new_low - low) * sign >= 0
        assert abs(new_low - low) <= step
        if new_low != low:
            assert item.progression.zone_from <= new_low if sign < 0 else new_high <= item.progression.zone_to
        else:
            assert item.progression.reps_from <= found.changed.reps <= item.progression.reps_to


def test_a_taken_proposal_is_a_program_that_is_checked(winter: Program) -> None:
    found = propose(winter.items[0], attempts(30, 30, 30), since=MONDAY)
    changed = with_changes(winter, [found])
    assert changed.items[0].squeezes == found.changed
    assert changed.items[1:] == winter.items[1:]
    tight = winter.model_copy(update={"max_reps_per_day": 30})
    more = propose(ruled(winter.items[0], zone=(60, 80)), attempts(30, 30, 30), since=MONDAY)
    with pytest.raises(ValidationError, match="33 reps"):
        with_changes(
            tight.model_copy(update={"max_reps_per_day": 30}).model_validate(
                {**tight.model_dump(exclude_unset=True), "max_reps_per_day": 30}
            ),
            [more],
        )
