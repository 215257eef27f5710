"""How somebody wants to see GripHub: language, unit of force, which hand stands first, calm or lively.

Each account has its own. A home without accounts has one set for whoever stands in front of it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..database.actor import Actor, Role
from ..database.base import ID, Base, word
from ..database.commands import command
from ..database.work import Work
from ..records.vocabulary import Hand
from ..units import ForceUnit
from . import fields

#: Whose settings those are that whoever has the machine changes.
HOME: Final = "home"


@dataclass(frozen=True, slots=True)
class Settings:
    """What somebody chose, or what holds where nobody chose.

    Attributes
    ----------
    language : str or None
        BCP 47 tag; None: as the browser says.
    force_unit : ForceUnit
        Of what is a force; a pressure stays a pressure.
    first_hand : Hand
        Which stands left of, or before, the other.
    calm : bool
        Sensory-friendly: nothing moves, flashes or sounds that need not.
    """

    language: str | None = None
    force_unit: ForceUnit = ForceUnit.NEWTON
    first_hand: Hand = Hand.LEFT
    calm: bool = False


class AccountSettings(Base):
    """What somebody chose."""

    __tablename__ = "settings"

    id: Mapped[str] = mapped_column(ID, primary_key=True)  #: the account's, or `HOME`
    account_id: Mapped[str | None] = mapped_column(ID, ForeignKey("accounts.id", ondelete="CASCADE"))
    language: Mapped[str | None] = mapped_column(String(60))
    force_unit: Mapped[ForceUnit] = mapped_column(word(ForceUnit))
    first_hand: Mapped[Hand] = mapped_column(word(Hand))
    calm: Mapped[bool]
    changed_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Nobody's but one's own."""
        return cls.account_id == actor.account_id


@command(Role.PARENT, Role.THERAPIST, Role.ADMIN, reads=True)
def mine(work: Work) -> Settings:
    """The actor's own settings."""
    if (kept := work.get(AccountSettings, _key(work))) is None:
        return Settings()
    return Settings(kept.language, kept.force_unit, kept.first_hand, kept.calm)


@command(Role.PARENT, Role.THERAPIST, Role.ADMIN)
def change(work: Work, settings: Settings) -> Settings:
    """Keep the actor's own settings, all of them; `dataclasses.replace` changes one of `mine`.

    Raises
    ------
    FieldError
        If the language is none.
    """
    language = None if settings.language is None else fields.language("language", settings.language)
    kept = work.get(AccountSettings, _key(work))
    if kept is None:
        kept = AccountSettings(id=_key(work), account_id=work.actor.account_id or None)
        work.add(kept)
    kept.language = language
    kept.force_unit = ForceUnit(settings.force_unit)
    kept.first_hand = Hand(settings.first_hand)
    kept.calm = settings.calm
    kept.changed_at = work.now
    return Settings(kept.language, kept.force_unit, kept.first_hand, kept.calm)


def _key(work: Work) -> str:
    return work.actor.account_id or HOME
