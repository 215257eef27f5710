"""What is simulated is marked so from the radio on, whoever made the tool and whoever uses it."""

import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

import numpy as np

from griphub.dashboard.queries import sessions as queries
from griphub.firmware_bridge import profile
from griphub.firmware_bridge.capture import Event as Seen
from griphub.firmware_bridge.capture import What, read_capture
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.drivers.link import tool_id_of
from griphub.firmware_bridge.drivers.progressor import Progressor
from griphub.firmware_bridge.packets import ToolInfo
from griphub.firmware_bridge.profile import WireKind
from griphub.hub.config import Config
from griphub.hub.records.event import Event, decode
from griphub.hub.records.vocabulary import Source
from griphub.hub.service import Hub
from griphub.hub.stores.sqlite import SqliteStore
from griphub.simulators.captured import CapturedTool
from griphub.simulators.devices import DEVICES
from griphub.simulators.presets import PRESETS
from griphub.simulators.radio import VirtualLink, serve_hci
from griphub.simulators.tool import SimulatedTool
from griphub.simulators.waveform import BALL, play

CAPTURE = Path(__file__).parents[1] / "captures" / "putty.jsonl"


async def test_nothing_simulated_enters_a_real_childs_trend(config: Config, tmp_path: Path) -> None:
    child = PRESETS["c-9b07"]
    session = play(child, "right", BALL, np.random.default_rng(1), duration_s=12.0)
    link, clock = VirtualLink(), HostClock(4.0)
    capture = read_capture(CAPTURE)
    real = replace(capture, events=tuple(map(_of_a_real_tool, capture.events)))
    device = DEVICES["progressor"]("", [session], link=link, clock=clock)
    tools = [
        SimulatedTool(
            "ball01", WireKind.BALL, [session], link=link, clock=clock, bonds=tmp_path / "tool.json"
        ),
        device,
        CapturedTool(real, link, HostClock()),
    ]
    owners = [{"id": tool_id, "child": "c-1", "hand": "right"} for tool_id in ("ball01", real.name)]
    owners.append({"id": tool_id_of(Progressor, device.radio.address), "child": "c-1", "hand": "left"})
    home = Config(
        **(
            config.model_dump()
            | {"radio": f"unix:{tmp_path}/hci", "tools": owners, "session": {"resume_s": 0.3}}
        )
    )
    hub = Hub(home, clock, counted=lambda _: None)
    async with serve_hci(link, f"unix:{tmp_path}/hci"):
        tasks = [asyncio.create_task(life) for life in (hub.run(), *(tool.run() for tool in tools))]
        events = []
        async with asyncio.timeout(40):
            while len({e.tool_id for e in events if e.schema_.startswith("session_ended")}) < len(tools):
                await asyncio.sleep(0.1)
                events = [decode(waiting.payload) for waiting in hub._outbox.waiting(0, 10_000)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert {event.tool_id for event in events} == {owner["id"] for owner in owners}
    assert {event.source for event in events} == {Source.SIMULATED}
    with closing(SqliteStore(tmp_path / "store.db")) as store:
        theirs = [e.model_copy(update={"source": Source.REAL, **_other(e)}) for e in events]
        store.write([*events, *theirs])  # a real child's sessions with tools of the same names
        panels = queries.trend(store, "c-1", datetime.now(UTC) + timedelta(days=1))
        by_source = {panel.source for panel in panels}
        assert by_source == {Source.REAL, Source.SIMULATED}
        for panel in panels:
            assert {p.source for series in panel.series for p in series.points} == {panel.source}


def _of_a_real_tool(event: Seen) -> Seen:
    if event.what is What.READ and event.uuid == profile.TOOL_INFO:
        return replace(event, data=bytes(replace(ToolInfo.from_bytes(event.data), simulated=False)))
    return event


def _other(event: Event) -> dict[str, UUID]:
    session = uuid5(event.session_id, "real")
    return {"session_id": session, "event_id": uuid5(session, str(event.event_id))}
