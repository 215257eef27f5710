"""A parent pairs, uses and forgets tools over the hub's socket."""

import asyncio
from pathlib import Path

import pytest

from griphub.firmware_bridge.link_state import LinkPhase
from griphub.firmware_bridge.quiet_check import QuietVerdict
from griphub.hub.config import Config
from griphub.hub.control import handler
from griphub.hub.control.answers import ControlError
from griphub.hub.records.event import decode
from griphub.hub.records.session import SessionEnded, SessionStarted
from griphub.hub.records.vocabulary import Hand
from griphub.simulators.radio import VirtualLink, serve_hci

from .room import Room, running, until, until_status


async def test_from_a_list_to_a_tool_that_the_hub_uses(room: Room) -> None:
    tool = room.tool()
    candidate = await room.candidate()
    assert await room.client.tools() == []
    async with room.client.pairing(candidate) as held:
        assert (held.tool.tool_id, held.tool.title) == ("ball01", "GripHub ball")
        assert held.tool.simulated and held.tool.can_blink and held.tool.can_tare
        await held.blink()
        assert tool.blinking
        assert (await held.quiet_check()).verdict is QuietVerdict.FINE
        await held.tare()
        finished = await held.finish("c-1", Hand.LEFT)
    assert (finished.id, finished.child, finished.hand) == ("ball01", "c-1", Hand.LEFT)
    await until_status(room, "ball01", LinkPhase.STREAMING)  # without a restart
    (status,) = await room.client.tools()
    assert status.tool == finished and status.words
    history = await room.client.links("ball01")
    assert history[-1].phase is LinkPhase.STREAMING
    await room.client.identify("ball01", 20)
    assert tool.blinking
    await room.client.tare("ball01")


async def test_what_the_hub_knows_of_a_tool_and_of_its_radio(room: Room) -> None:
    tool = room.tool()
    candidate = await room.candidate()  # heard, and so the radio is open
    (radio,) = await room.client.radios()
    assert radio.open and radio.simulated and (radio.links, radio.most, radio.full) == (0, None, False)
    async with room.client.pairing(candidate) as held:
        await held.finish("c-1", Hand.LEFT)
    await until_status(room, "ball01", LinkPhase.STREAMING)
    facts = None
    async with asyncio.timeout(10):
        while not (facts and facts.received):
            (status,) = await room.client.tools()
            facts = status.facts
            await asyncio.sleep(0.02)
    assert facts.kind == "ball" and facts.unit == "N" and facts.rate_hz == 100 and facts.simulated
    assert facts.can_blink and facts.can_tare and facts.battery_percent is not None
    assert facts.lost == 0 and facts.lost_percent == 0 and facts.calibration_due is None
    assert [radio.links for radio in await room.client.radios()] == [1]
    tool.peripheral.lose_link()
    async with asyncio.timeout(10):
        while not ((await room.client.tools())[0].facts or facts).link_losses:
            await asyncio.sleep(0.02)
    await until_status(room, "ball01", LinkPhase.STREAMING)


async def test_a_radio_that_is_full_says_how_many_it_holds(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "LIST_S", 0.05)
    home = Config(**(config.model_dump() | {"radio": f"unix:{tmp_path}/hci", "tools": []}))
    link = VirtualLink()
    async with serve_hci(link, f"unix:{tmp_path}/hci", slots=1), running(home) as hub:
        room = Room(home, link, hub)
        try:
            room.tool("ball01")
            async with room.client.pairing(await room.candidate("ball01")) as held:
                await held.finish("c-1", Hand.LEFT)
            await until_status(room, "ball01", LinkPhase.STREAMING)
            room.tool("ball02")
            with pytest.raises(ControlError, match="holds as many tools as it can") as refused:
                async with room.client.pairing(await room.candidate("ball02")):
                    pytest.fail("there is no place for it")
            assert refused.value.problem == "no_free_slot"
            (radio,) = await room.client.radios()
            assert (radio.links, radio.most, radio.full) == (1, 1, True)
        finally:
            for task in room.tasks:
                task.cancel()
            await asyncio.gather(*room.tasks, return_exceptions=True)


async def test_a_change_of_hand_and_a_goodbye(room: Room) -> None:
    room.tool()
    async with room.client.pairing(await room.candidate()) as held:
        await held.finish("c-1", Hand.LEFT)
    await until_status(room, "ball01", LinkPhase.STREAMING)
    assert (await room.client.use("ball01", "c-2", Hand.RIGHT)).child == "c-2"
    assert [use.child for use in room.hub.registry.history("ball01")] == ["c-1", "c-2"]
    await room.client.forget("ball01")
    assert await room.client.tools() == []
    await until(lambda: not room.hub.supervisor.clients())
    adapter = room.hub.supervisor.radios[0].adapter
    assert adapter
    await until(room.hub.supervisor.heard)
    assert not await adapter.bonded(room.hub.supervisor.heard()[0].device)


async def test_a_tool_that_is_not_there_is_forgotten_with_its_key(room: Room) -> None:
    tool = room.tool()
    async with room.client.pairing(await room.candidate()) as held:
        address = (await held.finish("c-1", Hand.LEFT)).address
    keys = room.config.data_dir / "bonds" / "bonds.json"
    assert address in keys.read_text()
    tool.power_off()
    room.hub.supervisor._neighbours.forget(float("inf"))
    await room.client.forget("ball01")
    assert address not in keys.read_text()


async def test_a_change_in_the_middle_ends_the_session_and_begins_the_next_childs(room: Room) -> None:
    room.tool()
    async with room.client.pairing(await room.candidate()) as held:
        await held.finish("c-1", Hand.LEFT)
    outbox = room.hub._outbox
    await until(outbox.open_sessions)
    await room.client.use("ball01", "c-2", Hand.RIGHT)
    await until(lambda: '"c-2"' in outbox.open_sessions().get("ball01", ""))
    events = [decode(row.payload) for row in outbox.waiting(0, 10_000)]
    (ended,) = [event for event in events if isinstance(event, SessionEnded)]
    assert (ended.child_id, ended.hand, ended.ended_by) == ("c-1", "left", "tool_reassigned")
    begun = [(event.child_id, event.hand) for event in events if isinstance(event, SessionStarted)]
    assert begun == [("c-1", "left"), ("c-2", "right")]


async def test_the_digits_on_a_tool_are_asked_for(room: Room) -> None:
    room.tool(passkey=42)

    async def digits() -> int:
        return 42

    candidate = await room.candidate()
    with pytest.raises(ControlError) as refused:
        async with room.client.pairing(candidate):
            pytest.fail("nobody gave the digits")
    assert refused.value.problem == "passkey_wrong"
    async with room.client.pairing(candidate, digits=digits) as held:
        assert held.tool.tool_id == "ball01"


async def test_a_problem_is_told_in_words_for_a_parent(room: Room) -> None:
    tool = room.tool()
    candidate = await room.candidate()
    await tool.peripheral.hide(0)
    with pytest.raises(ControlError, match="Squeeze it once") as refused:
        async with room.client.pairing(candidate):
            pytest.fail("it sleeps")
    assert (refused.value.kind, refused.value.problem) == ("CannotPair", "asleep")


async def test_what_is_not_there(room: Room) -> None:
    for call in (
        room.client.tare("ball09"),
        room.client.identify("ball09"),
        room.client.forget("ball09"),
        room.client.use("ball09", "c-1", Hand.LEFT),
    ):
        with pytest.raises(ControlError, match="ball09"):
            await call
    assert await room.client.links("ball09") == []
