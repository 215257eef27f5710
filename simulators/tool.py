"""A tool's firmware as ``docs/protocol.md`` has it: it senses a play, and streams to whoever asks."""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..firmware_bridge import profile
from ..firmware_bridge.clock import HostClock
from ..firmware_bridge.errors import PacketError
from ..firmware_bridge.packets import RAW_CLIPPED, RAW_MISSING, U32, Command, ForcePacket, Response, ToolInfo
from ..firmware_bridge.profile import Opcode, Status, WireKind
from .peripheral import Peripheral
from .plays import Play
from .radio import VirtualLink

#: Usual time in a packet, in real seconds: a live page wants 20 a second.
PACKET_S: Final = 0.05
#: How long a tool stays awake for a hub that missed the end: as long as a hub keeps a session open.
LINGER_S: Final = 60.0
TICKS_PER_S: Final = round(1 / profile.TICK_S)
MAX_TICKS: Final = 0xFFFF  #: between two samples of one packet


@dataclass(frozen=True, slots=True)
class PlayStarted:
    """A hub started a play: its first sample is being sensed."""

    tool_id: str
    boot_id: int
    number: int  #: of the play, from 1
    play: Play
    first_index: int


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """The last sample of a play was sensed, and the hub was told or is not coming back."""

    tool_id: str
    boot_id: int
    number: int
    sent: int  #: samples handed to the radio; the others were sensed while no hub listened


