"""The time of what a tool kept alone: right to 50 ms, or said to be worse, or said to be unknown."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from griphub.hub.delivery.outbox import Anchor
from griphub.hub.session.lives import Life, life

HOUR_S = 3600.0
NOON_S = 1.8e9  #: true UTC at which the tool is switched on
DRIFT = 40e-6  #: the tool's clock is fast


def tool_s(true_s: float) -> float:
    """What the tool's clock shows so long after it was switched on."""
    return true_s * (1 + DRIFT)


def contact(true_s: float, *, boot_id: int = 1, wrong_s: float = 0.0, on_s: float = 0.0) -> Anchor:
    """A contact, to the hub's knowledge; a radio's delay makes it late by up to 10 ms."""
    late_s = 0.01 * (true_s % 7) / 7
    shown_s = tool_s(true_s)
    return Anchor("ball01", boot_id, shown_s, shown_s, NOON_S + on_s + true_s + late_s + wrong_s)


def known(anchors: list[Anchor], boot_id: int = 1, *, epoch_s: float | None = None) -> Life:
    """What a hub makes of it when the tool is in its second life, 40 h after it was first switched on."""
    return life(anchors, boot_id, epoch_s=epoch_s, present_id=2, now_s=NOON_S + 40 * HOUR_S)


def error_s(lived: Life, true_s: float, on_s: float = 0.0) -> float:
    return abs(lived.utc_s(tool_s(true_s)) - NOON_S - on_s - true_s)


def test_between_two_contacts_ten_hours_apart() -> None:
    lived = known([contact(60), contact(10 * HOUR_S)], epoch_s=NOON_S)
    for true_s in np.linspace(60, 10 * HOUR_S, 50):
        assert error_s(lived, true_s) < 0.05
    assert lived.within_s(100, 9 * HOUR_S) == pytest.approx(0.05)


def test_a_clock_that_was_never_set_a_quarter_of_an_hour_before_the_first_contact() -> None:
    """All drift is possible: 40 ppm are 36 ms by then."""
    lived = known([contact(HOUR_S)])
    for true_s in np.linspace(HOUR_S - 900, HOUR_S, 20):
        assert error_s(lived, true_s) < 0.05
    assert lived.within_s(tool_s(HOUR_S - 900), tool_s(HOUR_S)) == pytest.approx(0.14, abs=0.001)


def test_a_tool_that_was_switched_off_since_keeps_its_learned_drift() -> None:
    """Eight hours after the last contact of that life, 40 ppm would be 1.2 s."""
    anchors = [contact(60), contact(10 * HOUR_S)]
    on_s = 20 * HOUR_S
    lived = known([*anchors, contact(300, boot_id=2, on_s=on_s)], epoch_s=NOON_S)
    assert error_s(lived, 18 * HOUR_S) < 0.05
    assert lived.learned


def test_a_drift_learned_in_one_life_serves_another() -> None:
    anchors = [contact(60), contact(10 * HOUR_S), contact(30, boot_id=2, on_s=20 * HOUR_S)]
    lived = known(anchors, 2)
    assert error_s(lived, 5 * HOUR_S, on_s=20 * HOUR_S) < 0.05


def test_the_tools_own_account_serves_where_the_hub_has_none() -> None:
    """As after the hub was replaced. It says how far to trust it."""
    lived = known([contact(300, boot_id=2, on_s=20 * HOUR_S)], epoch_s=NOON_S)
    assert lived.known
    within_s = lived.within_s(tool_s(HOUR_S), tool_s(2 * HOUR_S))
    assert within_s is not None
    assert error_s(lived, 2 * HOUR_S) < within_s < 1


def test_a_life_of_which_nothing_is_known_ended_before_the_next_began() -> None:
    lived = known([contact(50, boot_id=3), contact(300, boot_id=2, on_s=20 * HOUR_S)])
    assert not lived.known
    assert lived.within_s(0, 10) is None
    assert lived.latest_s == pytest.approx(NOON_S + 20 * HOUR_S, abs=0.05)
    with pytest.raises(ValueError, match="nothing is known"):
        lived.utc_s(10)


@pytest.mark.parametrize("wrong_s", [-1.6e9, -86_400.0, -30.0, 30.0, 3 * HOUR_S])
def test_a_clock_that_was_wrong_at_the_first_contact_is_believed_no_more(wrong_s: float) -> None:
    lived = known([contact(60, wrong_s=wrong_s), contact(2 * HOUR_S)])
    assert error_s(lived, 2 * HOUR_S - 600) < 0.05


def test_a_time_that_cannot_be_is_none() -> None:
    """The tool was told the time by a hub whose clock was a day ahead, and switched off since."""
    anchors = [contact(300, boot_id=2, on_s=20 * HOUR_S)]
    ahead_s = NOON_S + 86_400
    lived = life(anchors, 1, epoch_s=ahead_s, present_id=2, now_s=NOON_S + 40 * HOUR_S, last_s=HOUR_S)
    assert not lived.known
    assert lived.latest_s == pytest.approx(NOON_S + 20 * HOUR_S, abs=0.05)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.floats(0, 1e6), st.floats(-1e9, 2e9)), max_size=20),
    st.floats(-1e6, 1e7),
)
def test_whatever_was_noted_time_has_one_order(notes: list[tuple[int, float, float]], at_s: float) -> None:
    anchors = [Anchor("ball01", boot, tool, tool, utc) for boot, tool, utc in notes]
    lived = known(anchors, epoch_s=0.0)
    assume(lived.known)
    times = [lived.utc_s(t) for t in (at_s, at_s + 1, at_s + 1000)]
    assert times[0] < times[1] < times[2]
