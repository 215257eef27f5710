"""The therapist's page: every session of eight weeks as a point, and each point opens its session."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import streamlit as st

from ...hub.records import Source
from ...hub.stores.contract import SessionPoint
from ...hub.trends import Verdict
from .. import viewer, words
from ..components.charts import trend_chart
from ..queries import sessions
from ..results import Results
from . import layout
from .session import show_session
from .strength import show_tests


def page() -> None:
    """Draw the page."""
    with layout.store_screen():
        _draw(viewer.results())


def _draw(store: Results) -> None:
    children = viewer.children()
    if not children:
        st.title("Progress", anchor=False)
        layout.no_child()
        return
    child = layout.heading("Progress", children)
    now = datetime.now(UTC)
    panels = sessions.trend(store, child.id, now)
    tests, findings = sessions.strength_tests(store, child.id, now)
    if not panels:
        layout.notice(
            f"No sessions of {child.alias} in the last eight weeks",
            "The first one appears here as soon as it has ended. "
            "Open *Exercise*, wake the ball with a squeeze, and begin.",
        )
    for panel in panels:
        with st.container(border=True):
            _panel(store, child, panel, now)
    if tests:
        with st.container(border=True):
            show_tests(tests, findings)


def _panel(store: Results, child: viewer.Child, panel: sessions.Panel, now: datetime) -> None:
    zone = layout.zone()
    summary = [_summary(series, panel) for series in panel.series]
    spoken = " ".join(summary).replace("**", "")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        title = f"{words.tool(panel.tool_kind)}: highest peak of each session"
        st.subheader(title, anchor=False, width="content")
        if panel.source is Source.SIMULATED:
            st.badge("simulated", color="gray", help="Made by a simulated tool, not squeezed by a hand.")

    name = f"{child.id}-{panel.source}-{panel.tool_kind}-{panel.unit}"
    opened_key = f"opened-{name}"
    st.altair_chart(
        trend_chart(panel, now - sessions.PERIOD, now, zone),
        key=f"chart-{name}",
        on_select=_opener(f"chart-{name}", opened_key),
        selection_mode="session",
        alt=f"{words.axis(panel.unit)} of each session over eight weeks. {spoken}",
    )
    points = {p.session_id: p for series in panel.series for p in series.points}
    opened = st.selectbox(
        "Open a session",
        sorted(points, key=lambda key: points[key].started_at, reverse=True),
        index=None,
        key=opened_key,
        format_func=lambda key: _name(points[key]),
        placeholder="Choose a point above, or one from here",
    )
    if opened is not None:
        show_session(sessions.session(store, opened))
        st.divider()

    st.markdown("\n".join(f"- {sentence}" for sentence in summary))
    shaded = any(series.finding and series.finding.band for series in panel.series)
    st.caption(
        "Lines join sessions of the same hand, tool, firmware and calibration only."
        + (" Shaded: where 19 of 20 sessions lie by the usual variation alone." if shaded else "")
    )
    with st.expander("All these sessions as a table"):
        _table(panel)


def _summary(series: sessions.Series, panel: sessions.Panel) -> str:
    zone = layout.zone()
    text = f"**{words.hand(series.hand)}** ({series.tool_id}): {words.plural(len(series.points), 'session')}"
    for which, point in (("highest", series.best), ("latest", series.points[-1])):
        if point and point.peak is not None:
            text += f", {which} {words.value(point.peak, panel.unit)} on {words.day(point.started_at, zone)}"
    if not (finding := series.finding):
        return text + "."
    broke = f" A new series: {words.listed(finding.broke)} changed." if finding.broke else ""
    basis = f" {finding.error}" if finding.trend.verdict is not Verdict.TOO_FEW else ""
    return f"{text}.{broke} **{finding.statement}**{basis}"


def _opener(chart_key: str, opened_key: str) -> Callable[[], None]:
    """Open the session whose point was selected."""

    def opened() -> None:
        if selected := st.session_state[chart_key].selection.get("session"):
            st.session_state[opened_key] = UUID(selected[0]["session_id"])

    return opened


def _name(point: SessionPoint) -> str:
    return (
        f"{words.day_time(point.started_at, layout.zone())} · {words.hand(point.hand).lower()} · "
        f"{words.plural(point.squeezes, 'squeeze')}"
    )


def _table(panel: sessions.Panel) -> None:
    number = st.column_config.NumberColumn
    when = st.column_config.DatetimeColumn("Started", format="D MMM YYYY, HH:mm", timezone=str(layout.zone()))
    st.dataframe(
        sessions.table(panel),
        hide_index=True,
        column_config={
            "started_at": when,
            "hand": "Hand",
            "tool": "Tool",
            "peak": number(f"Highest peak, {words.axis(panel.unit).lower()}", format="%.1f"),
            "median_peak": number("Median peak", format="%.1f"),
            "squeezes": "Squeezes",
            "goal": "Goal",
            "doubtful": "Doubtful",
            "lost": number("Samples lost", format="percent"),
        },
    )
