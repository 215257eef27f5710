"""One session with one tool: samples go in, events come out. No I/O and no clock of its own."""

import math
from statistics import median
from typing import Any, Self

import numpy as np

from ...firmware_bridge.calibration import Calibration
from ...firmware_bridge.samples import SampleBlock, ToolKind, Unit
from ...firmware_bridge.sentence import Sentence
from ...signal.second_look import recount
from ...signal.settings import DEFAULTS, PUTTY
from ...signal.squeeze import Squeeze, SqueezeDetector
from ...signal.untouched import Untouched
from ..records.event import Event
from ..records.ids import event_id
from ..records.session import SessionEnded, SessionStarted, SqueezeCounted, WaveformSecond
from ..utc import utc
from ..waveform import encode_samples
from .quality import note_quiet, note_squeeze, quality
from .state import ABOUT, WHOSE, SessionState

#: Waveforms travel in pieces of about this length.
PIECE_S = 1.0

#: The second look at a session's end changes nothing from the 17th squeeze on, so only what came before is
#: kept for it; of a session with fewer, a quarter of an hour at 100 Hz.
LOOK_AGAIN_SQUEEZES = 16
LOOK_AGAIN_SAMPLES = 100_000

#: What a squeeze is marked with that no point of the tool's calibration reaches.
UNCALIBRATED = Sentence("outside the range that was calibrated")

#: A hub that was killed did not see its clock being set. When it is back, the tool's clock tells: samples
#: never come before they were taken, and no later than this, or the session would have been closed.
BACK_S, AHEAD_S = 1.0, 120.0


