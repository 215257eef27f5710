"""A tool that is connected for the one who pairs it: to see it blink, to check it, to zero it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Final

from .candidates import OWN
from .clock import HostClock
from .discovery import Advertisement
from .errors import DeviceNotFound, GripError, ToolRefused
from .known import known_as
from .quiet_check import QUIET_S, QuietReport, judge
from .samples import SampleBlock
from .tool import ToolClient

#: Long enough to look from the screen to the shelf and back.
BLINK_S: Final = 15


class HeldTool:
    """A tool that is connected for the one who pairs it.

    Attributes
    ----------
    tool : ToolDescription
    capabilities : Capabilities
    title : str
        What a parent would call it.
    address : str
    kept : bool
        It stays paired when it is released.

    Raises
    ------
    CannotPair
        From every method, saying why and what to do.
    """

    def __init__(
        self,
        client: ToolClient,
        advertisement: Advertisement,
        explained: Callable[[], AbstractContextManager[None]],
        clock: HostClock,
    ) -> None:
        known = known_as(advertisement)
        self.tool = client.tool
        self.capabilities = client.capabilities
        # of ours only now is known which sort it is
        self.title = known.title if known and known.driver != OWN else f"GripHub {client.tool.kind}"
        self.address = advertisement.address
        self.kept = False
        self._client = client
        self._explained = explained
        self._clock = clock
        self._blinks = False

    async def blink(self) -> None:
        """Let it blink for a while; `ToolRefused` where it cannot, with the reason."""
        if not self.capabilities.identify:
            raise ToolRefused(self.tool.tool_id, "IDENTIFY", self.capabilities.because["identify"])
        with self._explained():
            await self._client.identify(BLINK_S)
            self._blinks = True

    async def hush(self) -> None:
        """Let it blink no longer."""
        if self._blinks:
            with suppress(GripError):
                await self._client.identify(1)  # the shortest there is

    async def tare(self) -> None:
        """Take the present level as zero; `ToolRefused` where it cannot, with the reason."""
        if not self.capabilities.tare:
            raise ToolRefused(self.tool.tool_id, "TARE", self.capabilities.because["tare"])
        with self._explained():
            await self._client.tare()

    async def quiet_check(self) -> QuietReport:
        """Look at it for `QUIET_S` while nobody touches it.

        A tool first sends what it sensed since it was last listened to. That may be from before a tare, or
        from a hand that has let go since: only what it senses from now on is judged.
        """
        blocks: list[SampleBlock] = []
        began_s = self._clock.utc_s()
        with self._explained(), suppress(TimeoutError):
            async with asyncio.timeout(QUIET_S):
                async for block in self._client.samples():
                    if not block.utc_s < began_s:  # nor where nobody knows when it was
                        blocks.append(block)  # noqa: PERF401 - a list made in one go would go with the timeout
                raise DeviceNotFound(self.tool.tool_id, QUIET_S)  # it said goodbye, and sleeps
        return judge(blocks, self.capabilities)

    def keep(self) -> None:
        """Let it stay paired when it is released."""
        self.kept = True
