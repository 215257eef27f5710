"""Strength tests from a CSV file: one that GripHub wrote, or one that somebody typed.

All rows are checked before any is taken. A file is taken whole or not at all, and taking it twice changes
nothing: a test is known by its id, or by child, hand, tool, protocol and time.
"""

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from ...firmware_bridge.samples import ToolKind, Unit
from ...signal.quantity import Quantity
from ...signal.refusal import Refused
from ...signal.strength import PRESETS, Preset, Score, Side, Trial, strength
from ..records.ids import EVENT_NAMESPACE, Id
from ..records.strength import Outcome, StrengthTested, TestTrial
from ..records.vocabulary import Hand, Source
from ..units import NEWTONS
from .csv import BOM, unguard
from .errors import ImportFailed, Problem

#: What a typed file must have. All other columns of `trials.csv` may be left out.
NEEDED = ("measured_at", "child_id", "hand", "preset", "trial", "peak", "unit", "device_id", "device_model")

#: Larger files are no list of strength tests: a child who is tested daily for ten years makes 4 MB.
MOST_BYTES = 16 << 20
MOST_PROBLEMS = 20

_PRESETS = {preset.name.lower(): preset for preset in PRESETS}


def _text(value: object) -> object:
    return unguard(value).strip() if isinstance(value, str) else value


def _list(value: object) -> object:
    return tuple(part for part in value.split("; ") if part) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_text), Field(max_length=100)]


