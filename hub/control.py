"""What is said to the running hub, on a socket in its data folder: one line of JSON each way.

A connection serves one request after another; what it holds (a tool that is being paired) is released when it
ends. Only the user that runs the hub may open it. `control_client` speaks it; `control_server` listens, and
`control_talk` answers.
"""

import os
from datetime import date, time
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from ..firmware_bridge.errors import AdapterCause, GripError
from ..firmware_bridge.link_state import LinkPhase, LinkState
from ..firmware_bridge.samples import ToolKind, Unit
from .config import Config
from .errors import SetupError
from .program.faces import Face
from .program.prescription import Slot
from .records.ids import Id
from .records.said import Statement
from .records.vocabulary import Hand
from .tools import HomeTool

FILE: Final = "hub.sock"

#: A path in a socket's address has room for 108 bytes on Linux and 104 on macOS, the last one a zero.
MAX_PATH_BYTES: Final = 103

#: A request is some hundred bytes, with a long observation some thousand; an answer with the history of a
#: tool some ten thousand.
MAX_REQUEST_BYTES: Final = 16384
MAX_ANSWER_BYTES: Final = 1 << 20


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ListTools(_Message):
    """The home's tools and where their links stand; answers a list of `ToolStatus`."""

    do: Literal["tools.list"] = "tools.list"


class ListRadios(_Message):
    """The hub's radios and how many tools each holds; answers a list of `RadioStatus`."""

    do: Literal["radios"] = "radios"


class UseTool(_Message):
    """Give a tool to another child or hand; answers the `HomeTool`."""

    do: Literal["tools.use"] = "tools.use"
    tool: str
    child: Id
    hand: Hand


class ForgetTool(_Message):
    """Let a tool be nobody's here, and delete its key; answers the `HomeTool` that it was."""

    do: Literal["tools.forget"] = "tools.forget"
    tool: str


class TareTool(_Message):
    """Take the present level of a tool that streams as zero."""

    do: Literal["tool.tare"] = "tool.tare"
    tool: str


class IdentifyTool(_Message):
    """Let a tool that streams blink."""

    do: Literal["tool.identify"] = "tool.identify"
    tool: str
    seconds: int = Field(10, ge=1, le=60)


class StrengthTest(_Message):
    """Lead a test of greatest strength with a tool that streams.

    Answers each `Step` as an item, and when it is over a list of `StrengthTested`. It is stopped when the
    connection ends; what was done till then is kept.
    """

    do: Literal["test.strength"] = "test.strength"
    tool: str
    protocol: Literal["asht", "southampton", "nih", "nhanes", "ploegmakers"] = "asht"
    hands: tuple[Hand, ...] = Field((), max_length=2, description="in their order; none: the tool's own")
    pain_before: int | None = Field(None, ge=0, le=10)
    grip: str = Field("", max_length=40)


class LinkHistory(_Message):
    """What became of a tool's link; answers a list of `LinkState`, oldest first."""

    do: Literal["links"] = "links"
    tool: str


class Candidates(_Message):
    """Tools that are near; answers a list of `Candidate` each second until the connection ends."""

    do: Literal["pair.candidates"] = "pair.candidates"
    strangers: bool = Field(False, description="also devices that nobody here knows")


class Pair(_Message):
    """Connect to a candidate, pair with it, and hold it for this connection; answers `Paired`.

    Where the tool wants a passkey the hub sends ``{"ask": "passkey"}``, and waits for a `PasskeyIs`.
    """

    do: Literal["pair.pair"] = "pair.pair"
    candidate: str
    mend: bool = Field(False, description="the parent agrees to pair anew with a tool that was reset")


class PasskeyIs(_Message):
    """What the parent read from the tool; none if nobody did."""

    do: Literal["passkey"] = "passkey"
    passkey: int | None = Field(None, ge=0, le=999_999)


class Blink(_Message):
    """Let the held tool blink for a while."""

    do: Literal["pair.blink"] = "pair.blink"


class QuietCheck(_Message):
    """Look at the held tool while nobody touches it; answers a `QuietReport`."""

    do: Literal["pair.quiet_check"] = "pair.quiet_check"


class Tare(_Message):
    """Take the present level of the held tool as zero."""

    do: Literal["pair.tare"] = "pair.tare"


class Finish(_Message):
    """Take the held tool into the home; the hub uses it from now on. Answers the `HomeTool`."""

    do: Literal["pair.finish"] = "pair.finish"
    child: Id
    hand: Hand


class StartExercise(_Message):
    """Lead a child through squeezes or a strength test of its program; answers an `ExerciseView`."""

    do: Literal["exercise.start"] = "exercise.start"
    child: Id
    item: Id | None = Field(None, description="without one, the first that is due and that a tool counts")
    pain_before: Face | None = None


class TellExercise(_Message):
    """Say something during an exercise or a test; answers an `ExerciseView`.

    ``longer`` asks for half a minute more of a rest. ``after`` answers what is asked at the end of a test:
    the face of pain, and whether the child sat as it should.
    """

    do: Literal["exercise.tell"] = "exercise.tell"
    child: Id
    what: Literal["stop", "pain", "skip", "confirm", "longer", "after"]
    by: Literal["child", "parent"] = Field("parent", description="who stops")
    face: Face | None = Field(None, description="of pain; none: nobody asked how much, and it ends")
    position_kept: bool | None = None


class WatchExercise(_Message):
    """See how an exercise goes; answers an `ExerciseView` each time it changes, until it has ended."""

    do: Literal["exercise.watch"] = "exercise.watch"
    child: Id


class Record(_Message):
    """Take in what somebody did or said, as an event; answers nothing."""

    do: Literal["record"] = "record"
    event: Annotated[Statement, Field(discriminator="schema_")]


class AskReminders(_Message):
    """What is left of a child's day, and of what the family was reminded; answers `RemindersToday`."""

    do: Literal["reminders.today"] = "reminders.today"
    child: Id


Request = Annotated[
    ListTools
    | ListRadios
    | UseTool
    | ForgetTool
    | TareTool
    | IdentifyTool
    | StrengthTest
    | LinkHistory
    | Candidates
    | Pair
    | Blink
    | QuietCheck
    | Tare
    | Finish
    | StartExercise
    | TellExercise
    | WatchExercise
    | Record
    | AskReminders,
    Field(discriminator="do"),
]
REQUEST: Final[TypeAdapter[Request]] = TypeAdapter(Request)


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


class Problem(BaseModel):
    """Why a request came to nothing."""

    kind: str  #: name of the error's class
    problem: str = ""  #: a `PairingProblem`, or why a child cannot be led: `session.exercise.Because`
    message: str


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
        super().__init__(problem.message)


class HubNotRunning(GripError):
    """No hub listens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"GripHub is not running (nobody answers at {path}). Start it with `griphub up`.")


def socket_path(config: Config) -> Path:
    """Where the hub of this configuration listens.

    Raises
    ------
    SetupError
        If the data folder's name is too long for a socket in it.
    """
    path = (config.data_dir / FILE).absolute()
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise SetupError(
            f"The data folder {config.data_dir} has too long a name for the socket {FILE} in it "
            f"({len(os.fsencode(path))} bytes, {MAX_PATH_BYTES} are possible)",
            "Choose a shorter one with GRIPHUB_DATA_DIR.",
        )
    return path
