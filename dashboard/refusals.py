"""Why something was not done, in the viewer's language; the hub says the same in English.

An error of a kind that says it all has its words here. One that is more particular brings a `Sentence`, whose
template is in the catalogues; what nobody translated is shown as it came.
"""

from typing import Final

from ..firmware_bridge.errors import GripError
from ..hub.control.answers import ControlError
from ..hub.errors import FieldError, SetupError
from ..hub.program.errors import ProgramError
from . import words
from .i18n import N_, _
from .program_problems import name_of, problem_of

#: Why a tool cannot be had, by the name of the error's class.
LINK_ERRORS: Final = {
    "BondLost": N_("The tool or this computer was reset, and they no longer know each other. Pair it again."),
    "PairingRefused": N_("It does not let itself be paired. Hold its button until its light blinks."),
    "UnsupportedTool": N_("It does not speak as GripHub expects. Its firmware may be too old."),
    "ToolRefused": N_("It refused what it was asked. Switch it off and on."),
    "NoFreeSlot": N_("Bluetooth has no place for another tool. Let one that nobody uses fall asleep."),
    "ToolHeld": N_("A phone or another hub is connected to it. Close the app there."),
    "AdapterUnavailable": N_("Bluetooth does not work on the computer that GripHub runs on."),
}

#: The same of everything else. Errors of the hub come with no more than that name.
KINDS: Final = LINK_ERRORS | {
    "LinkLost": N_("The tool did not answer. Bring it near, and try again."),
    "DeviceNotFound": N_("The tool was not found. Squeeze it to wake it, and try again."),
    "CalibrationError": N_("The tool's calibration cannot be used. Calibrate it anew."),
    "BadRequest": N_("GripHub at home did not understand that. Bring both of them to the same version."),
    "HubNotRunning": N_("GripHub is not running. Start it with `griphub up`."),
    "NotAllowed": N_("That is not for your role. Ask somebody whose role it is."),
    "NotFound": N_("That is not here, or not any more. Look at the list again."),
    "StoreError": N_("It cannot be stored right now. Try again in a minute; what was there is safe."),
    "NoSimulation": N_("No simulation answers. Start one with `griphub demo`."),
    "NoExercise": N_("Nothing is under way any more. Load this page again."),
}


def why(error: GripError) -> str:
    """Say why."""
    match error:
        case FieldError():
            field, problem = "text" if error.field == "words" else error.field, words.said(error.problem)
        case ProgramError():
            field, problem = error.field.split(".")[-1], problem_of(error)
        case SetupError():  # of the computer, not of what somebody did
            said = _(
                "Something on this computer keeps GripHub from that. Show this to whoever looks after it:"
            )
            return f"{said} {error}"
        case _:
            own = [one.__name__ for one in type(error).mro()]
            kinds = [error.kind] if isinstance(error, ControlError) else own
            known = next((KINDS[kind] for kind in kinds if kind in KINDS), None)
            return _(known) if known else words.said(error.args[0])
    return f"{name_of(field)}: {problem}. {words.said(error.advice)}"
