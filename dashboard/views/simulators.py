"""For who develops GripHub: let a child play, let something go wrong, and see truth beside counts."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import streamlit as st

from ...firmware_bridge.errors import GripError
from ...hub import simulation
from ...hub.control.address import HubNotRunning
from ...hub.control.answers import ToolStatus
from ...hub.database.actor import Role
from ...hub.errors import SetupError
from ...hub.simulation import TRUTH, FaultForm, NoSimulation, Simulation
from ...hub.truth import TruePlay, read_truth
from .. import context, home_hub, refusals, viewer, words
from ..components.truth_chart import truth_chart
from ..i18n import N_, _, ngettext
from ..queries import simulation as queries
from ..queries.simulation import Account
from . import layout

#: How often what plays now is looked at, and what became of it.
_NOW, _LATER = timedelta(seconds=1), timedelta(seconds=5)

_ALL: Final = "all"
_SAID: Final = "griphub_simulators_said"
_KINDS: Final = {"ball": N_("Squeeze ball"), "putty": N_("Putty")}


def page() -> None:
    """Draw the page."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(_("Simulators"), anchor=False, width="content")
        st.badge(
            _("simulated"), color="gray", help=_("Everything on this page is made, not squeezed by a hand.")
        )
    path = simulation.control_path(context.config())
    try:
        found = simulation.look(path)
    except NoSimulation:
        _how_to_start()
        return
    if said := st.session_state.pop(_SAID, ""):
        st.info(said)
    _playing()
    with st.container(horizontal=True, gap="medium"):
        with st.container(border=True, width=460):
            _faults(found)
        if found.children:
            with st.container(border=True, width=460):
                _start(found)
    _accounts()


def _how_to_start() -> None:
    folder = context.config().data_dir.absolute()
    layout.notice(
        _("No simulation runs here"),
        _(
            "Children of known strength stand in for hands, "
            "and tools that behave like the firmware for tools."
        ),
    )
    st.markdown(_("With a home of its own, eight weeks of history and everything that belongs to it:"))
    st.code("griphub demo", language=None, wrap_lines=True)
    st.markdown(_("Or beside this home, whose hub then listens to the virtual radio:"))
    st.code(
        f"griphub simulate --listen unix:/tmp/radio --ball --putty --new \\\n"
        f"  --control {folder / simulation.CONTROL} --truth {folder / TRUTH}\n"
        "GRIPHUB_RADIO=unix:/tmp/radio griphub up",
        language=None,
        wrap_lines=True,  # a region that scrolls could not be reached by keyboard
    )
    st.button(_("Look again"), type="primary")


# -- what plays now


@st.fragment(run_every=_NOW)
def _playing() -> None:
    if not viewer.still(Role.ADMIN):
        return
    st.subheader(_("What plays now"), anchor=False)
    try:
        found = simulation.look(simulation.control_path(context.config()))
    except NoSimulation:
        st.markdown(_("The simulation has ended."))
        return
    rows = queries.playing(found, _statuses(), _truth(), time.time())
    st.dataframe(
        [
            {
                _("Tool"): row.tool_id,
                _("Play"): row.label or _("pauses"),
                _("True squeezes so far"): _count(row.true),
                _("Counted so far"): _count(row.counted),
                _("Link"): _link(row),
                _("What is wrong"): ", ".join(row.faults) or "–",
            }
            for row in rows
        ],
        hide_index=True,
    )
    if any(not row.ours for row in rows):
        layout.link_to("pair", _("Pair the tools that nobody here uses yet"), "🔗")


def _count(number: int | None) -> str:
    return "–" if number is None else str(number)


def _link(row: queries.Playing) -> str:
    if not row.ours:
        return _("not paired")
    return _("connected") if row.connected else _("not connected")


def _statuses() -> list[ToolStatus]:
    try:
        return home_hub.ask(lambda hub: hub.tools())
    except (HubNotRunning, SetupError):
        return []


def _truth() -> list[TruePlay]:
    try:
        return read_truth(context.config().data_dir / TRUTH, queries.ACCOUNT_BYTES)
    except OSError:  # a simulation that writes nothing down, or elsewhere
        return []


# -- what goes wrong, and who plays


def _faults(found: Simulation) -> None:
    st.subheader(_("Let something go wrong"), anchor=False)
    names = [tool.name for tool in found.tools]
    tool = st.selectbox(
        _("Tool"), [*names, _ALL], format_func=lambda name: _("all tools") if name == _ALL else name
    )
    kind = st.selectbox(
        _("Fault"), list(found.forms), format_func=lambda kind: f"{kind}: {found.forms[kind].says}"
    )
    form = found.forms[kind]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        amount = _amount(form) if form.sign else None
        lasts_s = (
            st.number_input(_("For how many seconds (0: until ended)"), 0, 3600, 10, width=220)
            if form.lasts
            else 0
        )
    wanted = (
        kind + (f"={amount:g}{form.sign}" if amount is not None else "") + (f"+{lasts_s}s" if lasts_s else "")
    )
    st.button(
        _("Let it happen"),
        type="primary",
        on_click=_do,
        args=(lambda path: simulation.begin(path, tool, wanted), f"{tool}: {wanted}"),
    )
    wrong = [(one.name, fault) for one in found.tools for fault in one.faults]
    for name, fault in wrong:
        st.button(
            _("End {fault} of {tool}").format(fault=fault, tool=name),
            key=f"mend-{name}-{fault}",
            on_click=_do,
            args=(_mending(name, fault), _("{fault} of {tool} has ended.").format(fault=fault, tool=name)),
        )


