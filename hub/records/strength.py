"""What a test of greatest strength came to."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from .base import MeasuredEvent, Part


class TestTrial(Part):
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


class Outcome(Part):
    """The score of a strength test, or why there is none."""

    score: float | None = Field(None, description="in the event's unit")
    score_sd: float | None = Field(None, description="standard uncertainty, where the protocol gives one")
    rule: Literal["mean", "max", "max_of_both", "single", "not_stated"]
    cv_percent: float | None = Field(None, description="spread of the trials that count; it accuses nobody")
    left_out: int = Field(0, ge=0, description="trials that do not count")
    reason: str = Field("", description="why there is no score, for programs")
    because: str = Field("", description="the same, for people")
    trust: str = ""


class StrengthTested(MeasuredEvent):
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
