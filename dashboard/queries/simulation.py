"""What truly happened with simulated tools beside what was counted and stored of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ...firmware_bridge.link_state import LinkPhase
from ...firmware_bridge.samples import Unit
from ...hub.control.answers import ToolStatus
from ...hub.simulation import Simulation
from ...hub.stores.models import SessionDetail, SessionPoint
from ...hub.truth import TruePlay
from ...hub.utc import utc

#: So much of the account's end is read: a play takes some three thousand bytes.
ACCOUNT_BYTES: Final = 512 << 10
#: Plays that a table shows, the latest.
PLAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Playing:
    """A simulated tool now.

    Attributes
    ----------
    label : str
        Of the play; empty where it has none now.
    true : int or None
        Squeezes of the play that are over.
    counted : int or None
        Squeezes of the hub's open session; None where there is none.
    ours : bool
        Whether the hub knows the tool; else it has to be paired.
    """

    tool_id: str
    label: str
    true: int | None
    counted: int | None
    connected: bool
    ours: bool
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """A play that is over beside what was stored of it.

    Attributes
    ----------
    unit : Unit or None
        Of `measured_peak`; None where nothing was stored.
    sessions : tuple of UUID
        That belong to it: usually one, none before it has ended at the hub.
    """

    play: TruePlay
    at: datetime
    counted: int
    measured_peak: float | None
    unit: Unit | None
    received: int
    lost: int
    sessions: tuple[UUID, ...]

    @property
    def same_unit(self) -> bool:
        """Whether true and measured peaks can be compared."""
        return self.unit is not None and self.unit.name == self.play.unit


@dataclass(frozen=True, slots=True)
class Mark:
    """A squeeze in a picture: seconds since the play began, and its peak."""

    t_s: float
    peak: float
    true: bool


def playing(
    simulation: Simulation, statuses: Sequence[ToolStatus], plays: Sequence[TruePlay], now_s: float
) -> list[Playing]:
    """Each tool of a simulation as it is now.

    Parameters
    ----------
    statuses : sequence of ToolStatus
        Of the hub; empty where none runs.
    now_s : float
        Unix time. What is asked of a simulation that runs faster is ahead of it.
    """
    known: Mapping[str, ToolStatus] = {status.tool.id: status for status in statuses}
    latest = {play.tool_id: play for play in plays}
    found = []
    for tool in simulation.tools:
        play, status = latest.get(tool.name), known.get(tool.name)
        runs = play if play and play.sent is None else None
        found.append(
            Playing(
                tool.name,
                runs.label if runs else "",
                sum(squeeze.over_s <= now_s for squeeze in runs.squeezes) if runs else None,
                status.facts.counted if status and status.facts else None,
                bool(status and status.link and status.link.phase is LinkPhase.STREAMING),
                status is not None,
                tool.faults,
            )
        )
    return found


def accounts(plays: Sequence[TruePlay], points: Sequence[SessionPoint]) -> list[Account]:
    """Plays that are over beside the sessions that they became, the latest first.

    A session belongs to the play of its tool with which it shares most time.
    """
    latest = {
        play.tool_id: play for play in plays
    }  # one that a loss of power cut short has no end of its own
    over = [play for play in plays if play.sent is not None or play is not latest[play.tool_id]]
    mine: dict[int, list[SessionPoint]] = {}
    for point in points:
        shares = [(_shared_s(play, point), n) for n, play in enumerate(over) if play.tool_id == point.tool_id]
        shared_s, number = max(shares, default=(0.0, -1))
        if shared_s > 0:
            mine.setdefault(number, []).append(point)
    found = [_account(play, mine.get(n, [])) for n, play in enumerate(over)]
    return sorted(found, key=lambda one: one.at, reverse=True)[:PLAYS]


def since(plays: Sequence[TruePlay]) -> datetime | None:
    """From when on there may be sessions of these plays; None where there are no plays."""
    return utc(min(play.at_s for play in plays)) - timedelta(minutes=1) if plays else None


def marks(account: Account, details: Sequence[SessionDetail]) -> list[Mark]:
    """Squeezes of a play as they truly were, and as they were counted."""
    play = account.play
    true = [Mark(squeeze.at_s - play.at_s, squeeze.peak, true=True) for squeeze in play.squeezes]
    counted = [
        Mark(detail.point.started_at.timestamp() + squeeze.peak_s - play.at_s, squeeze.peak, true=False)
        for detail in details
        for squeeze in detail.squeezes
    ]
    return [*true, *counted]


def _shared_s(play: TruePlay, point: SessionPoint) -> float:
    begin = max(play.at_s, point.started_at.timestamp())
    return min(play.at_s + play.duration_s, point.ended_at.timestamp()) - begin


def _account(play: TruePlay, points: Sequence[SessionPoint]) -> Account:
    return Account(
        play,
        utc(play.at_s),
        counted=sum(point.squeezes for point in points),
        measured_peak=max((point.peak for point in points if point.peak is not None), default=None),
        unit=points[0].unit if points else None,
        received=sum(point.received for point in points),
        lost=sum(point.lost for point in points),
        sessions=tuple(point.session_id for point in points),
    )
