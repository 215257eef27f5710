"""Every tool of this hub kept connected, on one radio or several, whatever happens to either."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from .bumble_radio import Passkey
from .clock import HostClock
from .discovery import Advertisement
from .drivers.registry import client_for
from .ear import Feed
from .errors import GripError, NoFreeSlot, ToolHeld, UnsupportedTool
from .heard import Heard, Neighbour, Neighbourhood, Sighting
from .link_state import LinkLog, LinkPhase
from .radio import Radio
from .tool import ToolClient
from .tool_link import ToolLink

log = logging.getLogger(__name__)

#: With several radios, or several devices that claim to be one tool, it is listened for so long before one is
#: chosen: three advertisements of a tool that sends ten a second.
CHOOSE_S: Final = 0.3
#: What a radio last heard within so long counts as a way to the tool: three of one that sends one a second.
FRESH_S: Final = 3.0
#: The radio that a tool had last keeps it unless another one hears it so much better: fading makes 6 dB.
HYSTERESIS_DB: Final = 6.0

#: Until a tool notices that its link is gone it goes on saying that it is held: by then at the latest it has
#: (Core Specification, Vol 4 Part E, 7.8.12: hosts ask for a supervision timeout of some seconds).
HELD_GRACE_S: Final = 8.0

#: A tool not heard for so long is away. Only then may a device of another address that claims to be it be
#: tried: a tool may change its address when it is reset, and sooner it would be somebody who plays the tool.
AWAY_S: Final = 15.0
#: A device not heard for so long is forgotten.
FORGET_S: Final = 600.0

#: A radio that was full is asked again after so long; something else on this machine may have used it.
FULL_S: Final = 30.0

#: How often it is looked at what falls silent.
TICK_S: Final = 1.0

Serve = Callable[[ToolClient], Awaitable[None]]
Wanted = Callable[[Advertisement], str | None]


class LinkSupervisor:
    """Connects to every wanted tool that is heard, and again after every loss.

    Parameters
    ----------
    radios : sequence of str
        See `open_adapter`. A tool heard by several is connected by the one that is bonded with it, has room
        and hears it best.
    serve : callable
        Is given a connected tool, and uses it until it says that it sleeps, or raises.
    wanted : callable
        Under which tool id a device is used here; None to leave it alone.
    log : LinkLog
        Takes every change, in words.
    clock : HostClock
        Real time: radios know no other.
    sample_clock : HostClock, optional
        By which the arrival of samples is timed, if it is another one: a replay's runs faster.
    bonds : Path, optional
        Folder for keys, as for `open_adapter`; the first radio has it, further ones a folder in it each.
    passkey : callable, optional
        As for `open_adapter`.

    Attributes
    ----------
    radios : tuple of Radio
    log : LinkLog
    """

    def __init__(
        self,
        radios: Sequence[str],
        *,
        serve: Serve,
        wanted: Wanted,
        log: LinkLog,
        clock: HostClock,
        sample_clock: HostClock | None = None,
        bonds: Path | None = None,
        passkey: Passkey | None = None,
    ) -> None:
        self.log = log
        self.radios = tuple(
            Radio(
                name,
                heard=self._on_advertisement,
                ours=self._is_ours,
                closing=self._on_closing,
                clock=clock,
                bonds=bonds / f"radio{n}" if bonds and n else bonds,
                passkey=passkey,
            )
            for n, name in enumerate(radios)
        )
        self._sample_clock = sample_clock or clock
        self._serve = serve
        self._wanted = wanted
        self._clock = clock
        self._neighbours = Neighbourhood(wanted)
        self._tools: dict[str, ToolLink] = {}
        self._holds: Counter[str] = Counter()
        self._followers: list[Feed[Heard]] = []

    async def run(self) -> None:
        """Serve until cancelled; then release every tool, so that a phone can have it.

        Releasing waits for radios that do not answer; being cancelled again shortens that.
        """
        tasks = [asyncio.create_task(radio.run(), name=radio.name) for radio in self.radios]
        tasks.append(asyncio.create_task(self._tick(), name="silences"))
        try:
            # not gather: it would cancel them first, and what follows would interrupt them while they release
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # none of them ends by itself: raises what went wrong
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # -- for others

    def heard(self) -> list[Heard]:
        """Every device heard lately, wanted or not, strongest first."""
        found = [heard for neighbour in self._neighbours if (heard := neighbour.heard())]
        return sorted(found, key=lambda heard: -heard.advertisement.rssi_dbm)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[AsyncIterator[Heard]]:
        """Follow all advertisements; a reader that is too slow loses the oldest."""
        feed: Feed[Heard] = Feed()
        self._followers.append(feed)
        try:
            yield feed.read()
        finally:
            self._followers.remove(feed)

    @asynccontextmanager
    async def hold(self, address: str) -> AsyncIterator[None]:
        """Have a device to oneself: its link is ended and not made again meanwhile.

        To connect to it, make a client on the adapter that hears it (`Heard.adapter`): an adapter makes one
        link at a time, whoever asks.
        """
        self._holds[address] += 1
        try:
            for tool in tuple(self._tools.values()):
                if tool.task and tool.neighbour and tool.neighbour.address == address:
                    tool.task.cancel()
                    await asyncio.wait([tool.task])
                    tool.note(LinkPhase.WAITING, "The tool is being paired.")
            yield
        finally:
            self._holds[address] -= 1
            if not self._holds[address]:
                del self._holds[address]
            if neighbour := self._neighbours.get(address):
                neighbour.start_over()
                for sighting in neighbour.sightings.values():
                    sighting.bonded = None

    def clients(self) -> Mapping[str, ToolClient]:
        """Connected tools by tool id, to let them blink or ask their battery."""
        return {tool.tool_id: tool.client for tool in self._tools.values() if tool.client}

    def links_of(self, radio: Radio) -> int:
        """How many tools are connected through a radio."""
        return sum(tool.client is not None and tool.radio is radio for tool in self._tools.values())

    def found_full(self, radio: Radio) -> None:
        """Take note that a radio holds as many links as it can."""
        radio.full_until_s = self._clock.monotonic_s() + FULL_S
        radio.most = self.links_of(radio)

    def reconsider(self) -> None:
        """Ask `wanted` anew about every device: a tool was paired, or is forgotten."""
        self._neighbours.reconsider()
        for tool in self._tools.values():
            if tool.task and tool.neighbour and tool.neighbour.tool_id != tool.tool_id:
                tool.task.cancel()

    # -- hearing

    def _on_advertisement(self, radio: Radio, device: BLEDevice, data: AdvertisementData) -> None:
        now_s = self._clock.monotonic_s()
        neighbour = self._neighbours.take(radio, device, data, now_s)
        if self._followers and radio.adapter:
            heard = Heard(device, Advertisement.of(device, data), radio.adapter, now_s, neighbour.tool_id)
            for feed in self._followers:
                feed.put(heard)
        if neighbour.tool_id is None:
            return
        tool = self._tools.get(neighbour.tool_id)
        if tool is None:
            tool = self._tools[neighbour.tool_id] = ToolLink(neighbour.tool_id, self.log, self._clock, now_s)
        tool.heard_s = now_s
        if tool.task is None and self._is_due(tool, neighbour, now_s):
            tool.task = asyncio.create_task(self._attend(tool), name=f"link of {tool.tool_id}")

    def _is_due(self, tool: ToolLink, neighbour: Neighbour, now_s: float) -> bool:
        if now_s < neighbour.not_before_s or neighbour.address in self._holds:
            return False
        home = self._neighbours.get(tool.home)
        if home and home is not neighbour and home.tool_id == tool.tool_id and now_s - home.at_s < AWAY_S:
            return False  # another device that claims to be it, and it is there itself
        if neighbour.advertisement.held:
            if now_s - tool.ended_s > HELD_GRACE_S:
                tool.say_once(ToolHeld(tool.tool_id))
            return False
        if all(now_s < sighting.radio.full_until_s for sighting in neighbour.sightings.values()):
            tool.say_once(NoFreeSlot(neighbour.best().radio.name))
            return False
        return True

    def _is_ours(self, device: BLEDevice) -> bool:
        """Whether a device is wanted that is connected, so that it does not advertise."""
        properties = device.details.get("props", {}) if isinstance(device.details, dict) else {}
        data = AdvertisementData(device.name, {}, {}, properties.get("UUIDs", []), None, 0, ())
        return self._wanted(Advertisement.of(device, data)) is not None

    # -- linking

    async def _attend(self, tool: ToolLink) -> None:
        """Have one link with a tool, from choosing a radio to its end."""
        try:
            if await self._link_somewhere(tool):
                tool.settle()
                tool.note(LinkPhase.ASLEEP)
        except asyncio.CancelledError:
            if tool.ending is None:
                tool.note(LinkPhase.AWAY, "The hub let it go.")
                raise
            tool.fail(tool.ending)
        except GripError as error:
            tool.fail(error)
        except Exception as error:  # a fault of ours with one tool must not end the others' exercise
            log.exception("Tool %s is left alone for a while after an error in the hub.", tool.tool_id)
            tool.previous = None  # it may be what was carried over
            tool.fail(error)
        finally:
            tool.end()

    async def _link_somewhere(self, tool: ToolLink) -> bool:
        """Have a link by the best way that has room; returns whether there was any way."""
        full: NoFreeSlot | None = None
        while way := await self._choose(tool):
            try:
                await self._link(tool, *way)
            except NoFreeSlot as error:
                full = error
                self.found_full(way[1].radio)
            else:
                return True
        if full:
            raise full
        return False

    async def _choose(self, tool: ToolLink) -> tuple[Neighbour, Sighting] | None:
        """Find the way to a tool: the radio and, of several devices that claim to be it, the device."""
        claimants = [neighbour for neighbour in self._neighbours if neighbour.tool_id == tool.tool_id]
        if len(self.radios) > 1 or len(claimants) > 1:
            await self._clock.sleep(CHOOSE_S)
        now_s = self._clock.monotonic_s()
        ways = [
            (neighbour, sighting)
            for neighbour in claimants
            if self._is_due(tool, neighbour, now_s)
            for sighting in neighbour.sightings.values()
            if now_s - sighting.at_s < FRESH_S and now_s >= sighting.radio.full_until_s
        ]
        for _, sighting in ways:
            if sighting.bonded is None and sighting.radio.adapter:
                sighting.bonded = await sighting.radio.adapter.bonded(sighting.device)

        def merit(way: tuple[Neighbour, Sighting]) -> tuple[bool, float]:
            sighting = way[1]
            return bool(sighting.bonded), sighting.rssi_dbm + HYSTERESIS_DB * (sighting.radio is tool.radio)

        open_ways = [way for way in ways if way[1].radio.adapter]
        return max(open_ways, key=merit, default=None)

    async def _link(self, tool: ToolLink, neighbour: Neighbour, sighting: Sighting) -> None:
        adapter = sighting.radio.adapter
        assert adapter  # nothing was awaited since it was chosen
        tool.neighbour, tool.radio = neighbour, sighting.radio
        tool.say_turn(waiting=adapter.busy)
        adapter.turn = self._on_turn
        carried = tool.previous if tool.home == neighbour.address else None
        client = client_for(
            sighting.device,
            neighbour.advertisement,
            adapter,
            clock=self._sample_clock,
            previous=carried,
        )
        if client is None:
            raise UnsupportedTool(tool.tool_id, "no driver knows it")
        async with client:
            if client.tool.tool_id != tool.tool_id:  # its samples would go to another child
                raise UnsupportedTool(tool.tool_id, f"it calls itself {client.tool.tool_id} once connected")
            sighting.bonded = None  # pairing may have been part of it
            tool.begin(client)
            await self._serve(client)

    def _on_turn(self, address: str) -> None:
        for tool in self._tools.values():
            if tool.task and tool.neighbour and tool.neighbour.address == address:
                tool.say_turn(waiting=False)

    async def _on_closing(self, radio: Radio) -> None:
        tools = [tool for tool in self._tools.values() if tool.task and tool.radio is radio]
        for tool in tools:
            tool.ending = radio.failure  # none where the hub stops
        tasks = [tool.task for tool in tools if tool.task]
        for task in tasks:
            task.cancel()
        self._neighbours.lose(radio)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _tick(self) -> None:
        """Take note of what falls silent."""
        while True:
            await self._clock.sleep(TICK_S)
            now_s = self._clock.monotonic_s()
            for tool in self._tools.values():
                if tool.task:
                    if tool.neighbour:
                        tool.neighbour.at_s = now_s
                elif now_s - max(tool.heard_s, tool.ended_s) > AWAY_S:
                    failures = [radio.failure for radio in self.radios if radio.failure]
                    tool.say_away(failures[0] if len(failures) == len(self.radios) else None)
            self._neighbours.forget(now_s - FORGET_S)
