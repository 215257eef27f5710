"""Bring the catalogues up to what the pages say: ``make messages``, then translate what is new.

What pages show comes from the dashboard's own code, from the library of activities, whose texts are for
parents, and from what other rooms say to people: a `Sentence`, the reason of a refusal, what is wrong with a
field. A catalogue keeps its translations; a message that changed is marked fuzzy for its translator, and
one that is gone stands at the end of the file.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from griphub.firmware_bridge import pairing_diagnosis
from griphub.firmware_bridge.drivers.registry import DRIVERS
from griphub.hub.program.activity import builtin

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "dashboard"
LOCALE = DASHBOARD / "locale"
#: Functions whose first arguments are messages, and how many of them.
KEYWORDS = {"_": 1, "N_": 1, "NN_": 2, "ngettext": 2}
#: What says something to people outside of the dashboard, and which of its arguments are messages by
#: themselves. Errors of a kind that `dashboard.refusals` names are not among them: it has their words.
SAYING = {
    "Sentence": (0,),
    "Refused": (2,),
    "FieldError": (1, 2),
    "ProgramError": (1, 2),
    "RegistryError": (1, 2),
    "SignInRefused": (0, 1),
}
ROOMS = ("firmware_bridge", "signal", "hub")
HEADER = "# GripHub in another language. Any editor for gettext will do, such as Poedit."


def messages() -> Iterator[tuple[str, int, str | tuple[str, ...]]]:
    """Everything to be translated: where it stands, and the message or its singular and plural."""
    for path in sorted(DASHBOARD.rglob("*.py")):
        # by its syntax: Babel's own reader sees no message inside of an f-string
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
                said = [
                    arg.value for arg in node.args[: KEYWORDS[node.func.id]] if isinstance(arg, ast.Constant)
                ]
                if len(said) == KEYWORDS[node.func.id]:
                    yield str(path.relative_to(ROOT)), node.lineno, said[0] if len(said) == 1 else tuple(said)
    for path, call in sayings():
        for at in SAYING[call.func.id]:
            for text in _constants(call.args[at]) if at < len(call.args) else ():
                if re.search(r"[a-z]", re.sub(r"\{\w+\}", "", text)):
                    yield str(path.relative_to(ROOT)), call.lineno, text
    for kind in DRIVERS:
        for why in kind().capabilities.because.values():
            yield "firmware_bridge/drivers", 0, why
    for why in pairing_diagnosis.WORDS.values():
        yield "firmware_bridge/pairing_diagnosis.py", 0, why
    for activity in builtin().values():
        texts = (activity.title, *activity.needs, *activity.steps, activity.easier, activity.harder)
        for text in (*texts, *activity.safety, activity.everyday):
            yield "hub/program/library.toml", 0, text


def _constants(said: ast.expr) -> Iterator[str]:
    """Text that is written out there, also on either side of an if."""
    match said:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from (*_constants(said.body), *_constants(said.orelse))


def sayings() -> Iterator[tuple[Path, ast.Call]]:
    """Where other rooms say something to people; the commands speak English."""
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        if path.is_relative_to(ROOT / "hub" / "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYING:
                yield path, node


def template() -> Catalog:
    """Return a catalogue of all messages without a translation."""
    found = Catalog(project="griphub", header_comment=HEADER)
    for file, line, message in messages():
        found.add(message, locations=[(file, line)])
    return found


def read(path: Path) -> Catalog:
    """A catalogue as it lies there."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def update(path: Path) -> Catalog:
    """Bring one catalogue up to date."""
    catalogue = read(path)
    catalogue.update(template(), no_fuzzy_matching=False, update_creation_date=False)
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = "GripHub"
    with path.open("wb") as file:
        write_po(file, catalogue, width=110, sort_output=True, no_location=True)
    return catalogue


def placeholders(text: str) -> set[str]:
    """Names that are filled in."""
    return set(re.findall(r"\{(\w+)\}", text))


def faults(catalogue: Catalog) -> Iterator[str]:
    """What is wrong with a catalogue, in words."""
    wanted = {message.id for message in template() if message.id}
    there = {message.id: message for message in catalogue if message.id}
    yield from (f"is missing: {one!r}" for one in sorted(wanted - there.keys(), key=str))
    yield from (f"is said nowhere any more: {one!r}" for one in sorted(there.keys() - wanted, key=str))
    for one, message in there.items():
        if one in wanted:
            yield from _faults_of(message)


def _faults_of(message: Message) -> Iterator[str]:
    forms = message.string if isinstance(message.string, tuple) else (message.string,)
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    if message.fuzzy or not all(forms):
        yield f"is not translated: {message.id!r}"
        return
    allowed = set.union(*map(placeholders, ids))
    for form in forms:
        if placeholders(form) - allowed or (len(forms) == 1 and placeholders(form) != allowed):
            yield f"fills in something else: {message.id!r}"


if __name__ == "__main__":
    for path in sorted(LOCALE.glob("*.po")):
        wrong = list(faults(update(path)))
        print(f"{path.name}: {len(wrong)} to do", file=sys.stderr)
