"""A captured tool on the virtual radio: it says again what it said, in answer to what it is asked."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bumble import att
from bumble.gatt import Characteristic, CharacteristicValue

from ..firmware_bridge import profile
from ..firmware_bridge.capture import OWN, Capture, Event, What
from ..firmware_bridge.clock import HostClock
from ..firmware_bridge.errors import PacketError
from ..firmware_bridge.packets import ToolInfo
from .gatt import Advert, VirtualDevice, as_uuid
from .radio import VirtualLink

#: A hub that scans has heard a tool after so long, in real seconds.
FOUND_S: Final = 1.0
#: After its last word, in real seconds: what is on its way arrives.
GONE_S: Final = 1.0

_REPORT: Final = bytes([profile.Opcode.REPORT])
_P, _M = Characteristic.Properties, att.Attribute.Permissions
_ABLE: Final = {
    "read": _P.READ,
    "write": _P.WRITE,
    "write-without-response": _P.WRITE_WITHOUT_RESPONSE,
    "notify": _P.NOTIFY,
    "indicate": _P.INDICATE,
}


class CapturedTool:
    """A tool that repeats a capture to whoever connects, and then goes away.

    What followed an action of the hub, a write or a subscription, follows it again at the same distance;
    where an action came several times, the answers come in that order and the last is kept. Any hub may read
    it: the bond was the recorded tool's.

    Parameters
    ----------
    capture : Capture
    link : VirtualLink
    clock : HostClock
        Time in which it is repeated.

    Attributes
    ----------
    done : asyncio.Event
        Its last word has been said.
    """

    def __init__(self, capture: Capture, link: VirtualLink, clock: HostClock) -> None:
        self.done = asyncio.Event()
        self._capture = capture
        self._clock = clock
        self._reads = {e.uuid: self._marked(e) for e in reversed(capture.events) if e.what is What.READ}
        self._turns = _turns(capture.events)
        self._speaking: set[asyncio.Task[None]] = set()
        self._last = next((e for e in reversed(capture.events) if e.what in _WORDS), None)
        self._voices: dict[str, Characteristic[bytes]] = {}
        # a hub would ask for what the tool recorded alone, and a capture of a stream has no answer
        unasked = (
            () if (What.WRITE, profile.CONTROL_POINT, _REPORT) in self._turns else (profile.STORED_DATA,)
        )
        services = {
            service: [self._characteristic(*each) for each in characteristics if each[0] not in unasked]
            for service, characteristics in capture.services.items()
            if as_uuid(service) not in _BUMBLES_OWN
        }
        self._advert = Advert(capture.name, capture.service_uuids, connectable=bool(services))
        self.radio = VirtualDevice(capture.name, link, self._advert, services, left=self._hush)

    async def run(self) -> None:
        """Live; being cancelled is power-off."""
        self.radio.show()
        try:
            async with asyncio.TaskGroup() as group:
                radio = group.create_task(self.radio.run())
                if not self._capture.services:
                    await self._tell_everybody()
                await self.done.wait()
                await asyncio.sleep(GONE_S)
                await self.radio.hide()
                await radio
        finally:
            self._hush()

    async def _tell_everybody(self) -> None:
        said = [event for event in self._capture.events if event.what is What.ADVERTISE]
        for event in said[:1]:
            await self._say(event)
            await self._clock.sleep(FOUND_S * self._clock.speed)
        await self._speak(said)

    def _characteristic(self, uuid: str, able: Sequence[str]) -> Characteristic[bytes]:
        properties = _P(0)
        for name in able:
            properties |= _ABLE.get(name, _P(0))
        value = CharacteristicValue(
            read=lambda _: self._reads.get(uuid, b""),
            write=lambda _, data: self._asked(What.WRITE, uuid, data),
        )
        made: Characteristic[bytes] = Characteristic(
            as_uuid(uuid), properties, _M.READABLE | _M.WRITEABLE, value
        )
        made.on(
            made.EVENT_SUBSCRIPTION,
            lambda _, notify, indicate: self._asked(What.SUBSCRIBE, uuid) if notify or indicate else None,
        )
        if properties & (_P.NOTIFY | _P.INDICATE):
            self._voices[uuid] = made
        return made

    def _asked(self, what: What, uuid: str, data: bytes = b"") -> None:
        turns = self._turns.get((what, uuid, bytes(data[:1])))
        if not turns and self._capture.driver == OWN and what is What.WRITE and uuid == profile.CONTROL_POINT:
            # a hub of today may say what that of the capture did not, such as the time: never mind
            turns = deque([[Event(0.0, What.NOTIFY, uuid, bytes([profile.Opcode.RESPONSE, *data[:1], 0]))]])
        if turns:
            task = asyncio.create_task(self._speak(turns.popleft() if len(turns) > 1 else turns[0]))
            self._speaking.add(task)
            task.add_done_callback(self._speaking.discard)

    async def _speak(self, events: Sequence[Event]) -> None:
        if not events:
            return
        began_s, first_s = self._clock.monotonic_s(), events[0].t_s
        for event in events:
            late_s = event.t_s - first_s - (self._clock.monotonic_s() - began_s)
            await self._clock.sleep(max(0.0, late_s))
            await self._say(event)
            if event is self._last:
                self.done.set()

    async def _say(self, event: Event) -> None:
        if event.what is What.ADVERTISE:
            self.radio.advertise(replace(self._advert, manufacturer=(int(event.uuid), event.data)))
        elif event.what is What.NOTIFY and (voice := self._voices.get(event.uuid)):
            if voice.properties & _P.INDICATE:
                if self.radio.connection:
                    await self.radio.bumble.indicate_subscriber(self.radio.connection, voice, event.data)
            else:
                await self.radio.notify(voice, event.data)

    def _hush(self) -> None:
        for task in self._speaking:
            task.cancel()

    def _marked(self, event: Event) -> bytes:
        """Say of a tool of ours that it is simulated now, whatever it was."""
        if self._capture.driver == OWN and event.uuid == profile.TOOL_INFO:
            try:
                return bytes(replace(ToolInfo.from_bytes(event.data), simulated=True))
            except PacketError:
                pass
        return event.data


_WORDS: Final = frozenset({What.NOTIFY, What.ADVERTISE})
#: Bumble offers these by itself.
_BUMBLES_OWN: Final = (
    as_uuid("00001800-0000-1000-8000-00805f9b34fb"),
    as_uuid("00001801-0000-1000-8000-00805f9b34fb"),
)


def _turns(events: Sequence[Event]) -> dict[tuple[What, str, bytes], deque[list[Event]]]:
    """What followed each action of the hub, by characteristic and the first byte of what was written."""
    turns: dict[tuple[What, str, bytes], deque[list[Event]]] = defaultdict(deque)
    current: list[Event] = []
    for event in events:
        if event.what in {What.WRITE, What.SUBSCRIBE}:
            current = [event]
            turns[event.what, event.uuid, event.data[:1]].append(current)
        elif event.what is What.NOTIFY:
            current.append(event)
    return dict(turns)
