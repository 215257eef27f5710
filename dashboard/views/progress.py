"""The therapist's page: every session of eight weeks as a point, and each point opens its session."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import streamlit as st

from ...hub.records import Source
from ...hub.stores.contract import SessionDetail, SessionPoint, Store
from .. import context, queries, words
from ..components.charts import trend_chart, waveform_chart
from . import layout

_OPENED = "opened_session"


def page() -> None:
    """Draw the page."""
    with layout.store_screen():
        _draw(context.store())


def _draw(store: Store) -> None:
    st.title("Progress", anchor=False)
    children = queries.children(context.config(), store)
    if not children:
        layout.notice(
            "No child is set up yet",
            "Add a `[[children]]` entry to `griphub.toml`, then start GripHub again.",
        )
        return
    child = layout.choose_child(children)
    now = datetime.now(UTC)
    panels = queries.trend(store, child.id, now)
    if not panels:
        layout.notice(
            f"No sessions of {child.alias} in the last eight weeks",
            "The first one appears here as soon as it has ended. "
            "Open *Exercise*, wake the ball with a squeeze, and begin.",
        )
        return
    for number, panel in enumerate(panels):
        _panel(number, panel, now)
    _session(store, panels)


def _panel(number: int, panel: queries.Panel, now: datetime) -> None:
    zone = layout.zone()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(
                f"{words.TOOL[panel.tool_kind]}: highest peak of each session", anchor=False, width="content"
            )
            if panel.source is Source.SIMULATED:
                st.badge("simulated", color="gray", help="Made by a simulated tool, not squeezed by a hand.")
        summary = "  \n".join(_summary(series, panel) for series in panel.series)
        chart_key = f"trend-{number}"
        st.altair_chart(
            trend_chart(panel, now - queries.PERIOD, now, zone),
            key=chart_key,
            on_select=_opener(chart_key),
            selection_mode="session",
            alt=f"{words.axis(panel.unit)} of each session over eight weeks. {summary}",
        )
        st.markdown(summary)
        st.caption(
            "Each point is a session; choose one to open it. Lines join sessions of the same hand and tool only."
        )
        with st.expander("These sessions as a table"):
            st.dataframe(
                queries.table(panel),
                hide_index=True,
                column_order=[
                    "started_at",
                    "hand",
                    "peak",
                    "median_peak",
                    "squeezes",
                    "goal",
                    "doubtful",
                    "lost",
                    "tool",
                ],
                column_config={
                    "started_at": st.column_config.DatetimeColumn(
                        "Started", format="D MMM YYYY, HH:mm", timezone=str(zone)
                    ),
                    "hand": "Hand",
                    "peak": st.column_config.NumberColumn(
                        f"Highest peak, {words.axis(panel.unit).lower()}", format="%.1f"
                    ),
                    "median_peak": st.column_config.NumberColumn("Median peak", format="%.1f"),
                    "squeezes": "Squeezes",
                    "goal": "Goal",
                    "doubtful": "Doubtful",
                    "lost": st.column_config.NumberColumn("Samples lost", format="percent"),
                    "tool": "Tool",
                },
            )


def _summary(series: queries.Series, panel: queries.Panel) -> str:
    zone = layout.zone()
    count = words.plural(len(series.points), "session")
    text = f"**{words.HAND[series.hand]}** ({series.tool_id}): {count}"
    if series.best:
        text += f", highest {words.value(series.best.peak, panel.unit)} on {words.day(series.best.started_at, zone)}"
        latest = series.points[-1]
        text += f", latest {words.value(latest.peak, panel.unit)} on {words.day(latest.started_at, zone)}"
    return text + ("." if series.enough else ". Too few sessions to speak of a trend.")


def _opener(chart_key: str) -> Callable[[], None]:
    """Open the session whose point was selected."""

    def opened() -> None:
        if selected := st.session_state[chart_key].selection.get("session"):
            st.session_state[_OPENED] = UUID(selected[0]["session_id"])

    return opened


def _session(store: Store, panels: list[queries.Panel]) -> None:
    points = {p.session_id: p for panel in panels for series in panel.series for p in series.points}
    newest_first = sorted(points, key=lambda key: points[key].started_at, reverse=True)
    if st.session_state.get(_OPENED) not in points:
        st.session_state[_OPENED] = None
    st.header("Session", anchor=False)
    opened = st.selectbox(
        "Open a session",
        newest_first,
        index=None,
        key=_OPENED,
        format_func=lambda key: _name(points[key]),
        placeholder="Choose a point above, or a session from this list",
    )
    if opened is None:
        return
    detail = queries.session(store, opened)
    if detail is None:
        layout.notice(
            "This session is no longer stored", "It may have been removed since this page was opened."
        )
        return
    _facts(detail.point)
    _waveform(detail)


def _name(point: SessionPoint) -> str:
    marks = " · simulated" if point.source is Source.SIMULATED else ""
    return (
        f"{words.day_time(point.started_at, layout.zone())} · {words.HAND[point.hand].lower()} · "
        f"{words.TOOL[point.tool_kind].lower()}{marks}"
    )


def _facts(point: SessionPoint) -> None:
    length_s = (point.ended_at - point.started_at).total_seconds()
    count = f"{point.squeezes} of {point.goal}" if point.goal else str(point.squeezes)
    lost = queries.lost_share(point)
    with st.container(horizontal=True, gap="large"):
        st.metric("Squeezes", count, width="content")
        st.metric("Highest peak", words.value(point.peak, point.unit), width="content")
        st.metric("Median peak", words.value(point.median_peak, point.unit), width="content")
        st.metric("Lasted", words.duration(length_s), width="content")
        st.metric(
            "Samples lost",
            f"{lost:.1%}",
            width="content",
            help=f"{point.received} received, {point.lost} lost",
        )
    doubtful = f" {words.plural(point.doubtful, 'squeeze')} marked doubtful." if point.doubtful else ""
    st.markdown(f"Ended because {words.reason(point.ended_by)}.{doubtful}")


def _waveform(detail: SessionDetail) -> None:
    if detail.t_s.size < 2:
        layout.notice(
            "The samples of this session are not stored",
            "Its numbers are kept; the curve itself is only kept for a while, or is still on its way.",
        )
    else:
        begin, end = float(detail.t_s[0]), float(detail.t_s[-1])
        window = (begin, end)
        if end - begin > 60:
            window = st.slider(
                "Part of the session, seconds",
                begin,
                end,
                (begin, end),
                step=1.0,
                key=f"part-{detail.point.session_id}",
            )
        shown = queries.waveform(detail, *window)
        doubtful = sum(bool(squeeze.doubtful) for squeeze in detail.squeezes)
        st.altair_chart(
            waveform_chart(detail, shown, *window),
            alt=f"{words.axis(detail.point.unit)} over time with {words.plural(len(detail.squeezes), 'squeeze')} "
            f"marked, {doubtful} of them doubtful, and {words.plural(len(shown.gaps), 'gap')}.",
        )
        if shown.gaps:
            longest = max(b - a for a, b in shown.gaps)
            st.caption(
                f"{words.plural(len(shown.gaps), 'gap')} where samples were lost, the longest {longest:.2f} s. "
                "Nothing is drawn across a gap."
            )
    _squeezes(detail)


def _squeezes(detail: SessionDetail) -> None:
    if not detail.squeezes:
        st.markdown("No squeeze was counted in this session.")
        return
    unit = detail.point.unit
    with st.expander("These squeezes as a table"):
        st.dataframe(
            [
                {
                    "Number": squeeze.number,
                    "Starts at (s)": round(squeeze.onset_s, 2),
                    "Lasts (s)": round(squeeze.offset_s - squeeze.onset_s, 2),
                    f"Peak above rest, {words.axis(unit).lower()}": round(squeeze.peak, 1),
                    "Ended because": words.reason(squeeze.ended_by),
                    "Doubtful because": ", ".join(words.reason(code) for code in squeeze.doubtful) or "–",
                }
                for squeeze in detail.squeezes
            ],
            hide_index=True,
        )
