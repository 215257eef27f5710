"""Everything that a store holds of one child and a period, for all kinds of export."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

from ..database.work import Work
from ..people.model import Child
from ..program import annotations, visits
from ..program.tables import Annotation, Visit
from ..records.said import ActivityDone, FeedbackGiven
from ..records.session import SqueezeCounted
from ..records.strength import StrengthTested
from ..stores.contract import AllResults
from ..stores.models import SessionPoint
from . import tables
from .csv import Row, Table, dictionary
from .errors import ExportError


@dataclass(frozen=True, slots=True)
class Dossier:
    """A child's results, oldest first. What was taken back is not among them.

    `visits` and `annotations` are from the people's database, as far as the reader sees them.
    """

    child_id: str
    sessions: tuple[SessionPoint, ...]
    tests: tuple[StrengthTested, ...]
    activities: tuple[ActivityDone, ...]
    feedback: tuple[FeedbackGiven, ...]
    visits: tuple[Visit, ...] = ()
    annotations: tuple[Annotation, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all."""
        return not (self.sessions or self.tests or self.activities or self.feedback)


def gather(
    store: AllResults, child_id: str, *, since: datetime | None = None, until: datetime | None = None
) -> Dossier:
    """Read what began in ``[since, until)``.

    Raises
    ------
    ExportError
        If there is nothing of this child.
    StoreError
        If the store does not answer.
    """
    found = Dossier(
        child_id,
        tuple(store.trend(child_id, since=since, until=until)),
        tuple(store.strength_tests(child_id, since=since, until=until)),
        tuple(store.activities(child_id, since=since, until=until)),
        tuple(store.feedback(child_id, since=since, until=until)),
    )
    if found.empty:
        known = sorted({child.child_id for child in store.children()} - {child_id})
        raise ExportError(
            f"Nothing is stored of {child_id} in this period",
            f"Results are there of {', '.join(known)}." if known else "Nothing is stored of any child yet.",
        )
    return found


def with_written(
    dossier: Dossier, work: Work, *, since: date | None = None, until: date | None = None
) -> Dossier:
    """Add what people wrote down, as far as the actor sees it, of ``[since, until)``.

    Nothing is added for a child whom nobody has entered: results may be there all the same.
    """
    if work.get(Child, dossier.child_id) is None:
        return dossier
    last = None if until is None else until - timedelta(days=1)
    return replace(
        dossier,
        visits=tuple(visits.visits(work, dossier.child_id, since=since, until=last)),
        annotations=tuple(annotations.annotations(work, dossier.child_id, since=since, until=last)),
    )


def write_tables(
    folder: Path, store: AllResults, dossier: Dossier, about: tables.About, zone: tzinfo | None
) -> dict[str, int]:
    """Write one CSV file for each kind of result, and what their columns mean, into a new folder.

    Returns
    -------
    dict
        Rows of each file.

    Raises
    ------
    ExportError
        If the folder exists or cannot be written; then nothing is left behind.
    """
    if folder.exists():
        raise ExportError(f"{folder} exists already", "Name a new folder; nothing is ever overwritten.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise ExportError(f"{folder} cannot be made: {error.strerror}", "Name another folder.") from None
    try:
        rows = {
            **_write(making, tables.TRIALS, tables.trial_rows(dossier.tests, about), zone),
            **_write(making, tables.SESSIONS, dossier.sessions, zone),
            **_write(making, tables.SQUEEZES, _squeezes(store, dossier), zone),
            **_write(making, tables.ACTIVITIES, dossier.activities, zone),
            **_write(making, tables.FEEDBACK, dossier.feedback, zone),
            **_write(making, tables.VISITS, dossier.visits, zone),
            **_write(making, tables.ANNOTATIONS, dossier.annotations, zone),
        }
        page = dictionary(tables.ALL)
        (making / "columns.md").write_text(f"# What the columns mean\n\n{page}", encoding="utf-8")
        making.rename(folder)
    except OSError as error:
        raise ExportError(
            f"{folder} cannot be written: {error.strerror}", "Make room, or name another folder."
        ) from None
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return rows


def _squeezes(store: AllResults, dossier: Dossier) -> Iterator[SqueezeCounted]:
    for point in dossier.sessions:
        if detail := store.session(point.session_id):
            yield from detail.squeezes


def _write(folder: Path, table: Table[Row], rows: Iterable[Row], zone: tzinfo | None) -> dict[str, int]:
    with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
        return {table.name: table.write(file, rows, zone)}


def write_file(path: Path, content: bytes) -> None:
    """Write a new file, whole or not at all.

    Raises
    ------
    ExportError
        If it exists or cannot be written.
    """
    try:
        with path.open("xb") as file:
            try:
                file.write(content)
                file.flush()
            except OSError:
                path.unlink()
                raise
    except FileExistsError:
        raise ExportError(f"{path} exists already", "Name a new file; nothing is overwritten.") from None
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror}", "Name another place.") from None
