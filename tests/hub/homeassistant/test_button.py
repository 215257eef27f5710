"""A tool is zeroed from Home Assistant."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import jinja2
import pytest

from griphub.firmware_bridge.errors import ToolRefused
from griphub.hub.config import Config

from ..test_service import _running, _tools
from .told import (
    CONFIG,
    STATE,
    STATUS,
    TARE,
    Client,
    HomeAssistant,
    bridging,
    until,
)


async def test_the_button_zeroes_a_tool_and_says_so(shown: Config, ha: HomeAssistant) -> None:
    async with bridging(shown) as home:
        client = home.clients["ball01"] = Client()
        await until(lambda: ha.last(CONFIG) and "command_topic" in ha.last(CONFIG)["components"]["tare"])
        button = ha.last(CONFIG)["components"]["tare"]
        ha.say(button["command_topic"], button["payload_press"])
        await until(lambda: ha.last(STATE)["tare"] == "Done" and ha.last(STATE)["tare_at"])
        assert client.tares == 1
        attributes = ha.last(CONFIG)["components"]["tare_result"]["json_attributes_template"]
        shown_at = json.loads(jinja2.Template(attributes).render(value_json=ha.last(STATE)))["at"]
        assert datetime.fromisoformat(shown_at) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("squeezing", "being squeezed"),
        ("away", "not connected"),
        ("cannot", "It has no zero"),
        ("refused", "refused tare: busy"),
        ("silent", "did not answer"),
    ],
)
async def test_a_tare_that_cannot_be_is_refused_in_words(
    shown: Config, ha: HomeAssistant, monkeypatch: pytest.MonkeyPatch, change: str, said: str
) -> None:
    async with bridging(shown) as home:
        client = Client(tare=change != "cannot")
        if change != "away":
            home.clients["ball01"] = client
        if change == "squeezing":
            home.squeezing.add("ball01")
        if change == "refused":
            client.refusal = ToolRefused("ball01", "tare", "busy")
        if change == "silent":
            client.refusal = TimeoutError()
        await until(lambda: ha.last(STATE))
        ha.say(TARE, "PRESS")
        await until(lambda: said in (ha.last(STATE)["tare"] or ""))
        assert client.tares == 0


async def test_what_is_no_press_does_nothing(shown: Config, ha: HomeAssistant) -> None:
    ha.say(TARE, "PRESS", retain=True)  # kept by the broker: it would be pressed at every connection
    async with bridging(shown) as home:
        client = home.clients["ball01"] = Client()
        await until(lambda: ha.last(STATE) and ha.last(STATE)["link"] == "online")
        for payload in ("", "press", '{"tare": true}'):
            ha.say(TARE, payload)
        ha.say("griphub/v1/home/hub/homeassistant/stranger/tare", "PRESS")
        ha.say(TARE, "PRESS")
        await until(lambda: ha.last(STATE)["tare"] == "Done")
        assert client.tares == 1


async def test_a_tool_on_the_air_is_shown_squeezed_and_zeroed(
    shown: Config, ha: HomeAssistant, tmp_path: Path
) -> None:
    changes = {"radio": f"unix:{tmp_path}/hci", "session": {"resume_s": 0.3}}
    home = Config(**(shown.model_dump() | changes))
    async with _tools(tmp_path, "ball01"), _running(home):
        await until(lambda: ha.last(STATE) and ha.last(STATE)["link"] == "online", 30)
        await until(lambda: ha.last(STATE)["squeezes_today"] >= 2, 30)
        seen = {json.loads(payload)["squeezing"] for payload in ha.on(STATE) if payload}
        assert seen == {True, False}
        assert ha.last(CONFIG)["components"]["peak"]["unit_of_measurement"] == "N"
        while ha.last(STATE)["tare"] != "Done":  # refused for as long as it is squeezed
            ha.say(TARE, "PRESS")
            await asyncio.sleep(0.1)
    await until(lambda: ha.on(STATUS)[-1] == "offline")
