"""What the live page is told: fire-and-forget frames beside the durable events."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ..firmware_bridge.samples import ToolKind, Unit
from .records.ids import Id
from .records.vocabulary import Hand, Source

#: MQTT topic filter of all live frames.
LIVE_FILTER = "griphub/v1/+/+/live/+"

#: A page says every few seconds that it is open; a hub sends curves for as long as it has heard that lately.
WATCH_S, WATCHED_S = 2.0, 6.0
#: More pages than this are not open in one home.
MAX_WATCHED = 64


def watch_topic(site: str) -> str:
    """Topic on which dashboards say whose live pages are open."""
    return f"griphub/v1/{site}/watch"


class Watch(BaseModel):
    """Whose live pages are open somewhere: of nobody else need a hub send curves."""

    schema_: Literal["watch/1"] = Field("watch/1", alias="schema")
    children: tuple[Id, ...] = Field(max_length=MAX_WATCHED)


class ExerciseView(BaseModel):
    """How far an exercise has come, and what is to be said now: all that a screen shows of it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    exercise_id: UUID
    child_id: Id
    item_id: Id
    title: str
    phase: Literal["quiet", "warm_up", "set", "rest", "asking", "ended"]
    cue: str  #: key of what to say; `hub.session.cues` has the words
    words: str
    for_parent: bool = False
    set_number: int = 0  #: from 1; 0 before the first
    sets: int = 1
    in_set: int = 0  #: reps of this set
    reps: int = 1  #: asked for in a set
    done: int = 0  #: reps of all sets
    hits: int | None = None  #: in the zone for as long as asked; null where there is no zone
    warmed_up: int = 0
    warm_up: int = 0
    rest_left_s: float | None = None  #: at the time of the frame
    hold_s: float = 0.0
    unit: Unit = Unit.UNKNOWN
    zones: dict[Hand, tuple[float, float]] = {}  #: above rest, in `unit`
    levels: dict[Hand, float] = {}  #: the latest, above rest, in `unit`
    away: tuple[Hand, ...] = ()  #: hands whose tool is out of reach
    ended_by: str | None = None  #: done, enough, pain, child, parent or left
    sessions: tuple[UUID, ...] = ()  #: in which tools counted
    before: int = 0  #: reps that tools counted today before it
    kind: str = "squeezes"  #: or `strength_test`: then there is one set, whose reps are trials that count
    pain_before: int | None = None
    pain_after: int | None = None  #: the last face that was shown
    script: str = ""  #: of a test: how the child sits, and what to say before
    hand: Hand | None = None  #: of a test: whose turn it is
    trial: int = 0  #: of this hand, from 1; practice included
    trials: int = 0
    practice: bool = False  #: this trial does not count
    hold_left_s: float | None = None  #: at the time of the frame
    news: tuple[str, ...] = ()  #: of a test: what became of the latest trial


class LiveFrame(BaseModel):
    """A few samples of a running session, or news of its state. Sent at QoS 0: a lost one is not repeated.

    `t_s` and `values` have one length (0 when only the state changed). NaN readings are null.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_: Literal["live/1"] = Field("live/1", alias="schema")
    site: Id
    hub: Id
    tool_id: Id
    tool_kind: ToolKind
    child_id: Id
    hand: Hand
    source: Source
    unit: Unit
    session_id: UUID
    state: Literal["streaming", "link_lost", "ended"] = "streaming"
    t_s: tuple[float, ...] = ()  #: seconds since the session's start
    values: tuple[float | None, ...] = ()
    count: int = 0  #: squeezes counted and committed
    waiting: int = 0  #: squeezes that were seen and wait to be counted: some never are; in no result
    goal: int = 0  #: squeezes asked for; 0 where none were
    best: float | None = None  #: highest counted peak so far, above rest
    rest: float = 0.0  #: level of the resting hand
    counted_at_s: float | None = None  #: Unix time of the last count's commit, to measure delay
    sent_at_s: float = 0.0  #: Unix time of sending
    exercise: ExerciseView | None = None  #: the exercise that the child is led through

    @property
    def is_news(self) -> bool:
        """Whether it tells more than the next piece of a curve: a page opened later starts with the last."""
        return self.state != "streaming" or self.counted_at_s is not None

    def topic(self) -> str:
        """MQTT topic of this frame."""
        return f"griphub/v1/{self.site}/{self.hub}/live/{self.tool_id}"
