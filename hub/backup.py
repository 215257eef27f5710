"""Copies everything a hub keeps into one archive while it runs, and puts it back.

The order makes the copy whole: an event is in the outbox, then in the journal, then in the store, and is
taken out of the one only when it is in the next. Copied in that order it may be in two of them, which know it
again, and never in none.
"""

import hashlib
import lzma
import os
import shutil
import sqlite3
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Final, Literal

from pydantic import AwareDatetime, BaseModel

from .. import __version__
from .config import Config
from .errors import BackupError
from .lock import FILE as LOCK_FILE
from .lock import only_hub
from .sqlite_file import store_errors

MANIFEST: Final = "manifest.json"
CONFIG: Final = "griphub.toml"
_DATA: Final = "data/"

#: Copied first and in this order, see above.
_FIRST: Final = ("outbox.db", "journal.db", "store.db")
#: Folders of the data folder that hold nothing of value: logs and sockets, and what the broker has on its
#: way, which the outboxes send again.
_LEFT_OUT: Final = ("run", "broker/jetstream")
#: What belongs to a file or a process, and means nothing elsewhere.
_LEFT_OUT_ENDINGS: Final = ("-wal", "-shm", "-journal", ".lock", ".new", ".pid", ".ports")

_SQLITE_HEAD: Final = b"SQLite format 3\0"
#: What a damaged archive makes `zipfile` and the decompressors raise: beside their own errors, a length that
#: is cut, a name that is no text, a method or an encryption that nobody asked for.
_DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, KeyError, ValueError,
    RuntimeError, OverflowError,
)  # fmt: skip
#: Bytes read at once.
_PIECE: Final = 1 << 20
#: Pages of a database copied before whoever writes it gets a turn: 4 MB, some ten ms on an SD card.
_PAGES: Final = 1024


class File(BaseModel):
    """One file of an archive."""

    name: str
    kind: Literal["sqlite", "file"]
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What an archive holds."""

    format: Literal["griphub-backup/1"] = "griphub-backup/1"
    version: str
    made_at: AwareDatetime
    site: str
    hub: str
    files: tuple[File, ...]


def back_up(config: Config, config_file: Path | None, target: Path, *, now: datetime) -> Manifest:
    """Copy the data folder and the configuration into one archive, and read it back to be sure.

    May run while the hub does. The archive appears under its name only when it is whole and was verified;
    nobody but its owner can read it.

    Parameters
    ----------
    config_file : Path, optional
        None where everything came from the environment.

    Raises
    ------
    BackupError
        If something cannot be read, written, or is damaged; `target` is then as it was.
    """
    folder = config.data_dir
    if not folder.is_dir():
        raise BackupError(f"There is no data folder {folder}", "Nothing has been measured here yet.")
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            manifest = _write(file, config, config_file, now)
            file.flush()
            os.fsync(file.fileno())
        verify(part)
        part.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise BackupError(
            f"The backup could not be written: {error}", "See that there is room and a right to write there."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def verify(archive: Path) -> Manifest:
    """Read an archive whole: every file against its hash, every database against itself.

    Raises
    ------
    BackupError
        If it is not what was written.
    """
    with _opened(archive) as (bundle, manifest), tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        for file in manifest.files:
            _extract(bundle, file, Path(folder) / "file", archive)
    return manifest


def restore(archive: Path, config: Config, config_file: Path) -> tuple[Manifest, Path | None]:
    """Put an archive back into an empty data folder.

    Returns
    -------
    manifest : Manifest
    config_file : Path or None
        Where the archive's configuration was put: `config_file`, or beside the data if there is one already;
        None if the archive has none.

    Raises
    ------
    BackupError
        If the archive is damaged, or the folder holds something; it is then as it was.
    SetupError
        If a hub runs on the folder.
    """
    folder = config.data_dir
    with _opened(archive) as (bundle, manifest):
        try:
            with only_hub(folder):
                if any(entry.name != LOCK_FILE for entry in folder.iterdir()):
                    raise BackupError(
                        f"{folder} is not empty, and a restore overwrites nothing",
                        "Stop GripHub, move that folder away, and restore again.",
                    )
                with tempfile.TemporaryDirectory(dir=folder.parent, prefix=folder.name + ".") as part:
                    for file in manifest.files:
                        _extract(bundle, file, Path(part) / file.name, archive)
                    for entry in sorted((Path(part) / _DATA).iterdir()):
                        entry.rename(folder / entry.name)
                    _sync_folder(folder)
                    brought = Path(part) / CONFIG
                    if not brought.exists():
                        return manifest, None
                    place = folder / ("restored-" + CONFIG) if config_file.exists() else config_file
                    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    shutil.move(brought, place)
                    return manifest, place
        except OSError as error:
            raise BackupError(
                f"The backup could not be put back: {error}",
                "See that there is room and a right to write there.",
            ) from error


def _write(file: IO[bytes], config: Config, config_file: Path | None, now: datetime) -> Manifest:
    files: list[File] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bundle:
        for path in _ordered(config.data_dir):
            name = _DATA + path.relative_to(config.data_dir).as_posix()
            if added := _add(bundle, path, name):
                files.append(added)
        if config_file is not None and config_file.exists() and (added := _add(bundle, config_file, CONFIG)):
            files.append(added)
        manifest = Manifest(
            version=__version__,
            made_at=now.astimezone(UTC),
            site=config.site,
            hub=config.hub,
            files=tuple(files),
        )
        bundle.writestr(MANIFEST, manifest.model_dump_json(indent=2))
    return manifest


def _ordered(folder: Path) -> Iterator[Path]:
    """What is worth keeping, what events pass through first."""
    found = sorted(path for path in folder.rglob("*") if _is_wanted(path, folder))
    first = [folder / name for name in _FIRST]
    yield from (path for path in first if path in found)
    yield from (path for path in found if path not in first)


def _is_wanted(path: Path, folder: Path) -> bool:
    name = path.relative_to(folder).as_posix()
    if name.endswith(_LEFT_OUT_ENDINGS) or any(name.startswith(out + "/") for out in _LEFT_OUT):
        return False
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:  # gone meanwhile
        return False


def _add(bundle: zipfile.ZipFile, path: Path, name: str) -> File | None:
    """Add a file; None if it is gone meanwhile."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_SQLITE_HEAD))
        # a database that was just made is empty, and its first tables are still in the write-ahead log
        if head == _SQLITE_HEAD or (path.suffix == ".db" and not head):
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / "copy.db"
                with (
                    store_errors(path.name, path),
                    closing(sqlite3.connect(path, timeout=30)) as source,
                    closing(sqlite3.connect(copy)) as into,
                ):
                    source.backup(into, pages=_PAGES, sleep=0.01)
                    into.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
                return _pack(bundle, copy, name, "sqlite")
        return _pack(bundle, path, name, "file")
    except FileNotFoundError:
        return None


