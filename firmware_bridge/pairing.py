"""Pairing as a parent does it: see what is near, let it blink, check it, take it in or let it go."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from typing import Final

from .candidates import Candidate, Digits, candidate_id
from .clock import HostClock
from .drivers.registry import client_for
from .errors import (
    BondLost,
    DeviceNotFound,
    GripError,
    NoFreeSlot,
    PairingRefused,
    ToolHeld,
    UnsupportedTool,
)
from .heard import Heard
from .held_tool import HeldTool
from .known import called, known_as
from .nearness import nearness
from .pairing_diagnosis import SILENT_S, CannotPair, LastHeard, PairingProblem, diagnose
from .supervisor import LinkSupervisor
from .tool import ToolClient

#: A tool that is awake advertises ten times a second, the slowest once, and a radio that is busy misses some.
FRESH_S: Final = 5.0


class PasskeyDesk:
    """Where a radio asks for a passkey, and whoever pairs is asked."""

    def __init__(self) -> None:
        self._waiting: dict[str, Digits] = {}
        self._asked: set[str] = set()

    @contextmanager
    def open(self, address: str, digits: Digits | None) -> Iterator[None]:
        """Let `digits` be asked while pairing with one tool."""
        self._asked.discard(address)
        if digits:
            self._waiting[address] = digits
        try:
            yield
        finally:
            self._waiting.pop(address, None)

    def asked(self, address: str) -> bool:
        """Whether a tool wanted digits when it was last paired with."""
        return address in self._asked

    async def ask(self, address: str) -> int:
        """Ask for the digits that a tool shows; raises `PairingRefused` if nobody gives any."""
        digits = self._waiting.get(address)
        if digits:
            self._asked.add(address)
            if (passkey := await digits()) is not None:
                return passkey
        raise PairingRefused(address, "nobody was there to type the digits that it shows")


class Pairing:
    """Pairs with what a supervisor hears.

    Parameters
    ----------
    supervisor : LinkSupervisor
        That runs; opened with `desk.ask` as its passkey.
    desk : PasskeyDesk
    clock : HostClock
        Of the supervisor.
    ours : callable
        Whether a tool, by id and address, is of this home.
    """

    def __init__(
        self,
        supervisor: LinkSupervisor,
        desk: PasskeyDesk,
        clock: HostClock,
        *,
        ours: Callable[[str, str], bool],
    ) -> None:
        self._supervisor = supervisor
        self._desk = desk
        self._clock = clock
        self._ours = ours

    def candidates(self, *, strangers: bool = False) -> list[Candidate]:
        """Tools heard lately, the nearest first; also devices that nobody here knows, if asked for.

        Raises
        ------
        CannotPair
            If no radio works.
        """
        self._require_radio()
        listed = map(self._candidate, self._supervisor.heard())
        return [candidate for candidate in listed if candidate.driver or strangers]

    @asynccontextmanager
    async def hold(
        self, candidate: str, *, digits: Digits | None = None, mend: bool = False
    ) -> AsyncIterator[HeldTool]:
        """Connect to a candidate and pair with it; leaving releases it, and unpairs unless it was kept.

        Parameters
        ----------
        candidate : str
            `Candidate.id`.
        digits : callable, optional
            Asks the parent for the six digits on the tool.
        mend : bool
            The parent agrees that a tool which was reset is paired anew.

        Raises
        ------
        CannotPair
            Saying why, and what to do.
        """
        self._require_radio()
        heard = self._find(candidate)
        address, name = heard.device.address, called(heard.advertisement)
        held: HeldTool | None = None
        async with self._supervisor.hold(address):
            try:
                async with AsyncExitStack() as stack:
                    with self._explained(address, name):
                        client = await self._connect(stack, address, name, digits)
                        if client is None and mend:
                            await self._unbond(address)
                            client = await self._connect(stack, address, name, digits)
                        if client is None:
                            raise BondLost(name)
                    held = HeldTool(
                        client, heard.advertisement, lambda: self._explained(address, name), self._clock
                    )
                    stack.push_async_callback(held.hush)
                    yield held
            finally:
                known = known_as(heard.advertisement)
                if not (held and held.kept) and not (known and self._ours(known.tool_id, address)):
                    await self._unbond(address)
        if held and held.kept:
            self._supervisor.reconsider()

    @asynccontextmanager
    async def aside(self, address: str) -> AsyncIterator[None]:
        """End the hub's link with a tool, for as long as something about its use changes."""
        async with self._supervisor.hold(address):
            yield

    async def forget(self, address: str) -> None:
        """Delete the key shared with a tool, and let the hub leave it alone."""
        async with self._supervisor.hold(address):
            await self._unbond(address)
        self._supervisor.reconsider()

    # -- inside

    async def _connect(
        self, stack: AsyncExitStack, address: str, name: str, digits: Digits | None
    ) -> ToolClient | None:
        """Connect to a tool and pair with it; None if it does not know our key any more."""
        heard = await self._fresh(address, name)
        known = known_as(heard.advertisement)
        if heard.advertisement.held:
            raise ToolHeld(name)
        client = client_for(heard.device, heard.advertisement, heard.adapter, clock=self._clock)
        if client is None or known is None:
            raise UnsupportedTool(name, "no driver knows it")
        with self._desk.open(address, digits):
            try:
                await stack.enter_async_context(client)
            except BondLost:
                return None
            except NoFreeSlot:
                for radio in self._supervisor.radios:
                    if radio.adapter is heard.adapter:
                        self._supervisor.found_full(radio)
                raise
            except PairingRefused:
                if self._desk.asked(address):
                    raise CannotPair(PairingProblem.PASSKEY_WRONG, name) from None
                raise
        if client.tool.tool_id != known.tool_id:
            raise UnsupportedTool(name, f"its serial number is {client.tool.tool_id}")
        return client

    async def _fresh(self, address: str, name: str) -> Heard:
        """Hear a tool once more: since it was listed it may have gone, or was connected to us."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FRESH_S), self._supervisor.following() as advertisements:
                async for heard in advertisements:
                    if heard.device.address == address:
                        return heard
        raise DeviceNotFound(name, FRESH_S)

    async def _unbond(self, address: str) -> None:
        for radio in self._supervisor.radios:
            if radio.adapter:
                with suppress(GripError):  # where there is no bond, there is none to delete
                    await radio.adapter.forget(address)

    def _require_radio(self) -> None:
        """Raise unless there is a radio to listen with."""
        radios = self._supervisor.radios
        failure = next((radio.failure for radio in radios if radio.failure), None)
        if failure and not any(radio.adapter for radio in radios):
            raise diagnose(failure, failure.adapter)

    def _find(self, candidate: str) -> Heard:
        for heard in self._supervisor.heard():
            if candidate_id(heard.device.address) == candidate:
                return heard
        raise CannotPair(PairingProblem.ASLEEP, "The tool")

    def _heard(self, address: str) -> Heard | None:
        return next((h for h in self._supervisor.heard() if h.device.address == address), None)

    @contextmanager
    def _explained(self, address: str, name: str) -> Iterator[None]:
        try:
            yield
        except GripError as error:
            last = None
            if heard := self._heard(address):
                last = LastHeard(self._clock.monotonic_s() - heard.at_s, heard.advertisement.rssi_dbm)
            raise diagnose(error, name, last) from error

    def _candidate(self, heard: Heard) -> Candidate:
        advertisement = heard.advertisement
        known = known_as(advertisement)
        return Candidate(
            id=candidate_id(advertisement.address),
            name=advertisement.name,
            title=known.title if known else "",
            tool_id=known.tool_id if known else "",
            driver=known.driver if known else "",
            nearness=nearness(advertisement.rssi_dbm),
            rssi_dbm=advertisement.rssi_dbm,
            pairing_mode=advertisement.pairing_mode,
            held=advertisement.held,
            ours=known is not None and self._ours(known.tool_id, advertisement.address),
            silent=self._clock.monotonic_s() - heard.at_s > SILENT_S,
        )
