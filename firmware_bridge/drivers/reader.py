"""A driver at work on one link: packets in, blocks out, everything counted."""

import logging
from collections.abc import Sequence
from typing import Final

from ..errors import PacketError, UnsupportedTool
from ..samples import SampleBlock
from .contract import Driver, Write
from .timeline import Timeline

log = logging.getLogger(__name__)

#: Packets from the start without one that can be read: it is some other device under the same name.
STRANGER: Final = 20


class Reader:
    """Feeds a driver and puts what it reads on a timeline.

    Attributes
    ----------
    rejected : int
        Packets and frames that are not what the tool's protocol says.
    battery_percent : int or None
        Charge, as last told.
    """

    def __init__(self, driver: Driver, name: str, timeline: Timeline) -> None:
        self.rejected = 0
        self.battery_percent: int | None = None
        self._driver = driver
        self._name = name
        self._timeline = timeline
        self._known = False

    def take(
        self, data: bytes, characteristic: str, arrived_s: float
    ) -> tuple[SampleBlock | None, Sequence[Write]]:
        """Read a packet; return what it brought, and what the driver wants to write in answer.

        Raises
        ------
        UnsupportedTool
            If nothing it ever sent could be read.
        """
        try:
            reading = self._driver.feed(data, characteristic)
            block = None if reading is None else self._timeline.block(reading, arrived_s)
        except PacketError as error:
            self.rejected += 1
            log.debug("%s: %s", self._name, error)
            if not self._known and self.rejected >= STRANGER:
                raise UnsupportedTool(
                    self._name, f"it does not send what a {self._driver.title} sends ({error.reason})"
                ) from error
            return None, ()
        if reading is None:
            return None, ()
        self._known = True
        self.rejected += reading.rejected
        if reading.battery_percent is not None:
            self.battery_percent = reading.battery_percent
        return block, reading.writes
