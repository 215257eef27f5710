"""The hub's radio: this machine's Bluetooth, or a Bumble controller behind the same bleak objects."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bleak import BleakAdapter, BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementDataCallback
from bleak.exc import BleakError
from bumble.core import BaseBumbleError

from .bumble_backend import BumbleClient, BumbleScanner
from .bumble_radio import BumbleRadio
from .errors import AdapterUnavailable

if sys.platform == "linux":
    from .bluez_agent import pairing_agent

SYSTEM = "system"  #: this machine's own Bluetooth, through whatever bleak finds

#: How long a radio may take to come up: a controller resets within a fraction of this.
OPEN_DEADLINE_S = 5.0


class Adapter:
    """Makes bleak scanners and clients for one radio; get one from `open_adapter`.

    Attributes
    ----------
    radio : str
        ``system``, or the Bumble transport moniker.
    lost : asyncio.Event
        Set when the radio itself is gone for good, so that a new adapter must be opened. Never set for
        ``system``, where calls fail instead.
    """

    def __init__(self, radio: str, bumble: BumbleRadio | None = None) -> None:
        self.radio = radio
        self.lost = bumble.lost if bumble else asyncio.Event()
        self._connecting = asyncio.Lock()
        self._bumble = bumble

    def scanner(
        self, detected: AdvertisementDataCallback | None = None, service_uuids: list[str] | None = None
    ) -> BleakScanner:
        """Make a scanner; its `start` and `stop` raise `AdapterUnavailable` where bleak's own would raise."""
        return _Scanner(self.radio, detected, service_uuids, **self._backend(BumbleScanner))

    def client(
        self, device: BLEDevice, disconnected: Callable[[BleakClient], None] | None = None, **kwargs: Any
    ) -> BleakClient:
        """Make a client for a tool that was found on this radio; keyword arguments are bleak's."""
        return BleakClient(device, disconnected, **kwargs, **self._backend(BumbleClient))

    @asynccontextmanager
    async def connecting(self, device: BLEDevice) -> AsyncIterator[None]:
        """Have the radio to oneself while connecting to a tool and pairing with it.

        Radios make one link at a time (bleak #1036, #1689).

        Raises
        ------
        AdapterUnavailable
            If the radio cannot pair.
        """
        async with self._connecting:
            if sys.platform == "linux" and self._bumble is None:
                async with pairing_agent(device.address):
                    yield
            else:
                yield

    async def forget(self, device: BLEDevice) -> None:
        """Delete the bond with a tool, so that the next connection pairs anew.

        Raises
        ------
        AdapterUnavailable
            If the radio does not do so.
        """
        try:
            await self.client(device).unpair()
        except (BleakError, OSError) as error:
            raise AdapterUnavailable(self.radio, str(error)) from error

    def _backend(self, backend: type) -> dict[str, Any]:
        return {"backend": backend, "bumble": self._bumble} if self._bumble else {}


class _Scanner(BleakScanner):
    def __init__(self, radio: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._radio = radio

    async def start(self) -> None:
        try:
            await super().start()
        except (BleakError, OSError) as error:
            raise AdapterUnavailable(self._radio, str(error)) from error

    async def stop(self) -> None:
        try:
            await super().stop()
        except (BleakError, OSError) as error:
            raise AdapterUnavailable(self._radio, str(error)) from error


@asynccontextmanager
async def open_adapter(radio: str = SYSTEM, *, bonds: Path | None = None) -> AsyncIterator[Adapter]:
    """Open a radio.

    Parameters
    ----------
    radio : str
        ``system``, or a Bumble HCI transport such as ``unix:/run/radio`` or ``tcp-client:localhost:9000``.
    bonds : Path, optional
        Folder for the keys of bonded tools. Without it a Bumble radio forgets them on closing; the system
        keeps its own.

    Raises
    ------
    AdapterUnavailable
        If there is no such radio.
    """
    if radio == SYSTEM:
        await _require_bluetooth()
        yield Adapter(radio)
        return
    opening = BumbleRadio.open(radio, bonds)
    try:
        async with asyncio.timeout(OPEN_DEADLINE_S):
            bumble = await opening.__aenter__()
    except TimeoutError:
        raise AdapterUnavailable(radio, f"it did not answer within {OPEN_DEADLINE_S:g} s") from None
    except (OSError, ValueError, BaseBumbleError, BleakError) as error:
        raise AdapterUnavailable(radio, str(error)) from error
    try:
        yield Adapter(radio, bumble)
    finally:
        await opening.__aexit__(None, None, None)


async def _require_bluetooth() -> None:
    try:
        await BleakAdapter.get()
    except NotImplementedError:
        return  # not on Linux: the first scan tells
    except (BleakError, OSError) as error:
        raise AdapterUnavailable(SYSTEM, str(error)) from error
