"""What a family sees of today: what is asked for, what is done, what comes next, and whether it rests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ...hub.config import Config
from ...hub.database.actor import Actor
from ...hub.database.engine import Database
from ...hub.people.model import Child
from ...hub.program import alerts, commands, home
from ...hub.program.activity import Activity, Library
from ...hub.program.adherence import Doings
from ...hub.program.alerts import Alert, Audience, for_whom
from ...hub.program.attention import tools_used
from ...hub.program.conversation import unread
from ...hub.program.heard import LOOK_BACK
from ...hub.program.local_days import local_day
from ...hub.program.prescription import Item, Program, Slot
from ...hub.program.reading import Picture, picture
from ...hub.program.routine import Routine, routine
from ...hub.program.streak import streak
from ...hub.program.versions import History, Pause
from ...hub.records.said import ActivityDone
from ...hub.records.tool import ToolSeen
from ...hub.records.vocabulary import Evidence
from ...hub.stores.contract import ChildResults

#: What somebody took note of after the day may still be ticked as done on it, this many days back.
LATE_DAYS = 13

_EPS = 1e-9


@dataclass(frozen=True, slots=True)
class Tile:
    """One thing that is asked for today.

    Attributes
    ----------
    activity : Activity or None
        None where a clinic's own activity is not known here.
    goal : str
        The everyday goal that it serves, in the family's words; else what the activity is good for.
    share : float
        How much of the day's dose is done, 1.0 for all of it; may be more.
    slot : Slot or None
        Where in the day it comes next, or came last.
    told : tuple of ActivityDone
        Today's, oldest first.
    """

    item: Item
    activity: Activity | None
    goal: str
    share: float
    slot: Slot | None
    told: tuple[ActivityDone, ...] = ()

    @property
    def done(self) -> bool:
        """Whether nothing of it is left for today."""
        return self.share >= 1 - _EPS

    @property
    def times_left(self) -> int:
        """How many times it is still to be done today."""
        return max(0, self.item.dose.times_per_day - self.times_done)

    @property
    def times_done(self) -> int:
        """How many whole times it was done today."""
        return int(self.share * self.item.dose.times_per_day + _EPS)

    @property
    def with_tool(self) -> bool:
        """Whether a tool counts or measures it."""
        return bool(self.item.squeezes or self.item.test)


@dataclass(frozen=True, slots=True)
class InSlot:
    """What belongs to one place in the family's day; `at` is None where it has no time."""

    slot: Slot | None
    at: time | None
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Today:
    """A child's day.

    Attributes
    ----------
    left : tuple of InSlot
        What is still to do, in the order of the day.
    next_slot : Slot or None
        Of `left`, the one that is now or comes next; None where none has a time.
    done : tuple of Tile
    extra : tuple of ActivityDone
        What was done today and nobody asked for.
    rest : Pause or None
        The break that today lies in.
    coming : Pause or None
        The next one.
    practised : tuple of date
        Days of practice without a long break.
    training : tuple of str
        What the parents should still learn with the therapist.
    begun : bool
        Whether anything was ever done.
    unread : int
        Messages of the therapist that the viewer has not seen.
    tools : tuple of Alert
        What a parent can do something about: a tool that is nearly empty, or silent.
    """

    day: date
    history: History
    library: Library
    left: tuple[InSlot, ...]
    next_slot: Slot | None
    done: tuple[Tile, ...]
    extra: tuple[ActivityDone, ...]
    rest: Pause | None
    coming: Pause | None
    practised: tuple[date, ...]
    training: tuple[str, ...]
    begun: bool
    unread: int
    tools: tuple[Alert, ...]

    @property
    def program(self) -> Program | None:
        """What is asked for; None where nothing is."""
        return self.history.program(self.day)

    @property
    def asked(self) -> int:
        """Things that are asked for today, done or not."""
        return len(self.done) + sum(len(one.tiles) for one in self.left)

    def tile(self, item_id: str) -> Tile | None:
        """The tile of an item."""
        return next((one for one in self.tiles if one.item.id == item_id), None)

    @property
    def tiles(self) -> list[Tile]:
        """All of them, those first that are left."""
        return [tile for one in self.left for tile in one.tiles] + list(self.done)


