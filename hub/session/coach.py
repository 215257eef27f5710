"""Exercises and tests in the running hub: what they come to is kept with what sessions bring, and shown.

A lead's state is committed together with the squeezes that changed it, so a hub that was killed goes on with
the rep that it had counted, and with no other.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from ...firmware_bridge.clock import HostClock
from ..config import Config
from ..delivery.committer import Committer
from ..delivery.outbox import Entry
from ..errors import StoreError
from ..live import ExerciseView
from ..program.local_days import local_day
from ..records.event import Event
from ..records.session import SqueezeCounted
from ..records.vocabulary import Hand
from ..utc import utc
from .cues import Cue
from .engine import ExerciseEngine
from .exercise import Because, ExerciseState, NoExercise, Plan, TestPlan
from .exercise_lead import ExerciseLead
from .lead import Lead, Said
from .tracker import SessionTracker

if TYPE_CHECKING:
    from .leading import LedTest
    from .strength_lead import TestLead

log = logging.getLogger(__name__)

#: Rests and reminders are counted in seconds.
TICK_S: Final = 0.25
#: So long an exercise that is over stays on screens.
SHOWN_S: Final = 120.0

Tare = Callable[[str], Awaitable[None]]


class Tests(Protocol):
    """What lets a tool's samples be a test's: the keeper of sessions."""

    def begin_test(self, tool_id: str, test: "LedTest") -> None: ...  # noqa: D102
    async def stop_test(self, tool_id: str, test: "LedTest", why: str) -> None: ...  # noqa: D102


class Coach:
    """Leads children through what was asked of them.

    Parameters
    ----------
    tare : coroutine function
        Zeroes a tool that streams; may fail.
    streaming : callable
        Whether a tool streams now.
    tests : callable
        Gives who takes strength tests.
    """

    def __init__(
        self,
        config: Config,
        clock: HostClock,
        committer: Committer,
        *,
        tare: Tare,
        streaming: Callable[[str], bool],
        tests: Callable[[], Tests],
    ) -> None:
        self._config = config
        self._clock = clock
        self._committer = committer
        self._tare = tare
        self._streaming = streaming
        self._tests = tests
        self._zone = ZoneInfo(config.time_zone) if config.time_zone else None
        self._leads: dict[str, Lead] = {}  # by child
        self._changed: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def restore(self, states: Mapping[str, str]) -> None:
        """Take up what a killed hub left open."""
        for child_id, text in states.items():
            try:
                self._leads[child_id] = self._restored(text)
            except ValidationError as error:
                log.error("The open exercise of %s cannot be read and stays as it is: %s", child_id, error)
                continue
            log.info("exercise of %s goes on", child_id)

    def _restored(self, text: str) -> Lead:
        if '"protocol":' in text:  # only a test has one
            lead: TestLead = _test_leads().restore(text, self._clock.utc_s)
            return lead
        engine = ExerciseEngine(ExerciseState.from_json(text))
        for hand in engine.state.plan.tools:  # until their first sample comes
            engine.lost(hand, self._clock.utc_s())
        return ExerciseLead(engine)

    async def run(self) -> None:
        """Let time pass, until cancelled."""
        for child_id, lead in self._leads.items():  # what did not survive a kill is over, and told now
            if lead.ended_s is not None:
                await self._keep(child_id, [])
        noted: date | None = None
        while True:
            today = local_day(utc(self._clock.utc_s()), self._zone)
            if today != noted:
                await self._note_alive(today)
                noted = today
            await self._clock.sleep(TICK_S)
            for child_id, lead in list(self._leads.items()):
                if lead.ended_s is None:
                    resting = lead.counts_down
                    if cues := lead.tick(self._clock.utc_s()):
                        await self._keep(child_id, cues)
                    elif resting:
                        self._tell(child_id)

    # -- what people ask for

    async def start(self, plan: Plan | TestPlan) -> ExerciseView:
        """Begin; raises `NoExercise` if the child is in the middle of another one."""
        lead = self._leads.get(plan.child_id)
        if lead and lead.ended_s is None:
            raise NoExercise(
                plan.child_id,
                Because.UNDER_WAY,
                f"{lead.title} is under way",
                "Stop it first, or see how it goes with `griphub exercise`.",
            )
        if isinstance(plan, TestPlan):
            await self._begin_test(plan)
        else:
            away = [hand for hand, tool in plan.tools.items() if not self._streaming(tool)]
            engine = ExerciseEngine.begin(plan, self._clock.utc_s(), away=away)
            self._leads[plan.child_id] = ExerciseLead(engine)
        await self._keep(plan.child_id, [])
        return self._view(plan.child_id)

    async def _begin_test(self, plan: TestPlan) -> None:
        child_id = plan.child_id
        leads = await asyncio.to_thread(_test_leads)
        lead: TestLead = leads.begin(
            plan,
            self._clock.utc_s,
            lambda: self._later(self._keep(child_id, [])),
            away=not self._streaming(plan.tool_id),
        )
        self._tests().begin_test(plan.tool_id, lead.test)
        self._leads[child_id] = lead

    async def tell(self, child_id: str, said: Said) -> ExerciseView:
        """Take what somebody says; raises `NoExercise` if there is none under way."""
        lead = self._leads.get(child_id)
        if lead is None or lead.ended_s is not None:
            raise _none(child_id)
        await self._keep(child_id, lead.tell(said, self._clock.utc_s()))
        return self._view(child_id)

    async def watch(self, child_id: str) -> AsyncIterator[ExerciseView]:
        """How it goes, each time that it changes, until it has ended."""
        while True:
            if child_id not in self._leads:
                raise _none(child_id)
            changed = self._changed.setdefault(child_id, asyncio.Event())
            changed.clear()
            view = self._view(child_id)
            yield view
            if view.ended_by is not None:
                return
            await changed.wait()

    def view(self, child_id: str) -> ExerciseView | None:
        """How the exercise of a child goes, or went a moment ago; None where there is none."""
        lead = self._leads.get(child_id)
        if lead is None or self._clock.utc_s() - (lead.ended_s or self._clock.utc_s()) > SHOWN_S:
            return None
        return self._view(child_id)

    # -- what sessions bring

    def levels(self, tracker: SessionTracker) -> None:
        """Take the latest samples of a session."""
        child_id = tracker.state.child_id
        lead = self._lead_of(child_id, tracker.state.tool_id)
        if isinstance(lead, ExerciseLead):
            if cues := lead.levels(tracker):
                self._later(self._keep(child_id, cues))
            self._tell(child_id)

    def tested(self, child_id: str) -> None:
        """Take note that a test has taken samples."""
        self._tell(child_id)

    def squeezed(self, events: Sequence[Event]) -> Entry:
        """Take counted squeezes; what is to be committed together with them."""
        touched: dict[str, None] = {}
        for event in events:
            if isinstance(event, SqueezeCounted):
                lead = self._lead_of(event.child_id, event.tool_id)
                if isinstance(lead, ExerciseLead):
                    lead.squeezed(event)
                    touched[event.child_id] = None
        for child_id in touched:
            self._tell(child_id)
        return self._entry(list(touched))

    async def lost(self, child_id: str, tool_id: str, hand: Hand) -> None:
        """Take note that a tool is out of reach."""
        lead = self._lead_of(child_id, tool_id)
        if lead and (cues := lead.lost(hand, self._clock.utc_s())):
            await self._keep(child_id, cues)

    # -- keeping

    def _lead_of(self, child_id: str, tool_id: str) -> Lead | None:
        lead = self._leads.get(child_id)
        return lead if lead and lead.ended_s is None and tool_id in lead.tools else None

    async def _note_alive(self, today: date) -> None:
        try:
            await asyncio.to_thread(self._committer.outbox.note_alive, today)
        except StoreError as error:
            log.warning("That the hub ran today was not noted: %s", error)

    async def _keep(self, child_id: str, cues: Sequence[Cue]) -> None:
        """Commit how it stands, tell, and do what is for the hub to do."""
        entry = self._entry([child_id])
        self._tell(child_id)
        await self._committer.commit(entry)
        lead = self._leads[child_id]
        if Cue.TARE in cues and isinstance(lead, ExerciseLead):
            await lead.zero(self._tare)
        if Cue.END_TEST in cues and not isinstance(lead, ExerciseLead):
            test = cast("TestLead", lead)
            for tool_id in test.tools:
                await self._tests().stop_test(tool_id, test.test, test.why)

    def _entry(self, children: Sequence[str]) -> Entry:
        events: list[Event] = []
        exercises: dict[str, str | None] = {}
        for child_id in children:
            lead = self._leads[child_id]
            over = lead.ended_s is not None
            exercises[child_id] = None if over else lead.to_json()
            if over:
                events += lead.results(self._config, self._zone)
        return Entry(events, exercises=exercises)

    def _tell(self, child_id: str) -> None:
        if changed := self._changed.get(child_id):
            changed.set()

    def _later(self, work: Awaitable[None]) -> None:
        """Do something beside the samples, which must not wait for it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _view(self, child_id: str) -> ExerciseView:
        return self._leads[child_id].view(self._clock.utc_s())


def _test_leads() -> "type[TestLead]":
    """What leads tests: a second to import, for those who test."""
    kind: type[TestLead] = import_module("griphub.hub.session.strength_lead").TestLead
    return kind


def _none(child_id: str) -> NoExercise:
    return NoExercise(
        child_id, Because.NONE, "No exercise is under way", "Start one with `griphub exercise`."
    )
