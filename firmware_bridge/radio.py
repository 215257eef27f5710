"""One radio kept open: opened again whenever it is lost, and scanned anew when it has gone deaf."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from .adapter import OPEN_DEADLINE_S, Adapter, open_adapter
from .backoff import Backoff
from .bumble_radio import Passkey
from .clock import HostClock
from .errors import AdapterUnavailable

log = logging.getLogger(__name__)

#: Before a radio is opened again: at once is too soon for a daemon that restarts, and a parent who has
#: plugged an adapter in looks at the page for about ten seconds.
REOPEN_S: Final = 0.25
REOPEN_MAX_S: Final = 8.0

#: A radio that held so long was no flicker: the next loss starts with short pauses again.
STEADY_S: Final = 10.0

#: A scan in which nothing at all was heard for so long is started anew. In a quiet house that costs nothing;
#: where the radio is wedged it is what brings it back, or makes it say that it is gone.
RESCAN_S: Final = 60.0


class Radio:
    """One radio and what is heard on it.

    Parameters
    ----------
    name : str
        See `open_adapter`.
    heard : callable
        Told of each advertisement, with this radio.
    ours : callable
        Whether a device that is connected when the radio opens is a tool of this hub, to be let go.
    closing : callable
        Awaited before a radio that was open is closed, to end what uses it.
    bonds, passkey
        See `open_adapter`.

    Attributes
    ----------
    adapter : Adapter or None
        None while it is not open.
    failure : AdapterUnavailable or None
        Why it is not open.
    full_until_s : float
        It holds as many links as it can, and is not asked for another one before.
    most : int or None
        Links of this hub that it held when it last said that it is full; None if it never did.
    """

    def __init__(
        self,
        name: str,
        *,
        heard: Callable[["Radio", BLEDevice, AdvertisementData], None],
        ours: Callable[[BLEDevice], bool],
        closing: Callable[["Radio"], Awaitable[None]],
        clock: HostClock,
        bonds: Path | None = None,
        passkey: Passkey | None = None,
    ) -> None:
        self.name = name
        self.adapter: Adapter | None = None
        self.failure: AdapterUnavailable | None = None
        self.full_until_s = -math.inf
        self.most: int | None = None
        self._heard = heard
        self._ours = ours
        self._closing = closing
        self._clock = clock
        self._bonds = bonds
        self._passkey = passkey
        self._last_heard_s = 0.0

    async def run(self) -> None:
        """Keep it open until cancelled."""
        pauses = Backoff(REOPEN_S, REOPEN_MAX_S)
        while True:
            began_s, said = self._clock.monotonic_s(), str(self.failure)
            try:
                await self._use()
            except AdapterUnavailable as failure:
                self.failure = failure
            if self._clock.monotonic_s() - began_s > STEADY_S:
                pauses.reset()
                said = ""
            if str(self.failure) != said:  # once, not every eight seconds of a night without a radio
                log.warning("%s The hub goes on trying.", self.failure)
            await self._clock.sleep(pauses.failed())

    async def _use(self) -> None:
        async with open_adapter(self.name, bonds=self._bonds, passkey=self._passkey) as adapter:
            await adapter.release_stale(self._ours)
            async with adapter.listening(self._on_advertisement):
                self.adapter, self.failure, self.full_until_s = adapter, None, -math.inf
                log.info("radio %s open", self.name)
                try:
                    await self._stay(adapter)
                except AdapterUnavailable as failure:
                    self.failure = failure
                    raise
                finally:
                    self.adapter = None
                    await self._closing(self)

    async def _stay(self, adapter: Adapter) -> None:
        """Return never: raise when the radio is lost."""
        self._last_heard_s = self._clock.monotonic_s()
        lost = asyncio.ensure_future(adapter.lost.wait())
        try:
            while True:
                deaf_s = self._last_heard_s + RESCAN_S - self._clock.monotonic_s()
                if deaf_s <= 0:
                    await self._rescan(adapter)
                    deaf_s = RESCAN_S
                pause = asyncio.ensure_future(self._clock.sleep(deaf_s))
                try:
                    await asyncio.wait([lost, pause], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    pause.cancel()
                if lost.done():
                    raise adapter.failure
        finally:
            lost.cancel()

    async def _rescan(self, adapter: Adapter) -> None:
        self._last_heard_s = self._clock.monotonic_s()
        try:
            async with asyncio.timeout(OPEN_DEADLINE_S):
                await adapter.rescan()
        except TimeoutError:
            reason = f"it did not start a scan within {OPEN_DEADLINE_S:g} s"
            raise AdapterUnavailable(self.name, reason) from None

    def _on_advertisement(self, device: BLEDevice, data: AdvertisementData) -> None:
        self._last_heard_s = self._clock.monotonic_s()
        self._heard(self, device, data)
