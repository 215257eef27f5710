"""The home's tools, and which of them a child uses for what it is led through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ...firmware_bridge.samples import ToolKind
from ..program.prescription import Hands, Item
from ..records.vocabulary import Hand, Source
from ..stores.contract import Store
from ..stores.models import SessionPoint
from ..tools import HomeTool
from ..utc import utc
from .exercise import Because, NoExercise

#: The child's own best is of so many days: children grow, and hands get better or worse.
BEST_OF: Final = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Near:
    """A tool of the home.

    Attributes
    ----------
    kind : ToolKind or None
        None while it was not connected.
    counts : bool
        False: it is too slow or too coarse for squeezes to be counted.
    """

    tool: HomeTool
    kind: ToolKind | None
    simulated: bool
    streaming: bool
    counts: bool = True


def tools_for(item: Item, child_id: str, near: Sequence[Near]) -> Mapping[Hand, Near]:
    """The tool for each hand; for both hands together one is enough."""
    squeezes = item.squeezes
    assert squeezes
    wanted = [Hand(squeezes.hands.value)] if squeezes.hands in (Hands.LEFT, Hands.RIGHT) else list(Hand)
    found: dict[Hand, Near] = {}
    for hand in wanted:
        fitting = [
            one
            for one in near
            if one.tool.hand is hand
            and one.counts
            and (not squeezes.tool or one.kind in (None, squeezes.tool))
        ]
        if fitting:
            found[hand] = max(fitting, key=lambda one: one.streaming)
    missing = [hand for hand in wanted if hand not in found]
    if not found or (missing and squeezes.hands is not Hands.BOTH):
        kind = f"{squeezes.tool} " if squeezes.tool else "tool "
        raise NoExercise(
            child_id,
            Because.NO_TOOL,
            f"No {kind}that counts squeezes is for the {missing[0]} hand",
            "Pair one with `griphub pair`, or give one to that hand with `griphub tools use`.",
        )
    return found


def lately(store: Store, child_id: str, one: Near, now_s: float) -> list[SessionPoint]:
    """Lately with this tool in this hand, as far as they compare with the latest."""
    points = [
        point
        for point in store.trend(child_id, since=utc(now_s) - BEST_OF)
        if (point.tool_id, point.hand) == (one.tool.id, one.tool.hand) and point.counts
    ]
    if one.streaming:
        source = Source.SIMULATED if one.simulated else Source.REAL
        points = [point for point in points if point.source is source]
    return [
        point
        for point in points
        if (point.source, point.unit, point.firmware, point.calibration_id)
        == (points[-1].source, points[-1].unit, points[-1].firmware, points[-1].calibration_id)
    ]


def best_of(points: Sequence[SessionPoint]) -> float | None:
    """Highest peak; of sessions without doubtful squeezes, where there are any."""
    peaks = [point.peak for point in points if point.peak and not point.doubtful]
    return max(peaks or [point.peak for point in points if point.peak], default=None)


def tool_for_test(
    child_id: str, near: Sequence[Near], kinds: Sequence[ToolKind], hands: Sequence[Hand], *, last: str
) -> Near:
    """The one tool for a strength test: the last one's, else one that is here. Results of two do not compare.

    Parameters
    ----------
    kinds : sequence of ToolKind
        Of the activity; empty: any.
    last : str
        Tool of the last test; empty if there was none.

    Raises
    ------
    NoExercise
    """
    fitting = [one for one in near if one.kind is None or not kinds or one.kind in kinds]
    if not fitting:
        raise NoExercise(
            child_id,
            Because.NO_TOOL,
            "No tool that measures strength is this child's",
            "Pair one with `griphub pair`, or give one to the child with `griphub tools use`.",
        )
    return max(fitting, key=lambda one: (one.tool.id == last, one.streaming, one.tool.hand in hands))
