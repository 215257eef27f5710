"""Live frames from the broker to the browsers that watch a child, and what these say back to an exercise.

Frames come only while a tool streams. How an exercise goes that waits for its tool, the hub on this machine
is asked once a second, while somebody watches; a clinic's dashboard has none, and sees the frames alone.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import paho.mqtt.client as paho
from pydantic import ValidationError
from starlette.requests import HTTPConnection
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..hub.config import Config
from ..hub.control.address import HubNotRunning
from ..hub.delivery import mqtt
from ..hub.errors import SetupError, StoreError
from ..hub.live import LIVE_FILTER, MAX_WATCHED, WATCH_S, ExerciseView, LiveFrame, Watch, watch_topic
from .access import NOT_ALLOWED, PEOPLE_AWAY
from .live_words import Allowance, HubExercises

_LOG = logging.getLogger(__name__)

#: A viewer that reads slowly keeps the newest 5 s of one tool's 20 frames a second.
QUEUE_FRAMES = 100
#: A new viewer is shown the last state of a tool that spoke within this time: a finished session stays a
#: while, a session of this morning does not look like one that is running.
SNAPSHOT_S = 120.0

#: Whoever loses the right to see a child sees nothing more of it after this time.
RIGHT_ASKED_S = 10.0

#: The hub is asked this often how the exercises go of which no frame tells.
ASK_HUB_S = 1.0
#: A page that keeps on saying what is no word is not ours.
MAX_REJECTED = 20

#: Whether the viewer at a connection may see a child's frames.
MayWatch = Callable[[HTTPConnection, str], bool]

UP = '{"delivery":"up"}'
AWAY = '{"delivery":"away"}'
HUB_HERE = '{"hub":true}'
HUB_AWAY = '{"hub":false}'


class Viewer:
    """One open page: a queue that drops its oldest message when full, and counts that."""

    def __init__(self) -> None:
        self.dropped = 0
        self._queue: deque[str] = deque()
        self._ready = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, message: str) -> None:
        """Add a message; never waits."""
        if len(self._queue) >= QUEUE_FRAMES:
            self._queue.popleft()
            self.dropped += 1
        self._queue.append(message)
        self._ready.set()

    async def get(self) -> str:
        """Oldest message; waits for one."""
        while not self._queue:
            self._ready.clear()
            await self._ready.wait()
        return self._queue.popleft()


class LiveHub:
    """Subscribes once per server and hands each child's frames to the viewers of that child.

    Parameters
    ----------
    config : Config
    may_watch : callable
        Whether a socket's viewer may see a child's frames, and say something to its exercise; may block, and
        raise `StoreError` where nobody can be looked up.

    Attributes
    ----------
    rejected : int
        Messages that were no live frames.
    exercises : HubExercises
    connected : bool
        Whether the broker answers and sends us what it gets.
    """

    def __init__(self, config: Config, may_watch: MayWatch) -> None:
        self.rejected = 0
        self.connected = False
        self.exercises = HubExercises(config)
        self._config = config
        self._may_watch = may_watch
        self._viewers: dict[str, set[Viewer]] = {}
        self._last: dict[str, tuple[float, LiveFrame]] = {}
        self._client: paho.Client | None = None
        self._hub_here = False
        self._told_at: dict[str, float] = {}  # by child, when a frame last told of its exercise
        self._under_way: dict[str, ExerciseView] = {}  # by child, the latest that was not over

    @contextlib.asynccontextmanager
    async def running(self, _app: Any = None) -> AsyncIterator[None]:
        """Stay subscribed while the server runs; usable as its lifespan."""
        loop = asyncio.get_running_loop()

        # paho calls back on its own thread; everything below hops to the loop
        def hop(call: Callable[..., None], *args: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the server has ended
                loop.call_soon_threadsafe(call, *args)

        def connected(client: paho.Client) -> None:
            client.subscribe(LIVE_FILTER, qos=0)

        def on_subscribe(_c: paho.Client, _u: Any, _m: int, codes: Any, _p: Any) -> None:
            if codes[0].is_failure:
                _LOG.warning("The broker lets the dashboard in, but does not let it listen: %s", codes[0])
            else:
                hop(self._set_connected, True)

        def on_message(_c: paho.Client, _u: Any, message: paho.MQTTMessage) -> None:
            hop(self.deliver, bytes(message.payload))

        # random, so that a second dashboard does not push the first one off the broker
        name = f"dashboard-{secrets.token_hex(6)}"
        client = mqtt.make_client(
            self._config,
            "dashboard",
            name,
            connected=connected,
            disconnected=lambda: hop(self._set_connected, False),
        )
        client.on_subscribe, client.on_message = on_subscribe, on_message
        mqtt.start(client, self._config)
        self._client = client
        tasks = [
            asyncio.create_task(self._go_on_watching(), name="watching"),
            asyncio.create_task(self._go_on_asking(), name="asking the hub"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            self._client = None
            client.disconnect()  # paho's thread ends by itself; between two tries that takes it a second

    def deliver(self, payload: bytes) -> None:
        """Hand one message to its viewers."""
        try:
            frame = LiveFrame.model_validate_json(payload)
        except ValidationError as error:
            self.rejected += 1
            _LOG.warning("A live message was no frame and was left out: %s", error.errors()[0]["msg"])
            return
        self._last[frame.topic()] = (time.monotonic(), frame)
        if frame.exercise:
            self._told_at[frame.child_id] = time.monotonic()
            self._note(frame.exercise)
        if viewers := self._viewers.get(frame.child_id):
            text = frame.model_dump_json(by_alias=True)  # NaN readings become null, which a browser can read
            for viewer in viewers:
                viewer.put(text)

    @contextlib.contextmanager
    def watch(self, child_id: str) -> Iterator[Viewer]:
        """Join the viewers of a child, starting with how things stand."""
        viewer = Viewer()
        viewer.put(UP if self.connected else AWAY)
        if self._hub_here:
            viewer.put(HUB_HERE)
        fresh = time.monotonic() - SNAPSHOT_S
        for seen_at, frame in self._last.values():
            if frame.child_id == child_id and seen_at >= fresh:
                viewer.put(frame.model_dump_json(by_alias=True))
        self._viewers.setdefault(child_id, set()).add(viewer)
        self._say_who_is_watched()
        try:
            yield viewer
        finally:
            self._viewers[child_id].discard(viewer)
            if not self._viewers[child_id]:
                del self._viewers[child_id]

    async def _go_on_watching(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            self._say_who_is_watched()

    async def _go_on_asking(self) -> None:
        while True:
            await asyncio.sleep(ASK_HUB_S)
            silent = time.monotonic() - ASK_HUB_S
            for child_id in list(self._viewers):
                if self._told_at.get(child_id, 0.0) < silent:
                    await self._ask_hub(child_id)

    async def _ask_hub(self, child_id: str) -> None:
        """Ask the hub on this machine how a child's exercise goes, and tell its viewers."""
        try:
            view = await self.exercises.view(child_id)
        except (HubNotRunning, SetupError):
            self._set_hub_here(False)
            return
        self._set_hub_here(True)
        if view:
            self._tell_viewers(view)

    def _tell_viewers(self, view: ExerciseView) -> None:
        """Say how an exercise goes; of one that ended before anybody watched, nothing."""
        seen = self._under_way.get(view.child_id)
        if view.ended_by is None or (seen and seen.exercise_id == view.exercise_id):
            self._note(view)
            text = f'{{"exercise":{view.model_dump_json()}}}'
            for viewer in self._viewers.get(view.child_id, ()):
                viewer.put(text)

    def _note(self, view: ExerciseView) -> None:
        if view.ended_by is None:
            self._under_way[view.child_id] = view
        else:
            self._under_way.pop(view.child_id, None)

    def _set_hub_here(self, here: bool) -> None:
        if here is not self._hub_here:
            self._hub_here = here
            for viewers in self._viewers.values():
                for viewer in viewers:
                    viewer.put(HUB_HERE if here else HUB_AWAY)

    def _say_who_is_watched(self) -> None:
        """Tell the home's hubs, which send curves of nobody else."""
        if self._client and self.connected and self._viewers:
            watch = Watch(children=tuple(self._viewers)[:MAX_WATCHED])
            text = watch.model_dump_json(by_alias=True)
            self._client.publish(watch_topic(self._config.site), text, qos=0)

    def route(self) -> WebSocketRoute:
        """Route of the live socket; the access gate stands before it."""
        return WebSocketRoute("/live/{child_id}", self._serve)

    async def _serve(self, socket: WebSocket) -> None:
        child_id = socket.path_params["child_id"]
        barred = await self._barred(socket, child_id)
        await socket.accept()  # what is refused before it was accepted tells a browser nothing
        if barred:
            await socket.close(barred)
            return
        with self.watch(child_id) as viewer:
            tasks = [
                asyncio.create_task(_send_all(viewer, socket), name="live viewer"),
                asyncio.create_task(self._until_not_allowed(socket, child_id), name="live right"),
            ]
            try:
                await self._ask_hub(child_id)
                await self._listen(socket, child_id, viewer)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    async def _listen(self, socket: WebSocket, child_id: str, viewer: Viewer) -> None:
        """Take what a page says until it leaves, or says too much that is no word."""
        allowance = Allowance()
        rejected = 0
        while rejected < MAX_REJECTED:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            told = await self.exercises.tell(
                child_id, message.get("text"), allowance, lambda: self._may_watch(socket, child_id)
            )
            rejected += told.rejected
            if told.view:
                self._tell_viewers(told.view)
            viewer.put(told.answer)
        await socket.close(NOT_ALLOWED)

    async def _until_not_allowed(self, socket: WebSocket, child_id: str) -> None:
        """Close a socket whose viewer has lost the right to it, was signed out, or cannot be looked up."""
        barred = 0
        while not barred:
            await asyncio.sleep(RIGHT_ASKED_S)
            barred = await self._barred(socket, child_id)
        await socket.close(barred)

    async def _barred(self, socket: WebSocket, child_id: str) -> int:
        """0, or with which code the viewer is shut out."""
        try:
            may = await asyncio.to_thread(self._may_watch, socket, child_id)
        except (StoreError, SetupError) as error:
            _LOG.warning("Nobody can watch a child right now: %s", error)
            return PEOPLE_AWAY
        return 0 if may else NOT_ALLOWED

    def _set_connected(self, connected: bool) -> None:
        self.connected = connected
        self._say_who_is_watched()
        for viewers in self._viewers.values():
            for viewer in viewers:
                viewer.put(UP if connected else AWAY)


async def _send_all(viewer: Viewer, socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it left between two frames
        while True:
            await socket.send_text(await viewer.get())
