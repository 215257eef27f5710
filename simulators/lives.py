"""One tool through its lives: power-off and power-on, and everything else that goes wrong with it."""

import asyncio
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Final

from ..firmware_bridge.clock import HostClock
from .devices import DEVICES, SimulatedDevice
from .disturbance import AIR_FAULTS, Disturbance
from .faults import Fault, FaultError, FaultKind
from .plans import ToolPlan
from .plays import Play
from .radio import VirtualLink
from .sensor import SENSOR_FAULTS, Sensor, ToolClock
from .tool import PlayEnded, PlayStarted, SimulatedTool
from .truth import Truth

#: How long a reset takes: a watchdog's, with the boot loader's wait.
REBOOT_S: Final = 0.5
#: As weak as a link still holds.
FAR_DBM: Final = -92
#: What a battery says that is neither new nor low.
CHARGED_PERCENT: Final = 87

_POWER: Final = frozenset({FaultKind.REBOOT, FaultKind.DEAD_BATTERY})
_BONDING: Final = frozenset({FaultKind.LOST_BOND, FaultKind.BUTTON})
#: What only a tool of ours can have.
_OURS: Final = SENSOR_FAULTS | _BONDING | {FaultKind.LOW_BATTERY}


class ToolLives:
    """A tool that can lose its power and get it back, with faults by plan and on demand.

    Parameters
    ----------
    plan : ToolPlan
        What it is, what it plays and what goes wrong.
    link : VirtualLink
        The air.
    clock : HostClock
        Of the simulation.
    seed : int
        Decides which packets suffer.
    memory : Path
        Folder that stands for the tool's flash: what it remembers without power.
    truth : Truth
        Told what truly happens.

    Attributes
    ----------
    name : str
    faults : dict of FaultKind to Fault
        What is wrong at present.
    done : asyncio.Event
        Nothing is left to play.
    """

    def __init__(
        self,
        plan: ToolPlan,
        *,
        link: VirtualLink,
        clock: HostClock,
        seed: int,
        memory: Path,
        truth: Truth,
    ) -> None:
        self.name = plan.name
        self.faults: dict[FaultKind, Fault] = {}
        self.done = asyncio.Event()
        self._plan = plan
        self._link = link
        self._clock = clock
        self._tool_clock = ToolClock(clock)
        self._sensor = Sensor(clock)
        self._memory = memory
        self._truth = truth
        self._disturbance = Disturbance(
            clock,
            f"{seed} {plan.name}",
            lambda mishap: truth.mishap(self.name, self._tool.boot_id, mishap),
            own=plan.device is None,
        )
        self._plays = iter(plan.plays)
        self._playing: tuple[PlayStarted, float] | None = None  # and when it began, by the tool's clock
        self._left: Play | None = None  # to be taken up again: a power failure came in between
        self._taken = asyncio.Event()  # a child has taken the tool into the hand
        self._off = asyncio.Event()
        self._power = asyncio.Event()
        self._power.set()
        self._ends: dict[FaultKind, asyncio.TimerHandle] = {}
        self._tool = self._boot()
        for fault in plan.faults:
            self.require(fault)

    async def run(self) -> None:
        """Live, life after life; being cancelled is power-off for good."""
        for fault in self._plan.faults:
            if fault.at_s is None:
                self.begin(fault)
        async with asyncio.TaskGroup() as group:
            for fault in self._plan.faults:
                if fault.at_s is not None:
                    group.create_task(self._at(fault, fault.at_s))
            while True:
                life = group.create_task(self._tool.run(), name=self.name)
                await self._off.wait()
                self._off.clear()
                life.cancel()
                await asyncio.wait({life})
                self._cut()
                await self._power.wait()
                self._tool = self._boot()
                self._show_battery()

    def require(self, fault: Fault) -> None:
        """Raise `FaultError` if this tool cannot have a fault."""
        if self._plan.device and fault.kind in _OURS:
            raise FaultError(str(fault), f"{self.name} is another maker's device, which cannot have it here")

    def begin(self, fault: Fault) -> None:
        """Let a fault happen now, for as long as it says; one of the same kind is replaced.

        Raises
        ------
        FaultError
            If this tool cannot have it; see `require`.
        """
        self.require(fault)
        kind = fault.kind
        self.end(kind)
        self.faults[kind] = fault
        self._truth.fault(self.name, self._tool.boot_id, fault, begins=True)
        if kind in AIR_FAULTS:
            self._link.disturbances[self.name] = self._disturbance
            self._disturbance.rates[kind] = fault.amount
        elif kind in SENSOR_FAULTS:
            self._sensor.begin(kind, fault.amount)
        elif kind is FaultKind.DRIFT:
            self._tool_clock.drift(fault.amount)
        elif kind is FaultKind.LOW_BATTERY:
            self._show_battery()
        elif kind is FaultKind.LINK_LOSS:
            self._link.take_away(self.name)
        elif kind is FaultKind.FAR:
            self._link.rssi_dbm[self.name] = FAR_DBM
        elif kind in _BONDING:
            self._bonding(kind)
        else:
            self._power.clear()
            self._off.set()
            if fault.for_s == inf:
                self.done.set()
        lasts_s = REBOOT_S if kind is FaultKind.REBOOT else fault.for_s
        if lasts_s < inf:
            later = asyncio.get_running_loop().call_later
            self._ends[kind] = later(lasts_s / self._clock.speed, self.end, kind)

    def end(self, kind: FaultKind) -> None:
        """Mend what is wrong; nothing happens where nothing is."""
        if timer := self._ends.pop(kind, None):
            timer.cancel()
        if (fault := self.faults.pop(kind, None)) is None:
            return
        if kind in AIR_FAULTS:
            del self._disturbance.rates[kind]
        elif kind in SENSOR_FAULTS:
            self._sensor.end(kind)
        elif kind is FaultKind.DRIFT:
            self._tool_clock.drift(0.0)
        elif kind is FaultKind.LOW_BATTERY:
            self._show_battery()
        elif kind is FaultKind.LINK_LOSS:
            self._link.bring_back(self.name)
        elif kind is FaultKind.FAR:
            del self._link.rssi_dbm[self.name]
        elif kind in _POWER and not self.faults.keys() & _POWER:
            self._power.set()
        self._truth.fault(self.name, self._tool.boot_id, fault, begins=False)

    def _bonding(self, kind: FaultKind) -> None:
        if not isinstance(self._tool, SimulatedTool):
            return
        if kind is FaultKind.BUTTON:
            self._tool.press_button()
        else:
            self._forgetting = asyncio.create_task(self._tool.peripheral.forget_bonds())

    async def _at(self, fault: Fault, at_s: float) -> None:
        await self._taken.wait()
        await self._clock.sleep(at_s)
        self.begin(fault)

    def _boot(self) -> SimulatedTool | SimulatedDevice:
        plan = self._plan
        if plan.device:
            return DEVICES[plan.device](
                plan.name,
                self._next_plays(),
                link=self._link,
                clock=self._tool_clock,
                pause_s=plan.pause_s,
                observer=self._on_play,
            )
        return SimulatedTool(
            plan.name,
            plan.kind,
            self._next_plays(),
            link=self._link,
            clock=self._tool_clock,
            pause_s=plan.pause_s,
            packet_s=plan.packet_s,
            sensor=self._sensor.read,
            waits=plan.waits,
            bonds=self._memory / f"{plan.name}.json",
            flash=self._memory / f"{plan.name}.flash",
            observer=self._on_play,
        )

    def _show_battery(self) -> None:
        low = self.faults.get(FaultKind.LOW_BATTERY)
        if isinstance(self._tool, SimulatedTool):
            self._tool.peripheral.battery_percent = round(100 * low.amount) if low else CHARGED_PERCENT

    def _next_plays(self) -> Iterator[Play]:
        if self._left:
            yield self._left
        for item in self._plays:
            self._left, self._tool.pause_s = item if isinstance(item, tuple) else (item, self._plan.pause_s)
            yield self._left
        self.done.set()

    def _cut(self) -> None:
        """Take note of how far a play had come when the power failed; the child goes on with the rest."""
        if self._playing is None:
            return
        (started, began_s), self._playing = self._playing, None
        sensed_s = self._tool_clock.monotonic_s() - began_s
        self._left = started.play.rest(sensed_s)
        self._truth.cut(started, sensed_s)

    def _on_play(self, event: PlayStarted | PlayEnded) -> None:
        self._truth.play(event)
        if isinstance(event, PlayEnded):
            self._playing = None
            return
        self._taken.set()
        self._left = None
        self._sensor.start(event.play)
        self._playing = event, self._tool_clock.monotonic_s()
