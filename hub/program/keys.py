"""The clinic's signing key, and the keys of clinics that a home was given when it joined."""

import base64
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..config import Config
from ..errors import SetupError
from ..private_file import write_private
from .errors import ProgramError

PRIVATE: Final = "clinic.key"  #: 32 bytes in base64, in the clinic's data folder
TRUSTED: Final = "clinic.pub"  #: a key a line, in the home's data folder


def signing_key(config: Config) -> Ed25519PrivateKey:
    """The clinic's key; drawn on first use.

    Raises
    ------
    SetupError
        If the file cannot be read or written.
    """
    path = config.data_dir / PRIVATE
    try:
        if path.exists():
            return Ed25519PrivateKey.from_private_bytes(base64.b64decode(path.read_text().strip()))
        key = Ed25519PrivateKey.generate()
        write_private(path, base64.b64encode(key.private_bytes_raw()).decode())
    except (OSError, ValueError) as error:
        raise SetupError(
            f"The clinic's key {path} cannot be used: {error}", "Restore it from a backup."
        ) from None
    return key


def shown(key: Ed25519PublicKey) -> str:
    """A public key as people hand it over."""
    return base64.b64encode(key.public_bytes_raw()).decode()


def read_key(text: str) -> Ed25519PublicKey:
    """Read what `shown` gave.

    Raises
    ------
    ProgramError
    """
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    except ValueError:
        raise ProgramError("key", "{text} is no key of a clinic", text=text.strip()[:60]) from None


def trusted(config: Config) -> list[Ed25519PublicKey]:
    """Keys that this home was given; empty where it has joined no clinic."""
    path = config.data_dir / TRUSTED
    return [read_key(line) for line in path.read_text().splitlines() if line.strip()] if path.exists() else []


def trust(config: Config, text: str) -> None:
    """Take letters that are signed with a key from now on.

    Raises
    ------
    ProgramError, SetupError
    """
    key = shown(read_key(text))
    known = [shown(one) for one in trusted(config)]
    if key in known:
        return
    path: Path = config.data_dir / TRUSTED
    try:
        write_private(path, "\n".join([*known, key]) + "\n")
    except OSError as error:
        raise SetupError(f"{path} cannot be written ({error.strerror})", "Mend the data folder.") from None
