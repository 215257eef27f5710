"""Charts of a child's page beside those of sessions: strength tests, pain, and what was said on a scale."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

import altair as alt

from ...hub.records.said import FeedbackGiven
from ...hub.records.strength import StrengthTested
from .. import words
from ..i18n import _
from ..queries.child import Tests
from .charts import CURVE, Mark, hand_color, mark_layers

#: A face of pain, or ten of ten.
_TEN = alt.Scale(domain=[0, 10])


def _time(since: datetime, until: datetime) -> alt.X:
    return alt.X(
        "at:T",
        title=None,
        scale=alt.Scale(domain=[since.isoformat(), until.isoformat()]),
        axis=alt.Axis(format="%-d %b", grid=False, labelOverlap=True),
    )


def tests_chart(
    tests: Sequence[StrengthTested],
    found: Tests,
    since: datetime,
    until: datetime,
    zone: tzinfo,
    marks: Sequence[Mark],
) -> alt.LayerChart | alt.FacetChart:
    """Scores against time, of one unit; filled at a visit, open at home. Lines join one series only."""
    where = {
        True: _("at a visit"),
        False: _("at home"),
    }
    rows = [
        {
            "at": test.measured_at.isoformat(),
            "score": words.shown(test.outcome.score, test.unit),
            "hand": words.hand(test.hand),
            "where": where[test.event_id in found.visit_ids],
            "series": f"{test.hand} {test.protocol} {test.tool_id} {test.firmware} {test.calibration_id} "
            f"{test.grip} {test.event_id in found.visit_ids}",
            "when": words.day_time(test.measured_at, zone),
            "shown": words.value(test.outcome.score, test.unit),
            "protocol": test.protocol,
        }
        for test in tests
        if test.outcome.score is not None
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=_time(since, until),
        y=alt.Y("score:Q", title=words.axis(tests[0].unit), scale=alt.Scale(zero=True, nice=True)),
        color=hand_color(),
        detail="series:N",
    )
    points = base.mark_point(size=90, strokeWidth=2, opacity=1).encode(
        shape=alt.Shape(
            "where:N",
            scale=alt.Scale(domain=[where[True], where[False]], range=["diamond", "circle"]),
            legend=alt.Legend(title=None, orient="top"),
        ),
        tooltip=[
            alt.Tooltip("when:N", title=_("When")),
            alt.Tooltip("hand:N", title=_("Hand")),
            alt.Tooltip("shown:N", title=_("Score")),
            alt.Tooltip("protocol:N", title=_("Protocol")),
            alt.Tooltip("where:N", title=_("Where")),
        ],
    )
    lines = base.mark_line(point=False, strokeWidth=1.5)
    return alt.layer(*mark_layers(marks, since, zone), lines, points).properties(height=240)


def pain_chart(
    told: Sequence[FeedbackGiven], since: datetime, until: datetime, zone: tzinfo
) -> alt.LayerChart | alt.FacetChart:
    """Pain before and after, joined where both were asked."""
    names = {"before": _("before"), "after": _("after")}
    rows = [
        {
            "at": one.measured_at.isoformat(),
            "pain": pain,
            "which": names[which],
            "when": words.day(one.measured_at, zone),
            "before": one.pain_before,
            "after": one.pain_after,
        }
        for one in told
        for which, pain in (("before", one.pain_before), ("after", one.pain_after))
        if pain is not None
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=_time(since, until))
    both = [row for row in rows if row["before"] is not None and row["after"] is not None]
    joined = (
        alt.Chart(alt.InlineData(values=both))
        .mark_rule(strokeWidth=2, color=CURVE)
        .encode(x="at:T", y=alt.Y("before:Q", scale=_TEN), y2="after:Q")
    )
    points = base.mark_point(size=70, strokeWidth=2, opacity=1).encode(
        y=alt.Y("pain:Q", title=_("Pain, 0 to 10"), scale=_TEN),
        color=alt.Color(
            "which:N",
            scale=alt.Scale(domain=list(names.values())),
            legend=alt.Legend(title=None, orient="top", symbolOpacity=1),
        ),
        shape=alt.Shape(
            "which:N", scale=alt.Scale(domain=list(names.values()), range=["circle", "triangle-up"])
        ),
        tooltip=[
            alt.Tooltip("when:N", title=_("When")),
            alt.Tooltip("which:N", title=_("Asked")),
            alt.Tooltip("pain:Q", title=_("Pain")),
        ],
    )
    return alt.layer(*([joined] if both else []), points).properties(height=200)


def scale_chart(
    told: Sequence[tuple[datetime, int]], title: str, since: datetime, until: datetime, zone: tzinfo
) -> alt.LayerChart | alt.FacetChart:
    """One thing that was said on a scale of 0 to 10."""
    rows = [{"at": at.isoformat(), "value": value, "when": words.day(at, zone)} for at, value in told]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=_time(since, until),
        y=alt.Y("value:Q", title=None, scale=_TEN, axis=alt.Axis(values=[0, 5, 10])),
        tooltip=[alt.Tooltip("when:N", title=_("When")), alt.Tooltip("value:Q", title=title)],
    )
    return alt.layer(
        base.mark_line(point=False, strokeWidth=1, opacity=0.6),
        base.mark_point(size=50, filled=True, opacity=1),
    ).properties(height=110)
