"""When Home Assistant is told, and what."""

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jinja2
import jsonschema
import pytest

from griphub.firmware_bridge.link_state import LinkPhase, LinkState
from griphub.firmware_bridge.samples import Unit
from griphub.hub.config import Config
from griphub.hub.homeassistant import bridge as bridge_module
from griphub.hub.homeassistant.bridge import wanted
from griphub.hub.homeassistant.tally import Tally, midnight
from griphub.hub.records.session import SqueezeCounted

from .schema import DEVICE_DISCOVERY
from .told import (
    CONFIG,
    STATE,
    STATUS,
    Client,
    HomeAssistant,
    bridging,
    measured,
    shows,
    until,
)

Make = Callable[[int], SqueezeCounted]


@pytest.mark.parametrize(
    ("enabled", "url", "expected"),
    [
        ("auto", None, False),  # nobody else is on the broker that runs here
        ("auto", "mqtt://core-mosquitto", True),  # and then only if Home Assistant is heard
        ("auto", "mqtts://mqtt.clinic.example", False),
        (True, "mqtts://mqtt.home.example", True),
        (True, None, True),
        (False, "mqtt://core-mosquitto", False),
    ],
)
def test_whether_home_assistant_is_looked_for(
    config: Config, enabled: object, url: str | None, expected: bool
) -> None:
    broker = {"url": url}
    home = Config(**(config.model_dump() | {"homeassistant": {"enabled": enabled}, "broker": broker}))
    assert wanted(home) is expected


async def test_with_auto_nothing_is_said_until_home_assistant_is_heard(
    shown: Config, ha: HomeAssistant, squeeze: Make
) -> None:
    quiet = Config(**(shown.model_dump() | {"homeassistant": {"enabled": "auto"}}))
    async with bridging(quiet) as home:
        await until(home.bridge._client.is_connected)
        home.count(measured(squeeze(0), datetime.now(UTC)))
        ha.say("homeassistant/status", "offline")
        ha.say("homeassistant/switch/lamp/config", "")  # somebody's lamp was removed
        await asyncio.sleep(0.3)
        assert {topic for topic, *_ in ha.heard} == {
            "homeassistant/status",
            "homeassistant/switch/lamp/config",
        }
        ha.say("homeassistant/status", "online")
        await until(lambda: ha.last(CONFIG) and ha.last(STATE) and ha.on(STATUS)[-1:] == ["online"])


@pytest.mark.parametrize(
    "topic", ["homeassistant/switch/lamp/config", "homeassistant/sensor/0x1/temp/config"]
)
async def test_what_others_announced_tells_of_home_assistant_too(
    shown: Config, ha: HomeAssistant, topic: str
) -> None:
    ha.say(topic, '{"name": "Lamp"}', retain=True)
    quiet = Config(**(shown.model_dump() | {"homeassistant": {"enabled": "auto"}}))
    async with bridging(quiet) as home:
        if shown.broker.host is None and topic.count("/") == 4:  # more than a hub may hear there
            await until(home.bridge._client.is_connected)
            await asyncio.sleep(0.3)
            assert not ha.last(CONFIG)
        else:
            await until(lambda: ha.last(CONFIG))
    assert ha.last(topic) == {"name": "Lamp"}, "left alone"


async def test_a_tool_appears_with_all_that_it_has(shown: Config, ha: HomeAssistant, squeeze: Make) -> None:
    async with bridging(shown) as home:
        await until(lambda: ha.last(STATE))
        assert ha.last(STATE)["link"] == "offline" and ha.last(STATE)["squeezes_today"] == 0
        assert "peak" not in {k for k, p in ha.last(CONFIG)["components"].items() if len(p) > 1}
        home.clients["ball01"] = Client()
        home.links.note(LinkState("ball01", LinkPhase.STREAMING, time.time(), rssi_dbm=-61))
        at = datetime.now(UTC) - timedelta(seconds=1)
        for n, peak in enumerate((12.0, 17.25, 9.0)):
            home.count(measured(squeeze(n), at, peak=peak))
        home.count(measured(squeeze(2), at, peak=9.0))  # told again
        home.squeezing.add("ball01")
        await until(lambda: ha.last(STATE)["squeezing"] and ha.last(STATE)["squeezes_today"] == 3)
        document, state = ha.last(CONFIG), ha.last(STATE)
        jsonschema.Draft202012Validator(DEVICE_DISCOVERY).validate(document)
        values = {
            key: shows(document, state, key)
            for key, c in document["components"].items()
            if "value_template" in c
        }
        assert values == {
            "squeezes": "3",
            "peak": "17.25",
            "last_session": state["last_session_at"],
            "battery": "80",
            "signal": "-61",
            "squeezing": "ON",
            "tare_result": "None",  # which Home Assistant takes for unknown
        }
        assert datetime.fromisoformat(values["last_session"]).utcoffset() is not None
        availability = document["components"]["squeezing"]["availability"]
        assert [a["topic"] for a in availability] == [STATUS, STATE]
        rendered = jinja2.Template(availability[1]["value_template"]).render(value_json=state)
        assert rendered == "online"
        home.squeezing.clear()
        home.clients.clear()
        await until(lambda: ha.last(STATE)["link"] == "offline" and not ha.last(STATE)["squeezing"])
        assert ha.last(STATE)["battery"] == 80, "as it was when last seen"


