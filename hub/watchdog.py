"""Tells whoever started this process that it is ready, and then that its loops still turn.

The protocol is that of ``sd_notify(3)``: datagrams to the socket in ``NOTIFY_SOCKET``. systemd listens there,
and so does our own supervisor, by `expect`. A process that falls silent for as long as ``WATCHDOG_USEC`` says
is killed and started again: it hangs, and what it holds is on disk. Without these variables nothing is sent.
"""

import asyncio
import contextlib
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

SOCKET: Final = "NOTIFY_SOCKET"
WATCHDOG: Final = "WATCHDOG_USEC"
WATCHDOG_PID: Final = "WATCHDOG_PID"
VARIABLES: Final = (SOCKET, WATCHDOG, WATCHDOG_PID)

#: Pulses in the time in which one must come: systemd's own advice is two, and the third is for a busy Pi.
PULSES: Final = 3


def notify(state: str) -> bool:
    """Send a state such as ``READY=1``; False if nobody listens."""
    address = os.environ.get(SOCKET, "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):  # an abstract socket, which has no file
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(1)  # whoever should listen must not hang us
        try:
            sender.sendto(state.encode(), address)
        except OSError:
            return False
    return True


def pulse_s(environment: Mapping[str, str] = os.environ) -> float | None:
    """Seconds between two pulses; None if nobody waits for any, or for those of another process."""
    with contextlib.suppress(ValueError):
        within_s = int(environment.get(WATCHDOG, "0")) / 1e6
        of = int(environment.get(WATCHDOG_PID, "0"))
        if within_s > 0 and of in (0, os.getpid()):
            return within_s / PULSES
    return None


async def keep(alive: Callable[[], bool] = lambda: True) -> None:
    """Say that the process is ready, and alive for as long as `alive` says so; runs until cancelled.

    That this runs at all shows that the event loop turns.
    """
    notify("READY=1")
    every_s = pulse_s()
    while every_s:
        if alive():
            notify("WATCHDOG=1")
        await asyncio.sleep(every_s)
    await asyncio.Event().wait()


def keep_in_thread(alive: Callable[[], bool], stop: threading.Event) -> threading.Thread:
    """Do the same for a process of threads, until `stop` is set; `alive` must look at those threads."""
    notify("READY=1")
    every_s = pulse_s()

    def run() -> None:
        while every_s and not stop.wait(every_s):
            if alive():
                notify("WATCHDOG=1")

    thread = threading.Thread(target=run, name="watchdog", daemon=True)
    thread.start()
    return thread


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, silence_s: float, hangs: Callable[[], None]) -> None:
        self._silence_s, self._hangs = silence_s, hangs
        self._timer: asyncio.TimerHandle | None = None  # none until the process is ready

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data.startswith((b"READY=1", b"WATCHDOG=1")):
            self.stop()
            self._timer = asyncio.get_running_loop().call_later(self._silence_s, self._hangs)

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()


@asynccontextmanager
async def expect(path: Path, silence_s: float, hangs: Callable[[], None]) -> AsyncIterator[dict[str, str]]:
    """Listen to a process that is about to be started, with the environment that is yielded.

    Parameters
    ----------
    path : Path
        Of the socket, which is made. Where the name is too long for one, nobody listens.
    silence_s : float
        How long it may be silent once it was ready.
    hangs : callable
        Called once when it was silent for longer.
    """
    ear = _Ear(silence_s, hangs)
    try:
        listening = _listen(path)
    except OSError as error:
        log.warning("Nobody will see whether it hangs: %s cannot be made (%s)", path, error)
        yield {}
        return
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: ear, sock=listening)
    try:
        yield {SOCKET: listening.getsockname(), WATCHDOG: str(round(silence_s * 1e6))}
    finally:
        ear.stop()
        transport.close()
        _remove(path)


def _listen(path: Path) -> socket.socket:
    _remove(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        listening.bind(str(path.absolute()))
    except OSError:
        listening.close()
        raise
    return listening


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
