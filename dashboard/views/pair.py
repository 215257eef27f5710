"""The family's way to a tool of its own: wake it, recognise it, say whose it is, check it."""

from html import escape
from pathlib import Path
from string import Template
from typing import Final

import streamlit as st

from ...firmware_bridge.pairing_diagnosis import PairingProblem
from ...hub.control.address import socket_path
from ...hub.control.client import ControlClient
from ...hub.database.actor import Role
from ...hub.errors import SetupError
from ...hub.records.vocabulary import Hand
from .. import context, preferences, refusals, viewer, words
from ..i18n import N_, _
from ..pairing_session import PairingSession, TooManyPair
from ..pairing_state import Belongs, Choose, Digits, Found, Press, Stage, Standing, State
from ..pairing_words import CHECK, NEARNESS, NOT_HEARD, PROBLEMS, STANDING, Advice, advice
from . import layout

_ROOM = Path(__file__).parents[1] / "components"
_STYLE = (_ROOM / "pairing.css").read_text(encoding="utf-8")
_BUTTON = Template((_ROOM / "button.svg").read_text(encoding="utf-8"))
_FINGER: Final = (
    '<g fill="none" stroke-linecap="round"><path d="M122 102L226 172" stroke="#7c4a2d" stroke-width="36"/>'
    '<path d="M122 102L226 172" stroke="#f3c9a5" stroke-width="29"/>'
    '<path d="M119 100l9 6" stroke="#fbe9dc" stroke-width="13"/></g>'
)

_KEY: Final = "griphub_pairing"
#: Whoever comes back to the page after so long begins anew.
_AFRESH_S: Final = 10.0
#: How often the page looks whether something changed, seconds.
_BEAT_S: Final = 1.0

_STEPS: Final = (N_("Wake it"), N_("Is it this one?"), N_("Who uses it"), N_("Check"))
_STEP: Final = {
    Stage.LOOKING: 0,
    Stage.CONNECTING: 0,
    Stage.PASSKEY: 1,
    Stage.RECOGNISE: 1,
    Stage.WHOSE: 2,
    Stage.LAY_DOWN: 3,
    Stage.CHECKING: 3,
    Stage.CHECKED: 3,
    Stage.DONE: 4,
}


def page() -> None:
    """Draw the page."""
    st.html(f"<style>{_STYLE}</style>")
    with st.container(key="griphub-pairing"):
        st.title(_("Pair a tool"), anchor=False)
        children = viewer.children()
        if not children:
            layout.no_child()
            return
        try:
            session = _session()
        except TooManyPair:
            layout.notice(
                _("Others are pairing tools right now"),
                _("Try again when they are done, in a minute or two."),
            )
            st.button(_("Try again"), type="primary")
            return
        except SetupError as error:
            layout.notice(_("Tools cannot be paired here"), refusals.why(error))
            return
        state = session.state
        _steps(state)
        _draw(session, state, children)
    _beat(session, state)


def _session() -> PairingSession:
    """The viewer's own; a new one where there is none, or they were away from this page."""
    found = st.session_state.get(_KEY)
    if isinstance(found, PairingSession):
        if found.absent_s() < _AFRESH_S:
            found.seen()
            return found
        found.end()
    made = PairingSession(ControlClient(socket_path(context.config())))
    st.session_state[_KEY] = made
    return made


@st.fragment(run_every=_BEAT_S)
def _beat(session: PairingSession, drawn: State) -> None:
    """Say that the page is open, and draw it anew where something has changed."""
    session.seen()
    if session.state != drawn:
        st.rerun()


def _steps(state: State) -> None:
    if state.stage not in _STEP:
        return
    at = _STEP[state.stage]
    items = ""
    for number, step in enumerate(_STEPS):
        kind = "past" if number < at else "now" if number == at else "next"
        current = ' aria-current="step"' if number == at else ""
        items += f'<li class="{kind}"{current}>{escape(_(step))}</li>'
    st.html(f'<ol class="griphub-steps" aria-label="{escape(_("Steps"))}">{items}</ol>')


