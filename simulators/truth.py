"""The account of what truly happens in a simulation, as JSON lines."""

import json
from dataclasses import asdict
from typing import Any, TextIO

from ..firmware_bridge.clock import HostClock
from .disturbance import Mishap
from .faults import Fault
from .tool import PlayEnded, PlayStarted


class Truth:
    """Writes down what happens, a line each; ``docs/simulators.md`` lists them.

    Parameters
    ----------
    file : TextIO or None
        Where to; None: nowhere.
    clock : HostClock
        Of the simulation.
    """

    def __init__(self, file: TextIO | None, clock: HostClock) -> None:
        self._file = file
        self._clock = clock

    def play(self, event: PlayStarted | PlayEnded) -> None:
        """A play began, or ended."""
        tool = {"tool_id": event.tool_id, "boot_id": event.boot_id, "play": event.number}
        if isinstance(event, PlayEnded):
            self._write("play_ended", **tool, sent=event.sent)
            return
        play = event.play
        self._write(
            "play_started",
            **tool,
            at_s=self._clock.utc_s(),  # Unix time of the first sample
            label=play.label,
            first_index=event.first_index,
            samples=len(play.values),
            rate_hz=play.rate_hz,
            unit=play.unit.name,
            squeezes=[asdict(squeeze) for squeeze in play.truth],
        )

    def cut(self, event: PlayStarted, sensed_s: float) -> None:
        """A play was cut short by a loss of power, so many seconds after it began."""
        tool = {"tool_id": event.tool_id, "boot_id": event.boot_id, "play": event.number}
        self._write("play_cut", **tool, sensed_s=round(sensed_s, 3))

    def fault(self, tool_id: str, boot_id: int, fault: Fault, *, begins: bool) -> None:
        """A fault is there, or no longer."""
        event = "fault_begins" if begins else "fault_ends"
        self._write(event, tool_id=tool_id, boot_id=boot_id, fault=str(fault), at_s=self._clock.utc_s())

    def mishap(self, tool_id: str, boot_id: int, mishap: Mishap) -> None:
        """Something was done to a packet."""
        known = {key: value for key, value in asdict(mishap).items() if value is not None}
        self._write("mishap", tool_id=tool_id, boot_id=boot_id, **known)

    def done(self) -> None:
        """Nothing is left to play."""
        self._write("done")

    def _write(self, event: str, **row: Any) -> None:
        if self._file:
            print(json.dumps({"event": event, **row}, ensure_ascii=False), file=self._file, flush=True)