def _amount(form: FaultForm) -> float:
    usual = form.default if form.default is not None else min(max(form.low, 5.0), form.high)
    return float(
        st.number_input(
            _("How much ({sign})").format(sign=form.sign),
            float(form.low),
            float(form.high),
            float(usual),
            width=160,
        )
    )


def _mending(name: str, fault: str) -> Callable[[Any], None]:
    kind = fault.split("=", maxsplit=1)[0].split("+", maxsplit=1)[0].split("@", maxsplit=1)[0]
    return lambda path: simulation.mend(path, name, kind)


def _start(found: Simulation) -> None:
    st.subheader(_("Let another child play"), anchor=False)
    child = st.selectbox(_("Child"), list(found.children), format_func=lambda one: found.children[one])
    kind = st.selectbox(_("With"), list(_KINDS), format_func=lambda one: _(_KINDS[one]))
    hand = st.radio(_("Hand"), words.hands(), format_func=words.hand, horizontal=True)

    def begin(path: Any) -> None:
        name = simulation.start(path, child, "putty" if kind == "putty" else "ball", hand)
        said = _("{tool} is there now. Pair it, and give it to a child; it lies untouched for a while first.")
        st.session_state[_SAID] = said.format(tool=name)

    st.button(_("Let them play"), on_click=_do, args=(begin, ""))


def _do(what: Callable[[Any], None], said: str) -> None:
    """Ask the simulation for something, and say what came of it when the page is drawn."""
    if not viewer.still(Role.ADMIN):
        return
    st.session_state[_SAID] = said
    try:
        what(simulation.control_path(context.config()))
    except GripError as error:
        st.session_state[_SAID] = refusals.why(error)


# -- truth against measured


@st.fragment(run_every=_LATER)
def _accounts() -> None:
    if viewer.still(Role.ADMIN):
        st.subheader(_("Truth against measured"), anchor=False)
        with layout.store_screen():
            _compare()


def _compare() -> None:
    plays = _truth()
    since = queries.since(plays)
    if since is None:
        st.markdown(_("Nothing has been played yet, or what truly happens is written down elsewhere."))
        return
    results = viewer.simulated()
    tools = {play.tool_id for play in plays}
    found = queries.accounts(plays, results.sessions(tools, since))
    if not found:
        st.markdown(_("The first play goes on still; it stands here when it is over."))
        return
    st.markdown(_summary(found))
    names = {_name(one): one for one in found}
    chosen = names[st.selectbox(_("Play"), list(names), key="griphub_play")]
    marks = queries.marks(chosen, [d for key in chosen.sessions if (d := results.session(key))])
    st.altair_chart(truth_chart(chosen, marks), alt=_sentence(chosen))
    st.markdown(_sentence(chosen))
    with st.expander(_("All these plays as a table")):
        _table(found)


def _summary(found: list[Account]) -> str:
    true = sum(one.play.true_squeezes for one in found)
    counted = sum(one.counted for one in found)
    plays = ngettext("In {number} play", "In the last {number} plays", len(found))
    return _("{plays}: **{true}** true squeezes, **{counted}** counted and stored.").format(
        plays=plays, true=true, counted=counted
    )


def _sentence(one: Account) -> str:
    said = _("{true} true, {counted} counted.").format(true=one.play.true_squeezes, counted=one.counted)
    if one.same_unit and one.unit and one.play.true_peak is not None and one.measured_peak is not None:
        said += " " + _("Highest peak {true} true, {measured} measured.").format(
            true=words.value(one.play.true_peak, one.unit), measured=words.value(one.measured_peak, one.unit)
        )
    if not one.sessions:
        said += " " + _("Nothing is stored of it yet.")
    return said


def _name(one: Account) -> str:
    return f"{words.day_time(one.at, layout.zone())} · {one.play.tool_id} · {one.play.label}"


def _table(found: list[Account]) -> None:
    st.dataframe(
        [
            {
                _("Began"): words.day_time(one.at, layout.zone()),
                _("Tool"): one.play.tool_id,
                _("Play"): one.play.label,
                _("True"): one.play.true_squeezes,
                _("Counted"): one.counted,
                _("True peak"): one.play.true_peak,
                _("Measured peak"): one.measured_peak,
                _("Unit"): words.suffix(one.unit) if one.unit else "",
                _("Samples sent"): one.play.sent,
                _("Received"): one.received,
                _("Lost"): one.lost,
            }
            for one in found
        ],
        hide_index=True,
    )
