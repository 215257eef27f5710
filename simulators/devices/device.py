"""A device of another maker: it senses plays at its own pace and tells them in its maker's words."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from random import Random
from typing import ClassVar, Final

import numpy as np
from bumble.gatt import Characteristic

from ...firmware_bridge.clock import HostClock
from ...firmware_bridge.profile import WireUnit
from ...firmware_bridge.samples import KGF_N, LBF_N, FloatArray
from ..gatt import VirtualDevice, writable
from ..plays import Play
from ..radio import VirtualLink
from ..tool import PlayEnded, PlayStarted

_IN_N: Final = {WireUnit.NEWTON: 1.0, WireUnit.KILOGRAM_FORCE: KGF_N, WireUnit.POUND_FORCE: LBF_N}


class SimulatedDevice(ABC):
    """One life of one device, from power-on; see `SimulatedTool`, whose parameters it shares.

    It wakes for each play, and the play begins when a hub starts the stream. The sensor is sampled at the
    device's own rate. Devices of other makers have no word for the end of a session: they switch off.

    Parameters
    ----------
    name : str
        Advertised name; by default the maker's.

    Attributes
    ----------
    driver : str
        Name of the driver that reads it.
    default_name : str
        As such devices are called.
    data : bumble.gatt.Characteristic
        Where it notifies samples.
    rate_hz : float
        Samples per second.
    batch : int
        Samples in one packet.
    per_n, zero : float
        What its driver makes of each newton, and of none, in the driver's unit.
    resolution : float
        Step of its values, in the driver's unit: a true value is off by half of it at most.
    writes : list of (str, bytes)
        All that hubs wrote: characteristic and value.
    harm : list of str
        Writes that no automatic code may ever send: calibration, restart, update, power-off, or nonsense.
    """

    driver: ClassVar[str]
    default_name: ClassVar[str]
    data: Characteristic[bytes]
    rate_hz: float
    batch: int = 1
    per_n: float = 1.0
    zero: float = 0.0
    resolution: float

    def __init__(
        self,
        name: str,
        plays: Iterable[Play],
        *,
        link: VirtualLink,
        clock: HostClock,
        pause_s: float = 5.0,
        drop: float = 0.0,
        seed: int = 0,
        observer: Callable[[PlayStarted | PlayEnded], None] = lambda _: None,
    ) -> None:
        self.name = name or self.default_name
        self.boot_id = 0  # nothing of the kind on the wire
        self.sent = 0
        self.done = asyncio.Event()
        self.writes: list[tuple[str, bytes]] = []
        self.harm: list[str] = []
        self.clock = clock
        self._plays = plays
        self.pause_s = pause_s
        self._drop = drop
        self._random = Random(f"{seed} {name}")  # noqa: S311 - repeatable, not secret
        self._observer = observer
        self._powered_on_s = clock.monotonic_s()
        self._wanted = asyncio.Event()
        self._zero_n = self._level_n = 0.0
        self._sensed = 0
        self.radio = self.make_radio(link)

    @abstractmethod
    def make_radio(self, link: VirtualLink) -> VirtualDevice:
        """Make its radio half; one with GATT sets `data` and passes `left`."""

    @abstractmethod
    def packet(self, force_n: FloatArray, device_s: FloatArray) -> bytes:
        """Say some samples (at most `batch`), tared, as one packet; times are since power-on."""

    async def send(self, packet: bytes) -> None:
        """Hand a packet with samples to the radio."""
        await self.radio.notify(self.data, packet)

    def control(self, uuid: str) -> Characteristic[bytes]:
        """Make a characteristic whose writes are noted and obeyed."""

        def written(data: bytes) -> None:
            self.writes.append((uuid, data))
            if not self.obey(uuid, data):
                self.harm.append(f"{data.hex(' ')} to {uuid}")

        return writable(uuid, written)

    def obey(self, uuid: str, data: bytes) -> bool:
        """Do what a hub wrote; False for whatever no automatic code may ever write."""
        return False

    def stream(self, wanted: bool) -> None:
        """Start or stop the stream."""
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()

    def left(self) -> None:
        """The hub is gone."""
        self.stream(False)

    def tare(self) -> None:
        """Take the present level as zero."""
        self._zero_n = self._level_n

    async def run(self) -> None:
        """Live; being cancelled is power-off."""
        async with asyncio.TaskGroup() as group:
            radio = group.create_task(self.radio.run(), name=f"radio of {self.name}")
            for number, play in enumerate(self._plays, 1):
                force_n, t_s = self._sensor(play)
                self._level_n = float(force_n[0])
                self.radio.show()
                await self._wanted.wait()
                self._observer(PlayStarted(self.name, self.boot_id, number, play, self._sensed))
                before = self.sent
                await self._sense(force_n, t_s)
                self._observer(PlayEnded(self.name, self.boot_id, number, self.sent - before))
                await self.radio.hide()
                await self.clock.sleep(self.pause_s)
            self.done.set()
            await radio

    def _sensor(self, play: Play) -> tuple[FloatArray, FloatArray]:
        if play.unit not in _IN_N:
            raise ValueError(f"{self.driver} senses force, and {play.label} is in {play.unit.name}")
        t_s = np.arange(int(play.duration_s * self.rate_hz + 1e-9) + 1) / self.rate_hz
        return np.interp(t_s, play.t_s, play.values) * _IN_N[play.unit], t_s

    async def _sense(self, force_n: FloatArray, t_s: FloatArray) -> None:
        device_s = t_s + self._now_s()
        for start in range(0, len(force_n), self.batch):
            chosen = slice(start, start + self.batch)
            await self.clock.sleep(max(0.0, float(device_s[chosen][-1]) - self._now_s()))
            self._level_n = float(force_n[chosen][-1])
            n = len(force_n[chosen])
            self._sensed += n
            if self._wanted.is_set():
                self.sent += n
                packet = self.packet(force_n[chosen] - self._zero_n, device_s[chosen])
                if self._random.random() >= self._drop:
                    await self.send(packet)

    def _now_s(self) -> float:
        return self.clock.monotonic_s() - self._powered_on_s
