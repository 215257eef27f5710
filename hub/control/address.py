"""Where the hub listens, and how long a line may be."""

import os
from pathlib import Path
from typing import Final

from ...firmware_bridge.errors import GripError
from ...firmware_bridge.sentence import Sentence
from ..config import Config
from ..errors import SetupError

FILE: Final = "hub.sock"

#: A path in a socket's address has room for 108 bytes on Linux and 104 on macOS, the last one a zero.
MAX_PATH_BYTES: Final = 103

#: A request is some hundred bytes, with a long observation some thousand; an answer with the history of a
#: tool some ten thousand.
MAX_REQUEST_BYTES: Final = 16384
MAX_ANSWER_BYTES: Final = 1 << 20


class HubNotRunning(GripError):
    """No hub listens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            Sentence(
                "GripHub is not running (nobody answers at {path}). Start it with `griphub up`.", path=path
            )
        )


def socket_path(config: Config) -> Path:
    """Where the hub of this configuration listens.

    Raises
    ------
    SetupError
        If the data folder's name is too long for a socket in it.
    """
    path = (config.data_dir / FILE).absolute()
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise SetupError(
            f"The data folder {config.data_dir} has too long a name for the socket {FILE} in it "
            f"({len(os.fsencode(path))} bytes, {MAX_PATH_BYTES} are possible)",
            "Choose a shorter one with GRIPHUB_DATA_DIR.",
        )
    return path
