"""Squeezes of a simulated play as they truly were, and as they were counted."""

from collections.abc import Sequence

import altair as alt

from .. import words
from ..i18n import _
from ..queries.simulation import Account, Mark

# told apart by their form as well; readable on the light and on the dark page alike
_TRUE, _COUNTED = "#7d92a3", "#2a9d8f"


def truth_chart(account: Account, marks: Sequence[Mark]) -> alt.LayerChart:
    """Peaks against time: rings are true, dots inside them are counted.

    Where the tool measures in another unit than the play was made in, only times can be compared, and all
    marks stand on one line.
    """
    comparable = account.same_unit and account.unit is not None
    true, counted = _("true"), _("counted")
    rows = [
        {
            "t_s": round(mark.t_s, 3),
            "peak": words.shown(mark.peak, account.unit) if comparable and account.unit else 0.0,
            "what": true if mark.true else counted,
        }
        for mark in marks
    ]
    title = words.axis(account.unit) if comparable and account.unit else None
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("t_s:Q", title=_("Seconds of the play"), scale=alt.Scale(zero=True)),
        y=alt.Y("peak:Q", title=title, axis=alt.Axis() if comparable else None),
        color=alt.Color(
            "what:N",
            scale=alt.Scale(domain=[true, counted], range=[_TRUE, _COUNTED]),
            legend=alt.Legend(title=None, orient="top"),
        ),
    )
    rings = base.transform_filter(alt.datum.what == true).mark_point(size=260, strokeWidth=2)
    dots = base.transform_filter(alt.datum.what == counted).mark_circle(size=90, opacity=1)
    chart: alt.LayerChart = (rings + dots).properties(height=240 if comparable else 90)
    return chart
