"""Weeks of simulated history, put through the same packets, detector and journal as a live session."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from ...firmware_bridge.packets import ForcePacket
from ...firmware_bridge.profile import TICK_S
from ...firmware_bridge.samples import SampleBlock, ToolKind
from ...firmware_bridge.stream import StreamAssembler
from ...simulators.child import ChildModel
from ...simulators.history import PastSession, history
from ...simulators.plays import Play
from ..config import Config
from ..delivery.journal import Journal
from ..records.event import Event, encode
from ..records.vocabulary import Hand, Source
from ..session.tracker import SessionTracker
from .simulate import tool_name

#: Samples in a packet: a long one, since nobody watches it live.
PACKET_SAMPLES = 100


def seed_history(config: Config, journal: Journal, child: ChildModel, end: date, seed: int) -> Iterator[int]:
    """Put a child's history into the journal, from where it goes the way of all events.

    Yields
    ------
    int
        Events of each session, once they are committed.
    """
    for past in history(child, end, seed):
        events = count_session(config, past, child.child_id)
        yield journal.append([(event.event_id, encode(event)) for event in events])


def count_session(config: Config, past: PastSession, child_id: str) -> list[Event]:
    """Count a past session as the hub would have."""
    stream = StreamAssembler(tool_name(past.tool.kind, child_id))
    stream.started(boot_id=0, next_index=0, tick=0)
    tracker: SessionTracker | None = None
    events: list[Event] = []
    for sensed in _blocks(past.play, stream):
        # told long after it was sensed: the stream's own word on the time is of no use
        block = replace(sensed, utc_s=past.when.timestamp() + float(sensed.t_s[0]))
        if tracker is None:
            tracker, events = SessionTracker.begin(
                block,
                boot_id=0,
                site=config.site,
                hub=config.hub,
                child_id=child_id,
                tool_id=stream.tool_id,
                tool_kind=ToolKind(past.tool.kind.name.lower()),
                hand=Hand(past.hand),
                source=Source.SIMULATED,
                goal=config.child(child_id).goal,
            )
        events += tracker.add(block)
    return events + tracker.end("tool_slept") if tracker else events


def _blocks(play: Play, stream: StreamAssembler) -> Iterator[SampleBlock]:
    raw, ticks = play.raw().tolist(), play.ticks().tolist()
    for first in range(0, len(raw), PACKET_SAMPLES):
        packet = ForcePacket(
            index=first,
            tick=ticks[first],
            raw=tuple(raw[first : first + PACKET_SAMPLES]),
            unit=play.unit,
            exponent=play.exponent,
            period_ticks=round(1 / (play.rate_hz * TICK_S)),
        )
        if (block := stream.feed(bytes(packet))) is not None:
            yield block
