"""What a simulation wrote down of what truly happened."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class TrueSqueeze:
    """A squeeze as it truly was: when it was strongest and when it was over, in Unix time, and how strong."""

    at_s: float
    over_s: float
    peak: float


@dataclass(frozen=True, slots=True)
class TruePlay:
    """One play of a simulated tool, as the simulator wrote it down.

    Attributes
    ----------
    at_s : float
        Unix time of its first sample.
    duration_s : float
        0 where the samples are unevenly spaced.
    unit : str
        Name of a `Unit`, in which peaks are.
    sent : int or None
        Samples; None where the play has not ended, or the simulator was killed before.
    """

    tool_id: str
    boot_id: int
    label: str
    first_index: int
    samples: int
    squeezes: tuple[TrueSqueeze, ...]
    sent: int | None
    at_s: float = 0.0
    duration_s: float = 0.0
    unit: str = ""

    @property
    def true_squeezes(self) -> int:
        """How many there are."""
        return len(self.squeezes)

    @property
    def true_peak(self) -> float | None:
        """The strongest; None where there is none."""
        return max((squeeze.peak for squeeze in self.squeezes), default=None)


def read_truth(file: Path, last_bytes: int | None = None) -> list[TruePlay]:
    """Read the simulator's account; a last line cut by a kill is passed over.

    A play that a loss of power cut short has the squeezes until then; the rest of it is the next life's play.

    Parameters
    ----------
    last_bytes : int, optional
        Only so much from its end.
    """
    started: dict[tuple[str, int, int], dict[str, Any]] = {}
    sent: dict[tuple[str, int, int], int] = {}
    cut: dict[tuple[str, int, int], dict[str, Any]] = {}
    with file.open("rb") as account:
        if last_bytes is not None:
            account.seek(max(0, account.seek(0, 2) - last_bytes))
        lines = account.read().decode("utf-8", "replace").splitlines()
    for line in lines:
        try:
            entry = json.loads(line)
            event = entry["event"]
        except (ValueError, TypeError, KeyError):
            continue
        if event == "play_started":
            started[entry["tool_id"], entry["boot_id"], entry["play"]] = entry
        elif event == "play_ended":
            sent[entry["tool_id"], entry["boot_id"], entry["play"]] = entry["sent"]
        elif event == "play_cut":
            cut[entry["tool_id"], entry["boot_id"], entry["play"]] = entry
    for key, entry in cut.items():
        if key in started:
            squeezes = started[key]["squeezes"]
            started[key]["squeezes"] = [s for s in squeezes if s["offset_s"] <= entry["sensed_s"]]
    return [_play(entry, sent.get(key)) for key, entry in started.items()]


def _play(entry: dict[str, Any], sent: int | None) -> TruePlay:
    at_s, rate_hz = entry.get("at_s", 0.0), entry.get("rate_hz", 0.0)
    return TruePlay(
        tool_id=entry["tool_id"],
        boot_id=entry["boot_id"],
        label=entry["label"],
        first_index=entry["first_index"],
        samples=entry["samples"],
        squeezes=tuple(
            TrueSqueeze(at_s + s.get("peak_s", 0.0), at_s + s["offset_s"], s["peak"])
            for s in entry["squeezes"]
        ),
        sent=sent,
        at_s=at_s,
        unit=entry.get("unit", ""),
        duration_s=entry["samples"] / rate_hz if rate_hz else 0.0,
    )
