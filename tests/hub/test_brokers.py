"""Many homes on one broker: GripHub's own, and NATS and mosquitto exactly as docs/brokers.md sets them up."""

import asyncio
import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import bcrypt
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import ValidationError

from griphub.hub.child.retained import take_back
from griphub.hub.cli import doctor
from griphub.hub.config import BrokerConfig, Config
from griphub.hub.delivery import broker as own
from griphub.hub.delivery import homes, mqtt
from griphub.hub.delivery.forwarder import Forwarder
from griphub.hub.delivery.ingest import Ingest
from griphub.hub.delivery.journal import Journal
from griphub.hub.delivery.notice import Notice, notice_path
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.delivery.publisher import Publisher
from griphub.hub.errors import SetupError
from griphub.hub.stores.sqlite import SqliteStore

from .pki import Authority

DOC = Path(__file__).parents[2] / "docs" / "brokers.md"
ONE, OTHER = "home-17.hub", "home-18.hub"
PASSWORDS = {user: f"secret of {user}" for user in ("ingest", "dashboard", ONE, OTHER)}
#: What the other home tries to write and to read.
FOREIGN = ["event/squeeze", "live/ball01", "ack", "program/c-1", "message/x", "program_ack/c-1"]

needs_mosquitto = pytest.mark.skipif(
    not shutil.which("mosquitto"), reason="needs Debian's mosquitto: apt-get install mosquitto"
)


def recipe(language: str) -> str:
    """A block of the page, as it stands there."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", DOC.read_text(), re.S)
    return block


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool], timeout_s: float = 15) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


@dataclass
class Served:
    """A running broker, and how its users get in."""

    kind: str
    port: int
    authority: Authority
    folder: Path
    certificates: bool = False
    passwords: dict[str, str] = field(default_factory=lambda: dict(PASSWORDS))

    def config(self, login: str, **broker: object) -> Config:
        """Configuration of an installation that logs in as a user."""
        site, _, hub = login.partition(".")
        given: dict[str, object] = {
            "url": f"mqtts://localhost:{self.port}",
            "ca_file": self.authority.ca,
        }
        if self.certificates:
            given["certificate"], given["key"] = self.authority.issue(login)
        else:
            given |= {"user": login, "password": self.passwords[login]}
        return Config(
            site=site if hub else "clinic",
            hub=hub or "hub",
            data_dir=self.folder / f"data-{login}",
            broker=given | broker,
        )


@contextlib.contextmanager
def serving(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            assert process.poll() is None, "the broker ended"
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def made_by_griphub(folder: Path, authority: Authority) -> Iterator[Served]:
    certificate, key = authority.issue("server")
    port = free_port()
    config = Config(
        site="clinic",
        data_dir=folder / "broker-host",
        broker={"listen": "127.0.0.1", "port": port, "certificate": certificate, "key": key},
    )
    passwords = {role: own.credentials(config, role).password for role in ("ingest", "dashboard")}
    with serving(own.command(config), port):
        for user in (ONE, OTHER):  # while it runs
            passwords[user] = own.add_home(config, *user.split(".")).password
        served = Served("own", port, authority, folder, passwords=passwords)
        until(lambda: all(gets_in(served, user) for user in (ONE, OTHER)))  # it reads its file anew by itself
        yield served


@contextlib.contextmanager
def nats(folder: Path, authority: Authority) -> Iterator[Served]:
    certificate, key = authority.issue("server")
    port = free_port()
    text = recipe("nats")
    block = text[text.index('    { user: "home-17.hub"') : text.rindex("  ]\n}")]
    text = text.replace(block, block + block.replace("home-17", "home-18").replace("HOME17", "HOME18"))
    for user, name in zip(PASSWORDS, ("INGEST", "DASHBOARD", "HOME17", "HOME18"), strict=True):
        hashed = bcrypt.hashpw(PASSWORDS[user].encode(), bcrypt.gensalt(4, b"2a")).decode()
        text = text.replace(f"$2a${name}", hashed)
    changes = {
        "127.0.0.1:4222": "127.0.0.1:-1",
        "0.0.0.0:8883": f"127.0.0.1:{port}",
        "/var/lib/nats": str(folder / "nats"),
        "/etc/nats/mqtt.pem": str(certificate),
        "/etc/nats/mqtt.key": str(key),
    }
    file = folder / "nats.conf"
    file.write_text(changed(text, changes))
    with serving([str(own.find_nats_server()), "--config", str(file)], port):
        yield Served("nats", port, authority, folder)


def changed(text: str, changes: dict[str, str]) -> str:
    """Set the page's example places to those of this test; each must stand there."""
    for example, here in changes.items():
        assert example in text
        text = text.replace(example, here)
    return text