class _Row(BaseModel):
    """A row of `trials.csv`."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    measured_at: AwareDatetime
    child_id: Id
    hand: Hand
    preset: Text
    trial: int = Field(ge=1, le=100)
    peak: float | None = Field(None, ge=0)
    unit: Literal["N", "kPa", "count", "unknown", "kgf", "lbf"]
    device_id: Id
    device_model: ToolKind
    event_id: UUID | None = None
    practice: bool = False
    peak_sd: float | None = Field(None, ge=0)
    duration_s: float | None = Field(None, ge=0)
    valid: bool = True
    invalid_reason: Annotated[tuple[str, ...], BeforeValidator(_list)] = ()
    score: float | None = None
    score_sd: float | None = None
    cv_pct: float | None = None
    no_score: Text = ""
    firmware: Text = ""
    calibration_id: Text = ""
    grip: Text = ""
    tare_noise: float | None = Field(None, ge=0)
    pain_before: int | None = Field(None, ge=0, le=10)
    pain_after: int | None = Field(None, ge=0, le=10)
    source: Source = Source.REAL

    @field_validator("preset")
    @classmethod
    def _known(cls, name: str) -> str:
        if name.lower() not in _PRESETS:
            raise ValueError(f"must be one of {', '.join(preset.name for preset in PRESETS)}")
        return name.lower()

    @property
    def protocol(self) -> Preset:
        return _PRESETS[self.preset]

    @property
    def stored_unit(self) -> Unit:
        return Unit.NEWTON if self.unit in NEWTONS else Unit(self.unit)

    def converted(self, value: float | None) -> float | None:
        """A value of this row in the unit in which it is kept."""
        return None if value is None else value * NEWTONS.get(self.unit, 1.0)

    @property
    def test_id(self) -> UUID:
        """Of the test that the trial is part of."""
        if self.event_id:
            return self.event_id
        what = (
            self.child_id,
            self.hand,
            self.device_id,
            self.preset,
            self.measured_at.isoformat(),
            self.source,
        )
        return uuid5(EVENT_NAMESPACE, f"import:{':'.join(what)}")


def read_tests(path: Path, site: str, hub: str) -> list[StrengthTested]:
    """Read a file.

    Returns
    -------
    list of StrengthTested
        In order of the file. Those with a score keep it; of others it is computed by their protocol.

    Raises
    ------
    ImportFailed
        With the line, the column and the reason of each of the first problems.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ImportFailed(
                str(path), [Problem(None, None, "is too large to be a list of strength tests")]
            )
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ImportFailed(str(path), [Problem(None, None, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        why = "is no UTF-8; save it as `CSV UTF-8`"
        raise ImportFailed(str(path), [Problem(None, None, why)]) from None
    lines, problems = [], []
    for line, cells in _records(str(path), text.removeprefix(BOM)):
        try:
            lines.append((line, _Row.model_validate({name: cell for name, cell in cells.items() if cell})))
        except ValidationError as error:
            for found in error.errors(include_url=False, include_input=False):
                reason = found["msg"].removeprefix("Value error, ")
                problems.append(Problem(line, ".".join(map(str, found["loc"])), reason))
    rows = sorted(lines, key=lambda pair: str(pair[1].test_id))  # stable: trials keep their order
    tests = []
    for test_id, group in groupby(rows, lambda pair: pair[1].test_id):
        members = list(group)
        if problem := _disagreement(members):
            problems.append(problem)
        elif not problems:
            tests.append((members[0][0], _test(test_id, [row for _, row in members], site, hub)))
    if problems:
        raise ImportFailed(str(path), problems[:MOST_PROBLEMS], len(problems))
    return [test for _, test in sorted(tests, key=lambda pair: pair[0])]


def _records(path: str, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Lines of the file with their numbers, after its header was checked."""
    reader = csv.reader(StringIO(text), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if missing := [name for name in NEEDED if name not in header]:
            why = f"lacks {', '.join(missing)}; it needs the columns of GripHub's trials.csv"
            if len(header) == 1 and ";" in header[0]:
                why = "has semicolons between its columns; save it with commas"
            raise ImportFailed(path, [Problem(1, None, why)])
        if len(set(header)) != len(header):
            raise ImportFailed(path, [Problem(1, None, "names a column twice")])
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(header):
                why = f"has {len(cells)} cells under {len(header)} columns"
                raise ImportFailed(path, [Problem(reader.line_num, None, why)])
            yield reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise ImportFailed(path, [Problem(reader.line_num, None, f"is no CSV: {error}")]) from None


#: What all trials of a test share.
_SHARED = (
    "measured_at", "child_id", "hand", "preset", "unit", "device_id", "device_model", "score", "firmware",
    "calibration_id", "grip", "source",
)  # fmt: skip


def _disagreement(members: list[tuple[int, _Row]]) -> Problem | None:
    """What keeps rows from being one test."""
    _, first = members[0]
    for line, row in members[1:]:
        for name in _SHARED:
            if getattr(row, name) != getattr(first, name):
                return Problem(line, name, "differs from the first trial of the same test")
    numbers = [row.trial for _, row in members]
    if len(set(numbers)) != len(numbers):
        return Problem(members[-1][0], "trial", "stands twice in the same test")
    return None


def _test(test_id: UUID, rows: list[_Row], site: str, hub: str) -> StrengthTested:
    rows = sorted(rows, key=lambda row: row.trial)
    first = rows[0]
    trials = tuple(
        TestTrial(
            session_id=test_id,  # of no session here: nobody recorded its force
            begin_s=0.0,
            end_s=0.0,
            practice=row.practice,
            peak=row.converted(row.peak),
            peak_sd=row.converted(row.peak_sd),
            held_s=row.duration_s,
            faults=row.invalid_reason or (() if row.valid or row.practice else ("does not count",)),
            because="" if row.peak is not None else "no peak was written down",
        )
        for row in rows
    )
    return StrengthTested(
        event_id=test_id,
        measured_at=first.measured_at,
        site=site,
        hub=hub,
        session_id=test_id,
        child_id=first.child_id,
        tool_id=first.device_id,
        tool_kind=first.device_model,
        hand=first.hand,
        source=first.source,
        unit=first.stored_unit,
        protocol=first.protocol.name,
        outcome=_outcome(rows),
        trials=trials,
        tare_noise=first.converted(first.tare_noise),
        firmware=first.firmware,
        calibration_id=first.calibration_id or None,
        grip=first.grip,
        pain_before=first.pain_before,
        pain_after=first.pain_after,
    )


def _outcome(rows: list[_Row]) -> Outcome:
    """The score in the file, or the protocol's score of its trials."""
    first = rows[0]
    rule: Any = first.protocol.score.value
    if first.score is not None or first.no_score:
        return Outcome(
            score=first.converted(first.score),
            score_sd=first.converted(first.score_sd),
            rule=rule,
            cv_percent=first.cv_pct,
            because=first.no_score,
        )
    side: Side = first.hand.value
    if first.protocol.score is Score.MAX_OF_BOTH:
        return Outcome(
            rule=rule, reason="protocol", because="The score of both hands must stand in the file."
        )
    tried = [row for row in rows if not row.practice]
    unit = first.stored_unit.value
    peaks = [row.converted(row.peak) for row in tried if row.valid]
    trials = [
        Trial(side, Quantity(peak, unit, ""), peak, None, 0.0, 0.0, ()) for peak in peaks if peak is not None
    ]
    found = strength(trials, first.protocol, side)
    if isinstance(found, Refused):
        return Outcome(rule=rule, reason=found.reason.value, because=found.because)
    return Outcome(
        score=found.score.value,
        score_sd=found.score.sd,
        rule=rule,
        cv_percent=found.variation and found.variation.cv_percent,
        left_out=len(tried) - len(found.trials),
        trust=found.score.trust,
    )
