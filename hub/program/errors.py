"""What can be wrong with a program; each names the field."""

from pydantic import ValidationError

from ...firmware_bridge.errors import GripError


class ProgramError(GripError):
    """A program, an activity or a pause cannot be taken as it is. Nothing of it was written.

    Attributes
    ----------
    field : str
        Dotted name, such as ``items.0.dose``.
    reason : str
    """

    def __init__(self, field: str, reason: str, advice: str = "Correct it; nothing was changed.") -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"`{field}`: {reason}. {advice}")


def first_error(error: ValidationError) -> ProgramError:
    """The first thing that is wrong, on its field."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "program"
    return ProgramError(where, first["msg"].removeprefix("Value error, ").rstrip("."))