@contextlib.contextmanager
def mosquitto(folder: Path, authority: Authority, *, certificates: bool = False) -> Iterator[Served]:
    certificate, key = authority.issue("server")
    port = free_port()
    (folder / "mosquitto").mkdir()
    acl = recipe("mosquitto-acl")
    block = acl[acl.index("user home-17.hub") :]
    (folder / "acl").write_text(acl + "\n" + block.replace("home-17", "home-18"))
    passwords = folder / "passwords"
    passwords.touch()
    for user, password in PASSWORDS.items():
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), user, password], check=True)
    changes = {
        "listener 8883": f"listener {port} 127.0.0.1",
        "/etc/mosquitto/passwords": str(passwords),
        "/etc/mosquitto/acl": str(folder / "acl"),
        "/etc/mosquitto/ca.pem": str(authority.ca),
        "/etc/mosquitto/mqtt.pem": str(certificate),
        "/etc/mosquitto/mqtt.key": str(key),
        "/var/lib/mosquitto/": f"{folder / 'mosquitto'}/",
    }
    text = changed(recipe("mosquitto"), changes)
    if certificates:
        text = re.sub("^password_file.*\n", "", text, flags=re.M) + recipe("mosquitto-certificates")
    if os.geteuid() == 0:
        text = "user root\n" + text  # it would become another user, who may not read the test's folder
    file = folder / "mosquitto.conf"
    file.write_text(text)
    program = shutil.which("mosquitto")
    assert program
    with serving([program, "-c", str(file)], port):
        yield Served("mosquitto", port, authority, folder, certificates)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(
    scope="module",
    params=[
        "own",
        "nats",
        pytest.param("mosquitto", marks=needs_mosquitto),
        pytest.param("mosquitto with certificates", marks=needs_mosquitto),
    ],
)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("broker")
    kinds = {
        "own": made_by_griphub,
        "nats": nats,
        "mosquitto": mosquitto,
        "mosquitto with certificates": lambda *where: mosquitto(*where, certificates=True),
    }
    with kinds[request.param](folder, authority) as running:
        yield running


def gets_in(served: Served, user: str) -> bool:
    with Stranger(served, user) as stranger:
        return stranger.is_in


