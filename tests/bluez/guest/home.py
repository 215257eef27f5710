"""A tool under the hub's supervisor, and the pairing that a parent does meanwhile."""

import asyncio

from griphub.firmware_bridge.candidates import candidate_id
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.link_state import LinkLog, LinkPhase, LinkState
from griphub.firmware_bridge.pairing import Pairing, PasskeyDesk
from griphub.firmware_bridge.samples import SampleBlock
from griphub.firmware_bridge.stream import StreamAssembler
from griphub.firmware_bridge.supervisor import LinkSupervisor
from griphub.firmware_bridge.tool import ToolClient


class Home:
    """Serves one tool on this machine's Bluetooth, until it says that it sleeps.

    Attributes
    ----------
    blocks : list of SampleBlock
        What came of it, over all links.
    assembler : StreamAssembler
        Counted them.
    """

    assembler: StreamAssembler

    def __init__(self, tool: str) -> None:
        self.blocks: list[SampleBlock] = []
        self._tool = tool
        self._states: asyncio.Queue[LinkState] = asyncio.Queue()
        self._slept = asyncio.Event()
        clock, desk = HostClock(), PasskeyDesk()
        self._supervisor = LinkSupervisor(
            ["system"],
            serve=self._serve,
            wanted=lambda heard: tool if heard.name == tool else None,
            log=LinkLog(self._note),
            clock=clock,
            passkey=desk.ask,
        )
        self._pairing = Pairing(self._supervisor, desk, clock, ours=lambda tool_id, _: tool_id == tool)
        self._running = asyncio.create_task(self._supervisor.run())

    async def says(self, what: str) -> tuple[str, list[str]]:
        """Wait for a phase or an error of the link; returns the words for it, and all errors before it."""
        before: list[str] = []
        while what not in ((state := await self._states.get()).phase, state.error):
            before.append(state.error)
        return state.reason, before

    async def mend(self) -> None:
        """Pair the tool anew, as a parent consents to."""
        heard = next(h for h in self._supervisor.heard() if h.advertisement.name == self._tool)
        async with self._pairing.hold(candidate_id(heard.device.address), mend=True) as held:
            held.keep()

    async def end(self) -> None:
        """Wait until the tool sleeps, and release it."""
        await self._slept.wait()
        await self.stop()

    async def stop(self) -> None:
        """Release it now."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    def _note(self, state: LinkState) -> None:
        print(state, flush=True)
        self._states.put_nowait(state)
        if state.phase is LinkPhase.ASLEEP:  # and released: bluetoothd 5.66 may die of a release cut short
            self._slept.set()

    async def _serve(self, client: ToolClient) -> None:
        assert isinstance(client, GripClient)
        self.assembler = client.assembler
        async for block in client.samples():
            self.blocks.append(block)
