"""Frames from a real broker to the viewers of a child."""

import asyncio
import contextlib
import json
from contextlib import closing
from uuid import UUID

from griphub.dashboard import live
from griphub.dashboard.live import AWAY, UP, LiveHub
from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.delivery import broker as home_broker
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.delivery.publisher import Publisher
from griphub.hub.live import WATCHED_S, LiveFrame, Watch
from griphub.hub.records.vocabulary import Hand, Source

WAIT_S = 15


def frame(child="c-ada", tool="ball-01", **changes):
    return LiveFrame(
        site="home",
        hub="hub",
        tool_id=tool,
        tool_kind=ToolKind.BALL,
        child_id=child,
        hand=Hand.LEFT,
        source=Source.SIMULATED,
        unit=Unit.NEWTON,
        session_id=UUID(int=1),
        **changes,
    )


async def next_of(viewer):
    return await asyncio.wait_for(viewer.get(), WAIT_S)


async def connected(viewer):
    while await next_of(viewer) != UP:
        pass


async def test_a_childs_frames_reach_its_viewers_and_nobody_else(config, hub_client):
    hub = LiveHub(config, lambda connection, child: True)
    async with hub.running():
        with hub.watch("c-ada") as ada, hub.watch("c-ada") as also_ada, hub.watch("c-ben") as ben:
            for viewer in (ada, also_ada, ben):
                await connected(viewer)
            for count in range(3):
                sent = frame(count=count, t_s=(0.0, 0.01), values=(1.0, None))
                hub_client.publish(sent.topic(), sent.model_dump_json(by_alias=True))
            other = frame("c-ben", "ball-02", count=9)
            hub_client.publish(other.topic(), other.model_dump_json())
            for viewer in (ada, also_ada):
                got = [LiveFrame.model_validate_json(await next_of(viewer)) for _ in range(3)]
                assert [f.count for f in got] == [0, 1, 2]
                assert got[0].values == (1.0, None)
            assert json.loads(await next_of(ben))["count"] == 9
        assert hub.rejected == 0


async def test_a_hub_sends_curves_only_while_somebody_watches(config, broker):
    async def curve_comes(publisher, viewer):
        async with asyncio.timeout(WAIT_S):
            while True:
                publisher.send_live(frame(t_s=(0.0,), values=(1.0,)))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        while True:
                            if json.loads(await viewer.get()).get("t_s"):
                                return

    with closing(Outbox(config.data_dir / "outbox.db")) as outbox:
        publisher = Publisher(config, outbox)
        hub = LiveHub(config, lambda connection, child: True)
        running = asyncio.create_task(publisher.run())
        async with hub.running():
            with hub.watch("c-ben") as ben, hub.watch("c-ada") as ada:
                await connected(ben)
                await curve_comes(publisher, ada)
                assert publisher.watched("c-ada") and publisher.watched("c-ben")
                assert not publisher.watched("c-mia")
                for news in ({"state": "ended"}, {"counted_at_s": 1.0}):
                    publisher.send_live(frame("c-mia", "ball-03", t_s=(0.0,), values=(1.0,)))
                    publisher.send_live(frame("c-mia", "ball-03", **news))
                    async with asyncio.timeout(WAIT_S):
                        while not (last := [f for _, f in hub._last.values() if f.child_id == "c-mia"]):
                            await asyncio.sleep(0.01)
                    assert not last[0].t_s  # a page that opens now starts with the news, not with a curve
                    hub._last.clear()
        running.cancel()
        await asyncio.wait([running])


def test_who_is_watched_is_forgotten_when_no_page_says_so(config, monkeypatch):
    now_s = [100.0]
    monkeypatch.setattr("griphub.hub.delivery.publisher.time.monotonic", lambda: now_s[0])
    with closing(Outbox(config.data_dir / "outbox.db")) as outbox:
        publisher = Publisher(config, outbox)
        publisher._on_watch(Watch(children=("c-ada",)))
        now_s[0] += WATCHED_S - 0.1
        assert publisher.watched("c-ada")
        publisher._on_watch(Watch(children=("c-ben",)))
        now_s[0] += 0.2
        assert not publisher.watched("c-ada") and publisher.watched("c-ben")


