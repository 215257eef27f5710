"""A tool's firmware as ``docs/protocol.md`` has it: it senses a play, keeps it, and sends it to a hub."""

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
from ..firmware_bridge.packets import (
    FORCE_UNKNOWN_MN,
    RAW_CLIPPED,
    RAW_MISSING,
    ForcePacket,
    StoredPacket,
    ToolInfo,
)
from ..firmware_bridge.profile import WireKind, WireUnit
from .commands import Commands
from .flash import CAPACITY, FlashLog
from .peripheral import Peripheral
from .plays import Play
from .radio import VirtualLink
from .sending import Streaming

#: Usual time in a packet, in real seconds: a live page wants 20 a second.
PACKET_S: Final = 0.05
#: How long a tool stays awake for a hub that missed the end: as long as a hub keeps a session open.
LINGER_S: Final = 60.0
TICKS_PER_S: Final = round(1 / profile.TICK_S)
MAX_TICKS: Final = 0xFFFF  #: between two samples of one packet


@dataclass(frozen=True, slots=True)
class PlayStarted:
    """A child began a play: its first sample is being sensed."""

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
    sent: int  #: samples handed to the radio; the others are in the tool's log only


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
    waits : bool
        Whether the child waits for a hub before it begins.
    sensor : callable, optional
        What the sensor makes of raw samples as they are sensed: where it sticks, or is worn.
    bonds : Path, optional
        File for the keys of bonded hubs; without it they are forgotten at power-off.
    passkey : int, optional
        Six digits that it shows, and a hub must be told to pair with it.
    flash : Path, optional
        File for the sessions that no hub has acknowledged; without it they are lost at power-off.
    flash_samples : int
        How many samples it keeps.
    battery_s : float, optional
        Seconds of `clock` that its battery lasts, from full; without it the charge stays as it is.
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
    clock : HostClock
        As given.
    pause_s : float
        As given; may be changed while it plays.
    log : FlashLog
        Its flash.
    peripheral : Peripheral
        Its radio half.
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
        waits: bool = True,
        sensor: Callable[[NDArray[np.int64]], NDArray[np.int64]] = lambda raw: raw,
        bonds: Path | None = None,
        passkey: int | None = None,
        flash: Path | None = None,
        flash_samples: int = CAPACITY,
        battery_s: float | None = None,
        drop: float = 0.0,
        seed: int = 0,
        observer: Callable[[PlayStarted | PlayEnded], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.boot_id = secrets.randbits(32)
        self.pause_s = pause_s
        self.done = asyncio.Event()
        self.log = FlashLog(flash, flash_samples)
        self._plays = plays
        self.clock = clock
        self._packet_s = packet_s
        self._waits = waits
        self._sensor = sensor
        self._battery_s = battery_s
        self._drop = drop
        self._random = Random(f"{seed} {name}")  # noqa: S311 - repeatable, not secret
        self._observer = observer
        self._powered_on_s = clock.monotonic_s()
        self._off = asyncio.Event()
        self._zero = 0  # raw level that tare took as zero
        self._level = RAW_MISSING  # last raw sample, before tare
        self._next_index = 0  # of the next sample to be sensed
        self._position = 0  # of it in the present play
        self._ticks = np.zeros(0, dtype=np.int64)
        self._unit, self._exponent, self._rate_hz, self._period_ticks = WireUnit.UNKNOWN, 0, 0, 0
        self._stream = Streaming(self.log, self.now, self._send, self._capacity)
        self._commands = Commands(self, self._stream)
        self.peripheral = Peripheral(
            name,
            link,
            model=f"simulated {kind.name.lower()}",
            bonds=bonds,
            passkey=passkey,
            info=lambda: bytes(ToolInfo(kind, self.boot_id, self._rate_hz, self._unit, simulated=True)),
            obey=self._commands.obey,
            answered=self._commands.answered,
            left=self._commands.left,
            force_mn=self._force_mn,
        )

    # -- what one sees of it, and can do to it

    @property
    def sent(self) -> int:
        """Samples handed to the radio."""
        return self._stream.told

    @property
    def blinking(self) -> bool:
        """Whether it shows which one it is."""
        return self.clock.monotonic_s() < self._commands.blinks_until_s

    @property
    def battery_percent(self) -> int:
        """Charge; at 0 it loses its power."""
        return self.peripheral.battery_percent

    @battery_percent.setter
    def battery_percent(self, percent: int) -> None:
        self.peripheral.battery_percent = percent
        if percent <= 0:
            self.power_off()

    def power_off(self) -> None:
        """Lose the power: `run` ends, without a goodbye to anybody."""
        self._off.set()

    def press_button(self) -> None:
        """Hold the button: it wakes, and pairs with whoever asks."""
        self.peripheral.bonding.press_button()
        self.peripheral.show()

    # -- how it lives

    async def run(self) -> None:
        """Live until the power goes; being cancelled is power-off too."""
        life, off = asyncio.create_task(self._live()), asyncio.create_task(self._off.wait())
        try:
            await asyncio.wait({life, off}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.log.power_off()
            self._commands.left()
            life.cancel()
            off.cancel()
            with_errors = await asyncio.gather(life, return_exceptions=True)
        for error in with_errors:
            if isinstance(error, Exception):
                raise error

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.peripheral.run(), name=f"radio of {self.name}")
            group.create_task(self._stream.run(), name=f"stream of {self.name}")
            if self._battery_s:
                group.create_task(self._drain(self._battery_s), name=f"battery of {self.name}")
            for number, play in enumerate(self._plays, 1):
                self._load(play)
                self.peripheral.show()
                if self._waits:
                    await self._stream.wanted.wait()
                self._observer(PlayStarted(self.name, self.boot_id, number, play, self._next_index))
                before = self.sent
                await self._sense(play)
                await self._end()
                self._observer(PlayEnded(self.name, self.boot_id, number, self.sent - before))
                await self.peripheral.hide()
                await self.clock.sleep(self.pause_s)
            self.done.set()

    def _load(self, play: Play) -> None:
        self._unit, self._exponent = play.unit, play.exponent
        self._raw, self._ticks = play.raw(), play.ticks()
        # where a step is longer than a packet can say
        self._pauses = np.append(np.flatnonzero(np.diff(self._ticks) > MAX_TICKS) + 1, len(self._ticks))
        self._position = 0
        # slower than a period can say: every sample carries its own time
        timed = play.rate_hz * MAX_TICKS < TICKS_PER_S
        self._rate_hz = 0 if timed else round(play.rate_hz)
        self._period_ticks = 0 if timed else round(TICKS_PER_S / play.rate_hz)

    async def _sense(self, play: Play) -> None:
        self._ticks = self._ticks + self.now()
        self.log.begin(self.boot_id, self._next_index, play.unit, play.exponent, self._period_ticks)
        while self._position < len(self._raw):
            end = self._chunk_end()
            last_s = self._powered_on_s + float(self._ticks[end - 1]) / TICKS_PER_S
            await self.clock.sleep(max(0.0, last_s - self.clock.monotonic_s()))
            sensed = self._sensor(self._raw[self._position : end])
            tared = np.clip(sensed - self._zero, RAW_MISSING + 1, RAW_CLIPPED - 1)
            kept = np.where((sensed == RAW_MISSING) | (sensed == RAW_CLIPPED), sensed, tared)
            self.log.append(kept.tolist(), self._ticks[self._position : end].tolist())
            self._next_index += end - self._position
            self._position = end
            self._level = int(sensed[-1])
            self._stream.recorded(self._next_index)
            await self.peripheral.notify_force()

    def _chunk_end(self) -> int:
        start = self._position
        span = self._packet_s * self.clock.speed * TICKS_PER_S
        lasts = int(np.searchsorted(self._ticks, self._ticks[start] + span))
        pause = int(self._pauses[np.searchsorted(self._pauses, start, side="right")])
        return min(start + self._capacity(), lasts, pause)

    async def _end(self) -> None:
        self._stream.finish()
        try:
            while self._stream.ending:
                async with asyncio.timeout(LINGER_S / self.clock.speed):
                    await self._stream.wanted.wait()
                await self._stream.idle.wait()
        except TimeoutError:
            self._stream.give_up()
        self.log.close()

    async def _drain(self, battery_s: float) -> None:
        for percent in range(100, -1, -1):
            self.battery_percent = percent
            await self.clock.sleep(battery_s / 100)

    async def _send(self, packet: ForcePacket) -> None:
        if not packet.raw or self._random.random() >= self._drop:
            await self.peripheral.notify(self.peripheral.force_stream, bytes(packet))

    # -- what the Control Point asks for

    def now(self) -> int:
        """Ticks since power-on."""
        return round((self.clock.monotonic_s() - self._powered_on_s) * TICKS_PER_S)

    def tick_of(self, index: int) -> int:
        """Tick of a sample that is in the log, or comes next."""
        session = self.log.running
        if session and index < session.end_index:
            return session.ticks[index - session.first_index]
        sensing = session and self._position < len(self._ticks)
        return int(self._ticks[self._position]) if sensing else self.now()

    def tare(self) -> bool:
        """Take the present level as zero; False if there is none."""
        level = self._level if self._position else int(self._raw[0])
        if level in (RAW_MISSING, RAW_CLIPPED):
            return False
        self._zero = level
        return True

    @property
    def rate_hz(self) -> int:
        """Sample rate; 0 where samples are uneven."""
        return self._rate_hz

    def _capacity(self) -> int:
        return ForcePacket.capacity(self.peripheral.att_mtu, timed=not self._period_ticks)

    def stored_capacity(self) -> int:
        """Samples that fit a packet of a stored session, whatever its kind."""
        return ForcePacket.capacity(self.peripheral.att_mtu - StoredPacket.HEADER.size, timed=True)

    def _force_mn(self) -> int:
        if self._unit is not WireUnit.NEWTON or self._level in (RAW_MISSING, RAW_CLIPPED):
            return FORCE_UNKNOWN_MN
        return round((self._level - self._zero) * 10.0 ** (self._exponent + 3))
