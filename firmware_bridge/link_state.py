"""Where each tool's link stands, with a reason that a parent understands, and how it came there."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

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
        """Take a new state; one that repeats the last in all but time and strength is dropped."""
        history = self._histories.pop(state.tool_id, None) or deque(maxlen=HISTORY)
        self._histories[state.tool_id] = history  # the latest stands last
        while len(self._histories) > MAX_TOOLS:
            del self._histories[next(iter(self._histories))]
        if history and _says(history[-1]) == _says(state):
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
    return state.phase, state.reason, state.error, state.radio, state.attempts
