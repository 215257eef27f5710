"""The program's way from the clinic to a home: signed, retained, answered, also after a month."""

import asyncio
import contextlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from griphub.hub.cli.main import app
from griphub.hub.config import Config
from griphub.hub.database.actor import Actor
from griphub.hub.database.engine import Database
from griphub.hub.delivery.broker import credentials
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.delivery.publisher import Publisher
from griphub.hub.people import places
from griphub.hub.program import commands, home
from griphub.hub.program.activity import builtin
from griphub.hub.program.errors import ProgramError
from griphub.hub.program.keys import shown, signing_key, trust, trusted
from griphub.hub.program.letter import (
    MAX_BODY,
    Letter,
    LetterError,
    SealedLetter,
    fitting,
    letter_topic,
    seal,
    unseal,
)
from griphub.hub.program.mailbox import Mailbox
from griphub.hub.program.outgoing import Post, Stand, due, note_sent, post_of
from griphub.hub.program.post import letter_for, notes, write_note
from griphub.hub.program.prescription import Program, parse_program
from griphub.hub.program.sending import Sender
from griphub.hub.program.taking import take
from griphub.hub.program.versions import PauseReason

from .conftest import Broker

OWNER = Actor.part("test")
DAY = date(2026, 11, 2)
TOPIC = letter_topic("home", "hub", "c-1")
PROGRAM = """
[[items]]
id = "dough"
activity = "play-dough"
dose = { days_per_week = 3 }
minutes = 10
"""


def program(title: str = "Winter") -> Program:
    return parse_program(PROGRAM, builtin()).model_copy(update={"title": title})


@pytest.fixture
def clinic(config: Config, tmp_path: Path) -> Iterator[tuple[Config, Database]]:
    """The clinic has the child's home in its own database, and uses the same broker."""
    there = config.model_copy(update={"data_dir": tmp_path / "clinic"})
    with home.opened(there):
        pass
    _share_passwords(config, there)
    desk = there.model_copy(update={"hub": "desk", "children": (), "tools": ()})
    with home.opened(desk) as database:
        yield desk, database


def _share_passwords(config: Config, other: Config) -> None:
    credentials(config, "ingest")
    (other.data_dir / "broker").mkdir(exist_ok=True)
    shutil.copy(config.data_dir / "broker" / "passwords.json", other.data_dir / "broker" / "passwords.json")


@contextlib.contextmanager
def sending(config: Config) -> Iterator[Sender]:
    """The part of the clinic's ingest that sends letters, until it is told to stop."""
    sender, stop = Sender(config), threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    try:
        yield sender
    finally:
        stop.set()
        thread.join()


async def until(clinic: tuple[Config, Database], stand: Stand, child_id: str = "c-1") -> Post:
    """Wait until a child's post stands so."""
    async with asyncio.timeout(30):
        while (post := post_now(clinic, child_id)).stand is not stand:
            await asyncio.sleep(0.05)
    return post


def post_now(clinic: tuple[Config, Database], child_id: str = "c-1") -> Post:
    with clinic[1].reading(OWNER) as work:
        return post_of(work, clinic[0], child_id)


def prescribed(clinic: tuple[Config, Database], title: str, day: date, note: str = "") -> SealedLetter:
    config, database = clinic
    with database.work(OWNER) as work:
        commands.prescribe(work, "c-1", program(title), valid_from=day, today=DAY)
        if note:
            write_note(work, "c-1", note)
        return seal(letter_for(work, "c-1"), signing_key(config))


def payload(letter: SealedLetter) -> bytes:
    return letter.model_dump_json(by_alias=True).encode()


def test_a_letter_is_taken_once_however_often_it_comes(
    config: Config, clinic: tuple[Config, Database]
) -> None:
    letter = payload(prescribed(clinic, "Winter", DAY, "Well done!"))
    trust(config, shown(signing_key(clinic[0]).public_key()))
    with home.opened(config) as database:
        for _ in range(3):
            taken = take(config, database, TOPIC, letter, trusted(config))
            assert taken.problem == ""
        with database.reading(OWNER) as work:
            history = commands.history(work, "c-1")
            assert [version.program for version in history.versions] == [program("Winter")]
            assert [note.words for note in notes(work, "c-1")] == ["Well done!"]


