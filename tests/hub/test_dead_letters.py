"""Whatever comes on a topic of ours: ingest goes on, counts it, and loses no event of another version."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import paho.mqtt.client as paho
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from griphub.hub.config import Config
from griphub.hub.delivery import broker as home_broker
from griphub.hub.delivery import journal as journal_module
from griphub.hub.delivery.dead_letters import readmit
from griphub.hub.delivery.forwarder import Forwarder
from griphub.hub.delivery.ingest import EVENT_FILTER, Ingest
from griphub.hub.delivery.journal import Journal
from griphub.hub.records import event as event_module
from griphub.hub.records.event import Event, encode
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.stores.sqlite import SqliteStore

Make = Callable[[int], SqueezeCounted]
TOPIC = "griphub/v1/home/hub/event/squeeze"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "journal.db")) as opened:
        yield opened


class Air:
    """Stands where paho's client is, and notes what ingest says."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str]] = []
        self.acknowledged: list[int] = []

    def publish(self, topic: str, payload: str, qos: int) -> None:
        self.published.append((topic, payload))

    def ack(self, mid: int, qos: int) -> None:
        self.acknowledged.append(mid)


class Desk:
    """Ingest without a broker: messages are put in by hand."""

    def __init__(self, config: Config, journal: Journal) -> None:
        self.store = SqliteStore(config.data_dir / "store.db")
        self.forwarder = Forwarder(journal, self.store)
        self.ingest = Ingest(config, journal, self.forwarder)
        self.air = self.ingest._client = Air()
        self.ingest._stopping = threading.Event()
        self._mid = 0

    def take(self, *messages: tuple[str | bytes, bytes]) -> None:
        for topic, payload in messages:
            self._mid += 1
            message = paho.MQTTMessage(self._mid, topic if isinstance(topic, bytes) else topic.encode())
            message.payload = payload
            self.ingest._on_message(self.air, None, message)
        while not self.ingest._queue.empty():
            self.ingest._commit(self.ingest._take(), self.ingest._stopping)

    def told(self) -> set[UUID]:
        """Events that hubs were told to forget."""
        return {UUID(i) for _, payload in self.air.published for i in json.loads(payload)["event_ids"]}


@pytest.fixture
def desk(config: Config, journal: Journal) -> Iterator[Desk]:
    opened = Desk(config, journal)
    yield opened
    opened.store.close()


def _changed(event: SqueezeCounted, **changes: object) -> bytes:
    return json.dumps(json.loads(encode(event)) | changes).encode()


