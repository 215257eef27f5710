"""Recorded force from a CSV file, as something that a simulated tool can play.

The header names at least the columns ``time_s`` and ``force``; other columns are ignored. Every row needs
both numbers: a reading that is missing is a row that is missing.
"""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..firmware_bridge.errors import GripError
from ..firmware_bridge.packets import RAW_CLIPPED
from ..firmware_bridge.profile import WireUnit
from ..firmware_bridge.samples import FloatArray
from .plays import Play

#: Units that a user may name.
UNITS: dict[str, WireUnit] = {
    "n": WireUnit.NEWTON,
    "kgf": WireUnit.KILOGRAM_FORCE,
    "lbf": WireUnit.POUND_FORCE,
    "kpa": WireUnit.KILOPASCAL,
    "count": WireUnit.COUNT,
    "unknown": WireUnit.UNKNOWN,
}
RATE_HZ = (10.0, 500.0)
MAX_S = 86_400.0
MAX_BYTES = 64 << 20  #: an hour at 500 Hz has about 40 MB; more is the wrong file
EVEN_SHARE = 0.01  #: steps that agree within this are even: what is left is the rounding of the times
MIN_STEP_S = 1e-4  #: ten ticks on the wire, so that no two samples fall on one


class RecordingError(GripError):
    """A file that is not a recording we can play.

    Attributes
    ----------
    path : Path
        The file.
    line : int or None
        Line of the file, from 1; None where it is about the file as a whole.
    reason : str
        What is wrong there.
    """

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        self.path = path
        self.line = line
        self.reason = reason
        where = f"{path}, line {line}" if line is not None else str(path)
        super().__init__(
            f"{where}: {reason}. Mend the file, or leave it out; docs/simulators.md shows the form."
        )


@dataclass(frozen=True, slots=True)
class Label:
    """How many squeezes a recording has, as somebody who looked at it says.

    Attributes
    ----------
    squeeze_count : int
        The best count.
    count_min, count_max : int
        The counts that are accepted as right.
    """

    squeeze_count: int
    count_min: int
    count_max: int


def read_recording(path: Path, unit: WireUnit = WireUnit.UNKNOWN) -> Play:
    """Read a recording whose squeezes nobody has marked.

    Parameters
    ----------
    path : Path
        CSV file in UTF-8 with the columns ``time_s`` and ``force``.
    unit : WireUnit
        Unit of ``force``.

    Returns
    -------
    Play
        With the finest resolution whose 16-bit range holds every value, and ``rate_hz`` 0 where the steps
        between samples differ by more than `EVEN_SHARE`.

    Raises
    ------
    RecordingError
        If the file cannot be read, is not such a CSV file, or time does not increase at 10-500 Hz.
    """
    times: list[float] = []
    values: list[float] = []
    lines: list[int] = []
    for line, row in _rows(path, ("time_s", "force")):
        time_s = _number(path, line, "time_s", row["time_s"])
        values.append(_number(path, line, "force", row["force"]))
        if times and time_s <= times[-1]:
            raise RecordingError(path, line, f"time {time_s:g} s does not come after {times[-1]:g} s")
        if times and time_s - times[-1] < MIN_STEP_S:
            raise RecordingError(path, line, f"two samples lie less than {MIN_STEP_S * 1e3:g} ms apart")
        if times and time_s - times[0] > MAX_S:
            raise RecordingError(path, line, "this is more than a day after the start; time_s is in seconds")
        times.append(time_s)
        lines.append(line)
    if len(times) < 2:
        raise RecordingError(path, None, f"{len(times)} samples are too few to play: it takes 2")
    t_s = np.array(times) - times[0]
    steps_s = np.diff(t_s)
    typical_hz = 1 / float(np.median(steps_s))  # pauses must not count
    low_hz, high_hz = RATE_HZ
    if not low_hz * (1 - EVEN_SHARE) <= typical_hz <= high_hz * (1 + EVEN_SHARE):
        raise RecordingError(
            path, None, f"{typical_hz:.4g} samples a second are outside {low_hz:g}-{high_hz:g}"
        )
    mean_s = float(t_s[-1]) / steps_s.size
    even = bool(np.all(np.abs(steps_s - mean_s) <= EVEN_SHARE * mean_s))
    force = np.array(values)
    exponent = _finest_exponent(force)
    if exponent > 7:
        worst = int(np.argmax(np.abs(force)))
        raise RecordingError(path, lines[worst], f"force {force[worst]:g} is larger than a tool can send")
    return Play(
        t_s=t_s,
        values=force,
        unit=unit,
        exponent=exponent,
        rate_hz=1 / mean_s if even else 0.0,
        truth=(),
        label=path.name,
    )


