"""Everything of one child in one archive that the family can open without GripHub."""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from ... import __version__
from ..config import Config
from ..export.dossier import Dossier, gather, write_tables
from ..export.errors import ExportError
from ..export.fhir import bundle
from ..export.tables import About
from ..export.waveform import waveform_csv
from ..program.photos import path_of
from ..program.tables import Annotation, Visit
from ..stores import open_store
from ..stores.contract import AllResults
from .relational import DatabasePlace, Rows

_README: Final = """\
Everything that GripHub keeps of the child {child}, as of {at:%Y-%m-%d %H:%M} UTC.

tables/      results as CSV files; tables/columns.md says what the columns are
waveforms/   every session's force curve: seconds since its start, and the value in the session's unit.
             An empty value is a reading that was missing; a jump in the seconds are samples that were lost.
pictures/    pictures of what was done, without place and time
people.json  what people wrote: who looks after the child, programs, visits, consent, and the log of changes
fhir.json    the results as a FHIR R4 bundle, for a record system
SHA256SUMS   to see that no file was changed: sha256sum --check SHA256SUMS

Not a medical device; the numbers are for following one child with one tool.
"""


def export(
    config: Config,
    child_id: str,
    target: Path,
    *,
    now: datetime,
    results: AllResults | None = None,
    people: Rows | None = None,
) -> dict[str, int]:
    """Write the archive, readable by its owner only.

    Parameters
    ----------
    results : AllResults, optional
        Of the children whom somebody may see; by default the whole store.
    people : mapping, optional
        Rows by table, as `visible_rows` reads them for somebody; by default all that name the child.

    Returns
    -------
    dict of str to int
        Bytes by name of the files in it.

    Raises
    ------
    StoreError
        If a store does not answer.
    OSError
        If the file cannot be written; `target` is then as it was.
    """
    sums: dict[str, str] = {}
    sizes: dict[str, int] = {}
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        with (
            os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name, content in _contents(config, child_id, now, results, people):
                archive.writestr(name, content)
                sums[name], sizes[name] = hashlib.sha256(content).hexdigest(), len(content)
            archive.writestr("SHA256SUMS", "".join(f"{digest}  {name}\n" for name, digest in sums.items()))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return sizes


def _contents(
    config: Config, child_id: str, now: datetime, results: AllResults | None, people: Rows | None
) -> Iterator[tuple[str, bytes]]:
    yield "README.txt", _README.format(child=child_id, at=now).encode()
    rows = DatabasePlace(config).rows(child_id) if people is None else people
    pieces = rows.get("photo_parts", [])
    shown = {name: known for name, known in rows.items() if name != "photo_parts"}
    told = {"griphub": __version__, "child": child_id, "tables": shown}
    yield "people.json", json.dumps(told, indent=2, ensure_ascii=False, default=str).encode()
    with ExitStack() as opened:
        store = results or opened.enter_context(closing(open_store(config, read_only=True)))
        found = replace(
            _results(store, child_id, there=bool(rows)),
            visits=tuple(Visit(**row) for row in rows.get("visits", ())),
            annotations=tuple(Annotation(**row) for row in rows.get("annotations", ())),
        )
        with TemporaryDirectory() as folder:
            tables = Path(folder) / "tables"
            write_tables(tables, store, found, About(), None)
            for path in sorted(tables.iterdir()):
                yield f"tables/{path.name}", path.read_bytes()
        fhir = bundle(child_id, None, tests=found.tests, sessions=found.sessions, feedback=found.feedback)
        yield "fhir.json", json.dumps(fhir, indent=2).encode()
        yield from _waveforms(store, child_id)
    yield from _pictures(config, rows.get("photos", []), pieces)


def _results(store: AllResults, child_id: str, *, there: bool) -> Dossier:
    """What was measured and told; nothing at all only of a child who is there."""
    try:
        return gather(store, child_id)
    except ExportError:
        if not there:
            raise
        return Dossier(child_id, (), (), (), ())


def _pictures(
    config: Config, photos: Sequence[Mapping[str, Any]], pieces: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, bytes]]:
    """Pictures that were taken here, and those that came here."""
    for photo in photos:
        name = str(photo["id"])
        came = sorted((one for one in pieces if one["photo_id"] == name), key=lambda one: int(one["part"]))
        if (path := path_of(config, name)).exists():
            yield f"pictures/{name}.jpg", path.read_bytes()
        elif photo["taken_at"] and came:
            yield f"pictures/{name}.jpg", b"".join(one["data"] for one in came)


def _waveforms(store: AllResults, child_id: str) -> Iterator[tuple[str, bytes]]:
    for point in store.trend(child_id):
        detail = store.session(point.session_id)
        if detail is None or not detail.t_s.size:
            continue
        name = f"waveforms/{point.started_at:%Y%m%dT%H%M%SZ}-{point.hand}-{point.session_id}.csv"
        yield name, waveform_csv(detail)
