"""What a child usually squeezes with: learned from sessions, and begun the next one with."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.records.ids import event_id
from griphub.hub.records.session import SessionEnded
from griphub.hub.records.vocabulary import Hand, Purpose, Source
from griphub.hub.session.usual import FILE, About, UsualPeaks
from griphub.hub.utc import utc

NOW_S = 1_800_000_000.0
DAY_S = 86_400.0
ABOUT = About("c-1", Hand.LEFT, "ball01", Unit.NEWTON, "1.2", None, Source.REAL)


@pytest.fixture
def usual(tmp_path: Path) -> Iterator[UsualPeaks]:
    peaks = UsualPeaks(tmp_path / FILE)
    yield peaks
    peaks.close()


def ended(peak: float | None, *, days_ago: float = 1, squeezes: int = 10, **more: object) -> SessionEnded:
    session_id = uuid4()
    at = utc(NOW_S - days_ago * DAY_S)
    fields = ABOUT._asdict() | {
        "event_id": event_id(session_id, "ended"),
        "session_id": session_id,
        "measured_at": at,
        "ended_at": at,
        "site": "home",
        "hub": "hub",
        "tool_kind": ToolKind.BALL,
        "ended_by": "tool_slept",
        "squeezes": squeezes,
        "peak": peak,
        "median_peak": peak,
        "first_index": 0,
        "end_index": 0,
        "received": 0,
        "lost": 0,
    }
    return SessionEnded(**fields | more)


def test_nothing_is_usual_at_first(usual: UsualPeaks) -> None:
    assert usual.peak(ABOUT, NOW_S) is None


def test_it_is_the_middle_one_of_the_latest_five_sessions(usual: UsualPeaks) -> None:
    for days_ago, peak in enumerate((23.0, 8.0, 21.0, 22.0, 20.0, 90.0, 90.0)):
        usual.note(ended(peak, days_ago=days_ago))
    assert usual.peak(ABOUT, NOW_S) == 21.0
    again = UsualPeaks(usual._path)
    assert again.peak(ABOUT, NOW_S) == 21.0, "it outlives the hub"
    again.close()


def test_a_late_session_takes_its_place_in_time(usual: UsualPeaks) -> None:
    usual.note(ended(20.0, days_ago=1))
    usual.note(ended(5.0, days_ago=200))
    assert usual.peak(ABOUT, NOW_S) == 20.0
    assert usual.peak(ABOUT, NOW_S + 100 * DAY_S) is None, "nobody knows after three months"
    assert usual.peak(ABOUT, NOW_S - 2 * DAY_S) is None, "what came later was not known then"


def test_the_same_session_counts_once(usual: UsualPeaks) -> None:
    one = ended(10.0)
    for _ in range(9):
        usual.note(one)
    usual.note(ended(20.0))
    assert usual.peak(ABOUT, NOW_S) == 15.0


@pytest.mark.parametrize(
    "other",
    [
        {"child_id": "c-2"},
        {"hand": Hand.RIGHT},
        {"tool_id": "ball02"},
        {"unit": Unit.KILOPASCAL},
        {"firmware": "1.3"},
        {"calibration_id": "cal-2"},
        {"source": Source.SIMULATED},
    ],
    ids=lambda other: next(iter(other)),
)
def test_nothing_else_is_taken_for_it(usual: UsualPeaks, other: dict[str, object]) -> None:
    usual.note(ended(10.0, **other))
    assert usual.peak(ABOUT, NOW_S) is None
    assert usual.peak(ABOUT._replace(**other), NOW_S) == 10.0


@pytest.mark.parametrize(
    "session",
    [
        ended(10.0, purpose=Purpose.STRENGTH_TEST),
        ended(10.0, squeezes=2),
        ended(10.0, squeezes=6, doubtful=4),
        ended(None, squeezes=0),
    ],
    ids=["a strength test", "two squeezes", "mostly doubtful", "none"],
)
def test_what_teaches_nothing(usual: UsualPeaks, session: SessionEnded) -> None:
    usual.note(session)
    assert usual.peak(ABOUT, NOW_S) is None


def test_a_file_that_cannot_be_used_stops_no_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    broken = UsualPeaks(tmp_path / FILE)
    broken.note(ended(10.0))
    assert broken.peak(ABOUT, NOW_S) is None
    assert "not learned" in caplog.text and "not known" in caplog.text
