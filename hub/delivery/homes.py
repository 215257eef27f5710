"""Homes that may log in to the broker that runs here: a user for each hub, and the hash of its password."""

import json
import secrets
from pathlib import Path

import bcrypt

from ..errors import SetupError
from ..private_file import write_private

FILE = "homes.json"

#: The lowest that bcrypt knows, a millisecond. A password is 144 random bits, which no guessing finds at any
#: cost; and with ten thousand homes coming back after a restart, each ten milliseconds are a hundred seconds.
COST = 4

Home = tuple[str, str]


def user_of(site: str, hub: str) -> str:
    """User name of a home's hub. Ids hold no full stop, so no two homes share one."""
    return f"{site}.{hub}"


def load(folder: Path) -> dict[Home, str]:
    """All homes, as (site, hub), each with the hash of its password.

    Raises
    ------
    SetupError
        If the list is damaged.
    """
    path = folder / FILE
    try:
        stored = json.loads(path.read_text()) if path.exists() else []
        return {(home["site"], home["hub"]): home["hash"] for home in stored}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SetupError(
            f"The list of homes {path} cannot be read: {error!r}", "Restore it from a backup."
        ) from None


def add(folder: Path, site: str, hub: str) -> str:
    """Add a home, or give it a new password, which is returned and kept nowhere."""
    known, password = load(folder), secrets.token_urlsafe(18)
    known[site, hub] = bcrypt.hashpw(password.encode(), bcrypt.gensalt(COST, prefix=b"2a")).decode()
    _save(folder, known)
    return password


def remove(folder: Path, site: str, hub: str) -> bool:
    """Take a home off; False if it was not there."""
    known = load(folder)
    found = known.pop((site, hub), None) is not None
    if found:
        _save(folder, known)
    return found


def _save(folder: Path, known: dict[Home, str]) -> None:
    rows = [{"site": site, "hub": hub, "hash": hashed} for (site, hub), hashed in sorted(known.items())]
    write_private(folder / FILE, json.dumps(rows, indent=1))
