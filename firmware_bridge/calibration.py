"""Calibrations of tools: kept for ever, said when overdue, refused where they do not belong."""

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final, Self
from uuid import uuid4

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from .errors import GripError
from .samples import FloatArray, SampleBlock, Unit

log = logging.getLogger(__name__)

#: A calibration holds for a year unless who made it says otherwise. Makers of hand dynamometers and
#: the American Society of Hand Therapists (Clinical Assessment Recommendations, 3rd ed., 2015) ask for a
#: yearly check; ISO 376:2011, for instruments that calibrate others, allows 26 months at most.
INTERVAL: Final = timedelta(days=365)

#: Beyond the outermost points the nearest straight goes on. So little beyond, as a share of the range, is
#: as good as the points are: nobody hangs exactly the child's best squeeze on a tool.
MARGIN: Final = 0.05

Finite = Annotated[float, Field(allow_inf_nan=False)]


class CalibrationError(GripError):
    """A calibration that cannot be used or kept.

    Attributes
    ----------
    tool_id : str
    reason : str
    """

    def __init__(self, tool_id: str, reason: str, advice: str) -> None:
        self.tool_id = tool_id
        self.reason = reason
        super().__init__(f"The calibration of {tool_id} cannot be used: {reason}. {advice}")


class Calibration(BaseModel):
    """How one tool's readings become newtons: straights between points taken while the load grew.

    Points of the falling load belong into a statement about hysteresis, not in here: a squeeze is measured on
    the way up. Two points are a straight line; a ball needs about five.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    calibration_id: str = Field(default_factory=lambda: uuid4().hex[:12])
    tool_id: str = Field(min_length=1, max_length=64)
    unit: Unit = Field(description="what the tool sends, and what the readings of the points are in")
    points: tuple[tuple[Finite, Finite], ...] = Field(description="reading, newtons; both growing")
    uncertainty_n: float = Field(gt=0, allow_inf_nan=False, description="expanded, k = 2")
    made_on: date
    due_on: date
    method: str = Field("", max_length=200)
    by: str = Field("", max_length=80)
    temperature_c: float | None = Field(None, ge=-20, le=60)
    firmware: str | None = Field(None, description="of the tool then; null where that was not noted")

    @model_validator(mode="before")
    @classmethod
    def _due_after_interval(cls, values: object) -> object:
        if isinstance(values, dict) and "due_on" not in values and isinstance(values.get("made_on"), date):
            return values | {"due_on": values["made_on"] + INTERVAL}
        return values

    @field_validator("unit")
    @classmethod
    def _needs_calibrating(cls, unit: Unit) -> Unit:
        if unit is Unit.NEWTON:
            raise ValueError("the tool sends newtons already; it is its maker who calibrates it")
        return unit

    @field_validator("points")
    @classmethod
    def _growing(cls, points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if not 2 <= len(points) <= 100:
            raise ValueError("must be 2 to 100 points")
        if (np.diff(np.asarray(points), axis=0) <= 0).any():
            raise ValueError("must be in growing order, of readings and of newtons")
        return points

    @model_validator(mode="after")
    def _due_later(self) -> Self:
        if self.due_on <= self.made_on:
            raise ValueError("due_on must come after made_on")
        return self

    @property
    def range_n(self) -> tuple[float, float]:
        """Least and greatest force that it speaks for, the margin included."""
        low, high = self.points[0][1], self.points[-1][1]
        margin = MARGIN * (high - low)
        return low - margin, high + margin

    def overdue(self, on: date) -> bool:
        """Whether it should have been made anew by then. It is still the best there is."""
        return on > self.due_on

    def newtons(self, readings: FloatArray) -> FloatArray:
        """Force for readings; NaN stays NaN.

        Parameters
        ----------
        readings : ndarray of float64, shape (n,)
            In `unit`. Beyond the outermost points the nearest straight goes on; `range_n` tells where.
        """
        points = np.asarray(self.points)
        slopes = np.diff(points[:, 1]) / np.diff(points[:, 0])
        segment = np.clip(np.searchsorted(points[:, 0], readings) - 1, 0, len(slopes) - 1)
        force: FloatArray = points[segment, 1] + slopes[segment] * (readings - points[segment, 0])
        return force

    def apply(self, block: SampleBlock) -> SampleBlock:
        """The same block in newtons.

        Raises
        ------
        CalibrationError
            If the block is of another tool or unit.
        """
        if block.tool_id != self.tool_id:
            raise CalibrationError(self.tool_id, f"it met a reading of {block.tool_id}", "Report this bug.")
        if reason := self.refuses(block.unit, self.firmware or ""):
            raise CalibrationError(self.tool_id, reason, "Calibrate the tool anew.")
        return replace(block, values=self.newtons(block.values), unit=Unit.NEWTON)

    def refuses(self, unit: Unit, firmware: str) -> str | None:
        """Why it does not belong to a tool that sends this unit with this firmware; None if it does."""
        if unit != self.unit:
            return f"it was made for readings in {self.unit}, and the tool sends {unit}"
        if self.firmware not in (None, firmware):
            return f"it was made with firmware {self.firmware}, and the tool has {firmware or 'none'}"
        return None


class CalibrationBook:
    """All calibrations ever made here, one JSON line each, in a file that only grows.

    Other processes may append meanwhile; a reader sees it when it asks next.

    Parameters
    ----------
    path : Path
        The file; made with its folder at the first `add`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None  # size and mtime of what was read
        self._entries: list[Calibration] = []

    def add(self, calibration: Calibration) -> None:
        """Keep a calibration; returns once it is on disk."""
        with self._errors(calibration.tool_id):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._path.open("ab+") as file:
                torn = file.tell() > 0 and not self._path.read_bytes().endswith(b"\n")
                file.write((b"\n" if torn else b"") + calibration.model_dump_json().encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())

    def history(self, tool_id: str) -> Sequence[Calibration]:
        """All calibrations of a tool, oldest first."""
        return [entry for entry in self._read(tool_id) if entry.tool_id == tool_id]

    def find(self, tool_id: str, unit: Unit, firmware: str) -> tuple[Calibration | None, str | None]:
        """The newest calibration that belongs to the tool as it is now.

        Returns
        -------
        calibration : Calibration or None
        reason : str or None
            Where there are some and none belongs: what is wrong with the newest.
        """
        history = self.history(tool_id)
        for calibration in reversed(history):
            if calibration.refuses(unit, firmware) is None:
                return calibration, None
        return None, history[-1].refuses(unit, firmware) if history else None

    def get(self, tool_id: str, calibration_id: str) -> Calibration | None:
        """One calibration of a tool; None if it is not in the book."""
        return next((c for c in self.history(tool_id) if c.calibration_id == calibration_id), None)

    def _read(self, tool_id: str) -> list[Calibration]:
        with self._errors(tool_id):
            try:
                stat = self._path.stat()
            except FileNotFoundError:
                return []
            if (stat.st_size, stat.st_mtime_ns) != self._seen:
                self._entries = [*self._parsed(self._path.read_bytes())]
                self._seen = (stat.st_size, stat.st_mtime_ns)
            return self._entries

    def _parsed(self, data: bytes) -> Sequence[Calibration]:
        entries = []
        for number, line in enumerate(data.split(b"\n"), 1):
            if not line.strip():
                continue
            try:
                entries.append(Calibration.model_validate_json(line))
            except ValidationError:
                log.error(
                    "Line %d of %s is no calibration and does not count. If the power failed while one was "
                    "entered, enter it again.",
                    number,
                    self._path,
                )
        return entries

    @contextlib.contextmanager
    def _errors(self, tool_id: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CalibrationError(
                tool_id, f"{self._path}: {error}", "See that the file belongs to the user who runs griphub."
            ) from error
