"""One conversation on the hub's socket: lines in, lines out."""

import asyncio
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from ...firmware_bridge.errors import GripError
from ...firmware_bridge.pairing_diagnosis import CannotPair
from ...firmware_bridge.sentence import Sentence
from ..session.exercise import NoExercise
from .address import MAX_REQUEST_BYTES
from .answers import Answer, Parts, Problem
from .handler import Handler
from .home import Home
from .requests import REQUEST, BadRequest, PasskeyIs

#: Requests that a client may send ahead.
MAX_AHEAD: Final = 8
#: A parent who left in the middle of pairing does not keep the tool from others for longer.
HOLD_S: Final = 300.0


class Talk:
    """One connection."""

    def __init__(self, home: Home, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._lines: asyncio.Queue[bytes] = asyncio.Queue(MAX_AHEAD)
        self._handler = Handler(home, self._item, self._ask_passkey)

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
            await self._handler.release()

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
                async with asyncio.timeout(HOLD_S if self._handler.holds else None):
                    line = await self._lines.get()
            except TimeoutError:
                return BadRequest(f"none came for {HOLD_S:g} s, and others may want the tool")
            try:
                request = REQUEST.validate_json(line)
                answer = Answer(result=to_jsonable_python(await self._handler.do(request)))
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                where = ".".join(map(str, first["loc"]))
                answer = refusal(BadRequest(f"{where} {first['msg']}".strip()))
            except GripError as error:
                answer = refusal(error)
            await send(self._writer, answer)

    async def _item(self, value: Any) -> None:
        await send(self._writer, Answer(item=to_jsonable_python(value)))

    async def _ask_passkey(self) -> int | None:
        await send(self._writer, Answer(ask="passkey"))
        return PasskeyIs.model_validate_json(await self._lines.get()).passkey


def refusal(error: GripError) -> Answer:
    """Say why a request came to nothing."""
    problem = ""
    if isinstance(error, CannotPair):
        problem = error.problem.value
    elif isinstance(error, NoExercise):
        problem = error.because.value
    said = error.args[0]
    parts = Parts.of(said) if isinstance(said, Sentence) else None
    return Answer(error=Problem(kind=type(error).__name__, problem=problem, message=str(error), parts=parts))


async def send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    """Send a line; raises OSError if the client is gone."""
    writer.write(answer.model_dump_json(exclude_unset=True).encode() + b"\n")
    await writer.drain()
