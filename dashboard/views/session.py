"""One session: its facts, its waveform with the counted squeezes, and the table behind it."""

import streamlit as st

from ...hub.stores.contract import SessionDetail, SessionPoint
from .. import words
from ..components.charts import waveform_chart
from ..queries import sessions
from . import layout

#: A session longer than this can be looked at in parts, seconds.
_LONG_S = 60


def show_session(detail: SessionDetail | None) -> None:
    """Draw a session, or say that it is gone."""
    if detail is None:
        layout.notice(
            "This session is no longer stored", "It may have been removed since this page was opened."
        )
        return
    _facts(detail.point)
    if detail.t_s.size > 1:
        _waveform(detail)
    else:
        layout.notice(
            "The curve of this session is not stored",
            "Its numbers are kept. The curve itself is kept for a while only, or is still on its way.",
        )
    _squeezes(detail)


def _facts(point: SessionPoint) -> None:
    count = f"{point.squeezes} of {point.goal}" if point.goal else str(point.squeezes)
    if not point.counts:
        count = "–"
    lasted = words.duration((point.ended_at - point.started_at).total_seconds())
    received = f"{point.received} samples received, {point.lost} lost"
    with st.container(horizontal=True, gap="medium"):
        st.metric("Squeezes", count, width="content")
        st.metric("Highest peak", words.value(point.peak, point.unit), width="content")
        st.metric("Median peak", words.value(point.median_peak, point.unit), width="content")
        st.metric("Lasted", lasted, width="content")
        known = not point.quality or point.quality.lost_percent is not None
        st.metric("Samples lost", f"{sessions.lost_share(point):.1%}" if known else "–", width="content")
    doubtful = f" {words.plural(point.doubtful, 'squeeze')} marked doubtful." if point.doubtful else ""
    st.caption(f"Ended because {words.reason(point.ended_by)}.{doubtful} {received}.")
    for sentence in [*words.circumstances(point), *words.quality(point.quality, point.unit)]:
        st.caption(sentence)


def _waveform(detail: SessionDetail) -> None:
    begin, end = float(detail.t_s[0]), float(detail.t_s[-1])
    start_s, end_s = begin, end
    if end - begin > _LONG_S:
        start_s, end_s = st.slider(
            "Part of the session, in seconds",
            begin,
            end,
            (begin, end),
            step=1.0,
            format="%d",
            key=f"part-{detail.point.session_id}",
        )
    shown = sessions.waveform(detail, start_s, end_s)
    gaps = words.plural(len(shown.gaps), "gap")
    doubtful = sum(bool(squeeze.doubtful) for squeeze in detail.squeezes)
    st.altair_chart(
        waveform_chart(detail, shown, start_s, end_s),
        alt=f"{words.axis(detail.point.unit)} over time: {words.plural(len(detail.squeezes), 'squeeze')} "
        f"marked, {doubtful} of them doubtful, and {gaps}.",
    )
    if shown.gaps:
        longest_s = max(b - a for a, b in shown.gaps)
        st.caption(f"{gaps} where samples were lost, the longest {longest_s:.2f} s; nothing is drawn there.")


def _squeezes(detail: SessionDetail) -> None:
    if not detail.squeezes:
        if detail.point.counts:
            st.markdown("No squeeze was counted in this session.")
        return
    with st.expander("These squeezes as a table"):
        st.dataframe(
            [
                {
                    "Number": number,
                    "Starts at (s)": round(squeeze.onset_s, 2),
                    "Lasts (s)": round(squeeze.offset_s - squeeze.onset_s, 2),
                    f"Peak above rest, {words.axis(squeeze.unit).lower()}": round(squeeze.peak, 1),
                    "± (noise, tremor)": squeeze.peak_sd and round(squeeze.peak_sd, 2),
                    "Rise (s)": squeeze.rise_s and round(squeeze.rise_s, 2),
                    "Release (s)": squeeze.release_s and round(squeeze.release_s, 2),
                    "Ended because": words.reason(squeeze.ended_by),
                    "Doubtful because": words.reasons(squeeze.doubtful),
                }
                for number, squeeze in enumerate(detail.squeezes, start=1)
            ],
            hide_index=True,
        )
