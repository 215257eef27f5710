"""What hinders a process of delivery, where another process reads it: even when the disk is full."""

import contextlib
import fcntl
import json
import os
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ..errors import SetupError
from ..utc import utc

#: The file has this size from the start and is overwritten in place: a full disk cannot refuse that, where it
#: would refuse a row in SQLite, which grows its log first.
SIZE = 8192
#: Characters of a reason that are kept; several reasons fit.
REASON = 1000
#: A reader holds the lock for an instant; a second owner holds it for good.
_PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why something does not go on, in words, and since when."""

    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What a process says of itself: whether it runs, and what hinders it, by what it concerns."""

    running: bool
    hindrances: dict[str, Hindrance] = field(default_factory=dict)


def notice_path(data_dir: Path, process: str) -> Path:
    """Where the ``hub`` or ``ingest`` of a data folder keeps its notice."""
    return data_dir / "run" / f"{process}.state"


class Notice:
    """The writing side; the lock on the file says that its process lives. Thread-safe.

    Raises
    ------
    SetupError
        If the same process runs already on this data folder, or nothing can be written there.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._says: dict[str, tuple[str, float]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SetupError(
                f"{path} cannot be written ({error.strerror})", "Mend the folder, or choose another data_dir."
            ) from error
        try:
            _take_lock(self._file)
            self._write()
        except BlockingIOError:
            os.close(self._file)
            raise SetupError(
                f"The {path.stem} of {path.parent.parent} is running already",
                "Stop it first, or give this one a data_dir of its own.",
            ) from None
        except OSError as error:
            os.close(self._file)
            raise SetupError(f"{path} cannot be written ({error.strerror})", "Free some space.") from error

    def say(self, what: str, reason: str | None) -> None:
        """Note why `what` does not go on; None when it does."""
        with self._lock:
            before = self._says.get(what)
            if reason is None:
                if self._says.pop(what, None) is None:
                    return
            elif before and before[0] == reason[:REASON]:
                return
            else:
                self._says[what] = (reason[:REASON], before[1] if before else time.time())
            with contextlib.suppress(OSError):  # a notice must not stop what it is about
                self._write()

    def close(self) -> None:
        """Give up the lock: from now on the process counts as stopped; what it said stays."""
        with self._lock:
            os.close(self._file)

    def _write(self) -> None:
        text = json.dumps(self._says, ensure_ascii=True).encode()
        os.pwrite(self._file, text[:SIZE].ljust(SIZE), 0)


def _take_lock(file: int) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.02)


def read_notice(path: Path) -> Reading:
    """What a process says, whether it runs or not; nothing if it never ran here."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return Reading(running=False)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            running = False
        except BlockingIOError:
            running = True
        try:
            says: dict[str, tuple[str, float]] = json.loads(os.pread(file, SIZE, 0))
        except ValueError:  # caught between two words
            says = {}
    finally:
        os.close(file)
    return Reading(running, {what: Hindrance(reason, utc(at)) for what, (reason, at) in says.items()})
