"""What the hub reports: events with a schema, an id and the time of measurement.

An event is committed at the hub before it is sent, sent until ingest says that it is committed there,
and recognised by its ``event_id`` however often it arrives. Names of children never appear in one.
"""

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, get_args
from uuid import UUID, uuid5

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    field_validator,
)

from ..firmware_bridge.link_state import LinkPhase
from ..firmware_bridge.samples import ToolKind, Unit
from .errors import PayloadError
from .measured import Outcome, SessionQuality, TestTrial
from .waveform import decode_samples

#: Fixed namespace of event ids: the same squeeze of the same session always gets the same id.
EVENT_NAMESPACE = UUID("5b0f8a52-6f0e-4d43-9a57-3b1a6f1c2e70")

#: A reason is for reading: a message of 64 kB could otherwise be repeated in it.
MAX_REASON: Final = 300

#: Ids travel in topics, subjects and tags: nothing that means something to a broker or a store.
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")]

#: Characters of what somebody wrote: a long paragraph, and far from the broker's longest message.
MAX_OBSERVATION: Final = 2_000

#: A picture travels in so many pieces at most, each of so many bytes and characters of base64: with what is
#: around it a piece fits into a broker's 64 KiB.
MAX_PARTS: Final = 12
MAX_PIECE: Final = 40_000
MAX_PIECE_TEXT: Final = 4 * -(-MAX_PIECE // 3)


class Hand(StrEnum):
    """The hand that holds the tool."""

    LEFT = "left"
    RIGHT = "right"


class Source(StrEnum):
    """Whether a physical tool measured it; the two are never mixed in a trend."""

    REAL = "real"
    SIMULATED = "simulated"


class Purpose(StrEnum):
    """What a session is for: a strength test is no exercise, and is no point of its trend."""

    EXERCISE = "exercise"
    STRENGTH_TEST = "strength_test"


class Evidence(StrEnum):
    """How it is known that something was done."""

    SENSOR = "sensor"
    PARENT = "parent"
    THERAPIST = "therapist"


class Person(StrEnum):
    """Who helped, or who said it: a role, never a name."""

    CHILD = "child"
    PARENT = "parent"
    SIBLING = "sibling"
    TEACHER = "teacher"
    THERAPIST = "therapist"
    OTHER = "other"


class _Event(BaseModel):
    """What all events share."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    event_id: UUID
    measured_at: AwareDatetime = Field(description="UTC time of measurement, never of arrival")
    site: Id
    hub: Id

    def topic(self) -> str:
        """MQTT topic of this event."""
        kind = self.schema_.split("/")[0]  # type: ignore[attr-defined]
        return f"griphub/v1/{self.site}/{self.hub}/event/{kind}"


class _MeasuredEvent(_Event):
    """What events share that a tool measured of a child in a session."""

    session_id: UUID
    child_id: Id = Field(description="random pseudonymous id")
    tool_id: Id
    tool_kind: ToolKind
    hand: Hand
    source: Source
    unit: Unit


class _SaidEvent(_Event):
    """What events share that somebody said of a child; `measured_at` is when it was so, not when it was said.

    An event is never changed. One that was a mistake is taken back by another one of its kind.
    """

    child_id: Id = Field(description="random pseudonymous id")
    source: Source = Source.REAL
    session_id: UUID | None = Field(None, description="of the session that it belongs to")
    day: date | None = Field(None, description="the family's day of it, on their own clock")
    takes_back: UUID | None = Field(
        None,
        description="`event_id` of the event that does not hold any more, with the same `measured_at`; "
        "this one only says so",
    )


class _SessionEvent(_MeasuredEvent):
    """What the beginning and the end of a session share."""

    goal: int = Field(0, ge=0, description="squeezes asked for; 0 where none were")
    counts: bool = Field(True, description="false: the tool is too slow or coarse for squeezes to be counted")
    stored: bool = Field(False, description="recorded by the tool alone and handed over later")
    time_known: bool = Field(True, description="false: ``measured_at`` is only the latest that it can be")
    time_within_s: float | None = Field(
        None, ge=0, description="error of the session's times, at most; null: unknown, or live, some ms"
    )
    firmware: str = Field("", description="of the tool; another one begins another series")
    calibration_id: str | None = Field(None, description="null: as the tool sends it; so does another one")
    calibration_overdue: bool = False
    purpose: Purpose = Purpose.EXERCISE


class SessionStarted(_SessionEvent):
    """A tool began to stream for a child; ``measured_at`` is the session's start."""

    schema_: Literal["session_started/1"] = Field("session_started/1", alias="schema")


class SqueezeCounted(_MeasuredEvent):
    """One squeeze; ``measured_at`` is its onset."""

    schema_: Literal["squeeze/1"] = Field("squeeze/1", alias="schema")
    number: int = Field(ge=1, description="count within the session")
    onset_s: float = Field(description="seconds since the session's start, as are the next three")
    peak_s: float
    offset_s: float
    decided_s: float = Field(description="when the detector was sure that it was over")
    peak: float = Field(description="above rest, in `unit`")
    rest: float = Field(description="level of the resting hand, in `unit`")
    impulse: float = Field(description="integral above rest, in `unit` times seconds")
    ended_by: str
    doubtful: tuple[str, ...] = ()
    peak_sd: float | None = Field(
        None, description="standard uncertainty of `peak` by noise, tremor and rest; not of the sensor itself"
    )
    rise_s: float | None = Field(None, description="from onset to nine tenths of the height")
    release_s: float | None = Field(None, description="from there for the last time to the offset")
    rfd: float | None = Field(None, description="rate of force development, 20 to 80 %, `unit` per second")
    no_rfd: str = Field("", description="why there is none")


class WaveformSecond(_MeasuredEvent):
    """About one second of samples; ``measured_at`` is the time of the first."""

    schema_: Literal["waveform/1"] = Field("waveform/1", alias="schema")
    first_index: int = Field(ge=0)
    start_s: float = Field(description="seconds since the session's start")
    samples: int = Field(ge=1)
    data: str = Field(description="base64 of the samples, see hub/waveform.py")

    @field_validator("data")
    @classmethod
    def _readable(cls, data: str) -> str:
        """Refuse what no reader could show, here where it can still be set aside with its reason."""
        try:
            decode_samples(data)
        except PayloadError as error:
            raise ValueError(error.reason) from None
        return data


class SessionEnded(_SessionEvent):
    """The session is over; ``measured_at`` is its start, so that it lands beside the beginning."""

    schema_: Literal["session_ended/1"] = Field("session_ended/1", alias="schema")
    ended_at: AwareDatetime
    ended_by: str
    clock_step_s: float = Field(
        0.0, description="the hub's clock was set forward by so much meanwhile: add it to the session's times"
    )
    squeezes: int = Field(ge=0, description="that were told")
    added: int = Field(0, ge=0, description="of them only seen when the whole session was looked at again")
    withdrawn: int = Field(0, ge=0, description="of them not confirmed when it was looked at again")
    doubtful: int = Field(0, ge=0)
    peak: float | None = Field(None, description="highest squeeze, in `unit`; null without squeezes")
    median_peak: float | None = None
    first_index: int = Field(ge=0)
    end_index: int = Field(ge=0)
    received: int = Field(ge=0, description="samples")
    lost: int = Field(ge=0, description="samples known to be missing")
    quality: SessionQuality | None = Field(None, description="null: from before it was told")


class StrengthTested(_MeasuredEvent):
    """A test of greatest strength of one hand, or of both; ``measured_at`` is where its first trial begins.

    `session_id` is the session of that trial. Where the protocol scores both hands together, `hand` is the
    one that began, and `trials` are of both.
    """

    schema_: Literal["strength_test/1"] = Field("strength_test/1", alias="schema")
    protocol: str = Field(description="name of the preset: results of two protocols do not compare")
    outcome: Outcome
    trials: tuple[TestTrial, ...]
    tare_noise: float | None = Field(None, description="of the untouched tool before the test, in `unit`")
    firmware: str = ""
    calibration_id: str | None = None
    calibration_overdue: bool = False
    grip: str = Field("", description="size of the ball, or setting of the handle")
    position_kept: bool | None = Field(
        None, description="whether the child sat as the protocol asks; null: not said"
    )
    pain_before: int | None = Field(None, ge=0, le=10, description="as the child said; null: not asked")
    pain_after: int | None = Field(None, ge=0, le=10)
    stopped: str = Field("", description="why the test ended before its last trial; empty where it did not")


class ActivityDone(_SaidEvent):
    """An item of the program that was done: dough that was kneaded, or squeezes that a tool counted."""

    schema_: Literal["activity_done/1"] = Field("activity_done/1", alias="schema")
    item_id: Id = Field(description="of the program's item; of what nobody asked for, the activity")
    activity_id: Id | None = Field(None, description="of the activity library; null: not said")
    evidence: Evidence
    hand: Hand | None = None
    minutes: float | None = Field(None, ge=0, le=1440)
    minutes_asked: float | None = Field(None, ge=0, le=1440)
    sets: int | None = Field(None, ge=0, le=1000)
    sets_asked: int | None = Field(None, ge=0, le=1000)
    reps: int | None = Field(None, ge=0, le=100_000, description="of all sets together, as `reps_asked`")
    reps_asked: int | None = Field(None, ge=0, le=100_000)
    hits: int | None = Field(
        None, ge=0, le=100_000, description="reps in the zone for as long as asked; null: there was no zone"
    )
    ended_by: str = Field("", max_length=24, description="done, enough, pain, child, parent or left")
    gap_s: float | None = Field(
        None, ge=0, description="how long a tool was out of reach; null: no tool counted"
    )
    sessions: tuple[UUID, ...] = Field((), max_length=100, description="in which a tool counted it")
    helped_by: Person | None = Field(None, description="null: nobody, or not said")


class FeedbackGiven(_SaidEvent):
    """How it went, as a child or a grown-up said. Scales run from 0, none, to 10, the most there is."""

    schema_: Literal["feedback/1"] = Field("feedback/1", alias="schema")
    said_by: Person | None = None
    pain_before: int | None = Field(None, ge=0, le=10, description="faces: 0, 2, 4, 6, 8 or 10")
    pain_after: int | None = Field(None, ge=0, le=10)
    effort: int | None = Field(None, ge=0, le=10)
    enjoyment: int | None = Field(None, ge=0, le=10)
    participation: int | None = Field(None, ge=0, le=10)
    confidence: int | None = Field(None, ge=0, le=10, description="the parent's, to do it again alone")
    observation: str = Field("", max_length=MAX_OBSERVATION)
    photo: Id | None = Field(
        None, description="name of a picture; it comes as `picture/1` where the family shares it"
    )


class MessageWritten(_Event):
    """A family's words to the therapist, written at home; `measured_at` is when."""

    schema_: Literal["message/1"] = Field("message/1", alias="schema")
    child_id: Id = Field(description="random pseudonymous id")
    message_id: Id = Field(description="the same at both ends")
    words: str = Field(min_length=1, max_length=MAX_OBSERVATION)


class SaidPause(BaseModel):
    """Days on which nothing is missed, or a correction of such days, as a home knows it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    since: date
    until: date | None = Field(None, description="the last day; null: open")
    reason: str = Field("other", max_length=24, description="illness, holiday, appointment or other")
    recorded_at: AwareDatetime
    replaces: UUID | None = Field(None, description="the one that this corrects")
    withdrawn: bool = Field(False, description="it was none")


class PausesSaid(_Event):
    """All pauses of a child that a home knows; `measured_at` is when the last was recorded."""

    schema_: Literal["pauses/1"] = Field("pauses/1", alias="schema")
    child_id: Id = Field(description="random pseudonymous id")
    pauses: tuple[SaidPause, ...] = Field(max_length=60, description="in the order of recording")


class ProgramStepped(_Event):
    """A rule took a step in a child's program at home, as the therapist let it; `measured_at` is when."""

    schema_: Literal["program_step/1"] = Field("program_step/1", alias="schema")
    child_id: Id = Field(description="random pseudonymous id")
    version_id: Id
    valid_from: date
    because: str = Field("", max_length=2_000)
    program: dict[str, JsonValue] = Field(description="the whole program from then on")


class PicturePiece(_Event):
    """A piece of a picture that a family shares with the therapist; `measured_at` is when it shared it.

    Without pieces it is taken back, at `measured_at`: what came of it is to be deleted.
    """

    schema_: Literal["picture/1"] = Field("picture/1", alias="schema")
    child_id: Id = Field(description="random pseudonymous id")
    picture_id: Id
    taken_on: date
    parts: int = Field(0, ge=0, le=MAX_PARTS, description="how many pieces there are; 0: it is taken back")
    part: int = Field(0, ge=0, le=MAX_PARTS, description="which piece this is, from 1")
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = Field(
        "", description="of the whole picture, a JPEG file"
    )
    data: str = Field("", max_length=MAX_PIECE_TEXT, description="base64 of the piece")


class AddedSqueeze(BaseModel):
    """A squeeze that nobody counted and somebody saw, measured where they pointed; as in `SqueezeCounted`."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    onset_s: float
    peak_s: float
    offset_s: float
    peak: float
    rest: float
    impulse: float


class SessionCorrected(_Event):
    """Somebody said that a session was not as it was told. What was told stays; this one goes with it.

    `measured_at` is the session's start. Of two that contradict each other the one that was made later
    holds; one that gives a session back, or restores a squeeze, undoes an earlier one.
    """

    schema_: Literal["correction/1"] = Field("correction/1", alias="schema")
    session_id: UUID
    child_id: Id = Field(description="whose it was recorded as")
    source: Source = Source.REAL
    corrected_at: AwareDatetime
    by: Person | None = Field(None, description="who said so: a role, never a name")
    account: Id | None = Field(None, description="pseudonymous id of their account; null: at the hub itself")
    reason: str = Field("", max_length=MAX_REASON)
    to_child: Id | None = Field(None, description="whose it is; null: this is not about it, as below")
    to_hand: Hand | None = None
    squeeze_id: UUID | None = Field(None, description="`event_id` of the squeeze that `verdict` is about")
    verdict: Literal["", "removed", "restored", "doubtful"] = ""
    added: AddedSqueeze | None = Field(None, description="its `event_id` is that of this correction")


class ToolSeen(_Event):
    """How a tool is: told when it changes, and every some minutes while it streams. No word of a child."""

    schema_: Literal["tool_status/1"] = Field("tool_status/1", alias="schema")
    tool_id: Id
    source: Source = Source.REAL
    tool_kind: ToolKind | None = Field(None, description="null: it was never connected since the hub began")
    link: LinkPhase
    seen_at: AwareDatetime | None = Field(None, description="when it was last heard; null: not yet")
    battery_percent: int | None = Field(None, ge=0, le=100)
    rssi_dbm: int | None = Field(None, ge=-127, le=20)
    firmware: str = Field("", max_length=100)
    rate_hz: float | None = Field(None, ge=0, description="nominal; 0: uneven, or it does not say")


#: What the stores keep.
Result = (
    SessionStarted
    | SqueezeCounted
    | WaveformSecond
    | SessionEnded
    | StrengthTested
    | ActivityDone
    | FeedbackGiven
    | SessionCorrected
    | ToolSeen
)
#: All that travels; the rest the database of people takes, and no store.
ForPeople = MessageWritten | PicturePiece | PausesSaid | ProgramStepped
Event = Result | ForPeople
FOR_PEOPLE: Final = (MessageWritten, PicturePiece, PausesSaid, ProgramStepped)


_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="schema_")])


def event_id(session_id: UUID, what: str) -> UUID:
    """Id of an event from what it tells, so that telling it again is recognised.

    Examples
    --------
    >>> event_id(UUID(int=1), "squeeze:120") == event_id(UUID(int=1), "squeeze:120")
    True
    """
    return uuid5(EVENT_NAMESPACE, f"{session_id}:{what}")


def status_id(hub: str, tool_id: str, at: datetime) -> UUID:
    """Id of what a hub tells of a tool at a time."""
    return uuid5(EVENT_NAMESPACE, f"{hub}:{tool_id}:{at.astimezone(UTC).isoformat()}")


def stored_session_id(tool_id: str, boot_id: int, first_index: int) -> UUID:
    """Id of a session that a tool hands over, the same however often it does."""
    return uuid5(EVENT_NAMESPACE, f"{tool_id}:{boot_id}:{first_index}")


class Header(BaseModel):
    """What an event of any version, also of one to come, says of itself in the same place."""

    event_id: UUID
    schema_: JsonValue = Field(None, alias="schema")
    site: JsonValue = None
    hub: JsonValue = None

    @property
    def is_ours(self) -> bool:
        """Whether it names a schema as we do: then some version may be able to read the rest."""
        return isinstance(self.schema_, str) and bool(_SCHEMA.match(self.schema_))


_SCHEMA: Final = re.compile(r"[a-z_]{1,40}/[0-9]{1,4}\Z")

#: Schemas that this version reads.
SCHEMAS = frozenset(str(kind.model_fields["schema_"].default) for kind in get_args(Event))


def header(payload: bytes) -> Header | None:
    """What an event says of itself; None where that is no event of any version."""
    try:
        return Header.model_validate_json(payload)
    except ValidationError:
        return None


def encode(event: Event) -> bytes:
    """JSON payload of an event."""
    return event.model_dump_json(by_alias=True).encode()


def decode(payload: bytes) -> Event:
    """Read a payload.

    Raises
    ------
    PayloadError
        If it is no JSON, of an unknown schema, or breaks the schema; names the first offending field.
        Has an `event_id` if a later version may be able to read it.
    """
    try:
        return _ADAPTER.validate_json(payload)
    except ValidationError as error:
        known = header(payload)
        if known and known.is_ours and known.schema_ not in SCHEMAS:
            reason = f"schema {known.schema_} is not known to this version; update GripHub here"
        else:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "payload"
            reason = f"{where}: {first['msg']}"[:MAX_REASON]
        raise PayloadError(reason, event_id=known.event_id if known and known.is_ours else None) from None


def utc(timestamp_s: float) -> datetime:
    """UTC time of a Unix timestamp."""
    return datetime.fromtimestamp(timestamp_s, UTC)
