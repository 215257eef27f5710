"""The home that requests are about."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ...firmware_bridge.clock import HostClock
from ...firmware_bridge.pairing import Pairing
from ...firmware_bridge.radio import Radio
from ...firmware_bridge.supervisor import LinkSupervisor
from ...firmware_bridge.tool import ToolClient
from ..program.reminding import Reminding
from ..session.coach import Tests
from ..session.exercises import Exercises
from ..tools import HomeTool, ToolRegistry
from .answers import RadioStatus, ToolFacts, ToolStatus


@dataclass(frozen=True, slots=True)
class Home:
    """What requests are about.

    Attributes
    ----------
    pairing : Pairing
        With the supervisor's radios.
    clock : HostClock
        Of the supervisor.
    reassigned : callable
        Awaited when a tool is for another child or hand from now on, while it is not connected.
    squeezing : callable
        Whether a tool is squeezed just now: then its level is no zero.
    facts : callable
        What is known of a tool that was connected.
    exercises : Exercises or None
        Those that children are led through; None where a radio alone serves, as while pairing without a hub.
    tests : Tests or None
        Takes strength tests.
    reminding : Reminding or None
        Knows how the day of each child stands.
    """

    supervisor: LinkSupervisor
    registry: ToolRegistry
    pairing: Pairing
    clock: HostClock
    reassigned: Callable[[str], Awaitable[None]]
    squeezing: Callable[[str], bool] = lambda _: False
    facts: Callable[[str], ToolFacts | None] = lambda _: None
    exercises: Exercises | None = None
    tests: Tests | None = None
    reminding: Reminding | None = None

    def client(self, tool_id: str) -> ToolClient | None:
        """Link to a tool that streams; None if there is none."""
        return self.supervisor.clients().get(tool_id)

    def status(self, tool: HomeTool) -> ToolStatus:
        """Where the link of a tool stands, and what is known of it."""
        return ToolStatus(tool=tool, link=self.supervisor.log.state(tool.id), facts=self.facts(tool.id))

    def radios(self) -> list[RadioStatus]:
        """The hub's radios as they are now."""
        return [self._status_of(radio) for radio in self.supervisor.radios]

    def _status_of(self, radio: Radio) -> RadioStatus:
        return RadioStatus(
            name=radio.name,
            open=radio.adapter is not None,
            cause=radio.failure.cause if radio.failure else None,
            reason=str(radio.failure or ""),
            simulated=bool(radio.adapter and radio.adapter.simulated),
            links=self.supervisor.links_of(radio),
            most=radio.most,
            full=self.clock.monotonic_s() < radio.full_until_s,
        )
