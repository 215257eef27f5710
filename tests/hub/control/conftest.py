"""A room for each test."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from griphub.firmware_bridge import held_tool
from griphub.firmware_bridge import pairing as pairing_module
from griphub.hub.config import Config
from griphub.hub.control import handler
from griphub.simulators.radio import VirtualLink, serve_hci

from .room import Room, running


@pytest.fixture
async def room(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    monkeypatch.setattr(pairing_module, "FRESH_S", 1.0)
    monkeypatch.setattr(held_tool, "QUIET_S", 0.6)
    monkeypatch.setattr(handler, "LIST_S", 0.05)
    children = [{"id": "c-1", "alias": "Mia"}, {"id": "c-2", "alias": "Noah"}]
    changes = {"radio": f"unix:{tmp_path}/hci", "tools": [], "children": children}
    home = Config(**(config.model_dump() | changes))
    link = VirtualLink()
    async with serve_hci(link, f"unix:{tmp_path}/hci"), running(home) as hub:
        made = Room(home, link, hub)
        yield made
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)
