"""One viewer's pairing, kept between the runs of its page.

Streamlit runs a page anew at each press and forgets what was in between, but the hub holds a tool only for
as long as one connection lasts. So each viewer who pairs has a thread that talks with the hub, knows how far
they are, and lets the tool go when they leave.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Final

from ..firmware_bridge.errors import GripError
from ..firmware_bridge.quiet_check import QuietVerdict
from ..hub.control.client import ControlClient, PairingTalk
from .pairing_state import Belongs, Choose, Digits, Found, Press, Said, Stage, Standing, State, Trouble

log = logging.getLogger(__name__)

#: Viewers who pair at once: the hub talks with sixteen, and others want to talk with it too.
MOST: Final = 6
#: A page that is open says so every second; one that was silent for so long is closed, or its phone put away.
ABSENT_S: Final = 30.0
#: A tool that nobody does anything with is let go, a minute before the hub would do it.
IDLE_S: Final = 240.0
#: Somebody who has squeezed their tool sees it within two seconds; after so long they want to know why not.
PATIENCE_S: Final = 12.0
#: Between two tries to reach a hub that does not run or whose radio is off, and two looks for who left.
AGAIN_S: Final = 1.0
#: A press waits for what comes of it, which is usually known at once.
SETTLE_S: Final = 0.3


class TooManyPair(GripError):
    """More viewers pair than the hub can talk with."""

    def __init__(self) -> None:
        super().__init__("Others are pairing tools right now. Try again when they are done.")


class _AnotherOne(Exception):
    """The viewer went back to the list in the middle of pairing."""


_lock = threading.Lock()
_living: set["PairingSession"] = set()


class PairingSession:
    """A viewer's way from the list to a tool that is theirs; begins at once, and ends by itself.

    Parameters
    ----------
    client : ControlClient
        Of the hub of this home.
    clock : callable
        Monotonic seconds.

    Raises
    ------
    TooManyPair
        If `MOST` viewers pair already.
    """

    def __init__(self, client: ControlClient, clock: Callable[[], float] = time.monotonic) -> None:
        with _lock:
            if len(_living) >= MOST:
                raise TooManyPair
            _living.add(self)
        self._client = client
        self._clock = clock
        self._state = State()
        self._changed = threading.Condition()
        self._seen_s = self._pressed_s = clock()
        self._loop = asyncio.new_event_loop()
        self._said: asyncio.Queue[Said] = asyncio.Queue()
        self._leave = asyncio.Event()
        self._order: dict[str, int] = {}  # in which tools were first heard: a list that jumps is mispressed
        self._thread = threading.Thread(target=self._run_thread, name="pairing", daemon=True)
        self._thread.start()

    # -- for the page, from any thread

    @property
    def state(self) -> State:
        """How far it is."""
        return self._state

    @property
    def alive(self) -> bool:
        """Whether it goes on."""
        return self._thread.is_alive()

    def absent_s(self) -> float:
        """How long ago the page was last there."""
        return self._clock() - self._seen_s

    def seen(self) -> None:
        """Say that the page is still there."""
        self._seen_s = self._clock()

    def say(self, what: Said) -> None:
        """Go on; what does not belong to where the viewer is now is passed over, as a second press is."""
        self._pressed_s = self._seen_s = self._clock()
        before = self._state
        try:
            self._loop.call_soon_threadsafe(self._said.put_nowait, what)
        except RuntimeError:  # it ended meanwhile
            return
        with self._changed:  # what the page draws next is what came of it
            self._changed.wait_for(lambda: self._state is not before, SETTLE_S)

    def end(self, wait_s: float = 0.0) -> None:
        """Let the tool go, if one is held."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join(wait_s)

    # -- in its own thread

    def _run_thread(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._run())
        finally:
            with _lock:
                _living.discard(self)

    async def _run(self) -> None:
        tasks = {asyncio.create_task(self._lead()), asyncio.create_task(self._left())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except Exception:
            log.exception("Pairing ended after an error in the dashboard.")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._state.stage is not Stage.DONE:
                self._show(State(Stage.OVER))

    async def _left(self) -> None:
        """Wait until the viewer is not there any more."""
        while not self._leave.is_set():
            holds = self._state.stage is not Stage.LOOKING
            if self.absent_s() > ABSENT_S or (holds and self._clock() - self._pressed_s > IDLE_S):
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leave.wait(), AGAIN_S)

    async def _lead(self) -> None:
        while True:
            chosen = await self._choose()
            mend = False
            while True:
                try:
                    self._show(State(Stage.CONNECTING, chosen=chosen))
                    async with self._client.pairing(chosen.id, digits=self._digits, mend=mend) as held:
                        if await self._with(held):
                            return
                    break  # back to the list
                except _AnotherOne:
                    break
                except GripError as error:
                    self._show(State(Stage.TROUBLE, chosen=chosen, trouble=Trouble.of(error)))
                press = await self._hear(Press.AGAIN, Press.BACK, Press.MEND)
                if press is Press.BACK:
                    break
                mend = press is Press.MEND

    async def _choose(self) -> Found:
        """List what is near until the viewer has chosen."""
        self._show(State())
        async with asyncio.TaskGroup() as group:
            listing = group.create_task(self._list())
            chosen: Found | None = None
            while chosen is None:
                choice = await self._hear(Choose)
                if isinstance(choice, Choose):
                    chosen = next((one for one in self._state.found if one.id == choice.id), None)
            listing.cancel()
        return chosen

    async def _list(self) -> None:
        """Keep the list up to date, also over a hub or a radio that was not there at first."""
        hopeful_s = self._clock()
        while True:
            try:
                async with aclosing(self._client.candidates()) as lists:
                    async for candidates in lists:
                        found = self._sorted([Found.of(candidate) for candidate in candidates])
                        if any(one.standing in (Standing.READY, Standing.BUTTON) for one in found):
                            hopeful_s = self._clock()
                        self._show(State(found=found, waited=self._clock() - hopeful_s > PATIENCE_S))
            except GripError as error:
                self._show(State(trouble=Trouble.of(error)))
            await asyncio.sleep(AGAIN_S)

    def _sorted(self, found: list[Found]) -> tuple[Found, ...]:
        order = list(Standing)

        def place(one: Found) -> tuple[int, int]:
            return order.index(one.standing), self._order.setdefault(one.id, len(self._order))

        return tuple(sorted(found, key=place))

    async def _with(self, held: PairingTalk) -> bool:
        """Lead through what is to be done with a tool that is held; False where it was another one."""
        if held.tool.can_blink:
            await held.blink()
        self._show(replace(self._state, stage=Stage.RECOGNISE, tool=held.tool))
        while (press := await self._hear(Press.YES, Press.AGAIN, Press.BACK)) is not Press.YES:
            if press is Press.BACK:
                return False
            if held.tool.can_blink:
                await held.blink()

        self._show(replace(self._state, stage=Stage.WHOSE))
        owner = await self._hear(Belongs, Press.BACK)
        if not isinstance(owner, Belongs):
            return False
        self._show(replace(self._state, stage=Stage.LAY_DOWN, child=owner.child, hand=owner.hand))
        well = False
        while not well:
            press = await self._hear(Press.YES, Press.ALL_THE_SAME, Press.BACK)
            if press is Press.BACK:
                return False
            well = press is Press.ALL_THE_SAME or await self._check(held)
        done = await held.finish(owner.child, owner.hand)
        self._show(replace(self._state, stage=Stage.DONE, done=done))
        return True

    async def _check(self, held: PairingTalk) -> bool:
        """Look at the tool while nobody touches it, set it to zero if need be; whether all is well."""
        self._show(replace(self._state, stage=Stage.CHECKING))
        report = await held.quiet_check()
        tared = self._state.tared
        if report.verdict is QuietVerdict.NEEDS_TARE and held.tool.can_tare:
            await held.tare()
            tared, report = True, await held.quiet_check()
        well = report.verdict is QuietVerdict.FINE
        stage = Stage.CHECKING if well else Stage.CHECKED
        self._show(replace(self._state, stage=stage, report=report, tared=tared))
        return well

    async def _digits(self) -> int | None:
        self._show(replace(self._state, stage=Stage.PASSKEY))
        said = await self._hear(Digits, Press.BACK)
        if not isinstance(said, Digits):
            raise _AnotherOne
        self._show(replace(self._state, stage=Stage.CONNECTING))
        return said.passkey

    def _show(self, state: State) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()

    async def _hear(self, *wanted: Press | type) -> Said:
        """The next thing said that is wanted here: one of these presses, or of these kinds."""
        while not self._said.empty():  # meant for what was shown before
            self._said.get_nowait()
        while True:
            said = await self._said.get()
            if any(said is one or (isinstance(one, type) and isinstance(said, one)) for one in wanted):
                return said


def end_all() -> None:
    """Let every tool go that a viewer holds; the server ends."""
    with _lock:
        living = tuple(_living)
    for session in living:
        session.end()
