"""What can be wrong with a program; each names the field."""

from pydantic import ValidationError

from ...firmware_bridge.errors import GripError
from ...firmware_bridge.sentence import Sentence


class ProgramError(GripError):
    """A program, an activity or a pause cannot be taken as it is. Nothing of it was written.

    Parameters
    ----------
    field : str
        Dotted name, such as ``items.0.dose``.
    reason, advice : str
        Templates for `fields`, as `Sentence` has them.
    """

    def __init__(
        self, field: str, reason: str, advice: str = "Correct it; nothing was changed.", /, **fields: object
    ) -> None:
        self.field = field
        self.reason = Sentence(reason, **fields)
        self.advice = Sentence(advice, **fields)
        super().__init__(f"`{field}`: {self.reason}. {self.advice}")


class ProgramChanged(ProgramError):
    """Somebody else changed the program since it was read.

    Attributes
    ----------
    read, latest : int
        Number of the version that was read, and of the one that there is now; 0 for none.
    """

    def __init__(self, read: int, latest: int) -> None:
        self.read = read
        self.latest = latest
        super().__init__(
            "program",
            "version {latest} was saved while this was being changed",
            "Look at that one first, then save again; nothing was changed.",
            latest=latest,
        )


def all_errors(error: ValidationError) -> list[ProgramError]:
    """Everything that is wrong, each on its field."""
    found = error.errors(include_url=False, include_input=False)
    # parts that are wrong are not counted in their whole: that it is too short says nothing then
    wholes = {one["loc"][:n] for one in found for n in range(len(one["loc"]))}
    return [
        ProgramError(
            ".".join(str(part) for part in one["loc"]) or "program",
            "{problem}",
            problem=one["msg"].removeprefix("Value error, ").rstrip("."),
        )
        for one in found
        if not (one["type"] == "too_short" and one["loc"] in wholes)
    ]


def first_error(error: ValidationError) -> ProgramError:
    """The first thing that is wrong, on its field."""
    return all_errors(error)[0]
