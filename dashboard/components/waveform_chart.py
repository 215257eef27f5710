"""The force curve of a session with what was counted on it, and two curves on one axis."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from ...firmware_bridge.samples import Unit
from ...hub.records.session import SqueezeCounted
from ...hub.stores.models import SessionDetail
from .. import words
from ..i18n import N_, _
from ..queries.one_session import Stop
from ..queries.sessions import Waveform

# readable on the light and on the dark page alike
_CURVE, GAP, STOP = "#7d92a3", "#9aa5ab", "#c2417c"

#: By kind of mark: its name, colour and shape. Told apart by shape where colours are not.
_KINDS = {
    "counted": (N_("counted"), "#2a9d8f", "circle"),
    "doubtful": (N_("doubtful"), "#e08a1e", "diamond"),
    "set aside": (N_("set aside"), "#8d8d99", "cross"),
}

_STOPPED = {
    "pain": N_("stopped for pain"),
    "child": N_("stopped by the child"),
    "parent": N_("stopped by a grown-up"),
}


def waveform_chart(
    detail: SessionDetail, shown: Waveform, start_s: float, end_s: float, stops: Sequence[Stop] = ()
) -> alt.LayerChart | alt.FacetChart:
    """Samples of a session with its squeezes: shaded from onset to offset, numbered at the peak.

    What somebody set aside stays visible, gaps are shaded, and a line says where an exercise was stopped.
    """
    unit = detail.point.unit
    samples = _samples(shown, unit)
    squeezes = [
        _mark(squeeze, kind)
        for squeeze, kind in _kinds(detail)
        if squeeze.offset_s >= start_s and squeeze.onset_s <= end_s
    ]
    heights = [*(row["v"] for row in samples if row["v"] is not None), *(row["peak_v"] for row in squeezes)]
    low, high = min(0.0, *heights, 0.0), max(0.0, *heights, 0.0)
    # what is above the highest leaves room for its number, and for the words of a stop
    top = high + 0.22 * (high - low)
    time = alt.Scale(domain=[start_s, end_s], nice=False)
    height = alt.Scale(domain=[low, top], nice=False)
    curve = (
        alt.Chart(alt.InlineData(values=samples))
        .mark_line(point=False, color=_CURVE, strokeWidth=1.6, invalid="break-paths-show-domains")
        .encode(
            alt.X(
                "t:Q",
                title=_("Seconds since the start"),
                scale=time,
                axis=alt.Axis(grid=False, tickCount=10),
            ),
            alt.Y("v:Q", title=words.axis(unit), scale=height),
        )
    )
    there = [kind for kind in _KINDS if any(row["kind"] == _(_KINDS[kind][0]) for row in squeezes)]
    names = [_(_KINDS[kind][0]) for kind in there]
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1) if len(there) > 1 else None
    marks = alt.Chart(alt.InlineData(values=squeezes)).encode(
        color=alt.Color(
            "kind:N", scale=alt.Scale(domain=names, range=[_KINDS[kind][1] for kind in there]), legend=legend
        ),
        tooltip=[
            alt.Tooltip("number:N", title=_("Squeeze")),
            alt.Tooltip("kind:N", title=_("It is")),
            alt.Tooltip("shown:N", title=_("Peak above rest")),
            alt.Tooltip("lasted:N", title=_("Lasted")),
            alt.Tooltip("why:N", title=_("Ended because")),
            alt.Tooltip("doubts:N", title=_("Doubtful because")),
        ],
    )
    bands = marks.mark_rect(opacity=0.18, clip=True).encode(x="onset:Q", x2="offset:Q")
    at_peak = marks.encode(x="peak_t:Q", y="peak_v:Q")
    shapes = alt.Scale(domain=names, range=[_KINDS[kind][2] for kind in there])
    dots = at_peak.mark_point(filled=True, size=70, opacity=1, clip=True).encode(
        shape=alt.Shape("kind:N", scale=shapes, legend=legend)
    )
    numbers = at_peak.mark_text(dy=-13, fontSize=12, fontWeight=600, clip=True).encode(text="number:N")
    return alt.layer(*_gaps(shown), bands, curve, dots, numbers, *_stops(stops, top)).properties(height=320)


def overlay_chart(
    unit: Unit, shown: Sequence[Waveform], names: Sequence[str], shifts_s: Sequence[float]
) -> alt.LayerChart | alt.FacetChart:
    """Two sessions on one axis of time and of force: one line each, told apart by colour and dashes.

    Parameters
    ----------
    shifts_s : sequence of float
        Taken off each session's seconds.
    """
    rows = [
        row | {"t": round(row["t"] - shift, 3), "session": name}
        for waveform, name, shift in zip(shown, names, shifts_s, strict=True)
        for row in _samples(waveform, unit)
    ]
    domain = list(names)
    time = alt.Scale(nice=False)
    lines = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point=False, strokeWidth=1.6, opacity=0.85, invalid="break-paths-show-domains")
        .encode(
            alt.X("t:Q", title=_("Seconds"), axis=alt.Axis(grid=False, tickCount=10), scale=time),
            alt.Y("v:Q", title=words.axis(unit)),
            alt.Color(
                "session:N",
                scale=alt.Scale(domain=domain),
                legend=alt.Legend(title=None, orient="top", direction="vertical", labelLimit=340),
            ),
            alt.StrokeDash("session:N", scale=alt.Scale(domain=domain, range=[[1, 0], [5, 3]]), legend=None),
        )
    )
    return alt.layer(lines).properties(height=320)


def stopped(stop: Stop) -> str:
    """What a stop is called, with its face where somebody asked."""
    words_ = _(_STOPPED[stop.by])
    return words_ if stop.face is None else _("{stopped}, face {face}").format(stopped=words_, face=stop.face)


def _samples(shown: Waveform, unit: Unit) -> list[dict[str, Any]]:
    values = shown.values * words.shown(1.0, unit)  # asked once: the viewer's unit is a factor
    return [
        {"t": round(float(t), 3), "v": None if np.isnan(v) else round(float(v), 3)}
        for t, v in zip(shown.t_s, values, strict=True)
    ]


def _kinds(detail: SessionDetail) -> list[tuple[SqueezeCounted, str]]:
    counted = [(one, "doubtful" if one.doubtful else "counted") for one in detail.squeezes]
    return [*counted, *((one, "set aside") for one in detail.set_aside)]


def _mark(squeeze: SqueezeCounted, kind: str) -> dict[str, Any]:
    return {
        "number": str(squeeze.number),
        "kind": _(_KINDS[kind][0]),
        "onset": squeeze.onset_s,
        "offset": squeeze.offset_s,
        "peak_t": squeeze.peak_s,
        "peak_v": words.shown(squeeze.rest + squeeze.peak, squeeze.unit),
        "shown": words.value(squeeze.peak, squeeze.unit),
        "lasted": f"{words.decimal(squeeze.offset_s - squeeze.onset_s)} s",
        "why": words.reason(squeeze.ended_by),
        "doubts": words.reasons(squeeze.doubtful),
    }


def _gaps(shown: Waveform) -> list[alt.Chart]:
    if not shown.gaps:
        return []
    rows = [{"from": begin, "to": end, "what": _("samples lost")} for begin, end in shown.gaps]
    return [
        alt.Chart(alt.InlineData(values=rows))
        .mark_rect(color=GAP, opacity=0.28, clip=True)
        .encode(x="from:Q", x2="to:Q", tooltip=alt.Tooltip("what:N", title=_("Here")))
    ]


def _stops(stops: Sequence[Stop], top: float) -> list[alt.Chart]:
    if not stops:
        return []
    rows = [{"at": stop.at_s, "top": top, "what": stopped(stop)} for stop in stops]
    base = alt.Chart(alt.InlineData(values=rows)).encode(x="at:Q")
    return [
        base.mark_rule(color=STOP, strokeWidth=2, strokeDash=[6, 3], clip=True),
        base.mark_text(
            color=STOP, align="right", baseline="top", dx=-6, dy=4, fontSize=12, fontWeight=600
        ).encode(y="top:Q", text="what:N"),
    ]
