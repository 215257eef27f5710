"""Calibrations of tools: kept for ever, said when overdue, refused where they do not belong."""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Self
from uuid import uuid4

import numpy as np
from numpy.polynomial import Polynomial
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from .creep import Creep, CreepInverter
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


class Curve(StrEnum):
    """What joins the points."""

    STRAIGHTS = "straights"  #: from point to point
    PCHIP = "pchip"  #: a smooth curve through all points that never turns back (Fritsch and Carlson 1980)
    QUADRATIC = "quadratic"  #: least squares of the second degree, for sensors that bend one way (FSR)


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
    """How one tool's readings become newtons: a curve through points taken while the load grew.

    Points of the falling load state the hysteresis and are not fitted: a squeeze is measured on the way up.
    Two points are a straight line; a ball needs about five.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    calibration_id: str = Field(default_factory=lambda: uuid4().hex[:12])
    tool_id: str = Field(min_length=1, max_length=64)
    unit: Unit = Field(description="what the tool sends, and what the readings of the points are in")
    points: tuple[tuple[Finite, Finite], ...] = Field(description="reading, newtons; both growing")
    curve: Curve = Curve.STRAIGHTS
    unloading: tuple[tuple[Finite, Finite], ...] = Field(
        (), max_length=100, description="reading, newtons while the load fell; states the hysteresis"
    )
    creep: Creep | None = Field(
        None, description="of putty, fitted to this tool; none: readings stay as they are"
    )
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
    def _curve_grows(self) -> Self:
        if self.curve is Curve.QUADRATIC:
            if len(self.points) < 4:
                raise ValueError("a quadratic needs 4 points or more")
            ends = np.array([self.points[0][0], self.points[-1][0]])
            if self._functions[1](ends).min() <= 0:
                raise ValueError("a quadratic through these points turns back; take pchip")
        elif self.curve is Curve.PCHIP and len(self.points) < 3:
            raise ValueError("a smooth curve needs 3 points or more")
        return self

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

    @property
    def hysteresis_percent(self) -> float | None:
        """Largest distance of the falling load from the curve, of the greatest force; None: not measured."""
        if not self.unloading:
            return None
        readings, loads = np.asarray(self.unloading).T
        return float(100 * np.abs(self.newtons(readings) - loads).max() / self.points[-1][1])

    @property
    def misfit_n(self) -> float | None:
        """How far points are met by a curve through the others, root mean square; None with fewer than four.

        The outermost two are never left out. It tells whether there are points enough: between them the curve
        errs by less, since all are in it.
        """
        inner = range(1, len(self.points) - 1)
        if len(inner) < 2 or (self.curve is Curve.QUADRATIC and len(self.points) < 5):
            return None
        errors = []
        for i in inner:
            reading, load = self.points[i]
            at, _ = _joined(self.points[:i] + self.points[i + 1 :], self.curve)
            errors.append(float(at(np.array([reading]))[0]) - load)
        return float(np.sqrt(np.mean(np.square(errors))))

    def newtons(self, readings: FloatArray) -> FloatArray:
        """Force for readings; NaN stays NaN.

        Parameters
        ----------
        readings : ndarray of float64, shape (n,)
            In `unit`. Beyond the outermost points the curve goes on straight; `range_n` tells where.
        """
        at, slope = self._functions
        within = np.clip(readings, self.points[0][0], self.points[-1][0])  # NaN stays
        return at(within) + slope(within) * (readings - within)

    @cached_property
    def _functions(self) -> "tuple[_Function, _Function]":
        return _joined(self.points, self.curve)

    def apply(self, block: SampleBlock, inverter: CreepInverter | None = None) -> SampleBlock:
        """The same block in newtons.

        Parameters
        ----------
        inverter : CreepInverter, optional
            What `begin` gave for this stream of blocks.

        Raises
        ------
        CalibrationError
            If the block is of another tool or unit.
        """
        if block.tool_id != self.tool_id:
            raise CalibrationError(self.tool_id, f"it met a reading of {block.tool_id}", "Report this bug.")
        if reason := self.refuses(block.unit, self.firmware or ""):
            raise CalibrationError(self.tool_id, reason, "Calibrate the tool anew.")
        values = self.newtons(block.values)
        if inverter:
            values = inverter.update(block.t_s, values)
        return replace(block, values=values, unit=Unit.NEWTON)

    def begin(self) -> CreepInverter | None:
        """What takes the creep off a stream of blocks; None for a tool without a model of it."""
        return CreepInverter(self.creep) if self.creep else None

    def refuses(self, unit: Unit, firmware: str) -> str | None:
        """Why it does not belong to a tool that sends this unit with this firmware; None if it does."""
        if unit != self.unit:
            return f"it was made for readings in {self.unit}, and the tool sends {unit}"
        if self.firmware not in (None, firmware):
            return f"it was made with firmware {self.firmware}, and the tool has {firmware or 'none'}"
        return None


_Function = Callable[[FloatArray], FloatArray]


def _joined(points: Sequence[tuple[float, float]], curve: Curve) -> tuple[_Function, _Function]:
    """The curve and its slope, within the points."""
    readings, loads = np.asarray(points).T
    if curve is Curve.QUADRATIC:
        polynomial = Polynomial.fit(readings, loads, 2)
        return polynomial, polynomial.deriv()
    if curve is Curve.STRAIGHTS or len(points) < 3:
        slopes = np.diff(loads) / np.diff(readings)

        def slope(at: FloatArray) -> FloatArray:
            found: FloatArray = slopes[np.clip(np.searchsorted(readings, at) - 1, 0, slopes.size - 1)]
            return found

        return lambda at: np.interp(at, readings, loads), slope
    from scipy.interpolate import PchipInterpolator  # noqa: PLC0415 - only who needs it waits for it

    smooth = PchipInterpolator(readings, loads)
    return smooth, smooth.derivative()


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
