"""What the running hub knows of a tool: what it says of itself, and how its stream has been."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ..firmware_bridge.calibration import CalibrationBook, CalibrationError
from ..firmware_bridge.link_state import LinkLog, LinkPhase
from ..firmware_bridge.samples import SampleBlock
from ..firmware_bridge.tool import Capabilities, ToolClient, ToolDescription
from .control.answers import ToolFacts


@dataclass(slots=True)
class _Met:
    tool: ToolDescription
    capabilities: Capabilities
    received: int = 0
    lost: int = 0


class FactKeeper:
    """Counts what each tool sends and loses, and remembers it after the link has ended.

    Parameters
    ----------
    clients : callable
        Connected tools by id.
    links : LinkLog
        How their links went.
    battery : callable
        Latest charge of a tool in percent; None where nobody asked yet.
    counted : callable
        Squeezes of the session that is open with a tool; None where none is.
    calibrations : Path
        The home's book of calibrations.
    """

    def __init__(
        self,
        clients: Callable[[], Mapping[str, ToolClient]],
        links: LinkLog,
        battery: Callable[[str], int | None],
        counted: Callable[[str], int | None],
        calibrations: Path,
    ) -> None:
        self._clients = clients
        self._links = links
        self._battery = battery
        self._counted = counted
        self._book = CalibrationBook(calibrations)
        self._met: dict[str, _Met] = {}

    def take(self, client: ToolClient, block: SampleBlock) -> None:
        """Count a block of a tool."""
        met = self._meet(client)
        met.received += len(block)
        met.lost += block.lost

    def of(self, tool_id: str) -> ToolFacts | None:
        """What is known of a tool; None if it was not connected since the hub began."""
        if client := self._clients().get(tool_id):
            self._meet(client)
        met = self._met.get(tool_id)
        if met is None:
            return None
        tool, can = met.tool, met.capabilities
        battery = self._battery(tool_id)
        return ToolFacts(
            kind=tool.kind,
            manufacturer=tool.manufacturer,
            model=tool.model,
            firmware=tool.firmware,
            simulated=tool.simulated,
            rate_hz=tool.rate_hz or None,
            unit=can.unit,
            battery_percent=tool.battery_percent if battery is None else battery,
            can_blink=can.identify,
            can_tare=can.tare,
            because=dict(can.because),
            received=met.received,
            lost=met.lost if can.loss_known else None,
            counted=self._counted(tool_id),
            link_losses=sum(state.phase is LinkPhase.LOST for state in self._links.history(tool_id)),
            calibration_due=self._due(tool, can),
        )

    def _meet(self, client: ToolClient) -> _Met:
        met = self._met.setdefault(client.tool.tool_id, _Met(client.tool, client.capabilities))
        met.tool, met.capabilities = client.tool, client.capabilities
        return met

    def _due(self, tool: ToolDescription, can: Capabilities) -> date | None:
        try:
            found, _ = self._book.find(tool.tool_id, can.unit, tool.firmware)
        except CalibrationError:
            return None
        return found.due_on if found else None
