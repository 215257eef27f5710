"""What the program's page asks: what is asked of a child, how its post stands, what the rules propose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from ...hub.config import Config
from ...hub.database.work import Work
from ...hub.people.model import Account, Child, Family
from ...hub.program import commands, drafts, home
from ...hub.program.activity import Library
from ...hub.program.heard import LOOK_BACK
from ...hub.program.joining import joined
from ...hub.program.local_days import noon
from ...hub.program.outgoing import Post, post_of
from ...hub.program.progression import Direction, Proposal
from ...hub.program.suggestions import declined, suggestions
from ...hub.program.versions import History
from ..results import Results


@dataclass(frozen=True, slots=True)
class ProgramPage:
    """All that the page shows of one child, but for what the rules propose.

    Attributes
    ----------
    today : date
        The family's.
    site_id : str
        Whose library it is.
    names : mapping of str to str
        Names of those who did something, by what the log calls them; who is not in it may not be named.
    training_left : tuple of str
        What the parents have not learned yet.
    declined : mapping of str to date
        By item, when what its rule proposed was last declined.
    draft : Kept or None
        What the viewer changed and did not save.
    by_clinic : bool
        Whether this is a home whose clinic prescribes.
    """

    child_id: str
    today: date
    site_id: str
    history: History
    library: Library
    post: Post
    names: Mapping[str, str]
    training_left: tuple[str, ...]
    declined: Mapping[str, date]
    draft: drafts.Kept | None
    by_clinic: bool

    @property
    def latest(self) -> int:
        """Number of the latest version; 0: there is none."""
        return self.history.versions[-1].number if self.history.versions else 0


def read(work: Work, config: Config, child_id: str, now: datetime) -> ProgramPage:
    """Everything of one child's program.

    Raises
    ------
    NotFound, StoreError
    """
    today = home.today(config, now)
    history = commands.history(work, child_id)
    family = work.need(Family, work.need(Child, child_id).family_id)
    program = history.program(today)
    return ProgramPage(
        child_id=child_id,
        today=today,
        site_id=family.site_id,
        history=history,
        library=commands.library_of(work, family.site_id),
        post=post_of(work, config, child_id),
        names=names(
            work,
            [
                *(one.by for one in history.versions),
                *(one.by for one in history.records),
            ],
        ),
        training_left=tuple(commands.training_left(work, child_id, program)) if program else (),
        declined=declined(work, child_id),
        draft=drafts.mine(work, child_id),
        by_clinic=joined(work, config, child_id),
    )


def names(work: Work, actors: Iterable[str]) -> dict[str, str]:
    """Names of accounts that the viewer may see."""
    found = work.scalars(select(Account).where(Account.id.in_(set(actors)))).all()
    return {account.id: account.name for account in found}


def proposed(results: Results, config: Config, page: ProgramPage) -> list[Proposal]:
    """What the rules of the present program would change.

    Raises
    ------
    StoreError
    """
    since = noon(page.today - LOOK_BACK, home.zone_of(config))
    activities = results.activities(page.child_id, since=since)
    found = suggestions(page.history, activities, today=page.today, declined=page.declined)
    return [one for one in found if one.direction is not Direction.STAY]
