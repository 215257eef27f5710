"""One tool of this hub: its device, its link, and what is said about it."""

import asyncio
import logging
import math
from dataclasses import dataclass
from typing import Final

from .clock import HostClock
from .errors import AdapterUnavailable, GripError, LinkLost, NoFreeSlot
from .heard import Neighbour
from .link_state import LOST, SILENT, LinkLog, LinkPhase, LinkState, explain
from .radio import Radio
from .tool import ToolClient

log = logging.getLogger(__name__)

#: A link that held so long brought samples: after its loss the first attempt is at once. What falls off
#: sooner, again and again, waits longer and longer.
STEADY_S: Final = 1.0

#: A tool that needs somebody's help is not disturbed more often: each attempt keeps it from being used by a
#: phone. Its button, or waking it, ends the wait.
REFUSED_MAX_S: Final = 60.0


@dataclass(slots=True, eq=False)
class ToolLink:
    """What a supervisor knows of one tool, and the words for it.

    Attributes
    ----------
    heard_s : float
        When a device was last heard that is, or claims to be, this tool.
    task : asyncio.Task or None
        Keeps its link; None while there is no attempt.
    neighbour : Neighbour or None
        The device of the last attempt.
    radio : Radio or None
        Of the last attempt.
    client : ToolClient or None
        While it is connected.
    since_s, ended_s : float
        Connected since; end of the last link.
    home : str
        Address of the device that had the last link as this tool.
    previous : ToolClient or None
        Had the last link with `home`.
    ending : GripError or None
        Why its task is being cancelled.
    """

    tool_id: str
    links: LinkLog
    clock: HostClock
    heard_s: float
    task: asyncio.Task[None] | None = None
    neighbour: Neighbour | None = None
    radio: Radio | None = None
    client: ToolClient | None = None
    since_s: float = math.inf
    ended_s: float = -math.inf
    home: str = ""
    previous: ToolClient | None = None
    ending: GripError | None = None

    def begin(self, client: ToolClient) -> None:
        """Take note that it is connected."""
        self.client = self.previous = client
        self.since_s = self.clock.monotonic_s()
        if self.neighbour:
            self.home = self.neighbour.address
        self.note(LinkPhase.STREAMING)

    def end(self) -> None:
        """Take note that an attempt or a link is over."""
        now_s = self.clock.monotonic_s()
        if self.neighbour:
            self.neighbour.ended_s = now_s
        if self.client:
            self.ended_s = now_s
            if self.radio:
                self.radio.full_until_s = -math.inf  # this link's place is free
        self.task = self.client = self.ending = None
        self.since_s = math.inf

    def settle(self) -> None:
        """Take note that it works."""
        if self.neighbour:
            self.neighbour.retries.reset()

    def fail(self, error: Exception) -> None:
        """Say why a link failed, and when the next attempt may be."""
        log.info("%s: %s", self.tool_id, error)
        phase, reason = explain(error)
        if self.client and isinstance(error, LinkLost | AdapterUnavailable):
            phase = LinkPhase.LOST
            if isinstance(error, LinkLost):
                reason = LOST
        now_s = self.clock.monotonic_s()
        if now_s - self.since_s > STEADY_S:
            self.settle()
        elif self.neighbour and error is not self.ending and not isinstance(error, NoFreeSlot):
            limit_s = REFUSED_MAX_S if phase is LinkPhase.REFUSED else None
            self.neighbour.not_before_s = now_s + self.neighbour.retries.failed(limit_s)
        self.note(phase, reason, error)

    # -- words

    def note(self, phase: LinkPhase, reason: str = "", error: Exception | None = None) -> None:
        """Write a state to the log."""
        neighbour = self.neighbour
        sighting = neighbour.sightings.get(self.radio) if neighbour and self.radio else None
        state = LinkState(
            tool_id=self.tool_id,
            phase=phase,
            since_s=self.clock.utc_s(),
            reason=reason,
            error=type(error).__name__ if error else "",
            radio=self.radio.name if self.radio else "",
            rssi_dbm=round(sighting.rssi_dbm) if sighting else None,
            attempts=neighbour.retries.failures if neighbour else 0,
        )
        self.links.note(state)

    def say_once(self, error: GripError) -> None:
        """Say what keeps it from being tried, which every advertisement shows again."""
        state = self.links.state(self.tool_id)
        if state is None or state.error != type(error).__name__:
            self.note(*explain(error), error)

    def say_turn(self, *, waiting: bool) -> None:
        """Say that its turn has come, or that it waits for it; not of a repeated attempt."""
        state = self.links.state(self.tool_id)
        if state is None or state.phase not in (LinkPhase.RETRYING, LinkPhase.REFUSED):
            self.note(LinkPhase.WAITING if waiting else LinkPhase.CONNECTING)

    def say_away(self, failure: AdapterUnavailable | None) -> None:
        """Say that it is not heard, or that nothing is, because no radio works."""
        state = self.links.state(self.tool_id)
        if failure:
            self.note(LinkPhase.AWAY, explain(failure)[1], failure)
        elif state is None or state.phase is not LinkPhase.ASLEEP:
            self.note(LinkPhase.AWAY, SILENT)
