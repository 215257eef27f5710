"""Measures beside strength on a child's page: worked out when somebody asks, and refused with the reason."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import Final

import streamlit as st

from ...firmware_bridge.samples import Unit
from ...hub.measures import Measure
from .. import words
from ..i18n import N_, _
from ..queries import child as query
from ..queries.child import Seen
from ..results import Results
from . import layout

_NAMES: Final = {
    "rise": N_("Rise to nine tenths of the peak"),
    "release": N_("Release"),
    "rate_of_force": N_("Rate of force, 20 to 80 %"),
    "steadiness": N_("Steadiness of a low hold (lower is steadier)"),
    "sustained": N_("Force sustained over 10 s"),
    "force_kept": N_("Force kept: last 10 s of 30 s, of the first"),
    "fatigue": N_("Fatigue index"),
    "asymmetry": N_("Asymmetry"),
    "mirror": N_("Mirror force of the resting hand"),
    "bilateral": N_("Timing of both hands"),
}
_KEY: Final = "griphub_measures"


def more(results: Results, seen: Seen, weeks: int) -> None:
    """Draw what was worked out, or the button that does it."""
    with st.container(border=True):
        st.subheader(_("Further measures"), anchor=False)
        st.caption(
            _(
                "Release, steadiness, endurance and both hands, from the curves of the latest sessions. "
                "Some are not known to repeat well in children; each says so."
            )
        )
        about = seen.child.id, weeks, seen.line.last_at
        if st.session_state.get(_KEY, (None, ()))[0] != about:
            place = st.empty()
            if not place.button(_("Work them out"), key="measures-now"):
                return
            with place, st.spinner(_("Reading the curves …")):
                st.session_state[_KEY] = about, query.more(results, seen)
            place.empty()
        found: list[Measure] = st.session_state[_KEY][1]
        if rows := [_row(one) for one in found if one.values]:
            st.dataframe(
                rows,
                hide_index=True,
                column_config={
                    "measure": _("Measure"),
                    "hand": _("Hand"),
                    "tool": _("Tool"),
                    "latest": _("Latest"),
                    "middle": _("In the middle"),
                    "sessions": _("From"),
                    "of": _("Of what"),
                    "trust": st.column_config.TextColumn(_("How far it can be trusted"), width="large"),
                },
            )
        if refused := _refused(found):
            st.markdown(f"**{_('Not shown')}**\n" + "\n".join(f"- {line}" for line in refused))


def _refused(found: Sequence[Measure]) -> list[str]:
    """Why some measures are not shown: a line for each reason, with whom it holds for."""
    held: dict[tuple[str, str], list[Measure]] = defaultdict(list)
    for one in found:
        if not one.values:
            held[one.name, one.refused.most_common(1)[0][0]].append(one)
    lines = []
    for (name, because), those in held.items():
        whose = sorted({_hand(one) for one in those})
        lines.append(f"{_(_NAMES[name])}, {words.listed(whose)}: {words.said(because)}")
    return lines


def _hand(one: Measure) -> str:
    return words.hand(one.hand) if one.hand else _("Both hands")


def _row(one: Measure) -> dict[str, object]:
    at, latest = one.values[-1]
    return {
        "measure": _(_NAMES[one.name]),
        "hand": _hand(one),
        "tool": f"{words.tool(one.tool_kind)} ({one.tool_id})" if one.tool_kind else "",
        "latest": _("{value} on {day}").format(
            value=_value(latest, one.unit), day=words.day(at, layout.zone())
        ),
        "middle": _value(median(value for _at, value in one.values), one.unit),
        "sessions": words.plural(len(one.values), "session"),
        "of": words.said(one.of),
        "trust": words.said(one.trust),
    }


def _value(number: float, unit: str) -> str:
    """A number of a measure; only what is a force is shown in the viewer's unit."""
    base, _slash, per = unit.partition("/")
    if base in set(Unit):
        return f"{words.value(number, Unit(base))}{f'/{per}' if per else ''}"
    return f"{words.decimal(number, 2 if unit == 's' else 0)}\N{NO-BREAK SPACE}{unit}"
