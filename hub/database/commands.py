"""Commands and queries: functions of a unit of work, each with the roles that it is for.

They are listed, so that a test can try each of them in every role on everybody's children.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from ..errors import NotAllowed
from .actor import Role
from .work import Work

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Command:
    """One command or query.

    Attributes
    ----------
    name : str
        What the log calls it: its module and function.
    roles : frozenset of Role
        Who may use it; the machine always may.
    reads : bool
        Changes nothing.
    """

    name: str
    roles: frozenset[Role]
    reads: bool
    function: Callable[..., Any]


#: All of them, by name, as their modules are imported.
COMMANDS: Final[dict[str, Command]] = {}


def command(
    *roles: Role, reads: bool = False
) -> Callable[[Callable[Concatenate[Work, P], R]], Callable[Concatenate[Work, P], R]]:
    """Register a function that takes a `Work` first, and let only these roles use it.

    Parameters
    ----------
    roles : Role
        Who may use it beside the machine.
    reads : bool
        It changes nothing.
    """

    def register(function: Callable[Concatenate[Work, P], R]) -> Callable[Concatenate[Work, P], R]:
        name = f"{function.__module__.rsplit('.', 1)[-1]}.{function.__name__}"
        assert name not in COMMANDS, f"there are two commands {name}"

        @functools.wraps(function)
        def checked(work: Work, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if work.actor.role is not Role.MACHINE and work.actor.role not in roles:
                raise NotAllowed(name, work.actor.role)
            outer, work.command = work.command, name
            try:
                done = function(work, *args, **kwargs)
                work.flush()  # while the log knows whose work it is
            finally:
                work.command = outer
            return done

        COMMANDS[name] = Command(name, frozenset({*roles, Role.MACHINE}), reads, checked)
        return checked

    return register
