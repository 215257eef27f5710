"""What the report's page asks: the page for a visit, and results as files, in the name of whoever looks."""

import io
import json
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from ...hub.child.export import export
from ...hub.child.relational import visible_rows
from ...hub.config import Config
from ...hub.database.actor import Actor
from ...hub.database.engine import Database
from ...hub.export import fhir as r4
from ...hub.export.dossier import Dossier, gather, with_written, write_tables
from ...hub.export.tables import About
from ...hub.export.visit import Visit, read
from ...hub.people.model import Child
from ...hub.program import commands, home
from ...hub.program.local_days import local_day, noon
from ..results import Results


class Report:
    """Everything about one child and one period that can be taken along.

    Each method reads anew, and raises `StoreError`, `ExportError` where there is nothing, or `NotFound`.

    Parameters
    ----------
    results : Results
        Of the children whom the actor may see.
    weeks : int
        How far back.
    """

    def __init__(
        self,
        config: Config,
        database: Database,
        results: Results,
        actor: Actor,
        child_id: str,
        *,
        weeks: int,
        now: datetime,
    ) -> None:
        self._config = config
        self._database = database
        self._results = results
        self._actor = actor
        self._child_id = child_id
        self._weeks = weeks
        self._now = now
        self._zone = home.zone_of(config)

    def visit(self) -> Visit:
        """What the page for a visit says."""
        return read(
            self._config,
            self._database,
            self._results,
            self._actor,
            self._child_id,
            weeks=self._weeks,
            now=self._now,
        )

    def pdf(self) -> bytes:
        """The page for a visit."""
        from ..paper import write  # noqa: PLC0415 - half a second to import

        return write(self.visit())

    def tables(self) -> bytes:
        """CSV files and what their columns mean, in a ZIP file."""
        with self._database.reading(self._actor, "report.tables") as work:
            known = work.need(Child, self._child_id)
            about = About(known.birth_month, known.dominant_hand)
            found = with_written(self._dossier(), work, since=self._first_day(), until=None)
        content = io.BytesIO()
        with TemporaryDirectory() as folder, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            tables = Path(folder) / "tables"
            write_tables(tables, self._results, found, about, self._zone)
            for path in sorted(tables.iterdir()):
                archive.write(path, path.name)
        return content.getvalue()

    def fhir(self) -> bytes:
        """The results and the program as a FHIR R4 bundle."""
        found = self._dossier()
        with self._database.reading(self._actor, "report.fhir") as work:
            history = commands.history(work, self._child_id)
            asked = r4.plans(history, commands.library_for(work, self._child_id))
        made = r4.bundle(
            self._child_id,
            self._zone,
            tests=found.tests,
            sessions=found.sessions,
            feedback=found.feedback,
            plans=asked,
        )
        return json.dumps(made, indent=2).encode()

    def archive(self) -> bytes:
        """Everything of the child that the actor may see, of all time, force curves too."""
        with self._database.reading(self._actor, "report.archive") as work:
            people = visible_rows(work, self._child_id)
        with TemporaryDirectory() as folder:
            target = Path(folder) / "archive.zip"
            export(self._config, self._child_id, target, now=self._now, results=self._results, people=people)
            return target.read_bytes()

    def _first_day(self) -> date:
        return local_day(self._now, self._zone) - timedelta(weeks=self._weeks)

    def _dossier(self) -> Dossier:
        return gather(self._results, self._child_id, since=noon(self._first_day(), self._zone))
