"""``griphub replay``: recordings through a simulated ball, the radio and the whole path."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from ...simulators.plays import Play
from ...simulators.presets import PRESETS
from ...simulators.recording import Label, read_labels
from .. import config as configuration
from ..config import Config
from .common import err
from .demo import account, data_folder, write_config
from .reconcile import Report, Row
from .rig import Rig
from .simulate import REPLAY_TOOL, recordings

#: Real seconds that waking, connecting and falling asleep take for each recording, generously: the replay's
#: clock starts so far in the past that nothing is measured in the future.
CHANGE_S = 2.0
START_S = 30.0


@dataclass(frozen=True, slots=True)
class Result:
    """What became of each recording."""

    files: Sequence[Path]
    labels: Sequence[Label | None]
    report: Report

    def as_json(self) -> str:
        """All of it for a script."""
        rows = [
            asdict(row) | {"file": str(file), "label": asdict(label) if label else None}
            for file, row, label in zip(self.files, self.report.rows, self.labels, strict=True)
        ]
        return json.dumps({"recordings": rows, "ok": self.report.ok})

    def table(self) -> Table:
        """A line for each recording."""
        return _table(self.files, self.report.rows, self.labels)


async def replay(files: Sequence[Path], unit: str, speed: float) -> Result:
    """Play recordings through the whole path.

    Raises
    ------
    RecordingError
        If one cannot be read; none is played then.
    """
    plays = recordings(files, unit)
    labels = [read_labels(file.parent).get(file.name) for file in files]
    total_s = sum(play.duration_s for play in plays)
    err.print(f"{len(files)} recordings, {total_s:.0f} s in all, {speed:g} times as fast …")
    with data_folder(None) as folder:
        config_file = write_config(folder, [(REPLAY_TOOL, next(iter(PRESETS)), "right")])
        report = await _replay(configuration.load(config_file), config_file, files, plays, unit, speed)
    return Result(files, labels, report)


async def _replay(
    config: Config, config_file: Path, files: Sequence[Path], plays: Sequence[Play], unit: str, speed: float
) -> Report:
    real_s = sum(play.duration_s for play in plays) / speed + CHANGE_S * len(plays) + START_S
    options = [option for file in files for option in ("--replay", str(file.resolve()))]
    async with Rig(config, config_file, counted=lambda _: None) as rig:
        await rig.start_broker()
        await rig.start_ingest()
        await rig.start_simulator(["--unit", unit, "--speed", str(speed), *options])
        await rig.start_hub("--speed", str(speed), "--epoch", str(time.time() - speed * real_s))
        await rig.simulator_done.wait()
        if not await rig.drain():
            err.print("Not everything that was counted reached the store in time.")
    return account(rig)


def _table(files: Sequence[Path], rows: Sequence[Row], labels: Sequence[Label | None]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for column in ("recording", "label", "counted", "stored", "", "highest", "samples", "received", "lost"):
        shown.add_column(column, justify="left" if column in {"recording", ""} else "right", no_wrap=True)
    for file, row, label in zip(files, rows, labels, strict=True):
        right = label is not None and label.count_min <= row.counted_squeezes <= label.count_max
        shown.add_row(
            f"{file.parent.parent.name}/{file.name}" if file.parent.name == "data" else file.name,
            str(label.squeeze_count) if label else "–",
            str(row.counted_squeezes),
            str(row.stored_squeezes),
            ("[green]same[/]" if right else "[yellow]differs[/]") if label else "",
            "–" if row.measured_peak is None else f"{row.measured_peak:.4g} {row.unit}",
            str(row.samples_sent),
            str(row.samples_received),
            str(row.samples_lost),
        )
    known = [(label, row) for label, row in zip(labels, rows, strict=True) if label]
    if known:
        same = sum(label.count_min <= row.counted_squeezes <= label.count_max for label, row in known)
        shown.caption = f"{same} of {len(known)} labelled recordings counted as labelled"
    return shown
