"""From an item of the program to a plan that can be done now, with the tools that are here."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
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
from ..records.said import ActivityDone
from ..records.strength import StrengthTested
from ..records.vocabulary import Evidence, Hand, Source
from ..stores import open_store
from ..stores.contract import Store
from ..stores.models import SessionPoint
from ..utc import utc
from .exercise import Because, NoExercise, Plan, TestPlan
from .near import BEST_OF, Near, best_of, lately, tool_for_test, tools_for

#: A test is done with the tool of the last one, if that was within so long.
TESTED_WITHIN: Final = timedelta(days=365)
#: Where nothing is known of a tool's noise, a twentieth of the child's best is nobody's hand.
STILL_SHARE: Final = 0.05


def make_plan(
    config: Config,
    child_id: str,
    item_id: str | None,
    *,
    near: Sequence[Near],
    now_s: float,
    pain_before: int | None = None,
) -> Plan | TestPlan:
    """Read program and results, and choose tools. Blocks for a moment: not for the event loop.

    Parameters
    ----------
    item_id : str or None
        None: the first item that is due, not done yet, and counted by a tool; where there is no program, the
        configured goal.
    near : sequence of Near
        The home's tools.

    Raises
    ------
    NoExercise
        If it cannot be done now; `because` and the message say why.
    StoreError
    """
    now = utc(now_s)
    today = home.today(config, now)
    store = _store(config)
    theirs = [one for one in near if one.tool.child == child_id]
    try:
        with home.opened(config) as database:
            if store:
                recent = store.activities(child_id, since=now - BEST_OF)
                suggestions.act(database, child_id, recent, today=today)
            with database.reading(Actor.part("coach")) as work:
                history = commands.history(work, child_id)
                library = commands.library_for(work, child_id)
        item = _item(history, item_id, child_id, config, store, today)
        title = activity.title if (activity := library.get(item.activity)) else "Squeezing"
        if item.test:
            kinds = activity.tools if activity else ()
            before = store.strength_tests(child_id, since=now - TESTED_WITHIN) if store else []
            return _test(item, title, child_id, theirs, kinds, before, history.program(today), pain_before)
        done = today_of(config, store, child_id, today) if store else []
        tools = tools_for(item, child_id, theirs)
        latest = {
            hand: lately(store, child_id, one, now_s) for hand, one in tools.items() if store is not None
        }
    finally:
        if store:
            store.close()
    return _squeezes(item, title, child_id, tools, latest, done, history.program(today), pain_before)


def _squeezes(
    item: Item,
    title: str,
    child_id: str,
    tools: Mapping[Hand, Near],
    latest: Mapping[Hand, Sequence[SessionPoint]],
    done: Sequence[ActivityDone],
    program: Program | None,
    pain_before: int | None,
) -> Plan:
    squeezes = item.squeezes
    assert squeezes
    done_today = sum(work.reps or 0 for work in done if work.evidence is Evidence.SENSOR)
    units = [points[-1].unit for points in latest.values() if points]
    best = {hand: top for hand, points in latest.items() if (top := best_of(points)) is not None}
    unit = units[0] if units else Unit.NEWTON
    left = (program.max_reps_per_day - done_today) if program else None
    if left is not None and left <= 0:
        raise NoExercise(
            child_id,
            Because.ENOUGH_TODAY,
            "That is all that is good for today",
            "Go on tomorrow, or ask the therapist.",
        )
    return Plan(
        child_id=child_id,
        item_id=item.id,
        activity_id=item.activity,
        title=title,
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


def _test(
    item: Item,
    title: str,
    child_id: str,
    near: Sequence[Near],
    kinds: Sequence[ToolKind],
    before: Sequence[StrengthTested],
    program: Program | None,
    pain_before: int | None,
) -> TestPlan:
    """A test with the tool of the last one, else with one that is here: results of two do not compare."""
    test = item.test
    assert test
    hands = tuple(Hand) if test.hands is Hands.BOTH else (Hand(test.hands.value),)
    chosen = tool_for_test(child_id, near, kinds, hands, last=before[-1].tool_id if before else "")
    return TestPlan(
        child_id=child_id,
        item_id=item.id,
        title=title,
        protocol=test.protocol,
        hands=hands,
        tool_id=chosen.tool.id,
        pain=program.pain if program else PainRule(),
        pain_before=pain_before,
        source=Source.SIMULATED if chosen.simulated else Source.REAL,
    )


def _item(
    history: History,
    item_id: str | None,
    child_id: str,
    config: Config,
    store: Store | None,
    today: date,
) -> Item:
    program = history.program(today)
    if item_id is not None:
        item = program.item(item_id) if program else None
        if item is None:
            raise NoExercise(
                child_id,
                Because.NOT_ASKED,
                f"Nothing called {item_id} is asked for today",
                "See `griphub program show`.",
            )
        if not _counted(item):
            raise NoExercise(
                child_id,
                Because.HOUSEHOLD,
                f"{item_id} is done without a tool",
                f"Do it together, and tick it: `griphub did {child_id} {item_id}`.",
            )
        return item
    if program:
        work = work_of(config, store, child_id, history, until=today) if store else []
        due = Doings(history, work, today=today).due(today)
        if found := next((one for one, did in due if _counted(one) and did.credit < 1), None):
            return found
        raise NoExercise(
            child_id,
            Because.NOTHING_DUE,
            "Nothing that a tool counts is left for today",
            "To do something all the same, name it; `griphub program show` lists what there is.",
        )
    if history.versions and history.versions[-1].valid_from <= today:
        raise NoExercise(
            child_id,
            Because.NOTHING_DUE,
            "Nothing is asked for any more",
            "Ask the therapist what comes next.",
        )
    goal = next((child.goal for child in config.children if child.id == child_id), 10)
    return Item.model_validate(
        {
            "id": "squeeze-ball",
            "activity": "squeeze-ball",
            "dose": {"days_per_week": 7},
            "squeezes": {"sets": 1, "reps": min(goal, 60), "hands": "both", "warm_up": 0},
        }
    )


def _counted(item: Item) -> bool:
    return bool(item.squeezes or item.test)


def _store(config: Config) -> Store | None:
    """The store; without it an exercise goes on, and the warm-up sets the measure."""
    try:
        return open_store(config, read_only=True)
    except StoreError:
        return None
