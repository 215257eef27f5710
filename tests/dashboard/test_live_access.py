"""Who may watch whom: the live socket of a real server, in each role, for own and foreign children."""

import json
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from griphub.dashboard import context, live
from griphub.dashboard.access import cookie_name
from griphub.dashboard.access_key import load_key
from griphub.dashboard.live import LiveHub
from griphub.dashboard.viewer import may_watch
from griphub.hub.config import Config
from griphub.hub.database.actor import Actor, Role
from griphub.hub.people import accounts, caseload, places
from griphub.hub.people.sign_in import redeem, sign_in, sign_out
from griphub.hub.program.home import opened

PASSWORD = "a long enough one"


@pytest.fixture
def tokens(config: Config) -> dict[str, str]:
    """Tokens of people around Ada's home and of a family next door; one that was signed out."""
    with opened(config) as database:
        with database.work(Actor.part("test")) as work:
            (home,) = places.families(work)
            places.add_family(work, site_id="home", name="Next door", hub="hub-2")
            (door,) = [family for family in places.families(work) if family.id != home.id]
            invited = {
                who: accounts.invite(
                    work, login=f"{who}@example.org", name=who, role=role, site_id="home", family_id=family
                )
                for who, role, family in (
                    ("parent", Role.PARENT, home.id),
                    ("neighbour", Role.PARENT, door.id),
                    ("therapist", Role.THERAPIST, None),
                    ("colleague", Role.THERAPIST, None),
                    ("admin", Role.ADMIN, None),
                    ("gone", Role.PARENT, home.id),
                )
            }
            caseload.assign(work, account_id=invited["therapist"].account.id, child_id="c-ada")
        found = {}
        for who, made in invited.items():
            redeem(database, made.token, PASSWORD)
            found[who] = sign_in(database, f"{who}@example.org", PASSWORD).token
        sign_out(database, found["gone"])
        return found


def _opens(config: Config, token: str, child: str, origin: str | None = None) -> bool:
    address = f"127.0.0.1:{config.dashboard.port}"
    try:
        with connect(
            f"ws://{address}/live/{child}",
            origin=origin or f"http://{address}",
            additional_headers={"Cookie": f"{cookie_name(load_key(config))}={token}"},
        ) as socket:
            return "delivery" in json.loads(socket.recv(timeout=10))
    except (InvalidStatus, ConnectionClosed):
        return False


def test_a_child_is_watched_by_its_parents_and_its_therapist_alone(
    config: Config, tokens: dict[str, str], start_dashboard: Callable[[], object]
) -> None:
    start_dashboard()
    assert {who for who, token in tokens.items() if _opens(config, token, "c-ada")} == {"parent", "therapist"}
    assert {who for who, token in tokens.items() if _opens(config, token, "c-ben")} == {"parent"}
    assert not [who for who, token in tokens.items() if _opens(config, token, "c-unknown")]
    assert not _opens(config, "", "c-ada") and not _opens(config, "made up", "c-ada")
    assert not _opens(config, tokens["parent"], "c-ada", origin="http://evil.example")


class Socket:
    """A viewer's end that never says anything, as an ASGI server offers it."""

    path_params = {"child_id": "c-ada"}  # noqa: RUF012 - as Starlette has it
    cookies = {}  # noqa: RUF012

    def __init__(self) -> None:
        self.closed = 0

    async def close(self, code: int) -> None:
        self.closed = code


async def test_whoever_loses_the_right_is_shut_out_while_they_watch(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RIGHT_ASKED_S", 0.0)
    answers = iter([True, True, False])
    hub = LiveHub(config, lambda connection, child: next(answers))
    socket = Socket()
    await hub._until_not_allowed(socket, "c-ada")
    assert socket.closed == 1008 and next(answers, None) is None


async def test_whoever_cannot_be_looked_up_is_shut_out_for_now(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RIGHT_ASKED_S", 0.0)
    (config.data_dir / "people.db").write_bytes(b"this is no database" * 500)
    context.bind(config)
    try:
        socket = Socket()
        await LiveHub(config, may_watch)._until_not_allowed(socket, "c-ada")
    finally:
        context.close()
    assert socket.closed == 1013
