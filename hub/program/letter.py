"""What a clinic sends to a home: a program and the therapist's words, signed, as one retained message.

A letter holds all that the home may have missed, so the last one is enough, also after a month without a
network. The home takes only what is signed with the key that it was given when it joined; what it has taken
it takes again without any change.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Final, Literal, Self, TypeVar
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import to_json

from ...firmware_bridge.errors import GripError
from ..people.decisions import Decision
from ..records.ids import Id
from .prescription import Program
from .tables import VisitKind
from .versions import PauseReason

MAX_BODY: Final = 56_000
#: Brokers take 64 KiB. A letter travels as text in a text, where each quotation mark takes two bytes; the
#: signature and the envelope need a little room as well.
MAX_TEXT: Final = 64_000
#: Characters of one note.
MAX_NOTE: Final = 2000
#: Stands at a home for who wrote what came in a letter.
CLINIC: Final = "clinic"
#: The latest of the therapist's words that travel; a home that was away for a month has missed no more.
MAX_NOTES: Final = 30
#: The latest pauses and corrections, some five years of them.
MAX_PAUSES: Final = 60
#: The latest visits and notes on the chart: a year of them, as a therapist makes them.
MAX_VISITS: Final = 30
MAX_ANNOTATIONS: Final = 60
#: Corrections of sessions, and what moved along with them; more go when the home has these.
MAX_STATEMENTS: Final = 40


class LetterError(GripError):
    """What came from the clinic, and is not taken.

    Attributes
    ----------
    reason : str
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"What came from the clinic was not taken: {reason}.")


class SentPart(BaseModel):
    """A part of what is sent; what a later version adds is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


Part = TypeVar("Part", bound=SentPart)


class SentVersion(SentPart):
    """A program from a day on; null: nothing is asked any more."""

    id: Id
    number: int = Field(ge=1)
    valid_from: date
    recorded_at: AwareDatetime
    by: str = Field(max_length=80)
    because: str = ""
    program: Program | None


class SentNote(SentPart):
    """A therapist's words to the family, or the family's own that it wrote at the clinic's dashboard."""

    id: Id
    written_at: AwareDatetime
    words: str = Field(min_length=1, max_length=MAX_NOTE)
    from_family: bool = False


class SentPause(SentPart):
    """Days on which nothing is missed, or a correction of such days; what was noted with it stays."""

    id: UUID
    since: date
    until: date | None
    reason: PauseReason
    recorded_at: AwareDatetime
    by: str = Field(max_length=80)
    replaces: UUID | None = None
    withdrawn: bool = False


class SentConsent(SentPart):
    """What was last recorded, at the end that tells it, about sharing a child's results; no name is in it."""

    given: bool = Field(description="false: taken back, or asked for since then and not given")
    version: Id | None = Field(None, description="of the text that was agreed to; null: none was shown")
    decided_at: AwareDatetime

    @classmethod
    def of(cls, decision: Decision | None) -> Self | None:
        """Make it of what the database knows."""
        if decision is None:
            return None
        return cls(given=decision.given, version=decision.version, decided_at=decision.decided_at)

    @property
    def decision(self) -> Decision:
        """As the database knows it."""
        return Decision(self.given, self.version, self.decided_at)


class SentVisit(SentPart):
    """A visit, of the past or to come."""

    id: Id
    day: date
    kind: VisitKind
    words: str = Field(max_length=2000)


class SentAnnotation(SentPart):
    """What a therapist wrote beside days of the chart, for the parents too."""

    id: Id
    first: date
    last: date
    words: str = Field(min_length=1, max_length=200)


class SentDiary(SentPart):
    """Visits and notes on the chart: all that there are from a day on; what is missing was removed."""

    visits_since: date
    visits: tuple[SentVisit, ...] = Field(max_length=MAX_VISITS)
    annotations_since: date
    annotations: tuple[SentAnnotation, ...] = Field(max_length=MAX_ANNOTATIONS)


class SentLearned(SentPart):
    """What the parents have learned before the first session at home."""

    topic: Id
    learned_on: date


class SentStatement(SentPart):
    """What the clinic stated of a session: an event, as docs/mqtt.md has it."""

    id: UUID = Field(description="`event_id` of the event")
    event: dict[str, JsonValue] = Field(description="correction, or what moved along with one")


class Letter(SentPart):
    """All that a home should know of what is asked of a child."""

    site: Id
    hub: Id
    child_id: Id
    serial: int = Field(ge=1, description="grows with each letter for the child; an older one is not taken")
    versions: tuple[SentVersion, ...]
    notes: tuple[SentNote, ...] = ()
    pauses: tuple[SentPause, ...] = Field((), description="in the order in which they were recorded")
    consent: SentConsent | None = Field(
        None, description="as the clinic knows it; null: nobody decided there"
    )
    diary: SentDiary | None = Field(None, description="null: nothing is said of it, and what was said stays")
    learned: tuple[SentLearned, ...] = Field(
        (), description="what the parents have learned, as the clinic knows"
    )
    statements: tuple[SentStatement, ...] = Field(
        (), description="of sessions that this home measured; those that it has not answered for"
    )