def test_after_a_month_the_last_letter_tells_all_that_was_asked(
    config: Config, clinic: tuple[Config, Database]
) -> None:
    for week in range(4):
        letter = prescribed(clinic, f"Week {week}", DAY + timedelta(days=7 * week), f"Note {week}")
    trust(config, shown(signing_key(clinic[0]).public_key()))
    with home.opened(config) as database:
        assert take(config, database, TOPIC, payload(letter), trusted(config)).problem == ""
        with database.reading(OWNER) as work:
            history = commands.history(work, "c-1")
            assert len(notes(work, "c-1")) == 4
    asked = [history.program(DAY + timedelta(days=7 * week + 3)) for week in range(4)]
    assert [one and one.title for one in asked] == [f"Week {week}" for week in range(4)]


def test_what_the_home_prescribed_itself_stays(config: Config, clinic: tuple[Config, Database]) -> None:
    with home.opened(config) as database:
        with database.work(OWNER) as work:
            commands.prescribe(work, "c-1", program("Ours"), valid_from=DAY, today=DAY)
        trust(config, shown(signing_key(clinic[0]).public_key()))
        letter = payload(prescribed(clinic, "Theirs", DAY + timedelta(days=7)))
        assert take(config, database, TOPIC, letter, trusted(config)).problem == ""
        with database.reading(OWNER) as work:
            history = commands.history(work, "c-1")
    assert [(v.number, v.program and v.program.title) for v in history.versions] == [
        (1, "Ours"),
        (2, "Theirs"),
    ]


def test_pauses_and_their_corrections_travel_without_what_was_noted(
    config: Config, clinic: tuple[Config, Database]
) -> None:
    trust(config, shown(signing_key(clinic[0]).public_key()))
    with clinic[1].work(OWNER) as work:
        first = commands.pause(
            work, "c-1", since=DAY, until=None, reason=PauseReason.ILLNESS, note="at the hospital"
        )
    with clinic[1].work(OWNER) as work:
        shorter = commands.pause(
            work, "c-1", since=DAY, until=DAY, reason=PauseReason.ILLNESS, replaces=first.pause_id
        )
    letters = [payload(prescribed(clinic, "Winter", DAY))]
    with clinic[1].work(OWNER) as work:
        commands.withdraw_pause(work, "c-1", shorter.pause_id)
    letters.append(payload(prescribed(clinic, "Winter", DAY)))
    assert b"hospital" not in letters[0]
    seen = []
    with home.opened(config) as database:
        for letter in (letters[0], letters[0], letters[1]):
            assert take(config, database, TOPIC, letter, trusted(config)).problem == ""
            with database.reading(OWNER) as work:
                history = commands.history(work, "c-1")
            days = (DAY, DAY + timedelta(days=1))
            seen.append((len(history.records), [history.paused(day) is not None for day in days]))
    assert seen == [(2, [True, False]), (2, [True, False]), (3, [False, False])]


