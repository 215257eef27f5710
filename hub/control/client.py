"""Asks the running hub, for the command line and the dashboard."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from ...firmware_bridge.candidates import Candidate, Digits
from ...firmware_bridge.link_state import LinkState
from ...firmware_bridge.quiet_check import QuietReport
from ..live import ExerciseView
from ..program.faces import Face
from ..records.said import Statement
from ..records.strength import StrengthTested
from ..records.vocabulary import Hand
from ..tools import HomeTool
from .address import MAX_ANSWER_BYTES, HubNotRunning
from .answers import Answer, ControlError, Paired, RadioStatus, RemindersToday, ToolStatus
from .requests import (
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
    PasskeyIs,
    QuietCheck,
    Record,
    StartExercise,
    StrengthTest,
    Tare,
    TareTool,
    TellExercise,
    UseTool,
    WatchExercise,
)

if TYPE_CHECKING:
    from ..session.strength_steps import Step

T = TypeVar("T")
What = Literal["stop", "pain", "skip", "confirm", "longer", "after"]

#: Connecting to a tool and pairing with it may wait for a person; everything else is quick.
ANSWER_S: Final = 90.0


class _Talk:
    """One connection to the hub."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, request: BaseModel) -> None:
        self._writer.write(request.model_dump_json(by_alias=True).encode() + b"\n")
        await self._writer.drain()

    async def receive(self) -> Answer:
        async with asyncio.timeout(ANSWER_S):
            line = await self._reader.readline()
        if not line:
            raise ConnectionResetError("the hub hung up")
        answer = Answer.model_validate_json(line)
        if answer.error:
            raise ControlError(answer.error)
        return answer


