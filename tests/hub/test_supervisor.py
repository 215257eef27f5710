"""Child processes are kept running, and every one of them is ended."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from griphub.hub import supervisor as supervisor_module
from griphub.hub.errors import SetupError
from griphub.hub.supervisor import Child, Supervisor, require_free_port

STUBBORN = (
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(600)\n"
)
SLEEPER = "print('up', flush=True)\nimport time\ntime.sleep(600)\n"


async def _lines(supervisor: Supervisor, name: str, code: str, wanted: int = 1) -> list[str]:
    lines: list[str] = []
    enough = asyncio.Event()

    def on_line(line: str) -> None:
        lines.append(line)
        if len(lines) >= wanted:
            enough.set()

    async def ready() -> None:
        await enough.wait()

    await supervisor.start(Child(name, [sys.executable, "-c", code], ready=ready, on_line=on_line))
    return lines


async def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, {})
    lines = await _lines(supervisor, "sleeper", SLEEPER)
    first = supervisor.pid("sleeper")
    assert (tmp_path / "sleeper.pid").read_text() == str(first)
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10):
        while len(lines) < 2:
            await asyncio.sleep(0.02)
    assert supervisor.pid("sleeper") != first
    assert supervisor.restarts == {"sleeper": 1}
    await supervisor.stop()
    assert not psutil.pid_exists(first)


async def test_a_child_that_is_ill_time_and_again_is_started_again(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(supervisor_module, "ASK_S", 0.01)
    supervisor = Supervisor(tmp_path, {})
    answers = iter([True, False, False, True, False, False, False])

    async def healthy() -> bool:
        return next(answers, True)

    await supervisor.start(Child("sleeper", [sys.executable, "-c", SLEEPER], healthy=healthy))
    first = supervisor.pid("sleeper")
    async with asyncio.timeout(10):
        while supervisor.pid("sleeper") == first:
            await asyncio.sleep(0.02)
    assert supervisor.restarts == {"sleeper": 1}
    await supervisor.stop()


async def test_a_child_is_kept_though_nothing_can_be_written(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, {})
    lines = await _lines(supervisor, "sleeper", SLEEPER)
    log, pid = tmp_path / "sleeper.log", tmp_path / "sleeper.pid"
    log.unlink()
    log.mkdir()  # cannot be opened, as on a full disk
    os.kill(supervisor.pid("sleeper"), signal.SIGKILL)
    async with asyncio.timeout(10):
        while not supervisor.restarts:
            await asyncio.sleep(0.02)
        log.rmdir()
        pid.mkdir()
        while len(lines) < 2:
            await asyncio.sleep(0.02)
    pid.rmdir()
    await supervisor.stop()


async def test_stop_ends_even_who_will_not_and_their_children(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, {})
    lines = await _lines(supervisor, "stubborn", STUBBORN)
    family = [psutil.Process(supervisor.pid("stubborn")), psutil.Process(int(lines[0]))]
    began_s = time.monotonic()
    await supervisor.stop()
    assert time.monotonic() - began_s < 5
    _, alive = psutil.wait_procs(family, timeout=1)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
    assert not (tmp_path / "stubborn.pid").exists()


async def test_a_child_that_ends_at_once_is_told_with_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, {})
    never = asyncio.Event()

    async def ready() -> None:
        await never.wait()

    command = [sys.executable, "-c", "import sys; sys.exit('no such luck')"]
    with pytest.raises(SetupError, match=r"unlucky process ended at once.*unlucky\.log: no such luck"):
        await supervisor.start(Child("unlucky", command, ready=ready))
    await supervisor.stop()
    assert "no such luck" in (tmp_path / "unlucky.log").read_text()


async def test_stop_during_the_pause_before_a_restart(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, {})
    await supervisor.start(Child("brief", [sys.executable, "-c", ""]))
    async with asyncio.timeout(10):
        while not supervisor.restarts:
            await asyncio.sleep(0.01)
    began_s = time.monotonic()
    await supervisor.stop()
    assert time.monotonic() - began_s < 5


async def test_a_child_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, {})
    with pytest.raises(SetupError, match="nobody process cannot be started"):
        await asyncio.wait_for(supervisor.start(Child("nobody", [str(tmp_path / "nothing")])), 5)
    await supervisor.stop()


async def test_a_line_that_cannot_be_used_does_not_leave_the_child_unkept(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, {})
    heard: list[str] = []

    def on_line(line: str) -> None:
        heard.append(line)
        raise ValueError(line)

    talker = "import time\nfor n in range(3): print(n, flush=True)\ntime.sleep(600)"
    await supervisor.start(Child("talker", [sys.executable, "-c", talker], on_line=on_line))
    async with asyncio.timeout(10):
        while len(heard) < 3:
            await asyncio.sleep(0.01)
    process = psutil.Process(supervisor.pid("talker"))
    await supervisor.stop()
    assert not process.is_running()


async def test_a_log_that_grew_too_large_starts_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "LOG_BYTES", 100)
    (tmp_path / "sleeper.log").write_text("x" * 101)
    supervisor = Supervisor(tmp_path, {})
    await _lines(supervisor, "sleeper", SLEEPER)
    assert (tmp_path / "sleeper.log").read_text() == ""
    await supervisor.stop()


def test_an_address_that_is_none_is_not_called_taken() -> None:
    with pytest.raises(SetupError, match=r"dashboard cannot listen on 192\.0\.2\.1 port 8501"):
        require_free_port("192.0.2.1", 8501, what="dashboard", key="dashboard.port")
