"""What is particular to SQLite: two processes, a file that may be missing, full, locked or broken."""

import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from griphub.hub.config import Config
from griphub.hub.errors import StoreError
from griphub.hub.records.event import encode
from griphub.hub.sqlite_file import connect, store_errors
from griphub.hub.stores import open_store, sqlite
from griphub.hub.stores.sqlite import SqliteStore


def test_no_file_is_no_results_yet_until_there_are_some(tmp_path, make_session):
    path = tmp_path / "results" / "store.db"
    reader = SqliteStore(path, read_only=True)
    assert reader.children() == []
    assert reader.trend("c-1") == []
    assert not path.parent.exists(), "a reader makes nothing"

    path.parent.mkdir()
    path.touch()  # the writer is just making it
    assert reader.children() == []

    made = make_session()
    writer = SqliteStore(path)
    assert reader.children() == []
    writer.write(made.events)
    assert reader.session(made.id).point == made.point
    writer.close()
    assert reader.session(made.id).point == made.point
    reader.close()
    with pytest.raises(TypeError, match="read only"):
        reader.write(made.events)


def test_another_process_reads_while_this_one_writes(tmp_path, make_session):
    path = tmp_path / "store.db"
    writer = SqliteStore(path)
    made = make_session()
    writer.write(made.events)
    code = (
        "import sys, pathlib, uuid; from griphub.hub.stores.sqlite import SqliteStore; "
        "store = SqliteStore(pathlib.Path(sys.argv[1]), read_only=True); "
        "print(*sorted(map(str, store.squeeze_ids(uuid.UUID(sys.argv[2])))))"
    )
    read = subprocess.run(
        [sys.executable, "-c", code, str(path), str(made.id)], capture_output=True, text=True, check=True
    )
    assert read.stdout.split() == sorted(str(squeeze.event_id) for squeeze in made.squeezes)
    writer.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from griphub.hub.records.event import decode
from griphub.hub.stores.sqlite import SqliteStore
SqliteStore(Path(sys.argv[1])).write([decode(line) for line in sys.stdin.buffer])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_reader_sees_what_a_killed_writer_had_written(tmp_path, make_session):
    path = tmp_path / "store.db"
    made = make_session()
    lines = b"\n".join(map(encode, made.events))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], input=lines, check=False)
    assert killed.returncode == -signal.SIGKILL

    reader = SqliteStore(path, read_only=True)
    assert reader.session(made.id).point == made.point
    reader.close()


def test_a_damaged_waveform_says_so(tmp_path, make_session):
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    made = make_session()
    store.write(made.events)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE waveform SET data = 'A' || data WHERE start_s = 1")
    with pytest.raises(StoreError, match=r"waveform is damaged.*backup"):
        store.session(made.id)
    store.close()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "store.db"
    SqliteStore(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    for read_only in (True, False):
        with pytest.raises(StoreError, match=r"newer GripHub.*version 99.*Install that version"):
            SqliteStore(path, read_only=read_only)
    assert path.read_bytes() == before


SINCE_2 = ("counts", "stored", "time_known", "firmware", "calibration_id", "calibration_overdue")
SINCE_3 = {
    "session": ("purpose", "quality"),
    "squeeze": ("peak_sd", "rise_s", "release_s", "rfd", "no_rfd"),
}


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_a_file_of_an_older_version_is_brought_up(tmp_path, make_session, version):
    path = tmp_path / "store.db"
    made = make_session(quality=None)
    made.squeezes = [
        squeeze.model_copy(update=dict.fromkeys(SINCE_3["squeeze"][:4]) | {"no_rfd": ""})
        for squeeze in made.squeezes
    ]
    store = SqliteStore(path)
    store.write([made.started, *made.squeezes, *made.waveform, made.ended])
    store.close()
    with sqlite3.connect(path) as db:
        gone = {} if version >= 3 else SINCE_3
        gone = gone | ({"session": (*SINCE_2, *SINCE_3["session"])} if version == 1 else {})
        for table, columns in gone.items():
            for column in columns:
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("ALTER TABLE session DROP COLUMN clock_step")
        if version < 5:
            db.execute("ALTER TABLE session DROP COLUMN recorded")
        since = {"strength_test": 3, "activity": 4, "feedback": 4, "tool_status": 4, "correction": 5}
        for table in (table for table, first in since.items() if version < first):
            db.execute(f"DROP TABLE {table}")
        db.execute(f"PRAGMA user_version = {version}")
    reader = SqliteStore(path, read_only=True)
    assert reader.session(made.id) is None, "the writer has not brought it up yet"
    writer = SqliteStore(path)
    detail = writer.session(made.id)
    assert detail and detail.point == made.point
    assert list(detail.squeezes) == made.squeezes
    assert writer.strength_tests("c-1") == []
    assert (again := reader.session(made.id)) and again.point == made.point
    writer.close()
    reader.close()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_that_is_no_database_says_so(tmp_path, read_only):
    path = tmp_path / "store.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"not a database.*store\.db.*backup") as caught:
        SqliteStore(path, read_only=read_only)
    assert caught.value.retryable, "it may be restored while the events wait"


def test_a_folder_that_cannot_be_made_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="See that the folder exists"):
        SqliteStore(tmp_path / "file" / "store.db")


