"""Recording a capture: a radio that writes down all that one tool says."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from .adapter import Adapter
from .capture import OWN, Capture, Event, Mask, What, services_of
from .clock import HostClock
from .discovery import Advertisement
from .drivers.registry import client_for, driver_for
from .playback import play_back
from .tool import ToolClient


class Recorder:
    """Records one tool, whoever reads it.

    Parameters
    ----------
    device, advertisement
        As the adapter's scanner told them.
    adapter : Adapter
        The radio on which it was heard.
    clock : HostClock
        Time of arrival.

    Raises
    ------
    UnsupportedTool
        If it looks like two tools at once.
    """

    def __init__(
        self, device: BLEDevice, advertisement: Advertisement, adapter: Adapter, clock: HostClock
    ) -> None:
        driver = None if advertisement.is_grip_tool else driver_for(advertisement)
        self._mask = Mask(device.address, driver)
        self._clock = clock
        self._began_s = clock.monotonic_s()
        self._events: list[Event] = []
        self._capture = Capture(
            driver=driver.name if driver else OWN,
            name=self._mask.name(advertisement),
            service_uuids=tuple(sorted(advertisement.service_uuids)),
            simulated=adapter.simulated,
        )
        self._client = client_for(device, advertisement, _Tapped(adapter, self), clock=clock)

    @property
    def client(self) -> ToolClient | None:
        """The tool, to be used as ever; None if it is no tool."""
        return self._client

    def capture(self) -> Capture:
        """What was recorded so far, and what comes of it."""
        capture = replace(self._capture, events=tuple(self._events))
        return replace(capture, summary=play_back(capture).summary())

    def tell(self, what: What, uuid: str, data: bytes = b"") -> None:
        """Write something down."""
        now_s = round(self._clock.monotonic_s() - self._began_s, 6)
        self._events.append(Event(now_s, what, uuid, self._mask.value(uuid, data)))

    def found(self, client: BleakClient) -> None:
        """Write down what a connected tool offers."""
        self._capture = replace(self._capture, services=services_of(client.services))


class _Tapped(Adapter):
    """The same radio, with somebody who listens in."""

    def __init__(self, adapter: Adapter, recorder: Recorder) -> None:
        vars(self).update(vars(adapter))  # its lock and its scanner are those of the radio
        self._recorder = recorder

    async def connect(
        self, device: BLEDevice, disconnected: Callable[[BleakClient], None] | None = None
    ) -> BleakClient:
        client = await super().connect(device, disconnected)
        self._recorder.found(client)
        return cast(BleakClient, _TappedClient(client, self._recorder))

    def advertisements(self, address: str) -> AbstractAsyncContextManager[AsyncIterator[AdvertisementData]]:
        return self._advertisements(address)

    @asynccontextmanager
    async def _advertisements(self, address: str) -> AsyncIterator[AsyncIterator[AdvertisementData]]:
        async with super().advertisements(address) as heard:
            yield self._noted(heard)

    async def _noted(self, heard: AsyncIterator[AdvertisementData]) -> AsyncIterator[AdvertisementData]:
        async for data in heard:
            for company, payload in data.manufacturer_data.items():
                self._recorder.tell(What.ADVERTISE, str(company), payload)
            yield data


class _TappedClient:
    """A connected `BleakClient` with somebody who listens in."""

    def __init__(self, client: BleakClient, recorder: Recorder) -> None:
        self._client = client
        self._recorder = recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **options: Any) -> bytearray:
        data = await self._client.read_gatt_char(characteristic, **options)
        self._recorder.tell(What.READ, characteristic.uuid, bytes(data))
        return data

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: bytes, **options: Any
    ) -> None:
        self._recorder.tell(What.WRITE, characteristic.uuid, bytes(data))
        await self._client.write_gatt_char(characteristic, data, **options)

    async def start_notify(
        self,
        characteristic: BleakGATTCharacteristic,
        received: Callable[[BleakGATTCharacteristic, bytearray], None],
        **options: Any,
    ) -> None:
        def heard(sender: BleakGATTCharacteristic, data: bytearray) -> None:
            self._recorder.tell(What.NOTIFY, characteristic.uuid, bytes(data))
            received(sender, data)

        self._recorder.tell(What.SUBSCRIBE, characteristic.uuid)
        await self._client.start_notify(characteristic, heard, **options)
