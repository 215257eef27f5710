"""One hub for one data folder: two would count every squeeze twice and fight over the tools."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .errors import SetupError

FILE: Final = "hub.lock"


@contextmanager
def only_hub(folder: Path) -> Iterator[None]:
    """Be the only hub on a data folder; the lock ends with the process, however that ends.

    Raises
    ------
    SetupError
        If another hub runs on it, or nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SetupError(
            f"{folder} cannot be written ({error.strerror})", "Choose another data_dir."
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise SetupError(
            f"GripHub is running already with the data folder {folder}",
            "Stop it first, or give this one a data_dir and a port of its own.",
        ) from None
    finally:
        os.close(file)
