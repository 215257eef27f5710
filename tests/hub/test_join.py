"""A family takes its clinic's invitation: the home takes its name there, and keeps what it had."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from griphub.hub import config as configuration
from griphub.hub import join
from griphub.hub.cli import rig as rig_module
from griphub.hub.cli.rig import run_home
from griphub.hub.config import Config
from griphub.hub.database.actor import Actor
from griphub.hub.delivery.outbox import open_outbox
from griphub.hub.delivery.outbox_file import Owed
from griphub.hub.errors import FieldError, SetupError
from griphub.hub.invitation import Invitation, invite, read_invitation
from griphub.hub.people import consent, places
from griphub.hub.people.home import Household, family_of
from griphub.hub.people.household import sign_in_household
from griphub.hub.people.sharing import Sharing
from griphub.hub.program.home import opened
from griphub.hub.program.keys import trusted
from griphub.hub.records.event import decode
from griphub.hub.records.session import SqueezeCounted

Make = Callable[[int], SqueezeCounted]
OWNER = Actor.owner()


def griphub(file: Path, *arguments: str) -> str:
    """What a command says, which must succeed."""
    run = [sys.executable, "-m", "griphub", *arguments, "--config", str(file)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def home_file(tmp_path: Path) -> Path:
    file = tmp_path / "home.toml"
    file.write_text(f'data_dir = "{tmp_path / "home"}"\n')
    return file


@pytest.fixture
def clinic_file(tmp_path: Path) -> Path:
    file = tmp_path / "clinic.toml"
    file.write_text(f'site = "server"\ndata_dir = "{tmp_path / "clinic"}"\n')
    return file


@pytest.fixture
def home(home_file: Path) -> Iterator[Config]:
    """A home where Mia has trained for a while."""
    config = configuration.load(home_file)
    with opened(config) as people, people.work(OWNER) as work:
        places.add_child(work, family_id=family_of(work, config).id, name="Mia", child_id="c-mia")
        assert not trusted(config)
    yield config


def invited_by_command(clinic_file: Path, to: Path) -> Invitation:
    """The same by the commands of `docs/people.md`, with a text of consent, and two children."""
    text = to.with_name("consent.txt")
    text.write_text("We share what is measured.")
    griphub(clinic_file, "people", "site", "add", "ward", "--name", "Ward 3")
    griphub(clinic_file, "people", "consent", "publish", "2026-11", "--text", str(text), "--site", "ward")
    add = ("people", "family", "add", "--name", "Ortiz", "--site", "ward", "--hub", "pi-7", "--json")
    family = json.loads(griphub(clinic_file, *add))["id"]
    for child in (("--name", "Mia", "--id", "c-mia"), ("--name", "Leo", "--id", "c-leo")):
        griphub(clinic_file, "people", "child", "add", "--family", family, *child)
    there = ("--to", str(to), "--url", "mqtts://mqtt.example.org")
    griphub(clinic_file, "people", "family", "invite", family, *there)
    return read_invitation(to.read_bytes())


def invited(folder: Path, *children: tuple[str, str]) -> Invitation:
    """Set up a clinic with a family, and make its invitation."""
    clinic = Config(site="server", data_dir=folder / "clinic")
    with opened(clinic) as people, people.work(OWNER) as work:
        places.add_site(work, site_id="ward", name="Ward 3")
        work.flush()
        family = places.add_family(work, site_id="ward", name="Ortiz", hub="pi-7").id
        work.flush()
        for child_id, name in children:
            places.add_child(work, family_id=family, name=name, child_id=child_id)
        work.flush()
        there = {"url": "mqtts://mqtt.example.org", "user": "ward.pi-7", "password": "secret"}
        return invite(work, clinic, family, **there, ca=None)


def test_a_home_joins_with_the_child_it_has_and_the_one_that_the_clinic_knows(
    home: Config, home_file: Path, clinic_file: Path, tmp_path: Path, squeeze: Make
) -> None:
    with opened(home) as people:
        before = sign_in_household(people, home).actor.account_id
    with closing(open_outbox(home)) as outbox:
        # on its way to the home's own store, in a session that is not over
        outbox.commit([squeeze(0)], {"ball01": '{"site": "home", "hub": "hub", "number": 1}'})
    made = invited_by_command(clinic_file, tmp_path / "ward.json")
    file = tmp_path / "ward.json"
    assert file.stat().st_mode & 0o77 == 0 and made.password and made.password not in repr(made)

    said = griphub(home_file, "join", str(file))
    assert "has joined Ward 3" in said and "Nothing is sent before you agree" in said

    joined = configuration.load(home_file)
    assert (joined.site, joined.hub) == ("ward", "pi-7")
    assert joined.clinic and joined.clinic.host == "mqtt.example.org" and joined.clinic.tls
    assert joined.clinic.user == "ward.pi-7" and joined.clinic.password
    assert joined.broker.host is None and len(trusted(joined)) == 1
    with closing(Household(joined)) as household:  # type: ignore[type-var]
        assert [(child.id, child.alias) for child in household.all()] == [("c-leo", "Leo"), ("c-mia", "Mia")]
    assert Sharing(joined).held() == {"c-mia", "c-leo"}, "nobody has agreed yet"
    with opened(joined) as people:
        assert sign_in_household(people, joined).actor.account_id == before
        with people.work(OWNER) as work:
            consent.give(work, "c-mia", version="2026-11", given_by="Ana")
    assert Sharing(joined).held() == {"c-leo"}
    with closing(open_outbox(joined)) as outbox:
        assert json.loads(outbox.open_sessions()["ball01"]) == {"site": "ward", "hub": "pi-7", "number": 1}
        (waiting,) = outbox.waiting(0, 9)
        assert waiting.topic.startswith("griphub/v1/ward/pi-7/event/")
        assert decode(waiting.payload) == squeeze(0).model_copy(update={"site": "ward", "hub": "pi-7"})
        assert not outbox.waiting(0, 9, to=Owed.CLINIC), "it was measured before the home joined"
    with pytest.raises(AssertionError, match="Only a home that stands alone can join"):
        griphub(home_file, "join", str(file))


def test_a_child_with_another_id_at_the_clinic_is_told_before_anything_changes(
    home: Config, tmp_path: Path
) -> None:
    invitation = invited(tmp_path, ("c-other", "mia"))
    told = pytest.raises(FieldError, match="Mia trains here as c-mia, and is c-other at the clinic")
    with opened(home) as people, people.work(OWNER) as work, told:
        join.accept(work, home, invitation)
    assert not join.pending(home)


@pytest.mark.parametrize("stop", ["_move", "trust", "_remember"])
def test_a_power_cut_in_between_does_no_harm(
    home: Config,
    home_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop: str,
) -> None:
    invitation = invited(tmp_path, ("c-mia", "Mia"))

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with opened(home) as people:
        with people.work(OWNER) as work:
            join.accept(work, home, invitation)
        with monkeypatch.context() as dark, pytest.raises(KeyboardInterrupt):
            dark.setattr(join, stop, cut)
            join.carry_out(configuration.load(home_file), people)
        assert join.pending(home)
        assert join.carry_out(configuration.load(home_file), people)
        assert not join.carry_out(configuration.load(home_file), people)
    joined = configuration.load(home_file)
    assert (joined.site, joined.hub) == ("ward", "pi-7") and joined.clinic
    with closing(Household(joined)) as household:  # type: ignore[type-var]
        assert household.ids() == {"c-mia"}


async def test_a_running_home_starts_anew(
    home: Config, home_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`griphub up` with everything but the processes, which the supervisor's own tests start."""
    began: list[tuple[str, bool]] = []

    async def none(self: object, *_: object) -> None:
        return None

    for name in ("start_broker", "start_ingest", "start_hub", "start_dashboard"):
        monkeypatch.setattr(rig_module.Rig, name, none)
    monkeypatch.setattr(rig_module, "_tell_of_radio", none)
    monkeypatch.setattr(rig_module, "INVITED_S", 0.02)
    monkeypatch.setattr(
        rig_module, "announce", lambda config: began.append((config.site, config.clinic is not None))
    )
    running = asyncio.create_task(run_home(home, home_file))
    async with asyncio.timeout(60):
        while not began:
            await asyncio.sleep(0.01)
        invitation = invited(tmp_path, ("c-mia", "Mia"))
        with opened(home) as people, people.work(OWNER) as work:
            join.accept(work, home, invitation)
        while len(began) < 2:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert began == [("home", False), ("ward", True)]


@pytest.mark.parametrize("text", ["", "{}", "not JSON", '{"schema": "invitation/2"}', "\x00\xff"])
def test_what_is_no_invitation_is_said(text: str) -> None:
    with pytest.raises(SetupError, match="Take the file as the clinic gave it to you"):
        read_invitation(text)