class Stranger:
    """A bare client that logs in as a user, under any client id, and notes what it hears."""

    def __init__(
        self,
        served: Served,
        user: str | None,
        client_id: str = "",
        password: str | None = None,
        will: str | None = None,
    ) -> None:
        self.answers: list[str] = []
        self.heard: list[tuple[str, bytes]] = []
        self.lost = threading.Event()
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        context = ssl.create_default_context(cafile=served.authority.ca)
        if user and served.certificates:
            context.load_cert_chain(*served.authority.issue(user))
        elif user:
            client.username_pw_set(user, password or served.passwords[user])
        client.tls_set_context(context)
        if will:
            client.will_set(will, b"will", qos=1)
        client.on_connect = lambda _c, _u, _f, reason, _p: self.answers.append(str(reason))
        client.on_disconnect = lambda *_: self.lost.set()
        client.on_message = lambda _c, _u, m: self.heard.append((m.topic, m.payload))
        client.reconnect_delay_set(30, 30)  # what is refused stays refused
        with contextlib.suppress(OSError):  # without a certificate the handshake already fails
            client.connect("localhost", served.port, 20)
        client.loop_start()

    def __enter__(self) -> "Stranger":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def is_in(self) -> bool:
        until(lambda: bool(self.answers) or self.lost.is_set())
        return self.answers[:1] == ["Success"]

    def subscribe(self, *topics: str) -> None:
        done = threading.Event()
        self._client.on_subscribe = lambda *_: done.set()
        self._client.subscribe([(topic, 1) for topic in topics])
        assert done.wait(10)

    def publish(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> None:
        with contextlib.suppress(RuntimeError):  # a broker may end the connection of who tries
            self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def drop(self) -> None:
        """Vanish without a goodbye, so that the last will is due."""
        if taken := self._client._sock:  # unless the broker has done so
            with contextlib.suppress(OSError):
                taken.shutdown(socket.SHUT_RDWR)


def test_nobody_gets_in_anonymously_or_with_another_password(served: Served) -> None:
    with Stranger(served, None) as anonymous:
        assert not anonymous.is_in
    if not served.certificates:
        with Stranger(served, ONE, password=served.passwords[OTHER]) as wrong:
            assert not wrong.is_in


def test_a_home_can_neither_read_nor_write_another_homes_topics(served: Served) -> None:
    other_topics = [f"griphub/v1/home-17/hub/{topic}" for topic in FOREIGN]
    with (
        Stranger(served, "ingest", "i") as ingest,
        Stranger(served, "dashboard", "d") as dashboard,
        Stranger(served, ONE, "one") as one,
        Stranger(served, OTHER, "other", will=other_topics[0]) as other,
    ):
        assert ingest.is_in and dashboard.is_in and one.is_in and other.is_in
        ingest.subscribe("griphub/v1/+/+/event/+", "griphub/v1/+/+/program_ack/+")
        dashboard.subscribe("griphub/v1/+/+/live/+")
        own_answers = ("ack", "program/+", "message/+")
        one.subscribe(
            *[f"griphub/v1/home-17/hub/{topic}" for topic in own_answers], "griphub/v1/home-17/watch"
        )
        for wanted in (*other_topics, "griphub/v1/home-17/watch", "griphub/v1/+/+/#", "#", "$SYS/#"):
            with contextlib.suppress(AssertionError):
                other.subscribe(wanted)
        for topic in other_topics:
            other.publish(topic, b"forged")
        other.drop()  # and its last will with it
        with Stranger(served, OTHER, "other") as again:  # what it may, it can
            assert again.is_in
            again.publish("griphub/v1/home-18/hub/event/squeeze", b"own")
            for topic in ("ack", "program/c-1", "message/x"):
                ingest.publish(f"griphub/v1/home-17/hub/{topic}", b"for one")
            dashboard.publish("griphub/v1/home-17/watch", b"for one")
            one.publish("griphub/v1/home-17/hub/event/squeeze", b"one")
            one.publish("griphub/v1/home-17/hub/live/ball01", b"one")
            until(lambda: len(ingest.heard) == 2 and len(dashboard.heard) == 1 and len(one.heard) == 4)
            assert again.heard == []
        assert {payload for _, payload in ingest.heard} == {b"own", b"one"}
        assert {payload for _, payload in one.heard} == {b"for one"}
        assert dashboard.heard == [("griphub/v1/home-17/hub/live/ball01", b"one")]
        assert not [topic for topic, _ in other.heard if "home-17" in topic]


def test_what_is_retained_of_an_erased_child_is_taken_back_from_both_ends(served: Served) -> None:
    home, clinic = served.config(ONE), served.config("ingest")
    where = {("home-17", "hub")}
    letter, answer = (f"griphub/v1/home-17/hub/{kind}/c-gone" for kind in ("program", "program_ack"))

    def retained() -> set[str]:
        """What somebody finds who comes now; the other child's is there, or nothing was to be found."""
        with Stranger(served, "ingest", "i") as ingest, Stranger(served, ONE, "one") as one:
            assert ingest.is_in and one.is_in
            ingest.subscribe("griphub/v1/+/+/program_ack/+")
            one.subscribe("griphub/v1/home-17/hub/program/+")
            others = {letter.replace("gone", "stays"), answer.replace("gone", "stays")}
            until(lambda: others <= {topic for topic, _ in ingest.heard + one.heard})
            return {topic for topic, payload in ingest.heard + one.heard if payload} - others

    with Stranger(served, "ingest", "i") as ingest, Stranger(served, ONE, "one") as one:
        assert ingest.is_in and one.is_in
        for child in ("c-gone", "c-stays"):
            ingest.publish(f"griphub/v1/home-17/hub/program/{child}", b"a letter", retain=True)
            one.publish(f"griphub/v1/home-17/hub/program_ack/{child}", b"an answer", retain=True)
    until(lambda: retained() == {letter, answer})  # a broker hands over in any order
    said = take_back(home, "c-gone", where)
    until(lambda: retained() == {letter})
    assert [one for one in said if one.startswith(f"{letter} could not be cleared at localhost")]
    assert not [one for one in said if one.startswith(f"{answer} could not")]
    said = take_back(clinic, "c-gone", where)
    until(lambda: retained() == set())
    assert not [one for one in said if "could not be cleared" in one]
    away = served.config(ONE, url="mqtts://localhost:1")
    (sentence,) = take_back(away, "c-gone", where)
    assert letter in sentence and answer in sentence and "nothing listens on localhost:1" in sentence


def test_a_home_cannot_pose_as_another_hub(served: Served) -> None:
    """With all that it may know; on mosquitto even with the id itself."""
    config = served.config(ONE)
    states: list[str] = []
    client = mqtt.make_client(
        config,
        "hub",
        "griphub-hub-home-17-hub",
        connected=lambda _: states.append("in"),
        disconnected=lambda: states.append("lost"),
    )
    mqtt.start(client, config)
    try:
        until(lambda: states == ["in"])
        whole_id = client._client_id.decode()
        guesses = ["griphub-hub-home-17-hub", "griphub-hub-home-17-hub-", ONE, "hub"]
        if served.kind == "mosquitto":
            guesses.append(whole_id)
        assert whole_id not in guesses[:4]
        for guess in guesses:
            with Stranger(served, OTHER, guess) as poser:
                poser.is_in  # noqa: B018 - whether it may or may not
                if not served.certificates:  # who cannot log in ends nothing, even with the id itself
                    with Stranger(served, OTHER, whole_id, password="guessed") as thief:
                        assert not thief.is_in
        client.publish("griphub/v1/home-17/hub/live/x", b"", qos=1).wait_for_publish(10)
        assert states == ["in"] and client.is_connected()
    finally:
        mqtt.stop(client)


async def test_squeezes_of_two_homes_arrive(served: Served, squeeze, tmp_path: Path) -> None:
    config = served.config("ingest")
    journal = Journal(tmp_path / "journal.db")
    store = SqliteStore(tmp_path / "store.db")
    stop = threading.Event()
    forwarder = Forwarder(journal, store)
    threads = [
        threading.Thread(target=forwarder.run, args=(stop,)),
        threading.Thread(target=Ingest(config, journal, forwarder).run, args=(stop,)),
    ]
    for thread in threads:
        thread.start()
    wanted = set()
    try:
        for number, user in enumerate((ONE, OTHER)):
            home = served.config(user)
            event = squeeze(number).model_copy(update={"site": home.site, "hub": home.hub})
            wanted.add(event.event_id)
            outbox = Outbox(home.data_dir / f"{tmp_path.name}.db")
            outbox.commit([event], {})
            task = asyncio.create_task(Publisher(home, outbox).run())
            async with asyncio.timeout(20):
                while outbox.waiting(0, 1):
                    await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            outbox.close()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert store.squeeze_ids(squeeze(0).session_id) == wanted
    store.close()
    journal.close()


def _said(config: Config) -> str:
    return mqtt.try_login(config, "hub", timeout_s=20) or "in"


def test_why_there_is_no_connection_is_said_in_words(
    served: Served, tmp_path: Path, authority: Authority
) -> None:
    assert _said(served.config(ONE)) == "in"
    stranger = Authority(tmp_path, "stranger")
    assert "signed by nobody that is known here" in _said(served.config(ONE, ca_file=stranger.ca))
    assert "signed by nobody" in _said(served.config(ONE, ca_file=None))
    if served.certificates:
        nameless = served.config(ONE, certificate=None, key=None)
        assert "wants a certificate that it knows" in _said(nameless)
        certificate, key = stranger.issue("home-17.hub")
        assert "not connected" in _said(served.config(ONE, certificate=certificate, key=key))
    else:
        assert "Check [broker] user and password" in _said(served.config(ONE, password="guess"))
        assert "Check [broker] user and password" in _said(served.config(ONE, user=None, password=None))
    nobody = served.config(ONE, url=f"mqtts://localhost:{free_port()}")
    assert "nothing listens on localhost" in _said(nobody)
    assert "no computer called" in _said(served.config(ONE, url="mqtts://nowhere.invalid:8883"))


@pytest.mark.parametrize(
    ("issued", "word"),
    [
        ({"ends_in": -timedelta(days=1)}, "has expired. Let whoever runs the broker renew it."),
        ({"host": "elsewhere.example"}, "is made out to another name"),
    ],
    ids=["expired", "another name"],
)
def test_a_certificate_that_is_not_good_is_said_in_words(
    tmp_path: Path, authority: Authority, issued: dict, word: str
) -> None:
    port = free_port()
    certificate, key = authority.issue(f"server-{tmp_path.name}", **issued)
    config = Config(
        data_dir=tmp_path,
        broker={"listen": "127.0.0.1", "port": port, "certificate": certificate, "key": key},
    )
    with serving(own.command(config), port):
        client = {"url": f"mqtts://localhost:{port}", "ca_file": authority.ca, "user": "hub"}
        assert word in _said(Config(data_dir=tmp_path / "client", broker=client))


def test_the_home_itself_reaches_its_broker_by_the_certificate_for_others(
    tmp_path: Path, authority: Authority
) -> None:
    port = free_port()
    certificate, key = authority.issue("public", host="mqtt.clinic.example")
    config = Config(
        data_dir=tmp_path, broker={"listen": "0.0.0.0", "port": port, "certificate": certificate, "key": key}
    )
    assert config.broker.address == "127.0.0.1"
    with serving(own.command(config), port):
        assert _said(config) == "in"
    # another one with the same authority's signature is not our broker
    other, other_key = authority.issue("impostor", host="mqtt.clinic.example")
    impostor = Config(
        data_dir=tmp_path, broker={"listen": "0.0.0.0", "port": port, "certificate": other, "key": other_key}
    )
    with serving(own.command(impostor), port):
        assert "signed by nobody that is known here" in _said(config)


def test_a_home_that_was_removed_is_out_at_once(tmp_path: Path, authority: Authority) -> None:
    with made_by_griphub(tmp_path, authority) as served, Stranger(served, OTHER) as other:
        assert other.is_in
        certificate, key = authority.issue("server")
        config = Config(
            site="clinic",
            data_dir=tmp_path / "broker-host",
            broker={"port": served.port, "certificate": certificate, "key": key},
        )
        assert own.remove_home(config, "home-18", "hub")
        assert other.lost.wait(10)
        with Stranger(served, OTHER) as again:
            assert not again.is_in
        assert not own.remove_home(config, "home-18", "hub")
        assert list(homes.load(config.data_dir / "broker")) == [("home-17", "hub")]


def test_passwords_of_homes_are_kept_as_hashes_that_only_the_owner_reads(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    login = own.add_home(config, "home-17", "hub")
    for name in ("homes.json", "nats-server.conf"):
        path = tmp_path / "broker" / name
        assert path.stat().st_mode & 0o077 == 0
        assert login.password and login.password not in path.read_text()
    assert login.password not in repr(login)
    assert own.add_home(config, "home-17", "hub").password != login.password


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"listen": "0.0.0.0"}, "needs TLS"),
        ({"listen": "192.168.1.7"}, "needs TLS"),
        ({"listen": "mqtt.clinic.example"}, "needs TLS"),
        ({"certificate": "x.pem"}, "go together"),
        ({"url": "http://mqtt.example.org"}, "must look like"),
        ({"url": "mqtts://u:p@mqtt.example.org"}, "keys of their own"),
        ({"url": "mqtts://mqtt.example.org:port"}, "must look like"),
        ({"url": "mqtts:///x"}, "a host and a port"),
    ],
)
def test_a_broker_that_is_not_safe_or_not_clear_is_refused(given: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BrokerConfig(**given)


@pytest.mark.parametrize(
    ("url", "means"),
    [
        ("mqtt://broker", ("broker", 1883, False)),
        ("mqtts://mqtt.example.org", ("mqtt.example.org", 8883, True)),
        ("mqtts://[::1]:18", ("::1", 18, True)),
    ],
)
def test_a_url_says_host_port_and_tls(url: str, means: tuple, monkeypatch) -> None:
    broker = BrokerConfig(url=url)
    assert (broker.host, broker.port, broker.tls) == means
    monkeypatch.setenv("GRIPHUB_BROKER__URL", url)
    from_environment = Config().broker
    assert (from_environment.host, from_environment.port, from_environment.tls) == means


def test_doctor_asks_the_running_hub_and_else_tries_itself(served: Served) -> None:
    config = served.config(ONE)
    assert doctor.broker(config).what.endswith("lets us in")
    refused = served.config(ONE, url=f"mqtts://localhost:{free_port()}")
    assert "nothing listens" in doctor.broker(refused).mend
    notice = Notice(notice_path(config.data_dir, "hub"))
    assert doctor.broker(config).what.endswith("the hub is connected to it")
    notice.say("broker", "The certificate has expired.")
    assert doctor.broker(config).mend == "The certificate has expired."
    notice.close()


def test_files_that_are_no_certificates_are_said_in_a_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("x")
    remote = Config(data_dir=tmp_path, broker={"url": "mqtts://localhost", "ca_file": broken})
    with pytest.raises(SetupError, match=r"A certificate of \[broker\] cannot be used"):
        mqtt.make_client(remote, "hub", "x", connected=lambda _: None)
    here = Config(data_dir=tmp_path, broker={"certificate": broken, "key": broken})
    with pytest.raises(SetupError, match="cannot be used with its key"):
        own.command(here)


def test_add_home_prints_what_goes_into_the_homes_configuration(tmp_path: Path) -> None:
    file = tmp_path / "griphub.toml"
    file.write_text(f'data_dir = "{tmp_path / "data"}"\n')
    run = [sys.executable, "-m", "griphub", "broker"]
    there = ["--config", str(file)]
    made = subprocess.run(
        [*run, "add-home", "home-17", "hub", *there], capture_output=True, text=True, check=True
    )
    (tmp_path / "home.toml").write_text(made.stdout.replace("BROKER", "mqtt.example.org"))
    from griphub.hub.config import load

    config = load(tmp_path / "home.toml")
    assert config.clinic and config.broker.host is None, "the home keeps a broker of its own"
    assert (config.site, config.hub, config.clinic.user) == ("home-17", "hub", ONE)
    assert config.clinic.host == "mqtt.example.org" and config.clinic.password
    listed = subprocess.run([*run, "homes", *there], capture_output=True, text=True, check=True)
    assert listed.stdout.split() == ["home-17", "hub"]
    wrong = subprocess.run(
        [*run, "add-home", "Home 17", "hub", *there], check=False, capture_output=True, text=True
    )
    assert wrong.returncode == 2 and "a-z" in wrong.stderr
