"""A tool's flash: all that it sensed and no hub has acknowledged, in bounded memory, kept without power."""

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from ..firmware_bridge.commands import StoredEntry
from ..firmware_bridge.packets import U32, ForcePacket
from ..firmware_bridge.profile import WireUnit

#: An hour at 100 Hz, in a quarter of a flash chip of 4 MB.
CAPACITY: Final = 360_000
#: Sessions, as many as ``docs/protocol.md`` allows.
MAX_SESSIONS: Final = 250
#: The oldest samples of a session that fills the flash by itself go by the page.
PAGE: Final = 1000


@dataclass(slots=True)
class LoggedSession:
    """One session in the flash.

    Attributes
    ----------
    session, boot_id : int
        See `StoredEntry`.
    first_index : int
        Index of the first sample that is kept, not wrapped.
    unit, exponent, period_ticks
        See `ForcePacket`; `period_ticks` is 0 where samples are uneven.
    running, cut : bool
    raw, ticks : array
        Samples, and their ticks since power-on.
    """

    session: int
    boot_id: int
    first_index: int
    unit: WireUnit
    exponent: int
    period_ticks: int
    running: bool = True
    cut: bool = False
    raw: "array[int]" = field(default_factory=lambda: array("h"))
    ticks: "array[int]" = field(default_factory=lambda: array("q"))

    @property
    def end_index(self) -> int:
        """Index after the last sample."""
        return self.first_index + len(self.raw)

    def packet(self, index: int, capacity: int, *, end_index: int | None = None) -> ForcePacket:
        """Make a packet of samples from an index on; END is set if it reaches `end_index`."""
        start = index - self.first_index
        ticks = self.ticks[start : start + max(0, capacity)]
        steps = [after - before for before, after in pairwise(ticks)]
        broken = next((i for i, step in enumerate(steps) if not self._fits(step)), len(steps))
        n = min(broken + 1, len(ticks))
        return ForcePacket(
            index=index % U32,
            tick=ticks[0] % U32 if n else 0,
            raw=tuple(self.raw[start : start + n]),
            unit=self.unit,
            exponent=self.exponent,
            period_ticks=self.period_ticks,
            steps=(0, *steps[: n - 1]) if n and not self.period_ticks else (),
            end=end_index is not None and index + n >= end_index,
        )

    def forget(self, index: int) -> int:
        """Drop the samples before an index; says how many."""
        n = min(max(0, index - self.first_index), len(self.raw))
        del self.raw[:n], self.ticks[:n]
        self.first_index += n
        return n

    def _fits(self, step: int) -> bool:
        # even samples need not fall on whole ticks
        return abs(step - self.period_ticks) <= 1 if self.period_ticks else step <= 0xFFFF


