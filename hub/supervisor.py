"""Keeps a handful of child processes running, and ends every one of them."""

import asyncio
import contextlib
import ctypes
import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

from . import watchdog
from .errors import SetupError

log = logging.getLogger(__name__)

#: Pause before a died child is started again, doubled each time it dies young.
RESTART_S, RESTART_MAX_S = 0.3, 10.0

#: A child that ran so long died of something new: its pause starts over.
STEADY_S = 20.0

#: Tells a child whose it is.
_SUPERVISOR = "GRIPHUB_SUPERVISOR"

#: A log of this size starts over with the next start of its process: a fault that repeats fills no disk.
LOG_BYTES = 10 << 20

#: A child that can be asked for its health is asked this often, and ended when it was ill so many times.
ASK_S, ILL_TIMES = 5.0, 3

#: All children are gone this long after `stop`: terminated first, killed after.
GRACE_S = 3.5


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep alive.

    Attributes
    ----------
    name : str
        For logs: its stderr goes to ``<name>.log``.
    command : sequence of str
    ready : coroutine function, optional
        Returns once the child can be used; start-up waits for it.
    on_line : callable, optional
        Gets each line of the child's stdout; without it stdout goes to the log as well.
    healthy : coroutine function, optional
        Says whether the child can do its work. One that cannot, time and again, is killed and started again.
    restart : bool
        Whether to start it again when it ends.
    watchdog_s : float, optional
        It tells of itself, see `watchdog`; when it falls silent for so long it is killed and started again.
    """

    name: str
    command: Sequence[str]
    ready: Callable[[], Awaitable[None]] | None = None
    on_line: Callable[[str], None] | None = None
    restart: bool = True
    watchdog_s: float | None = None
    healthy: Callable[[], Awaitable[bool]] | None = None


class Supervisor:
    """Starts children in order, restarts them when they die, stops them in reverse order.

    Parameters
    ----------
    folder : Path
        Receives ``<name>.log`` and ``<name>.pid``.
    environment : dict
        Added to this process's environment for every child.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        # what this process is to tell of itself, no child may tell in its place
        inherited = {name: value for name, value in os.environ.items() if name not in watchdog.VARIABLES}
        self._environment = inherited | environment | {_SUPERVISOR: str(os.getpid())}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = False
        self.restarts: dict[str, int] = {}

    async def start(self, child: Child, timeout_s: float = 30.0) -> None:
        """Start a child and wait until it is ready.

        Raises
        ------
        SetupError
            If it ended or was not ready in time; the message names its log.
        """
        log_file = self._folder / f"{child.name}.log"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        first_started = asyncio.Event()
        task = asyncio.create_task(self._keep(child, log_file, first_started), name=child.name)
        self._tasks[child.name] = task
        started = asyncio.ensure_future(first_started.wait())
        await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        if not first_started.is_set():
            raise SetupError(
                f"The {child.name} process cannot be started: {task.exception()}",
                f"See that {self._folder} belongs to the user that runs griphub.",
            )
        if child.ready is None:
            return
        ready = asyncio.ensure_future(child.ready())
        ended = asyncio.ensure_future(self._processes[child.name].wait())
        try:
            await asyncio.wait({ready, ended}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                what = "ended at once" if ended.done() else f"was not ready within {timeout_s:g} s"
                raise SetupError(f"The {child.name} process {what}", _last_line(log_file))
            ready.result()
        finally:
            ready.cancel()
            ended.cancel()

    def pid(self, name: str) -> int:
        """Process id of a running child."""
        return self._processes[name].pid

    async def wait(self, name: str) -> None:
        """Return when a child that is not restarted has ended."""
        await asyncio.shield(self._tasks[name])

    async def stop(self) -> None:
        """End all children: terminate in reverse order of starting, kill what is left."""
        self._stopping = True
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + GRACE_S
        for name in reversed(self._tasks):
            if process := self._processes.get(name):
                _signal_group(process, signal.SIGTERM)
        pending = set(self._tasks.values())
        if pending:
            _, pending = await asyncio.wait(pending, timeout=max(0.1, deadline_s - loop.time()))
        if pending:
            for process in self._processes.values():
                _signal_group(process, signal.SIGKILL)
            await asyncio.wait(pending, timeout=1)
        for task in pending:
            task.cancel()

    async def _keep(self, child: Child, log_file: Path, started: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        pause_s = RESTART_S
        while not self._stopping:
            began_s = loop.time()
            try:
                await self._run_once(child, log_file, started)
            except OSError as error:  # a full disk, say, which is not full for ever
                if not started.is_set():
                    raise
                log.error("%s cannot be started: %s. It is tried again.", child.name, error)
            if self._stopping or not child.restart:
                return
            self.restarts[child.name] = self.restarts.get(child.name, 0) + 1
            pause_s = RESTART_S if loop.time() - began_s > STEADY_S else min(pause_s * 2, RESTART_MAX_S)
            log.warning(
                "%s ended; starting it again in %.1f s. %s", child.name, pause_s, _last_line(log_file)
            )
            await asyncio.sleep(pause_s)

    async def _run_once(self, child: Child, log_file: Path, started: asyncio.Event) -> None:
        async with contextlib.AsyncExitStack() as stack:
            said: dict[str, str] = {}
            if child.watchdog_s:
                place = self._folder / f"{child.name}.notify"
                hangs = partial(self._end_hanging, child.name)
                said = await stack.enter_async_context(watchdog.expect(place, child.watchdog_s, hangs))
            with log_file.open("ab") as sink:
                if sink.tell() > LOG_BYTES:
                    sink.truncate(0)
                process = await asyncio.create_subprocess_exec(
                    *child.command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE if child.on_line else sink,
                    stderr=sink,
                    env=self._environment | said,
                    start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends them in order
                )
            self._processes[child.name] = process
            try:
                (self._folder / f"{child.name}.pid").write_text(str(process.pid))
            except OSError as error:  # nobody needs it to keep the child
                log.warning("The process id of %s cannot be written: %s", child.name, error)
            asking = asyncio.create_task(self._ask(child)) if child.healthy else None
            started.set()
            try:
                if child.on_line and process.stdout:
                    async for line in process.stdout:
                        try:
                            child.on_line(line.decode(errors="replace").rstrip())
                        except Exception:  # a line that nobody understands must not leave the child unkept
                            log.exception("%s said what could not be used", child.name)
                await process.wait()
            finally:
                if asking:
                    asking.cancel()
                with contextlib.suppress(OSError):
                    (self._folder / f"{child.name}.pid").unlink()

    async def _ask(self, child: Child) -> None:
        """Ask a child for its health until it was ill too often; then end it, to be started anew."""
        assert child.healthy
        ill = 0
        while ill < ILL_TIMES:
            await asyncio.sleep(ASK_S)
            ill = 0 if await child.healthy() else ill + 1
        log.error("%s says that it cannot do its work. It is ended.", child.name)
        _signal_group(self._processes[child.name], signal.SIGKILL)

    def _end_hanging(self, name: str) -> None:
        log.error("%s hangs: nothing was heard of it for too long. It is ended.", name)
        _signal_group(self._processes[name], signal.SIGKILL)


def _last_line(log_file: Path) -> str:
    """What a child said last: its log may be in a folder that goes with this process."""
    try:
        lines = log_file.read_text(encoding="utf-8", errors="replace").split("\n")[-20:]
    except OSError as error:
        return f"Its log {log_file} cannot be read ({error.strerror})."
    said = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
    return f"The last that it said, in {log_file}: {said}"


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def end_with_supervisor() -> None:
    """Let this process end when the supervisor that started it was killed; without one, do nothing.

    An orphan would go on holding the broker's port and the tools.
    """
    supervisor = int(os.environ.get(_SUPERVISOR, "0"))

    def watch() -> None:
        while os.getppid() == supervisor:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
        os.kill(os.getpid(), signal.SIGKILL)

    if supervisor:
        threading.Thread(target=watch, name="supervisor's watch", daemon=True).start()


def exec_with_supervisor(command: list[str]) -> NoReturn:
    """Become a program that is not ours, and let it end as `end_with_supervisor` does, where Linux can."""
    if sys.platform == "linux" and _SUPERVISOR in os.environ:
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG, see prctl(2): it outlives exec
    os.execv(command[0], command)  # noqa: S606 - no shell


async def port_open(host: str, port: int) -> None:
    """Return once something listens there."""
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def require_free_port(host: str, port: int, *, what: str, key: str) -> None:
    """Check that a port can be listened on.

    Raises
    ------
    SetupError
        Naming the configuration key that changes it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise SetupError(
                    f"The {what} cannot listen on {host} port {port} ({error.strerror})",
                    f"Correct {key} and its host.",
                ) from None
            variable = "GRIPHUB_" + key.upper().replace(".", "__")
            raise SetupError(
                f"Port {port}, which the {what} needs, is taken ({error.strerror})",
                f"Stop what uses it, or choose another one, for example with {variable}={port + 1}.",
            ) from None
