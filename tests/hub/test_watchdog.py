"""A process tells that it lives only while it does, and one that hangs is started again."""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from griphub.hub import watchdog
from griphub.hub.config import Config
from griphub.hub.delivery import committer as committer_module
from griphub.hub.delivery.committer import Committer
from griphub.hub.delivery.outbox import Entry, Outbox
from griphub.hub.supervisor import Child, Supervisor


class Listener:
    """Stands where systemd is."""

    def __init__(self, path: Path | str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path).replace("@", "\0", 1) if str(path).startswith("@") else str(path))
        self.socket.settimeout(10)

    def next(self) -> str:
        return self.socket.recv(200).decode()

    def heard(self) -> list[str]:
        """What waits to be read."""
        said = []
        self.socket.setblocking(False)
        try:
            while True:
                said.append(self.socket.recv(200).decode())
        except BlockingIOError:
            return said
        finally:
            self.socket.settimeout(10)


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    listening = Listener(tmp_path / "notify")
    monkeypatch.setenv(watchdog.SOCKET, str(tmp_path / "notify"))
    monkeypatch.setenv(watchdog.WATCHDOG, "60000")  # 60 ms
    monkeypatch.setenv(watchdog.WATCHDOG_PID, str(os.getpid()))
    yield listening
    listening.socket.close()


async def test_ready_comes_first_and_then_pulses(listener: Listener) -> None:
    task = asyncio.create_task(watchdog.keep())
    said = [await asyncio.to_thread(listener.next) for _ in range(4)]
    task.cancel()
    assert said == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]


async def test_a_loop_that_is_blocked_gives_no_pulse(listener: Listener) -> None:
    task = asyncio.create_task(watchdog.keep())
    await asyncio.to_thread(listener.next)
    await asyncio.to_thread(listener.next)
    listener.heard()
    blocked_until_s = time.monotonic() + 0.3  # this very loop, which is what `keep` runs on
    while time.monotonic() < blocked_until_s:
        pass
    assert listener.heard() == []
    assert await asyncio.to_thread(listener.next) == "WATCHDOG=1", "it turns again"
    task.cancel()


def test_a_thread_that_hangs_gives_no_pulse(listener: Listener) -> None:
    stop, lives = threading.Event(), threading.Event()
    lives.set()
    thread = watchdog.keep_in_thread(lives.is_set, stop)
    assert [listener.next(), listener.next()] == ["READY=1", "WATCHDOG=1"]
    lives.clear()
    listener.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        while True:  # one may be under way
            assert listener.next() == "WATCHDOG=1"
    stop.set()
    thread.join(5)


def test_nobody_is_told_where_nobody_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in watchdog.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert not watchdog.notify("READY=1")
    assert watchdog.pulse_s({}) is None
    monkeypatch.setenv(watchdog.SOCKET, str(tmp_path / "gone"))
    assert not watchdog.notify("READY=1")
    monkeypatch.setenv(watchdog.SOCKET, "vsock:2:1")  # of a kind that we do not speak
    assert not watchdog.notify("READY=1")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"WATCHDOG_USEC": "90000000"}, 30.0),
        ({"WATCHDOG_USEC": "90000000", "WATCHDOG_PID": "1"}, None),  # systemd waits for another process
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_how_often_a_pulse_is_due(environment: dict[str, str], expected: float | None) -> None:
    assert watchdog.pulse_s(environment) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's own")
def test_an_abstract_socket_is_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    listening = Listener(f"@griphub-test-{os.getpid()}")
    monkeypatch.setenv(watchdog.SOCKET, f"@griphub-test-{os.getpid()}")
    assert watchdog.notify("STOPPING=1")
    assert listening.next() == "STOPPING=1"
    listening.socket.close()


async def test_a_child_that_hangs_is_ended_and_started_again(tmp_path: Path) -> None:
    code = (
        "import asyncio; from griphub.hub import watchdog\n"
        "print('up', flush=True); asyncio.run(watchdog.keep())\n"
    )
    ups: list[float] = []
    supervisor = Supervisor(tmp_path, {})
    child = Child(
        "sleepy", [sys.executable, "-c", code], on_line=lambda _: ups.append(time.monotonic()), watchdog_s=0.6
    )
    await supervisor.start(child)
    async with asyncio.timeout(60):
        while not ups:
            await asyncio.sleep(0.02)
        await asyncio.sleep(1.5)  # it pulses: it is left alone for longer than it may be silent
        assert supervisor.restarts == {}
        first = supervisor.pid("sleepy")
        os.kill(first, signal.SIGSTOP)  # as good as a deadlock
        while len(ups) < 2:
            await asyncio.sleep(0.02)
    assert supervisor.pid("sleepy") != first and supervisor.restarts == {"sleepy": 1}
    await supervisor.stop()
    assert not (tmp_path / "sleepy.notify").exists()


async def test_children_do_not_speak_in_the_place_of_the_supervisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: Listener
) -> None:
    code = "import os; print([n for n in ('NOTIFY_SOCKET', 'WATCHDOG_USEC') if n in os.environ], flush=True)"
    said: list[str] = []
    supervisor = Supervisor(tmp_path, {})
    await supervisor.start(Child("plain", [sys.executable, "-c", code], on_line=said.append, restart=False))
    await supervisor.wait("plain")
    assert said == ["[]"]
    await supervisor.stop()


async def test_a_folder_with_too_long_a_name_does_not_keep_a_child_from_running(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    supervisor = Supervisor(folder, {})
    code = "print('up', flush=True); import time; time.sleep(600)"
    up = asyncio.Event()
    child = Child("plain", [sys.executable, "-c", code], on_line=lambda _: up.set(), watchdog_s=0.2)
    await supervisor.start(child)
    async with asyncio.timeout(20):
        await up.wait()
    await supervisor.stop()


async def test_a_disk_that_never_answers_is_no_life(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer_module, "STUCK_S", 0.05)
    outbox = Outbox(config.data_dir / "outbox.db")
    answers = threading.Event()
    monkeypatch.setattr(outbox, "commit_all", lambda _: answers.wait(20))
    committer = Committer(outbox, lambda: None)
    running = asyncio.create_task(committer.run())
    assert committer.is_alive(), "nothing is asked of it"
    committing = asyncio.create_task(committer.commit(Entry()))
    async with asyncio.timeout(10):
        while committer.is_alive():
            await asyncio.sleep(0.01)
        answers.set()
        await committing
    assert committer.is_alive()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    outbox.close()
