"""The `griphub` command as a user runs it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest


class Command:
    """A running `griphub` command."""

    def __init__(self, arguments: Sequence[str], cwd: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "griphub", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            start_new_session=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, timeout_s: float) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, out, err

    def json(self, timeout_s: float) -> tuple[int, dict[str, Any]]:
        code, out, err = self.end(timeout_s)
        assert out, err
        return code, json.loads(out)


@pytest.fixture
def griphub(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Start a command; whatever is left of it is killed, and fails the test."""
    started: list[Command] = []

    def start(*arguments: str) -> Command:
        started.append(Command(arguments, tmp_path))
        return started[-1]

    yield start
    for command in started:
        left = command.descendants() if command.process.poll() is None else []
        for process in left:
            process.kill()
        if command.process.poll() is None:
            os.killpg(command.process.pid, signal.SIGKILL)
            command.process.communicate()
            pytest.fail("the command had to be killed")
