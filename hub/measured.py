"""What the end of a session and a strength test tell beside their counts; parts of events, see records.py."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Drift(_Part):
    """How far zero moved in a session."""

    moved: float = Field(description="after less before, in the session's unit")
    percent: float = Field(ge=0, description="the same without its sign, of the child's usual peak")
    too_far: bool = Field(description="more than 2 %: warming, creep, or a tool that wants a tare")


class SessionQuality(_Part):
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


class TestTrial(_Part):
    """One trial of a strength test, in the order in which they were made."""

    __test__ = False  # pytest takes it for its own otherwise

    session_id: UUID = Field(description="the session whose samples show it")
    begin_s: float = Field(description="seconds since that session's start, as is the next")
    end_s: float
    practice: bool = False
    peak: float | None = Field(
        None, description="highest smoothed force above zero; null: nothing to measure"
    )
    peak_sd: float | None = None
    raw_peak: float | None = Field(None, description="highest sample")
    rise_s: float | None = None
    held_s: float | None = None
    faults: tuple[str, ...] = Field((), description="why it does not count; none: it does")
    because: str = Field("", description="why there is no peak")


class Outcome(_Part):
    """The score of a strength test, or why there is none."""

    score: float | None = Field(None, description="in the event's unit")
    score_sd: float | None = Field(None, description="standard uncertainty, where the protocol gives one")
    rule: Literal["mean", "max", "max_of_both", "single", "not_stated"]
    cv_percent: float | None = Field(None, description="spread of the trials that count; it accuses nobody")
    left_out: int = Field(0, ge=0, description="trials that do not count")
    reason: str = Field("", description="why there is no score, for programs")
    because: str = Field("", description="the same, for people")
    trust: str = ""