class FlashLog:
    """Sessions in the flash, oldest first.

    Parameters
    ----------
    file : Path, optional
        Where they outlast a loss of power; without it they do not.
    capacity : int
        Samples.

    Attributes
    ----------
    sessions : list of LoggedSession
    dropped_sessions, dropped_samples : int
        Overwritten before any hub acknowledged them.
    """

    def __init__(self, file: Path | None = None, capacity: int = CAPACITY) -> None:
        self.sessions: list[LoggedSession] = []
        self.dropped_sessions = self.dropped_samples = 0
        self._capacity = capacity
        self._epochs_ms: dict[int, int] = {}  # UTC of tick 0, by life
        self._next_session = 0
        self._file = None
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._load(file)
            self._path = file
            self._file = file.open("a", encoding="utf-8")
            self._rewrite()

    @property
    def next_session(self) -> int:
        """Id of the session that is running, or comes next."""
        running = self.running
        return running.session if running else self._next_session

    @property
    def running(self) -> LoggedSession | None:
        """The session that is being recorded."""
        return self.sessions[-1] if self.sessions and self.sessions[-1].running else None

    def begin(self, boot_id: int, index: int, unit: WireUnit, exponent: int, period_ticks: int) -> None:
        """Begin a session."""
        self._do("begin", self._next_session, boot_id, index, unit.value, exponent, period_ticks)

    def append(self, raw: Sequence[int], ticks: Sequence[int]) -> None:
        """Record samples of the running session; the oldest make room."""
        self._do("append", list(raw), list(ticks))

    def close(self) -> None:
        """End the running session."""
        self._do("close", False)

    def tell_time(self, boot_id: int, epoch_ms: int) -> None:
        """Remember the UTC of a life's tick 0."""
        self._do("time", boot_id, epoch_ms)

    def acknowledge(self, session: int, index: int) -> bool:
        """Forget a session up to an index, modulo 2**32; False if there is no such session."""
        if (found := self.find(session)) is None:
            return False
        back = (found.end_index - index) % U32  # from the end; more than there is means before the beginning
        self._do("acknowledge", session, found.end_index - min(back, len(found.raw)))
        return True

    def erase(self) -> None:
        """Forget all sessions but the running one."""
        self._do("erase")

    def find(self, session: int) -> LoggedSession | None:
        """Look a session up by its id."""
        return next((s for s in self.sessions if s.session == session), None)

    def entry(self, session: LoggedSession) -> StoredEntry:
        """What the tool tells of a session."""
        return StoredEntry(
            session=session.session,
            boot_id=session.boot_id,
            first_index=session.first_index % U32,
            samples=len(session.raw),
            epoch_ms=self._epochs_ms.get(session.boot_id, 0),
            running=session.running,
            cut=session.cut,
        )

    def power_off(self) -> None:
        """Lose the power: what is not in the file is gone."""
        if self._file:
            self._file.close()
            self._file = None

    # -- each change is one line in the file, and happens again when it is read

    def _do(self, what: str, *values: Any) -> None:
        getattr(self, f"_do_{what}")(*values)
        if self._file:
            print(json.dumps([what, *values]), file=self._file, flush=True)
            if what == "acknowledge" and not self.sessions:
                self._rewrite()

    def _do_begin(
        self, session: int, boot_id: int, index: int, unit: int, exponent: int, period_ticks: int
    ) -> None:
        self._next_session = (session + 1) % (1 << 16)
        while len(self.sessions) >= MAX_SESSIONS:
            self._drop_oldest()
        self.sessions.append(LoggedSession(session, boot_id, index, WireUnit(unit), exponent, period_ticks))

    def _do_append(self, raw: list[int], ticks: list[int]) -> None:
        running = self.sessions[-1]
        running.raw.extend(raw)
        running.ticks.extend(ticks)
        excess = sum(len(session.raw) for session in self.sessions) - self._capacity
        while excess > 0:
            oldest = self.sessions[0]
            if oldest is running:
                gone = oldest.forget(oldest.first_index + max(excess, PAGE))
                self.dropped_samples = (self.dropped_samples + gone) % U32
            else:
                gone = self._drop_oldest()
            excess -= gone

    def _drop_oldest(self) -> int:
        gone = len(self.sessions.pop(0).raw)
        self.dropped_sessions = (self.dropped_sessions + 1) % U32
        self.dropped_samples = (self.dropped_samples + gone) % U32
        return gone

    def _do_close(self, cut: bool) -> None:
        running = self.sessions[-1]
        running.running, running.cut = False, cut
        self._forget_empty()

    def _do_time(self, boot_id: int, epoch_ms: int) -> None:
        self._epochs_ms[boot_id] = epoch_ms

    def _do_acknowledge(self, session: int, index: int) -> None:
        found = self.find(session)
        if found:
            found.forget(index)
        self._forget_empty()

    def _do_erase(self) -> None:
        self.sessions = [session for session in self.sessions if session.running]

    def _do_totals(self, next_session: int, dropped_sessions: int, dropped_samples: int) -> None:
        self._next_session = next_session
        self.dropped_sessions, self.dropped_samples = dropped_sessions, dropped_samples

    def _forget_empty(self) -> None:
        self.sessions = [session for session in self.sessions if session.raw or session.running]

    def _load(self, file: Path) -> None:
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            try:
                what, *values = json.loads(line)
            except ValueError:
                break  # the power failed while it was written
            getattr(self, f"_do_{what}")(*values)
        if self.running:
            self._do_close(True)

    def _rewrite(self) -> None:
        """Keep only what still counts."""
        assert self._file
        kept = {session.boot_id for session in self.sessions} | set(list(self._epochs_ms)[-1:])
        self._epochs_ms = {boot_id: ms for boot_id, ms in self._epochs_ms.items() if boot_id in kept}
        lines: list[list[Any]] = [["time", *life] for life in self._epochs_ms.items()]
        for s in self.sessions:
            head = [s.session, s.boot_id, s.first_index, s.unit.value, s.exponent, s.period_ticks]
            lines += [["begin", *head], ["append", list(s.raw), list(s.ticks)]]
            if not s.running:
                lines.append(["close", s.cut])
        lines.append(["totals", self._next_session, self.dropped_sessions, self.dropped_samples])
        self._file.close()
        fresh = self._path.with_suffix(".new")
        fresh.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        fresh.replace(self._path)
        self._file = self._path.open("a", encoding="utf-8")
