"""Who does something, and in which role: every unit of work belongs to one."""

import getpass
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self


class Role(StrEnum):
    """In which role somebody acts. An account may hold several; it acts in one at a time."""

    PARENT = "parent"  #: sees the children of their own families
    THERAPIST = "therapist"  #: sees the children of their caseload
    ADMIN = "admin"  #: looks after the people of a site; sees no child's program or feedback
    MACHINE = "machine"  #: whoever has the computer itself: its owner at a shell, or a part of GripHub


#: Roles that an account can be given.
GRANTABLE: Final = (Role.PARENT, Role.THERAPIST, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who reads or changes something.

    Attributes
    ----------
    name : str
        What the log calls them: the id of an account, ``owner:pi`` or ``griphub:delivery``.
    account_id : str
        Empty for the machine.
    """

    name: str
    role: Role
    account_id: str = ""

    @classmethod
    def account(cls, account_id: str, role: Role) -> Self:
        """Somebody who signed in. What they may see is asked of the database each time."""
        assert role in GRANTABLE
        return cls(account_id, role, account_id)

    @classmethod
    def owner(cls) -> Self:
        """Whoever runs a command on this computer: they could open the file just as well."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):  # a user id that has no name, as in containers
            user = "somebody"
        return cls(f"owner:{user}", Role.MACHINE)

    @classmethod
    def part(cls, name: str) -> Self:
        """Let a part of GripHub act by itself: delivery, the session engine, signing in."""
        return cls(f"griphub:{name}", Role.MACHINE)
