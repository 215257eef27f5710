"""Charts of sessions: trends, and what stands beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

import altair as alt

from ...hub.records.vocabulary import Hand, Source
from .. import findings, words
from ..i18n import _
from ..queries.sessions import Panel, Series

#: Readable on the light and on the dark page alike.
CURVE: Final = "#7d92a3"

VISIT: Final = "visit"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something of some days that stands on a chart beside the curves.

    Attributes
    ----------
    kind : str
        `VISIT` is drawn as a line; everything else as a band.
    sign : str
        One sign for the upper edge.
    """

    kind: str
    first: date
    last: date
    sign: str
    words: str


def trend_chart(
    panel: Panel, since: datetime, until: datetime, zone: tzinfo, marks: Sequence[Mark] = ()
) -> alt.LayerChart | alt.FacetChart:
    """Peak of every session against time; lines join sessions of one series only.

    Shaded is where a series' sessions lie by their usual variation, where that is known. A dashed line stands
    where a hand's series ends and another begins.

    Selecting a point yields its ``session_id`` under the name ``session``.
    """
    rows = [
        {
            "session_id": str(point.session_id),
            "started_at": point.started_at.isoformat(),
            "peak": words.shown(point.peak, panel.unit),
            "hand": words.hand(series.hand),
            "series": _name(series),
            "tool": point.tool_id,
            "when": words.day_time(point.started_at, zone),
            "shown": words.value(point.peak, panel.unit),
            "squeezes": f"{point.squeezes} of {point.goal}" if point.goal else str(point.squeezes),
        }
        for series in panel.series
        for point in series.points
        if point.peak is not None
    ]
    hands = [words.hand(hand) for hand in Hand]
    simulated = panel.source is Source.SIMULATED
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "started_at:T",
            title=None,
            scale=alt.Scale(domain=[since.isoformat(), until.isoformat()]),
            axis=alt.Axis(format="%-d %b", grid=False, tickCount="week", labelOverlap=True),
        ),
        y=alt.Y("peak:Q", title=words.axis(panel.unit), scale=alt.Scale(zero=True, nice=True)),
        color=hand_color(),
        detail="series:N",
    )
    picked = alt.selection_point(name="session", fields=["session_id"], toggle=False, clear=False)
    line = base.mark_line(point=False, strokeWidth=1.5, strokeDash=[4, 3] if simulated else [1, 0])
    points = (
        base.mark_point(size=80, filled=not simulated, strokeWidth=2, cursor="pointer", opacity=1)
        .encode(
            shape=alt.Shape("hand:N", scale=alt.Scale(domain=hands, range=["circle", "square"])),
            size=alt.condition(picked, alt.value(300), alt.value(80), empty=False),
            tooltip=[
                alt.Tooltip("when:N", title="Session"),
                alt.Tooltip("hand:N", title="Hand"),
                alt.Tooltip("shown:N", title="Highest peak"),
                alt.Tooltip("squeezes:N", title="Squeezes"),
                alt.Tooltip("tool:N", title="Tool"),
            ],
        )
        .add_params(picked)
    )
    shaded = [
        {
            "at": at.isoformat(),
            "low": words.shown(max(middle - band.half, 0.0), panel.unit),
            "high": words.shown(middle + band.half, panel.unit),
            "middle": words.shown(middle, panel.unit),
            "hand": words.hand(series.hand),
            "series": _name(series),
        }
        for series in panel.series
        if series.finding and (band := series.finding.band)
        for at, middle in zip((band.begin, band.end), band.middle, strict=True)
    ]
    beside = [*mark_layers(marks, since, zone), *_breaks(panel)]
    if not shaded:
        return alt.layer(*beside, line, points).properties(height=280)
    usual = alt.Chart(alt.InlineData(values=shaded)).encode(x="at:T", color=hand_color(), detail="series:N")
    bands = usual.mark_area(opacity=0.13, line=False).encode(y="low:Q", y2="high:Q")
    middles = usual.mark_line(point=False, strokeWidth=1, opacity=0.5).encode(y="middle:Q")
    return alt.layer(*beside, bands, middles, line, points).properties(height=280)


def hand_color() -> alt.Color:
    """A colour of its own for each hand, the same on every chart."""
    hands = [words.hand(hand) for hand in Hand]
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1, symbolFillColor="transparent")
    return alt.Color("hand:N", scale=alt.Scale(domain=hands), legend=legend)


def _breaks(panel: Panel) -> list[alt.Chart]:
    """Where a hand's series begins that is not its first."""
    rows = [
        {
            "at": series.points[0].started_at.isoformat(),
            "hand": words.hand(series.hand),
            "why": findings.broke(series.finding),
        }
        for series in panel.series
        if series.finding and series.finding.broke
    ]
    if not rows:
        return []
    return [
        alt.Chart(alt.InlineData(values=rows))
        .mark_rule(strokeDash=[5, 4], strokeWidth=1.5)
        .encode(
            x="at:T",
            color=hand_color(),
            tooltip=[alt.Tooltip("why:N", title=_("Here")), alt.Tooltip("hand:N", title=_("Hand"))],
        )
    ]


def mark_layers(marks: Sequence[Mark], since: datetime, zone: tzinfo) -> list[alt.Chart]:
    """Visits as lines, notes and breaks as bands, each with its sign at the upper edge.

    What began before `since` has its sign where the chart begins.
    """
    begin = since.astimezone(zone).date()
    rows = [
        {
            "begin": _midnight(mark.first, zone),
            "end": _midnight(mark.last + timedelta(days=1), zone),
            "noon": _midnight(max(mark.first, begin), zone, hour=12),
            "sign": mark.sign,
            "words": mark.words,
            "kind": mark.kind,
        }
        for mark in marks
        if mark.last >= begin
    ]

    def of(kept: Sequence[dict[str, str]]) -> alt.Chart:
        shown = alt.Tooltip("words:N", title=_("Here"))
        return alt.Chart(alt.InlineData(values=list(kept))).encode(tooltip=shown)

    layers = []
    if spans := [row for row in rows if row["kind"] != VISIT]:
        band = of(spans).mark_rect(opacity=0.22, color=CURVE, clip=True)
        layers.append(band.encode(x="begin:T", x2="end:T"))
    if met := [row for row in rows if row["kind"] == VISIT]:
        layers.append(of(met).mark_rule(color=CURVE, strokeWidth=1.5, clip=True).encode(x="noon:T"))
    if rows:
        sign = of(rows).mark_text(fontSize=14, dy=-8, color=CURVE)
        layers.append(sign.encode(x="noon:T", y=alt.value(0), text="sign:N"))
    return layers


def _midnight(day: date, zone: tzinfo, *, hour: int = 0) -> str:
    return datetime.combine(day, time(hour), zone).isoformat()


def _name(series: Series) -> str:
    first = series.points[0]
    return f"{series.hand} {series.tool_id} {first.firmware} {first.calibration_id}"
