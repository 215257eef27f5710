"""One conversation on the hub's socket, and what is talked about."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, assert_never

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from ..firmware_bridge.clock import HostClock
from ..firmware_bridge.errors import GripError
from ..firmware_bridge.held_tool import HeldTool
from ..firmware_bridge.link_state import LinkLog
from ..firmware_bridge.pairing import Pairing, PasskeyDesk
from ..firmware_bridge.pairing_diagnosis import CannotPair
from ..firmware_bridge.radio import Radio
from ..firmware_bridge.supervisor import LinkSupervisor
from ..firmware_bridge.tool import ToolClient
from .control import (
    MAX_REQUEST_BYTES,
    REQUEST,
    Answer,
    AskReminders,
    Blink,
    Candidates,
    Finish,
    ForgetTool,
    IdentifyTool,
    LinkHistory,
    ListRadios,
    ListTools,
    Pair,
    Paired,
    PasskeyIs,
    Problem,
    QuietCheck,
    RadioStatus,
    Record,
    Request,
    StartExercise,
    StrengthTest,
    Tare,
    TareTool,
    TellExercise,
    ToolFacts,
    ToolStatus,
    UseTool,
    WatchExercise,
)
from .errors import RegistryError
from .program.reminding import Reminding
from .records.strength import StrengthTested
from .session.coach import Tests
from .session.exercise import NoExercise
from .session.exercises import Exercises
from .session.lead import Said
from .tools import HomeTool, ToolRegistry

if TYPE_CHECKING:
    from .session.leading import LedTest

#: Requests that a client may send ahead.
MAX_AHEAD: Final = 8
#: A parent who left in the middle of pairing does not keep the tool from others for longer.
HOLD_S: Final = 300.0
#: Between two words on an exercise: more often no terminal shows anything new.
WATCH_S: Final = 0.1
#: Between two lists of candidates.
LIST_S: Final = 1.0


class BadRequest(GripError):
    """What came is no request."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The hub cannot answer: {reason}. See hub/control.py for what can be asked.")


@dataclass(frozen=True, slots=True)
class Home:
    """What requests are about.

    Attributes
    ----------
    client : callable
        Gives the link to a tool that streams; None if there is none.
    reassigned : callable
        Awaited when a tool is for another child or hand from now on, while it is not connected.
    squeezing : callable
        Whether a tool is squeezed just now: then its level is no zero.
    exercises : Exercises, optional
        Those that children are led through; None where a radio alone serves, as while pairing without a hub.
    tests : Tests or None
        Takes strength tests.
    reminding : Reminding or None
        Knows how the day of each child stands.
    radios : callable
        The hub's radios as they are now.
    facts : callable
        What is known of a tool that was connected.
    """

    registry: ToolRegistry
    pairing: Pairing
    links: LinkLog
    clock: HostClock
    client: Callable[[str], ToolClient | None]
    reassigned: Callable[[str], Awaitable[None]]
    squeezing: Callable[[str], bool] = lambda _: False
    exercises: Exercises | None = None
    tests: "Tests | None" = None
    reminding: Reminding | None = None
    radios: Callable[[], list[RadioStatus]] = list
    facts: Callable[[str], ToolFacts | None] = lambda _: None

    @classmethod
    def around(
        cls,
        supervisor: LinkSupervisor,
        registry: ToolRegistry,
        desk: PasskeyDesk,
        clock: HostClock,
        *,
        reassigned: Callable[[str], Awaitable[None]],
        squeezing: Callable[[str], bool] = lambda _: False,
        exercises: Exercises | None = None,
        tests: "Tests | None" = None,
        reminding: Reminding | None = None,
        facts: Callable[[str], ToolFacts | None] = lambda _: None,
    ) -> Self:
        """Put together what belongs to a supervisor.

        Parameters
        ----------
        desk : PasskeyDesk
            That the supervisor asks.
        clock : HostClock
            Of the supervisor.
        """

        def client(tool_id: str) -> ToolClient | None:
            return supervisor.clients().get(tool_id)

        def radios() -> list[RadioStatus]:
            return [_radio_status(supervisor, radio, clock.monotonic_s()) for radio in supervisor.radios]

        pairing = Pairing(supervisor, desk, clock, ours=registry.knows)
        return cls(
            registry,
            pairing,
            supervisor.log,
            clock,
            client,
            reassigned,
            squeezing,
            exercises,
            tests,
            reminding,
            radios,
            facts,
        )


