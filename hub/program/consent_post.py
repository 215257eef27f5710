"""The clinic's text of consent on its way to homes: signed and retained, one for each hub, the newest.

A home that has no text can take consent back, and not give it. What it agreed to, it tells by the version: a
version's words never change, and a home that has other words under its name does not take it.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AwareDatetime, Field
from sqlalchemy import select

from ..config import Config
from ..database.work import Work
from ..people.home import family_of
from ..people.model import ConsentText, Family
from ..records.ids import Id
from .joining import elsewhere
from .letter import LetterError, LetterTaken, Sealed, SentPart, read, sign, too_long, verified
from .tables import ConsentTextOut

_SHA256: Final = r"^[0-9a-f]{64}$"


class SentText(SentPart):
    """What parents agree to, for one home."""

    site: Id
    hub: Id
    version: Id
    language: str | None = Field(None, max_length=60, description="as BCP 47 writes it; null: not said")
    text: str
    sha256: str = Field(pattern=_SHA256, description="of the text in UTF-8")
    published_at: AwareDatetime

    @property
    def too_long(self) -> bool:
        """Whether a broker would not take it."""
        return too_long(self.model_dump_json())


class SealedText(Sealed):
    """A text of consent as it travels: with its version, and the clinic's Ed25519 signature of that."""

    schema_: Literal["consent_text/1"] = Field("consent_text/1", alias="schema")


def text_topic(site: str, hub: str) -> str:
    """Where a home's text lies."""
    return f"griphub/v1/{site}/{hub}/message/consent"


def sent_text(text: ConsentText, hub: str) -> SentText:
    """A text as it goes to a home."""
    return SentText(
        site=text.site_id,
        hub=hub,
        version=text.version,
        language=text.language,
        text=text.text,
        sha256=hashlib.sha256(text.text.encode()).hexdigest(),
        published_at=text.published_at,
    )


def seal_text(text: SentText, key: Ed25519PrivateKey) -> SealedText:
    """Sign a text."""
    body = text.model_dump_json()
    return SealedText(body=body, signature=sign(body, key))


# at the clinic


def texts_due(work: Work, config: Config, *, again: bool) -> list[SentText]:
    """The newest text of each home that should be sent one.

    Parameters
    ----------
    again : bool
        Also what was sent, and which the home does not have yet.
    """
    newest = {
        text.site_id: text
        for text in work.scalars(select(ConsentText).order_by(ConsentText.published_at, ConsentText.version))
    }
    out = {row.family_id: row for row in work.scalars(select(ConsentTextOut))}
    found = []
    for family in work.scalars(select(Family).where(elsewhere(config)).order_by(Family.id)):
        text, row = newest.get(family.site_id), out.get(family.id)
        if text is None or family.hub is None:
            continue
        sent = row is not None and (row.version, row.sent_to) == (text.version, family.hub)
        if not sent or (again and row is not None and row.taken_at is None):
            found.append(sent_text(text, family.hub))
    return found


def note_text_sent(work: Work, text: SentText) -> None:
    """Note that the broker took a home's text, or that it never will."""
    family = work.scalar(select(Family).where(Family.site_id == text.site, Family.hub == text.hub))
    if family is None:
        return
    row = work.get(ConsentTextOut, family.id)
    if row is None:
        row = ConsentTextOut(family_id=family.id)
        work.add(row)
    if (row.version, row.sent_to) != (text.version, text.hub):
        row.version, row.sent_to, row.taken_at = text.version, text.hub, None
    row.sent_at = work.now
    work.flush()


def note_text_taken(work: Work, family_id: str, answer: LetterTaken) -> None:
    """Note that a home has the text that it was sent."""
    row = work.get(ConsentTextOut, family_id)
    if row and row.taken_at is None and (row.version, row.sent_to) == (answer.consent_text, answer.hub):
        row.taken_at = work.now


# at the home


def take_text(work: Work, config: Config, payload: bytes, keys: Sequence[Ed25519PublicKey]) -> None:
    """Take the clinic's text; what is here already stays as it is.

    Raises
    ------
    LetterError
        If it is not signed by the clinic, is another home's, or other words have its version here.
    """
    sent = read(verified(SealedText, payload, keys), SentText)
    if (sent.site, sent.hub) != (config.site, config.hub):
        raise LetterError("it is for another home")
    if hashlib.sha256(sent.text.encode()).hexdigest() != sent.sha256:
        raise LetterError("its words are not those that it was made of")
    known = work.get(ConsentText, (sent.site, sent.version))
    if known is None:
        family_of(work, config)  # makes the site where there is none yet
        known = ConsentText(
            site_id=sent.site,
            version=sent.version,
            text=sent.text,
            language=sent.language,
            published_at=sent.published_at,
        )
        work.add(known)
    elif known.text != sent.text:
        raise LetterError(f"a text of other words is called {sent.version} here")
    known.heard_at = known.heard_at or work.now
    work.flush()


def text_here(work: Work, site_id: str) -> str | None:
    """Version of the newest text that came from the clinic."""
    return work.scalar(
        select(ConsentText.version)
        .where(ConsentText.site_id == site_id, ConsentText.heard_at.is_not(None))
        .order_by(ConsentText.published_at.desc(), ConsentText.version.desc())
        .limit(1)
    )


def fits(text: ConsentText) -> bool:
    """Whether a broker takes a text, whatever the home is called."""
    return not sent_text(text, "h" * 48).too_long
