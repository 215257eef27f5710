"""What a family is told while it pairs a tool: where each is, what is the matter, and what to do about it."""

from dataclasses import dataclass
from typing import Final

from ..firmware_bridge.nearness import Nearness
from ..firmware_bridge.pairing_diagnosis import PairingProblem
from ..firmware_bridge.quiet_check import QuietVerdict
from .i18n import N_
from .pairing_state import Standing, Trouble

#: How near, and how many of five bars that is.
NEARNESS: Final = {
    Nearness.VERY_NEAR: (N_("very near"), 5),
    Nearness.NEAR: (N_("near"), 4),
    Nearness.SAME_ROOM: (N_("in the room"), 3),
    Nearness.FAR: (N_("far"), 2),
    Nearness.VERY_FAR: (N_("very far"), 1),
}

STANDING: Final = {
    Standing.READY: N_("Ready."),
    Standing.BUTTON: N_("Hold its button until its light blinks."),
    Standing.HELD: N_("A phone or another hub uses it. Close the app there, and it becomes free."),
    Standing.OURS: N_("Yours already. Pair it again only if it does not connect."),
    Standing.SILENT: N_("Gone quiet. Squeeze it to wake it."),
}


@dataclass(frozen=True, slots=True)
class Advice:
    """What is the matter, and what to do about it, one thing after the other."""

    title: str
    steps: tuple[str, ...]


PROBLEMS: Final = {
    PairingProblem.HELD_BY_ANOTHER: Advice(
        N_("Somebody else is using this tool"),
        (
            N_("Close the app on the phone or tablet that it was last used with."),
            N_("If that does not help, switch Bluetooth off on that phone for a moment."),
        ),
    ),
    PairingProblem.ASLEEP: Advice(
        N_("The tool has fallen asleep"),
        (
            N_("Squeeze it once to wake it."),
            N_("If it stays silent, charge it for some minutes."),
            N_("See that no phone is connected to it: then it cannot be heard here."),
        ),
    ),
    PairingProblem.OUT_OF_RANGE: Advice(
        N_("The tool is too far away"),
        (N_("Bring it to within two steps of the computer that GripHub runs on."),),
    ),
    PairingProblem.NOT_IN_PAIRING_MODE: Advice(
        N_("The tool is not ready to be paired yet"),
        (
            N_("Hold its button until its light blinks. Only then does it let itself be paired."),
            N_("Go on within a minute, while it blinks."),
        ),
    ),
    PairingProblem.NO_PERMISSION: Advice(
        N_("This computer does not let GripHub use Bluetooth"),
        (
            N_("On the computer that GripHub runs on, type `griphub doctor` in a terminal."),
            N_("It says what to type, once. This page goes on by itself after that."),
        ),
    ),
    PairingProblem.ADAPTER_OFF: Advice(
        N_("Bluetooth is switched off"),
        (
            N_("Switch it on in the settings of the computer that GripHub runs on."),
            N_("This page goes on by itself once it is on."),
        ),
    ),
    PairingProblem.ADAPTER_MISSING: Advice(
        N_("There is no Bluetooth that answers"),
        (
            N_("Plug a USB Bluetooth adapter into the computer that GripHub runs on."),
            N_("If one is plugged in, take it out and put it back. `griphub doctor` says more."),
        ),
    ),
    PairingProblem.NO_FREE_SLOT: Advice(
        N_("Bluetooth is full"),
        (
            N_(
                "The computer holds as many tools at a time as it can. Put down one that nobody uses: it"
                " falls asleep by itself, and its place becomes free."
            ),
            N_("A second Bluetooth adapter makes more room."),
        ),
    ),
    PairingProblem.WRONG_TOOL: Advice(
        N_("That is another tool, or one that GripHub cannot use"),
        (
            N_("Choose another one from the list: something near may have a similar name."),
            N_("If it is the right one, its firmware may be too old."),
        ),
    ),
    PairingProblem.BOND_LOST: Advice(
        N_("The tool was reset and does not know this computer any more"),
        (
            N_("Hold its button until its light blinks."),
            N_("Then let GripHub pair with it anew. What it measured before is kept."),
        ),
    ),
    PairingProblem.PASSKEY_WRONG: Advice(
        N_("Those were not the tool's digits"),
        (N_("Read the six digits on the tool once more, and try again."),),
    ),
    PairingProblem.NO_ANSWER: Advice(
        N_("The tool did not answer this time"),
        (
            N_("Lay it beside the computer that GripHub runs on."),
            N_("Switch it off and on, and try again."),
        ),
    ),
}

_NO_HUB: Final = Advice(
    N_("GripHub itself is not running"),
    (
        N_("On the computer at home, start it with `griphub up`."),
        N_(
            "This page goes on by itself once it runs. Where a clinic shows this page, tools are paired at"
            " home."
        ),
    ),
)
_UNFORESEEN: Final = Advice(
    N_("That did not work this time"),
    (N_("Try again. If it stays so, show what stands below to whoever looks after GripHub."),),
)

#: Where nothing that could be paired was heard for a while.
NOT_HEARD: Final = Advice(
    N_("Is your tool not here?"),
    (
        N_("Squeeze it again. A tool that lies still falls asleep."),
        N_("Close the app on every phone that it was used with: a tool talks with one at a time."),
        N_("Bring it closer, to within two steps of the computer that GripHub runs on."),
        N_("Charge it for some minutes."),
    ),
)

CHECK: Final = {
    QuietVerdict.FINE: N_("All is well: the tool lies still and its sensor works."),
    QuietVerdict.MOVING: N_("Something moves the tool. Lay it on the table, let go, and check again."),
    QuietVerdict.STUCK: N_(
        "The sensor does not answer as it should. Switch the tool off and on and pair it again; if it stays"
        " so, the tool needs repair."
    ),
    QuietVerdict.NEEDS_TARE: N_(
        "The tool does not show zero though nobody squeezes it. Check again, and leave it alone meanwhile."
    ),
}


def advice(trouble: Trouble) -> Advice:
    """What to do about a trouble."""
    if not trouble.hub_runs:
        return _NO_HUB
    return PROBLEMS[trouble.problem] if trouble.problem else _UNFORESEEN
