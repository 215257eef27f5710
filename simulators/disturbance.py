"""What the air does to a tool's packets: lost, doubled, swapped, changed and late, and an account of each.

A real radio repeats what was not received, so that a packet is not lost on air but in the buffers of the two
sides. To the hub it looks the same, and so it is done here, on the virtual link, to any device on it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from ..firmware_bridge.clock import HostClock
from ..firmware_bridge.packets import ForcePacket
from ..firmware_bridge.profile import PROTOCOL_VERSION, StreamFlag
from .faults import FaultKind

#: Packets that a burst takes on average: 0.4 s of 20 a second, as when somebody walks in between.
BURST_PACKETS: Final = 8

#: In the order in which they are drawn; a packet suffers one of them at most, so that counts add up.
_FATES: Final = (FaultKind.DROP, FaultKind.BURST, FaultKind.CORRUPT, FaultKind.DUPLICATE, FaultKind.REORDER)

#: What a `Disturbance` does.
AIR_FAULTS: Final = frozenset({*_FATES, FaultKind.JITTER})

#: A notification on the wire: two bytes of length, the attribute channel, the opcode and two of handle.
_ATT_NOTIFICATION: Final = b"\x04\x00\x1b"
_HEADING_BYTES: Final = 7

Deliver = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Mishap:
    """What was done to one packet.

    Attributes
    ----------
    kind : FaultKind
        DROP also for a packet that was on its way when the link was lost.
    index : int or None
        Index of its first sample, as sent; None where the protocol has none.
    samples : int
        How many it holds, as far as that is known.
    byte : int or None
        Which byte of the packet was changed.
    """

    kind: FaultKind
    index: int | None
    samples: int
    byte: int | None = None


def samples_of(packet: bytes) -> tuple[int, int] | None:
    """First index and number of samples of a Force Stream packet; None for all else, and without samples."""
    if len(packet) < ForcePacket.HEADER.size or packet[0] >> 4 != PROTOCOL_VERSION:
        return None
    first, _, n, index, _, _ = ForcePacket.HEADER.unpack_from(packet)
    size = ForcePacket.HEADER.size + n * (4 if first & StreamFlag.TIMED else 2)
    return (index, n) if n and len(packet) == size else None


class Disturbance:
    """Between one tool and the air.

    Parameters
    ----------
    clock : HostClock
        Of the simulation: lateness is measured in its seconds.
    seed : str
        Decides which packets suffer.
    observer : callable
        Told of each `Mishap`.
    own : bool
        Whether it is a tool of ours, of whose packets only those with samples are disturbed; of a
        third-party device it is every notification.

    Attributes
    ----------
    rates : dict of FaultKind to float
        What is done at present, and how much of it.
    """

    def __init__(
        self, clock: HostClock, seed: str, observer: Callable[[Mishap], None], *, own: bool = True
    ) -> None:
        self.rates: dict[FaultKind, float] = {}
        self._clock = clock
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._observer = observer
        self._own = own
        self._in_burst = False
        self._overtaken: tuple[bytes, Deliver] | None = None
        self._late: deque[tuple[float, bytes, Deliver]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def send(self, pdu: bytes, deliver: Deliver) -> None:
        """Take one L2CAP packet from the tool, and deliver it, or not."""
        held = self._packet(pdu)
        fate = self._fate() if held else None
        if fate in {FaultKind.DROP, FaultKind.BURST}:
            self._tell(fate, pdu)
            return
        overtaken, self._overtaken = self._overtaken, None
        if fate is FaultKind.REORDER and not overtaken:
            self._overtaken = (pdu, deliver)
            return
        if overtaken and not held:  # only packets with samples change places: an answer stays behind them
            self._pass(*overtaken)
            overtaken = None
        if fate is FaultKind.CORRUPT:
            byte = self._random.randrange(len(pdu) - _HEADING_BYTES)
            self._tell(fate, pdu, byte)
            changed = bytearray(pdu)
            changed[_HEADING_BYTES + byte] ^= self._random.randint(1, 255)
            pdu = bytes(changed)
        self._pass(pdu, deliver)
        if fate is FaultKind.DUPLICATE:
            self._tell(fate, pdu)
            self._pass(pdu, deliver)
        if overtaken:
            self._tell(FaultKind.REORDER, overtaken[0])
            self._pass(*overtaken)

    def cut(self) -> None:
        """Lose what is on its way: the link is gone."""
        waiting = [pdu for _, pdu, _ in self._late] + ([self._overtaken[0]] if self._overtaken else [])
        self._late.clear()
        self._overtaken = None
        for pdu in waiting:
            self._tell(FaultKind.DROP, pdu)

    def _tell(self, kind: FaultKind, pdu: bytes, byte: int | None = None) -> None:
        if held := self._packet(pdu):
            index, samples = held
            self._observer(Mishap(kind, index if self._own else None, samples, byte))

    def _packet(self, pdu: bytes) -> tuple[int, int] | None:
        if pdu[2:5] != _ATT_NOTIFICATION:
            return None
        return samples_of(pdu[_HEADING_BYTES:]) if self._own else (0, 0)

    def _fate(self) -> FaultKind | None:
        for kind in _FATES:
            if kind in self.rates and self._drawn(kind, self.rates[kind]):
                return kind
        return None

    def _drawn(self, kind: FaultKind, share: float) -> bool:
        if kind is not FaultKind.BURST or share >= 1:
            return self._random.random() < share
        # a two-state chain (Gilbert): a burst ends with chance 1/8 after each packet, and begins so often
        # that the long-run share of lost packets is what was asked for
        ends = 1 / BURST_PACKETS
        begins = min(1.0, ends * share / (1 - share))
        self._in_burst = self._random.random() < (1 - ends if self._in_burst else begins)
        return self._in_burst

    def _pass(self, pdu: bytes, deliver: Deliver) -> None:
        """Deliver at once, or late but in order: also answers wait behind packets, as on one link they do."""
        late_s = self.rates.get(FaultKind.JITTER, 0.0)
        if not late_s and not self._late:
            deliver(pdu)
            return
        loop = asyncio.get_running_loop()
        ready_s = loop.time() + self._random.uniform(0, late_s) / self._clock.speed
        self._late.append((max(ready_s, self._late[-1][0] if self._late else 0.0), pdu, deliver))
        if not self._timer:
            self._timer = loop.call_at(self._late[0][0], self._deliver_late)

    def _deliver_late(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._late and self._late[0][0] <= loop.time():
            _, pdu, deliver = self._late.popleft()
            deliver(pdu)
        if self._late:
            self._timer = loop.call_at(self._late[0][0], self._deliver_late)
