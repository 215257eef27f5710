"""Errors of exports and imports; each ends in what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...firmware_bridge.errors import GripError


class ExportError(GripError):
    """What was asked for cannot be written."""

    def __init__(self, problem: str, advice: str) -> None:
        self.problem = problem
        self.advice = advice
        super().__init__(f"{problem}. {advice}")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file. `line` counts from 1; None where it is the whole of it."""

    line: int | None
    column: str | None
    reason: str

    def __str__(self) -> str:
        where = [f"line {self.line}"] if self.line else []
        return f"{', '.join([*where, *([self.column] if self.column else [])])} {self.reason}".strip()


class ImportFailed(GripError):
    """A file was not taken, and nothing of it was.

    Attributes
    ----------
    problems : sequence of Problem
        The first ones.
    count : int
        How many there are.
    """

    def __init__(self, path: str, problems: Sequence[Problem], count: int | None = None) -> None:
        self.path = path
        self.problems = tuple(problems)
        self.count = len(self.problems) if count is None else count
        more = f" (and {self.count - len(self.problems)} more)" if self.count > len(self.problems) else ""
        told = "; ".join(map(str, self.problems))
        super().__init__(f"{path}: {told}{more}. Nothing was imported. Correct the file and try again.")
