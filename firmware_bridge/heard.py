"""What is heard around the hub: every device, on every radio, within bounds."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from .adapter import Adapter
from .backoff import Backoff
from .discovery import Advertisement, advertising_flags
from .radio import Radio

#: Devices remembered at a time; a house has some dozens. A hundred look-alikes cost no more than this.
MAX_DEVICES: Final = 250

#: Between the attempts at one device. The first is for a tool that is busy coming up. The longest, with
#: jitter, is the ten seconds after which somebody who squeezes a tool and looks at the page gives up.
RETRY_S: Final = 0.5
RETRY_MAX_S: Final = 8.0

#: A device that was silent for so long and is heard again was woken, or brought near: whatever was wrong with
#: it may be over. Even one that advertises once a second has been missed several times by then.
SILENCE_S: Final = 5.0

#: A device that somebody has done something about (its button was pressed, a phone let it go) is tried at
#: once, but not more often than so: whoever plays with these signs must not keep the radio busy.
NEWS_S: Final = 1.0

#: Weight of a new reading in a signal strength: of ten advertisements a second, half a second counts.
_SMOOTHING: Final = 0.2

#: What stacks report for "not known": 127 (Core Specification, Vol 4 Part E, 7.7.65.2), and bleak -127.
_UNKNOWN_DBM: Final = 127


@dataclass(frozen=True, slots=True)
class Heard:
    """A device as one radio hears it.

    Attributes
    ----------
    device : BLEDevice
        To connect to it, on `adapter`.
    advertisement : Advertisement
        Its last one.
    adapter : Adapter
        That hears it best.
    at_s : float
        When, in monotonic seconds of the supervisor's clock.
    tool_id : str or None
        The tool of this hub that it is; None for a stranger's.
    """

    device: BLEDevice
    advertisement: Advertisement
    adapter: Adapter
    at_s: float
    tool_id: str | None


@dataclass(slots=True)
class Sighting:
    """A device on one radio."""

    radio: Radio
    device: BLEDevice
    data: AdvertisementData
    at_s: float
    rssi_dbm: float
    bonded: bool | None = None  #: None: nobody has looked


@dataclass(slots=True)
class Neighbour:
    """A device, on all radios that hear it, and how it went with it."""

    address: str
    advertisement: Advertisement
    judged: tuple[object, ...]  #: by what it said it was last judged
    tool_id: str | None
    at_s: float  #: last heard
    sightings: dict[Radio, Sighting] = field(default_factory=dict)
    retries: Backoff = field(default_factory=lambda: Backoff(RETRY_S, RETRY_MAX_S))
    ended_s: float = -math.inf  #: of the last attempt or link
    not_before_s: float = -math.inf

    def heard(self) -> Heard | None:
        """As the radio hears it that hears it best, its strength smoothed; None if none is open."""
        if not self.sightings or (adapter := (best := self.best()).radio.adapter) is None:
            return None
        advertisement = replace(Advertisement.of(best.device, best.data), rssi_dbm=round(best.rssi_dbm))
        return Heard(best.device, advertisement, adapter, best.at_s, self.tool_id)

    def best(self) -> Sighting:
        """Where it is heard best."""
        return max(self.sightings.values(), key=lambda sighting: sighting.rssi_dbm)

    def start_over(self) -> None:
        """Forget what went wrong with it."""
        self.retries.reset()
        self.not_before_s = min(self.not_before_s, self.ended_s + NEWS_S)


class Neighbourhood:
    """Takes every advertisement; the way of those that say nothing new is short.

    Parameters
    ----------
    wanted : callable
        Under which tool id a device is used here; None for a stranger's.
    """

    def __init__(self, wanted: Callable[[Advertisement], str | None]) -> None:
        self._wanted = wanted
        self._devices: dict[str, Neighbour] = {}  # that heard of last as new stands last

    def __iter__(self) -> Iterator[Neighbour]:
        return iter(tuple(self._devices.values()))

    def get(self, address: str) -> Neighbour | None:
        """A device that was heard."""
        return self._devices.get(address)

    def take(self, radio: Radio, device: BLEDevice, data: AdvertisementData, now_s: float) -> Neighbour:
        """Take an advertisement."""
        neighbour = self._devices.get(device.address)
        if neighbour is None:
            neighbour = self._meet(device, data, now_s)
        elif now_s - max(neighbour.at_s, neighbour.ended_s) > SILENCE_S:
            neighbour.start_over()
        neighbour.at_s = now_s
        if (judged := _judged(data)) != neighbour.judged:
            self._judge(neighbour, device, data)
            neighbour.judged = judged
        sighting = neighbour.sightings.get(radio)
        if sighting is None:
            neighbour.sightings[radio] = Sighting(radio, device, data, now_s, data.rssi)
            return neighbour
        if abs(data.rssi) < _UNKNOWN_DBM:
            sighting.rssi_dbm += _SMOOTHING * (data.rssi - sighting.rssi_dbm)
        sighting.device, sighting.data, sighting.at_s = device, data, now_s
        return neighbour

    def reconsider(self) -> None:
        """Ask anew who is wanted."""
        for neighbour in self:
            neighbour.tool_id = self._wanted(neighbour.advertisement)
            neighbour.start_over()

    def lose(self, radio: Radio) -> None:
        """Forget what a radio heard that is gone."""
        for neighbour in self:
            neighbour.sightings.pop(radio, None)

    def forget(self, before_s: float) -> None:
        """Forget devices that were last heard before a moment."""
        for neighbour in self:
            if neighbour.at_s < before_s:
                del self._devices[neighbour.address]

    def _meet(self, device: BLEDevice, data: AdvertisementData, now_s: float) -> Neighbour:
        while len(self._devices) >= MAX_DEVICES:
            # strangers go first: whoever floods the house with new addresses must not push our tools out
            strangers = (address for address, known in self._devices.items() if known.tool_id is None)
            del self._devices[next(strangers, next(iter(self._devices)))]
        advertisement = Advertisement.of(device, data)
        tool_id = self._wanted(advertisement)
        neighbour = Neighbour(device.address, advertisement, _judged(data), tool_id, now_s)
        self._devices[device.address] = neighbour
        return neighbour

    def _judge(self, neighbour: Neighbour, device: BLEDevice, data: AdvertisementData) -> None:
        before, now = neighbour.advertisement, Advertisement.of(device, data)
        neighbour.advertisement = now
        neighbour.tool_id = self._wanted(now)
        if (now.pairing_mode and not before.pairing_mode) or (before.held and not now.held):
            neighbour.start_over()  # somebody has done something about it


def _judged(data: AdvertisementData) -> tuple[object, ...]:
    """By what a device is judged; the rest changes with every measurement."""
    return data.local_name, tuple(data.service_uuids), tuple(data.manufacturer_data), advertising_flags(data)
