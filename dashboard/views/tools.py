"""The tools of a home: whether they are connected and why not, their batteries, and whose they are."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, tzinfo
from html import escape
from pathlib import Path
from typing import Any, Final

import streamlit as st

from ...firmware_bridge.errors import GripError
from ...firmware_bridge.samples import ToolKind
from ...hub.control.address import HubNotRunning
from ...hub.control.answers import RadioStatus, ToolStatus
from ...hub.control.client import ControlClient
from ...hub.database.actor import Role
from ...hub.errors import SetupError, StoreError
from ...hub.people import places
from ...hub.records.tool import ToolSeen
from ...hub.records.vocabulary import Hand
from ...hub.tools import registered
from .. import context, home_hub, refusals, tool_words, viewer, words
from ..i18n import _
from ..pairing_words import NEARNESS
from ..queries import tools as queries
from ..queries.tools import Shelf, Tool
from . import layout

_STYLE: Final = (Path(__file__).parents[1] / "components" / "tools.css").read_text(encoding="utf-8")

_ICON: Final = {ToolKind.BALL: "🔴", ToolKind.PUTTY: "🟠", ToolKind.DYNAMOMETER: "💪"}
#: How often it is looked whether something that is shown has changed, seconds.
_LOOK_S: Final = 2.0
#: A hub that takes longer to say how its tools are is not running as it should.
_ANSWER_S: Final = 5.0
#: A tool blinks for so long, seconds: from the screen to the shelf and back.
_BLINK_S: Final = 15

_SAID: Final = "griphub_tools_said"


def page() -> None:
    """Draw the page."""
    st.html(f"<style>{_STYLE}</style>")
    with st.container(key="griphub-tools"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.title(_("Tools"), anchor=False, width="content")
            with st.container(horizontal=True, width="content"):
                layout.link_to("simulators", _("Simulators"), "🧪")
                layout.link_to("pair", _("Pair a tool"), "🔗")
        with layout.store_screen():
            shelf = _read()
            _draw(shelf, full=viewer.role() is Role.ADMIN)
            _watch(shelf, time.monotonic())


def _read() -> Shelf:
    """What the viewer may see of the tools now."""
    children = viewer.children()
    everything = viewer.role() is Role.ADMIN
    radios: list[RadioStatus] = []
    running = True

    async def both(client: ControlClient) -> tuple[list[ToolStatus], list[RadioStatus]]:
        async with asyncio.timeout(_ANSWER_S):
            return await client.tools(), await client.radios()

    try:
        statuses, radios = home_hub.ask(both)
    except (HubNotRunning, SetupError, TimeoutError):
        statuses, running = [ToolStatus(tool=tool) for tool in registered(context.config())], False
    return queries.shelf(
        statuses,
        radios,
        _seen(),
        children,
        running=running,
        everything=everything,
        today=datetime.now(UTC).astimezone(layout.zone()).date(),
    )


def _seen() -> list[ToolSeen]:
    """What hubs of the viewer's sites told last; nothing where the store does not answer."""
    try:
        told = viewer.results().tools()
    except StoreError:
        return []
    with viewer.reading() as work:
        mine = {site.id for site in places.sites(work)}
    return [one for one in told if one.site in mine]


@st.fragment(run_every=_LOOK_S)
def _watch(drawn: Shelf, at_s: float) -> None:
    """Draw the page anew where what it shows has changed since then, in monotonic seconds."""
    if time.monotonic() - at_s < _LOOK_S / 2:
        return  # it is being drawn
    try:
        changed = _read() != drawn
    except GripError:
        changed = True  # the page says what is the matter
    if changed:
        st.rerun()


def _draw(shelf: Shelf, *, full: bool) -> None:
    if not shelf.running and shelf.tools:
        with st.container(border=True):
            st.markdown(
                _(
                    "GripHub is not running on this computer: what stands here is what was known last. "
                    "Start it with `griphub up`."
                )
            )
    if full:
        _radios(shelf.radios)
    if not shelf.tools:
        layout.notice(
            _("There are no tools here yet"),
            _("Pair the first one: squeeze it to wake it, hold its button, and follow the page.")
            if shelf.running
            else _("Tools are paired where GripHub runs at home. Start it with `griphub up`."),
        )
    children = viewer.children()
    for tool in shelf.tools:
        with st.container(border=True):
            _card(tool, shelf, children, full=full)
    if full and shelf.elsewhere:
        _elsewhere(shelf.elsewhere)


