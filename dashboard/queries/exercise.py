"""What a child can be led through today, and what is asked before."""

from dataclasses import dataclass
from datetime import datetime

from ...hub.config import Config
from ...hub.database.actor import Actor
from ...hub.database.engine import Database
from ...hub.people.model import Child
from ...hub.program.faces import Face, PainRule
from ...hub.stores.contract import ChildResults
from .today import Tile, today


@dataclass(frozen=True, slots=True)
class Choice:
    """What there is to choose from.

    Attributes
    ----------
    tiles : tuple of Tile
        What a tool counts or measures; what is still to do stands first.
    pain : PainRule or None
        None where no program asks for anything: then nobody asks for pain either.
    age_years : float or None
    """

    tiles: tuple[Tile, ...]
    pain: PainRule | None
    age_years: float | None

    def too_much(self, face: Face | None) -> bool:
        """Whether a face before is one at which the therapist wants nothing to be begun."""
        return bool(face is not None and self.pain and self.pain.stop_at and face >= self.pain.stop_at)


def choice(
    config: Config,
    database: Database,
    results: ChildResults,
    actor: Actor,
    child_id: str,
    *,
    now: datetime,
) -> Choice:
    """Find out what there is to choose from.

    Raises
    ------
    NotFound, StoreError
    """
    day = today(config, database, results, actor, child_id, now=now)
    with database.reading(actor, "dashboard.exercise") as work:
        born = work.need(Child, child_id).birth_month
    return Choice(
        tiles=tuple(tile for tile in day.tiles if tile.with_tool),
        pain=day.program.pain if day.program else None,
        age_years=None if born is None else (day.day - born).days / 365.25,
    )
