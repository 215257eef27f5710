"""A second session beside the one that is shown: both curves on one axis, and their numbers in a row each."""

from uuid import UUID

import streamlit as st

from ...hub.stores.models import SessionDetail, SessionPoint
from .. import words
from ..components.waveform_chart import overlay_chart
from ..i18n import N_, _
from ..queries import one_session, sessions
from ..results import Results
from . import layout

_DIFFERS = {
    "tool": N_("tool"),
    "calibration": N_("calibration"),
    "firmware": N_("firmware"),
    "hand": N_("hand"),
}


def compare(results: Results, detail: SessionDetail, others: list[SessionPoint]) -> None:
    """Draw the choice of a second session, and both of them."""
    st.header(_("Compare with another session"), anchor=False)
    if not others:
        st.caption(_("There is no other session that was measured in the same unit."))
        return
    known = {one.session_id: one for one in others}
    chosen: UUID | None = st.selectbox(
        _("Other session"),
        list(known),
        index=None,
        key=f"compare-{detail.point.session_id}",
        format_func=lambda one: _name(known[one]),
        placeholder=_("Choose one; only those in the same unit are here"),
    )
    other = results.session(chosen) if chosen else None
    if other is None:
        return
    both = [detail, other]
    if all(one.t_s.size > 1 for one in both):
        _curves(both)
    else:
        st.caption(_("The curve of one of them is not stored any more; its numbers are below."))
    if differs := one_session.differences(detail.point, other.point):
        names = words.listed([_(_DIFFERS[name]) for name in differs])
        st.caption(
            _("Not the same: {what}. Compare the shape; heights may differ for that reason alone.").format(
                what=names
            )
        )
    st.dataframe([_row(one.point) for one in both], hide_index=True)


def _curves(both: list[SessionDetail]) -> None:
    together = st.checkbox(_("Begin both at their first squeeze"), key="compare-first")
    shifts = [one_session.first_onset_s(one) if together else 0.0 for one in both]
    names = [_name(one.point) for one in both]
    shown = [sessions.waveform(one, float(one.t_s[0]), float(one.t_s[-1])) for one in both]
    st.altair_chart(
        overlay_chart(both[0].point.unit, shown, names, shifts),
        alt=_("{axis} of two sessions over time: {first}, and {second}.").format(
            axis=words.axis(both[0].point.unit), first=names[0], second=names[1]
        ),
    )


def _name(point: SessionPoint) -> str:
    parts = [
        words.day_time(point.started_at, layout.zone()),
        words.hand(point.hand),
        words.tool(point.tool_kind),
    ]
    return " · ".join(parts)


def _row(point: SessionPoint) -> dict[str, object]:
    unit = point.unit
    return {
        _("Session"): words.day_time(point.started_at, layout.zone()),
        _("Hand"): words.hand(point.hand),
        _("Tool"): point.tool_id,
        _("Squeezes"): point.squeezes,
        _("Doubtful"): point.doubtful,
        words.with_unit(_("Highest peak"), unit): _rounded(point.peak, point),
        words.with_unit(_("Median peak"), unit): _rounded(point.median_peak, point),
        _("Lasted"): words.duration((point.ended_at - point.started_at).total_seconds()),
        _("Samples lost (%)"): round(100 * sessions.lost_share(point), 1),
    }


def _rounded(number: float | None, point: SessionPoint) -> float | None:
    return None if number is None else round(words.shown(number, point.unit), 1)
