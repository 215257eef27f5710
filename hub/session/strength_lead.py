"""A strength test that the program asks for: led, asked about at its end, and kept until answered."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Self
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from ...firmware_bridge.tool import ToolDescription
from ...signal.strength import PROTOCOLS
from ..config import Config
from ..live import ExerciseView
from ..program.local_days import local_day
from ..records.event import Event
from ..records.ids import event_id
from ..records.said import FeedbackGiven
from ..records.strength import StrengthTested
from ..records.vocabulary import Hand
from ..utc import utc
from .cues import FOR_PARENTS, WORDS, Cue
from .engine import LEFT_S
from .exercise import EndedBy, TestPlan
from .lead import Said
from .leading import LedTest
from .strength_steps import Phase, Step
from .tracker import SessionTracker

#: So long somebody is asked for pain and position; then what was measured goes without them.
ANSWER_S: Final = 180.0

_CUES: Final = {
    Phase.QUIET: Cue.LAY_DOWN,
    Phase.READY: Cue.SQUEEZE,
    Phase.HOLD: Cue.HOLD,
    Phase.LET_GO: Cue.LET_GO,
    Phase.REST: Cue.REST,
    Phase.OVER: Cue.ALL_DONE,
}
_ENDS: Final = {"done": Cue.ALL_DONE, "pain": Cue.STOPPED_FOR_PAIN}


@dataclass(slots=True)
class TestState:
    """All that is kept of a test. Times are Unix seconds."""

    __test__ = False

    plan: TestPlan
    started_s: float
    active_s: float  #: when somebody last did or said something
    asking: bool = False  #: whether to go on, after pain
    measured: list[StrengthTested] | None = None  #: None: trials are still being made
    pain: list[tuple[float, int | None]] = field(default_factory=list)
    position_kept: bool | None = None
    ended_by: EndedBy | None = None
    ended_s: float | None = None


_STATE: Final = TypeAdapter(TestState)


class TestLead:
    """Leads a child through a strength test with one tool.

    Parameters
    ----------
    clock : callable
        UTC now, in Unix seconds.
    over : callable
        Told when the last trial is made.

    Attributes
    ----------
    test : PrescribedTest
        For whoever has the tool's samples.
    """

    __test__ = False

    def __init__(self, state: TestState, clock: Callable[[], float], over: Callable[[], None]) -> None:
        self._state = state
        self._clock = clock
        self._over = over
        self.test = PrescribedTest(state.plan, self)
        self._step = self.test.run.step()
        self._step_s = state.started_s
        self._news: tuple[str, ...] = ()
        self._away: tuple[Hand, ...] = ()
        self._ending: EndedBy = "done"

    @classmethod
    def begin(
        cls, plan: TestPlan, clock: Callable[[], float], over: Callable[[], None], *, away: bool
    ) -> Self:
        """Open a test; `away`: the tool does not stream yet."""
        lead = cls(TestState(plan, clock(), clock()), clock, over)
        lead._away = plan.hands[:1] if away else ()
        return lead

    @classmethod
    def restore(cls, text: str, clock: Callable[[], float]) -> Self:
        """Take up what a killed hub left. A test that was under way is over: nobody knows what was done.

        Raises
        ------
        pydantic.ValidationError
        """
        lead = cls(_STATE.validate_json(text), clock, lambda: None)
        if lead._state.measured is None:
            lead._state.measured = []
            lead._end("left", clock())
        return lead

    @property
    def title(self) -> str:
        """Of the item."""
        return self._state.plan.title

    @property
    def tools(self) -> Collection[str]:
        """The one tool."""
        return (self._state.plan.tool_id,)

    @property
    def ended_s(self) -> float | None:
        """When it ended, answers included."""
        return self._state.ended_s

    @property
    def counts_down(self) -> bool:
        """Whether a rest is under way."""
        return self._step.phase is Phase.REST and self._state.measured is None

    @property
    def waits(self) -> bool:
        """Whether the tool's samples are nobody's trial just now."""
        return self._state.asking

    def to_json(self) -> str:
        """All that is needed to go on after a kill."""
        return _STATE.dump_json(self._state, by_alias=True).decode()

    # -- what happens

    def tell(self, said: Said, now_s: float) -> Sequence[Cue]:
        """Take what somebody says; what has no sense now changes nothing."""
        state = self._state
        state.active_s = now_s
        match said.what:
            case "stop" if state.measured is None:
                return self._stop(said.by)
            case "pain":
                return self._pain(said.face, now_s)
            case "confirm" if state.asking:
                state.asking = False
                self.test.run.lay_aside()
                self._stepped(self.test.run.step())
                return [Cue.GO_ON]
            case "after" | "confirm" | "skip" | "stop" if state.measured is not None:
                if said.face is not None:
                    state.pain.append((now_s, said.face))
                state.position_kept = said.position_kept
                return self._end("done", now_s)
        return []

    def tick(self, now_s: float) -> Sequence[Cue]:
        """Let time pass."""
        state = self._state
        if state.measured is None:
            return self._stop("left") if now_s - state.active_s >= LEFT_S else []
        return self._end("done", now_s) if now_s - state.active_s >= ANSWER_S else []

    def lost(self, hand: Hand, now_s: float) -> Sequence[Cue]:
        """Take note that the tool is out of reach; the test waits for it, as far as its protocol lets it."""
        if self._state.measured is not None:
            return []
        self._away = (hand,)
        return [Cue.COME_NEARER]

    def stepped(self, step: Step) -> None:
        """Take what the test says after the latest samples."""
        if step.news or step.phase is not self._step.phase:
            self._state.active_s = self._clock()
        self._stepped(step)

    def made(self, results: list[StrengthTested]) -> None:
        """Take what came of the trials, whether all were made or not."""
        if self._state.measured is not None:
            return
        now_s = self._clock()
        self._state.measured, self._state.active_s, self._state.asking = results, now_s, False
        if self.test.run.stopped and self._ending == "done":  # the tool was given to another child
            self._ending = "left"
        if self._ending != "done":
            self._end(self._ending, now_s)
        self._over()

    def _stepped(self, step: Step) -> None:
        self._step, self._step_s, self._away = step, self._clock(), ()
        self._news = step.news or self._news

    def _pain(self, face: int | None, now_s: float) -> Sequence[Cue]:
        state = self._state
        state.pain.append((now_s, face))
        if state.measured is not None:
            return []
        if face is None or state.plan.pain.stops(state.plan.pain_before, face):
            return self._stop("pain")
        state.asking = True
        return [Cue.ASK_GO_ON]

    def _stop(self, by: EndedBy) -> Sequence[Cue]:
        self._ending = by
        return [Cue.END_TEST]

    @property
    def why(self) -> str:
        """Why it was stopped, as its results tell."""
        return self._ending

    def _end(self, by: EndedBy, now_s: float) -> Sequence[Cue]:
        self._state.ended_by, self._state.ended_s = by, now_s
        return [_ENDS.get(by, Cue.STOPPED)]

    # -- what it comes to

    def results(self, config: Config, zone: ZoneInfo | None) -> list[Event]:
        """The results of each hand, and the pain that was shown."""
        state, plan = self._state, self._state.plan
        after = self._after
        events: list[Event] = [
            one.model_copy(update={"pain_after": after, "position_kept": state.position_kept})
            for one in state.measured or []
        ]
        if plan.pain_before is None and after is None:
            return events
        at = utc(state.started_s)
        said = FeedbackGiven(
            event_id=event_id(plan.exercise_id, "pain"),
            measured_at=at,
            site=config.site,
            hub=config.hub,
            child_id=plan.child_id,
            source=state.measured[0].source if state.measured else plan.source,
            day=local_day(at, zone),
            session_id=state.measured[0].session_id if state.measured else None,
            pain_before=plan.pain_before,
            pain_after=after,
        )
        return [*events, said]

    def view(self, now_s: float) -> ExerciseView:
        """How far it has come."""
        state, plan, step = self._state, self._state.plan, self._step
        preset = PROTOCOLS[plan.protocol]
        cue, words = self._saying()
        left_s = None if step.left_s is None else max(0.0, step.left_s - (now_s - self._step_s))
        done = self.test.run.done if state.measured is None else sum(map(_counted, state.measured))
        return ExerciseView(
            exercise_id=plan.exercise_id,
            child_id=plan.child_id,
            item_id=plan.item_id,
            title=plan.title,
            kind="strength_test",
            phase=self._phase(),
            cue=cue,
            words=words,
            for_parent=cue in FOR_PARENTS,
            set_number=1,
            in_set=done,
            reps=preset.trials * len(self.test.run.hands),
            done=done,
            rest_left_s=left_s if step.phase is Phase.REST else None,
            hold_s=self.test.run.hold_s,
            hold_left_s=left_s if step.phase is Phase.HOLD else None,
            unit=step.unit,
            levels={step.hand: step.force},
            away=self._away,
            ended_by=state.ended_by,
            pain_before=plan.pain_before,
            pain_after=self._after,
            script=f"The child is {preset.position}." if preset.position else "",
            hand=step.hand,
            trial=step.trial,
            trials=step.trials,
            practice=step.practice,
            news=self._news,
        )

    @property
    def _after(self) -> int | None:
        return next((face for _, face in reversed(self._state.pain) if face is not None), None)

    def _phase(self) -> str:
        state, step = self._state, self._step
        if state.ended_by:
            return "ended"
        if state.asking or state.measured is not None:
            return "asking"
        if step.phase in (Phase.QUIET, Phase.REST):
            return step.phase.value
        return "warm_up" if step.practice else "set"

    def _saying(self) -> tuple[Cue, str]:
        state = self._state
        if state.ended_by:
            cue = _ENDS.get(state.ended_by, Cue.STOPPED)
        elif state.measured is not None:
            cue = Cue.ASK_AFTER
        elif state.asking:
            cue = Cue.ASK_GO_ON
        elif self._away:
            cue = Cue.COME_NEARER if self.test.run.began else Cue.WAKE
        else:
            return _CUES[self._step.phase], self._step.say
        return cue, WORDS[cue]


def _counted(result: StrengthTested) -> int:
    return sum(not (one.practice or one.faults or one.because) for one in result.trials)


class PrescribedTest(LedTest):
    """A led test whose results wait until somebody was asked how it was."""

    prescribed = True

    def __init__(self, plan: TestPlan, lead: TestLead) -> None:
        super().__init__(plan.protocol, plan.hands, pain_before=plan.pain_before)
        self._lead = lead

    def take(self, tracker: SessionTracker, tool: ToolDescription) -> list[Event]:
        """Take a session's latest block."""
        if not self._lead.waits and (step := self.feed(tracker, tool)):
            self._lead.stepped(step)
        return []

    def stop(self, why: str) -> list[Event]:
        """End it early; what was done is kept."""
        self.run.stop(why)
        return []

    def told(self) -> None:
        """Nothing more is measured."""
        self._lead.made(self.come_to())
