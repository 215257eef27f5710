"""The forwarder: nothing waits longer than it must, nothing is skipped, nothing is stuck behind a culprit."""

import contextlib
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest

from griphub.hub.config import InfluxConfig
from griphub.hub.delivery import forwarder as module
from griphub.hub.delivery import journal as journal_module
from griphub.hub.delivery.forwarder import Forwarder
from griphub.hub.delivery.journal import Journal
from griphub.hub.errors import StoreError
from griphub.hub.records.event import encode
from griphub.hub.stores.influx import InfluxStore
from griphub.hub.stores.sqlite import SqliteStore

WAIT_S = 20


class Watched(SqliteStore):
    """The real store, seen from outside, and out of order when told."""

    def __init__(self, path):
        super().__init__(path)
        self.trouble = None
        self.tries = threading.Semaphore(0)
        self.wrote = threading.Event()

    def write(self, events):
        self.tries.release()
        if self.trouble:
            raise self.trouble
        super().write(events)
        self.wrote.set()


@pytest.fixture
def store(tmp_path):
    opened = Watched(tmp_path / "store.db")
    yield opened
    opened.close()


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "journal.db")
    yield opened
    opened.close()


@contextlib.contextmanager
def running(forwarder):
    stop = threading.Event()
    thread = threading.Thread(target=forwarder.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        forwarder.notify()
        thread.join(timeout=WAIT_S)
        assert not thread.is_alive(), "it did not end"


def put(journal, events):
    journal.append([(event.event_id, encode(event)) for event in events])


def test_an_event_goes_on_at_once(journal, store, make_session, monkeypatch):
    monkeypatch.setattr(module, "IDLE_S", 3600)  # so that only the notice can wake it
    made = make_session()
    forwarder = Forwarder(journal, store)
    put(journal, made.events[:1])
    with running(forwarder):
        assert store.wrote.wait(WAIT_S), "what waited from before the start"
        for event in made.events[1:]:
            store.wrote.clear()
            put(journal, [event])
            forwarder.notify()
            assert store.wrote.wait(WAIT_S)
    assert store.session(made.id).point == made.point
    assert forwarder.state == module.ForwarderState(waiting=0, since=None, reason=None)


def test_a_long_queue_goes_in_batches(journal, store, make_session, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 7)
    made = [make_session() for _ in range(5)]
    for session in made:
        put(journal, session.events)
    forwarder = Forwarder(journal, store)
    queue = forwarder.state
    assert (queue.waiting, queue.since is None, queue.reason) == (
        sum(len(s.events) for s in made),
        False,
        None,
    )
    forward_all(forwarder)
    assert [store.session(session.id).point for session in made] == [session.point for session in made]
    assert forwarder.state.waiting == 0


def forward_all(forwarder):
    """Run it until nothing waits."""
    stop = threading.Event()
    thread = threading.Thread(target=forwarder.run, args=(stop,))
    thread.start()
    while forwarder.state.waiting:
        thread.join(timeout=0.01)
        assert thread.is_alive()
    stop.set()
    forwarder.notify()
    thread.join(timeout=WAIT_S)


@pytest.mark.parametrize(
    "trouble",
    [StoreError("sqlite", "it is away", "Wait."), RuntimeError("a bug of ours")],
    ids=["away", "bug"],
)
def test_events_wait_for_a_store_in_trouble_and_say_why_once(journal, store, make_session, trouble, caplog):
    made = make_session()
    put(journal, made.events)
    store.trouble = trouble
    forwarder = Forwarder(journal, store)
    with running(forwarder):
        for _ in range(3):
            assert store.tries.acquire(timeout=WAIT_S)
        state = forwarder.state
        assert state.waiting == len(made.events)
        assert state.since is not None
        assert str(trouble) in state.reason
        store.trouble = None
        assert store.wrote.wait(WAIT_S)
    assert store.session(made.id).point == made.point
    assert forwarder.state == module.ForwarderState(waiting=0, since=None, reason=None)
    assert journal.dead_letters() == []
    said = [record.message for record in caplog.records]
    assert said == [f"Results wait in the journal: {trouble}", "The store takes results again"]


def test_stopping_does_not_wait_for_the_next_try(journal, store, make_session, monkeypatch):
    made = make_session()
    put(journal, made.events)
    store.trouble = StoreError("sqlite", "it is away", "Wait.")
    monkeypatch.setattr(module, "wait_random_exponential", lambda **_: lambda _: 3600.0)
    forwarder = Forwarder(journal, store)
    with running(forwarder):
        assert store.tries.acquire(timeout=WAIT_S)
    assert forwarder.state.waiting == len(made.events)


def test_a_crash_between_the_store_and_the_cursor_repeats_and_changes_nothing(journal, store, make_session):
    made = make_session()
    put(journal, made.events)
    store.write(made.events[:7])  # and here the process died
    forward_all(Forwarder(journal, store))

    detail = store.session(made.id)
    assert (detail.point, list(detail.squeezes)) == (made.point, made.squeezes)
    assert detail.t_s.size == made.t_s.size
    assert journal.waiting("sqlite").count == 0


@pytest.mark.parametrize("culprits", [{0}, {5}, {9}, {2, 3, 8}, set(range(10))])
def test_a_culprit_is_set_aside_and_the_rest_go_on(journal, store, make_session, culprits):
    made = [make_session(squeezes=0, seconds=0) for _ in range(10)]
    events = [
        session.ended.model_copy(update={"received": 2**70}) if n in culprits else session.ended
        for n, session in enumerate(made)
    ]
    put(journal, events)
    forward_all(Forwarder(journal, store))

    assert {n for n, session in enumerate(made) if store.session(session.id) is None} == culprits
    dead = journal.dead_letters()
    assert {letter.payload for letter in dead} == {encode(events[n]) for n in culprits}
    assert all(letter.topic == "store/sqlite" and "too large" in letter.reason for letter in dead)


def test_a_payload_that_no_longer_decodes_is_set_aside(journal, store, make_session):
    made = make_session()
    put(journal, made.events[:4])
    journal.append([(uuid4(), b'{"schema": "grip/7"}')])
    put(journal, made.events[4:])
    forward_all(Forwarder(journal, store))

    assert store.session(made.id).point == made.point
    assert [letter.payload for letter in journal.dead_letters()] == [b'{"schema": "grip/7"}']


def test_what_every_store_has_is_forgotten_after_a_week(tmp_path, store, make_session, monkeypatch):
    class Pruned(Journal):
        done = threading.Event()

        def prune(self, before):
            forgotten = super().prune(before)
            self.done.set()
            return forgotten

    journal = Pruned(tmp_path / "journal.db")
    made = make_session()
    put(journal, made.events)
    monkeypatch.setattr(module, "KEEP", -module.KEEP)  # what comes within the next week counts as old
    with running(Forwarder(journal, store)):
        assert journal.done.wait(WAIT_S)
    assert len(journal.read(0, 100)) == 1, "the newest stays, for the numbering"
    assert store.session(made.id).point == made.point
    journal.close()


def test_a_store_that_is_away_for_a_day_gets_everything(journal, store, make_session, monkeypatch, caplog):
    """A day in which the waits are not slept but added up."""
    made = [make_session(squeezes=1, seconds=0) for _ in range(3)]
    put(journal, [event for session in made for event in session.events])
    waits, slept_s = [], 0.0

    def sleep(seconds):
        nonlocal slept_s
        waits.append(seconds)
        slept_s += seconds
        if slept_s > 86_400:
            store.trouble = None  # the next morning

    monkeypatch.setattr(module, "sleep_using_event", lambda _: sleep)
    store.trouble = StoreError("sqlite", "it is away", "Wait.")
    forwarder = Forwarder(journal, store)
    said = []
    forwarder._tell = said.append
    forward_all(forwarder)
    assert [store.session(session.id).point for session in made] == [session.point for session in made]
    assert journal.dead_letters() == []
    assert max(waits) <= module.BACKOFF_MAX_S, "back within half a minute"
    assert len(waits) > 3_000 and len(set(waits)) > len(waits) * 0.9, "with jitter"
    assert all(reason is None or "away" in reason for reason in said)
    assert len([record for record in caplog.records if "wait" in record.message]) == 1, "said once"


def test_a_full_disk_of_the_store_holds_the_queue_until_there_is_room(tmp_path, journal, make_session):
    store = SqliteStore(tmp_path / "full.db")
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    made = make_session(seconds=60)
    put(journal, made.events)
    told = threading.Event()
    reasons = []

    def tell(reason):
        reasons.append(reason)
        told.set()

    forwarder = Forwarder(journal, store, tell)
    with running(forwarder):
        assert told.wait(WAIT_S)
        assert forwarder.state.waiting == len(made.events)
        assert "disk is full" in forwarder.state.reason and "Free some space" in reasons[0]
        with store._opened() as db:
            db.execute("PRAGMA max_page_count = 1000000")
        while forwarder.state.waiting:
            told.wait(0.01)
    assert store.session(made.id).point == made.point
    assert journal.dead_letters() == []
    store.close()


@pytest.mark.parametrize("jump_s", [40 * 86_400, -40 * 86_400], ids=["forward", "back"])
def test_a_clock_that_jumps_loses_and_invents_nothing(tmp_path, store, make_session, monkeypatch, jump_s):
    now_s = [1_800_000_000.0]
    for where in (module, journal_module):
        monkeypatch.setattr(where.time, "time", lambda: now_s[0])
    journal = Journal(tmp_path / "clock.db")
    made = [make_session() for _ in range(3)]
    put(journal, made[0].events)
    now_s[0] += jump_s
    put(journal, made[1].events)
    store.trouble = StoreError("sqlite", "it is away", "Wait.")
    forwarder = Forwarder(journal, store)
    with running(forwarder):
        assert store.tries.acquire(timeout=WAIT_S)
        journal.prune(module.utc(now_s[0]) - module.KEEP)
        assert forwarder.state.waiting == len(made[0].events) + len(made[1].events), "none is forgotten"
        now_s[0] -= jump_s
        put(journal, made[2].events)
        store.trouble = None
    forward_all(forwarder)
    assert [store.session(session.id).point for session in made] == [session.point for session in made]
    journal.close()


class Influx:
    """The writing side of an InfluxDB 2 server, that can be away, refuse the token, or refuse a line."""

    def __init__(self):
        self.lines = []
        self.bodies = []
        self.status = 204
        self.poison = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    raw = gzip.decompress(raw)
                lines = raw.decode().splitlines()
                outer.bodies.append(len(lines))
                status, message = outer.status, "unauthorized access"
                if status == 204 and outer.poison and any(outer.poison in line for line in lines):
                    status, message = 400, "partial write: field type conflict on squeeze.peak"
                if status == 204:
                    outer.lines += lines
                body = b"" if status == 204 else json.dumps({"code": "x", "message": message}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def influx():
    server = Influx()
    opened = InfluxStore(InfluxConfig(url=server.url, token="t"))
    yield server, opened
    opened.close()
    server.close()


def test_a_revoked_token_is_said_and_the_queue_waits_for_a_new_one(journal, influx, make_session):
    server, store = influx
    made = make_session()
    put(journal, made.events)
    server.status = 401
    told = threading.Event()
    forwarder = Forwarder(journal, store, lambda reason: reason and told.set())
    with running(forwarder):
        assert told.wait(WAIT_S)
        state = forwarder.state
        assert state.waiting == len(made.events)
        assert "401" in state.reason and "token" in state.reason and "unauthorized" in state.reason
        server.status = 204
        while forwarder.state.waiting:
            told.wait(0.01)
    assert forwarder.state.reason is None
    assert journal.dead_letters() == []


def test_a_line_that_the_server_refuses_is_quarantined_with_its_reason(journal, influx, make_session):
    server, store = influx
    made = [make_session() for _ in range(200)]
    events = [event for session in made for event in session.events]
    culprit = made[77].squeezes[1]
    server.poison = str(culprit.event_id)
    put(journal, events)
    forward_all(Forwarder(journal, store))
    (letter,) = journal.dead_letters()
    assert letter.payload == encode(culprit)
    assert letter.topic == "store/influxdb" and "field type conflict" in letter.reason
    arrived = "\n".join(server.lines)
    squeezes = [squeeze for session in made for squeeze in session.squeezes]
    assert {s.event_id for s in squeezes if str(s.event_id) not in arrived} == {culprit.event_id}
    assert max(server.bodies) > 500, "some thousand lines go at once"
    assert len(server.bodies) < 60, "the culprit is found by halves"


def test_a_store_that_refuses_everything_is_at_fault_itself(journal, store, make_session, monkeypatch):
    """Ten thousand refused events would be a wrong setting, not ten thousand bad events."""
    monkeypatch.setattr(module, "DEAD_LETTERS", 5)
    made = [make_session(squeezes=0, seconds=0) for _ in range(10)]
    put(journal, [session.ended for session in made])
    store.trouble = StoreError("sqlite", "unknown precision", "", retryable=False)
    told = threading.Event()
    forwarder = Forwarder(journal, store, lambda reason: reason and told.set())
    with running(forwarder):
        assert told.wait(WAIT_S)
        assert "dead-letters" in forwarder.state.reason and "unknown precision" in forwarder.state.reason
        assert (len(journal.dead_letters()), forwarder.state.waiting) == (5, 5)
        store.trouble = None
        while forwarder.state.waiting:
            told.wait(0.01)
    assert sum(store.session(session.id) is not None for session in made) == 5
