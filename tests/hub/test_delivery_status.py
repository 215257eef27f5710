"""What waits, since when and why, as another process sees it: running or not, disk full or not."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from griphub.hub.cli.main import app
from griphub.hub.config import Config
from griphub.hub.delivery import status as module
from griphub.hub.delivery.forwarder import Forwarder
from griphub.hub.delivery.journal import DEAD_LETTER_BYTES, PEOPLE, Journal
from griphub.hub.delivery.notice import Notice, notice_path, read_notice
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.delivery.status import delivery_status, retry_dead_letters
from griphub.hub.errors import SetupError
from griphub.hub.records.event import encode


def only(config: Config, place: str) -> module.Queue:
    (queue,) = [queue for queue in delivery_status(config).queues if queue.place == place]
    return queue


def test_nothing_ran_here_yet(config):
    found = delivery_status(config)
    assert (found.queues, found.dead_letters, found.flows) == ((), 0, True)
    assert list(config.data_dir.iterdir()) == [], "looking makes no files"


def test_a_notice_is_read_by_others_and_outlives_its_process(tmp_path):
    path = notice_path(tmp_path, "hub")
    assert not read_notice(path).running
    notice = Notice(path)
    notice.say("broker", "it is away")
    first = read_notice(path)
    assert first.running and first.hindrances["broker"].reason == "it is away"
    notice.say("broker", "it refuses us")  # another reason of the same trouble
    notice.say("outbox", "the disk is full é")
    now = read_notice(path)
    assert now.hindrances["broker"].since == first.hindrances["broker"].since
    assert now.hindrances["outbox"].reason == "the disk is full é"
    notice.say("broker", None)
    assert set(read_notice(path).hindrances) == {"outbox"}
    notice.close()
    assert not read_notice(path).running


def test_a_second_owner_is_told_so(tmp_path):
    notice = Notice(notice_path(tmp_path, "ingest"))
    with pytest.raises(SetupError, match=r"The ingest of .* is running already"):
        Notice(notice_path(tmp_path, "ingest"))
    notice.close()


@pytest.mark.parametrize("text", ["", "{", "x" * 9000])
def test_a_notice_that_cannot_be_read_says_nothing(tmp_path, text):
    path = notice_path(tmp_path, "hub")
    path.parent.mkdir()
    path.write_text(text)
    assert read_notice(path).hindrances == {}


def test_a_stopped_hub_says_what_waits_and_since_when(config, squeeze):
    began = datetime.now(UTC)
    outbox = Outbox(config.data_dir / "outbox.db")
    outbox.commit([squeeze(n) for n in range(3)], {})
    outbox.close()
    queue = only(config, "outbox")
    assert (queue.goal, queue.waiting) == ("ingest", 3)
    assert queue.since and began - timedelta(seconds=1) < queue.since <= datetime.now(UTC)
    assert queue.reasons == ("The hub does not run. Start it, for example with `griphub up`.",)


def test_an_outbox_of_an_older_version_keeps_what_waits(config, squeeze):
    outbox = Outbox(config.data_dir / "outbox.db")
    outbox.commit([squeeze(0)], {})
    outbox.close()
    with sqlite3.connect(config.data_dir / "outbox.db") as db:
        for index in ("of_child", "to_ingest", "to_clinic"):
            db.execute(f"DROP INDEX outbox_{index}")
        db.execute("ALTER TABLE outbox DROP COLUMN owed")
        db.execute("ALTER TABLE outbox DROP COLUMN child_id")
        db.execute("ALTER TABLE outbox DROP COLUMN committed_at")
        db.execute("PRAGMA user_version = 1")
    db.close()
    assert only(config, "outbox").waiting == 0, "not before the hub has brought it up"
    outbox = Outbox(config.data_dir / "outbox.db")
    assert [waiting.event_id for waiting in outbox.waiting(0, 10)] == [squeeze(0).event_id]
    queue = only(config, "outbox")
    assert (queue.waiting, queue.since) == (1, None)
    outbox.close()


def test_a_running_hub_says_why(config, squeeze):
    outbox = Outbox(config.data_dir / "outbox.db")
    outbox.commit([squeeze(0)], {})
    notice = Notice(notice_path(config.data_dir, "hub"))
    assert only(config, "outbox").reasons == ()
    notice.say("broker", "The hub is not connected to the broker: it is away.")
    assert only(config, "outbox").reasons == ("The hub is not connected to the broker: it is away.",)
    notice.close()
    outbox.close()


def test_a_broker_that_takes_what_nobody_confirms_is_told(config, squeeze, monkeypatch):
    outbox = Outbox(config.data_dir / "outbox.db")
    outbox.commit([squeeze(0)], {})
    notice = Notice(notice_path(config.data_dir, "hub"))
    monkeypatch.setattr(module, "USUAL", timedelta(0))
    assert only(config, "outbox").reasons == (
        "The broker answers, but nobody confirms what it was sent. See that ingest runs.",
    )
    notice.close()
    outbox.close()


def test_a_clock_that_was_set_back_makes_no_future(config, squeeze, monkeypatch):
    journal = Journal(config.data_dir / "journal.db")
    now = time.time()
    monkeypatch.setattr("griphub.hub.delivery.journal.time.time", lambda: now + 3600)
    journal.append([(squeeze(0).event_id, encode(squeeze(0)))])
    monkeypatch.undo()
    queue = only(config, "journal")
    assert (queue.waiting, queue.since) == (1, None)
    journal.close()


def test_a_store_that_is_no_longer_configured_is_told(config, squeeze):
    journal = Journal(config.data_dir / "journal.db")
    journal.append([(squeeze(0).event_id, encode(squeeze(0)))])
    journal.advance("influxdb", 1)
    journal.append([(squeeze(1).event_id, encode(squeeze(1)))])
    notice = Notice(notice_path(config.data_dir, "ingest"))
    queues = {queue.goal: queue for queue in delivery_status(config).queues}
    assert {goal: queue.waiting for goal, queue in queues.items()} == {"sqlite": 2, "influxdb": 1}
    assert queues["sqlite"].reasons == ()
    assert "not the configured store any more" in queues["influxdb"].reasons[0]
    notice.close()
    journal.close()


def test_what_goes_to_the_people_of_a_home_is_no_store_that_was_left(config, squeeze):
    journal = Journal(config.data_dir / "journal.db")
    journal.append([(squeeze(0).event_id, encode(squeeze(0)))])
    journal.advance(PEOPLE, 1)
    journal.append([(squeeze(1).event_id, encode(squeeze(1)))])
    notice = Notice(notice_path(config.data_dir, "ingest"))
    queues = {queue.goal: queue for queue in delivery_status(config).queues}
    assert (queues[PEOPLE].waiting, queues[PEOPLE].reasons) == (1, ())
    notice.close()
    queues = {queue.goal: queue for queue in delivery_status(config).queues}
    assert "Ingest does not run" in queues[PEOPLE].reasons[0]
    journal.close()


def _ingest(config: Config) -> subprocess.Popen[bytes]:
    file = config.data_dir / "griphub.toml"
    file.write_text(f'data_dir = "{config.data_dir}"\nbroker.port = {config.broker.port}\n')
    return subprocess.Popen(
        [sys.executable, "-m", "griphub", "ingest", "--config", str(file)], stderr=subprocess.DEVNULL
    )


def _until(condition, timeout_s=20):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_the_running_service_is_seen_from_outside_and_so_is_the_killed_one(config, squeeze):
    """No broker here, and a store whose file is broken: both are said, by a real ingest."""
    (config.data_dir / "journal.db").touch()
    journal = Journal(config.data_dir / "journal.db")
    journal.append([(squeeze(0).event_id, encode(squeeze(0)))])
    journal.close()
    with sqlite3.connect(config.data_dir / "store.db") as locked:  # a program that holds the file
        locked.execute("PRAGMA journal_mode = DELETE")
        locked.execute("CREATE TABLE other (x)")
    locked.close()
    process = _ingest(config)
    try:
        _until(lambda: "nothing listens" in " ".join(only(config, "journal").reasons))
        _until(lambda: only(config, "journal").waiting == 0)
        said = CliRunner().invoke(
            app, ["delivery", "status", "--json", "-c", str(config.data_dir / "griphub.toml")]
        )
        assert said.exit_code == 1
        assert json.loads(said.stdout)["queues"][0]["goal"] == "sqlite"
        assert not json.loads(said.stdout)["flows"]
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    journal = Journal(config.data_dir / "journal.db")
    journal.append([(squeeze(1).event_id, encode(squeeze(1)))])
    journal.close()
    assert only(config, "journal").reasons == (
        "Ingest does not run. Start it, for example with `griphub up`.",
    )


def test_a_full_disk_is_said_though_nothing_can_be_written(small_disk: Path, squeeze):
    """On a real file system that is full: neither hub nor ingest can write a row, and both say so."""
    config = Config(data_dir=small_disk)
    notice = Notice(notice_path(small_disk, "ingest"))
    journal = Journal(small_disk / "journal.db")
    journal.append([(squeeze(0).event_id, encode(squeeze(0)))])
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(b"x" * 4096)
            except OSError:
                break

    class Store:
        name = "sqlite"

        def write(self, events):
            raise AssertionError("the cursor cannot be read from here")

    from griphub.hub.delivery.intake import Intake

    class Message:
        topic = squeeze(1).topic()
        payload = encode(squeeze(1)) + b" " * 60_000

    stop = threading.Event()
    woken = threading.Event()
    acks = []
    intake = Intake(journal, woken.set, lambda reason: notice.say("journal", reason))
    thread = threading.Thread(target=lambda: acks.extend(intake.commit([Message()], stop) or []))
    thread.start()
    try:
        _until(lambda: only(config, "journal").reasons)
        queue = only(config, "journal")
        assert "disk is full" in queue.reasons[0] and "Free some space" in queue.reasons[0]
        assert any("MB free" in reason for reason in queue.reasons)
        assert not acks and not woken.is_set(), "nothing is confirmed that is not on the disk"
        ballast.unlink()
        thread.join(timeout=20)
        assert len(acks) == 1
        assert only(config, "journal").reasons == ()
        assert only(config, "journal").waiting == 2
    finally:
        stop.set()
        thread.join()
        journal.close()
        notice.close()


class Refusing:
    """A store that refuses what it is told to."""

    name = "sqlite"

    def __init__(self):
        self.refuses = True
        self.has = []

    def write(self, events):
        from griphub.hub.errors import StoreError

        if self.refuses and any(event.number == 2 for event in events):
            raise StoreError("sqlite", "field type conflict", "", retryable=False)
        self.has += events

    def forget_waveforms(self, now):
        return 0


def _forward(journal, store):
    stop = threading.Event()
    forwarder = Forwarder(journal, store)
    thread = threading.Thread(target=forwarder.run, args=(stop,))
    thread.start()
    _until(lambda: forwarder.state.waiting == 0)
    stop.set()
    thread.join()


@pytest.mark.parametrize("last", [True, False])
def test_dead_letters_are_put_back_when_the_cause_is_mended(config, squeeze, last):
    journal = Journal(config.data_dir / "journal.db")
    store = Refusing()
    numbers = [0, 1] if last else [0, 1, 2]  # the culprit is the newest row, or is not
    journal.append([(squeeze(n).event_id, encode(squeeze(n))) for n in numbers])
    _forward(journal, store)
    assert delivery_status(config).dead_letters == 1
    file = config.data_dir / "griphub.toml"
    file.write_text(f'data_dir = "{config.data_dir}"\n')
    shown = CliRunner().invoke(app, ["delivery", "dead-letters", "--json", "-c", str(file)])
    assert json.loads(shown.stdout)["letters"][0]["reason"] == "field type conflict"

    store.refuses = False
    shown = CliRunner().invoke(app, ["delivery", "dead-letters", "--retry", "-c", str(file)])
    assert "1 put back" in shown.stdout
    _forward(journal, store)
    assert {event.number for event in store.has} == {n + 1 for n in numbers}
    assert delivery_status(config).dead_letters == 0
    journal.close()


def test_what_is_still_no_event_stays_with_its_reason(config, squeeze):
    journal = Journal(config.data_dir / "journal.db")
    topic = squeeze(0).topic()
    journal.dead_letter(topic, b"\x00garbage", "JSON")
    journal.dead_letter(topic.replace("/home/", "/next-door/"), encode(squeeze(0)), "it belongs elsewhere")
    journal.dead_letter(topic, encode(squeeze(1)) + b" " * DEAD_LETTER_BYTES, "too long")
    restored, left = retry_dead_letters(journal)
    assert restored == 0 and journal.count_dead_letters() == 3
    assert [letter.number for letter in left] == [1, 2, 3]
    assert "only its beginning" in left[2].reason
    journal.close()


def test_what_a_store_refused_is_never_pushed_out_by_strangers(config, monkeypatch):
    monkeypatch.setattr("griphub.hub.delivery.journal.DEAD_LETTERS", 5)
    journal = Journal(config.data_dir / "journal.db")
    journal.dead_letter("store/sqlite", b"counted", "refused")
    for _ in range(20):
        journal.dead_letter("griphub/v1/home/hub/event/x", uuid4().bytes, "stranger")
    letters = journal.dead_letters()
    assert len(letters) == 6
    assert letters[-1].payload == b"counted"
    journal.close()
