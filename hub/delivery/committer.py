"""One disk commit for what all tools bring at the same moment."""

import asyncio
import logging
import time
from collections.abc import Callable

from ..errors import StoreError
from .outbox import Entry, Outbox

log = logging.getLogger(__name__)

#: Wait after the outbox refused (disk full, say) before trying again.
RETRY_S = 1.0

#: A commit that takes longer will not come back: SQLite itself gives up on a lock after 10 s.
STUCK_S = 60.0


class Committer:
    """Groups commits: while one is being synced to disk, the next ones gather.

    A caller that awaits `commit` holds back its own tool only; what the tool sends meanwhile waits in the
    client's bounded queue.

    Parameters
    ----------
    committed : callable
        Told after each commit that there is something to send.
    tell : callable
        Told why nothing can be committed, and None when it can again.
    """

    def __init__(
        self,
        outbox: Outbox,
        committed: Callable[[], None],
        tell: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        self.outbox = outbox
        self._committed = committed
        self._tell = tell
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._asked_s: float | None = None  # when the disk was asked to commit; None while it is not

    def is_alive(self) -> bool:
        """Whether the disk answers. One that refuses does; a dying card may never come back."""
        return self._asked_s is None or time.monotonic() - self._asked_s < STUCK_S

    async def commit(self, entry: Entry) -> None:
        """Return once an entry is on disk, whole."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        self._wake.set()
        await done

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._waiting = self._waiting, []
            entries = [entry for entry, _ in batch]
            said = ""
            while True:
                self._asked_s = time.monotonic()
                try:
                    await asyncio.to_thread(self.outbox.commit_all, entries)
                    break
                except StoreError as error:
                    if str(error) != said:  # once, not every second
                        log.error("%s", error)
                    said = str(error)
                    self._asked_s = None
                    self._tell(said)
                    await asyncio.sleep(RETRY_S)
            self._asked_s = None
            self._tell(None)
            self._committed()
            for _, done in batch:
                if not done.cancelled():
                    done.set_result(None)
