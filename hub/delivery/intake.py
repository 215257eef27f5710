"""What ingest does with a message, however it came: commit it or set it aside, then say so."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

from ..errors import PayloadError, StoreError
from ..records.event import Event, header
from .dead_letters import read
from .journal import Journal
from .publisher import Ack, ack_topic

log = logging.getLogger(__name__)

#: Wait after the journal refused (disk full, say) before trying the same batch again.
RETRY_S = 1.0


class Message(Protocol):
    """A message as it came from the broker."""

    @property
    def topic(self) -> str:
        """MQTT topic."""

    @property
    def payload(self) -> bytes:
        """As it was sent."""


class Intake:
    """Commits messages to the journal.

    Parameters
    ----------
    journal : Journal
    committed : callable
        Told after each commit that there is something to forward.
    tell : callable
        Told why the journal takes nothing, and None when it does again.
    turned : callable
        Told at each try, to see that nothing hangs.
    refused : callable
        Whether an event must not be kept: it is of a child that was erased. Its hub is told to forget it.
    """

    def __init__(
        self,
        journal: Journal,
        committed: Callable[[], None],
        tell: Callable[[str | None], None] = lambda _: None,
        turned: Callable[[], None] = lambda: None,
        refused: Callable[[Event], bool] = lambda _: False,
    ) -> None:
        self._refused = refused
        self._journal = journal
        self._committed = committed
        self._tell = tell
        self._turned = turned

    def commit(self, messages: Sequence[Message], stop: threading.Event) -> list[tuple[str, bytes]] | None:
        """Make messages durable; tries until it has, or until `stop` is set.

        Returns
        -------
        list of (topic, payload) or None
            What to publish to the hubs, which may then forget the events. None: stopped, nothing was
            committed and nothing may be acknowledged.
        """
        good: list[tuple[UUID, bytes]] = []
        acks: dict[tuple[str, str], list[UUID]] = defaultdict(list)
        bad: list[tuple[Message, PayloadError]] = []
        for message in messages:
            _, _, site, hub, *_ = message.topic.split("/")
            try:
                event = read(message.topic, message.payload)
                if not self._refused(event):
                    good.append((event.event_id, message.payload))
                acks[site, hub].append(event.event_id)
            except PayloadError as error:
                bad.append((message, error))
                if known := header(message.payload):
                    acks[site, hub].append(known.event_id)  # it is safe here: no use in sending it again
        while True:
            try:
                self._journal.append(good)
                for message, why in bad:
                    self._journal.dead_letter(
                        message.topic, message.payload, why.reason, event_id=why.event_id
                    )
                break
            except StoreError as refusal:
                log.error("%s", refusal)
                self._tell(str(refusal))
                self._turned()
                if stop.wait(RETRY_S):
                    return None
        self._tell(None)
        self._committed()
        return [
            (ack_topic(*place), Ack(event_ids=tuple(event_ids)).model_dump_json(by_alias=True).encode())
            for place, event_ids in acks.items()
        ]