def test_what_is_not_the_clinics_or_not_for_this_home_is_not_taken(
    config: Config, clinic: tuple[Config, Database]
) -> None:
    first = prescribed(clinic, "First", DAY)
    second = prescribed(clinic, "Second", DAY)
    key = signing_key(clinic[0])
    letter = unseal(payload(second), [key.public_key()])
    strangers = seal(letter, Ed25519PrivateKey.generate())
    cases = [
        (payload(strangers), TOPIC, "not signed"),
        (
            payload(second.model_copy(update={"body": second.body.replace("Second", "Secnod")})),
            TOPIC,
            "not signed",
        ),
        (payload(seal(letter.model_copy(update={"site": "ward"}), key)), TOPIC, "another home"),
        (payload(second), letter_topic("home", "hub", "c-2"), "another home or child"),
        (
            payload(seal(letter.model_copy(update={"child_id": "c-9"}), key)),
            letter_topic("home", "hub", "c-9"),
            "not here",
        ),
        (b"{}", TOPIC, "damaged"),
        (b"\xff", TOPIC, "damaged"),
    ]
    with home.opened(config) as database:
        assert (
            "not signed" in take(config, database, TOPIC, payload(second), trusted(config)).problem
        )  # no clinic yet
        trust(config, shown(key.public_key()))
        for data, topic, why in cases:
            assert why in take(config, database, topic, data, trusted(config)).problem
        with database.reading(OWNER) as work:
            assert commands.history(work, "c-1").versions == []
        assert take(config, database, TOPIC, payload(second), trusted(config)).problem == ""
        assert "later one" in take(config, database, TOPIC, payload(first), trusted(config)).problem
        with database.reading(OWNER) as work:
            assert len(commands.history(work, "c-1").versions) == 2


KEY = Ed25519PrivateKey.generate()
SEALED = payload(seal(Letter(site="home", hub="hub", child_id="c-1", serial=1, versions=()), KEY))


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(at: int, by: int) -> None:
    changed = bytearray(SEALED)
    changed[at] ^= by
    try:
        found = unseal(bytes(changed), [KEY.public_key()])
    except LetterError:
        return
    assert found.serial == 1  # only a byte that means nothing to the text, such as in the name of a field


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_rubbish_is_refused(data: bytes) -> None:
    with pytest.raises(LetterError):
        unseal(data, [KEY.public_key()])


def test_a_letter_that_is_too_long_leaves_out_what_is_oldest(clinic: tuple[Config, Database]) -> None:
    long = program().model_copy(update={"note": "x" * 600})
    with clinic[1].work(OWNER) as work:
        for n in range(80):
            commands.prescribe(work, "c-1", long, valid_from=DAY, today=DAY, because=f"{n} " + "y" * 300)
        letter = letter_for(work, "c-1")
    assert len(letter.model_dump_json().encode()) <= MAX_BODY
    assert letter.versions[-1].number == 80
    assert letter.serial == 160  # each version, and each change
    huge = letter.versions[-1].model_copy(update={"because": "z" * MAX_BODY})
    with pytest.raises(LetterError, match="too long"):
        fitting(letter.model_copy(update={"versions": (huge,), "notes": ()}))


def test_keys_are_kept_and_rubbish_is_none(config: Config) -> None:
    key = signing_key(config)
    assert shown(signing_key(config).public_key()) == shown(key.public_key())
    assert (config.data_dir / "clinic.key").stat().st_mode & 0o077 == 0
    assert trusted(config) == []
    for rubbish in ("", "rubbish", "AAAA"):
        with pytest.raises(ProgramError):
            trust(config, rubbish)
    for _ in range(2):
        trust(config, shown(key.public_key()))
    assert len(trusted(config)) == 1


class Letterbox:
    """A home's hub, as far as letters go, on the real broker."""

    def __init__(self, config: Config) -> None:
        self._outbox = Outbox(config.data_dir / "outbox.db")
        self._mailbox = Mailbox(config, answer=self._answer)
        self._publisher = Publisher(config, self._outbox, letters=self._mailbox.put)

    def _answer(self, topic: str, text: str) -> None:
        self._publisher.answer(topic, text)

    async def __aenter__(self) -> None:
        self._tasks = [asyncio.create_task(self._publisher.run()), asyncio.create_task(self._mailbox.run())]

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._outbox.close()


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("griphub.hub.program.sending.POLL_S", 0.05)
    monkeypatch.setattr("griphub.hub.program.sending.RETRY_S", 0.05)


