"""An exercise of squeezes in the hub: what sessions bring goes to the engine, what it makes of it is told."""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from ...firmware_bridge.errors import GripError
from ...firmware_bridge.quiet_check import ZERO
from ..config import Config
from ..live import ExerciseView
from ..program.local_days import local_day
from ..records.event import Event
from ..records.ids import event_id
from ..records.said import ActivityDone, FeedbackGiven
from ..records.session import SqueezeCounted
from ..records.vocabulary import Evidence, Hand
from ..utc import utc
from .cues import FOR_PARENTS, WORDS, Cue
from .engine import ExerciseEngine
from .exercise import ExerciseState, Phase
from .lead import Said
from .tracker import SessionTracker

log = logging.getLogger(__name__)


class ExerciseLead:
    """Leads a child through squeezes.

    Parameters
    ----------
    engine : ExerciseEngine
    """

    def __init__(self, engine: ExerciseEngine) -> None:
        self._engine = engine

    @property
    def title(self) -> str:
        """Of the item."""
        return self._engine.state.plan.title

    @property
    def tools(self) -> Collection[str]:
        """Ids of the tools that take part."""
        return self._engine.state.plan.tools.values()

    @property
    def ended_s(self) -> float | None:
        """When it ended."""
        return self._engine.state.ended_s

    @property
    def counts_down(self) -> bool:
        """Whether a rest is under way."""
        return self._engine.state.phase is Phase.REST

    def tell(self, said: Said, now_s: float) -> Sequence[Cue]:
        """Take what somebody says; what has no sense now changes nothing."""
        match said.what:
            case "stop":
                return self._engine.stop(said.by, now_s)
            case "pain":
                return self._engine.pain(said.face, now_s)
            case "skip":
                return self._engine.skip(now_s)
            case "confirm":
                return self._engine.confirm(now_s)
            case "longer":
                return self._engine.longer(now_s)
        return []

    def tick(self, now_s: float) -> Sequence[Cue]:
        """Let time pass."""
        return self._engine.tick(now_s)

    def lost(self, hand: Hand, now_s: float) -> Sequence[Cue]:
        """Take note that a hand's tool is out of reach."""
        return self._engine.lost(hand, now_s)

    def to_json(self) -> str:
        """All that is needed to go on after a kill."""
        return self._engine.state.to_json()

    # -- what sessions bring

    def levels(self, tracker: SessionTracker) -> Sequence[Cue]:
        """Take the latest samples of a session."""
        session, block, state = tracker.state, tracker.latest, self._engine.state
        if block is None:
            return []
        plan = state.plan
        if plan.unit != session.unit or plan.calibrations.get(session.hand) != session.calibration_id:
            # another calibration than the child's best rests on: the warm-up sets the measure
            state.best.pop(session.hand, None)
            calibrations = {**plan.calibrations, session.hand: session.calibration_id}
            best = {hand: value for hand, value in plan.best.items() if hand != session.hand}
            state.plan = replace(plan, unit=session.unit, calibrations=calibrations, best=best)
        if plan.source is not session.source:  # nothing was known of a tool that slept
            state.plan = replace(state.plan, source=session.source)
        if session.session_id not in state.sessions:
            state.sessions.append(session.session_id)
        offset_s = tracker.utc_s(0.0)
        known = [
            (offset_s + t_s, value)
            for t_s, value in zip(block.t_s.tolist(), block.values.tolist(), strict=True)
            if value == value  # noqa: PLR0124 - not a NaN: the tool had no reading
        ]
        if not known:
            return []
        times, values = zip(*known, strict=True)
        return self._engine.levels(session.hand, times, values, tracker.rest)

    def squeezed(self, event: SqueezeCounted) -> None:
        """Take a counted squeeze."""
        at_s = event.measured_at.timestamp()
        offset_s = at_s + event.offset_s - event.onset_s
        self._engine.squeeze(event.hand, onset_s=at_s, offset_s=offset_s, peak=event.peak)

    async def zero(self, tare: Callable[[str], Awaitable[None]]) -> None:
        """Zero the tools that lie untouched and do not show zero; where that fails it goes on without."""
        state = self._engine.state
        for hand, tool_id in state.plan.tools.items():
            quiet = state.quiet.get(hand)
            if quiet is None or abs(quiet.low + quiet.high) / 2 <= ZERO.get(state.plan.unit, float("inf")):
                continue
            try:
                await tare(tool_id)
            except GripError as error:
                log.warning("%s was not zeroed: %s", tool_id, error)

    # -- what it comes to

    def results(self, config: Config, zone: ZoneInfo | None) -> list[Event]:
        """What was done, and the pain that was shown."""
        return _results(self._engine.state, config, zone)

    def view(self, now_s: float) -> ExerciseView:
        """How far it has come."""
        return _view(self._engine.state, now_s)


def _results(state: ExerciseState, config: Config, zone: ZoneInfo | None) -> list[Event]:
    plan = state.plan
    at = utc(state.started_s)
    about = {
        "measured_at": at,
        "site": config.site,
        "hub": config.hub,
        "child_id": plan.child_id,
        "source": plan.source,
        "day": local_day(at, zone),
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


def _view(state: ExerciseState, now_s: float) -> ExerciseView:
    plan = state.plan
    rest_left_s = None
    if state.phase is Phase.REST:
        rest_left_s = max(0.0, state.phase_since_s + plan.rest_s - now_s)
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
        pain_before=plan.pain_before,
        pain_after=next((face for _, face in reversed(state.pain) if face is not None), None),
    )
