"""Of whom nothing may leave the home: what the hub's delivery asks before it sends.

The rule is that of `consent.may_share`, for all children at once.
"""

from contextlib import closing

from sqlalchemy import select

from ..config import Config
from ..database.actor import Actor
from ..database.engine import FILE, open_database
from .decisions import standing
from .model import Child, ConsentText, Family


class Sharing:
    """Reads the installation's own database."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def held(self) -> frozenset[str]:
        """Ids of the children without consent; who never decided has none where the site asks for it.

        Raises
        ------
        StoreError
            If that cannot be known.
        """
        if self._config.database.url is None and not (self._config.data_dir / FILE).exists():
            return frozenset()
        children = select(Child.id).join(Family).where(Family.site_id == self._config.site)
        asks = select(ConsentText.version).where(ConsentText.site_id == self._config.site).limit(1)
        with (
            closing(open_database(self._config)) as database,
            database.reading(Actor.part("delivery"), "people.sharing") as work,
        ):
            shares_undecided = work.scalar(asks) is None
            decided = standing(work)
            return frozenset(
                child_id
                for child_id in work.scalars(children)
                if not (decided[child_id].given if child_id in decided else shares_undecided)
            )
