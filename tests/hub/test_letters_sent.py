"""Letters on their way from the clinic to a home: signed, retained, answered, also after a month."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from griphub.hub.cli.main import app
from griphub.hub.config import Config
from griphub.hub.database.engine import Database
from griphub.hub.people import places
from griphub.hub.program import commands, home
from griphub.hub.program.keys import shown, signing_key, trust
from griphub.hub.program.letter import (
    MAX_BODY,
    letter_topic,
)
from griphub.hub.program.outgoing import Post, Stand, due, note_sent, post_of
from griphub.hub.program.post import notes, write_note
from griphub.hub.program.sending import Sender
from griphub.hub.program.versions import PauseReason

from .conftest import Broker
from .letters import (
    DAY,
    OWNER,
    PROGRAM,
    Letterbox,
    post_now,
    prescribed,
    program,
    sending,
    until,
)

TOPIC = letter_topic("home", "hub", "c-1")


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
