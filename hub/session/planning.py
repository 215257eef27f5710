"""From an item of the program to a plan that can be done now, with the tools that are here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ...firmware_bridge.quiet_check import STILL
from ...firmware_bridge.samples import ToolKind, Unit
from ..config import Config
from ..database.actor import Actor
from ..errors import StoreError
from ..program import commands, home, suggestions
from ..program.adherence import Doings
from ..program.faces import PainRule
from ..program.prescription import Hands, Item, Program
from ..program.reading import today_of, work_of
from ..program.versions import History
from ..records import Evidence, Hand, Source, utc
from ..stores import open_store
from ..stores.contract import SessionPoint, Store
from ..tools import HomeTool
from .coach import NoExercise
from .exercise import Plan

#: The child's own best is of so many days: children grow, and hands get better or worse.
BEST_OF: Final = timedelta(days=28)
#: Where nothing is known of a tool's noise, a twentieth of the child's best is nobody's hand.
STILL_SHARE: Final = 0.05


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


def make_plan(
    config: Config,
    child_id: str,
    item_id: str | None,
    *,
    near: Sequence[Near],
    now_s: float,
    pain_before: int | None = None,
) -> Plan:
    """Read program and results, and choose tools. Blocks for a moment: not for the event loop.

    Parameters
    ----------
    item_id : str or None
        None: the first due item that a tool counts; where there is no program, the configured goal.
    near : sequence of Near
        The home's tools.

    Raises
    ------
    NoExercise
        If it cannot be done now; the message says why.
    StoreError
    """
    now = utc(now_s)
    today = home.today(config, now)
    store = _store(config)
    try:
        with home.opened(config) as database:
            if store:
                lately = store.activities(child_id, since=now - BEST_OF)
                suggestions.act(database, child_id, lately, today=today)
            with database.reading(Actor.part("coach")) as work:
                history = commands.history(work, child_id)
                library = commands.library_for(work, child_id)
        program = history.program(today)
        done = today_of(config, store, child_id, today) if store else []
        item = _item(history, program, item_id, child_id, config, store, now_s)
        tools = _tools(item, child_id, [one for one in near if one.tool.child == child_id])
        latest = {
            hand: _sessions(store, child_id, one, now_s) for hand, one in tools.items() if store is not None
        }
    finally:
        if store:
            store.close()
    squeezes = item.squeezes
    assert squeezes
    activity = library.get(item.activity)
    done_today = sum(work.reps or 0 for work in done if work.evidence is Evidence.SENSOR)
    units = [points[-1].unit for points in latest.values() if points]
    best = {hand: top for hand, points in latest.items() if (top := _best(points)) is not None}
    unit = units[0] if units else Unit.NEWTON
    left = (program.max_reps_per_day - done_today) if program else None
    if left is not None and left <= 0:
        raise NoExercise(
            child_id, "That is all that is good for today", "Go on tomorrow, or ask the therapist."
        )
    return Plan(
        child_id=child_id,
        item_id=item.id,
        activity_id=item.activity,
        title=activity.title if activity else "Squeezing",
        hands=squeezes.hands,
        sets=squeezes.sets,
        reps=squeezes.reps,
        hold_s=squeezes.hold_s,
        rest_s=squeezes.rest_s,
        warm_up=squeezes.warm_up,
        zone=squeezes.zone,
        unit=unit,
        tools={hand: one.tool.id for hand, one in tools.items()},
        best=best,
        calibrations={hand: points[-1].calibration_id for hand, points in latest.items() if points},
        still=STILL.get(unit, STILL_SHARE * max(best.values(), default=1.0)),
        pain=program.pain if program else PainRule(),
        pain_before=pain_before,
        reps_left=left,
        before=done_today,
        source=Source.SIMULATED if any(one.simulated for one in tools.values()) else Source.REAL,
        asked=program is not None and program.item(item.id) is not None,
    )


def _item(
    history: History,
    program: Program | None,
    item_id: str | None,
    child_id: str,
    config: Config,
    store: Store | None,
    now_s: float,
) -> Item:
    if item_id is not None:
        item = program.item(item_id) if program else None
        if item is None:
            raise NoExercise(
                child_id, f"Nothing called {item_id} is asked for today", "See `griphub program show`."
            )
        if item.squeezes is None:
            other = "griphub strength-test" if item.test else "griphub did"
            raise NoExercise(child_id, f"{item_id} is not counted by squeezes", f"Use `{other}` for it.")
        return item
    if program:
        today = home.today(config, utc(now_s))
        work = work_of(config, store, child_id, history, until=today) if store else []
        due = [one for one, _ in Doings(history, work, today=today).due(today) if one.squeezes]
        counted = due or [one for one in program.items if one.squeezes]
        if counted:
            return counted[0]
        raise NoExercise(child_id, "Nothing that a tool counts is asked for", "See `griphub program show`.")
    goal = next((child.goal for child in config.children if child.id == child_id), 10)
    return Item.model_validate(
        {
            "id": "squeeze-ball",
            "activity": "squeeze-ball",
            "dose": {"days_per_week": 7},
            "squeezes": {"sets": 1, "reps": min(goal, 60), "hands": "both", "warm_up": 0},
        }
    )


def _tools(item: Item, child_id: str, near: Sequence[Near]) -> Mapping[Hand, Near]:
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
            f"No {kind}that counts squeezes is for the {missing[0]} hand",
            "Pair one with `griphub pair`, or give one to that hand with `griphub tools use`.",
        )
    return found


def _sessions(store: Store, child_id: str, one: Near, now_s: float) -> list[SessionPoint]:
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


def _best(points: Sequence[SessionPoint]) -> float | None:
    """Highest peak; of sessions without doubtful squeezes, where there are any."""
    peaks = [point.peak for point in points if point.peak and not point.doubtful]
    return max(peaks or [point.peak for point in points if point.peak], default=None)


def _store(config: Config) -> Store | None:
    """The store; without it an exercise goes on, and the warm-up sets the measure."""
    try:
        return open_store(config, read_only=True)
    except StoreError:
        return None