def _learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Update this GripHub to one that reads ``squeeze/2``, which has the fields of ``squeeze/1``."""
    known = event_module._ADAPTER.validate_json

    class Newer:
        def validate_json(self, payload: bytes) -> Event:
            return known(payload.replace(b'"squeeze/2"', b'"squeeze/1"'))

    monkeypatch.setattr(event_module, "_ADAPTER", Newer())


def test_an_event_of_a_later_version_is_kept_and_taken_in_after_the_update(
    desk: Desk, journal: Journal, squeeze: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = _changed(squeeze(0), schema="squeeze/2", mood="x" * 40_000)
    desk.take((TOPIC, later), (TOPIC, later), (TOPIC, encode(squeeze(1))))
    assert desk.told() == {squeeze(0).event_id, squeeze(1).event_id}, "safe here: the hub may forget it"
    [letter] = journal.dead_letters()
    assert (letter.event_id, letter.payload) == (squeeze(0).event_id, later), "whole, and once"
    assert "squeeze/2 is not known to this version; update GripHub" in letter.reason

    assert readmit(journal) == 0
    _learn(monkeypatch)
    assert readmit(journal) == 1
    assert journal.dead_letters() == []
    assert [payload for _, payload in journal.read(0, 9)] == [encode(squeeze(1)), later]
    assert readmit(journal) == 0


def test_ingest_takes_in_what_it_can_read_now_when_it_starts(
    config: Config, running_broker: object, journal: Journal, squeeze: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = squeeze(0).event_id
    journal.dead_letter(TOPIC, _changed(squeeze(0), schema="squeeze/2"), "newer", event_id=event_id)
    _learn(monkeypatch)
    stop = threading.Event()
    with closing(SqliteStore(config.data_dir / "store.db")) as store:
        ingest = threading.Thread(target=Ingest(config, journal, Forwarder(journal, store)).run, args=(stop,))
        ingest.start()
        _until(lambda: journal.read(0, 9))
        stop.set()
        ingest.join()
    assert journal.dead_letters() == []


def test_later_events_are_kept_however_many_strangers_write(
    desk: Desk, journal: Journal, squeeze: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "DEAD_LETTERS", 5)
    desk.take((TOPIC, _changed(squeeze(0), schema="squeeze/2")))
    desk.take(*[(TOPIC, b"noise")] * 50)
    letters = journal.dead_letters()
    assert len(letters) == 6 and letters[-1].event_id == squeeze(0).event_id
    assert letters[0].number == 51, "all that ever came are counted"


@pytest.mark.parametrize(
    ("topic", "changes"),
    [
        ("griphub/v1/home/next-door/event/squeeze", {"schema": "squeeze/2"}),  # another hub's
        ("griphub/v1/home/hub/event/waveform", {}),  # another kind's
        (TOPIC, {"schema": "Squeeze 2"}),
        (TOPIC, {"schema": None}),
        (TOPIC, {"schema": ["squeeze/2"]}),
        (TOPIC, {"schema": "squeeze/2", "site": 5}),
    ],
)
def test_what_no_version_will_read_is_not_tried_again(
    desk: Desk, journal: Journal, squeeze: Make, topic: str, changes: dict[str, object]
) -> None:
    desk.take((topic, _changed(squeeze(0), **changes)))
    [letter] = journal.dead_letters()
    assert letter.event_id is None and letter.reason
    assert desk.told() == {squeeze(0).event_id}, "it has an id: no use in sending it again"


def test_unknown_fields_are_ignored_and_stay_in_the_journal(
    desk: Desk, journal: Journal, squeeze: Make
) -> None:
    minor = _changed(squeeze(0), mood="sunny", nested={"a": [1]})
    desk.take((TOPIC, minor))
    assert journal.dead_letters() == []
    assert [payload for _, payload in journal.read(0, 9)] == [minor]


def test_after_a_downgrade_later_events_wait_again(desk: Desk, journal: Journal, squeeze: Make) -> None:
    later = _changed(squeeze(0), schema="squeeze/2")
    journal.append([(squeeze(0).event_id, later), (squeeze(1).event_id, encode(squeeze(1)))])
    assert desk.forwarder._forward()
    assert desk.store.squeeze_ids(squeeze(1).session_id) == {squeeze(1).event_id}
    [letter] = journal.dead_letters()
    assert (letter.topic, letter.payload, letter.event_id) == (TOPIC, later, squeeze(0).event_id)


def test_what_is_taken_in_again_reaches_every_store_again(
    desk: Desk, journal: Journal, squeeze: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = _changed(squeeze(0), schema="squeeze/2")
    journal.append([(squeeze(1).event_id, encode(squeeze(1))), (squeeze(0).event_id, later)])
    while desk.forwarder._forward():
        pass
    assert desk.forwarder.state.waiting == 0
    _learn(monkeypatch)
    assert readmit(journal) == 1
    assert desk.forwarder.state.waiting == 1
    while desk.forwarder._forward():
        pass
    both = {squeeze(0).event_id, squeeze(1).event_id}
    assert desk.store.squeeze_ids(squeeze(0).session_id) == both


def test_a_journal_of_the_first_version_keeps_its_letters(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        db.executescript("""
            CREATE TABLE event (seq INTEGER PRIMARY KEY, event_id BLOB NOT NULL UNIQUE,
                received_at REAL NOT NULL, payload BLOB NOT NULL);
            CREATE TABLE cursor (store TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE dead_letter (number INTEGER PRIMARY KEY AUTOINCREMENT, received_at REAL NOT NULL,
                topic TEXT NOT NULL, reason TEXT NOT NULL, payload BLOB NOT NULL);
            INSERT INTO dead_letter VALUES (41, 1.0, 'a', 'b', x'00');
            PRAGMA user_version = 1;
        """)
    for _ in range(2):
        with closing(Journal(tmp_path / "journal.db")) as journal:
            assert [(d.number, d.payload, d.event_id) for d in journal.dead_letters()][-1] == (
                41,
                b"\0",
                None,
            )
            journal.dead_letter("c", b"", "d")
            assert journal.dead_letters()[0].number >= 42


def test_a_topic_that_is_no_text_does_not_end_the_clients_thread(desk: Desk) -> None:
    desk.take((b"griphub/v1/\xff/hub/event/x", b""))
    assert desk.air.acknowledged == [1]


_topics = st.lists(st.text(st.characters(blacklist_categories=["Cs"]), max_size=8), min_size=3, max_size=3)
_names = st.sampled_from(
    ["event_id", "schema", "site", "hub", "measured_at", "number", "peak", "doubtful", "tool_kind", "unit"]
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    noise=st.lists(
        st.tuples(_topics, st.binary(max_size=200) | _json.map(lambda j: json.dumps(j).encode())), max_size=5
    ),
    bent=st.lists(st.dictionaries(_names, _json, max_size=3), max_size=5),
)
def test_arbitrary_bytes_never_stop_ingest_and_each_is_counted(
    config: Config, squeeze: Make, tmp_path_factory: pytest.TempPathFactory, noise: list, bent: list
) -> None:
    folder = tmp_path_factory.mktemp("ingest")
    with closing(Journal(folder / "journal.db")) as journal:
        desk = Desk(config.model_copy(update={"data_dir": folder}), journal)
        messages = [(f"griphub/v1/{a}/{b}/event/{c}", payload) for (a, b, c), payload in noise]
        for n, bend in enumerate(bent):
            messages.append((TOPIC, _changed(squeeze(n), **({"event_id": str(uuid4())} | bend))))
        desk.take(*messages)
        desk.take((TOPIC, encode(squeeze(99))))
        letters = journal.dead_letters(1000)
        events = [payload for _, payload in journal.read(0, 1000)]
        assert len(events) + len(letters) == len(messages) + 1, "each is an event or a letter"
        assert encode(squeeze(99)) in events
        assert desk.air.acknowledged == list(range(1, len(messages) + 2))
        assert all(letter.reason and len(letter.reason) < 400 for letter in letters)
        while desk.forwarder._forward():
            pass
        assert desk.forwarder.state.waiting == 0, "nothing stands in the way of what comes after"
        desk.store.close()


def test_noise_through_a_real_broker_does_not_stop_ingest(
    config: Config, running_broker: object, journal: Journal, squeeze: Make
) -> None:
    login = home_broker.credentials(config, "hub")
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="noise")
    client.username_pw_set(login.user, login.password)
    client.connect("127.0.0.1", config.broker.port)
    client.loop_start()
    stop = threading.Event()
    with closing(SqliteStore(config.data_dir / "store.db")) as store:
        ingest = threading.Thread(target=Ingest(config, journal, Forwarder(journal, store)).run, args=(stop,))
        ingest.start()
        try:
            # subscribed: what is sent from now on arrives
            _until(lambda: client.publish(TOPIC, b"ready", qos=1) and journal.dead_letters())
            first = journal.dead_letters()[0].number
            kinds = [
                "squeeze",
                "waveform",
                "nonsense",
                "ünï-cödé",
                "$x",
                "{}",
            ]  # no space: NATS hangs up on it
            payloads = [
                b"",
                b"\x00",
                b"\xff" * 1000,
                b"null",
                b"[[[[",
                b'{"schema": "squeeze/1"}',
                b"x" * 60_000,
            ]
            for kind in kinds:
                for payload in payloads:
                    client.publish(
                        EVENT_FILTER.replace("+/+/event/+", f"home/hub/event/{kind}"), payload, qos=1
                    )
            client.publish(TOPIC, encode(squeeze(0)), qos=1)
            _until(lambda: journal.read(0, 9))
            _until(lambda: journal.dead_letters()[0].number - first >= len(kinds) * len(payloads))
        finally:
            stop.set()
            ingest.join()
            client.disconnect()
            client.loop_stop()


def _until(condition: Callable[[], object], timeout_s: float = 20) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