class ControlClient:
    """Asks the hub on this machine; each call is a connection of its own.

    Parameters
    ----------
    path : Path
        From `socket_path`.

    Raises
    ------
    HubNotRunning
        From every method, if nobody listens, or the hub ends meanwhile.
    ControlError
        From every method, if the hub does not do what it is asked to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def answers(self) -> bool:
        """Whether a hub is there."""
        try:
            await self.tools()
        except HubNotRunning:
            return False
        return True

    async def tools(self) -> list[ToolStatus]:
        """The home's tools and where their links stand."""
        return await self._ask(ListTools(), list[ToolStatus])

    async def radios(self) -> list[RadioStatus]:
        """The hub's radios and how many tools each holds."""
        return await self._ask(ListRadios(), list[RadioStatus])

    async def links(self, tool: str) -> list[LinkState]:
        """What became of a tool's link, oldest first."""
        return await self._ask(LinkHistory(tool=tool), list[LinkState])

    async def use(self, tool: str, child: str, hand: Hand) -> HomeTool:
        """Give a tool to another child or hand."""
        return await self._ask(UseTool(tool=tool, child=child, hand=hand), HomeTool)

    async def forget(self, tool: str) -> HomeTool:
        """Let a tool be nobody's here, and delete its key."""
        return await self._ask(ForgetTool(tool=tool), HomeTool)

    async def tare(self, tool: str) -> None:
        """Take the present level of a tool that streams as zero."""
        await self._ask(TareTool(tool=tool), type(None))

    async def identify(self, tool: str, seconds: int = 10) -> None:
        """Let a tool that streams blink."""
        await self._ask(IdentifyTool(tool=tool, seconds=seconds), type(None))

    async def start_exercise(
        self, child: str, item: str | None = None, *, pain_before: Face | None = None
    ) -> ExerciseView:
        """Lead a child through squeezes or a test of its program; by default what is due first."""
        return await self._ask(StartExercise(child=child, item=item, pain_before=pain_before), ExerciseView)

    async def tell_exercise(
        self,
        child: str,
        what: What,
        *,
        by: Literal["child", "parent"] = "parent",
        face: Face | None = None,
        position_kept: bool | None = None,
    ) -> ExerciseView:
        """Say something during an exercise or a test."""
        said = TellExercise(child=child, what=what, by=by, face=face, position_kept=position_kept)
        return await self._ask(said, ExerciseView)

    async def watch_exercise(self, child: str) -> AsyncGenerator[ExerciseView, None]:
        """How an exercise goes, until it has ended; `ControlError` where there is none."""
        async with self._talk() as talk:
            await talk.send(WatchExercise(child=child))
            while (answer := await talk.receive()).item is not None:
                yield ExerciseView.model_validate(answer.item)

    async def record(self, event: Statement) -> None:
        """Take in what somebody did or said."""
        await self._ask(Record(event=event), type(None))

    async def reminders_today(self, child: str) -> RemindersToday:
        """What is left of a child's day, and of what the family was reminded."""
        return await self._ask(AskReminders(child=child), RemindersToday)

    async def strength_test(
        self, test: StrengthTest
    ) -> AsyncGenerator["Step | tuple[StrengthTested, ...]", None]:
        """Have a strength test led: what to do, as it comes, and at last what came of it.

        A caller that stops earlier ends the test.
        """
        from ..session.strength_steps import Step  # noqa: PLC0415 - a second to import, for those who test

        steps, results = TypeAdapter(Step), TypeAdapter(tuple[StrengthTested, ...])
        async with self._talk() as talk:
            await talk.send(test)
            while (answer := await talk.receive()).item is not None:
                yield steps.validate_python(answer.item)
            yield results.validate_python(answer.result)

    async def candidates(self, *, strangers: bool = False) -> AsyncGenerator[list[Candidate], None]:
        """Tools that are near, each second until the caller stops; also unknown devices if asked for."""
        adapter = TypeAdapter(list[Candidate])
        async with self._talk() as talk:
            await talk.send(Candidates(strangers=strangers))
            while True:
                yield adapter.validate_python((await talk.receive()).item)

    @asynccontextmanager
    async def pairing(
        self, candidate: str, *, digits: Digits | None = None, mend: bool = False
    ) -> AsyncIterator["PairingTalk"]:
        """Pair with a candidate and hold it for the time of the context; without `finish` it is released.

        Parameters
        ----------
        candidate : str
            `Candidate.id`.
        digits : callable, optional
            Asks the parent for the six digits on the tool.
        mend : bool
            The parent agrees to pair anew with a tool that was reset.
        """
        async with self._talk() as talk:
            await talk.send(Pair(candidate=candidate, mend=mend))
            while (answer := await talk.receive()).ask:
                await talk.send(PasskeyIs(passkey=await digits() if digits else None))
            yield PairingTalk(talk, Paired.model_validate(answer.result))

    async def _ask(self, request: BaseModel, answer: type[T]) -> T:
        async with self._talk() as talk:
            return await _ask(talk, request, answer)

    @asynccontextmanager
    async def _talk(self) -> AsyncIterator[_Talk]:
        writer: asyncio.StreamWriter | None = None
        try:
            reader, writer = await asyncio.open_unix_connection(self._path, limit=MAX_ANSWER_BYTES)
            yield _Talk(reader, writer)
        except (OSError, ValidationError) as error:  # TimeoutError is an OSError
            raise HubNotRunning(self._path) from error
        finally:
            if writer:
                writer.close()


class PairingTalk:
    """A tool that the hub holds for us.

    Attributes
    ----------
    tool : Paired
    """

    def __init__(self, talk: _Talk, tool: Paired) -> None:
        self.tool = tool
        self._talk = talk

    async def blink(self) -> None:
        """Let the tool blink for a while; `ControlError` where it cannot."""
        await _ask(self._talk, Blink(), type(None))

    async def quiet_check(self) -> QuietReport:
        """Look at the tool while nobody touches it."""
        return await _ask(self._talk, QuietCheck(), QuietReport)

    async def tare(self) -> None:
        """Take the present level as zero."""
        await _ask(self._talk, Tare(), type(None))

    async def finish(self, child: str, hand: Hand) -> HomeTool:
        """Take the tool into the home; the hub uses it from now on."""
        return await _ask(self._talk, Finish(child=child, hand=hand), HomeTool)


async def _ask(talk: _Talk, request: BaseModel, answer: type[T]) -> T:
    await talk.send(request)
    return TypeAdapter(answer).validate_python((await talk.receive()).result)
