"""Questions on a terminal or a pipe, beside which other things go on."""

import asyncio
import os
import sys

from rich.markup import escape

from ...firmware_bridge.errors import GripError
from .common import out


class NobodyAnswered(GripError):
    """The input ended before a question was answered."""

    def __init__(self) -> None:
        super().__init__("Nobody answered. Name everything in options and add --yes; --help lists them.")


class Asker:
    """Asks somebody at the terminal.

    Raises
    ------
    NobodyAnswered
        From every question, when the input has ended.
    """

    def __init__(self) -> None:
        self._read = b""  # beyond the last line

    async def line(self, prompt: str = "") -> str:
        """Take a line; being cancelled does not wait for one."""
        if prompt:
            out.print(escape(prompt), end=" ", soft_wrap=True)
        while b"\n" not in self._read:
            # not sys.stdin.readline in a thread: nothing could end that but an answer
            if not (more := await self._more()):
                raise NobodyAnswered
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        return line.decode(errors="replace").strip()

    async def yes(self, question: str) -> bool:
        """Ask for a yes, which Enter alone is too."""
        return (await self.line(f"{question} (yes, no)")).casefold() in ("", "y", "yes")

    async def _more(self) -> bytes:
        fd, loop = sys.stdin.fileno(), asyncio.get_running_loop()
        ready = asyncio.Event()
        try:
            loop.add_reader(fd, ready.set)
        except PermissionError:  # a plain file is always ready, and cannot be waited for
            return os.read(fd, 4096)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(fd)
        return os.read(fd, 4096)
