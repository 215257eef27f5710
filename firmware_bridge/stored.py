"""Stored sessions: what a tool recorded by itself, put together from whatever the radio lets through.

The hub fetches a session from some index on, and the tool sends it in order. When something is missing the
hub does not wait for the end but fetches again from there: a long session costs a lossy radio little more
than a good one. Nothing is taken twice and nothing out of order.
"""

from dataclasses import dataclass
from math import nan
from typing import Final

from .commands import Sending, StoredEntry
from .errors import PacketError
from .packets import StoredPacket
from .samples import SampleBlock
from .stream import block, times_s, unwrap

#: Most samples in one session: 5.5 hours at 100 Hz, which is 34 MB in a hub.
MAX_SAMPLES: Final = 2_000_000

#: A packet of the least MTU holds 11 samples at least. So many smaller ones are borne, as where a tool fills
#: a page of its flash; a tool that goes on like that would fill the hub's memory with headings.
SMALL_PACKET: Final = 8
MAX_SMALL: Final = 5000


@dataclass(frozen=True, slots=True, eq=False)
class StoredSession:
    """One session that a tool recorded by itself, as far as the hub had not received it before.

    Attributes
    ----------
    tool_id : str
    session_id : int
        The tool's number for it. Together with `boot_id` it names the session.
    boot_id : int
        Life of the tool in which it was recorded.
    epoch_s : float or None
        Unix time at which that life began, as the tool was told in it; None if it never was.
    running : bool
        It is not over: live samples follow.
    cut : bool
        The power failed while it ran.
    end_index : int
        Index after its last sample.
    lost : int
        Samples that the tool had when it reported the session, and no longer when they were fetched.
    blocks : tuple of SampleBlock
        In order, without `SampleBlock.utc_s`; empty where the hub had everything.
    """

    tool_id: str
    session_id: int
    boot_id: int
    epoch_s: float | None
    running: bool
    cut: bool
    end_index: int
    lost: int
    blocks: tuple[SampleBlock, ...]


class SessionFetch:
    """Puts one stored session together, across any number of fetches and links.

    Parameters
    ----------
    tool_id : str
    entry : StoredEntry
        The tool's word on the session.
    had : int
        Index before which the hub has everything of the session.

    Attributes
    ----------
    next_index : int
        Index, unwrapped, from which to fetch.
    rejected : int
        Packets that do not belong there.

    Raises
    ------
    PacketError
        If the tool claims more samples than can be.
    """

    def __init__(self, tool_id: str, entry: StoredEntry, had: int = 0) -> None:
        if entry.samples > MAX_SAMPLES:
            raise PacketError(f"a session of {entry.samples} samples")
        first = unwrap(entry.first_index, had)
        if first < 0:
            first += 1 << 32
        self.entry = entry
        self.end_index = first + entry.samples
        self.next_index = min(max(first, had), self.end_index)
        self.rejected = 0
        self._tool_id = tool_id
        self._blocks: list[SampleBlock] = []
        self._lost = 0
        self._lost_before = 0  # right before the next block
        self._small = 0
        self._tick = 0  # the next sample's at the earliest
        self._synced = False  # what was asked for last has begun to come
        self._gap = False

    def goes_on(self, entry: StoredEntry) -> bool:
        """Take the tool's newer word on the session; False if it is about another one."""
        if (self.entry.session, self.entry.boot_id) != (entry.session, entry.boot_id):
            return False
        self.entry = entry
        self.end_index = max(self.next_index, unwrap(entry.first_index, self.next_index) + entry.samples)
        return True

    @property
    def complete(self) -> bool:
        """Whether nothing is missing any more."""
        return self.next_index >= self.end_index

    @property
    def stuck(self) -> bool:
        """Whether it is time to fetch again, because something is missing."""
        return self._gap and not self.complete

    def started(self, sending: Sending) -> None:
        """Take the answer to FETCH: what the tool no longer has is lost."""
        first = unwrap(sending.next_index, self.next_index)
        skipped = min(max(first, self.next_index), self.end_index) - self.next_index
        self._lost += skipped
        self._lost_before += skipped
        self.next_index += skipped
        if first >= self.next_index:
            self._tick = max(self._tick, sending.tick)
        self._synced = self._gap = False

    def feed(self, data: bytes) -> bool:
        """Take one notification; False if it brought nothing."""
        try:
            packet = StoredPacket.from_bytes(data)
        except PacketError:
            self.rejected += 1
            return False
        force, n = packet.force, len(packet.force.raw)
        first = unwrap(force.index, self.next_index)
        tick = unwrap(force.tick, self._tick)
        if packet.session != self.entry.session or (first + n > self.end_index and not self.entry.running):
            self.rejected += 1
            return False
        if first != self.next_index or not n:
            # before the answer to the last FETCH has taken effect, packets of the one before still come
            self._gap = self._gap or (self._synced and (first > self.next_index or force.end))
            return False
        self._small += n < SMALL_PACKET
        if tick < self._tick or self._small > MAX_SMALL:
            self.rejected += 1
            return False
        t_s = times_s(force, tick)
        self._blocks.append(block(self._tool_id, force, first, t_s, self._lost_before, nan))
        self._lost_before = 0
        self._synced = True
        self.next_index = first + n
        self.end_index = max(self.end_index, self.next_index)
        self._tick = tick + 1
        self._gap = force.end
        return True

    def session(self) -> StoredSession:
        """Give what there is."""
        entry = self.entry
        return StoredSession(
            tool_id=self._tool_id,
            session_id=entry.session,
            boot_id=entry.boot_id,
            epoch_s=entry.epoch_ms / 1000 if entry.epoch_ms else None,
            running=entry.running,
            cut=entry.cut,
            end_index=self.end_index,
            lost=self._lost,
            blocks=tuple(self._blocks),
        )
