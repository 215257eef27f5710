"""``griphub backup`` and ``griphub restore``."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from .. import config as configuration
from .common import ConfigOption, out, set_up_logging


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write, such as griphub-2026-03-02.zip.")],
    config: ConfigOption = None,
) -> None:
    """Copy results, people, keys and configuration into one archive, also while GripHub runs."""
    from ..backup import back_up

    set_up_logging()
    settings = configuration.load(config)
    manifest = back_up(settings, config or configuration.default_path(), file, now=datetime.now(UTC))
    size_mb = file.stat().st_size / 1e6
    out.print(
        f"{escape(str(file))}: {len(manifest.files)} files, {size_mb:.1f} MB, read back and sound. "
        "It holds the child's results and this hub's keys: keep it where only you can read it."
    )
    if settings.store.kind == "influxdb":
        out.print(
            f"Results are in InfluxDB at {escape(settings.store.influxdb.url)} and not in this archive: "
            "`influx backup` copies them (docs/backup.md)."
        )


def restore(
    file: Annotated[Path, typer.Argument(help="An archive that `griphub backup` wrote.", exists=True)],
    config: ConfigOption = None,
) -> None:
    """Put an archive back into an empty data folder."""
    from ..backup import restore as put_back

    set_up_logging()
    named = config or configuration.default_path()
    settings = configuration.load(config if config and config.exists() else None)
    manifest, brought = put_back(file, settings, named)
    out.print(
        f"{len(manifest.files)} files of {manifest.made_at:%Y-%m-%d %H:%M} UTC are in "
        f"{escape(str(settings.data_dir))} again."
    )
    if brought == named:
        out.print(f"The configuration is {escape(str(named))}.")
    elif brought:
        out.print(
            f"{escape(str(named))} was left alone; the configuration of the backup is {escape(str(brought))}."
        )
    out.print("A child who was erased after that day is here again: erase them anew.")
