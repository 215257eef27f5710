"""One session: its facts, its curve with what was counted, corrections, and a second session beside it."""

from datetime import UTC, datetime
from uuid import UUID

import streamlit as st

from ...hub.database.actor import Role
from ...hub.export.waveform import waveform_csv
from ...hub.records.vocabulary import Source
from ...hub.stores.models import SessionDetail, SessionPoint
from .. import correction_words, viewer, words
from ..components.waveform_chart import stopped, waveform_chart
from ..i18n import _, ngettext
from ..queries import one_session, sessions
from ..results import Results
from . import layout
from .session_compare import compare
from .session_correct import SHOWN, correct

#: A session longer than this can be looked at in parts, seconds.
_LONG_S = 60
#: The chosen session, which other pages set before they lead here.
CHOSEN = "session"


def page() -> None:
    """Draw the page."""
    with layout.store_screen():
        results = viewer.results()
        wanted = st.session_state.get(CHOSEN)
        detail = results.session(wanted) if isinstance(wanted, UUID) else None
        if detail is not None and st.session_state.get(SHOWN) != wanted:
            st.session_state["child"] = st.session_state["child_choice"] = detail.point.child_id
        if child := layout.chosen_child(viewer.children(), _("Sessions of {alias}"), _("Session")):
            _draw(results, child, detail)


def _draw(results: Results, child: viewer.Child, detail: SessionDetail | None) -> None:
    far = bool(st.session_state.get("session-far"))
    points = one_session.recent(results, child.id, datetime.now(UTC), far=far)
    if detail is not None and detail.point.child_id != child.id:
        detail = None
    if detail is not None and detail.point.session_id not in {one.session_id for one in points}:
        points.append(detail.point)
    if not points:
        layout.notice(
            _("No session of {alias} in the last year").format(alias=child.alias)
            if far
            else _("No session of {alias} in the last eight weeks").format(alias=child.alias),
            _("A session appears here as soon as it has ended."),
        )
        st.checkbox(_("Look back a year"), key="session-far")
        return
    chosen = _choose(child, points, detail)
    if detail is None or detail.point.session_id != chosen:
        detail = results.session(chosen)
    show_session(detail)
    if detail is None:
        return
    if viewer.role() is Role.THERAPIST:
        correct(results, detail)
    elif said := correction_words.corrected(detail):
        st.info(words.plain(said), icon="✏️")
    compare(results, detail, one_session.comparable(points, detail.point))


def _choose(child: viewer.Child, points: list[SessionPoint], detail: SessionDetail | None) -> UUID:
    known = {one.session_id: one for one in points}
    wanted = detail.point.session_id if detail else points[0].session_id
    chosen: UUID = st.selectbox(
        _("Session"),
        list(known),
        list(known).index(wanted),
        key=f"session-choice-{child.id}",
        format_func=lambda one: name_of(known[one]),
    )
    st.checkbox(_("Look back a year"), key="session-far")
    st.session_state[CHOSEN] = st.session_state[SHOWN] = chosen
    return chosen


def name_of(point: SessionPoint) -> str:
    """A session in a line: when, which hand, which tool, and its highest peak."""
    parts = [
        words.day_time(point.started_at, layout.zone()),
        words.hand(point.hand),
        words.tool(point.tool_kind),
        words.value(point.peak, point.unit),
    ]
    if point.recorded:
        parts.append(_("corrected"))
    return " · ".join(parts)


def show_session(detail: SessionDetail | None) -> None:
    """Draw a session, or say that it is gone."""
    if detail is None:
        layout.notice(
            _("This session is no longer stored"),
            _("It may have been removed since this page was opened."),
        )
        return
    _facts(detail.point)
    if detail.t_s.size > 1:
        _waveform(detail)
    else:
        layout.notice(
            _("The curve of this session is not stored"),
            _("Its numbers are kept. The curve itself is kept for a while only, or is still on its way."),
        )
    _squeezes(detail)


