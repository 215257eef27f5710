"""``griphub export``: results for a spreadsheet, a record system, or a visit."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ..stores.contract import Store
from .common import ConfigOption, out
from .here import ChildArgument, Here, here

app = typer.Typer(help="Results for a spreadsheet, a record system, or a visit.", no_args_is_help=True)

_DAY = ["%Y-%m-%d"]

SinceOption = Annotated[datetime | None, typer.Option(formats=_DAY, help="First day; all by default.")]
UntilOption = Annotated[datetime | None, typer.Option(formats=_DAY, help="Day after the last one.")]
FileOption = Annotated[Path, typer.Option("--to", "-o", help="File to write.", dir_okay=False)]


@contextmanager
def _opened(config: Path | None, child: str) -> Iterator[tuple[Here, Store, str]]:
    """The home or clinic, its results, and the id of the child that is meant."""
    from ..errors import NotFound
    from ..program.home import child_id_of
    from ..stores import open_store

    with here(config) as home:
        with home.database.reading(home.actor) as work:
            try:
                child_id = child_id_of(work, home.config, child)
            except NotFound:  # results may be there of a child whom nobody has entered
                child_id = child
        store = open_store(home.config, read_only=True)
        try:
            yield home, store, child_id
        finally:
            store.close()


@app.command()
def csv(
    child: ChildArgument,
    to: Annotated[Path, typer.Option("--to", "-o", help="Folder to make.")],
    since: SinceOption = None,
    until: UntilOption = None,
    config: ConfigOption = None,
) -> None:
    """Write trials, sessions, squeezes, activities, feedback, visits and annotations, a CSV file each."""
    from ..export.dossier import gather, with_written, write_tables
    from ..export.tables import About
    from ..people.model import Child
    from ..program.home import zone_of

    with _opened(config, child) as (home, store, child_id):
        with home.database.reading(home.actor) as work:
            known = work.get(Child, child_id)
            about = About(known.birth_month, known.dominant_hand) if known else About()
        dossier = gather(store, child_id, since=_utc(since), until=_utc(until))
        with home.database.reading(home.actor) as work:
            first, end = since and since.date(), until and until.date()
            dossier = with_written(dossier, work, since=first, until=end)
        rows = write_tables(to, store, dossier, about, zone_of(home.config))
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

    from ..export.dossier import gather, write_file
    from ..export.fhir import bundle, plans
    from ..people.model import Child
    from ..program import commands
    from ..program.home import zone_of

    with _opened(config, child) as (home, store, child_id):
        found = gather(store, child_id, since=_utc(since), until=_utc(until))
        asked = []
        with home.database.reading(home.actor) as work:
            if work.get(Child, child_id):
                asked = plans(commands.history(work, child_id), commands.library_for(work, child_id))
        made = bundle(
            child_id,
            zone_of(home.config),
            tests=found.tests,
            sessions=found.sessions,
            feedback=found.feedback,
            plans=asked,
        )
    write_file(to, json.dumps(made, indent=2).encode())
    out.print(f"{to}: {len(made['entry'])} resources.", markup=False, soft_wrap=True)


@app.command()
def visit(
    child: ChildArgument,
    to: FileOption,
    weeks: Annotated[int, typer.Option(min=4, max=104, help="How far to look back.")] = 12,
    language: Annotated[str, typer.Option(help="The family's, such as de or en-US.")] = "",
    config: ConfigOption = None,
) -> None:
    """Write one page for a visit, as PDF."""
    from ...dashboard import i18n
    from ...dashboard.paper import write
    from ..export.dossier import write_file
    from ..export.visit import read

    with _opened(config, child) as (home, store, child_id):
        now = datetime.now(UTC)
        page = read(home.config, home.database, store, home.actor, child_id, weeks=weeks, now=now)
    with i18n.speaking(i18n.wanted(language)):
        made = write(page)
    write_file(to, made)
    out.print(f"{to}: {page.first} to {page.last}.", markup=False, soft_wrap=True)


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
    from ..records.event import encode
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