class Sealed(SentPart):
    """What a clinic has signed: a text, and its Ed25519 signature of exactly that text."""

    body: str = Field(max_length=MAX_BODY, description="JSON of what is sent")
    signature: str = Field(max_length=100, description="base64 of 64 bytes")


class SealedLetter(Sealed):
    """A letter as it travels: its text, and the clinic's Ed25519 signature of exactly that text."""

    schema_: Literal["program/1"] = Field("program/1", alias="schema")


class LetterTaken(SentPart):
    """A home's answer to a letter; retained, so that a clinic that comes later finds it."""

    schema_: Literal["program_ack/1"] = Field("program_ack/1", alias="schema")
    site: Id
    hub: Id
    child_id: Id
    digest: str = Field(max_length=64, description="SHA-256 of the letter's text; empty: none has come yet")
    taken_at: AwareDatetime
    said_at: AwareDatetime | None = Field(
        None, description="when the home said this; later than it took the letter where something is new here"
    )
    problem: str = Field("", max_length=300, description="why it was not taken; empty if it was")
    consent: SentConsent | None = Field(None, description="as the home knows it; null: nobody decided there")
    shares: bool | None = Field(None, description="whether anything new of the child leaves the home now")
    known_days: tuple[date, ...] | None = Field(
        None,
        max_length=40,
        description="of the last five weeks: over, the hub ran, and all is sent; null: nothing is said",
    )
    consent_text: Id | None = Field(None, description="version of the clinic's text of consent that is here")
    stated: tuple[UUID, ...] = Field(
        (),
        max_length=MAX_STATEMENTS,
        description="of the clinic's statements in its letter, those that hold here",
    )
    gone: tuple[UUID, ...] = Field(
        (), max_length=MAX_STATEMENTS, description="those that are of no session that is here any more"
    )


def letter_topic(site: str, hub: str, child_id: str) -> str:
    """Where a child's letter lies; ``+`` for all of a home's."""
    return f"griphub/v1/{site}/{hub}/program/{child_id}"


def answer_topic(site: str, hub: str, child_id: str) -> str:
    """Where the home's answer lies."""
    return f"griphub/v1/{site}/{hub}/program_ack/{child_id}"


def fitting(letter: Letter) -> Letter:
    """The letter without its latest statements and oldest versions, as far as it must be shorter to travel.

    Raises
    ------
    LetterError
        If even the latest version is too long.
    """
    while _too_long(letter):
        if len(letter.statements) > 1:  # the others wait, and go when the home has these
            half = len(letter.statements) // 2
            letter = letter.model_copy(update={"statements": letter.statements[:half]})
        elif len(letter.versions) > 1:
            letter = letter.model_copy(update={"versions": letter.versions[1:]})
        elif letter.notes:
            letter = letter.model_copy(update={"notes": letter.notes[1:]})
        elif letter.diary:
            letter = letter.model_copy(update={"diary": None})
        elif letter.statements:
            letter = letter.model_copy(update={"statements": ()})
        else:
            raise LetterError("the program is too long to be sent")
    return letter


def _too_long(letter: Letter) -> bool:
    return too_long(letter.model_dump_json())


def too_long(body: str) -> bool:
    """Whether a broker would not take a text once it is sealed."""
    return len(body.encode()) > MAX_BODY or len(to_json(body)) > MAX_TEXT


def seal(letter: Letter, key: Ed25519PrivateKey) -> SealedLetter:
    """Sign a letter."""
    body = letter.model_dump_json()
    return SealedLetter(body=body, signature=sign(body, key))


def sign(body: str, key: Ed25519PrivateKey) -> str:
    """The signature of a text, in base64."""
    return base64.b64encode(key.sign(body.encode())).decode()


def unseal(payload: bytes, keys: Sequence[Ed25519PublicKey]) -> Letter:
    """Check whose letter it is, and read it.

    Parameters
    ----------
    keys : sequence of Ed25519PublicKey
        Of the clinic, the present one and those before it.

    Raises
    ------
    LetterError
        If it is damaged, signed by nobody that is known here, or of a version that is not read here.
    """
    return read(verified(SealedLetter, payload, keys), Letter)


def verified(kind: type[Sealed], payload: bytes, keys: Sequence[Ed25519PublicKey]) -> str:
    """The text of something sealed, if one of the keys signed it.

    Raises
    ------
    LetterError
    """
    try:
        sealed = kind.model_validate_json(payload)
        signature = base64.b64decode(sealed.signature, validate=True)
    except ValueError:
        raise LetterError("it is damaged") from None
    if not any(_signed(key, signature, sealed.body) for key in keys):
        raise LetterError("it is not signed with the clinic's key that this home was given")
    return sealed.body


def read(body: str, kind: type[Part]) -> Part:
    """Read what was signed.

    Raises
    ------
    LetterError
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise LetterError(f"{where}: {first['msg']}; update GripHub here") from None


def digest_of(payload: bytes) -> str:
    """What an answer calls a letter; empty where the payload is none."""
    try:
        return hashlib.sha256(SealedLetter.model_validate_json(payload).body.encode()).hexdigest()
    except ValueError:
        return ""


def _signed(key: Ed25519PublicKey, signature: bytes, body: str) -> bool:
    try:
        key.verify(signature, body.encode())
    except InvalidSignature:
        return False
    return True
