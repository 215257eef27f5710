"""An erased child is in no byte of any file, does not come back, and leaves the others as they were."""

import csv
import json
import socket
import sqlite3
import subprocess
import threading
import zipfile
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import SimpleQueue
from shutil import rmtree

import pytest
from typer.testing import CliRunner

from griphub.hub.child.erased import FILE as ERASED
from griphub.hub.child.erased import Erased
from griphub.hub.child.erasing import count, erase
from griphub.hub.child.export import export
from griphub.hub.cli.main import app
from griphub.hub.config import BrokerConfig, Config, load
from griphub.hub.delivery import broker, mqtt
from griphub.hub.delivery.forwarder import Forwarder
from griphub.hub.delivery.intake import Intake
from griphub.hub.delivery.journal import Journal
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.errors import SetupError, StoreError
from griphub.hub.export.errors import ExportError
from griphub.hub.lock import only_hub
from griphub.hub.records.event import encode
from griphub.hub.stores.sqlite import SqliteStore
from griphub.hub.tools import FILE as TOOLS
from griphub.hub.tools import ToolRegistry

from .conftest import GONE, STAYS, session_of

NOW = datetime(2026, 3, 2, 17, 5, tzinfo=UTC)


def forward_all(journal, store, refused=lambda _: False):
    forwarder = Forwarder(journal, store, refused=refused)
    while forwarder._forward():
        pass


def test_no_byte_of_an_erased_child_is_left_and_the_other_child_keeps_everything(home):
    others = count(home.config, STAYS)
    before = count(home.config, GONE)
    assert min(before.values()) > 0 and len(before) == 8, "the test puts something into every place"
    signs = [b"said of c-4f21", b"name of c-4f21"]
    session = home.sessions(GONE)[0]
    signs += [str(session).encode(), session.bytes, encode(home.events[GONE][6])[-200:-50]]
    assert all(sign in home.raw() for sign in signs)

    report = erase(home.config, home.file, GONE)

    assert report.clean and not report.left
    assert {place.name: place.before for place in report.places} == before
    assert home.config.data_dir / "store.db" in report.searched and home.file in report.searched
    assert not [sign for sign in signs if sign in home.raw()]
    assert b"c-4f21" not in home.raw()
    # of the tool that both had, the other child's use stays, and it is nobody's now
    assert count(home.config, STAYS) == others
    with closing(ToolRegistry(home.config.data_dir / TOOLS, home.config)) as tools:
        assert [tool.id for tool in tools.all()] == ["tool-1"]
    with closing(Outbox(home.config.data_dir / "outbox.db")) as outbox:
        assert outbox.counted_sessions() == set(home.sessions(STAYS))
    with closing(SqliteStore(home.config.data_dir / "store.db")) as store:
        assert [len(store.session(point.session_id).squeezes) for point in store.trend(STAYS)] == [5, 5]

    again = erase(home.config, home.file, GONE)
    assert again.clean and not sum(place.before for place in again.places)


def test_what_was_said_in_the_log_of_changes_still_only_grows_afterwards(home):
    erase(home.config, home.file, GONE)
    with closing(sqlite3.connect(home.config.data_dir / "people.db")) as db, pytest.raises(sqlite3.Error):
        db.execute("DELETE FROM audit")


@dataclass
class Message:
    topic: str
    payload: bytes


def test_an_erased_child_does_not_come_back_with_what_was_late(home):
    erase(home.config, home.file, GONE)
    late = session_of(GONE, 7)
    erased = Erased(home.config.data_dir)
    messages = [Message(event.topic(), encode(event)) for event in [*late, *session_of(STAYS, 8)]]
    with (
        closing(Journal(home.config.data_dir / "journal.db")) as journal,
        closing(SqliteStore(home.config.data_dir / "store.db")) as store,
    ):
        cursor = journal.waiting("sqlite").count
        intake = Intake(journal, lambda: None, refused=erased.concerns)
        ((_, ack),) = intake.commit(messages, threading.Event())
        assert len(json.loads(ack)["event_ids"]) == len(messages), "its hub is to forget it"
        assert journal.waiting("sqlite").count == cursor + len(messages) - len(late)
        # one that was in the forwarder's hands already
        journal.append([(event.event_id, encode(event)) for event in late])
        forward_all(journal, store, erased.concerns)
        assert store.count_child(GONE) == {}
        assert len(store.trend(STAYS)) == 3


