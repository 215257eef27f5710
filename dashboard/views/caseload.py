"""The therapist's first page: who needs me today, and why."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st

from ...hub.program.adherence import Adherence
from ...hub.records.said import FeedbackGiven
from ...hub.records.vocabulary import Evidence, Hand, Source
from .. import context, dose_words, findings, viewer, words
from ..components.caseload import caseload_table
from ..i18n import N_, _, ngettext
from ..queries.caseload import Line, lines
from . import layout

#: How something is known, beside a share of what was done.
EVIDENCE: Final = {
    Evidence.SENSOR: N_("measured by a tool"),
    Evidence.PARENT: N_("told by a parent"),
    Evidence.THERAPIST: N_("seen by a therapist"),
}


def page() -> None:
    """Draw the page."""
    with layout.store_screen():
        _draw()


def _draw() -> None:
    st.title(_("Caseload"), anchor=False)
    with viewer.reading() as work:
        found = lines(work, viewer.results(), context.config(), datetime.now(UTC))
    if not found:
        layout.notice(
            _("No child is on your caseload yet"),
            _("An admin puts children on it, on the page *People* or with `griphub people caseload assign`."),
        )
        return
    st.markdown(_statistics(found))
    opened = caseload_table([_row(line) for line in found], _filters(found), _words())
    if opened in {line.child_id for line in found}:
        st.session_state["child"] = opened
        st.session_state.pop("child_choice", None)  # the widget of the page before does not hold any more
        layout.go("child")


def _statistics(found: Sequence[Line]) -> str:
    """The clinic in one line."""
    looks, silent = sum(bool(line.alerts) for line in found), sum(line.silent for line in found)
    return " · ".join(
        [
            ngettext("**{number}** child", "**{number}** children", len(found)),
            ngettext("**{number}** needs a look", "**{number}** need a look", looks),
            ngettext(
                "**{number}** session with a tool in the last 7 days",
                "**{number}** sessions with a tool in the last 7 days",
                sum(line.week_sessions for line in found),
            ),
            ngettext(
                "**{number}** silent for more than 7 days", "**{number}** silent for more than 7 days", silent
            ),
        ]
    )


def _filters(found: Sequence[Line]) -> list[dict[str, str]]:
    names = {
        "all": _("All"),
        "needs": _("Need a look"),
        "silent": _("Silent"),
        "quiet": _("Quiet"),
        "paused": _("On a break"),
    }
    counts = {key: sum(key in _groups(line) for line in found) for key in names} | {"all": len(found)}
    return [{"key": key, "label": f"{name} ({counts[key]})"} for key, name in names.items() if counts[key]]


def _groups(line: Line) -> list[str]:
    return [
        key
        for key, is_in in {
            "needs": bool(line.alerts),
            "silent": line.silent,
            "quiet": not line.alerts,
            "paused": line.paused is not None,
        }.items()
        if is_in
    ]


def _words() -> dict[str, Any]:
    return {
        "search": _("Find a child"),
        "filters": _("Show"),
        "open": _("Open this child"),
        "none": _("No child of that name among these."),
        "quiet": _("Nothing to look at"),
        "columns": [
            _("Child"),
            _("Why"),
            _("Last 7 days"),
            _("Last 28 days"),
            _("Strength"),
            _("Last done"),
            _("Pain"),
        ],
        "legend": [
            *({"kind": str(kind), "label": _(name)} for kind, name in EVIDENCE.items()),
            {"kind": "missing", "label": _("asked for and not done")},
            {"kind": "unknown", "label": _("not known")},
            {"kind": "paused", "label": _("on a break")},
        ],
    }


def _row(line: Line) -> dict[str, Any]:
    notes = []
    if line.paused:
        notes.append(_("On a break: {reason}").format(reason=dose_words.pause_reason(line.paused.reason)))
    if line.month is None:
        notes.append(_("No program yet"))
    if line.source is Source.SIMULATED:
        notes.append(_("simulated"))
    return {
        "id": line.child_id,
        "name": line.name,
        "groups": _groups(line),
        "notes": notes,
        "reasons": [
            {"cause": str(one.cause), "title": findings.cause(one), "text": findings.because(one)}
            for one in line.alerts
        ],
        "week": _done(line.week),
        "month": _done(line.month),
        "trends": [_trend(line, hand) for hand in words.hands() if hand in line.trends],
        "last": _last(line),
        "pain": _pain(line.pain),
    }


def _trend(line: Line, hand: Hand) -> dict[str, str]:
    arrow, text = findings.brief(line.trends[hand])
    return {"hand": _("Left") if hand is Hand.LEFT else _("Right"), "arrow": arrow, "text": text}


def _done(one: Adherence | None) -> dict[str, Any] | None:
    """Adherence as a bar of a window's days: what is not known, or was a break, is not missed."""
    if one is None:
        return None
    window = (one.last - one.first).days + 1
    unknown, paused = len(one.unknown), len(set(one.paused) - set(one.unknown))
    known = 100 * (window - unknown - paused) / window
    by = {evidence: one.percent_by(evidence) or 0.0 for evidence in Evidence}
    parts = [
        {"kind": str(kind), "share": round(known * share / 100, 1)} for kind, share in by.items() if share
    ]
    parts += [
        {"kind": "missing", "share": round(known * (100 - sum(by.values())) / 100, 1)},
        {"kind": "unknown", "share": round(100 * unknown / window, 1)},
        {"kind": "paused", "share": round(100 * paused / window, 1)},
    ]
    percent = "–" if one.percent is None else f"{words.decimal(one.percent, 0)} %"
    return {"percent": percent, "parts": parts, "spoken": spoken(one)}


def spoken(one: Adherence) -> str:
    """Adherence in a sentence, with its evidence."""
    if one.percent is None:
        said = [_("Nothing was asked.")]
    else:
        how = [
            _("{share} % {evidence}").format(share=words.decimal(share, 0), evidence=_(name))
            for evidence, name in EVIDENCE.items()
            if (share := one.percent_by(evidence) or 0.0) >= 0.5
        ]
        said = [_("{share} % of what was asked was done.").format(share=words.decimal(one.percent, 0))]
        said += [f"{words.listed(how)}."] if how else []
    if one.unknown:
        said.append(
            ngettext(
                "Of {number} day nothing is known; it is not missed.",
                "Of {number} days nothing is known; they are not missed.",
                len(one.unknown),
            )
        )
    if one.paused:
        said.append(ngettext("{number} day was a break.", "{number} days were a break.", len(one.paused)))
    return " ".join(said)


def _last(line: Line) -> str:
    if line.last_at is None or line.silent_days is None:
        return _("never")
    if line.silent_days <= 0:
        return _("today")
    if line.silent_days == 1:
        return _("yesterday")
    return ngettext("{number} day ago", "{number} days ago", line.silent_days)


def _pain(said: FeedbackGiven | None) -> str:
    if said is None:
        return "–"
    if said.pain_before is None or said.pain_after is None:
        one = _("{pain} before") if said.pain_after is None else _("{pain} after")
        return one.format(pain=said.pain_before if said.pain_after is None else said.pain_after)
    return _("{before}, then {after}").format(before=said.pain_before, after=said.pain_after)