async def test_a_new_viewer_sees_how_things_stand(config, hub_client):
    hub = LiveHub(config, lambda connection, child: True)
    async with hub.running():
        with hub.watch("c-ada") as first:
            await connected(first)
            for sent in (frame(count=4), frame(count=5, state="link_lost"), frame(tool="putty-01", count=2)):
                hub_client.publish(sent.topic(), sent.model_dump_json())
                await next_of(first)
        with hub.watch("c-ada") as late:
            assert await next_of(late) == UP
            shown = [json.loads(await next_of(late)) for _ in range(2)]
            assert [(f["tool_id"], f["count"], f["state"]) for f in shown] == [
                ("ball-01", 5, "link_lost"),
                ("putty-01", 2, "streaming"),
            ]


async def test_tools_of_two_homes_may_have_the_same_name(config):
    hub = LiveHub(config, lambda connection, child: True)
    for home, count in (("home", 1), ("next-door", 2)):
        other = frame(count=count, child=f"c-{home}").model_copy(update={"site": home})
        hub.deliver(other.model_dump_json().encode())
    with hub.watch("c-home") as viewer:
        assert await next_of(viewer) == AWAY
        assert json.loads(await next_of(viewer))["count"] == 1


def test_a_state_of_this_morning_is_not_shown_as_now(config, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(live.time, "monotonic", lambda: now)
    hub = LiveHub(config, lambda connection, child: True)
    hub.deliver(frame(count=5).model_dump_json().encode())
    with hub.watch("c-ada") as viewer:
        assert len(viewer) == 2
    now += live.SNAPSHOT_S + 1
    with hub.watch("c-ada") as viewer:
        assert len(viewer) == 1


async def test_what_is_no_frame_is_counted_and_harms_nobody(config, hub_client, caplog):
    hub = LiveHub(config, lambda connection, child: True)
    async with hub.running():
        with hub.watch("c-ada") as viewer:
            await connected(viewer)
            topic = frame().topic()
            for junk in (b"", b"{}", b"\xff\x00", b'{"schema":"live/2"}', b"[" * 5000):
                hub_client.publish(topic, junk)
            hub_client.publish(topic, frame(count=7).model_dump_json())
            assert json.loads(await next_of(viewer))["count"] == 7
    assert hub.rejected == 5
    assert len(caplog.records) == 5


async def test_a_slow_viewer_keeps_the_newest_and_counts_the_rest(config):
    hub = LiveHub(config, lambda connection, child: True)
    with hub.watch("c-ada") as viewer:
        for count in range(live.QUEUE_FRAMES + 50):
            hub.deliver(frame(count=count).model_dump_json().encode())
        assert viewer.dropped == 51  # the first message told that the broker is away
        got = [json.loads(await next_of(viewer))["count"] for _ in range(live.QUEUE_FRAMES)]
    assert got == list(range(50, live.QUEUE_FRAMES + 50))


async def test_the_broker_goes_and_comes_back(config, broker):
    hub = LiveHub(config, lambda connection, child: True)
    async with hub.running():
        with hub.watch("c-ada") as viewer:
            await connected(viewer)
            broker.kill()
            broker.wait()
            assert await next_of(viewer) == AWAY
            second = await asyncio.create_subprocess_exec(
                *home_broker.command(config), stderr=asyncio.subprocess.DEVNULL
            )
            try:
                assert await next_of(viewer) == UP
            finally:
                second.kill()
                await second.wait()


async def test_a_broker_that_does_not_let_it_listen_is_not_called_connected(config, broker, monkeypatch):
    loop, refused = asyncio.get_running_loop(), asyncio.Event()
    monkeypatch.setattr(live, "LIVE_FILTER", "griphub/v1/+/+/event/#")  # not the dashboard's to read
    monkeypatch.setattr(live._LOG, "warning", lambda *_: loop.call_soon_threadsafe(refused.set))
    hub = LiveHub(config, lambda connection, child: True)
    async with asyncio.timeout(WAIT_S), hub.running():
        await refused.wait()
        assert not hub.connected


async def test_a_broker_that_is_away_does_not_keep_the_server_from_starting_or_ending(config):
    hub = LiveHub(config, lambda connection, child: True)
    async with asyncio.timeout(WAIT_S), hub.running():
        with hub.watch("c-ada") as viewer:
            assert await next_of(viewer) == AWAY
    assert not hub.connected


async def test_what_a_browser_gets_is_json_it_can_read(config):
    hub = LiveHub(config, lambda connection, child: True)
    payload = frame(t_s=(0.0,), values=(None,)).model_dump(mode="json") | {"values": [float("nan")]}
    with hub.watch("c-ada") as viewer:
        hub.deliver(json.dumps(payload).encode())
        await next_of(viewer)
        text = await next_of(viewer)
    assert "NaN" not in text
    assert json.loads(text)["values"] == [None]
