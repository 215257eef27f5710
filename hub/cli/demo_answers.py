"""What a therapist and the parents of the demo's children noted, wrote and tested in eight weeks."""

from datetime import date, timedelta
from typing import Final
from uuid import uuid5

import numpy as np

from ...firmware_bridge.samples import FloatArray, ToolKind, Unit
from ...simulators.presets import PRESETS
from ..config import Config
from ..database.actor import Actor
from ..delivery.journal import Journal
from ..program import annotations, commands, home, post, visits
from ..program.local_days import noon
from ..program.tables import VisitKind
from ..program.versions import PauseReason
from ..records.event import encode
from ..records.ids import EVENT_NAMESPACE
from ..records.said import FeedbackGiven
from ..records.strength import Outcome, StrengthTested, TestTrial
from ..records.vocabulary import Hand, Person, Source

#: Children have a test at the first visit, in the middle and at the latest one: weeks ago.
_VISITS: Final = (8, 4, 1)
_CV: Final = 0.04  #: of the trials of one test
_TRIALS: Final = 3

_SORE, _QUIET = list(PRESETS)[:2]


def note(config: Config, today: date) -> None:
    """Write down visits, notes on the chart, a break and some words, unless they are there from before."""
    with home.opened(config) as database, database.work(Actor.part("demo")) as work:
        if visits.visits(work, _QUIET):
            return
        for child in PRESETS:
            for weeks in _VISITS:
                visits.add(
                    work, child, day=today - timedelta(weeks=weeks), words="Strength test, both hands."
                )
            coming = today + timedelta(weeks=3)
            visits.add(work, child, day=coming, kind=VisitKind.CLINIC, words="Bring the putty along.")
        ill = today - timedelta(days=18)
        well = ill + timedelta(days=3)
        commands.pause(work, _QUIET, since=ill, until=well, reason=PauseReason.ILLNESS, note="A cold.")
        annotations.add(
            work, _QUIET, first=today - timedelta(weeks=3), words="New splint for the night", shared=True
        )
        post.write_note(work, _QUIET, "Lovely how steady you two have become. The lunch box comes next!")
        post.write_note(work, _QUIET, "Opened alone on Sunday. Twice!", from_family=True)


def test(config: Config, journal: Journal, today: date, seed: int) -> None:
    """Put strength tests of the visits into the journal, and what one child said of its pain lately."""
    rng = np.random.default_rng(seed)
    for child, model in PRESETS.items():
        for weeks in _VISITS:
            day = today - timedelta(weeks=weeks)
            for hand in Hand:
                strength = model.left if hand is Hand.LEFT else model.right
                strongest_n = strength.on_day(7.0 * (_VISITS[0] - weeks))
                event = _test(config, child, day, hand, strongest_n * rng.normal(1, _CV, _TRIALS))
                journal.append([(event.event_id, encode(event))])
    for days_ago, after in ((3, 4), (1, 6)):
        day = today - timedelta(days=days_ago)
        said = FeedbackGiven(
            event_id=uuid5(EVENT_NAMESPACE, f"demo:{_SORE}:{day}:sore"),
            measured_at=noon(day, home.zone_of(config)) + timedelta(hours=5),
            site=config.site,
            hub=config.hub,
            child_id=_SORE,
            source=Source.SIMULATED,
            day=day,
            said_by=Person.CHILD,
            pain_before=2,
            pain_after=after,
            observation="The thumb, when letting go.",
        )
        journal.append([(said.event_id, encode(said))])


def _test(config: Config, child: str, day: date, hand: Hand, peaks_n: FloatArray) -> StrengthTested:
    session_id = uuid5(EVENT_NAMESPACE, f"demo:{child}:{day}:{hand}:test")
    return StrengthTested(
        event_id=uuid5(session_id, "test"),
        measured_at=noon(day, home.zone_of(config)) - timedelta(hours=2),
        site=config.site,
        hub=config.hub,
        session_id=session_id,
        child_id=child,
        tool_id="dyno-clinic",
        tool_kind=ToolKind.DYNAMOMETER,
        hand=hand,
        source=Source.SIMULATED,
        unit=Unit.NEWTON,
        protocol="ASHT 2015",
        outcome=Outcome(
            score=round(float(peaks_n.mean()), 1),
            rule="mean",
            cv_percent=round(float(100 * peaks_n.std(ddof=1) / peaks_n.mean()), 1),
        ),
        trials=tuple(
            TestTrial(session_id=session_id, begin_s=65.0 * n, end_s=65.0 * n + 4, peak=round(float(peak), 1))
            for n, peak in enumerate(peaks_n)
        ),
    )
