"""A backup is whole or not there, and comes back as it was."""

import hashlib
import json
import sqlite3
import stat
import threading
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from griphub.hub import backup as module
from griphub.hub.backup import MANIFEST, back_up, restore, verify
from griphub.hub.cli.main import app
from griphub.hub.config import Config
from griphub.hub.delivery.journal import Journal
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.errors import BackupError, SetupError
from griphub.hub.lock import only_hub
from griphub.hub.stores.sqlite import SqliteStore

NOW = datetime(2026, 3, 2, 17, 5, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Config:
    """A data folder as a hub leaves it, and a configuration file."""
    config = Config(data_dir=tmp_path / "data")
    Outbox(config.data_dir / "outbox.db").close()
    journal = Journal(config.data_dir / "journal.db")
    journal.append([(uuid4(), b"an event")])
    journal.close()
    SqliteStore(config.data_dir / "store.db").close()
    for name, content in {
        "broker/passwords.json": "{}",
        "broker/jetstream/blob": "on its way",
        "bonds/ball.json": "keys",
        "run/hub.log": "a log",
        "hub.lock": "",
    }.items():
        path = config.data_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "griphub.toml").write_text('site = "home"\n')
    return config


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_what_was_backed_up_comes_back(home: Config, tmp_path: Path) -> None:
    target = tmp_path / "backup.zip"
    manifest = back_up(home, tmp_path / "griphub.toml", target, now=NOW)
    names = [file.name for file in manifest.files]
    assert names[:3] == ["data/outbox.db", "data/journal.db", "data/store.db"], (
        "in the order of an event's way"
    )
    assert sorted(names[3:]) == ["data/bonds/ball.json", "data/broker/passwords.json", "griphub.toml"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert verify(target) == manifest

    elsewhere = Config(data_dir=tmp_path / "other" / "data")
    again, brought = restore(target, elsewhere, tmp_path / "other" / "griphub.toml")
    assert again == manifest
    assert brought == tmp_path / "other" / "griphub.toml" and brought.read_text() == 'site = "home"\n'
    journal = Journal(elsewhere.data_dir / "journal.db")
    assert [payload for _, payload in journal.read(0, 10)] == [b"an event"]
    journal.close()
    assert (elsewhere.data_dir / "bonds/ball.json").read_text() == "keys"
    assert not list((tmp_path / "other").glob("data.*")), "nothing is left over"


def test_it_works_while_the_hub_writes(home: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGES", 2)  # so that the copy takes many turns
    path, done = home.data_dir / "journal.db", threading.Event()
    journal = Journal(path)
    journal.append([(uuid4(), bytes(2_000)) for _ in range(300)])
    acknowledged = []

    def write() -> None:
        while not done.is_set():
            journal.append([(uuid4(), b"meanwhile")])
            acknowledged.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    with only_hub(home.data_dir):
        back_up(home, None, tmp_path / "backup.zip", now=NOW)
    done.set()
    writer.join()
    journal.close()
    assert acknowledged
    elsewhere = Config(data_dir=tmp_path / "other")
    restore(tmp_path / "backup.zip", elsewhere, tmp_path / "none.toml")
    copy = Journal(elsewhere.data_dir / "journal.db")
    assert 301 <= len(copy.read(0, 100_000)) <= 301 + len(acknowledged)
    copy.close()


@pytest.mark.parametrize("damage", ["byte", "cut", "swap", "database", "escape", "no zip"])
def test_a_damaged_archive_is_refused_and_nothing_changed(home: Config, tmp_path: Path, damage: str) -> None:
    target, bad = tmp_path / "backup.zip", tmp_path / "bad.zip"
    back_up(home, None, target, now=NOW)
    raw = bytearray(target.read_bytes())
    if damage == "byte":
        raw[200] ^= 0xFF
    elif damage == "cut":
        raw = raw[: len(raw) // 2]
    elif damage == "no zip":
        raw = bytearray(b"hello")
    bad.write_bytes(raw)
    if damage in ("swap", "database", "escape"):
        with zipfile.ZipFile(target) as old, zipfile.ZipFile(bad, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name == "data/store.db" and damage == "swap":
                    content = b"something else"
                if name == MANIFEST and damage == "escape":
                    content = content.replace(b"data/bonds/", b"data/../../")
                if damage == "database":
                    content = _broken(name, content)
                new.writestr(name, content)
    elsewhere = Config(data_dir=tmp_path / "other")
    with pytest.raises(BackupError, match=r"damaged|not a whole backup|outside of itself"):
        verify(bad)
    with pytest.raises(BackupError, match=r"damaged|not a whole backup|outside of itself"):
        restore(bad, elsewhere, tmp_path / "none.toml")
    assert set(contents(elsewhere.data_dir)) <= {"hub.lock"}
    assert not list(tmp_path.glob("other.*"))


def test_whichever_byte_of_an_archive_is_damaged_it_is_refused_or_means_nothing(
    home: Config, tmp_path: Path
) -> None:
    target, bad = tmp_path / "backup.zip", tmp_path / "bad.zip"
    whole = back_up(home, None, target, now=NOW)
    raw = target.read_bytes()
    with zipfile.ZipFile(target) as bundle:
        entries = [entry.header_offset for entry in bundle.infolist()]
    directory = raw.index(b"PK\x01\x02")
    # headers and the first bytes of some streams, the directory with the end of the file, the rest in steps
    places = {*range(120), *range(entries[2], entries[2] + 80), *range(entries[-1], entries[-1] + 80)}
    places |= {*range(directory, directory + 100), *range(len(raw) - 40, len(raw)), *range(0, len(raw), 97)}
    elsewhere = Config(data_dir=tmp_path / "other")
    refused = 0
    for place in sorted(place for place in places if place < len(raw)):
        for flip in (0x01, 0xFF):
            bad.write_bytes(raw[:place] + bytes([raw[place] ^ flip]) + raw[place + 1 :])
            try:
                assert verify(bad) == whole, "a date or a right, which nobody reads"
            except BackupError:
                refused += 1
                with pytest.raises(BackupError):
                    restore(bad, elsewhere, tmp_path / "none.toml")
    assert refused > len(places)
    assert set(contents(elsewhere.data_dir)) <= {"hub.lock"}
    assert not list(tmp_path.glob("other.*"))


def _broken(name: str, content: bytes) -> bytes:
    """A database that is broken, with the hash of what is in it: only SQLite itself can tell."""
    broken = b"SQLite format 3\0" + bytes(5_000)
    if name == "data/store.db":
        return broken
    if name == MANIFEST:
        manifest = json.loads(content)
        for file in manifest["files"]:
            if file["name"] == "data/store.db":
                file |= {"bytes": len(broken), "sha256": hashlib.sha256(broken).hexdigest()}
        return json.dumps(manifest).encode()
    return content


def test_a_damaged_database_is_no_backup(home: Config, tmp_path: Path) -> None:
    target = tmp_path / "backup.zip"
    target.write_text("the last one")
    path = home.data_dir / "store.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE big (x)")
        db.executemany("INSERT INTO big VALUES (?)", [("x" * 1000,) for _ in range(200)])
    db.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 100_000)
        file.write(b"\xff" * 60_000)
    with pytest.raises(BackupError, match=r"store\.db.*damaged"):
        back_up(home, None, target, now=NOW)
    assert target.read_text() == "the last one", "an older backup stays"
    assert not target.with_name("backup.zip.part").exists()


def test_nothing_is_overwritten(home: Config, tmp_path: Path) -> None:
    target = tmp_path / "backup.zip"
    back_up(home, None, target, now=NOW)
    before = contents(home.data_dir)
    with pytest.raises(BackupError, match=r"not empty.*move that folder away"):
        restore(target, home, tmp_path / "none.toml")
    with only_hub(home.data_dir), pytest.raises(SetupError, match="running already"):
        restore(target, home, tmp_path / "none.toml")
    assert contents(home.data_dir) == before


def test_the_commands_say_what_they_did(home: Config, tmp_path: Path) -> None:
    config = tmp_path / "griphub.toml"
    config.write_text(f'data_dir = "{home.data_dir}"\n')
    run = CliRunner().invoke
    made = run(app, ["backup", str(tmp_path / "b.zip"), "--config", str(config)])
    assert made.exit_code == 0 and "read back and sound" in made.output
    home.data_dir.rename(tmp_path / "away")
    back = run(app, ["restore", str(tmp_path / "b.zip"), "--config", str(config)])
    assert back.exit_code == 0, back.output
    assert "are in" in back.output and "was left alone" in back.output
    assert (home.data_dir / "restored-griphub.toml").read_text() == config.read_text()
    assert set(contents(home.data_dir)) >= {"store.db", "journal.db", "outbox.db", "bonds/ball.json"}
