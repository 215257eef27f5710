"""A home in a temporary folder, and its real broker."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from griphub.hub.config import Config
from griphub.hub.delivery import broker
from griphub.hub.records import SqueezeCounted, event_id, utc

SESSION = UUID(int=7)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Config(
        data_dir=tmp_path,
        broker={"port": port},
        children=[{"id": "c-1", "alias": "Mia", "goal": 5}],
        tools=[{"id": "ball01", "child": "c-1", "hand": "right"}],
    )


class Broker:
    """The home's real nats-server, which can be killed and started again."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            broker.command(self._config), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._config.broker.port), timeout=1).close()
                return
            except OSError:
                assert self._process.poll() is None, "the broker ended"

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()


@pytest.fixture
def running_broker(config: Config) -> Iterator[Broker]:
    server = Broker(config)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def squeeze() -> Callable[[int], SqueezeCounted]:
    """Make the n-th squeeze of a session."""

    def make(n: int) -> SqueezeCounted:
        return SqueezeCounted(
            event_id=event_id(SESSION, f"squeeze:{n}"),
            measured_at=utc(1_700_000_000 + n),
            site="home",
            hub="hub",
            session_id=SESSION,
            child_id="c-1",
            tool_id="ball01",
            tool_kind="ball",
            hand="right",
            source="simulated",
            unit="N",
            number=n + 1,
            onset_s=n,
            peak_s=n + 0.3,
            offset_s=n + 0.8,
            decided_s=n + 1.0,
            peak=20.5,
            rest=0.2,
            impulse=9.0,
            ended_by="release",
        )

    return make
