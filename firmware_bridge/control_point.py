"""Commands to a tool of ours, one at a time, and their answers."""

import asyncio
from contextlib import suppress
from typing import Final

from . import profile
from .commands import Command, Response
from .errors import PacketError, ToolRefused
from .gatt import GattLink
from .inbox import Inbox
from .profile import Opcode, Status

QUEUE_ANSWERS: Final = 8  #: one is awaited at a time


class ControlPoint:
    """The Control Point of a connected tool.

    Parameters
    ----------
    link : GattLink
    """

    def __init__(self, link: GattLink) -> None:
        self._link = link
        self._answers: Inbox[bytes] = link.inbox(QUEUE_ANSWERS)
        self._busy = asyncio.Lock()

    async def open(self) -> None:
        """Subscribe to answers."""
        await self._link.subscribe(profile.CONTROL_POINT, self._answers.put)

    async def send(self, command: Command) -> Response:
        """Send a command and await its answer.

        Raises
        ------
        ToolRefused
            If the tool answers with anything but success.
        LinkLost
            If it does not answer in time.
        """
        async with self._busy:
            self._answers.clear()  # an answer that came too late is nobody's
            await self._link.write(profile.CONTROL_POINT, bytes(command))
            answer = await self._link.call(self._answer_to(command.opcode))
        if answer.status != Status.SUCCESS:
            raise ToolRefused(self._link.name, command.opcode.name, answer.status.name)
        return answer

    async def _answer_to(self, opcode: Opcode) -> Response:
        while True:
            with suppress(PacketError):
                answer = Response.from_bytes(await self._answers.get())
                if answer.opcode == opcode:
                    return answer
