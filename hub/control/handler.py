"""What the hub does for each request."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeVar, assert_never

from pydantic import BaseModel

from ...firmware_bridge.candidates import Digits
from ...firmware_bridge.held_tool import HeldTool
from ...firmware_bridge.tool import ToolClient
from ..errors import RegistryError
from ..records.strength import StrengthTested
from ..session.exercises import Exercises
from ..session.lead import Said
from ..tools import HomeTool
from .answers import Paired
from .home import Home
from .requests import (
    AskReminders,
    BadRequest,
    Blink,
    Candidates,
    Finish,
    ForgetTool,
    IdentifyTool,
    LinkHistory,
    ListRadios,
    ListTools,
    Pair,
    QuietCheck,
    Record,
    Request,
    StartExercise,
    StrengthTest,
    Tare,
    TareTool,
    TellExercise,
    UseTool,
    WatchExercise,
)

if TYPE_CHECKING:
    from ..session.leading import LedTest

T = TypeVar("T")

#: Between two words on an exercise: more often no terminal shows anything new.
WATCH_S: Final = 0.1
#: Between two lists of candidates.
LIST_S: Final = 1.0


class Handler:
    """Does what one client asks for, and holds the tool that it is pairing.

    Parameters
    ----------
    item : callable
        Awaited with each of several things that answer one request.
    digits : callable
        Asks for the six digits on a tool.
    """

    def __init__(self, home: Home, item: Callable[[Any], Awaitable[None]], digits: Digits) -> None:
        self._home = home
        self._item = item
        self._digits = digits
        self._held: HeldTool | None = None
        self._stack = AsyncExitStack()

    @property
    def holds(self) -> bool:
        """Whether a tool is kept from others."""
        return self._held is not None

    async def do(self, request: Request) -> Any:  # noqa: PLR0912 - one for each request
        """Do what is asked; what it answers.

        Raises
        ------
        GripError
            Why it came to nothing.
        """
        answer: Any = None
        match request:
            case ListTools():
                answer = [self._home.status(tool) for tool in self._home.registry.all()]
            case ListRadios():
                answer = self._home.radios()
            case UseTool(tool=tool_id, child=child, hand=hand):
                before = self._home.registry.get(tool_id)
                answer = self._home.registry.assign(tool_id, child, hand, at_s=self._home.clock.utc_s())
                async with self._home.pairing.aside(answer.address):
                    await self._tell_of_change(before, answer)
            case ForgetTool(tool=tool_id):
                answer = self._home.registry.forget(tool_id, at_s=self._home.clock.utc_s())
                await self._home.pairing.forget(answer.address)
            case LinkHistory(tool=tool_id):
                answer = self._home.supervisor.log.history(tool_id)
            case TareTool(tool=tool_id):
                await self._tare(tool_id)
            case StrengthTest():
                answer = await self._lead(request)
            case IdentifyTool(tool=tool_id, seconds=seconds):
                await self._client(tool_id).identify(seconds)
            case Pair():
                answer = await self._pair(request)
            case Blink():
                await self._tool.blink()
            case QuietCheck():
                answer = await self._tool.quiet_check()
            case Tare():
                await self._tool.tare()
            case Finish():
                answer = await self._finish(request)
            case StartExercise(child=child, item=item, pain_before=face):
                answer = await self._exercises.start(child, item, face)
            case TellExercise(child=child):
                answer = await self._exercises.coach.tell(
                    child, Said(request.what, request.by, request.face, request.position_kept)
                )
            case WatchExercise(child=child):
                async for view in self._exercises.coach.watch(child):
                    await self._item(view)
                    await asyncio.sleep(WATCH_S)
            case Record(event=event):
                await self._exercises.record(event)
            case AskReminders(child=child):
                answer = await asyncio.to_thread(_served(self._home.reminding).today, child)
            case Candidates(strangers=strangers):
                while True:
                    await self._item(self._home.pairing.candidates(strangers=strangers))
                    await asyncio.sleep(LIST_S)
            case _:
                assert_never(request)
        return answer

    def _client(self, tool: str) -> ToolClient:
        if client := self._home.client(tool):
            return client
        raise RegistryError(
            tool, "{tool} is not connected now", "Wake it with a squeeze, and try again.", tool=tool
        )

    async def _tare(self, tool_id: str) -> None:
        client = self._client(tool_id)
        if self._home.squeezing(tool_id):
            raise RegistryError(
                tool_id, "{tool_id} is being squeezed", "Let go of it, and try again.", tool_id=tool_id
            )
        await client.tare()

    @property
    def _exercises(self) -> Exercises:
        return _served(self._home.exercises)

    async def _lead(self, request: StrengthTest) -> list[StrengthTested]:
        """Lead a strength test until it is over, or the client hangs up; what came of it."""
        tests, tool = self._home.tests, self._home.registry.get(request.tool)
        if tests is None or tool is None:
            raise RegistryError(
                request.tool, "{tool} is no tool of this home", "See `griphub tools`.", tool=request.tool
            )
        self._client(request.tool)
        leading = await asyncio.to_thread(import_module, "griphub.hub.session.leading")
        test: LedTest = leading.LedTest(
            request.protocol,
            request.hands or (tool.hand,),
            pain_before=request.pain_before,
            grip=request.grip,
        )
        tests.begin_test(request.tool, test)
        try:
            async for step in test.steps():
                await self._item(step)
        finally:  # also when the client hung up: what was done is kept
            await asyncio.shield(tests.stop_test(request.tool, test, "stopped"))
        return test.results

    # -- pairing

    @property
    def _tool(self) -> HeldTool:
        if self._held is None:
            raise BadRequest("no tool is held; pair first")
        return self._held

    async def _pair(self, request: Pair) -> Paired:
        await self.release()
        held = await self._stack.enter_async_context(
            self._home.pairing.hold(request.candidate, digits=self._digits, mend=request.mend)
        )
        self._held = held
        return Paired(
            tool_id=held.tool.tool_id,
            title=held.title,
            simulated=held.tool.simulated,
            battery_percent=held.tool.battery_percent,
            can_blink=held.capabilities.identify,
            can_tare=held.capabilities.tare,
            because=dict(held.capabilities.because),
        )

    async def _finish(self, request: Finish) -> BaseModel:
        held = self._tool
        before = self._home.registry.get(held.tool.tool_id)
        tool = self._home.registry.add(
            held.tool.tool_id,
            request.child,
            request.hand,
            driver=held.tool.driver,
            title=held.title,
            address=held.address,
            at_s=self._home.clock.utc_s(),
        )
        await self._tell_of_change(before, tool)
        held.keep()
        await self.release()
        return tool

    async def _tell_of_change(self, before: HomeTool | None, now: HomeTool) -> None:
        if before and (before.child, before.hand) != (now.child, now.hand):
            await self._home.reassigned(now.id)

    async def release(self) -> None:
        """Let go of a held tool."""
        self._held = None
        await self._stack.aclose()


def _served(part: T | None) -> T:
    """Part of the home that is missing where a radio alone serves."""
    if part is None:
        raise BadRequest("only pairing is served here; start GripHub first")
    return part
