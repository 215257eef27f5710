"""How far a viewer is with pairing a tool, what the page shows of it, and what they press."""

from dataclasses import dataclass
from enum import StrEnum, auto

from ..firmware_bridge.candidates import OWN, Candidate
from ..firmware_bridge.errors import GripError
from ..firmware_bridge.nearness import Nearness
from ..firmware_bridge.pairing_diagnosis import PairingProblem
from ..firmware_bridge.quiet_check import QuietReport
from ..hub.control.address import HubNotRunning
from ..hub.control.answers import ControlError, Paired
from ..hub.records.vocabulary import Hand
from ..hub.tools import HomeTool


class Stage(StrEnum):
    """How far a viewer is."""

    LOOKING = auto()  #: tools that are near are listed
    CONNECTING = auto()
    PASSKEY = auto()  #: the tool shows six digits
    RECOGNISE = auto()  #: it blinks: is it this one?
    WHOSE = auto()  #: which child, which hand?
    LAY_DOWN = auto()  #: before the quiet check
    CHECKING = auto()
    CHECKED = auto()  #: and all was not well
    DONE = auto()
    TROUBLE = auto()  #: `State.trouble` says which
    OVER = auto()  #: the tool was let go since nobody was there


class Standing(StrEnum):
    """What keeps a tool from being paired; in the order in which a list shows them."""

    READY = auto()
    BUTTON = auto()  #: its button has to be held
    HELD = auto()  #: a phone or another hub is connected to it
    OURS = auto()  #: paired already
    SILENT = auto()  #: not heard for some seconds


@dataclass(frozen=True, slots=True)
class Found:
    """A tool that is near, as far as a list shows it."""

    id: str
    title: str
    name: str
    nearness: Nearness
    standing: Standing

    @classmethod
    def of(cls, candidate: Candidate) -> "Found":
        """Say of a candidate what a parent wants to know."""
        standing = Standing.READY
        if candidate.silent:
            standing = Standing.SILENT
        elif candidate.ours:
            standing = Standing.OURS
        elif candidate.held:
            standing = Standing.HELD
        elif candidate.driver == OWN and candidate.pairing_mode is False:
            standing = Standing.BUTTON
        return cls(candidate.id, candidate.title, candidate.name, candidate.nearness, standing)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why it does not go on.

    Attributes
    ----------
    problem : PairingProblem or None
        None for what no wizard foresees.
    words : str
        As the hub said it.
    hub_runs : bool
    """

    problem: PairingProblem | None
    words: str
    hub_runs: bool = True

    @classmethod
    def of(cls, error: GripError) -> "Trouble":
        """Say what an error of the control client is."""
        code = error.problem if isinstance(error, ControlError) else ""
        problem = PairingProblem(code) if code in PairingProblem._value2member_map_ else None
        return cls(problem, error.args[0], hub_runs=not isinstance(error, HubNotRunning))


@dataclass(frozen=True, slots=True)
class State:
    """Everything that the page shows.

    Attributes
    ----------
    waited : bool
        No tool that could be paired was heard for `PATIENCE_S`.
    tared : bool
        The tool was set to zero on the way.
    """

    stage: Stage = Stage.LOOKING
    found: tuple[Found, ...] = ()
    waited: bool = False
    chosen: Found | None = None
    tool: Paired | None = None
    child: str = ""
    hand: Hand | None = None
    report: QuietReport | None = None
    tared: bool = False
    trouble: Trouble | None = None
    done: HomeTool | None = None


class Press(StrEnum):
    """What a viewer presses."""

    AGAIN = auto()  #: try again, blink again
    BACK = auto()  #: to the list
    YES = auto()  #: it is this one; it lies still, check it
    MEND = auto()  #: pair anew with a tool that was reset
    ALL_THE_SAME = auto()  #: use it though the check was not well


@dataclass(frozen=True, slots=True)
class Choose:
    """A tool of the list, by `Found.id`."""

    id: str


@dataclass(frozen=True, slots=True)
class Digits:
    """What stands on the tool; None if nothing does."""

    passkey: int | None


@dataclass(frozen=True, slots=True)
class Belongs:
    """Who uses the tool with which hand."""

    child: str
    hand: Hand


Said = Press | Choose | Digits | Belongs
