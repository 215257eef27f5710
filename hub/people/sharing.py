"""Of whom nothing may leave the home: what the hub's delivery asks before it sends.

The rule is that of `consent.may_share`, for all children at once.
"""

from contextlib import closing

from sqlalchemy import select

from ..config import Config
from ..database.actor import Actor
from ..database.engine import FILE, open_database
from .model import Child, Consent, ConsentText, Family


class Sharing:
    """Reads the installation's own database."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def held(self) -> frozenset[str]:
        """Ids of the children without consent; none where the site has published no text.

        Raises
        ------
        StoreError
            If that cannot be known.
        """
        if self._config.database.url is None and not (self._config.data_dir / FILE).exists():
            return frozenset()
        agreed = select(Consent.child_id).where(Consent.withdrawn_on.is_(None))
        asked = select(ConsentText.site_id)
        without = (
            select(Child.id)
            .join(Family)
            .where(Family.site_id == self._config.site, Family.site_id.in_(asked), Child.id.not_in(agreed))
        )
        with (
            closing(open_database(self._config)) as database,
            database.reading(Actor.part("delivery"), "people.sharing") as work,
        ):
            return frozenset(work.scalars(without))
