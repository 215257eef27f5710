"""Where each tool's link stands, with a reason that a parent understands, and how it came there."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from .errors import (
    AdapterCause,
    AdapterUnavailable,
    BondLost,
    GripError,
    LinkLost,
    NoFreeSlot,
    PairingRefused,
    ToolHeld,
    ToolRefused,
    UnsupportedTool,
)
from .sentence import Sentence

#: Changes remembered per tool: some days of a bad radio.
HISTORY: Final = 200
#: Tools remembered at a time.
MAX_TOOLS: Final = 500


class LinkPhase(StrEnum):
    """What the hub is doing about a tool."""

    AWAY = "away"  #: not heard
    WAITING = "waiting"  #: heard, and its turn to be connected comes
    CONNECTING = "connecting"
    STREAMING = "streaming"
    ASLEEP = "asleep"  #: it said goodbye
    LOST = "lost"  #: the link ended without a goodbye
    RETRYING = "retrying"  #: the last attempt failed; another one follows
    REFUSED = "refused"  #: it will not work without somebody's help: `reason` says which


@dataclass(frozen=True, slots=True)
class LinkState:
    """One state of one tool's link.

    Attributes
    ----------
    tool_id : str
        Or the advertised name, as long as the tool has not told its id.
    phase : LinkPhase
    since_s : float
        Unix time at which it came into this state.
    reason : str
        A sentence, empty where the phase says it all.
    error : str
        Name of the error class behind it, for programs; empty if none.
    radio : str
        On which radio.
    rssi_dbm : int or None
        Signal strength when last heard.
    attempts : int
        Failed attempts in a row.
    """

    tool_id: str
    phase: LinkPhase
    since_s: float
    reason: str = ""
    error: str = ""
    radio: str = ""
    rssi_dbm: int | None = None
    attempts: int = 0


class LinkLog:
    """The present state of all tools, and their history."""

    def __init__(self, changed: Callable[[LinkState], None] = lambda _: None) -> None:
        self._changed = changed
        self._histories: dict[str, deque[LinkState]] = {}

    def note(self, state: LinkState) -> None:
        """Take a new state.

        One that says the same as the last takes its place, so that a night of failed attempts is one entry of
        the history.
        """
        history = self._histories.pop(state.tool_id, None) or deque(maxlen=HISTORY)
        self._histories[state.tool_id] = history  # the latest stands last
        while len(self._histories) > MAX_TOOLS:
            del self._histories[next(iter(self._histories))]
        if history and _says(history[-1]) == _says(state):
            history[-1] = replace(state, since_s=history[-1].since_s)
            return
        history.append(state)
        self._changed(state)

    def state(self, tool_id: str) -> LinkState | None:
        """Present state of a tool; None if it was never heard of."""
        history = self._histories.get(tool_id)
        return history[-1] if history else None

    def history(self, tool_id: str) -> tuple[LinkState, ...]:
        """States of a tool, oldest first."""
        return tuple(self._histories.get(tool_id, ()))

    def all(self) -> tuple[LinkState, ...]:
        """Present state of every tool."""
        return tuple(history[-1] for history in self._histories.values())


def _says(state: LinkState) -> tuple[object, ...]:
    return state.phase, state.reason, state.error, state.radio


#: Reasons that no error tells.
LOST: Final = Sentence(
    "The tool went out of range, or its battery is empty. Bring it near; the hub connects by itself."
)
SILENT: Final = Sentence("The hub does not hear the tool. Squeeze it to wake it, and bring it near.")

_WORDS: Final[tuple[tuple[type[Exception], LinkPhase, str], ...]] = (
    (
        LinkLost,
        LinkPhase.RETRYING,
        Sentence("The tool did not answer. Bring it near; the hub tries again by itself."),
    ),
    (
        BondLost,
        LinkPhase.REFUSED,
        "The tool or this hub was reset, and they no longer know each other. Pair it.",
    ),
    (
        PairingRefused,
        LinkPhase.REFUSED,
        "The tool does not let itself be paired. Hold its button until it blinks.",
    ),
    (
        UnsupportedTool,
        LinkPhase.REFUSED,
        "The tool does not speak as this hub expects. Its firmware may be too old.",
    ),
    (ToolRefused, LinkPhase.REFUSED, "The tool refused what the hub asked of it. Switch it off and on."),
    (
        NoFreeSlot,
        LinkPhase.REFUSED,
        "The hub's Bluetooth has no place for another tool. Let one that nobody uses fall asleep.",
    ),
    (ToolHeld, LinkPhase.REFUSED, "A phone or another hub is connected to the tool. Close its app there."),
    (GripError, LinkPhase.RETRYING, Sentence("The tool could not be used. The hub tries again by itself.")),
    (Exception, LinkPhase.RETRYING, Sentence("Something went wrong in the hub. It tries again by itself.")),
)
_RADIO_WORDS: Final = {
    AdapterCause.MISSING: "The hub's Bluetooth adapter is missing. Plug it in.",
    AdapterCause.OFF: "The hub's Bluetooth is switched off. Switch it on.",
    AdapterCause.NO_PERMISSION: "The hub may not use Bluetooth. Run `griphub doctor`: it says what to do.",
    AdapterCause.GONE: "The hub's Bluetooth went away. The hub tries again by itself.",
}


def explain(error: Exception) -> tuple[LinkPhase, str]:
    """Phase of a link that failed so, and the reason as a parent is told it."""
    if isinstance(error, AdapterUnavailable):
        return LinkPhase.RETRYING, _RADIO_WORDS[error.cause]
    return next((phase, words) for kind, phase, words in _WORDS if isinstance(error, kind))