def read_labels(folder: Path) -> dict[str, Label]:
    """Read ``labels.csv`` (``file, squeeze_count, count_min, count_max``) of a folder of recordings.

    Looks in the folder and, where the recordings lie in ``data/``, beside it; empty where there is none.

    Raises
    ------
    RecordingError
        If there is one and it is malformed.
    """
    path = folder / "labels.csv"
    if not path.exists() and folder.name == "data":
        path = folder.parent / "labels.csv"
    if not path.exists():
        return {}
    labels: dict[str, Label] = {}
    for line, row in _rows(path, ("file", "squeeze_count", "count_min", "count_max")):
        file = row.pop("file")
        counts = [_number(path, line, column, text) for column, text in row.items()]
        count, low, high = counts
        if not all(c.is_integer() for c in counts) or not 0 <= low <= count <= high:
            raise RecordingError(
                path, line, "counts must be whole numbers with count_min <= squeeze_count <= count_max"
            )
        if file in labels:
            raise RecordingError(path, line, f"{file} is labelled twice")
        labels[file] = Label(int(count), int(low), int(high))
    return labels


def _finest_exponent(values: FloatArray) -> int:
    """Smallest power of ten, from -8, that keeps every value off the two codes that mean something else."""
    largest = float(np.abs(values).max())
    return next((e for e in range(-8, 8) if largest < (RAW_CLIPPED - 0.5) * 10.0**e), 8)


def _rows(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The wanted columns of a CSV file, each row with its line number."""
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    places: dict[str, int] = {}
    width = 0
    try:
        for fields in reader:
            if not fields:
                continue
            line = reader.line_num
            if not places:
                places, width = _header(path, line, fields, wanted), len(fields)
                continue
            if len(fields) != width:
                hint = "; write decimals with a point" if len(fields) > width else ""
                raise RecordingError(path, line, f"{len(fields)} fields where the header has {width}{hint}")
            yield line, {column: fields[place] for column, place in places.items()}
    except csv.Error as error:
        raise RecordingError(path, reader.line_num, f"not a CSV file ({error})") from None
    if not places:
        raise RecordingError(path, 1, "the file is empty; it needs a header with " + " and ".join(wanted))


def _header(path: Path, line: int, fields: list[str], wanted: tuple[str, ...]) -> dict[str, int]:
    names = [field.strip() for field in fields]
    if len(names) == 1:
        for mark, name in ((";", "semicolons"), ("\t", "tabs")):
            if mark in names[0]:
                raise RecordingError(
                    path, line, f"columns are separated by {name}; use commas, and points in numbers"
                )
    for column in wanted:
        if names.count(column) != 1:
            found = ", ".join(name[:20] for name in names[:8])
            reason = "is missing" if column not in names else "appears twice"
            raise RecordingError(path, line, f"column {column} {reason} in the header ({found})")
    return {column: names.index(column) for column in wanted}


def _number(path: Path, line: int, column: str, text: str) -> float:
    text = text.strip()
    if not text:
        raise RecordingError(path, line, f"{column} is empty; leave the row out where there is no reading")
    try:
        value = float(text) if "_" not in text else math.nan  # Python reads 1_000, no other tool does
    except ValueError:
        hint = "; write decimals with a point" if "," in text else ""
        raise RecordingError(path, line, f"{column} {text[:40]!r} is not a number{hint}") from None
    if not math.isfinite(value):
        raise RecordingError(path, line, f"{column} {text[:40]!r} is not a finite number")
    return value


def _text(path: Path) -> str:
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise RecordingError(path, None, f"{size >> 20} MB are too much; cut it into sessions")
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(path, None, f"cannot be read ({error.strerror})") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RecordingError(path, line, "not UTF-8 text") from None