def _pack(bundle: zipfile.ZipFile, path: Path, name: str, kind: Literal["sqlite", "file"]) -> File:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, bundle.open(name, "w", force_zip64=True) as into:
        while piece := source.read(_PIECE):
            into.write(piece)
            digest.update(piece)
            size += len(piece)
    return File(name=name, kind=kind, bytes=size, sha256=digest.hexdigest())


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    try:
        with zipfile.ZipFile(archive) as bundle:
            manifest = Manifest.model_validate_json(bundle.read(MANIFEST))
            if not all(map(_is_harmless, (file.name for file in manifest.files))):
                raise BackupError(
                    f"{archive} names files outside of itself", "It is not a backup of GripHub."
                )
            yield bundle, manifest
    except OSError as error:
        raise BackupError(f"{archive} cannot be read: {error}", "See that the file is there.") from error
    except _DAMAGED as error:
        raise BackupError(
            f"{archive} is not a whole backup of GripHub ({error})", "Take another one; nothing was changed."
        ) from None


def _is_harmless(name: str) -> bool:
    path = PurePosixPath(name)
    return name == CONFIG or (name.startswith(_DATA) and ".." not in path.parts and not path.is_absolute())


def _extract(bundle: zipfile.ZipFile, file: File, into: Path, archive: Path) -> None:
    """Take a file out, and refuse it if it is not what was put in."""
    into.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    with (
        bundle.open(file.name) as source,
        os.fdopen(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out,
    ):
        while (piece := source.read(_PIECE)) and size <= file.bytes:
            out.write(piece)
            digest.update(piece)
            size += len(piece)
        out.flush()
        os.fsync(out.fileno())
    whole = size == file.bytes and digest.hexdigest() == file.sha256
    if not (whole and (file.kind == "file" or _is_sound(into))):
        raise BackupError(f"{file.name} in {archive} is damaged", "Take another backup; nothing was changed.")


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            return bool(db.execute("PRAGMA integrity_check").fetchall() == [("ok",)])
    except sqlite3.Error:
        return False


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
