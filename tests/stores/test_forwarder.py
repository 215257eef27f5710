"""The forwarder: nothing waits longer than it must, nothing is skipped, nothing is stuck behind a culprit."""

import contextlib
import threading
from uuid import uuid4

import pytest

from griphub.hub.delivery import forwarder as module
from griphub.hub.delivery.forwarder import Forwarder
from griphub.hub.delivery.journal import Journal
from griphub.hub.errors import StoreError
from griphub.hub.records import encode
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