class SessionTracker:
    """Counts the squeezes of a session and cuts its waveform into events.

    Times in UTC follow the blocks' `utc_s`. Where the host's clock is set while the session runs, the session
    keeps to the time that it began with, and its end says by how much the clock was set.

    Parameters
    ----------
    state : SessionState
        Of a new session, from `begin`, or of one that was interrupted.
    calibration : Calibration, optional
        Blocks come as the tool sends them; with it they become newtons, and all that is told is in newtons.
    stepped_s : float
        `HostClock.stepped_s` now.
    """

    def __init__(
        self, state: SessionState, *, calibration: Calibration | None = None, stepped_s: float = 0.0
    ) -> None:
        self.state = state
        self._calibration = calibration
        self._inverter = calibration.begin() if calibration else None
        self.latest: SampleBlock | None = None  #: block, in the session's unit
        creeps = state.tool_kind is ToolKind.PUTTY and not self._inverter
        self._settings = PUTTY if creeps else DEFAULTS
        usual_peak = median(state.peaks) if state.peaks else state.usual_peak
        self._detector = SqueezeDetector(self._settings, usual_peak=usual_peak)
        self._untouched = Untouched()
        self._piece: list[SampleBlock] = []
        # of a session that was interrupted, the beginning is not here to be looked at again
        self._early: list[SampleBlock] | None = None if state.received else []
        self._live: list[Squeeze] = []
        self._unstepped_s = stepped_s - state.clock_step_s
        self._resumed = state.received > 0
        self._utc_offset_s = state.end_utc_s - state.end_s  # UTC minus tool time, as of the latest block
        self._whose = {name: getattr(state, name) for name in WHOSE}

    @classmethod
    def begin(
        cls,
        first: SampleBlock,
        *,
        calibration: Calibration | None = None,
        stepped_s: float = 0.0,
        **about: Any,
    ) -> tuple[Self, list[Event]]:
        """Open a session with its first block, which must still be passed to `add`.

        Parameters
        ----------
        **about
            The remaining fields of `SessionState`: site, hub, child, tool, hand, source, goal and so on.
        """
        state = SessionState(
            unit=first.unit if calibration is None else Unit.NEWTON,
            calibration_id=None if calibration is None else calibration.calibration_id,
            calibration_overdue=calibration is not None and calibration.overdue(utc(first.utc_s).date()),
            started_s=first.utc_s,
            first_s=float(first.t_s[0]),
            first_index=first.first_index,
            end_index=first.first_index,
            end_s=float(first.t_s[0]),
            **about,
        )
        tracker = cls(state, calibration=calibration, stepped_s=stepped_s)
        started = SessionStarted(
            event_id=event_id(state.session_id, "started"),
            measured_at=utc(state.started_s),
            **{name: getattr(state, name) for name in ABOUT},
        )
        return tracker, [started]

    @property
    def count(self) -> int:
        """Squeezes counted so far."""
        return len(self.state.peaks)

    @property
    def waiting(self) -> int:
        """Squeezes that were seen and wait to be counted: each counts later, or never."""
        return len(self._detector.tentative)

    @property
    def best(self) -> float | None:
        """Highest peak so far, above rest."""
        return max(self.state.peaks, default=None)

    @property
    def squeezing(self) -> bool:
        """Whether force has risen as at the beginning of a squeeze."""
        return self._detector.squeezing

    @property
    def rest(self) -> float:
        """Level of the resting hand."""
        return self._detector.rest

    def continues(self, block: SampleBlock, boot_id: int) -> bool:
        """Whether a block belongs to the session: same life of the tool, neither index nor time went back."""
        state = self.state
        return (
            state.boot_id == boot_id
            and block.first_index >= state.end_index
            and (not len(block) or float(block.t_s[0]) >= state.end_s)
            and block.unit == (self._calibration.unit if self._calibration else state.unit)
        )

    def add(self, block: SampleBlock, *, stepped_s: float = 0.0) -> list[Event]:
        """Take the next samples; return what they brought.

        Parameters
        ----------
        block : SampleBlock
            As the tool sent it, with its `utc_s`.
        stepped_s : float
            `HostClock.stepped_s` when `utc_s` was told.
        """
        state = self.state
        lost = max(0, block.first_index - state.end_index)
        events: list[Event] = []
        if lost:
            state.lost += lost
            events = self._cut()
        n = len(block)
        state.end_index = block.first_index + n
        if not n:  # the end of the stream, telling that samples before it are missing
            return events
        first_s, last_s = float(block.t_s[0]), float(block.t_s[-1])
        self._follow(first_s, block.utc_s, stepped_s)
        if self._calibration:
            block = self._calibration.apply(block, self._inverter)
        self.latest = block
        self._piece.append(block)
        if self._early is not None and self.count <= LOOK_AGAIN_SQUEEZES:
            self._early.append(block)
            if block.first_index - self._early[0].first_index > LOOK_AGAIN_SAMPLES:
                self._early = None
        state.received += n
        state.clipped += int(block.clipped.sum())
        note_quiet(state, self._untouched.update(block.t_s, block.values, block.clipped))
        state.end_s = last_s
        state.end_utc_s = self.utc_s(last_s)
        counted = [self._counted(squeeze) for squeeze in self._squeezes(block)]
        events += counted
        # cut whenever there is something to commit, as with the first block, whose session's beginning is
        # committed with it: the state that is committed then tells of no sample that is not
        if events or state.received == n or last_s - float(self._piece[0].t_s[0]) >= PIECE_S:
            events += self._cut()
        return events

    def pause(self) -> list[Event]:
        """Bring out what is held back, before the hub stops or while the link is lost."""
        return self._cut()

    def end(self, ended_by: str) -> list[Event]:
        """Close the session."""
        state = self.state
        events: list[Event] = [self._counted(squeeze) for squeeze in self._squeezes(None)]
        added, withdrawn = self._look_again()
        events += [self._counted(squeeze) for squeeze in added]
        events += self._cut()
        events.append(
            SessionEnded(
                event_id=event_id(state.session_id, "ended"),
                measured_at=utc(state.started_s),
                ended_at=utc(state.end_utc_s),
                ended_by=ended_by,
                clock_step_s=state.clock_step_s,
                squeezes=self.count,
                added=len(added),
                withdrawn=len(withdrawn),
                doubtful=state.doubtful,
                peak=self.best,
                median_peak=median(state.peaks) if state.peaks else None,
                first_index=state.first_index,
                end_index=state.end_index,
                received=state.received,
                lost=state.lost,
                quality=quality(state),
                **{name: getattr(state, name) for name in ABOUT},
            )
        )
        return events

    def _squeezes(self, block: SampleBlock | None) -> list[Squeeze]:
        """What the detector finds in a block, or by the end; nothing with a tool that cannot carry it."""
        if not self.state.counts:
            return []
        return self._detector.finish() if block is None else self._detector.update(block)

    def _look_again(self) -> tuple[list[Squeeze], list[Squeeze]]:
        """Squeezes that all of the session shows and that were not counted live, and the other way round."""
        if not (self._early and self.state.counts):
            return [], []
        usual_peak = self.state.usual_peak
        found = recount(self._early, self._live, settings=self._settings, usual_peak=usual_peak)
        late = self._live[LOOK_AGAIN_SQUEEZES:]
        until_s = late[0].onset_s if late else math.inf
        added = [squeeze for squeeze in found.added if squeeze.onset_s < until_s]
        return added, [squeeze for squeeze in found.withdrawn if squeeze.onset_s < until_s]

    def _follow(self, first_s: float, utc_s: float, stepped_s: float) -> None:
        """Learn what UTC is, on the session's own scale."""
        state = self.state
        if self._resumed:  # after a kill: was the clock set while nobody looked?
            self._resumed = False
            expected_s = state.end_utc_s + first_s - state.end_s
            change_s = utc_s - state.clock_step_s - expected_s
            if not -BACK_S < change_s < AHEAD_S:
                self._unstepped_s -= change_s
        state.clock_step_s = stepped_s - self._unstepped_s
        self._utc_offset_s = utc_s - state.clock_step_s - first_s

    def utc_s(self, tool_s: float) -> float:
        """Unix time of a moment of the tool's, on the session's own scale."""
        return tool_s + self._utc_offset_s

    def _counted(self, squeeze: Squeeze) -> SqueezeCounted:
        state = self.state
        self._live.append(squeeze)
        doubtful = squeeze.doubtful
        if self._calibration and squeeze.peak + squeeze.rest > self._calibration.range_n[1]:
            doubtful += (UNCALIBRATED,)
        state.peaks.append(squeeze.peak)
        state.doubtful += bool(doubtful)
        note_squeeze(state, squeeze, doubtful)
        return SqueezeCounted(
            # the tool's sample index names the squeeze, so that counting it again gives the same id
            event_id=event_id(state.session_id, f"squeeze:{squeeze.onset_index}"),
            measured_at=utc(self.utc_s(squeeze.onset_s)),
            number=self.count,
            onset_s=squeeze.onset_s - state.first_s,
            peak_s=squeeze.peak_s - state.first_s,
            offset_s=squeeze.offset_s - state.first_s,
            decided_s=squeeze.decided_s - state.first_s,
            peak=squeeze.peak,
            rest=squeeze.rest,
            impulse=squeeze.impulse,
            ended_by=squeeze.ended_by,
            doubtful=doubtful,
            peak_sd=squeeze.peak_sd,
            rise_s=squeeze.rise_s,
            release_s=squeeze.release_s,
            rfd=squeeze.rfd,
            no_rfd=squeeze.no_rfd,
            **self._whose,
        )

    def _cut(self) -> list[Event]:
        """Make the samples since the last cut an event."""
        if not self._piece:
            return []
        blocks, self._piece = self._piece, []
        t_s = np.concatenate([block.t_s for block in blocks])
        values = np.concatenate([block.values for block in blocks])
        first_s = float(t_s[0])
        return [
            # not validated: that would unpack again what is packed here
            WaveformSecond.model_construct(
                event_id=event_id(self.state.session_id, f"waveform:{blocks[0].first_index}"),
                measured_at=utc(self.utc_s(first_s)),
                first_index=blocks[0].first_index,
                start_s=first_s - self.state.first_s,
                samples=t_s.size,
                data=encode_samples(t_s - first_s, values),
                **self._whose,
            )
        ]