def test_what_comes_after_an_erasure_is_forwarded_whatever_number_it_gets(home):
    with closing(Journal(home.config.data_dir / "journal.db")) as journal:
        last = journal.read(0, 1000)[-1][0]
        more = session_of(GONE, 9)
        journal.append([(event.event_id, encode(event)) for event in more])  # the newest rows are the child's
        journal.advance("sqlite", last + len(more))
    erase(home.config, home.file, GONE)
    new = session_of(STAYS, 10)
    with (
        closing(Journal(home.config.data_dir / "journal.db")) as journal,
        closing(SqliteStore(home.config.data_dir / "store.db")) as store,
    ):
        journal.append([(event.event_id, encode(event)) for event in new])
        forward_all(journal, store)
        assert {point.session_id for point in store.trend(STAYS)} == {
            *home.sessions(STAYS),
            new[0].session_id,
        }


def test_a_child_who_is_still_here_is_not_erased(home, tmp_path):
    raw = home.raw()
    children = ({"id": GONE, "alias": "Mia"},)
    with pytest.raises(SetupError, match=r"c-4f21 is still among \[\[children\]\].*out of that file first"):
        erase(Config(**home.config.model_dump() | {"children": children}), home.file, GONE)
    with only_hub(home.config.data_dir), pytest.raises(SetupError, match="running already"):
        erase(home.config, home.file, GONE)
    assert home.raw() == raw


def test_what_nobody_thought_of_is_found(home):
    (home.config.data_dir / "notes.txt").write_text(f"{GONE} was tired")
    (home.config.data_dir / "other.txt").write_text(f"{GONE}-2 and x{GONE} are others")
    report = erase(home.config, home.file, GONE)
    assert not report.clean
    assert report.left == (home.config.data_dir / "notes.txt",)


def test_a_list_of_the_erased_that_cannot_be_read_lets_nobody_in(home):
    (home.config.data_dir / ERASED).write_text("[")
    with pytest.raises(StoreError, match="nobody who was erased comes back"):
        assert GONE not in Erased(home.config.data_dir)


def test_an_export_has_everything_and_nothing_of_another_child(home, tmp_path):
    target = tmp_path / "child.zip"
    export(home.config, GONE, target, now=NOW)
    with zipfile.ZipFile(target) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert {"README.txt", "people.json", "fhir.json", "SHA256SUMS", "tables/squeezes.csv"} <= set(files)
    people = json.loads(files["people.json"])
    assert people["tables"]["children"][0]["name"] == "name of c-4f21"
    curve, _ = [name for name in files if name.startswith("waveforms/")]
    rows = list(csv.DictReader(files[curve].decode().splitlines()))
    assert len(rows) == 100 and list(rows[0]) == ["time_s", "value_N"]
    assert b"said of c-4f21" in files["tables/feedback.csv"]
    assert b"visit of c-4f21" in files["tables/visits.csv"]
    assert b"note on c-4f21" in files["tables/annotations.csv"]
    assert len(files["SHA256SUMS"].splitlines()) == len(files) - 1
    everything = b"".join(files.values())
    assert str(home.sessions(STAYS)[0]).encode() not in everything
    assert b'name of c-4f2"' not in everything


