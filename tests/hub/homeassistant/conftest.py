"""A home that is shown, over real brokers: ours, and mosquitto, the usual one there."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from griphub.hub.config import Config
from griphub.hub.delivery import broker as home_broker
from griphub.hub.homeassistant import bridge as bridge_module

from .told import BROKERS, HomeAssistant, listens


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_module, "BIRTH_S", 0.0)
    monkeypatch.setattr(bridge_module, "LOOK_S", 0.02)


@pytest.fixture(params=BROKERS)
def shown(request: pytest.FixtureRequest, config: Config, tmp_path: Path) -> Iterator[Config]:
    """A home whose tools are to be shown, and its broker."""
    home = Config(**(config.model_dump() | {"homeassistant": {"enabled": True}}))
    if request.param == "nats":
        process = subprocess.Popen(home_broker.command(home), stderr=subprocess.DEVNULL)
    else:
        settings = tmp_path / "mosquitto.conf"
        settings.write_text(f"listener {home.broker.port} 127.0.0.1\nallow_anonymous true\nuser root\n")
        home = Config(**(home.model_dump() | {"broker": {"host": "127.0.0.1", "port": home.broker.port}}))
        process = subprocess.Popen(["mosquitto", "-c", str(settings)], stderr=subprocess.DEVNULL)
    listens(home.broker.port)
    yield home
    process.kill()
    process.wait()


@pytest.fixture
def ha(shown: Config) -> Iterator[HomeAssistant]:
    with closing(HomeAssistant(shown)) as opened:
        yield opened
