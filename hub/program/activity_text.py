"""Activities as text: for the terminal, and for docs/activities.md, which is generated from the library."""

import tomllib
from pathlib import Path
from typing import Any

from .activity import Activity, Kind, Library, builtin
from .errors import ProgramError

_HOW_KNOWN = {
    Kind.SQUEEZE: "counted by the tool",
    Kind.STRENGTH_TEST: "measured by the tool",
    Kind.HOUSEHOLD: "ticked by a parent",
}


def text_of(activity: Activity) -> str:
    """An activity as a parent reads it."""
    lines = [
        f"{activity.picture} {activity.title} ({activity.minutes} minutes, {_HOW_KNOWN[activity.kind]})",
        "",
    ]
    lines += [f"You need: {'; '.join(activity.needs)}.", ""] if activity.needs else []
    lines += [f"{n}. {step}" for n, step in enumerate(activity.steps, 1)]
    lines += ["", f"Easier: {activity.easier}", f"Harder: {activity.harder}"]
    lines += [f"Take care: {line}" for line in activity.safety]
    lines += [f"Good for: {activity.everyday}"]
    return "\n".join(lines)


def as_markdown(library: Library) -> str:
    """The page of all activities."""
    parts = [
        "# Activities\n\n"
        "What a therapist can ask for, and what parents read. Generated from `hub/program/library.toml` by\n"
        "`python -m griphub.hub.program.activity_text`; a clinic adds its own with\n"
        "`griphub program library --add`.\n"
    ]
    for one in library.values():
        skills = ", ".join(skill.replace("_", " ") for skill in one.skills)
        parts.append(
            "\n".join(
                [
                    f"## {one.picture} {one.title}\n",
                    f"`{one.id}` · {one.minutes} minutes · {_HOW_KNOWN[one.kind]} · {skills}\n",
                    f"**You need** {'; '.join(one.needs)}.\n" if one.needs else "",
                    *(f"{n}. {step}" for n, step in enumerate(one.steps, 1)),
                    "",
                    f"*Easier:* {one.easier}  ",
                    f"*Harder:* {one.harder}  ",
                    f"*Take care:* {' '.join(one.safety)}  ",
                    f"*In daily life:* {one.everyday}\n",
                ]
            )
        )
    return "\n".join(parts)


def read_text(file: Path) -> str:
    """Text of a file of the user's.

    Raises
    ------
    ProgramError
        If it cannot be read as text.
    """
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProgramError(str(file), "cannot be read: {error}", error=error) from None


def read_file(file: Path) -> dict[str, Any]:
    """A TOML file of the user's.

    Raises
    ------
    ProgramError
        If it is none.
    """
    try:
        return tomllib.loads(read_text(file))
    except tomllib.TOMLDecodeError as error:
        raise ProgramError(str(file), "cannot be read: {error}", error=error) from None


if __name__ == "__main__":
    print(as_markdown(builtin()), end="")
