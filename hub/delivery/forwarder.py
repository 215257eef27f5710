"""Moves events from the journal into the store, and never past one that the store does not have."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenacity import (
    RetryCallState,
    Retrying,
    sleep_using_event,
    stop_when_event_set,
    wait_random_exponential,
)

from ..errors import PayloadError, StoreError
from ..records.event import Event, decode
from ..records.post import ForPeople
from ..stores.contract import Store
from ..utc import utc
from .dead_letters import topic_of
from .journal import DEAD_LETTERS, Journal

log = logging.getLogger(__name__)

#: Events handed to the store at once: some thousand lines of line protocol, which InfluxDB likes best, and
#: a transaction of some 50 ms in SQLite.
BATCH = 2_000
#: Longest wait between tries: with full jitter a store that is back gets the queue within half a minute.
BACKOFF_MAX_S = 30.0
#: What every store has had for so long is forgotten.
KEEP = timedelta(days=7)
PRUNE_EVERY_S = 3600.0
#: How long an idle forwarder may take to see that it should end, if nobody wakes it.
IDLE_S = 0.5


@dataclass(frozen=True, slots=True)
class ForwarderState:
    """What has not reached the store.

    Attributes
    ----------
    waiting : int
        Events.
    since : datetime or None
        Arrival of the oldest of them.
    reason : str or None
        Why the last try failed; None while all is well.
    """

    waiting: int
    since: datetime | None
    reason: str | None


class Forwarder:
    """Forwards a journal to one store; `run` it in a thread of its own.

    Delivery is at least once: a crash between the store's commit and the cursor's repeats events, which
    the store recognises. An event that the store refuses for good becomes a dead letter and the rest go on.
    `tell` is told why nothing goes on, and None when it does; `refused` says which events no store may get,
    because their child was erased.
    """

    def __init__(
        self,
        journal: Journal,
        store: Store,
        tell: Callable[[str | None], None] = lambda _: None,
        refused: Callable[[Event], bool] = lambda _: False,
    ) -> None:
        self._refused = refused
        self._journal = journal
        self._store = store
        self._tell = tell
        self._wake = threading.Event()
        self._reason: str | None = None
        self.turned_s = time.monotonic()  #: when `run` last came round, to see whether it hangs

    @property
    def state(self) -> ForwarderState:
        """What waits, and why."""
        waiting = self._journal.waiting(self._store.name)
        return ForwarderState(waiting.count, waiting.since, self._reason)

    def notify(self) -> None:
        """Say that the journal has something new, or that `run` should look whether to stop."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Forward until `stop` is set; a batch under way is finished."""
        retry = Retrying(
            wait=wait_random_exponential(multiplier=0.5, max=BACKOFF_MAX_S),
            stop=stop_when_event_set(stop),
            sleep=sleep_using_event(stop),
            before_sleep=self._failed,
            retry_error_callback=lambda _: False,  # stopped while waiting: the journal has it all
        )
        pruned_at = -PRUNE_EVERY_S
        while not stop.is_set():
            self.turned_s = time.monotonic()
            if retry(self._forward):
                continue
            if time.monotonic() - pruned_at >= PRUNE_EVERY_S:
                pruned_at = time.monotonic()
                retry(self._journal.prune, utc(time.time()) - KEEP)
                # a step at a time, so that a result that comes meanwhile does not wait
                while not stop.is_set() and retry(self._store.forget_waveforms, utc(time.time())):
                    retry(self._forward)
            self._wake.wait(IDLE_S)
            self._wake.clear()

    def _forward(self) -> bool:
        """Forward a batch; False if there was none."""
        rows = self._journal.read(self._journal.cursor(self._store.name), BATCH)
        if rows:
            self._deliver(rows)
        if self._reason:
            log.warning("The store takes results again")
        self._reason = None
        self._tell(None)
        return bool(rows)

    def _deliver(self, rows: Sequence[tuple[int, bytes]]) -> None:
        """Write rows and advance over them; halve what is refused until the culprit stands alone."""
        last, payload = rows[-1]
        try:
            events = [decode(payload) for _, payload in rows if payload]  # an erased child's are empty
            results = [event for event in events if not isinstance(event, ForPeople)]
            self._store.write([event for event in results if not self._refused(event)])
        except (StoreError, PayloadError) as error:
            if isinstance(error, StoreError) and error.retryable:
                raise
            if len(rows) > 1:
                half = len(rows) // 2
                self._deliver(rows[:half])
                self._deliver(rows[half:])
                return
            self._set_aside(payload, error)
        self._journal.advance(self._store.name, last)

    def _set_aside(self, payload: bytes, error: StoreError | PayloadError) -> None:
        if isinstance(error, PayloadError) and error.event_id:  # by a newer version, before a downgrade
            log.warning("An event is set aside: %s", error)
            self._journal.dead_letter(topic_of(payload), payload, error.reason, event_id=error.event_id)
            return
        topic = f"store/{self._store.name}"
        if self._journal.count_dead_letters(topic) >= DEAD_LETTERS:
            raise StoreError(
                self._store.name,
                f"it has refused {DEAD_LETTERS} events, and now: {error.reason}",
                "So many point at the store, not at the events: look at `griphub delivery dead-letters`, "
                "mend the cause, and put them back with --retry.",
            ) from error
        log.warning("An event is set aside: %s", error)
        self._journal.dead_letter(topic, payload, error.reason)

    def _failed(self, attempt: RetryCallState) -> None:
        self.turned_s = time.monotonic()
        error = attempt.outcome.exception() if attempt.outcome else None
        if str(error) != self._reason:  # said once, not every half minute of a long night
            unexpected = error if not isinstance(error, StoreError) else None
            log.warning("Results wait in the journal: %s", error, exc_info=unexpected)
        self._reason = str(error)
        self._tell(self._reason)
