"""``griphub child``: everything of one child, taken along or erased."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from .. import config as configuration
from ..errors import BackupError
from .common import ConfigOption, Exit, err, out, set_up_logging

app = typer.Typer(
    help="Who trains here, and everything of one child: taken along, or erased.", no_args_is_help=True
)

ChildArgument = Annotated[str, typer.Argument(metavar="CHILD", help="The child's random id, not their name.")]


@app.command()
def export(
    child: ChildArgument,
    to: Annotated[Path, typer.Option("--to", "-o", help="Archive to write (.zip).", dir_okay=False)],
    config: ConfigOption = None,
) -> None:
    """Write everything that is kept of a child into one archive."""
    from ..child.export import export as write

    set_up_logging()
    try:
        sizes = write(configuration.load(config), child, to, now=datetime.now(UTC))
    except OSError as error:
        raise BackupError(f"{to} cannot be written: {error}", "Choose another place.") from error
    curves = sum(name.startswith("waveforms/") for name in sizes)
    out.print(f"{escape(str(to))}: {len(sizes)} files, {curves} force curves; README.txt says what is what.")


@app.command()
def erase(
    child: ChildArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
) -> None:
    """Erase everything that is kept of a child, for good, and search for what is left."""
    from ..child.erasing import count
    from ..child.erasing import erase as clear

    set_up_logging()
    settings = configuration.load(config)
    if not yes:
        for name, n in count(settings, child).items():
            out.print(f"  {n:>8}  {escape(name)}")
        out.print("This cannot be undone. `griphub child export` takes a copy along first.")
        if typer.prompt(f"Type {child} to erase all of it") != child:
            out.print("Nothing was erased.")
            raise typer.Exit(Exit.FAILED)
    report = clear(settings, config or configuration.default_path(), child)
    table = Table("place", "before", "now", box=None, pad_edge=False)
    for place in report.places:
        table.add_row(escape(place.name), str(place.before), str(place.after))
    out.print(table)
    out.print(f"Searched {len(report.searched)} files byte by byte for the id and for the sessions' ids.")
    for sentence in report.elsewhere:
        out.print(escape(sentence))
    if not report.clean:
        for path in report.left:
            err.print(f"Still found in {path}", markup=False, soft_wrap=True)
        err.print("Something is left. Erase again; if it stays, report this as a bug.")
        raise typer.Exit(Exit.FAILED)
    out.print("Nothing of the child is left here.")
