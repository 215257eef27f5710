"""Strength on a child's page: sessions of exercise, strength tests, and what is kept from visit to visit."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import streamlit as st

from ...firmware_bridge.samples import ToolKind
from ...hub.program.tables import VisitKind
from ...hub.records.strength import StrengthTested
from ...hub.records.vocabulary import Source
from ...hub.stores.models import SessionPoint
from ...hub.trends import Finding
from .. import dose_words, findings, words
from ..components.charts import VISIT, Mark, trend_chart
from ..components.child_charts import tests_chart
from ..i18n import N_, _
from ..queries import sessions
from ..queries.child import Marks, Seen, Tests
from ..results import Results
from . import layout
from .session import show_session

VISITS = {
    VisitKind.CLINIC: N_("Visit at the clinic"),
    VisitKind.HOME: N_("Visit at home"),
    VisitKind.CALL: N_("Call"),
}


def marks_of(marks: Marks) -> list[Mark]:
    """Visits, notes and breaks as a chart draws them; an open break goes on for a year."""
    found = [
        Mark(
            "pause",
            one.since,
            one.until or one.since + timedelta(days=365),
            "☕",
            _("Break: {reason}").format(reason=dose_words.pause_reason(one.reason)),
        )
        for one in marks.pauses
    ]
    found += [Mark("note", one.first, one.last, "✎", one.words) for one in marks.notes]
    found += [Mark(VISIT, one.day, one.day, "▼", _(VISITS[one.kind])) for one in marks.visits]
    return found


def spoken(marks: Sequence[Mark]) -> str:
    """What stands on the chart, for whoever does not see it."""
    said = [
        f"{mark.sign} {mark.words}, {words.short_date(mark.first)}"
        for mark in sorted(marks, key=lambda mark: mark.first)
    ]
    return _("Marked: {marks}.").format(marks="; ".join(said)) if said else ""


def exercise(results: Results, seen: Seen, now: datetime, weeks: int) -> None:
    """Every session as a point, a chart for each kind of tool and unit."""
    if not seen.panels:
        layout.notice(
            _("No session with a tool in this time"),
            _("The first one appears here as soon as it has ended. Choose a longer time above to look back."),
        )
    marks = marks_of(seen.marks)
    for panel in seen.panels:
        with st.container(border=True):
            _panel(results, seen, panel, marks, now, weeks)


def _panel(
    results: Results, seen: Seen, panel: sessions.Panel, marks: Sequence[Mark], now: datetime, weeks: int
) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        title = _("{tool}: highest peak of each session").format(tool=words.tool(panel.tool_kind))
        st.subheader(title, anchor=False, width="content")
        if panel.source is Source.SIMULATED:
            st.badge(
                _("simulated"), color="gray", help=_("Made by a simulated tool, not squeezed by a hand.")
            )
    order = words.hands()
    series_shown = sorted(panel.series, key=lambda series: order.index(series.hand))
    summary = [_summary(series, panel) for series in series_shown]
    beside = spoken(marks)
    name = f"{seen.child.id}-{panel.source}-{panel.tool_kind}-{panel.unit}-{weeks}"
    opened_key = f"opened-{name}"
    st.altair_chart(
        trend_chart(panel, now - timedelta(weeks=weeks), now, layout.zone(), marks),
        key=f"chart-{name}",
        on_select=_opener(f"chart-{name}", opened_key),
        selection_mode="session",
        alt=" ".join(
            [
                _("{quantity} of each session.").format(quantity=words.axis(panel.unit)),
                *(one.replace("**", "") for one in summary),
                beside,
            ]
        ),
    )
    st.markdown("\n".join(f"- {sentence}" for sentence in summary))
    shaded = any(series.finding and series.finding.band for series in panel.series)
    st.caption(
        " ".join(
            [
                _("Lines join sessions of the same hand, tool, firmware and calibration only."),
                _("A dashed line: there another series begins.") if _breaks(panel) else "",
                _("Shaded: where 19 of 20 sessions lie by the usual variation alone.") if shaded else "",
                words.plain(beside),
                _no_reference(panel.tool_kind),
            ]
        )
    )
    _open(results, panel, opened_key)
    with st.expander(_("All these sessions as a table")):
        _table(panel)


def _breaks(panel: sessions.Panel) -> bool:
    return any(series.finding and series.finding.broke for series in panel.series)


def _no_reference(kind: ToolKind) -> str:
    """Why nothing is said about other children of that age."""
    if kind is ToolKind.DYNAMOMETER:
        return _("No comparison with other children: no checked reference is installed.")
    return _("No comparison with other children: there is no reference for this kind of tool.")


def _open(results: Results, panel: sessions.Panel, key: str) -> None:
    points = {p.session_id: p for series in panel.series for p in series.points}
    opened = st.selectbox(
        _("Open a session"),
        sorted(points, key=lambda one: points[one].started_at, reverse=True),
        index=None,
        key=key,
        format_func=lambda one: _name(points[one]),
        placeholder=_("Choose a point above, or one from here"),
    )
    if opened is not None:
        st.session_state["session"] = opened
        layout.link_to("session", _("Correct it, or compare it with another one"), "〰️")
        show_session(sessions.session(results, opened))


def _opener(chart_key: str, opened_key: str) -> Callable[[], None]:
    """Open the session whose point was selected."""

    def opened() -> None:
        if selected := st.session_state[chart_key].selection.get("session"):
            st.session_state[opened_key] = UUID(selected[0]["session_id"])

    return opened


def _summary(series: sessions.Series, panel: sessions.Panel) -> str:
    zone = layout.zone()
    text = f"**{words.hand(series.hand)}** ({series.tool_id}): {words.plural(len(series.points), 'session')}"
    for form, point in (
        (_("highest {value} on {day}"), series.best),
        (_("latest {value} on {day}"), series.points[-1]),
    ):
        if point and point.peak is not None:
            said = form.format(
                value=words.value(point.peak, panel.unit), day=words.day(point.started_at, zone)
            )
            text += f", {said}"
    if not (finding := series.finding):
        return f"{text}."
    said_of_it = [findings.broke(finding), f"**{findings.statement(finding)}**", findings.error(finding)]
    return f"{text}. {' '.join(filter(None, said_of_it))}"


def _name(point: SessionPoint) -> str:
    return (
        f"{words.day_time(point.started_at, layout.zone())} · {words.hand(point.hand)} · "
        f"{words.plural(point.squeezes, 'squeeze')}"
    )


def _table(panel: sessions.Panel) -> None:
    number = st.column_config.NumberColumn
    when = st.column_config.DatetimeColumn(
        _("Started"), format="D MMM YYYY, HH:mm", timezone=str(layout.zone())
    )
    rows = [
        row
        | {
            "hand": words.hand(row["hand"]),
            "peak": row["peak"] and words.shown(row["peak"], panel.unit),
            "median_peak": row["median_peak"] and words.shown(row["median_peak"], panel.unit),
        }
        for row in sessions.table(panel)
    ]
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            "started_at": when,
            "hand": _("Hand"),
            "tool": _("Tool"),
            "peak": number(
                _("Highest peak, {quantity}").format(quantity=words.axis(panel.unit)), format="%.1f"
            ),
            "median_peak": number(_("Median peak"), format="%.1f"),
            "squeezes": _("Squeezes"),
            "goal": _("Goal"),
            "doubtful": _("Doubtful"),
            "lost": number(_("Samples lost"), format="percent"),
            "session_id": None,
        },
    )


def tests(seen: Seen, now: datetime) -> None:
    """Strength tests of a year: at visits and at home apart, each with its trials."""
    found = seen.tests
    with st.container(border=True):
        st.subheader(_("Strength tests"), anchor=False)
        if not found.tests:
            st.markdown(_("No strength test in the last year."))
            st.caption(_("A test by a protocol is led on the hub, or asked for in the program."))
            return
        sentences = [
            *(_sentence(one, _("at a visit")) for one in found.at_visits),
            *(_sentence(one, _("at home")) for one in found.at_home),
        ]
        for unit in sorted({test.unit for test in found.tests if test.outcome.score is not None}):
            own = [test for test in found.tests if test.unit is unit and test.outcome.score is not None]
            st.altair_chart(
                tests_chart(
                    own, found, now - sessions.TESTS_PERIOD, now, layout.zone(), marks_of(seen.marks)
                ),
                alt=" ".join(
                    [
                        _("Scores of strength tests, {quantity}.").format(quantity=words.axis(unit)),
                        *(one.replace("**", "") for one in sentences),
                    ]
                ),
            )
        st.markdown("\n".join(f"- {one}" for one in sentences) or _("No test has a score yet."))
        st.caption(
            _(
                "Tests compare only with the same protocol, hand, tool, firmware, calibration and handle; "
                "those at a visit and those at home are apart. Nothing here says how hard a child tried."
            )
        )
        for kind in sorted({test.tool_kind for test in found.tests}):
            st.caption(_no_reference(kind))
        with st.expander(_("All tests with their trials")):
            _tests_table(found)


def _sentence(finding: Finding, where: str) -> str:
    key = finding.key
    _id, at, value = finding.results[-1]
    tool = f"{key.tool}, {_('simulated')}" if key.simulated else key.tool
    latest = _("latest {value} on {day}").format(
        value=words.value(value, key.unit), day=words.day(at, layout.zone())
    )
    said = [
        f"**{words.hand(key.side)}**, {key.measure}, {where} ({tool}): {latest}.",
        findings.broke(finding),
        f"**{findings.statement(finding)}**",
        findings.error(finding),
    ]
    return " ".join(filter(None, said))


def _tests_table(found: Tests) -> None:
    st.dataframe(
        [_row(test, at_visit=test.event_id in found.visit_ids) for test in found.tests],
        hide_index=True,
        column_config={
            "at": st.column_config.DatetimeColumn(
                _("When"), format="D MMM YYYY, HH:mm", timezone=str(layout.zone())
            ),
            "where": _("Where"),
            "hand": _("Hand"),
            "protocol": _("Protocol"),
            "tool": _("Tool"),
            "score": _("Score"),
            "cv": st.column_config.NumberColumn(
                _("CV"), format="%.1f %%", help=_("Spread of the trials that count.")
            ),
            "trials": _("Trials"),
            "because": _("Why no score"),
            "pain": _("Pain before, after"),
            "position": _("Position kept"),
        },
    )


def _row(test: StrengthTested, *, at_visit: bool) -> dict[str, object]:
    trials = [
        " ".join(
            [
                words.value(trial.peak, test.unit),
                *([_("(practice)")] if trial.practice else []),
                *([f"({words.reasons(trial.faults)})"] if trial.faults else []),
            ]
        )
        for trial in test.trials
    ]
    return {
        "at": test.measured_at,
        "where": _("At a visit") if at_visit else _("At home"),
        "hand": words.hand(test.hand),
        "protocol": test.protocol,
        "tool": f"{test.tool_id} ({_('simulated')})" if test.source is Source.SIMULATED else test.tool_id,
        "score": words.value(test.outcome.score, test.unit),
        "cv": test.outcome.cv_percent,
        "trials": "; ".join(trials),
        "because": findings.no_score(test.outcome),
        "pain": words.pain(test.pain_before, test.pain_after),
        "position": {True: _("yes"), False: _("no"), None: ""}[test.position_kept],
    }


def retention(seen: Seen) -> None:
    """What of one visit's strength was there at the next one."""
    with st.container(border=True):
        st.subheader(_("From visit to visit"), anchor=False)
        kept = seen.picture.retained
        if not kept:
            st.markdown(_("There is nothing to compare yet."))
            st.caption(_("It takes two visits on the list, each with a strength test of the same series."))
            return
        st.markdown("\n".join(f"- {findings.retained(one)}" for one in reversed(kept)))
        st.caption(
            _(
                "The last test of a visit against the first one of the next. Never *lost* within the "
                "measurement error, and never across another tool, unit, firmware or calibration."
            )
        )
