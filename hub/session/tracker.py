"""One session with one tool: samples go in, events come out. No I/O and no clock of its own."""

from dataclasses import replace
from datetime import datetime
from statistics import median
from typing import Any, Self
from uuid import UUID, uuid4

import numpy as np
from pydantic import BaseModel, ConfigDict

from ...firmware_bridge.samples import SampleBlock, ToolKind, Unit
from ...signal.squeeze import Squeeze, SqueezeDetector
from ..records import (
    Event,
    Hand,
    Id,
    SessionEnded,
    SessionStarted,
    Source,
    SqueezeCounted,
    WaveformSecond,
    event_id,
    utc,
)
from ..waveform import encode_samples

#: Waveforms travel in pieces of about this length.
PIECE_S = 1.0


class SessionState(BaseModel):
    """All that a hub needs to go on with a session after it was killed."""

    model_config = ConfigDict(extra="ignore")

    session_id: UUID
    site: Id
    hub: Id
    child_id: Id
    tool_id: Id
    tool_kind: ToolKind
    hand: Hand
    source: Source
    unit: Unit
    goal: int
    boot_id: int  #: life of the tool: in another one its index starts from zero
    started_s: float  #: Unix time of the first sample
    first_s: float  #: time of the first sample on the tool's clock
    first_index: int
    end_index: int
    end_s: float  #: time of the latest sample on the tool's clock
    received: int = 0
    lost: int = 0
    doubtful: int = 0
    peaks: list[float] = []


class SessionTracker:
    """Counts the squeezes of a session and cuts its waveform into events.

    Parameters
    ----------
    state : SessionState
        Of a new session, from `begin`, or of one that was interrupted.
    """

    def __init__(self, state: SessionState) -> None:
        self.state = state
        self._detector = SqueezeDetector(usual_peak=median(state.peaks) if state.peaks else None)
        self._piece: list[SampleBlock] = []

    @classmethod
    def begin(
        cls,
        first: SampleBlock,
        *,
        boot_id: int,
        arrived_s: float,
        **who: Any,
    ) -> tuple[Self, list[Event]]:
        """Open a session with its first block, which must still be passed to `add`.

        Parameters
        ----------
        arrived_s : float
            Unix time at which `first` arrived: its last sample was taken then.
        **who
            The remaining fields of `SessionState`: site, hub, child, tool, hand, source, goal.
        """
        state = SessionState(
            session_id=uuid4(),
            unit=first.unit,
            boot_id=boot_id,
            started_s=arrived_s - float(first.t_s[-1] - first.t_s[0]),
            first_s=float(first.t_s[0]),
            first_index=first.first_index,
            end_index=first.first_index,
            end_s=float(first.t_s[0]),
            **who,
        )
        tracker = cls(state)
        started = SessionStarted(
            event_id=event_id(state.session_id, "started"),
            measured_at=utc(state.started_s),
            goal=state.goal,
            **tracker._common(),
        )
        return tracker, [started]

    @property
    def count(self) -> int:
        """Squeezes counted so far."""
        return len(self.state.peaks)

    @property
    def best(self) -> float | None:
        """Highest peak so far, above rest."""
        return max(self.state.peaks, default=None)

    @property
    def rest(self) -> float:
        """Level of the resting hand."""
        return self._detector.rest

    def since_start_s(self, block: SampleBlock) -> list[float]:
        """Times of a block's samples, seconds since the session's start."""
        return [round(t, 5) for t in (block.t_s - self.state.first_s).tolist()]

    def add(self, block: SampleBlock) -> list[Event]:
        """Take the next samples; return what they brought."""
        state = self.state
        lost = max(0, block.first_index - state.end_index)
        block = replace(block, lost=lost)
        state.lost += lost
        events = self._cut() if lost else []
        if not len(block):  # the end of the stream, telling that samples before it are missing
            state.end_index = block.end_index
            return events
        self._piece.append(block)
        state.received += len(block)
        state.end_index = block.end_index
        state.end_s = float(block.t_s[-1])
        counted = [self._counted(squeeze) for squeeze in self._detector.update(block)]
        events += counted
        # cut with every count too: the state that is committed then tells of no sample that is not
        if counted or state.end_s - float(self._piece[0].t_s[0]) >= PIECE_S:
            events += self._cut()
        return events

    def pause(self) -> list[Event]:
        """Bring out what is held back, before the hub stops or while the link is lost."""
        return self._cut()

    def end(self, ended_by: str) -> list[Event]:
        """Close the session."""
        state = self.state
        events: list[Event] = [self._counted(squeeze) for squeeze in self._detector.finish()]
        events += self._cut()
        events.append(
            SessionEnded(
                event_id=event_id(state.session_id, "ended"),
                measured_at=utc(state.started_s),
                ended_at=self._at(state.end_s),
                ended_by=ended_by,
                goal=state.goal,
                squeezes=self.count,
                doubtful=state.doubtful,
                peak=self.best,
                median_peak=median(state.peaks) if state.peaks else None,
                first_index=state.first_index,
                end_index=state.end_index,
                received=state.received,
                lost=state.lost,
                **self._common(),
            )
        )
        return events

    def _counted(self, squeeze: Squeeze) -> SqueezeCounted:
        state = self.state
        state.peaks.append(squeeze.peak)
        state.doubtful += bool(squeeze.doubtful)
        return SqueezeCounted(
            # the tool's sample index names the squeeze, so that counting it again gives the same id
            event_id=event_id(state.session_id, f"squeeze:{squeeze.onset_index}"),
            measured_at=self._at(squeeze.onset_s),
            number=self.count,
            onset_s=squeeze.onset_s - state.first_s,
            peak_s=squeeze.peak_s - state.first_s,
            offset_s=squeeze.offset_s - state.first_s,
            decided_s=squeeze.decided_s - state.first_s,
            peak=squeeze.peak,
            rest=squeeze.rest,
            impulse=squeeze.impulse,
            ended_by=squeeze.ended_by,
            doubtful=squeeze.doubtful,
            **self._common(),
        )

    def _cut(self) -> list[Event]:
        """Make the samples since the last cut an event."""
        if not self._piece:
            return []
        blocks, self._piece = self._piece, []
        t_s = np.concatenate([block.t_s for block in blocks])
        values = np.concatenate([block.values for block in blocks])
        first = blocks[0]
        return [
            WaveformSecond(
                event_id=event_id(self.state.session_id, f"waveform:{first.first_index}"),
                measured_at=self._at(float(t_s[0])),
                first_index=first.first_index,
                start_s=float(t_s[0]) - self.state.first_s,
                samples=t_s.size,
                data=encode_samples(t_s - t_s[0], values),
                **self._common(),
            )
        ]

    def _at(self, tool_s: float) -> datetime:
        return utc(self.state.started_s + tool_s - self.state.first_s)

    def _common(self) -> dict[str, Any]:
        names = ("session_id", "site", "hub", "child_id", "tool_id", "tool_kind", "hand", "source", "unit")
        return {name: getattr(self.state, name) for name in names}