def today(
    config: Config,
    database: Database,
    results: ChildResults,
    actor: Actor,
    child_id: str,
    *,
    now: datetime,
    tools: Sequence[ToolSeen] = (),
) -> Today:
    """Read a child's day, in the name of somebody who may see it.

    Parameters
    ----------
    tools : sequence of ToolSeen
        The latest that is known of each tool.

    Raises
    ------
    NotFound, StoreError
    """
    seen = picture(config, database, results, actor, child_id, now=now)
    program = seen.history.program(seen.today)
    with database.reading(actor, "dashboard.today") as work:
        rhythm = routine(work, work.need(Child, child_id).family_id)
        library = commands.library_for(work, child_id)
        waiting = unread(work).get(child_id, 0)
        training = commands.training_left(work, child_id, program) if program else []
    told = _of_today(config, seen)
    tiles = [_tile(item, program, library, seen.doings, told) for item in _wanted(seen.doings, told)]
    left = _by_slot([tile for tile in tiles if not tile.done], rhythm)
    items = {tile.item.id for tile in tiles}
    return Today(
        day=seen.today,
        history=seen.history,
        library=library,
        left=tuple(left),
        next_slot=_next(left, now.astimezone(home.zone_of(config)).time()),
        done=tuple(tile for tile in tiles if tile.done),
        extra=tuple(one for one in told if _item_of(program, one) not in items),
        rest=seen.history.paused(seen.today),
        coming=next((one for one in seen.history.pauses if one.since > seen.today), None),
        practised=tuple(streak(seen.doings)),
        training=tuple(training),
        begun=bool(seen.doings.work),
        unread=waiting,
        tools=tuple(_to_look_after(results, seen, tools, now)),
    )


def _to_look_after(
    results: ChildResults, seen: Picture, tools: Sequence[ToolSeen], now: datetime
) -> list[Alert]:
    if not tools or seen.history.program(seen.today) is None or seen.history.paused(seen.today):
        return []
    used = tools_used(results.trend(seen.child_id, since=now - LOOK_BACK))
    return for_whom(alerts.tools(tools, used, now=now), Audience.PARENT)


def late_days(day: date) -> list[date]:
    """Days on which something may have been done that is ticked now, the latest first."""
    return [day - timedelta(days=n) for n in range(LATE_DAYS + 1)]


def _of_today(config: Config, seen: Picture) -> list[ActivityDone]:
    zone = home.zone_of(config)
    return [one for one in seen.activities if (one.day or local_day(one.measured_at, zone)) == seen.today]


def _wanted(doings: Doings, told: Iterable[ActivityDone]) -> list[Item]:
    """Items that are due today, and those that were done today on a day on which they rest."""
    program = doings.history.program(doings.today)
    wanted = [item for item, _ in doings.due(doings.today)]
    for one in told:
        item = program.item(_item_of(program, one)) if program else None
        if item and item not in wanted:
            wanted.append(item)
    return wanted


def _item_of(program: Program | None, done: ActivityDone) -> str:
    """The item that something was done for: by its id, or by its activity."""
    if program is None or program.item(done.item_id):
        return done.item_id
    same = (item.id for item in program.items if item.activity in (done.activity_id, done.item_id))
    return next(same, done.item_id)


def _tile(
    item: Item, program: Program | None, library: Library, doings: Doings, told: Iterable[ActivityDone]
) -> Tile:
    activity = library.get(item.activity)
    goal = next((one.words for one in (program.goals if program else ()) if one.id == item.goal), "")
    share = doings.share(item, doings.today)
    times = int(share * item.dose.times_per_day + _EPS)
    return Tile(
        item=item,
        activity=activity,
        goal=goal,
        share=share,
        slot=item.slots[min(times, len(item.slots) - 1)] if item.slots else None,
        told=tuple(one for one in told if _item_of(program, one) == item.id),
    )


def _by_slot(tiles: Sequence[Tile], rhythm: Routine) -> list[InSlot]:
    slots = {tile.slot: rhythm.at(tile.slot) if tile.slot else None for tile in tiles}
    order = list(Slot)

    def place(which: Slot | None) -> tuple[bool, time, int]:
        at = slots[which]
        return at is None, at or time.max, order.index(which) if which else len(order)

    return [
        InSlot(slot, slots[slot], tuple(tile for tile in tiles if tile.slot is slot))
        for slot in sorted(slots, key=place)
    ]


def _next(left: Sequence[InSlot], now: time) -> Slot | None:
    """The last slot whose time has come, or else the first that comes."""
    timed = [one for one in left if one.at is not None]
    begun = [one for one in timed if one.at is not None and one.at <= now]
    found = begun[-1:] or timed[:1]
    return found[0].slot if found else None


def ticked(tile: Tile) -> list[ActivityDone]:
    """Of what was told today, what a person ticked and may take back."""
    return [one for one in tile.told if one.evidence is not Evidence.SENSOR]
