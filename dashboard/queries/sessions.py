"""Sessions: trends of series that may be compared, strength tests, waveforms thinned for showing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import numpy as np

from ...firmware_bridge.samples import FloatArray, ToolKind, Unit
from ...hub.records.strength import StrengthTested
from ...hub.records.vocabulary import Hand, Purpose, Source
from ...hub.stores.models import SessionDetail, SessionPoint
from ...hub.trends import Finding, of_sessions, of_tests, session_key
from ..results import Results

#: The trend page shows this much.
PERIOD = timedelta(weeks=8)
#: Strength tests are months apart.
TESTS_PERIOD = timedelta(weeks=52)
#: A step of the time axis this many times the usual one is a gap: a missing packet, not jitter.
GAP_STEPS = 1.8
#: Columns of the waveform's picture; about one per pixel of a wide chart.
COLUMNS = 900


@dataclass(frozen=True, slots=True)
class Series:
    """Sessions that may be compared, oldest first: one hand, tool, firmware, calibration, unit and source.

    `finding` says what they show; None where none of them has a peak.
    """

    hand: Hand
    tool_id: str
    points: tuple[SessionPoint, ...]
    finding: Finding | None = None

    @property
    def best(self) -> SessionPoint | None:
        """Session with the highest peak."""
        return max((p for p in self.points if p.peak is not None), key=lambda p: p.peak or 0.0, default=None)


@dataclass(frozen=True, slots=True)
class Panel:
    """Series that share an axis: same source, kind of tool and unit."""

    source: Source
    tool_kind: ToolKind
    unit: Unit
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """Part of a session, thinned for showing.

    `t_s` and `values` have shape (n,); a NaN stands in each gap so that no line crosses it.
    """

    t_s: FloatArray
    values: FloatArray
    gaps: tuple[tuple[float, float], ...]


def trend(store: Results, child_id: str, now: datetime, period: timedelta = PERIOD) -> list[Panel]:
    """Sessions of exercise of a period up to now with a peak or without, real ones first.

    Series are never joined across tools, firmware, calibrations, units, hands or sources.
    """

    def panel(point: SessionPoint) -> tuple[bool, str, str]:
        return point.source is Source.SIMULATED, point.tool_kind.value, point.unit.value

    def series(point: SessionPoint) -> tuple[str, str, str, str]:
        return point.hand.value, point.tool_id, point.firmware, point.calibration_id or ""

    points = [p for p in store.trend(child_id, since=now - period) if p.purpose is Purpose.EXERCISE]
    findings = {finding.key: finding for finding in of_sessions(points)}
    points.sort(key=lambda p: (panel(p), series(p), p.started_at))
    panels = []
    for _, members in groupby(points, panel):
        group = list(members)
        runs = [tuple(run) for _, run in groupby(group, series)]
        panels.append(
            Panel(
                group[0].source,
                group[0].tool_kind,
                group[0].unit,
                tuple(
                    Series(run[0].hand, run[0].tool_id, run, findings.get(session_key(run[0])))
                    for run in sorted(runs, key=lambda run: (run[0].hand.value, run[0].started_at))
                ),
            )
        )
    return panels


def strength_tests(
    store: Results, child_id: str, now: datetime
) -> tuple[list[StrengthTested], list[Finding]]:
    """Strength tests of the last year, latest first, and what each series of them shows."""
    tests = store.strength_tests(child_id, since=now - TESTS_PERIOD)
    return tests[::-1], of_tests(tests)


def session(store: Results, session_id: UUID) -> SessionDetail | None:
    """One session with everything stored of it."""
    return store.session(session_id)


def waveform(detail: SessionDetail, start_s: float, end_s: float, columns: int = COLUMNS) -> Waveform:
    """Part of a session's samples, thinned so that every peak and trough still shows."""
    inside = (detail.t_s >= start_s) & (detail.t_s <= end_s)
    t_s, values = detail.t_s[inside], detail.values[inside]
    gaps = find_gaps(t_s)
    t_s, values = thin(t_s, values, columns)
    if gaps:
        middles = np.array([(a + b) / 2 for a, b in gaps])
        at = np.searchsorted(t_s, middles)
        t_s, values = np.insert(t_s, at, middles), np.insert(values, at, np.nan)
    return Waveform(t_s, values, gaps)


def find_gaps(t_s: FloatArray) -> tuple[tuple[float, float], ...]:
    """Where samples are missing: times of the last sample before and the first one after each gap."""
    if t_s.size < 3:
        return ()
    steps = np.diff(t_s)
    at = np.flatnonzero(steps > GAP_STEPS * np.median(steps))
    return tuple((float(t_s[i]), float(t_s[i + 1])) for i in at)


def thin(t_s: FloatArray, values: FloatArray, columns: int) -> tuple[FloatArray, FloatArray]:
    """Keep the lowest and the highest sample of each of `columns` equal slices of time.

    Every sample kept is a measured one at its own time; nothing is averaged. Readings that are NaN are left
    out of a slice unless the slice has no other, and then one stands for them.

    Parameters
    ----------
    t_s, values : ndarray, shape (n,)
        Times in ascending order, and samples.

    Returns
    -------
    t_s, values : ndarray, shape (m,), m <= 2 * columns or m == n
    """
    if t_s.size <= 2 * columns:
        return t_s, values
    span = t_s[-1] - t_s[0]
    column = np.minimum(((t_s - t_s[0]) / span * columns).astype(np.int64), columns - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    keep = set()
    for first, last in zip(starts, np.append(starts[1:], t_s.size), strict=True):
        part = values[first:last]
        if np.isnan(part).all():
            keep.add(int(first))
        else:
            keep.update((int(first + np.nanargmin(part)), int(first + np.nanargmax(part))))
    kept = np.array(sorted(keep))
    return t_s[kept], values[kept]


def lost_share(point: SessionPoint) -> float:
    """Share of a session's samples that are known to be missing, 0 to 1."""
    sent = point.received + point.lost
    return point.lost / sent if sent else 0.0


def table(panel: Panel) -> list[dict[str, Any]]:
    """Sessions of a panel as rows, newest first, for the table behind the chart."""
    rows = [
        {
            "started_at": p.started_at,
            "hand": p.hand,
            "tool": p.tool_id,
            "peak": p.peak,
            "median_peak": p.median_peak,
            "squeezes": p.squeezes,
            "goal": p.goal or None,
            "doubtful": p.doubtful,
            "lost": lost_share(p),
            "session_id": str(p.session_id),
        }
        for series in panel.series
        for p in series.points
    ]
    return sorted(rows, key=lambda row: row["started_at"], reverse=True)
