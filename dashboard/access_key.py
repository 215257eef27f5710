"""The access key of a home: drawn once, printed in a link, typed from a screen."""

import hmac
import secrets

from ..hub.config import Config
from ..hub.errors import SetupError
from ..hub.private_file import write_private

#: No letter or digit that is easily taken for another one: the key may be typed from a screen.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
#: 4 groups of 5 out of 31 signs: 99 bits, beyond guessing.
_GROUPS, _GROUP_SIZE = 4, 5


def load_key(config: Config) -> str:
    """Read the access key of this installation; draw it on first use.

    Raises
    ------
    SetupError
        If the data folder cannot be read or written.
    """
    path = config.data_dir / "access.key"
    try:
        if path.exists() and (key := path.read_text(encoding="utf-8").strip()):
            return key
        key = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_SIZE)) for _ in range(_GROUPS))
        write_private(path, key + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            f"The access key {path} cannot be read or written: {error}",
            "Make the folder writable, or name another one in `data_dir`.",
        ) from error
    return key


def address(config: Config) -> str:
    """Where the dashboard is opened on this computer."""
    host = config.dashboard.host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - not bound here: these mean "every address", which no browser can open
        host = "localhost"
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{config.dashboard.port}/"


def link(config: Config) -> str:
    """Address that opens the dashboard and signs the browser in, where a key does that."""
    return f"{address(config)}?key={load_key(config)}" if opens(config) else address(config)


def opens(config: Config) -> bool:
    """Whether a key opens this dashboard: a home's, not that of a clinic with a server full of families."""
    return config.database.url is None


def plain(key: str) -> bytes:
    """Key as compared: case, spaces and dashes do not matter to a person who types it."""
    return "".join(key.lower().replace("-", " ").split()).encode()


def same(one: str, other: str) -> bool:
    """Whether two keys are the same, in a time that tells nothing."""
    return hmac.compare_digest(plain(one), plain(other))