class SimulatedTool:
    """One life of one tool, from power-on.

    It wakes for each play and advertises. The play begins when a hub starts the stream, and then takes its
    time whether or not anybody listens, as a child does. After it the tool sleeps for `pause_s`.

    Parameters
    ----------
    name : str
        Advertised name and serial number: 1 to 8 of ``a-z0-9_-``, starting with a letter or digit.
    kind : WireKind
        What it is.
    plays : iterable of Play
        One for each time that it wakes; may be endless.
    link : VirtualLink
        The air.
    clock : HostClock
        Time in which plays are played.
    pause_s : float
        Sleep between two plays, seconds of `clock`.
    packet_s : float
        A packet holds at most this much time, in real seconds.
    sensor : callable, optional
        What the sensor makes of raw samples as they are sensed: where it sticks, or is worn.
    bonds : Path, optional
        File for the keys of bonded hubs; without it they are forgotten at power-off.
    drop : float
        Fraction of packets with samples that the radio loses.
    seed : int
        Chooses which ones.
    observer : callable, optional
        Told of each `PlayStarted` and `PlayEnded`.

    Attributes
    ----------
    boot_id : int
        Of this life.
    sent : int
        Samples handed to the radio.
    pause_s : float
        As given; may be changed while it plays.
    utc_ms : int or None
        Time that a hub told it, Unix milliseconds.
    done : asyncio.Event
        The plays are used up: it sleeps for good.
    """

    def __init__(
        self,
        name: str,
        kind: WireKind,
        plays: Iterable[Play],
        *,
        link: VirtualLink,
        clock: HostClock,
        pause_s: float = 5.0,
        packet_s: float = PACKET_S,
        sensor: Callable[[NDArray[np.int64]], NDArray[np.int64]] = lambda raw: raw,
        bonds: Path | None = None,
        drop: float = 0.0,
        seed: int = 0,
        observer: Callable[[PlayStarted | PlayEnded], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.boot_id = secrets.randbits(32)
        self.sent = 0
        self.utc_ms: int | None = None
        self.done = asyncio.Event()
        self._plays = plays
        self._clock = clock
        self.pause_s = pause_s
        self._packet_s = packet_s
        self._sensor = sensor
        self._drop = drop
        self._random = Random(f"{seed} {name}")  # noqa: S311 - repeatable, not secret
        self._observer = observer
        self._powered_on_s = clock.monotonic_s()
        self._blinks_until_s = 0.0
        self._wanted = asyncio.Event()  # a hub has started the stream, and is there
        self._zero = 0  # raw level that tare took as zero
        self._next_index = 0  # of the next sample to be sensed
        self._position = 0  # of it in the present play
        self._sensing = False
        self.peripheral = Peripheral(
            name,
            link,
            model=f"simulated {kind.name.lower()}",
            bonds=bonds,
            info=lambda: bytes(ToolInfo(kind, self.boot_id, self._rate_hz, simulated=True)),
            obey=self._obey,
            left=self._wanted.clear,
        )

    @property
    def blinking(self) -> bool:
        """Whether it shows which one it is."""
        return self._clock.monotonic_s() < self._blinks_until_s

    async def run(self) -> None:
        """Live; being cancelled is power-off."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.peripheral.run(), name=f"radio of {self.name}")
            for number, play in enumerate(self._plays, 1):
                self._load(play)
                self.peripheral.show()
                await self._wanted.wait()
                self._observer(PlayStarted(self.name, self.boot_id, number, play, self._next_index))
                before = self.sent
                await self._sense()
                await self._end()
                self._observer(PlayEnded(self.name, self.boot_id, number, self.sent - before))
                await self.peripheral.hide()
                await self._clock.sleep(self.pause_s)
            self.done.set()

    def _load(self, play: Play) -> None:
        self._play = play
        self._raw, self._ticks = play.raw(), play.ticks()
        # where a step is longer than a packet can say
        self._pauses = np.append(np.flatnonzero(np.diff(self._ticks) > MAX_TICKS) + 1, len(self._ticks))
        self._position = 0
        self._sensing = False
        # slower than a period can say: every sample carries its own time
        self._timed = play.rate_hz * MAX_TICKS < TICKS_PER_S
        self._rate_hz = 0 if self._timed else round(play.rate_hz)

    async def _sense(self) -> None:
        self._ticks += self._now()
        self._sensing = True
        while self._position < len(self._raw):
            end = self._packet_end()
            last_s = self._powered_on_s + float(self._ticks[end - 1]) / TICKS_PER_S
            await self._clock.sleep(max(0.0, last_s - self._clock.monotonic_s()))
            packet, n = self._packet(end), end - self._position
            self._position = end
            self._next_index += n
            if self._wanted.is_set():
                self.sent += n
                if self._random.random() >= self._drop:
                    await self.peripheral.notify(bytes(packet))

    def _packet_end(self) -> int:
        start = self._position
        fits = ForcePacket.capacity(self.peripheral.att_mtu, timed=self._timed)
        span = self._packet_s * self._clock.speed * TICKS_PER_S
        lasts = int(np.searchsorted(self._ticks, self._ticks[start] + span))
        pause = int(self._pauses[np.searchsorted(self._pauses, start, side="right")])
        return min(start + fits, lasts, pause)

    def _packet(self, end: int) -> ForcePacket:
        raw, ticks = self._sensor(self._raw[self._position : end]), self._ticks[self._position : end]
        tared = np.clip(raw - self._zero, RAW_MISSING + 1, RAW_CLIPPED - 1)
        sent = np.where((raw == RAW_MISSING) | (raw == RAW_CLIPPED), raw, tared)
        return ForcePacket(
            index=self._next_index % U32,
            tick=int(ticks[0]) % U32,
            raw=tuple(sent.tolist()),
            unit=self._play.unit,
            exponent=self._play.exponent,
            period_ticks=0 if self._timed else round(TICKS_PER_S / self._play.rate_hz),
            steps=tuple(np.diff(ticks, prepend=ticks[0]).tolist()) if self._timed else (),
        )

    async def _end(self) -> None:
        try:
            async with asyncio.timeout(LINGER_S / self._clock.speed):
                await self._wanted.wait()
        except TimeoutError:
            return
        await self._send_end()

    async def _send_end(self) -> None:
        end = ForcePacket(self._next_index % U32, self._now() % U32, (), self._play.unit, end=True)
        await self.peripheral.notify(bytes(end))

    def _now(self) -> int:
        return round((self._clock.monotonic_s() - self._powered_on_s) * TICKS_PER_S)

    async def _obey(self, data: bytes) -> Response:
        try:
            command = Command.from_bytes(data)
        except PacketError:
            known = data[0] in Opcode._value2member_map_ and data[0] != Opcode.RESPONSE
            return Response(data[0], Status.BAD_PARAMETER if known else Status.UNKNOWN_OPCODE)
        status = Status.SUCCESS
        match command:
            case Command(Opcode.START):
                self._wanted.set()
                sensing = self._sensing and self._position < len(self._raw)
                tick = int(self._ticks[self._position]) if sensing else self._now()
                return Response(Opcode.START, status, self._next_index % U32, tick % U32)
            case Command(Opcode.STOP):
                if self._wanted.is_set():
                    await self._send_end()
                self._wanted.clear()
            case Command(Opcode.TARE):
                level = int(self._raw[max(0, self._position - 1)])
                if level in (RAW_MISSING, RAW_CLIPPED):
                    status = Status.NOT_NOW
                else:
                    self._zero = level
            case Command(Opcode.IDENTIFY, int(seconds)):
                self._blinks_until_s = self._clock.monotonic_s() + seconds
            case Command(Opcode.SET_RATE, hz) if hz != self._rate_hz:
                status = Status.BAD_PARAMETER  # a play has the rate that it has
            case Command(Opcode.SET_TIME, int(utc_ms)):
                self.utc_ms = utc_ms
        return Response(command.opcode, status)
