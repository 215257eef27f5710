"""What was asked on a day can always be said."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.hub.program.errors import ProgramError
from griphub.hub.program.local_days import local_day, noon
from griphub.hub.program.prescription import Program
from griphub.hub.program.versions import History, Pause, PauseReason

from .conftest import MONDAY, version


def pause(n: int, since: int, until: int | None, **more: object) -> Pause:
    return Pause(
        UUID(int=n),
        MONDAY + timedelta(days=since),
        None if until is None else MONDAY + timedelta(days=until),
        PauseReason.ILLNESS,
        datetime(2026, 11, 2, n, tzinfo=UTC),
        "p-1",
        **more,  # type: ignore[arg-type]
    )


def test_a_version_holds_until_the_next(winter: Program) -> None:
    later = winter.model_copy(update={"title": "Later"})
    history = History([version(later, MONDAY + timedelta(days=7), 2), version(winter, MONDAY)])
    assert history.program(MONDAY - timedelta(days=1)) is None
    assert history.program(MONDAY + timedelta(days=6)) == winter
    assert history.program(MONDAY + timedelta(days=7)) == later
    # what was known before the second version was written
    before = history.on(MONDAY + timedelta(days=9), known_at=datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert before
    assert before.number == 1


def test_of_two_versions_for_one_day_the_later_word_holds(winter: Program) -> None:
    mended = winter.model_copy(update={"title": "Mended"})
    assert History([version(winter, MONDAY), version(mended, MONDAY, 2)]).program(MONDAY) == mended


def test_an_end_is_a_version(winter: Program) -> None:
    history = History([version(winter, MONDAY), version(None, MONDAY + timedelta(days=3), 2)])
    assert history.program(MONDAY + timedelta(days=2)) == winter
    assert history.program(MONDAY + timedelta(days=3)) is None


def test_days_gone_by_stay_as_they_were(winter: Program) -> None:
    today = MONDAY + timedelta(days=5)
    History().check_version(MONDAY, today)  # a program that was on paper until today
    with pytest.raises(ProgramError, match="is over"):
        History([version(winter, MONDAY)]).check_version(today - timedelta(days=1), today)


def test_a_pause_is_corrected_and_the_first_word_kept() -> None:
    first = pause(1, 0, None)
    second = pause(2, 0, 2, replaces=first.pause_id)
    history = History(pauses=[second, first])
    assert history.pauses == [second]
    assert list(history.records) == [first, second]
    assert history.paused(MONDAY + timedelta(days=2)) == second
    assert history.paused(MONDAY + timedelta(days=3)) is None
    gone = History(pauses=[first, second, pause(3, 0, 2, replaces=second.pause_id, withdrawn=True)])
    assert gone.pauses == []


def test_a_pause_that_makes_no_sense_is_refused() -> None:
    history = History(pauses=[pause(1, 5, None)])
    with pytest.raises(ProgramError, match="before"):
        history.check_pause(pause(2, 3, 1))
    with pytest.raises(ProgramError, match="already"):
        history.check_pause(pause(2, 3, 5))
    history.check_pause(pause(2, 3, 4))
    history.check_pause(pause(2, 3, 9, replaces=UUID(int=1)))
    history.check_pause(replace(pause(2, 9, 1), withdrawn=True))


@given(
    st.integers(0, 2**31 - 1),
    st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"]),
)
def test_a_day_is_the_familys(at_s: int, name: str) -> None:
    zone = ZoneInfo(name)
    aware = datetime.fromtimestamp(at_s, UTC)
    assert local_day(aware, zone) == aware.astimezone(zone).date()


@given(
    st.dates(date(1990, 1, 1), date(2037, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "UTC", None]),
)
def test_noon_is_on_its_day(day: date, name: str | None) -> None:
    zone = ZoneInfo(name) if name else None
    assert local_day(noon(day, zone), zone) == day


def test_the_night_when_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    # 25 October 2026: 23:30 UTC on the 24th is half past one at night already, 22:30 UTC the next evening too
    assert local_day(datetime(2026, 10, 24, 21, 59, tzinfo=UTC), berlin) == date(2026, 10, 24)
    assert local_day(datetime(2026, 10, 24, 22, 0, tzinfo=UTC), berlin) == date(2026, 10, 25)
    assert local_day(datetime(2026, 10, 25, 22, 59, tzinfo=UTC), berlin) == date(2026, 10, 25)
    assert local_day(datetime(2026, 10, 25, 23, 0, tzinfo=UTC), berlin) == date(2026, 10, 26)