def _radios(radios: tuple[RadioStatus, ...]) -> None:
    for radio in radios:
        with st.container(border=True, gap=None):
            st.markdown(f"📶 **{tool_words.radio(radio)}**")
            st.markdown(tool_words.room(radio))


def _card(tool: Tool, shelf: Shelf, children: list[viewer.Child], *, full: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        icon = _ICON.get(tool.kind, "🔧") if tool.kind else "🔧"
        name = words.tool(tool.kind) if tool.kind else tool.title or _("Tool")
        st.subheader(f"{icon} {name}", anchor=False, width="content")
        if shelf.running:
            word, colour = tool_words.badge(tool)
            st.badge(word, color=colour)  # type: ignore[arg-type]
        if tool.simulated:
            st.badge(
                _("simulated"), color="gray", help=_("Made by a simulated tool, not squeezed by a hand.")
            )
    owner = tool.owner or _("a child who is not here any more")
    line = [owner, words.hand(tool.tool.hand), tool.tool.id]
    if tool.battery_percent is not None:
        line.append(f"{'🪫' if tool.low else '🔋'} {tool.battery_percent}\N{NO-BREAK SPACE}%")
    st.text(" · ".join(line))
    if not (tool.connected and shelf.running):
        st.text(tool_words.link(tool, running=shelf.running))
    if tool.low:
        st.warning(_("The battery is low. Charge the tool before the next exercise."), icon="🪫")
    if tool.seen_at:
        st.caption(_("Last heard {when}.").format(when=words.day_time(tool.seen_at, layout.zone())))
    if tool.error in ("BondLost", "PairingRefused"):
        layout.link_to("pair", _("Pair it again"), "🔗")
    _actions(tool, children, running=shelf.running)
    said = st.session_state.get(_SAID)
    if said and said[0] == tool.tool.id:
        st.html(f'<p role="status">{escape(said[1])}</p>')
        del st.session_state[_SAID]
    if full:
        with st.expander(_("More about this tool")):
            _facts(tool)
            _history(tool, shelf)


def _actions(tool: Tool, children: list[viewer.Child], *, running: bool) -> None:
    key, tool_id = tool.tool.id, tool.tool.id
    asleep = _("Squeeze it first: it has to be connected for that.")
    with st.container(horizontal=True):
        st.button(
            _("Blink"),
            key=f"blink-{key}",
            disabled=not (tool.connected and tool.can_blink),
            help=None if tool.connected else asleep,
            on_click=_ask,
            args=(tool_id, lambda hub: hub.identify(tool_id, _BLINK_S), _("It blinks now.")),
        )
        st.button(
            _("Set to zero"),
            key=f"tare-{key}",
            disabled=not (tool.connected and tool.can_tare),
            help=_("Lay it down and let go of it first.") if tool.connected else asleep,
            on_click=_ask,
            args=(tool_id, lambda hub: hub.tare(tool_id), _("It was set to zero.")),
        )
        if tool.tool.configured:
            st.caption(_("Whose it is stands in the configuration file, and is changed there."))
            return
        with st.popover(_("Give to …"), disabled=not running):
            _give(tool, children)
        with st.popover(_("Forget"), disabled=not running):
            st.markdown(
                _("It becomes nobody's, and has to be paired to be used again. What it measured is kept.")
            )
            st.button(
                _("Forget this tool"),
                key=f"forget-{key}",
                on_click=_ask,
                args=(tool_id, lambda hub: hub.forget(tool_id), ""),
            )


def _give(tool: Tool, children: list[viewer.Child]) -> None:
    names = {child.id: child.alias for child in children}
    ids, hands = list(names), words.hands()
    key = tool.tool.id

    def give() -> None:
        child, hand = st.session_state[f"child-{key}"], Hand(st.session_state[f"hand-{key}"])
        said = _("It is for {child} now, {hand}.").format(child=names[child], hand=words.hand(hand))
        _ask(key, lambda hub: hub.use(key, child, hand), said)

    with st.container(key=f"griphub-give-{key}"), st.form(f"give-{key}", border=False):
        st.radio(
            _("Child"),
            ids,
            index=ids.index(tool.tool.child) if tool.tool.child in names else 0,
            format_func=lambda one: names[one],
            key=f"child-{key}",
        )
        st.radio(
            _("Hand"),
            hands,
            index=hands.index(tool.tool.hand),
            format_func=words.hand,
            key=f"hand-{key}",
            horizontal=True,
        )
        st.form_submit_button(_("Give it"), type="primary", on_click=give)
    st.caption(_("What was measured before stays with whom it was."))


def _ask(tool_id: str, question: Callable[[ControlClient], Coroutine[Any, Any, Any]], said: str) -> None:
    """Ask the hub for something about a tool, and say beside it what came of it."""
    if not viewer.still(Role.PARENT, Role.ADMIN):
        return
    try:
        home_hub.ask(question)
    except GripError as error:
        said = refusals.why(error)
    st.session_state[_SAID] = tool_id, said


def _facts(tool: Tool) -> None:
    facts, zone = tool.facts, layout.zone()
    rows = {
        _("Connected since"): _when(facts.connected_since, zone),
        _("Links lost since the hub began"): _number(facts.link_losses),
        _("Samples lost"): _lost(tool),
        _("Signal"): _(NEARNESS[facts.nearness][0]) if facts.nearness else "–",
        _("Sample rate"): f"{words.decimal(facts.rate_hz, 0)} Hz" if facts.rate_hz else _("not told"),
        _("Firmware"): facts.firmware or "–",
        _("Maker and model"): facts.maker or "–",
        _("Serial number"): facts.serial,
        _("Driver"): facts.driver,
        _("Calibration due"): _due(tool),
        _("Paired"): _when(facts.paired_at, zone),
        _("Radio address"): facts.address or "–",
    }
    rows |= {
        _("Cannot: {what}").format(what=tool_words.capability(what)): words.said(why)
        for what, why in facts.cannot
    }
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    st.html(f'<dl class="griphub-facts">{items}</dl>')


def _lost(tool: Tool) -> str:
    if not tool.facts.loss_known:
        return _("not known: a missing sample does not show")
    percent = tool.facts.lost_percent
    return "–" if percent is None else f"{words.decimal(percent)}\N{NO-BREAK SPACE}%"


def _due(tool: Tool) -> str:
    if tool.facts.calibration_due is None:
        return _("no calibration here")
    due = words.date_of(tool.facts.calibration_due)
    return _("{date}, overdue").format(date=due) if tool.facts.calibration_overdue else due


def _history(tool: Tool, shelf: Shelf) -> None:
    key = f"history-{tool.tool.id}"
    if not shelf.running or not st.toggle(_("How its link went"), key=key):
        return
    try:
        states = home_hub.ask(lambda hub: hub.links(tool.tool.id))
    except GripError:  # it ended a moment ago: the page is about to say so
        return
    if not states:
        st.markdown(_("It was not heard since the hub began."))
        return
    zone = layout.zone()
    st.dataframe(
        [
            {
                _("Since"): words.day_time(at, zone),
                _("Link"): tool_words.phase(state.phase),
                _("Signal, dBm"): state.rssi_dbm,
                _("Radio"): state.radio,
                _("Reason"): tool_words.reason(state),
            }
            for at, state in queries.history(states)
        ],
        hide_index=True,
    )


def _elsewhere(seen: tuple[ToolSeen, ...]) -> None:
    zone = layout.zone()
    st.subheader(_("Tools of other hubs"), anchor=False)
    st.dataframe(
        [
            {
                _("Tool"): one.tool_id,
                _("Hub"): f"{one.site}/{one.hub}",
                _("Link"): tool_words.phase(one.link),
                _("Last heard"): _when(one.seen_at, zone),
                _("Battery, %"): one.battery_percent,
                _("Firmware"): one.firmware,
            }
            for one in seen
        ],
        hide_index=True,
    )


def _when(at: datetime | None, zone: tzinfo) -> str:
    return words.day_time(at, zone) if at else "–"


def _number(number: int | None) -> str:
    return "–" if number is None else str(number)
