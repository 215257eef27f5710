"""The hub's end of the control socket."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from ..errors import SetupError
from .address import MAX_REQUEST_BYTES
from .home import Home
from .requests import BadRequest
from .talk import Talk, refusal, send

#: A family has a few phones and a terminal.
MAX_TALKS: Final = 16
#: When the hub stops, a radio that hangs must not keep it: releasing a tool takes a few connection intervals.
RELEASE_S: Final = 0.7


@asynccontextmanager
async def serve(path: Path, home: Home) -> AsyncIterator[None]:
    """Answer on a socket for as long as the context lasts.

    Parameters
    ----------
    path : Path
        From `socket_path`. What a killed hub left there is replaced: that none runs is made sure by
        `lock.only_hub`.

    Raises
    ------
    SetupError
        If the folder cannot be written.
    """
    listening = _listen(path)
    talks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        talks.add(task)
        try:
            if len(talks) > MAX_TALKS:
                await send(writer, refusal(BadRequest(f"{MAX_TALKS} others are talking already")))
            else:
                await Talk(home, reader, writer).run()
        except (OSError, asyncio.CancelledError):
            pass  # it hung up, or the hub stops: a cancelled handler would be logged as an error
        finally:
            talks.discard(task)
            writer.close()

    server = await asyncio.start_unix_server(connected, sock=listening, limit=MAX_REQUEST_BYTES)
    try:
        yield
    finally:
        server.close()
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108 - asyncio leaves it, and a path here is one system call
        for talk in talks:
            talk.cancel()
        if talks:
            await asyncio.wait(talks, timeout=RELEASE_S)


def _listen(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # never, not even for a moment, open to others
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        listening.bind(str(path))
    except OSError as error:
        listening.close()
        raise SetupError(
            f"The control socket {path} cannot be made ({error.strerror})",
            "Mend the data folder's permissions, or choose another one with GRIPHUB_DATA_DIR.",
        ) from None
    finally:
        os.umask(before)
    return listening
