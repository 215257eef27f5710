"""What can be asked of the hub on its control socket."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ...firmware_bridge.errors import GripError
from ..program.faces import Face
from ..records.ids import Id
from ..records.said import Statement
from ..records.vocabulary import Hand


class BadRequest(GripError):
    """What came is no request."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The hub cannot answer: {reason}. See hub/control/requests.py for what can be asked."
        )


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