def _draw(session: PairingSession, state: State, children: list[viewer.Child]) -> None:
    match state.stage:
        case Stage.LOOKING:
            _looking(session, state)
        case Stage.CONNECTING:
            _waiting(_("Connecting to the tool …"), _("This takes a few seconds. Keep it near."))
        case Stage.PASSKEY:
            _passkey(session)
        case Stage.RECOGNISE:
            _recognise(session, state)
        case Stage.WHOSE:
            _whose(session, children)
        case Stage.LAY_DOWN | Stage.CHECKED:
            _check(session, state)
        case Stage.CHECKING:
            _waiting(_("Checking …"), _("Leave the tool alone for a few seconds."))
        case Stage.DONE:
            _done(session, state, children)
        case Stage.TROUBLE:
            _trouble(session, state)
        case Stage.OVER:
            layout.notice(
                _("The tool was let go"),
                _("Nobody did anything for a while, so that others can have it. Nothing is lost."),
            )
            _press(session, _("Start again"), None)


def _looking(session: PairingSession, state: State) -> None:
    if state.trouble:
        _advise(advice(state.trouble), state.trouble.words)
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _picture()
        st.markdown(
            "\n".join(
                f"{number}. {step}"
                for number, step in enumerate(
                    (
                        _("Squeeze the tool to wake it."),
                        _("Hold its button until its light blinks."),
                        _("Lay it beside the computer that GripHub runs on."),
                    ),
                    1,
                )
            )
        )
    with right:
        st.subheader(_("Tools near you"), anchor=False)
        if not state.found:
            st.html(f'<p role="status">{escape(_("Listening …"))}</p>')
        for found in state.found:
            _card(session, found)
        if state.waited:
            _advise(NOT_HEARD)


def _card(session: PairingSession, found: Found) -> None:
    near, bars = NEARNESS[found.nearness]
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{_plain(found.title or _('Unknown device'))}**")
            st.text(found.name)
            drawn = "".join(
                f'<i style="height:{20 * n}%"{" class=on" if n <= bars else ""}></i>' for n in range(1, 6)
            )
            st.html(f'<span class="griphub-bars" aria-hidden="true">{drawn}</span>{escape(_(near))}')
            st.caption(_(STANDING[found.standing]))
        st.button(
            _("This one"),
            key=f"choose-{found.id}",
            type="primary" if found.standing is Standing.READY else "secondary",
            on_click=_say,
            args=(session, Choose(found.id)),
            help=found.name or None,
        )


def _passkey(session: PairingSession) -> None:
    st.subheader(_("Which six digits are on the tool?"), anchor=False)
    st.markdown(_("They stand on its display or on its back."))
    with st.form("passkey", border=False):
        typed = st.text_input(_("Six digits"), max_chars=6, autocomplete="off")
        if st.form_submit_button(_("Go on"), type="primary"):
            if typed.isdecimal() and typed.isascii() and len(typed) == 6:
                session.say(Digits(int(typed)))
            else:
                st.markdown(_("These are not six digits. Type them without spaces."))
    _press(session, _("Back to the list"), Press.BACK)


def _recognise(session: PairingSession, state: State) -> None:
    assert state.tool
    if state.tool.simulated:
        st.badge(_("simulated"), color="gray", help=_("What this tool measures is marked so."))
    if state.tool.can_blink:
        _picture(_("A tool whose light blinks"))
        st.subheader(_("A tool blinks now. Is it this one?"), anchor=False)
        st.markdown(_("Look at the tools around you: just one of them blinks for some seconds."))
    else:
        st.subheader(_("Is it {name}?").format(name=_plain(state.tool.title)), anchor=False)
        st.markdown(_("This tool cannot blink. If only one such tool is near you, it is this one."))
        st.caption(words.said(state.tool.because.get("identify", "")))
    with st.container(horizontal=True):
        _press(session, _("Yes, this one"), Press.YES, primary=True)
        if state.tool.can_blink:
            _press(session, _("Blink again"), Press.AGAIN)
        _press(session, _("No, another one"), Press.BACK)


def _whose(session: PairingSession, children: list[viewer.Child]) -> None:
    st.subheader(_("Who uses it?"), anchor=False)
    names = {child.id: child.alias for child in children}
    remembered = st.session_state.get("child")
    with st.form("whose", border=False):
        child = st.radio(
            _("Child"),
            list(names),
            index=list(names).index(remembered) if remembered in names else 0,
            format_func=lambda one: names[one],
        )
        hand = st.radio(
            _("With which hand?"), words.hands(), index=None, format_func=words.hand, horizontal=True
        )
        if st.form_submit_button(_("Go on"), type="primary"):
            if hand is None:
                st.markdown(_("Choose a hand first."))
            elif child in names:
                session.say(Belongs(child, Hand(hand)))
    _press(session, _("Back to the list"), Press.BACK)


