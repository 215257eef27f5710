"""Days of practice without a long break."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from griphub.hub.program.activity import builtin
from griphub.hub.program.adherence import Doings
from griphub.hub.program.prescription import parse_program
from griphub.hub.program.streak import streak
from griphub.hub.program.versions import History, Pause, PauseReason, Version
from griphub.hub.program.work import Work
from griphub.hub.records.vocabulary import Evidence

TODAY = date(2026, 11, 26)
AT = datetime(2026, 10, 1, tzinfo=UTC)
# twice a week, so that up to 3.5 + 2 days from one time to the next are no long break
PROGRAM = """
[[items]]
id = "puzzle"
activity = "puzzle"
dose = { days_per_week = 2 }
ticks = 1
"""


def doings(*days_ago, pauses=(), unknown=()):
    program = parse_program(PROGRAM, builtin())
    version = Version(1, program, TODAY - timedelta(days=60), AT, "a")
    history = History([version], [pause(*one) for one in pauses])
    work = [Work(uuid4(), TODAY - timedelta(days=n), "puzzle", Evidence.PARENT) for n in days_ago]
    return Doings(history, work, today=TODAY, unknown={TODAY - timedelta(days=n) for n in unknown})


def pause(first, last):
    since, until = TODAY - timedelta(days=first), TODAY - timedelta(days=last)
    return Pause(UUID(int=first), since, until, PauseReason.ILLNESS, AT, "a")


@pytest.mark.parametrize(
    ("done", "more", "kept"),
    [
        ((), {}, 0),
        ((0,), {}, 1),
        ((0, 3, 6, 11), {}, 4),  # the fifth day again: as the program leaves it, and a little more
        ((0, 3, 9), {}, 2),  # only the sixth is after a long break
        ((0, 3, 10), {"pauses": [(9, 8)]}, 3),
        ((0, 3, 10), {"unknown": [5, 6]}, 3),
        ((8, 9), {}, 0),  # and one that lasts is one, too
        ((8, 9), {"pauses": [(6, 1)]}, 2),
    ],
)
def test_only_a_long_break_begins_it_anew(done, more, kept):
    found = streak(doings(*done, **more))
    assert len(found) == kept
    assert found == sorted(found)
