"""A process of the service that can be killed at the worst of moments, and whose clock can be set.

``inside.py FOLDER ARGUMENT …`` is ``griphub ARGUMENT …``, but for this: where ``FOLDER/armed`` names a
moment, the process is killed with -9 when it next comes to it; and ``FOLDER/clock`` says by how many seconds
its clock is wrong. The service itself knows nothing of either.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv.pop(1))
ARMED = FOLDER / "armed"


def is_armed(moment: str) -> bool:
    """Whether this process is to die at a moment."""
    try:
        return ARMED.read_text() == moment
    except FileNotFoundError:
        return False


def die() -> None:
    """End as by ``kill -9``; what is armed is used up."""
    ARMED.unlink()
    os.kill(os.getpid(), signal.SIGKILL)


class Halfway(list[Any]):
    """Events of which the writer sees one half."""

    def __iter__(self) -> Iterator[Any]:
        yield from self[: len(self) // 2]
        die()


def before(owner: type, method: str, moment: str) -> None:
    """Die before a method does its work."""
    work = getattr(owner, method)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if is_armed(moment):
            die()
        return work(*args, **kwargs)

    setattr(owner, method, wrapped)


def after(owner: type, method: str, moment: str) -> None:
    """Die when a method has done its work, before anybody hears of it."""
    work = getattr(owner, method)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = work(*args, **kwargs)
        if is_armed(moment):
            die()
        return result

    setattr(owner, method, wrapped)


def within_writes(store: type) -> None:
    """Die in the middle of a write."""
    work = store.write

    def write(self: Any, events: Any) -> None:
        work(self, Halfway(events) if is_armed("kill store writer") else events)

    store.write = write


def set_clock() -> None:
    """Let this process read UTC as wrong as the file says.

    `time.time` is where the service reads it (`HostClock`, the journal). Debian's libfaketime was tried: it
    makes Python's `time.sleep` fail when monotonic time is left alone.
    """
    true_time, error_s = time.time, [0.0]

    def look() -> None:
        while True:
            try:
                error_s[0] = float((FOLDER / "clock").read_text())
            except (OSError, ValueError):
                error_s[0] = 0.0
            time.sleep(0.05)

    time.time = lambda: true_time() + error_s[0]
    threading.Thread(target=look, daemon=True).start()


def main() -> None:
    """Prepare, and run the command."""
    set_clock()
    from griphub.hub.delivery.journal import Journal
    from griphub.hub.delivery.outbox import Outbox
    from griphub.hub.stores.influx import InfluxStore
    from griphub.hub.stores.sqlite import SqliteStore

    within_writes(SqliteStore)
    within_writes(InfluxStore)
    before(Journal, "advance", "kill forwarder")  # the store has it, the cursor does not say so
    after(Journal, "append", "kill ingest at its commit")  # committed, acknowledged to nobody
    after(Outbox, "commit_all", "kill hub at its commit")  # committed, neither shown nor sent
    before(Outbox, "acknowledge", "kill hub at an answer")  # it is there, the outbox still has it
    from griphub.hub.cli.main import main as griphub

    griphub()


if __name__ == "__main__":
    main()