def _check(session: PairingSession, state: State) -> None:
    st.subheader(_("Lay the tool on the table and let go of it"), anchor=False)
    if state.report:
        with st.container(border=True):
            st.markdown(_(CHECK[state.report.verdict]))
    else:
        st.markdown(
            _("GripHub listens for a few seconds whether its sensor is well, and sets it to zero if need be.")
        )
    with st.container(horizontal=True):
        label = _("Check again") if state.report else _("It lies still, check it")
        _press(session, label, Press.YES, primary=True)
        if state.report:
            _press(session, _("Use it all the same"), Press.ALL_THE_SAME)
        _press(session, _("Back to the list"), Press.BACK)


def _done(session: PairingSession, state: State, children: list[viewer.Child]) -> None:
    assert state.done
    done = state.done
    name = next((child.alias for child in children if child.id == done.child), done.child)
    st.session_state["child"] = done.child
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.html('<div style="font-size:3.5rem;line-height:1;text-align:center" aria-hidden="true">🎉</div>')
        st.subheader(
            _("{tool} is ready for {child}").format(tool=_plain(done.title or done.id), child=_plain(name)),
            anchor=False,
            text_alignment="center",
        )
        said = [words.hand(done.hand), done.id]
        if state.tared:
            said.append(_("set to zero"))
        if state.tool and state.tool.battery_percent is not None:
            said.append(_("battery {percent}\N{NO-BREAK SPACE}%").format(percent=state.tool.battery_percent))
        st.markdown(" · ".join(map(_plain, said)), text_alignment="center")
        st.markdown(_("It connects by itself from now on, whenever it is squeezed."), text_alignment="center")
        with st.container(horizontal=True, horizontal_alignment="center"):
            layout.link_to("exercise", _("Start an exercise"), "✊")
            layout.link_to("tools", _("All tools"), "🔧")
            _press(session, _("Pair another tool"), None)


def _trouble(session: PairingSession, state: State) -> None:
    assert state.trouble
    told = advice(state.trouble)
    if told is PROBLEMS[PairingProblem.NOT_IN_PAIRING_MODE]:
        _picture()
    _advise(told, state.trouble.words)
    with st.container(horizontal=True):
        if told is PROBLEMS[PairingProblem.BOND_LOST]:
            _press(session, _("It blinks: pair it anew"), Press.MEND, primary=True)
        else:
            _press(session, _("Try again"), Press.AGAIN, primary=True)
        _press(session, _("Back to the list"), Press.BACK)


def _advise(told: Advice, original: str = "") -> None:
    with st.container(border=True):
        st.subheader(_(told.title), anchor=False)
        st.markdown("\n".join(f"- {_(step)}" for step in told.steps))
        if original:
            with st.expander(_("What GripHub says")):
                st.text(words.said(original))


def _waiting(title: str, text: str) -> None:
    calm = " calm" if preferences.current().calm else ""
    st.html(
        f'<div role="status" class="griphub-waiting"><span class="griphub-turns{calm}"></span>'
        f"<div><h3>{escape(title)}</h3><p>{escape(text)}</p></div></div>"
    )


def _picture(label: str = "") -> None:
    calm = "calm" if preferences.current().calm else ""
    said = label or _("A finger holds the button of a ball until its light blinks")
    st.image(_BUTTON.substitute(calm=calm, finger="" if label else _FINGER), alt=said, width=220)


def _press(session: PairingSession, label: str, what: Press | None, *, primary: bool = False) -> None:
    """Draw a button; without a press, one that begins anew."""

    def pressed() -> None:
        if what is None:
            session.end()
            st.session_state.pop(_KEY, None)
        else:
            _say(session, what)

    st.button(label, on_click=pressed, type="primary" if primary else "secondary")


def _say(session: PairingSession, what: Press | Choose) -> None:
    if viewer.still(Role.PARENT, Role.ADMIN):
        session.say(what)


def _plain(text: str) -> str:
    """`text` as it is, where Markdown is read."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()#+-.!|<>~$:" else sign for sign in text)
