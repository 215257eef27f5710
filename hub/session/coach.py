"""Exercises in the running hub: what sessions bring goes to the engine, what it says is kept and shown.

The engine's state is committed together with the squeezes that changed it, so a hub that was killed goes on
with the rep that it had counted, and with no other.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from ...firmware_bridge.clock import HostClock
from ...firmware_bridge.errors import GripError
from ...firmware_bridge.quiet_check import ZERO
from ..config import Config
from ..delivery.committer import Committer
from ..delivery.outbox import Entry
from ..errors import StoreError
from ..live import ExerciseView
from ..program.local_days import local_day
from ..records import ActivityDone, Event, Evidence, FeedbackGiven, Hand, SqueezeCounted, event_id, utc
from .cues import FOR_PARENTS, WORDS, Cue
from .engine import ExerciseEngine
from .exercise import ExerciseState, Phase, Plan
from .tracker import SessionTracker

log = logging.getLogger(__name__)

#: Rests and reminders are counted in seconds.
TICK_S: Final = 0.25
#: So long an exercise that is over stays on screens.
SHOWN_S: Final = 120.0

Tare = Callable[[str], Awaitable[None]]


class NoExercise(GripError):
    """A child is not in the middle of an exercise, or is already."""

    def __init__(self, child_id: str, problem: str, advice: str) -> None:
        self.child_id = child_id
        super().__init__(f"{problem}. {advice}")


class Coach:
    """Leads children through what was asked of them.

    Parameters
    ----------
    tare : coroutine function
        Zeroes a tool that streams; may fail.
    streaming : callable
        Whether a tool streams now.
    """

    def __init__(
        self,
        config: Config,
        clock: HostClock,
        committer: Committer,
        *,
        tare: Tare,
        streaming: Callable[[str], bool],
    ) -> None:
        self._config = config
        self._clock = clock
        self._committer = committer
        self._tare = tare
        self._streaming = streaming
        self._zone = ZoneInfo(config.time_zone) if config.time_zone else None
        self._engines: dict[str, ExerciseEngine] = {}
        self._changed: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def restore(self, states: Mapping[str, str]) -> None:
        """Take up the exercises that a killed hub left open."""
        for child_id, text in states.items():
            try:
                state = ExerciseState.from_json(text)
            except ValidationError as error:
                log.error("The open exercise of %s cannot be read and stays as it is: %s", child_id, error)
                continue
            engine = self._engines[child_id] = ExerciseEngine(state)
            for hand in state.plan.tools:  # until their first sample comes
                engine.lost(hand, self._clock.utc_s())
            log.info("exercise of %s goes on in set %d", child_id, state.set_number)

    async def run(self) -> None:
        """Let time pass, until cancelled."""
        noted: date | None = None
        while True:
            today = local_day(utc(self._clock.utc_s()), self._zone)
            if today != noted:
                await self._note_alive(today)
                noted = today
            await self._clock.sleep(TICK_S)
            for child_id, engine in list(self._engines.items()):
                if not engine.ended:
                    resting = engine.state.phase is Phase.REST
                    if cues := engine.tick(self._clock.utc_s()):
                        await self._keep(child_id, cues)
                    elif resting:
                        self._tell(child_id)

    # -- what people ask for

    async def start(self, plan: Plan) -> ExerciseView:
        """Begin; raises `NoExercise` if the child is in the middle of another one."""
        engine = self._engines.get(plan.child_id)
        if engine and not engine.ended:
            raise NoExercise(
                plan.child_id,
                f"{engine.state.plan.title} is under way",
                "Stop it first, or see how it goes with `griphub exercise`.",
            )
        away = [hand for hand, tool in plan.tools.items() if not self._streaming(tool)]
        self._engines[plan.child_id] = ExerciseEngine.begin(plan, self._clock.utc_s(), away=away)
        await self._keep(plan.child_id, [])
        return self._view(plan.child_id)

    async def tell(
        self,
        child_id: str,
        what: Literal["stop", "pain", "skip", "confirm", "longer"],
        *,
        by: Literal["child", "parent"] = "parent",
        face: int | None = None,
    ) -> ExerciseView:
        """Take what somebody says; raises `NoExercise` if there is none under way."""
        engine = self._engines.get(child_id)
        if engine is None or engine.ended:
            raise NoExercise(child_id, "No exercise is under way", "Start one with `griphub exercise`.")
        now_s = self._clock.utc_s()
        match what:
            case "stop":
                cues = engine.stop(by, now_s)
            case "pain":
                cues = engine.pain(face, now_s)
            case "skip":
                cues = engine.skip(now_s)
            case "confirm":
                cues = engine.confirm(now_s)
            case "longer":
                cues = engine.longer(now_s)
        await self._keep(child_id, cues)
        return self._view(child_id)

    async def watch(self, child_id: str) -> AsyncIterator[ExerciseView]:
        """How it goes, each time that it changes, until it has ended."""
        while True:
            if child_id not in self._engines:
                raise NoExercise(child_id, "No exercise is under way", "Start one with `griphub exercise`.")
            changed = self._changed.setdefault(child_id, asyncio.Event())
            changed.clear()
            view = self._view(child_id)
            yield view
            if view.ended_by is not None:
                return
            await changed.wait()

    def view(self, child_id: str) -> ExerciseView | None:
        """How the exercise of a child goes, or went a moment ago; None where there is none."""
        engine = self._engines.get(child_id)
        if engine is None or self._clock.utc_s() - (engine.state.ended_s or self._clock.utc_s()) > SHOWN_S:
            return None
        return self._view(child_id)

    # -- what sessions bring

    def levels(self, tracker: SessionTracker) -> None:
        """Take the latest samples of a session."""
        session, block = tracker.state, tracker.latest
        engine = self._engine_of(session.child_id, session.tool_id)
        if engine is None or block is None:
            return
        plan = engine.state.plan
        if plan.unit != session.unit or plan.calibrations.get(session.hand) != session.calibration_id:
            # another calibration than the child's best rests on: the warm-up sets the measure
            engine.state.best.pop(session.hand, None)
            calibrations = {**plan.calibrations, session.hand: session.calibration_id}
            best = {hand: value for hand, value in plan.best.items() if hand != session.hand}
            engine.state.plan = replace(plan, unit=session.unit, calibrations=calibrations, best=best)
        if plan.source is not session.source:  # nothing was known of a tool that slept
            engine.state.plan = replace(engine.state.plan, source=session.source)
        if session.session_id not in engine.state.sessions:
            engine.state.sessions.append(session.session_id)
        offset_s = tracker.utc_s(0.0)
        known = [
            (offset_s + t_s, value)
            for t_s, value in zip(block.t_s.tolist(), block.values.tolist(), strict=True)
            if value == value  # noqa: PLR0124 - not a NaN: the tool had no reading
        ]
        if not known:
            return
        times, values = zip(*known, strict=True)
        cues = engine.levels(session.hand, times, values, tracker.rest)
        if cues:
            self._later(self._keep(session.child_id, cues))
        self._tell(session.child_id)

    def squeezed(self, events: Sequence[Event]) -> Entry:
        """Take counted squeezes; what is to be committed together with them."""
        touched: dict[str, list[Cue]] = {}
        for event in events:
            if isinstance(event, SqueezeCounted) and (
                engine := self._engine_of(event.child_id, event.tool_id)
            ):
                at_s = event.measured_at.timestamp()
                touched.setdefault(event.child_id, []).extend(
                    engine.squeeze(
                        event.hand,
                        onset_s=at_s,
                        offset_s=at_s + event.offset_s - event.onset_s,
                        peak=event.peak,
                    )
                )
        for child_id in touched:
            self._tell(child_id)
        return self._entry(list(touched))

    async def lost(self, child_id: str, tool_id: str, hand: Hand) -> None:
        """Take note that a tool is out of reach."""
        engine = self._engine_of(child_id, tool_id)
        if engine and (cues := engine.lost(hand, self._clock.utc_s())):
            await self._keep(child_id, cues)

    # -- keeping

    def _engine_of(self, child_id: str, tool_id: str) -> ExerciseEngine | None:
        engine = self._engines.get(child_id)
        if engine is None or engine.ended or tool_id not in engine.state.plan.tools.values():
            return None
        return engine

    async def _note_alive(self, today: date) -> None:
        try:
            await asyncio.to_thread(self._committer.outbox.note_alive, today)
        except StoreError as error:
            log.warning("That the hub ran today was not noted: %s", error)

    async def _keep(self, child_id: str, cues: Sequence[Cue]) -> None:
        """Commit how it stands, and tell."""
        entry = self._entry([child_id])
        self._tell(child_id)
        await self._committer.commit(entry)
        if Cue.TARE in cues:
            await self._zero(self._engines[child_id].state)

    def _entry(self, children: Sequence[str]) -> Entry:
        events: list[Event] = []
        exercises: dict[str, str | None] = {}
        for child_id in children:
            engine = self._engines[child_id]
            exercises[child_id] = None if engine.ended else engine.state.to_json()
            if engine.ended:
                events += self._results(engine.state)
        return Entry(events, exercises=exercises)

    def _results(self, state: ExerciseState) -> list[Event]:
        plan = state.plan
        at = utc(state.started_s)
        about = {
            "measured_at": at,
            "site": self._config.site,
            "hub": self._config.hub,
            "child_id": plan.child_id,
            "source": plan.source,
            "day": local_day(at, self._zone),
            "session_id": state.sessions[0] if state.sessions else None,
        }
        gap_s = sum((gap.until_s or gap.since_s) - gap.since_s for gap in state.gaps)
        judged = [rep.hit for rep in state.reps if rep.hit is not None]
        events: list[Event] = [
            ActivityDone(
                event_id=event_id(plan.exercise_id, "done"),
                item_id=plan.item_id,
                activity_id=plan.activity_id,
                evidence=Evidence.SENSOR,
                hand=Hand(plan.hands.value) if plan.hands.value in set(Hand) else None,
                minutes=round(((state.ended_s or state.started_s) - state.started_s) / 60, 2),
                sets=state.sets_done,
                sets_asked=plan.sets,
                reps=len(state.reps),
                reps_asked=plan.sets * plan.reps,
                hits=sum(judged) if judged else None,
                ended_by=state.ended_by or "",
                gap_s=round(gap_s, 3),
                sessions=tuple(state.sessions[-100:]),
                **about,
            )
        ]
        faces = [face for _, face in state.pain if face is not None]
        if plan.pain_before is not None or faces:
            events.append(
                FeedbackGiven(
                    event_id=event_id(plan.exercise_id, "pain"),
                    pain_before=plan.pain_before,
                    pain_after=faces[-1] if faces else None,
                    **about,
                )
            )
        return events

    async def _zero(self, state: ExerciseState) -> None:
        """Zero the tools that lie untouched and do not show zero; where that fails it goes on without."""
        for hand, tool_id in state.plan.tools.items():
            quiet = state.quiet.get(hand)
            if quiet is None or abs(quiet.low + quiet.high) / 2 <= ZERO.get(state.plan.unit, float("inf")):
                continue
            try:
                await self._tare(tool_id)
            except GripError as error:
                log.warning("%s was not zeroed: %s", tool_id, error)

    def _tell(self, child_id: str) -> None:
        if changed := self._changed.get(child_id):
            changed.set()

    def _later(self, work: Awaitable[None]) -> None:
        """Do something beside the samples, which must not wait for it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _view(self, child_id: str) -> ExerciseView:
        state = self._engines[child_id].state
        plan = state.plan
        rest_left_s = None
        if state.phase is Phase.REST:
            rest_left_s = max(0.0, state.phase_since_s + plan.rest_s - self._clock.utc_s())
        zones = {hand: zone for hand in plan.tools if (zone := state.zone(hand))}
        return ExerciseView(
            exercise_id=plan.exercise_id,
            child_id=plan.child_id,
            item_id=plan.item_id,
            title=plan.title,
            phase=state.phase.value,
            cue=state.cue,
            words=WORDS[state.cue],
            for_parent=state.cue in FOR_PARENTS,
            set_number=state.set_number,
            sets=plan.sets,
            in_set=state.in_set,
            reps=plan.reps,
            done=len(state.reps),
            hits=state.hits if zones or plan.hold_s else None,
            warmed_up=state.warmed_up,
            warm_up=plan.warm_up * (2 if plan.pairs else 1),
            rest_left_s=rest_left_s,
            hold_s=plan.hold_s,
            unit=plan.unit,
            zones=zones,
            levels=state.level,
            away=tuple(state.away),
            ended_by=state.ended_by,
            sessions=tuple(state.sessions[-100:]),
            before=plan.before,
        )
