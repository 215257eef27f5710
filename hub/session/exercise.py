"""An exercise that is being done: what was asked, and how far it has come; kept as text by the hub."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from ...firmware_bridge.errors import GripError
from ...firmware_bridge.samples import Unit
from ..program.faces import PainRule
from ..program.prescription import Hands
from ..records.vocabulary import Hand, Source
from .cues import Cue

EndedBy = Literal["done", "enough", "pain", "child", "parent", "left"]


class Because(StrEnum):
    """Why a child cannot be led now, for screens that have their own words."""

    NOT_ASKED = "not_asked"  #: no such item stands in today's program
    NOTHING_DUE = "nothing_due"  #: all that a tool counts is done for today, or rests, or was not asked for
    HOUSEHOLD = "household"  #: it is done without a tool, and ticked
    ENOUGH_TODAY = "enough_today"  #: the day's most is reached
    NO_TOOL = "no_tool"  #: no tool of the child's fits
    UNDER_WAY = "under_way"  #: another one has not ended
    NONE = "none"  #: nothing is under way, or what was said has no sense in it now


class NoExercise(GripError):
    """A child cannot be led through something now.

    Attributes
    ----------
    child_id : str
    because : Because
    """

    def __init__(self, child_id: str, because: Because, problem: str, advice: str) -> None:
        self.child_id = child_id
        self.because = because
        super().__init__(f"{problem}. {advice}")


class Phase(StrEnum):
    """What the child is to do."""

    QUIET = "quiet"  #: nobody touches the tools: they are checked and zeroed
    WARM_UP = "warm_up"  #: squeezes that do not count
    SET = "set"
    REST = "rest"
    ASKING = "asking"  #: something hurts a little: a grown-up asks whether to go on
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for, ready to be done.

    Attributes
    ----------
    sets, reps : int
        Reps in a set; of `Hands.BOTH` at once, of `Hands.ALTERNATING` one hand each.
    zone : tuple of int or None
        Per cent of `best`.
    best : mapping
        The child's own best with this tool, in `unit`, by hand; what is missing is learned from the warm-up.
    tools : mapping
        Tool id by hand: one or two.
    still : float
        Range of a tool that nobody touches, in `unit`.
    calibrations : mapping
        Calibration that `best` rests on, by hand.
    reps_left : int or None
        Of the day's most; None: no bound.
    before : int
        Reps that tools counted on this day before.
    """

    child_id: str
    item_id: str
    title: str
    hands: Hands
    sets: int
    reps: int
    unit: Unit
    tools: Mapping[Hand, str]
    hold_s: float = 0.0
    rest_s: float = 30.0
    warm_up: int = 3
    zone: tuple[int, int] | None = None
    best: Mapping[Hand, float] = field(default_factory=dict)
    calibrations: Mapping[Hand, str | None] = field(default_factory=dict)
    still: float = 0.3
    pain: PainRule = field(default_factory=PainRule)
    pain_before: int | None = None
    reps_left: int | None = None
    before: int = 0
    activity_id: str | None = None
    asked: bool = True  #: the item stands in the program
    source: Source = Source.REAL
    exercise_id: UUID = field(default_factory=uuid4)

    @property
    def pairs(self) -> bool:
        """Whether a rep takes a squeeze of each hand at the same time."""
        return self.hands is Hands.BOTH and len(self.tools) > 1


@dataclass(frozen=True, slots=True)
class TestPlan:
    """A strength test that is asked for, ready to be done.

    Attributes
    ----------
    hands : tuple of Hand
        In the order in which they begin.
    tool_id : str
        One tool for all hands: results of two do not compare.
    """

    __test__ = False  # pytest takes it for its own otherwise

    child_id: str
    item_id: str
    title: str
    protocol: Literal["asht", "southampton", "nih", "nhanes", "ploegmakers"]
    hands: tuple[Hand, ...]
    tool_id: str
    pain: PainRule = field(default_factory=PainRule)
    pain_before: int | None = None
    source: Source = Source.REAL
    exercise_id: UUID = field(default_factory=uuid4)


@dataclass(slots=True)
class Gap:
    """A tool was out of reach; what was squeezed meanwhile may come later, or not at all."""

    hand: Hand
    since_s: float
    in_set: int
    after_reps: int
    until_s: float | None = None


@dataclass(slots=True)
class Rep:
    """A squeeze that counts. `hit`: in the zone for as long as asked; None where there is no zone."""

    at_s: float
    in_set: int
    hand: Hand
    peak: float
    held_s: float
    hit: bool | None
    lag_s: float | None = None  #: between the hands, of a rep of both


@dataclass(slots=True)
class Quiet:
    """Since when a tool lies still, and between which levels."""

    since_s: float
    low: float
    high: float


@dataclass(slots=True)
class ExerciseState:
    """All that is needed to go on. Times are Unix seconds."""

    plan: Plan
    started_s: float
    phase: Phase = Phase.QUIET
    phase_since_s: float = 0.0
    asking_from: Phase = Phase.SET  #: where an asking goes on
    set_number: int = 0  #: from 1; 0 before the first
    set_since_s: float = 0.0
    warmed_up: int = 0
    reps: list[Rep] = field(default_factory=list)
    extra: int = 0  #: squeezes that did not count: in a rest, of the wrong hand
    best: dict[Hand, float] = field(default_factory=dict)
    waiting: dict[Hand, Rep] = field(default_factory=dict)  #: one hand's half of a rep of both
    away: dict[Hand, float] = field(default_factory=dict)  #: since when
    gaps: list[Gap] = field(default_factory=list)
    quiet: dict[Hand, Quiet] = field(default_factory=dict)
    runs: dict[Hand, list[tuple[float, float]]] = field(default_factory=dict)  #: in the zone, from and to
    level: dict[Hand, float] = field(default_factory=dict)
    active_s: float = 0.0  #: when the child last did something
    cue: Cue = Cue.LAY_DOWN
    cue_s: float = 0.0
    pain: list[tuple[float, int | None]] = field(default_factory=list)  #: None: it hurts, no face was asked
    sessions: list[UUID] = field(default_factory=list)  #: in which tools counted
    ended_by: EndedBy | None = None
    ended_s: float | None = None

    @property
    def in_set(self) -> int:
        """Reps of the present set."""
        return sum(rep.in_set == self.set_number for rep in self.reps)

    @property
    def hits(self) -> int:
        """Reps in the zone for as long as asked."""
        return sum(bool(rep.hit) for rep in self.reps)

    @property
    def sets_done(self) -> int:
        """Sets that were done to the last rep."""
        return sum(
            sum(rep.in_set == n for rep in self.reps) >= self.plan.reps for n in range(1, self.plan.sets + 1)
        )

    def zone(self, hand: Hand) -> tuple[float, float] | None:
        """The zone of a hand in the plan's unit; None where none was asked for, or the best is not known."""
        best = self.best.get(hand)
        if self.plan.zone is None or best is None:
            return None
        return self.plan.zone[0] / 100 * best, self.plan.zone[1] / 100 * best

    def to_json(self) -> str:
        """Text for the outbox."""
        return _STATE.dump_json(self).decode()

    @staticmethod
    def from_json(text: str) -> "ExerciseState":
        """Read what `to_json` wrote; raises pydantic's ValidationError."""
        return _STATE.validate_json(text)


_STATE = TypeAdapter(ExerciseState)