@pytest.mark.usefixtures("quickly")
async def test_what_a_therapist_changes_is_sent_and_taken_by_itself(
    config: Config, clinic: tuple[Config, Database], running_broker: Broker
) -> None:
    trust(config, shown(signing_key(clinic[0]).public_key()))
    with home.opened(config):
        pass
    assert post_now(clinic) == Post(Stand.NOTHING)
    prescribed(clinic, "Winter", DAY)
    assert post_now(clinic).stand is Stand.WAITING
    with sending(clinic[0]):
        await until(clinic, Stand.AT_BROKER)  # the home is away
    running_broker.kill()
    running_broker.start()
    with sending(clinic[0]):
        async with Letterbox(config):
            taken = await until(clinic, Stand.TAKEN)
            assert taken.sent_at and taken.taken_at and taken.taken_at >= taken.sent_at
            for change in (
                lambda work: write_note(work, "c-1", "Well done"),
                lambda work: commands.pause(work, "c-1", since=DAY, until=None, reason=PauseReason.ILLNESS),
                lambda work: commands.prescribe(work, "c-1", None, valid_from=DAY, today=DAY),
            ):
                with clinic[1].work(OWNER) as work:
                    change(work)
                assert post_now(clinic).stand is Stand.WAITING
                await until(clinic, Stand.TAKEN)
    with home.opened(config) as database, database.reading(OWNER) as work:
        assert [note.words for note in notes(work, "c-1")] == ["Well done"]
        history = commands.history(work, "c-1")
        assert (len(history.versions), len(history.pauses)) == (2, 1)


