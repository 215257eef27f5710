"""The home's tools as a viewer may see them: from the hub, or as last told where none runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from ...firmware_bridge.link_state import LinkPhase, LinkState
from ...firmware_bridge.nearness import Nearness, nearness
from ...firmware_bridge.samples import ToolKind
from ...hub.control.answers import RadioStatus, ToolStatus
from ...hub.program.alerts import LOW_BATTERY_PERCENT
from ...hub.records.tool import ToolSeen
from ...hub.records.vocabulary import Source
from ...hub.tools import HomeTool
from ...hub.utc import utc
from ..viewer import Child

#: Losses are told to a tenth of a percent: a page is drawn anew when what it shows has changed.
_PLACES: Final = 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What only who looks after the tools wants to know; None is not known."""

    serial: str
    driver: str
    maker: str
    firmware: str
    rate_hz: float | None
    connected_since: datetime | None
    link_losses: int | None
    lost_percent: float | None
    loss_known: bool
    nearness: Nearness | None
    calibration_due: date | None
    calibration_overdue: bool
    cannot: tuple[tuple[str, str], ...]  #: what it cannot carry, and why
    address: str
    paired_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Attributes
    ----------
    owner : str
        What the viewer calls the child; empty for a child who is not here any more.
    phase : LinkPhase or None
        None where no hub runs, or it has not heard the tool yet.
    error : str
        Name of the error class behind the phase.
    low : bool
        Its battery should be charged before the next exercise.
    seen_at : datetime or None
        When it was last heard, where it is not connected.
    """

    tool: HomeTool
    title: str
    kind: ToolKind | None
    owner: str
    phase: LinkPhase | None
    error: str
    battery_percent: int | None
    low: bool
    simulated: bool
    can_blink: bool
    can_tare: bool
    seen_at: datetime | None
    facts: Facts

    @property
    def connected(self) -> bool:
        """Whether it can be asked for something now."""
        return self.phase is LinkPhase.STREAMING


@dataclass(frozen=True, slots=True)
class Shelf:
    """All tools, and the radios that hold them.

    Attributes
    ----------
    running : bool
        Whether a hub runs here.
    elsewhere : tuple of ToolSeen
        Tools of other hubs, as those told last.
    """

    tools: tuple[Tool, ...]
    radios: tuple[RadioStatus, ...] = ()
    running: bool = True
    elsewhere: tuple[ToolSeen, ...] = ()


def shelf(
    statuses: Sequence[ToolStatus],
    radios: Sequence[RadioStatus],
    seen: Sequence[ToolSeen],
    children: Sequence[Child],
    *,
    running: bool,
    everything: bool,
    today: date,
) -> Shelf:
    """Put together what a viewer may see.

    Parameters
    ----------
    statuses : sequence of ToolStatus
        Tools of this home.
    seen : sequence of ToolSeen
        What hubs told last.
    everything : bool
        Whether also tools of children whom the viewer does not know, and of other hubs.
    today : date
        By which a calibration is overdue.
    """
    names = {child.id: child.alias for child in children}
    last = {one.tool_id: one for one in seen}
    mine = [one for one in statuses if everything or one.tool.child in names]
    home = {one.tool.id for one in statuses}
    return Shelf(
        tuple(_tool(one, last.get(one.tool.id), names, today) for one in mine),
        tuple(radios),
        running,
        tuple(one for one in seen if one.tool_id not in home) if everything else (),
    )


def history(states: Sequence[LinkState]) -> list[tuple[datetime, LinkState]]:
    """What became of a link, the latest first."""
    return [(utc(state.since_s), state) for state in reversed(states)]


def _tool(status: ToolStatus, seen: ToolSeen | None, names: dict[str, str], today: date) -> Tool:
    tool, link, facts = status.tool, status.link, status.facts
    battery = facts.battery_percent if facts else seen.battery_percent if seen else None
    kind = facts.kind if facts else seen.tool_kind if seen else None
    phase = link.phase if link else None
    connected = phase is LinkPhase.STREAMING
    lost = facts.lost_percent if facts else None
    due = facts.calibration_due if facts else None
    return Tool(
        tool=tool,
        title=tool.title,
        kind=kind,
        owner=names.get(tool.child, ""),
        phase=phase,
        error=link.error if link else "",
        battery_percent=battery,
        low=battery is not None and battery < LOW_BATTERY_PERCENT,
        simulated=facts.simulated if facts else bool(seen and seen.source is Source.SIMULATED),
        can_blink=bool(facts and facts.can_blink),
        can_tare=bool(facts and facts.can_tare),
        seen_at=None if connected or seen is None else seen.seen_at,
        facts=Facts(
            serial=tool.id,
            driver=tool.driver,
            maker=f"{facts.manufacturer} {facts.model}".strip() if facts else "",
            firmware=facts.firmware if facts else seen.firmware if seen else "",
            rate_hz=facts.rate_hz if facts else seen.rate_hz if seen else None,
            connected_since=utc(link.since_s) if link and connected else None,
            link_losses=facts.link_losses if facts else None,
            lost_percent=None if lost is None else round(lost, _PLACES),
            loss_known=facts is None or facts.lost is not None,
            nearness=nearness(link.rssi_dbm) if link and link.rssi_dbm is not None else None,
            calibration_due=due,
            calibration_overdue=due is not None and due < today,
            cannot=tuple(sorted(facts.because.items())) if facts else (),
            address=tool.address,
            paired_at=tool.paired_at,
        ),
    )
