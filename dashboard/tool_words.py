"""What the page of tools says: where a link stands, what a tool cannot do, how full a radio is."""

from typing import Final

from ..firmware_bridge.errors import AdapterCause
from ..firmware_bridge.link_state import LinkPhase, LinkState
from ..hub.control.answers import RadioStatus
from . import words
from .i18n import N_, _, ngettext
from .queries.tools import Tool
from .refusals import LINK_ERRORS

_PHASE: Final = {
    LinkPhase.AWAY: N_("Not heard. Squeeze it to wake it."),
    LinkPhase.WAITING: N_("Heard; its turn comes."),
    LinkPhase.CONNECTING: N_("Being connected …"),
    LinkPhase.STREAMING: N_("Connected."),
    LinkPhase.ASLEEP: N_("Asleep. Squeeze it to wake it."),
    LinkPhase.LOST: N_("Lost a moment ago. Bring it nearer; it connects by itself."),
    LinkPhase.RETRYING: N_("It did not answer. The hub tries again by itself."),
    LinkPhase.REFUSED: N_("It needs your help."),
}
_BADGE: Final = {
    LinkPhase.AWAY: (N_("away"), "gray"),
    LinkPhase.WAITING: (N_("connecting"), "blue"),
    LinkPhase.CONNECTING: (N_("connecting"), "blue"),
    LinkPhase.STREAMING: (N_("connected"), "green"),
    LinkPhase.ASLEEP: (N_("asleep"), "gray"),
    LinkPhase.LOST: (N_("out of reach"), "gray"),
    LinkPhase.RETRYING: (N_("trying again"), "blue"),
    LinkPhase.REFUSED: (N_("needs your help"), "orange"),
}

_RADIO: Final = {
    AdapterCause.MISSING: N_("The Bluetooth adapter is missing. Plug it in."),
    AdapterCause.OFF: N_("Bluetooth is switched off. Switch it on."),
    AdapterCause.NO_PERMISSION: N_(
        "GripHub may not use Bluetooth. Run `griphub doctor`: it says what to do."
    ),
    AdapterCause.GONE: N_("Bluetooth went away. The hub tries again by itself."),
}

_CAPABILITY: Final = {
    "unit": N_("Unit"),
    "rate_hz": N_("Sample rate"),
    "stamps": N_("Time of each sample"),
    "loss_known": N_("Losses"),
    "tare": N_("Set to zero"),
    "identify": N_("Blink"),
    "battery": N_("Battery"),
    "stored": N_("Keep sessions without a hub"),
    "counts": N_("Count squeezes"),
}


def link(tool: Tool, *, running: bool) -> str:
    """Where a tool's link stands, and what to do."""
    if not running:
        return _("GripHub is not running.")
    if tool.error in LINK_ERRORS:
        return _(LINK_ERRORS[tool.error])
    return _(_PHASE[tool.phase]) if tool.phase else _("Not heard yet. Squeeze it to wake it.")


def badge(tool: Tool) -> tuple[str, str]:
    """The same in a word, and its colour; never red: nothing here is anybody's fault."""
    word, colour = _BADGE[tool.phase] if tool.phase else (N_("away"), "gray")
    return _(word), colour


def reason(state: LinkState) -> str:
    """Why a link came into a state; empty where the phase says it all."""
    return _(LINK_ERRORS[state.error]) if state.error in LINK_ERRORS else words.said(state.reason)


def phase(which: LinkPhase) -> str:
    """A phase of a link in a word."""
    return _(_BADGE[which][0])


def capability(name: str) -> str:
    """What a tool may be able to do."""
    return _(_CAPABILITY[name]) if name in _CAPABILITY else name.replace("_", " ")


def radio(status: RadioStatus) -> str:
    """What a radio is called."""
    if status.name == "system":
        return _("This computer's Bluetooth")
    if status.name.startswith("system:"):
        return _("Bluetooth adapter {name}").format(name=status.name.partition(":")[2])
    return _("Virtual radio") if status.simulated or not status.open else status.name


def room(status: RadioStatus) -> str:
    """How full a radio is, as far as anybody knows."""
    if status.cause:
        return _(_RADIO[status.cause])
    if not status.open:
        return _("Being opened …")
    held = ngettext("{number} tool connected", "{number} tools connected", status.links)
    if status.full:
        return _(
            "{held}, and it is full. Put down a tool that nobody uses: it falls asleep and makes room."
        ).format(held=held)
    if status.most is not None and status.most >= status.links:
        free = ngettext("room for {number} more", "room for {number} more", status.most - status.links)
        return _("{held}, {free} (it was full with {most})").format(held=held, free=free, most=status.most)
    return _("{held}. No system tells how many it can hold; it shows when it is full.").format(held=held)
