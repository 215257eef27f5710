"""What the hub answers on its control socket."""

from datetime import date, time
from typing import Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

from ...firmware_bridge.errors import AdapterCause, GripError
from ...firmware_bridge.link_state import LinkPhase, LinkState
from ...firmware_bridge.samples import ToolKind, Unit
from ...firmware_bridge.sentence import Sentence
from ..program.prescription import Slot
from ..tools import HomeTool

_PHASES: Final = {
    LinkPhase.AWAY: "Not heard. Squeeze it to wake it.",
    LinkPhase.WAITING: "Heard; its turn comes.",
    LinkPhase.CONNECTING: "Being connected.",
    LinkPhase.STREAMING: "Connected.",
    LinkPhase.ASLEEP: "Asleep. Squeeze it to wake it.",
    LinkPhase.LOST: "Lost a moment ago. Bring it nearer.",
    LinkPhase.RETRYING: "It did not answer. The hub tries again by itself.",
    LinkPhase.REFUSED: "It needs your help.",
}


class ToolFacts(BaseModel):
    """What a tool says of itself, and how its stream has been since the hub began."""

    model_config = ConfigDict(frozen=True)

    kind: ToolKind
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    simulated: bool = False
    rate_hz: float | None = None  #: nominal; None: uneven, or it does not say
    unit: Unit = Unit.UNKNOWN  #: of what it sends, before any calibration
    battery_percent: int | None = None  #: None where it does not tell
    can_blink: bool = False
    can_tare: bool = False
    because: dict[str, str] = {}  #: what it cannot do (``identify``, ``tare`` …), and why in a sentence
    received: int = 0  #: samples
    lost: int | None = None  #: samples; None where a missing one does not show
    counted: int | None = None  #: squeezes of the session that is open; None where none is
    link_losses: int = 0  #: links that ended without a goodbye
    calibration_due: date | None = None  #: None where the hub has no calibration that belongs to it

    @property
    def lost_percent(self) -> float | None:
        """Share of the samples that are missing; None where that is not known, or nothing came yet."""
        if self.lost is None or not self.received + self.lost:
            return None
        return 100 * self.lost / (self.received + self.lost)


class RadioStatus(BaseModel):
    """One radio of the hub, and how many tools it holds.

    How many it could hold no system tells. It is known once a radio said that it is full, from then on.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    open: bool
    cause: AdapterCause | None = None  #: why it is not open
    reason: str = ""  #: the same in a sentence
    simulated: bool = False
    links: int = 0
    most: int | None = None  #: held when it last said that it is full
    full: bool = False  #: it said so within the last half minute


class ToolStatus(BaseModel):
    """A tool of this home, and where its link stands."""

    tool: HomeTool
    link: LinkState | None = None  #: None if it was not heard since the hub started, or no hub runs
    facts: ToolFacts | None = None  #: None if it was not connected since the hub started, or no hub runs

    @property
    def words(self) -> str:
        """The same for a parent."""
        if self.link is None:
            return "Not heard yet. Squeeze it to wake it."
        return self.link.reason or _PHASES[self.link.phase]


class SlotToday(BaseModel):
    """What is left of today in one slot of the family's day."""

    slot: Slot
    at: time | None  #: by the family's clock; None: it never reminds, or all of it is done
    left: tuple[str, ...]  #: ids of the program's items
    due: bool  #: whether now is the time for it; never in quiet hours
    reminded_at: AwareDatetime | None  #: None: not yet


class RemindersToday(BaseModel):
    """How a child's day stands, in the order of the family's day."""

    child: str
    day: date
    quiet: bool  #: whether now are quiet hours, in which nobody is reminded
    quiet_from: time
    quiet_to: time
    slots: tuple[SlotToday, ...]


class Paired(BaseModel):
    """A tool that is held for this connection."""

    tool_id: str
    title: str
    simulated: bool
    battery_percent: int | None
    can_blink: bool
    can_tare: bool
    because: dict[str, str]  #: for what it cannot do (``identify``, ``tare`` …), the reason in a sentence


class Parts(BaseModel):
    """What a `Sentence` was made of."""

    model_config = ConfigDict(frozen=True)

    template: str
    fields: dict[str, "Parts | int | float | str"] = {}

    @classmethod
    def of(cls, said: Sentence) -> Self:
        """Take a sentence apart."""
        return cls(
            template=said.template,
            fields={
                name: cls.of(one)
                if isinstance(one, Sentence)
                else (one if isinstance(one, int | float) else str(one))
                for name, one in said.fields.items()
            },
        )

    def whole(self) -> Sentence:
        """Put it together again."""
        fields = {name: one.whole() if isinstance(one, Parts) else one for name, one in self.fields.items()}
        return Sentence(self.template, **fields)


class Problem(BaseModel):
    """Why a request came to nothing."""

    kind: str  #: name of the error's class
    problem: str = ""  #: a `PairingProblem`, or why a child cannot be led: `session.exercise.Because`
    message: str
    parts: Parts | None = None  #: what the message was made of, for readers of other languages


class Answer(BaseModel):
    """A line from the hub; just one of its fields is set."""

    result: JsonValue = None
    item: JsonValue = None
    ask: Literal["passkey"] | None = None
    error: Problem | None = None


class ControlError(GripError):
    """The hub did not do what it was asked to.

    Attributes
    ----------
    kind : str
        Name of the error's class in the hub.
    problem : str
        A `PairingProblem`, a `session.exercise.Because`, or empty.
    """

    def __init__(self, problem: Problem) -> None:
        self.kind = problem.kind
        self.problem = problem.problem
        super().__init__(problem.parts.whole() if problem.parts else problem.message)