@pytest.mark.usefixtures("quickly")
async def test_killed_anywhere_it_sends_the_same_again(
    config: Config, clinic: tuple[Config, Database], running_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(config, shown(signing_key(clinic[0]).public_key()))
    prescribed(clinic, "Winter", DAY)
    with home.opened(config) as database:
        async with Letterbox(config):
            with monkeypatch.context() as killed:
                # the broker has the letter, and whoever sent it dies before it is noted
                killed.setattr("griphub.hub.program.sending.note_sent", _die)
                sender, stop = Sender(clinic[0]), threading.Event()
                thread = threading.Thread(target=_run_dying, args=(sender, stop))
                thread.start()
                await asyncio.to_thread(thread.join)
            assert post_now(clinic).stand is Stand.WAITING
            with sending(clinic[0]), sending(clinic[0]):  # and then two of them, as workers of ingest are
                await until(clinic, Stand.TAKEN)
        with database.reading(OWNER) as work:
            assert len(commands.history(work, "c-1").versions) == 1


class _Killed(BaseException):
    pass


def _die(*_: object, **__: object) -> None:
    raise _Killed


def _run_dying(sender: Sender, stop: threading.Event) -> None:
    with contextlib.suppress(_Killed):
        sender.run(stop)


@pytest.mark.usefixtures("quickly")
async def test_a_home_that_has_not_the_key_yet_says_so_and_takes_it_later(
    config: Config, clinic: tuple[Config, Database], running_broker: Broker
) -> None:
    prescribed(clinic, "Winter", DAY)
    with home.opened(config):
        pass
    async with Letterbox(config):
        with sending(clinic[0]):
            assert "not signed" in (await until(clinic, Stand.REFUSED)).problem
        trust(config, shown(signing_key(clinic[0]).public_key()))
        with sending(clinic[0]):  # at each connection what was not taken is laid down again
            await until(clinic, Stand.TAKEN)


async def test_a_home_that_comes_back_finds_its_letter(
    config: Config, clinic: tuple[Config, Database], running_broker: Broker
) -> None:
    prescribed(clinic, "Winter", DAY, "Welcome back")
    trust(config, shown(signing_key(clinic[0]).public_key()))
    with sending(clinic[0]):
        await until(clinic, Stand.AT_BROKER)
    with home.opened(config) as database:
        async with Letterbox(config), asyncio.timeout(30):
            while True:
                with database.reading(OWNER) as work:
                    if notes(work, "c-1"):
                        break
                await asyncio.sleep(0.05)
        with database.reading(OWNER) as work:
            assert len(commands.history(work, "c-1").versions) == 1


@pytest.mark.usefixtures("quickly")
async def test_a_letter_that_came_before_the_key_is_taken_once_the_key_is_there(
    config: Config, clinic: tuple[Config, Database], running_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.hub.program.mailbox.AGAIN_S", 0.05)
    prescribed(clinic, "Winter", DAY)
    with home.opened(config):
        pass
    async with Letterbox(config):
        with sending(clinic[0]):
            await until(clinic, Stand.REFUSED)
            trust(config, shown(signing_key(clinic[0]).public_key()))
            await until(clinic, Stand.TAKEN)  # with nobody sending it again


@pytest.mark.usefixtures("quickly")
async def test_what_cannot_travel_is_said_and_the_others_go(
    config: Config, clinic: tuple[Config, Database], running_broker: Broker
) -> None:
    with clinic[1].work(OWNER) as work:
        family = places.add_family(work, site_id="home", name="Neighbours", hub="hub2").id
        other = places.add_child(work, family_id=family, name="Ben").id
        commands.prescribe(work, "c-1", program(), valid_from=DAY, today=DAY, because="z" * MAX_BODY)
    with clinic[1].work(OWNER) as work:
        commands.prescribe(work, other, program(), valid_from=DAY, today=DAY)
    with sending(clinic[0]):
        await until(clinic, Stand.AT_BROKER, other)
    assert "too long" in (await until(clinic, Stand.REFUSED)).problem


def test_a_home_that_is_the_clinic_itself_gets_no_letter(config: Config) -> None:
    with home.opened(config) as database:
        with database.work(OWNER) as work:
            commands.prescribe(work, "c-1", program(), valid_from=DAY, today=DAY)
        with database.work(OWNER) as work:
            assert due(work, config, again=True) == []
            assert post_of(work, config, "c-1").stand is Stand.HERE
            # a family without a hub waits for one, and then is sent everything
            family = places.add_family(work, site_id="home", name="Neighbours")
            child = places.add_child(work, family_id=family.id, name="Ben").id
            write_note(work, child, "Hello")
            assert post_of(work, config, child).stand is Stand.NO_HOME
            assert due(work, config, again=False) == []
            family.hub = "hub2"
            assert due(work, config, again=False) == [child]
            # and once more if it moves to another one
            note_sent(work, child, 1, "hub2", digest="d")
            assert due(work, config, again=False) == []
            family.hub = "hub3"
            assert due(work, config, again=False) == [child]


@pytest.fixture
def command(
    config: Config, clinic: tuple[Config, Database], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Run `griphub program` at the clinic."""
    file = tmp_path / "griphub.toml"
    file.write_text(
        f'data_dir = "{clinic[0].data_dir}"\nhub = "desk"\n[broker]\nport = {config.broker.port}\n'
    )
    (tmp_path / "winter.toml").write_text('title = "Winter"\n' + PROGRAM)
    monkeypatch.setenv("GRIPHUB_CONFIG", str(file))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["program", *arguments])


@pytest.mark.usefixtures("quickly")
async def test_each_command_of_a_clinic_says_that_it_goes_to_the_home(
    config: Config, clinic: tuple[Config, Database], command: Callable[..., Result], running_broker: Broker
) -> None:
    trust(config, shown(signing_key(clinic[0]).public_key()))
    with home.opened(config):
        pass
    assert "nothing to send" in command("post", "Mia").output
    for changed in (
        ["set", "Mia", "winter.toml"],
        ["pause", "Mia"],
        ["tell", "Mia", "Well done"],
        ["end", "Mia"],
    ):
        done = await asyncio.to_thread(command, *changed)
        assert done.exit_code == 0, done.output
        assert "It goes to the home." in done.stderr
    assert "waits since" in command("post", "Mia").output
    async with Letterbox(config):
        with sending(clinic[0]):
            await until(clinic, Stand.TAKEN)
    assert "taken by the home on" in command("post", "Mia").output
    (row,) = json.loads(command("post", "Mia", "--json").output)
    assert (row["child"], row["stand"], row["problem"]) == ("c-1", "taken", "")
