"""What a child is led through: an exercise of squeezes, or a strength test. The coach keeps both."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from ..config import Config
from ..live import ExerciseView
from ..records.event import Event
from ..records.vocabulary import Hand
from .cues import Cue

What = Literal["stop", "pain", "skip", "confirm", "longer", "after"]


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says while a child is led.

    Attributes
    ----------
    what : What
        ``skip`` goes on without what is waited for, ``confirm`` goes on after a question, ``longer`` asks for
        a longer rest, ``after`` answers what is asked at the end of a test.
    by : "child" or "parent"
        Who stops.
    face : int or None
        Of pain.
    position_kept : bool or None
        Whether the child sat as the protocol asks.
    """

    what: What
    by: Literal["child", "parent"] = "parent"
    face: int | None = None
    position_kept: bool | None = None


class Lead(Protocol):
    """One child, one item. Times are Unix seconds; cues are what to say, and what the hub is to do."""

    @property
    def title(self) -> str:
        """Of the item."""

    @property
    def tools(self) -> Collection[str]:
        """Ids of the tools that take part."""

    @property
    def ended_s(self) -> float | None:
        """When it ended; None while it goes on."""

    @property
    def counts_down(self) -> bool:
        """Whether a rest is under way, whose seconds are shown."""

    def tell(self, said: Said, now_s: float) -> Sequence[Cue]:
        """Take what somebody says."""

    def tick(self, now_s: float) -> Sequence[Cue]:
        """Let time pass."""

    def lost(self, hand: Hand, now_s: float) -> Sequence[Cue]:
        """Take note that a hand's tool is out of reach."""

    def to_json(self) -> str:
        """All that is needed to go on after a kill."""

    def results(self, config: Config, zone: ZoneInfo | None) -> list[Event]:
        """What came of it, once it has ended."""

    def view(self, now_s: float) -> ExerciseView:
        """How far it has come, for a screen."""
