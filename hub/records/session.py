"""What a tool told in a session: that it began, each squeeze, the samples, and how it ended."""

from typing import Literal

from pydantic import AwareDatetime, Field, field_validator

from ..errors import PayloadError
from ..waveform import decode_samples
from .base import MeasuredEvent, Part
from .vocabulary import Purpose


class _SessionEvent(MeasuredEvent):
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


class SqueezeCounted(MeasuredEvent):
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


class WaveformSecond(MeasuredEvent):
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


class Drift(Part):
    """How far zero moved in a session."""

    moved: float = Field(description="after less before, in the session's unit")
    percent: float = Field(ge=0, description="the same without its sign, of the child's usual peak")
    too_far: bool = Field(description="more than 2 %: warming, creep, or a tool that wants a tare")


class SessionQuality(Part):
    """How good a session's recording is. Null is not known, and never zero."""

    rate_hz: float | None = Field(None, description="samples a second, as they were measured")
    lost_percent: float | None = Field(None, description="null: this tool's losses do not show")
    saturated_percent: float | None = Field(None, description="samples at the end of the sensor's range")
    tare_level: float | None = Field(
        None, description="of the untouched tool before the first squeeze, in `unit`; null: never untouched"
    )
    tare_noise: float | None = Field(None, description="standard deviation of the same second")
    drift: Drift | None = Field(None, description="null: the tool was not left alone before or after")
    doubtful: dict[str, int] = Field(
        default_factory=dict, description="squeezes for each reason not to trust them"
    )
    usual_peak: float | None = Field(
        None, description="of the child's earlier sessions with this tool: counting began with it; null: none"
    )


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
