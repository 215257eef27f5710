"""``griphub replay``: recordings through a simulated ball, the radio and the whole path."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ...simulators.child import PRESETS
from ...simulators.plays import Play
from ...simulators.recording import Label, read_labels
from .. import config as configuration
from ..config import Config
from .common import Exit, JsonOption, VerboseOption, err, out, run_until_stopped, set_up_logging
from .demo import account, data_folder, write_config
from .reconcile import Report, Row
from .rig import Rig
from .simulate import REPLAY_TOOL, SpeedOption, UnitOption, recorded

#: Real seconds that waking, connecting and falling asleep take for each recording, generously: the replay's
#: clock starts so far in the past that nothing is measured in the future.
CHANGE_S = 2.0
START_S = 30.0


def replay(
    files: Annotated[list[Path], typer.Argument(help="CSV files with the columns time_s and force.")],
    unit: UnitOption = "unknown",
    speed: SpeedOption = 1.0,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Play recordings on a simulated ball, through the radio and the whole path, and print what was counted.

    Where a folder has a labels.csv, the label is printed beside the count.
    """
    set_up_logging(verbose)
    plays = list(recorded(files, unit).plays)
    labels = [read_labels(file.parent).get(file.name) for file in files]
    total_s = sum(play.duration_s for play in plays)
    err.print(f"{len(files)} recordings, {total_s:.0f} s in all, {speed:g} times as fast …")
    child = next(iter(PRESETS))
    with data_folder(None) as folder:
        config_file = write_config(folder, [(REPLAY_TOOL, child, "right")])
        config = configuration.load(config_file)
        report = run_until_stopped(_replay(config, config_file, files, plays, unit, speed))
    if report is None:
        raise typer.Exit(Exit.FAILED)
    if as_json:
        rows = [
            asdict(row) | {"file": str(file), "label": asdict(label) if label else None}
            for file, row, label in zip(files, report.rows, labels, strict=True)
        ]
        out.print_json(json.dumps({"recordings": rows, "ok": report.ok}))
    else:
        out.print(_table(files, report.rows, labels))
    if not report.ok:
        raise typer.Exit(Exit.MISMATCH)


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
