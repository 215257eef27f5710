"""Charts of the progress page."""

from datetime import datetime, tzinfo

import altair as alt

from ...hub.records import Hand, Source
from .. import words
from ..queries.sessions import Panel, Series

# readable on the light and on the dark page alike
_CLEAR, _DOUBTFUL, _CURVE = "#2a9d8f", "#e08a1e", "#7d92a3"


def trend_chart(
    panel: Panel, since: datetime, until: datetime, zone: tzinfo
) -> alt.LayerChart | alt.FacetChart:
    """Peak of every session against time; lines join sessions of one series only.

    Shaded is where a series' sessions lie by their usual variation, where that is known.

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
        color=alt.Color(
            "hand:N",
            scale=alt.Scale(domain=hands),
            legend=alt.Legend(title=None, orient="top", symbolOpacity=1),
        ),
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
    if not shaded:
        return alt.layer(line, points).properties(height=280)
    usual = alt.Chart(alt.InlineData(values=shaded)).encode(
        x="at:T", color=alt.Color("hand:N", scale=alt.Scale(domain=hands)), detail="series:N"
    )
    bands = usual.mark_area(opacity=0.13, line=False).encode(y="low:Q", y2="high:Q")
    middles = usual.mark_line(point=False, strokeWidth=1, opacity=0.5).encode(y="middle:Q")
    return alt.layer(bands, middles, line, points).properties(height=280)


def _name(series: Series) -> str:
    first = series.points[0]
    return f"{series.hand} {series.tool_id} {first.firmware} {first.calibration_id}"