async def test_no_name_of_a_child_is_told(shown: Config, ha: HomeAssistant, squeeze: Make) -> None:
    async with bridging(shown) as home:
        home.clients["ball01"] = Client()
        home.count(measured(squeeze(0), datetime.now(UTC)))
        await until(lambda: ha.last(STATE) and ha.last(STATE)["squeezes_today"] == 1)
    everything = " ".join(topic + payload for topic, payload, _ in ha.heard)
    assert shown.children[0].alias not in everything and shown.children[0].id not in everything


async def test_home_assistant_that_comes_back_is_told_again(shown: Config, ha: HomeAssistant) -> None:
    async with bridging(shown):
        await until(lambda: ha.last(CONFIG) and ha.last(STATE))
        ha.heard.clear()
        ha.say("homeassistant/status", "online")
        await until(lambda: ha.last(CONFIG) and ha.last(STATE) and ha.on(STATUS)[-1:] == ["online"])
        assert ha.last("homeassistant/device/griphub_home_hub/config")


async def test_what_is_told_is_kept_for_whoever_comes_later(shown: Config, ha: HomeAssistant) -> None:
    async with bridging(shown):
        await until(lambda: ha.last(CONFIG) and ha.last(STATE) and ha.on(STATUS))
        with closing(HomeAssistant(shown)) as later:
            await until(lambda: {CONFIG, STATE, STATUS} <= {topic for topic, _, kept in later.heard if kept})


async def test_values_are_told_anew_before_they_expire(
    shown: Config, ha: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge_module, "REFRESH_S", 0.1)
    async with bridging(shown):
        await until(lambda: len(ha.on(STATE)) >= 4)
        assert len(ha.on(CONFIG)) <= 2 < len(ha.on(STATE)), "the announcement stays"


async def test_squeezes_of_today_begin_at_zero_at_midnight_where_the_hub_is(
    config: Config, squeeze: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        now = datetime(2026, 4, 5, 11, 30, tzinfo=UTC)  # 23:30 on the day on which the clock was set back
        assert midnight(now) == datetime(2026, 4, 4, 11, 0, tzinfo=UTC), "that day has 25 hours"
        with closing(Tally(config.data_dir / "tally.db")) as tally:
            for n, hours_ago in enumerate((0.1, 12, 24.4, 24.6)):
                tally.add(measured(squeeze(n), now - timedelta(hours=hours_ago)))
            assert tally.today("ball01", now) == 3
            assert tally.today("ball01", now + timedelta(hours=1)) == 0
            assert tally.today("other", now) == 0
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_today_survives_a_hub_that_was_killed(shown: Config, ha: HomeAssistant, squeeze: Make) -> None:
    now = datetime.now(UTC)
    async with bridging(shown) as home:
        home.clients["ball01"] = Client()
        home.count(measured(squeeze(0), now))
        await until(lambda: ha.last(STATE) and ha.last(STATE)["squeezes_today"] == 1)
        home.outbox.commit([measured(squeeze(1), now)], {})  # committed, and killed before anybody was told
    ha.heard.clear()
    async with bridging(shown):
        await until(lambda: ha.last(STATE))
        assert ha.last(STATE)["squeezes_today"] == 2
        kept = {key for key, part in ha.last(CONFIG)["components"].items() if len(part) > 1}
        assert {"tare", "battery", "peak"} <= kept, "what the tool can do is known before it is back"


def test_a_session_that_is_handed_over_later_does_not_take_the_place_of_the_last(
    config: Config, squeeze: Make
) -> None:
    now = datetime.now(UTC)
    other = UUID(int=8)
    with closing(Tally(config.data_dir / "tally.db")) as tally:
        tally.add(measured(squeeze(0), now, peak=10.0))
        tally.ended("ball01", squeeze(0).session_id, now.timestamp() + 60, 10.0, Unit.NEWTON)
        tally.add(measured(squeeze(1), now - timedelta(hours=2), session_id=other, peak=30.0))
        latest = tally.latest("ball01")
        assert latest and latest.peak == 10.0 and latest.at > now + timedelta(seconds=59)
        assert tally.today("ball01", now) == 2 - (now - timedelta(hours=2) < midnight(now)), "but it counts"
        tally.ended("ball01", other, now.timestamp() + 600, None, Unit.NEWTON)
        latest = tally.latest("ball01")
        assert latest and latest.peak is None, "a session without a squeeze has no peak"
