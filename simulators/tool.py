"""A tool's firmware as ``docs/protocol.md`` has it: it senses a play, keeps it, and sends it to a hub."""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..firmware_bridge.clock import HostClock
from ..firmware_bridge.packets import ForcePacket, StoredPacket, ToolInfo
from ..firmware_bridge.profile import WireKind
from .commands import Commands
from .flash import CAPACITY, FlashLog
from .peripheral import Peripheral
from .plays import Play
from .radio import VirtualLink
from .sending import Streaming
from .sensing import Sensing

#: Usual time in a packet, in real seconds: a live page wants 20 a second.
PACKET_S: Final = 0.05
#: How long a tool stays awake for a hub that missed the end: as long as a hub keeps a session open.
LINGER_S: Final = 60.0


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
    sensing : Sensing
        Its sensor and its ticks.
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
        self._battery_s = battery_s
        self._observer = observer
        self._off = asyncio.Event()
        self._next_index = 0  # of the next sample to be sensed
        self.sensing = Sensing(clock, sensor)
        self._stream = Streaming(self.log, self.sensing.now, self._send, self._capacity)
        self._commands = Commands(self, self._stream)
        self.peripheral = Peripheral(
            name,
            link,
            model=f"simulated {kind.name.lower()}",
            bonds=bonds,
            passkey=passkey,
            info=self._info,
            obey=self._commands.obey,
            answered=self._commands.answered,
            left=self._commands.left,
            force_mn=self.sensing.force_mn,
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
            await asyncio.gather(life, off, return_exceptions=True)
        if not life.cancelled():
            life.result()  # raises what went wrong

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.peripheral.run(), name=f"radio of {self.name}")
            group.create_task(self._stream.run(), name=f"stream of {self.name}")
            if self._battery_s:
                group.create_task(self._drain(self._battery_s), name=f"battery of {self.name}")
            for number, play in enumerate(self._plays, 1):
                self.sensing.load(play)
                self.peripheral.show()
                if self._waits:
                    await self._stream.wanted.wait()
                self._observer(PlayStarted(self.name, self.boot_id, number, play, self._next_index))
                before = self.sent
                await self._sense()
                await self._end()
                self._observer(PlayEnded(self.name, self.boot_id, number, self.sent - before))
                await self.peripheral.hide()
                await self.clock.sleep(self.pause_s)
            self.done.set()

    async def _sense(self) -> None:
        sensing = self.sensing
        self.log.begin(self.boot_id, self._next_index, sensing.unit, sensing.exponent, sensing.period_ticks)
        async for raw, ticks in sensing.chunks(self._packet_s * self.clock.speed, self._capacity):
            self.log.append(raw, ticks)
            self._next_index += len(raw)
            self._stream.recorded(self._next_index)
            await self.peripheral.notify_force()

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

    # -- what its other halves ask

    def tick_of(self, index: int) -> int:
        """Tick of a sample that is in the log, or comes next."""
        session = self.log.running
        if session and index < session.end_index:
            return session.ticks[index - session.first_index]
        return self.sensing.next_tick

    def stored_capacity(self) -> int:
        """Samples that fit a packet of a stored session, whatever its kind."""
        return ForcePacket.capacity(self.peripheral.att_mtu - StoredPacket.HEADER.size, timed=True)

    def _capacity(self) -> int:
        return ForcePacket.capacity(self.peripheral.att_mtu, timed=not self.sensing.period_ticks)

    async def _send(self, packet: ForcePacket) -> None:
        await self.peripheral.notify(self.peripheral.force_stream, bytes(packet))

    def _info(self) -> bytes:
        sensing = self.sensing
        return bytes(ToolInfo(self.kind, self.boot_id, sensing.rate_hz, sensing.unit, simulated=True))
