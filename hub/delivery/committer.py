"""One disk commit for what all tools bring at the same moment."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from ..errors import StoreError
from ..records import Event
from .outbox import Outbox

log = logging.getLogger(__name__)

#: Wait after the outbox refused (disk full, say) before trying again.
RETRY_S = 1.0


class Committer:
    """Groups commits: while one is being synced to disk, the next ones gather.

    A caller that awaits `commit` holds back its own tool only; what the tool sends meanwhile waits in the
    client's bounded queue.

    Parameters
    ----------
    committed : callable
        Told after each commit that there is something to send.
    """

    def __init__(self, outbox: Outbox, committed: Callable[[], None]) -> None:
        self._outbox = outbox
        self._committed = committed
        self._waiting: list[tuple[Sequence[Event], str, str | None, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()

    async def commit(self, events: Sequence[Event], tool_id: str, state: str | None) -> None:
        """Return once events and the tool's session state are on disk."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, tool_id, state, done))
        self._wake.set()
        await done

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._waiting = self._waiting, []
            events = [event for entry in batch for event in entry[0]]
            sessions = {tool_id: state for _, tool_id, state, _ in batch}
            said = ""
            while True:
                try:
                    await asyncio.to_thread(self._outbox.commit, events, sessions)
                    break
                except StoreError as error:
                    if str(error) != said:  # once, not every second
                        log.error("%s", error)
                    said = str(error)
                    await asyncio.sleep(RETRY_S)
            self._committed()
            for *_, done in batch:
                if not done.cancelled():
                    done.set_result(None)
