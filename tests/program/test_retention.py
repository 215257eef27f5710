"""Gained, held or lost between visits, and never lost within the measurement error."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from griphub.firmware_bridge.samples import KGF_N, ToolKind, Unit
from griphub.hub.program.retention import Retained, retention
from griphub.signal.measurement_error import Basis
from griphub.signal.strength import ASHT
from griphub.signal.trend import SeriesKey, Test

FIRST = date(2026, 9, 1)
VISITS = [FIRST, FIRST + timedelta(days=14), FIRST + timedelta(days=28)]
DYNAMOMETER = SeriesKey(ASHT.name, "right", Unit.NEWTON, ToolKind.DYNAMOMETER, "jamar01")
BALL = replace(DYNAMOMETER, kind=ToolKind.BALL, tool="ball01")


def series(*values: tuple[int, float], key: SeriesKey = DYNAMOMETER) -> list[Test]:
    return [Test(FIRST.toordinal() + day, kgf * KGF_N, key) for day, kgf in values]


def test_beyond_the_error_it_is_gained_or_lost() -> None:
    found = retention(series((0, 12), (14, 15), (28, 11)), VISITS)
    assert [one.retained for one in found] == [Retained.GAINED, Retained.LOST]
    assert found[0].error.sdd


def test_within_the_error_it_is_held() -> None:
    found = retention(series((0, 12), (14, 11), (28, 10.5)), VISITS)
    assert [one.retained for one in found] == [Retained.HELD, Retained.HELD]


def test_the_last_test_of_a_visit_meets_the_first_of_the_next() -> None:
    found = retention(series((0, 8), (0.4, 12), (7, 30), (14.3, 12), (14.5, 20)), VISITS)
    assert [(one.before / KGF_N, round(one.after / KGF_N)) for one in found] == [(12, 12)]
    assert found[0].retained is Retained.HELD


def test_the_same_again_is_held_also_where_no_result_ever_differed() -> None:
    found = retention(series(*((day, 12) for day in range(0, 29, 2))), VISITS)
    assert [(one.error.basis, one.retained) for one in found] == [(Basis.BORROWED, Retained.HELD)] * 2


def test_where_nobody_knows_the_error_nobody_says_lost() -> None:
    (found,) = retention(series((0, 12), (14, 3), key=BALL), VISITS)
    assert found.retained is Retained.NOT_KNOWN


def test_another_tool_is_another_series() -> None:
    other = replace(DYNAMOMETER, firmware="2")
    assert retention([*series((0, 12)), *series((14, 3), key=other)], VISITS) == []


@given(
    st.lists(st.tuples(st.integers(0, 28), st.floats(1, 60)), max_size=30),
    st.sampled_from([BALL, DYNAMOMETER]),
)
def test_lost_is_never_within_the_error(values: list[tuple[int, float]], key: SeriesKey) -> None:
    for one in retention(series(*values, key=key), VISITS):
        if one.retained is Retained.LOST:
            assert one.error.sdd is not None
            assert one.change < 0 and one.change <= -one.error.sdd
        if one.retained is Retained.GAINED:
            assert one.error.sdd is not None
            assert one.change > 0 and one.change >= one.error.sdd
