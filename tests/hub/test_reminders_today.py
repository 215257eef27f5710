"""What a running hub says of a child's day, on its socket and on the command line."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from griphub.hub.cli.main import app
from griphub.hub.config import Config
from griphub.hub.control.address import HubNotRunning, socket_path
from griphub.hub.control.answers import ControlError
from griphub.hub.control.client import ControlClient
from griphub.hub.database.actor import Actor
from griphub.hub.program import commands, home
from griphub.hub.program.activity import builtin
from griphub.hub.program.prescription import Slot, parse_program
from griphub.hub.stores.sqlite import SqliteStore
from griphub.simulators.radio import VirtualLink, serve_hci

from .control.room import running

PROGRAM = """
[[items]]
id = "dough"
activity = "play-dough"
dose = { days_per_week = 7 }
minutes = 10
slots = ["after_dinner"]
"""


async def test_the_hub_tells_what_is_left_of_today(config: Config, tmp_path: Path) -> None:
    quiet = {"quiet_from": "00:00", "quiet_to": "23:59:59.999999"}
    changes = {"radio": f"unix:{tmp_path}/hci", "tools": [], "reminders": quiet, "time_zone": "UTC"}
    config = Config(**(config.model_dump() | changes))
    SqliteStore(tmp_path / "store.db").close()
    file = tmp_path / "griphub.toml"
    file.write_text(f'data_dir = "{tmp_path}"\ntime_zone = "UTC"\n[[children]]\nid = "c-1"\nalias = "Mia"\n')
    client = ControlClient(socket_path(config))
    async with serve_hci(VirtualLink(), f"unix:{tmp_path}/hci"), running(config):
        assert (await client.reminders_today("c-1")).slots == ()  # nothing was ever asked
        with home.opened(config) as database, database.work(Actor.part("test")) as work:
            day = work.now.date()
            program = parse_program(PROGRAM, builtin())
            commands.prescribe(work, "c-1", program, valid_from=day, today=day)
        found = await client.reminders_today("c-1")
        (slot,) = found.slots
        assert (found.quiet, slot.due, slot.reminded_at) == (True, False, None)
        assert (slot.slot, slot.left) == (Slot.AFTER_DINNER, ("dough",))
        with pytest.raises(ControlError, match=r"no child c-9"):
            await client.reminders_today("c-9")
        said = await asyncio.to_thread(CliRunner().invoke, app, ["reminders", "Mia", "--config", str(file)])
        assert "18:45  after dinner: dough left" in said.output and "Quiet hours until" in said.output
        words = ["reminders", "Mia", "--json", "--config", str(file)]
        said = await asyncio.to_thread(CliRunner().invoke, app, words)
        assert json.loads(said.output)["slots"][0]["left"] == ["dough"]
    said = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert isinstance(said.exception, HubNotRunning)
