"""Why something was not done is said in the viewer's language, whatever the reason."""

import ast
import pkgutil
from datetime import date
from importlib import import_module

import griphub.firmware_bridge
import griphub.hub
from griphub.dashboard import i18n, refusals, words
from griphub.dashboard.program_problems import NAMES
from griphub.firmware_bridge.errors import GripError, LinkLost
from griphub.firmware_bridge.pairing_diagnosis import CannotPair, PairingProblem
from griphub.firmware_bridge.samples import ToolKind
from griphub.firmware_bridge.sentence import Sentence
from griphub.hub.control.answers import Answer, ControlError
from griphub.hub.control.talk import refusal
from griphub.hub.errors import FieldError, NotAllowed, RegistryError, StoreError
from griphub.hub.program.errors import ProgramError
from griphub.hub.session.exercise import Because
from griphub.hub.session.tracker import UNCALIBRATED
from griphub.signal.counted import EndedBy
from griphub.signal.counter import CLIPPED, CUT_OFF, LOST, STUCK, UNFINISHED
from griphub.signal.quality import Fault
from griphub.signal.usual import FIRST

from .messages import ROOT, SAYING, sayings

#: Errors whose text is a `Sentence`, or that are put into words one by one.
SPEAKING = {"FieldError", "ProgramError", "RegistryError", "SignInRefused", "CannotPair", "SetupError"}
#: Errors that end before a page, or on an admin's with what somebody at a terminal can do something about.
OF_A_TERMINAL = {
    "PacketError", "InvalidInput", "CaptureError", "ConfigError", "BackupError", "PayloadError",
    "ExportError", "ImportFailed", "LetterError", "NobodyAnswered", "SimulationRefused", "ControlError",
}  # fmt: skip


def in_german(error: GripError) -> str:
    with i18n.speaking("de"):
        return refusals.why(error)


def over_the_socket(error: GripError) -> ControlError:
    line = refusal(error).model_dump_json()
    problem = Answer.model_validate_json(line).error
    assert problem
    return ControlError(problem)


def kinds(cls: type[GripError] = GripError) -> set[type[GripError]]:
    below = {
        one for one in cls.__subclasses__() if one.__module__.startswith(("griphub.hub", "griphub.firm"))
    }
    return below.union(*map(kinds, below))


def test_every_kind_of_error_has_words_or_ends_at_a_terminal():
    for room in (griphub.firmware_bridge, griphub.hub):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if ".migrations" not in found.name:
                import_module(found.name)
    named = {one.__name__ for one in kinds()}
    for one in kinds():
        own = {base.__name__ for base in one.__mro__}
        assert own & (refusals.KINDS.keys() | SPEAKING | OF_A_TERMINAL), one
    assert named >= refusals.KINDS.keys() | SPEAKING | OF_A_TERMINAL, "no word is left of what is gone"


def test_what_other_rooms_say_is_written_out_so_that_it_can_be_translated():
    found = list(sayings())
    assert len(found) > 100
    for path, call in found:
        said = [call.args[at] for at in SAYING[call.func.id] if at < len(call.args)]
        assert not any(isinstance(one, ast.JoinedStr | ast.BinOp) for one in said), (
            f"{path.relative_to(ROOT)}:{call.lineno}: give the fields by name, as Sentence wants them"
        )


def test_every_field_that_can_be_wrong_has_a_name():
    for path, call in sayings():
        if call.func.id in ("FieldError", "ProgramError") and isinstance(call.args[0], ast.Constant):
            field = call.args[0].value.split(".")[-1]
            assert field in NAMES or "." in call.args[0].value, f"{path.relative_to(ROOT)}:{call.lineno}"


def test_a_wrong_field_is_said_with_its_name_and_what_to_do():
    error = FieldError("password", "has {number} signs", "Use {longest} at most.", number=1234, longest=128)
    assert str(error) == "password: has 1234 signs. Use 128 at most."
    assert in_german(error) == "Passwort: hat 1.234 Zeichen. Nimm höchstens 128."
    error = ProgramError("until", "{until} is before {since}", until=date(2026, 3, 1), since=date(2026, 3, 4))
    assert str(error).startswith("`until`: 2026-03-01 is before 2026-03-04.")
    assert in_german(error).startswith("Letzter Tag: 01.03.2026 liegt vor 04.03.2026.")


def test_an_error_of_the_hub_is_said_from_its_parts():
    error = over_the_socket(
        RegistryError(
            "b1", "{tool} is not connected now", "Wake it with a squeeze, and try again.", tool="b1"
        )
    )
    assert str(error) == "b1 is not connected now. Wake it with a squeeze, and try again."
    assert (
        in_german(error)
        == "b1 ist gerade nicht verbunden. Weck es durch Drücken und versuche es noch einmal."
    )
    for problem in PairingProblem:
        said = in_german(over_the_socket(CannotPair(problem, "Mias Ball")))
        assert said != str(CannotPair(problem, "Mias Ball"))
    for error in (
        LinkLost("b1"),
        NotAllowed("people.invite", "parent"),
        StoreError("people", "it is full", "Mend it."),
    ):
        assert in_german(over_the_socket(error)) == in_german(error) != str(error)


def test_what_nobody_translated_stays_english():
    line = '{"error": {"kind": "NewError", "message": "It rains. Wait."}}'  # of another version
    problem = Answer.model_validate_json(line).error
    assert problem and in_german(ControlError(problem)) == "It rains. Wait."
    with i18n.speaking("de"):
        assert words.said(Sentence("{kind} in the rain", kind=ToolKind.BALL)) == "Drückball in the rain"


def test_every_code_of_a_squeeze_or_a_trial_has_words():
    codes = [*EndedBy, *Fault, CLIPPED, CUT_OFF, LOST, STUCK, UNFINISHED, FIRST, UNCALIBRATED]
    with i18n.speaking("de"):
        for code in codes:
            assert words.reason(str(code)) != str(code).replace("_", " "), code


def test_every_reason_not_to_lead_has_words():
    from griphub.dashboard.views.exercise import BECAUSE

    assert {*BECAUSE, Because.NONE} == set(Because)