def test_a_full_disk_and_a_locked_file_are_worth_another_try(tmp_path):
    path = tmp_path / "file.db"
    db = connect(path, "CREATE TABLE IF NOT EXISTS t (b BLOB);", version=1)
    db.execute("PRAGMA max_page_count = 10")
    with pytest.raises(StoreError, match=r"full.*Free some space") as caught, store_errors("sqlite", path):
        db.execute("INSERT INTO t VALUES (zeroblob(1000000))")
    assert caught.value.retryable

    other = connect(path, "", version=1)
    db.execute("PRAGMA busy_timeout = 1")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"locked.*Another program") as caught, store_errors("sqlite", path):
        db.execute("INSERT INTO t VALUES (1)")
    assert caught.value.retryable
    other.close()
    db.close()


def test_a_commit_is_on_the_disk_when_it_returns(tmp_path):
    db = connect(tmp_path / "file.db", "", version=1)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA synchronous").fetchone() == (2,), "2 is FULL: WAL is flushed at every commit"
    db.close()


@pytest.mark.parametrize("kind", ["sqlite", "influxdb"])
def test_the_configuration_says_which_store(tmp_path, kind):
    store = open_store(Config(data_dir=tmp_path, store={"kind": kind}), read_only=False)
    assert store.name == kind
    assert (tmp_path / "store.db").exists() == (kind == "sqlite")
    store.close()


def test_curves_older_than_they_are_kept_go_in_small_steps_and_results_stay(
    tmp_path, make_session, monkeypatch
):
    monkeypatch.setattr(sqlite, "FORGET_STEP", 3)
    now = datetime.now(UTC)
    old = make_session(started_at=now - timedelta(days=31), seconds=6)
    new = make_session(started_at=now - timedelta(days=29), seconds=6)
    store = SqliteStore(tmp_path / "store.db", keep_waveforms=timedelta(days=30))
    store.write([*old.events, *new.events])

    assert [store.forget_waveforms(now) for _ in range(3)] == [3, 1, 0]
    assert (store.session(old.id).point, list(store.session(old.id).squeezes)) == (old.point, old.squeezes)
    assert store.session(old.id).t_s.size == 0
    assert store.session(new.id).t_s.size == new.t_s.size
    store.close()

    keeps = SqliteStore(tmp_path / "store.db")
    assert keeps.forget_waveforms(now + timedelta(days=10_000)) == 0
    keeps.close()


def test_of_an_erased_child_no_byte_is_left(tmp_path, make_session, make_feedback):
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    gone, stays = make_session(child_id="c-gone"), make_session(child_id="c-stays", seconds=0)
    said = make_feedback("c-gone", observation="a word that nobody else would write: xylophagous")
    store.write([*gone.events, *stays.events, said])
    signs = [b"c-gone", b"xylophagous", str(gone.id).encode(), gone.waveform[0].data.encode()]
    raw = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert all(sign in raw for sign in signs)

    store.erase_child("c-gone")
    raw = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not [sign for sign in signs if sign in raw]
    assert b"c-stays" in raw
    store.close()


def test_a_file_that_version_2_wrote_itself_is_read_and_written_on(tmp_path, make_session, make_feedback):
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as db:
        db.executescript((Path(__file__).parent / "schemas" / "version-2.sql").read_text())
    db.close()
    store = SqliteStore(path)
    (point,) = store.trend("c-4f21")
    detail = store.session(point.session_id)
    assert (point.squeezes, point.peak, point.firmware, point.purpose) == (1, 10.5, "1.4.0", "exercise")
    assert point.started_at == datetime(2026, 3, 2, 16, 5, 0, 123456, tzinfo=UTC)
    (squeeze,) = detail.squeezes
    assert (squeeze.peak, squeeze.doubtful, squeeze.peak_sd, squeeze.no_rfd) == (10.5, ("weak",), None, "")
    np.testing.assert_array_equal(detail.values, [1.0, np.nan, 2.5])

    said, made = make_feedback("c-4f21"), make_session(child_id="c-4f21")
    store.write([said, *made.events])
    assert store.feedback("c-4f21") == [said] and len(store.trend("c-4f21")) == 2
    store.close()