class Talk:
    """One connection."""

    def __init__(self, home: Home, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._home = home
        self._reader = reader
        self._writer = writer
        self._lines: asyncio.Queue[bytes] = asyncio.Queue(MAX_AHEAD)
        self._held: HeldTool | None = None
        self._stack = AsyncExitStack()

    async def run(self) -> None:
        """Answer until the client hangs up; what it was waiting for is then given up at once."""
        reading = asyncio.create_task(self._read(), name="control: reading")
        answering = asyncio.create_task(self._answer(), name="control: answering")
        try:
            done, _ = await asyncio.wait({reading, answering}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if ending := task.result():
                    await send(self._writer, refusal(ending))
        finally:
            for task in (reading, answering):
                task.cancel()
            await asyncio.gather(reading, answering, return_exceptions=True)
            await self._release()

    async def _read(self) -> BadRequest | None:
        """Take lines in until the client hangs up, or cannot be listened to any longer."""
        try:
            while line := await self._reader.readline():
                self._lines.put_nowait(line)
        except ValueError:
            return BadRequest(f"a line of more than {MAX_REQUEST_BYTES} bytes")
        except asyncio.QueueFull:
            return BadRequest(f"more than {MAX_AHEAD} requests before the answers")
        except OSError:
            pass
        return None

    async def _answer(self) -> BadRequest | None:
        """Answer one request after another until a held tool was left alone for too long."""
        while True:
            try:
                async with asyncio.timeout(HOLD_S if self._held else None):
                    line = await self._lines.get()
            except TimeoutError:
                return BadRequest(f"none came for {HOLD_S:g} s, and others may want the tool")
            try:
                request = REQUEST.validate_json(line)
                answer = Answer(result=to_jsonable_python(await self._do(request)))
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                where = ".".join(map(str, first["loc"]))
                answer = refusal(BadRequest(f"{where} {first['msg']}".strip()))
            except GripError as error:
                answer = refusal(error)
            await send(self._writer, answer)

    async def _do(self, request: Request) -> Any:  # noqa: PLR0912 - one for each request
        answer: Any = None
        match request:
            case ListTools():
                answer = [self._status(tool) for tool in self._home.registry.all()]
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
                answer = self._home.links.history(tool_id)
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
                said = Said(request.what, request.by, request.face, request.position_kept)
                answer = await self._exercises.coach.tell(child, said)
            case WatchExercise(child=child):
                async for view in self._exercises.coach.watch(child):
                    await send(self._writer, Answer(item=to_jsonable_python(view)))
                    await asyncio.sleep(WATCH_S)
            case Record(event=event):
                await self._exercises.record(event)
            case AskReminders(child=child):
                if self._home.reminding is None:
                    raise BadRequest("only pairing is served here; start GripHub first")
                answer = await asyncio.to_thread(self._home.reminding.today, child)
            case Candidates(strangers=strangers):
                await self._list_candidates(strangers)
            case _:
                assert_never(request)
        return answer

    def _status(self, tool: HomeTool) -> ToolStatus:
        return ToolStatus(tool=tool, link=self._home.links.state(tool.id), facts=self._home.facts(tool.id))

    def _client(self, tool: str) -> ToolClient:
        if client := self._home.client(tool):
            return client
        raise RegistryError(tool, f"{tool} is not connected now", "Wake it with a squeeze, and try again.")

    async def _tare(self, tool_id: str) -> None:
        client = self._client(tool_id)
        if self._home.squeezing(tool_id):
            raise RegistryError(tool_id, f"{tool_id} is being squeezed", "Let go of it, and try again.")
        await client.tare()

    @property
    def _exercises(self) -> Exercises:
        if self._home.exercises is None:
            raise BadRequest("only pairing is served here; start GripHub first")
        return self._home.exercises

    async def _lead(self, request: StrengthTest) -> list[StrengthTested]:
        """Lead a strength test until it is over, or the client hangs up; what came of it."""
        tests, tool = self._home.tests, self._home.registry.get(request.tool)
        if tests is None or tool is None:
            raise RegistryError(
                request.tool, f"{request.tool} is no tool of this home", "See `griphub tools`."
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
                await send(self._writer, Answer(item=to_jsonable_python(step)))
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
        await self._release()
        held = await self._stack.enter_async_context(
            self._home.pairing.hold(request.candidate, digits=self._ask_passkey, mend=request.mend)
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

    async def _list_candidates(self, strangers: bool) -> NoReturn:
        while True:
            listed = self._home.pairing.candidates(strangers=strangers)
            await send(self._writer, Answer(item=to_jsonable_python(listed)))
            await asyncio.sleep(LIST_S)

    async def _ask_passkey(self) -> int | None:
        await send(self._writer, Answer(ask="passkey"))
        return PasskeyIs.model_validate_json(await self._lines.get()).passkey

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
        await self._release()
        return tool

    async def _tell_of_change(self, before: HomeTool | None, now: HomeTool) -> None:
        if before and (before.child, before.hand) != (now.child, now.hand):
            await self._home.reassigned(now.id)

    async def _release(self) -> None:
        self._held = None
        await self._stack.aclose()


def _radio_status(supervisor: LinkSupervisor, radio: Radio, now_s: float) -> RadioStatus:
    return RadioStatus(
        name=radio.name,
        open=radio.adapter is not None,
        cause=radio.failure.cause if radio.failure else None,
        reason=str(radio.failure or ""),
        simulated=bool(radio.adapter and radio.adapter.simulated),
        links=supervisor.links_of(radio),
        most=radio.most,
        full=now_s < radio.full_until_s,
    )


def refusal(error: GripError) -> Answer:
    """Say why a request came to nothing."""
    problem = ""
    if isinstance(error, CannotPair):
        problem = error.problem.value
    elif isinstance(error, NoExercise):
        problem = error.because.value
    return Answer(error=Problem(kind=type(error).__name__, problem=problem, message=str(error)))


async def send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    """Send a line; raises OSError if the client is gone."""
    writer.write(answer.model_dump_json(exclude_unset=True).encode() + b"\n")
    await writer.drain()
