"""Sessions that a tool kept while no hub was there: cut to what is new, dated, and counted like live ones."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ...firmware_bridge.samples import SampleBlock
from ..delivery.outbox import Anchor
from ..records.event import Event
from .lives import Life, anchor, life
from .tracker import SessionTracker

#: How a session from a tool's log ended.
SLEPT, POWER_LOST = "tool_slept", "power_lost"


class StoredSession(Protocol):
    """What the keeper needs of a session in a tool's log, once all of it is here.

    Attributes
    ----------
    boot_id : int
        Life of the tool in which it was recorded.
    blocks : sequence of SampleBlock
        In order; their times count from the beginning of that life.
    epoch_s : float or None
        Unix time of that life's beginning by the tool's own account; None if it never was told the time.
    running : bool
        It is not over: live samples will follow.
    cut : bool
        The power failed while it ran.
    """

    @property
    def boot_id(self) -> int: ...  # noqa: D102
    @property
    def blocks(self) -> Sequence[SampleBlock]: ...  # noqa: D102
    @property
    def epoch_s(self) -> float | None: ...  # noqa: D102
    @property
    def running(self) -> bool: ...  # noqa: D102
    @property
    def cut(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Unheard:
    """What of a session in a tool's log is new.

    Attributes
    ----------
    runs : list of list of SampleBlock
        With their `utc_s`; cut where samples between them are here already.
    time_known : bool
    time_within_s : float or None
        Error of the times, at most; None if they are not known.
    anchors : list of Anchor
        What this contact adds to what is known of the tool's clock.
    """

    runs: list[list[SampleBlock]]
    time_known: bool
    time_within_s: float | None
    anchors: list[Anchor]


@dataclass(frozen=True, slots=True)
class Counted:
    """What came out of a session from a tool's log.

    Attributes
    ----------
    trackers : list of SessionTracker
        Of the sessions that it became: one, but where some of it was here already or the tool restarted.
    running : SessionTracker or None
        The last one, if live samples will follow.
    """

    events: list[Event]
    trackers: list[SessionTracker]
    running: SessionTracker | None


def unheard(
    session: StoredSession,
    taken: Sequence[tuple[int, int]],
    anchors: Sequence[Anchor],
    *,
    tool_id: str,
    present_id: int,
    now_s: float,
) -> Unheard:
    """Find what is new, and when it was.

    Parameters
    ----------
    taken : sequence of (first index, end index)
        Samples of that life of the tool that are here, in order.
    anchors : sequence of Anchor
        What is known of the tool's clock.
    present_id : int
        The life that the tool is in.
    now_s : float
        Unix time.
    """
    runs = list(new_runs(session.blocks, taken))
    if not runs:
        return Unheard([], False, None, [])
    here = []
    if session.boot_id == present_id and session.epoch_s is not None:  # it was told the time just now
        here = [anchor(tool_id, present_id, now_s - session.epoch_s, now_s)]
    first_s, last_s = float(runs[0][0].t_s[0]), float(runs[-1][-1].t_s[-1])
    lived = life(
        [*anchors, *here],
        session.boot_id,
        epoch_s=session.epoch_s,
        present_id=present_id,
        now_s=now_s,
        last_s=last_s,
    )
    dated_runs = [dated(run, lived) for run in runs]
    return Unheard(dated_runs, lived.known, lived.within_s(first_s, last_s), here)


def new_runs(blocks: Sequence[SampleBlock], taken: Sequence[tuple[int, int]]) -> Iterator[list[SampleBlock]]:
    """The runs of blocks that are not here yet, cut where samples between them are.

    Parameters
    ----------
    taken : sequence of (first index, end index)
        Samples that are here, in order.
    """
    run: list[SampleBlock] = []
    for block in blocks:
        for first, end in _gaps(block.first_index, block.end_index, taken):
            if run and any(run[-1].end_index < until and since < end for since, until in taken):
                yield run
                run = []
            run.append(_slice(block, first, end))
    if run:
        yield run


def dated(blocks: Sequence[SampleBlock], life: Life) -> list[SampleBlock]:
    """Blocks with their `utc_s`: if nothing is known, as late as they can be."""
    if life.known:
        return [replace(block, utc_s=life.utc_s(float(block.t_s[0]))) for block in blocks]
    offset_s = life.latest_s - float(blocks[-1].t_s[-1])
    return [replace(block, utc_s=float(block.t_s[0]) + offset_s) for block in blocks]


def count(
    runs: Iterable[Sequence[SampleBlock]],
    session: StoredSession,
    begin: Callable[[SampleBlock], tuple[SessionTracker, list[Event]]],
    before: SessionTracker | None,
    stepped_s: float = 0.0,
) -> Counted:
    """Count what was new, as if it were live.

    Parameters
    ----------
    begin : callable
        Opens a session with its first block.
    before : SessionTracker or None
        The tool's open session; goes on if the first sample is the very next one.
    stepped_s : float
        `HostClock.stepped_s` when the runs were dated.
    """
    events: list[Event] = []
    trackers: list[SessionTracker] = []
    over = POWER_LOST if session.cut else SLEPT
    current = before
    for run in runs:
        if current and current.state.end_index != run[0].first_index:
            events += current.end(over) if trackers else []
            current = None
        for block in run:
            if current and not current.continues(block, session.boot_id):
                events += current.end(over) if trackers else []
                current = None
            if current is None:
                current, started = begin(block)
                events += started
            if current not in trackers:
                trackers.append(current)
            events += current.add(block, stepped_s=stepped_s)
    if current and trackers:
        events += current.pause() if session.running else current.end(over)
    return Counted(events, trackers, current if session.running else None)


def _gaps(first: int, end: int, taken: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What of [first, end) no range covers."""
    for since, until in taken:
        if since > first and first < end:
            yield first, min(since, end)
        first = max(first, until)
    if first < end:
        yield first, end


def _slice(block: SampleBlock, first: int, end: int) -> SampleBlock:
    if (first, end) == (block.first_index, block.end_index):
        return block
    part = slice(first - block.first_index, end - block.first_index)
    return replace(
        block, first_index=first, t_s=block.t_s[part], values=block.values[part], clipped=block.clipped[part]
    )
