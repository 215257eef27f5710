"""``griphub export``: results for a spreadsheet, a record system, or a visit."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from .common import ConfigOption, out

app = typer.Typer(help="Results for a spreadsheet, a record system, or a visit.", no_args_is_help=True)

_DAY = ["%Y-%m-%d"]

ChildArgument = Annotated[str, typer.Argument(help="The child's id.")]
SinceOption = Annotated[datetime | None, typer.Option(formats=_DAY, help="First day; all by default.")]
UntilOption = Annotated[datetime | None, typer.Option(formats=_DAY, help="Day after the last one.")]
FileOption = Annotated[Path, typer.Option("--to", "-o", help="File to write.", dir_okay=False)]


@app.command()
def csv(
    child: ChildArgument,
    to: Annotated[Path, typer.Option("--to", "-o", help="Folder to make.")],
    since: SinceOption = None,
    until: UntilOption = None,
    config: ConfigOption = None,
) -> None:
    """Write trials, sessions, squeezes, activities and feedback, a CSV file each."""
    from ..config import load
    from ..export.dossier import gather, write_tables
    from ..export.tables import About
    from ..stores import open_store

    store = open_store(load(config), read_only=True)
    try:
        dossier = gather(store, child, since=_utc(since), until=_utc(until))
        rows = write_tables(to, store, dossier, About(), None)
    finally:
        store.close()
    written = ", ".join(f"{count} {name}" for name, count in rows.items())
    out.print(f"{to}: {written}. columns.md says what they mean.", markup=False, soft_wrap=True)


@app.command()
def fhir(
    child: ChildArgument,
    to: FileOption,
    since: SinceOption = None,
    until: UntilOption = None,
    config: ConfigOption = None,
) -> None:
    """Write a FHIR R4 bundle."""
    import json

    from ..config import load
    from ..export.dossier import gather, write_file
    from ..export.fhir import bundle
    from ..stores import open_store

    store = open_store(load(config), read_only=True)
    try:
        found = gather(store, child, since=_utc(since), until=_utc(until))
    finally:
        store.close()
    made = bundle(child, None, tests=found.tests, sessions=found.sessions, feedback=found.feedback)
    write_file(to, json.dumps(made, indent=2).encode())
    out.print(f"{to}: {len(made['entry'])} resources.", markup=False, soft_wrap=True)


def import_(
    file: Annotated[Path, typer.Argument(help="CSV with the columns of trials.csv.", dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be imported.")] = False,
    config: ConfigOption = None,
) -> None:
    """Take strength tests from a CSV file: GripHub's own, or one that was typed.

    The whole file is checked first. Taking it twice changes nothing.
    """
    from ..config import load
    from ..delivery.journal import Journal
    from ..export.importing import read_tests
    from ..records import encode
    from ..stores import open_store

    settings = load(config)
    tests = read_tests(file, settings.site, settings.hub)
    store = open_store(settings, read_only=True)
    try:
        children = {test.child_id for test in tests}
        known = {test.event_id for child in children for test in store.strength_tests(child)}
    finally:
        store.close()
    new = [test for test in tests if test.event_id not in known]
    trials = sum(len(test.trials) for test in new)
    found = f"{len(new)} tests with {trials} trials, of {len(children)} children"
    if len(new) < len(tests):
        found += f"; {len(tests) - len(new)} are here already"
    if dry_run:
        out.print(f"Would import {found}. Nothing was changed.", soft_wrap=True)
        return
    journal = Journal(settings.data_dir / "journal.db")
    try:
        journal.append([(test.event_id, encode(test)) for test in new])
    finally:
        journal.close()
    out.print(
        f"Imported {found}. The running service stores them now, or as soon as it runs.", soft_wrap=True
    )


def _utc(day: datetime | None) -> datetime | None:
    """The beginning of a day on this machine's clock."""
    return day and day.astimezone().astimezone(UTC)