def test_of_a_child_without_results_what_people_wrote_is_exported(home, tmp_path):
    with closing(SqliteStore(home.config.data_dir / "store.db")) as store:
        store.erase_child(GONE)
    sizes = export(home.config, GONE, tmp_path / "child.zip", now=NOW)
    with zipfile.ZipFile(tmp_path / "child.zip") as archive:
        assert b"visit of c-4f21" in archive.read("tables/visits.csv")
        assert len(archive.read("tables/trials.csv").splitlines()) == 1
    assert not any(name.startswith("waveforms/") for name in sizes)
    with pytest.raises(ExportError, match="Nothing is stored of c-nobody"):
        export(home.config, "c-nobody", tmp_path / "nobody.zip", now=NOW)
    assert not (tmp_path / "nobody.zip").exists()


def test_the_commands_ask_first_and_say_what_they_did(home, tmp_path):
    run = CliRunner().invoke
    options = ["--config", str(home.file)]
    assert load(home.file).data_dir == home.config.data_dir
    before = count(home.config, GONE)
    refused = run(app, ["child", "erase", GONE, *options], input="no\n")
    assert refused.exit_code == 1 and "Nothing was erased" in refused.output
    assert count(home.config, GONE) == before

    taken = run(app, ["child", "export", GONE, "-o", str(tmp_path / "c.zip"), *options])
    assert taken.exit_code == 0 and "2 force curves" in taken.output
    done = run(app, ["child", "erase", GONE, *options], input=f"{GONE}\n")
    assert done.exit_code == 0, done.output
    assert "byte by byte" in done.output and "Nothing of the child is left here." in done.output
    assert "Backups" in done.output


def test_what_the_homes_own_broker_retained_is_gone_with_its_storage(home):
    letter = f"griphub/v1/{home.config.site}/{home.config.hub}/program/{GONE}"

    def connected(role, topic):
        heard, here = SimpleQueue(), threading.Event()
        client = mqtt.make_client(home.config, role, "test", connected=lambda _: here.set())
        client.on_message = lambda _c, _u, message: heard.put((message.topic, message.payload))
        client.on_subscribe = lambda *_: heard.put("subscribed")
        mqtt.start(client, home.config)
        assert here.wait(20)
        if topic:
            client.subscribe(topic, qos=1)
        return client, heard

    def retained():
        """What a hub that comes now is given, and then what is sent last."""
        hub, heard = connected("hub", letter.replace(GONE, "+"))
        assert heard.get(timeout=20) == "subscribed"
        found = heard.get(timeout=20)
        mqtt.stop(hub)
        return found

    def publish(topic, payload):
        ingest, _ = connected("ingest", None)
        ingest.publish(topic, payload, qos=1, retain=True).wait_for_publish(20)
        mqtt.stop(ingest)

    with served(home.config):
        publish(letter, b"a letter")
        assert retained() == (letter, b"a letter")
    report = erase(home.config, home.file, GONE)
    assert report.clean
    with served(home.config):
        publish(letter.replace(GONE, STAYS), b"sent again")
        assert retained() == (letter.replace(GONE, STAYS), b"sent again")


def test_a_broker_that_is_away_is_named_as_a_place_that_was_not_cleared(home):
    away = home.config.model_copy(
        update={"broker": BrokerConfig(url=f"mqtt://127.0.0.1:{home.config.broker.port}", user="home.hub")}
    )
    rmtree(home.config.data_dir / "broker")
    report = erase(away, home.file, GONE)
    assert report.clean, "here nothing is left"
    (sentence,) = [one for one in report.elsewhere if "could not be cleared" in one]
    assert f"program/{GONE}" in sentence and f"program_ack/{GONE}" in sentence
    assert "nothing listens" in sentence and sentence.endswith("Then erase again.")


@contextmanager
def served(config):
    """The home's real broker."""
    process = subprocess.Popen(broker.command(config), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", config.broker.port), timeout=1).close()
                break
            assert process.poll() is None, "the broker ended"
        yield
    finally:
        process.terminate()
        process.wait(20)
