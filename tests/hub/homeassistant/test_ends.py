"""What Home Assistant sees when a hub ends, a tool is forgotten, or something fails."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from griphub.hub.config import Config
from griphub.hub.delivery import broker as home_broker
from griphub.hub.delivery import mqtt
from griphub.hub.errors import StoreError
from griphub.hub.homeassistant import bridge as bridge_module
from griphub.hub.live import LiveFrame
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.records.vocabulary import Hand

from .told import (
    BROKERS,
    CONFIG,
    STATE,
    STATUS,
    HomeAssistant,
    bridging,
    listens,
    measured,
    until,
)

Make = Callable[[int], SqueezeCounted]


async def test_a_hub_that_stops_says_so(shown: Config, ha: HomeAssistant) -> None:
    async with bridging(shown):
        await until(lambda: ha.on(STATUS)[-1:] == ["online"])
    await until(lambda: ha.on(STATUS)[-1:] == ["offline"])


_KILLED = """
import asyncio, sys
from pathlib import Path
from griphub.hub import config as configuration
from griphub.firmware_bridge.clock import HostClock
from griphub.hub.service import Hub
settings = configuration.Config.model_validate_json(Path(sys.argv[1]).read_text())
asyncio.run(Hub(settings, HostClock(), counted=lambda _: None).run())
"""


async def test_the_last_will_of_a_hub_that_was_killed_makes_its_tools_unavailable(
    shown: Config, ha: HomeAssistant, tmp_path: Path
) -> None:
    file = tmp_path / "config.json"
    settings = shown.model_copy(update={"radio": f"unix:{tmp_path}/none"})
    file.write_text(settings.model_dump_json())
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, file)
    try:
        await until(lambda: ha.on(STATUS)[-1:] == ["online"], 30)
    finally:
        process.kill()
        await process.wait()
    await until(lambda: ha.on(STATUS)[-1:] == ["offline"])


async def test_a_tool_that_is_forgotten_disappears(shown: Config, ha: HomeAssistant) -> None:
    free = Config(**(shown.model_dump() | {"tools": []}))
    async with bridging(free) as home:
        home.registry.add(
            "ball01", "c-1", Hand.LEFT, driver="griphub", title="GripHub ball", address="a", at_s=1.0
        )
        await until(lambda: ha.last(CONFIG))
        assert ha.last(CONFIG)["device"]["name"] == "GripHub ball, left hand"
        home.registry.forget("ball01", at_s=2.0)
        await until(lambda: ha.on(CONFIG)[-1] == "" and ha.on(STATE)[-1] == "")
        with closing(HomeAssistant(shown)) as later:
            await until(lambda: later.on(STATUS))
            assert later.on(CONFIG) == later.on(STATE) == [], "nothing of it is kept"


async def test_a_tool_that_was_forgotten_while_the_hub_was_off_disappears(
    shown: Config, ha: HomeAssistant
) -> None:
    async with bridging(shown):
        await until(lambda: ha.last(CONFIG))
    neighbour = "homeassistant/device/griphub_home_hub_2_ball01/config"  # of the hub hub_2, whose tool it is
    theirs = {"state_topic": "griphub/v1/home/hub_2/homeassistant/ball01/state", "device": {}}
    ha.say(neighbour, json.dumps(theirs), retain=True)
    ha.say("homeassistant/device/griphub_home_hub_broken/config", "{", retain=True)
    async with bridging(Config(**(shown.model_dump() | {"tools": []}))):
        await until(lambda: ha.on(CONFIG)[-1] == "")
    assert ha.last(neighbour) == theirs


async def test_a_disk_that_is_full_stops_nothing_else(
    shown: Config, ha: HomeAssistant, squeeze: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bridging(shown) as home:
        await until(lambda: ha.last(STATE))

        def full(*_: object) -> None:
            raise StoreError("homeassistant", "database or disk is full", "Free some space.")

        with monkeypatch.context() as patch:
            patch.setattr(home.bridge._tally, "add", full)
            patch.setattr(home.bridge._tally, "today", full)
            home.count(measured(squeeze(0), datetime.now(UTC)))  # raises nothing
            await asyncio.sleep(0.1)
        home.count(measured(squeeze(1), datetime.now(UTC)))
        await until(lambda: ha.last(STATE)["squeezes_today"] == 1)
        ended = LiveFrame(**squeeze(1).model_dump(include=set(LiveFrame.model_fields)), state="ended")
        home.bridge.live(ended)


def test_home_assistants_user_can_do_only_its_own(config: Config) -> None:
    assert "homeassistant" not in home_broker.permissions(config), (
        "and has no place where nobody asked for it"
    )
    home = Config(**(config.model_dump() | {"homeassistant": {"enabled": True}}))
    given = home_broker.permissions(home)["homeassistant"]
    assert given == {
        "publish": ["homeassistant.>", "griphub.v1.home.hub.homeassistant.*.tare"],
        "subscribe": [
            "homeassistant",
            "homeassistant.>",
            "griphub.v1.home.hub.homeassistant",
            "griphub.v1.home.hub.homeassistant.>",
        ],
    }
    assert given.keys() == home_broker.permissions(config)["hub"].keys()


@pytest.mark.skipif("mosquitto" not in BROKERS, reason="needs mosquitto")
async def test_delivery_has_the_connection_where_the_broker_gives_a_user_only_one(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge_module, "SHORT_TIMES", 2)
    settings, passwords = tmp_path / "mosquitto.conf", tmp_path / "passwords"
    command = ["mosquitto_passwd", "-c", "-b", passwords, "hub", "secret"]
    assert await (await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)).wait() == 0
    settings.write_text(
        f"allow_anonymous false\nuser root\npassword_file {passwords}\n"
        f"listener {config.broker.port} 127.0.0.1\nuse_username_as_clientid true\n"
    )
    process = subprocess.Popen(["mosquitto", "-c", str(settings)], stderr=subprocess.DEVNULL)  # noqa: ASYNC220
    listens(config.broker.port)
    login = {"host": "127.0.0.1", "port": config.broker.port, "user": "hub", "password": "secret"}
    home = Config(**(config.model_dump() | {"homeassistant": {"enabled": True}, "broker": login}))
    delivery = mqtt.make_client(home, "hub", "delivery", connected=lambda _: None)
    mqtt.start(delivery, home)
    try:
        await until(delivery.is_connected)
        async with bridging(home) as opened:
            await until(lambda: opened.bridge._short >= 2, 60)
            await until(delivery.is_connected, 60)
            await asyncio.sleep(3.0)  # longer than either waits before it connects again
            assert delivery.is_connected() and not opened.bridge._client.is_connected()
    finally:
        mqtt.stop(delivery)
        process.kill()
        process.wait()