def _facts(point: SessionPoint) -> None:
    count = (
        _("{count} of {goal}").format(count=point.squeezes, goal=point.goal)
        if point.goal
        else str(point.squeezes)
    )
    lasted = words.duration((point.ended_at - point.started_at).total_seconds())
    known = not point.quality or point.quality.lost_percent is not None
    lost = f"{words.decimal(100 * sessions.lost_share(point))} %" if known else "–"
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("Squeezes"), count if point.counts else "–", width="content")
        st.metric(_("Highest peak"), words.value(point.peak, point.unit), width="content")
        st.metric(_("Median peak"), words.value(point.median_peak, point.unit), width="content")
        st.metric(_("Lasted"), lasted, width="content")
        st.metric(_("Samples lost"), lost, width="content")
    said = [_("Ended because {reason}.").format(reason=words.reason(point.ended_by))]
    if point.doubtful:
        said.append(
            ngettext(
                "{number} squeeze marked doubtful.", "{number} squeezes marked doubtful.", point.doubtful
            )
        )
    said.append(
        _("{received} samples received, {lost} lost.").format(received=point.received, lost=point.lost)
    )
    st.caption(" ".join(said))
    if point.source is Source.SIMULATED:
        st.badge(_("simulated"), color="gray")
    for sentence in [*words.circumstances(point), *words.quality(point.quality, point.unit)]:
        st.caption(sentence)


def _waveform(detail: SessionDetail) -> None:
    begin, end = float(detail.t_s[0]), float(detail.t_s[-1])
    start_s, end_s = begin, end
    if end - begin > _LONG_S:
        start_s, end_s = st.slider(
            _("Part of the session, in seconds"),
            begin,
            end,
            (begin, end),
            step=1.0,
            format="%d",
            key=f"part-{detail.point.session_id}",
        )
    shown = sessions.waveform(detail, start_s, end_s)
    stops = one_session.stops(viewer.results(), detail.point)
    st.altair_chart(
        waveform_chart(detail, shown, start_s, end_s, stops), alt=_spoken(detail, len(shown.gaps), stops)
    )
    if shown.gaps:
        longest = words.decimal(max(b - a for a, b in shown.gaps), 2)
        gaps = ngettext("{number} gap", "{number} gaps", len(shown.gaps))
        st.caption(
            _("{gaps} where samples were lost, the longest {longest} s; nothing is drawn there.").format(
                gaps=gaps, longest=longest
            )
        )
    for stop in stops:
        st.caption(
            _("At {seconds} s the exercise was {stopped}.").format(
                seconds=words.decimal(stop.at_s), stopped=stopped(stop)
            )
        )
    st.download_button(
        _("Download the curve (CSV)"),
        lambda: waveform_csv(detail),
        file_name=f"curve-{detail.point.started_at:%Y%m%d-%H%M}-{detail.point.hand}.csv",
        mime="text/csv",
        on_click="ignore",
        key=f"csv-{detail.point.session_id}",
    )


def _spoken(detail: SessionDetail, gaps: int, stops: list[one_session.Stop]) -> str:
    said = _("{axis} over time: {squeezes} marked, {doubtful} of them doubtful, and {gaps}.").format(
        axis=words.axis(detail.point.unit),
        squeezes=words.plural(len(detail.squeezes), "squeeze"),
        doubtful=sum(bool(squeeze.doubtful) for squeeze in detail.squeezes),
        gaps=ngettext("{number} gap", "{number} gaps", gaps),
    )
    more = [stopped(stop) for stop in stops]
    if detail.set_aside:
        more.append(ngettext("{number} set aside", "{number} set aside", len(detail.set_aside)))
    return said + (f" {', '.join(more)}." if more else "")


def _squeezes(detail: SessionDetail) -> None:
    if not (detail.squeezes or detail.set_aside):
        if detail.point.counts:
            st.markdown(_("No squeeze was counted in this session."))
        return
    aside = {squeeze.event_id for squeeze in detail.set_aside}
    rows = sorted((*detail.squeezes, *detail.set_aside), key=lambda squeeze: squeeze.onset_s)
    unit = detail.point.unit
    with st.expander(_("These squeezes as a table")):
        st.dataframe(
            [
                {
                    _("Number"): squeeze.number,
                    _("Counts"): squeeze.event_id not in aside,
                    _("Starts at (s)"): round(squeeze.onset_s, 2),
                    _("Lasts (s)"): round(squeeze.offset_s - squeeze.onset_s, 2),
                    words.with_unit(_("Peak above rest"), unit): round(words.shown(squeeze.peak, unit), 1),
                    _("± (noise, tremor)"): squeeze.peak_sd and round(words.shown(squeeze.peak_sd, unit), 2),
                    _("Rise (s)"): squeeze.rise_s and round(squeeze.rise_s, 2),
                    _("Release (s)"): squeeze.release_s and round(squeeze.release_s, 2),
                    _("Ended because"): words.reason(squeeze.ended_by),
                    _("Doubtful because"): words.reasons(squeeze.doubtful),
                }
                for squeeze in rows
            ],
            hide_index=True,
        )
