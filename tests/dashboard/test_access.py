"""The gate in front of the dashboard, driven as a server drives it."""

import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest

from griphub.dashboard.access import WRONG_KEYS_PER_MINUTE, AccessGate, cookie_name
from griphub.dashboard.access_key import link, load_key
from griphub.dashboard.sign_ins import REMEMBERED_S, SignIns
from griphub.hub.config import Config, DashboardConfig
from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.engine import Database
from griphub.hub.database.migrate import upgrade
from griphub.hub.errors import SetupError, StoreError
from griphub.hub.people import accounts, places
from griphub.hub.people.sign_in import LASTS, actor_of, redeem

KEY = "abcde-fghjk-mnpqr-stuvw"


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def cookie(self) -> str:
        return self.headers.get("set-cookie", "").split(";")[0]


class Inner:
    """What the gate guards; remembers what reached it."""

    def __init__(self):
        self.reached = []

    async def __call__(self, scope, receive, send):
        self.reached.append((scope["type"], scope.get("path")))
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"inside"})
        elif scope["type"] == "websocket":
            await send({"type": "websocket.accept"})


async def call(
    app, target="/", *, method="GET", cookie="", body=b"", kind="http", origin=None, client="10.0.0.9"
):
    path, _, query = target.partition("?")
    headers = [(b"host", b"hub.local:8501")]
    if cookie:
        headers.append((b"cookie", cookie.encode()))
    if origin:
        headers.append((b"origin", origin.encode()))
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
        "client": (client, 5),
        "scheme": "http" if kind == "http" else "ws",
        "server": ("hub.local", 8501),
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": body} if kind == "http" else {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    if kind == "websocket":
        return sent
    answer = Answer(sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]})
    answer.body = b"".join(message.get("body", b"") for message in sent[1:])
    return answer


@pytest.fixture
def inner():
    return Inner()


class Clock:
    """Shows what it is told: UTC for the database, monotonic seconds for the gate."""

    def __init__(self):
        self.now = datetime(2026, 11, 25, 12, tzinfo=UTC)

    def __call__(self):
        return self.now

    def forward(self, **by):
        self.now += timedelta(**by)

    def monotonic(self):
        return self.now.timestamp()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def people(tmp_path, clock):
    database = Database(f"sqlite:///{tmp_path / 'people.db'}", clock=clock)
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def make_gate(inner, people, clock, config):
    def make(key=KEY, **more):
        sign_ins = SignIns(config, lambda: people, clock.monotonic)
        return AccessGate(inner, key, sign_ins, clock=clock.monotonic, **more)

    return make


@pytest.fixture
def gate(make_gate):
    return make_gate()


@pytest.fixture
def therapist(people, config):
    """Name and password of somebody who treats here."""
    with people.work(Actor.part("test")) as work:
        site = places.add_site(work, site_id="ward", name="Ward")
        made = accounts.invite(
            work, login="sam@clinic.example", name="Sam", role=Role.THERAPIST, site_id=site.id
        )
        accounts.grant(work, made.account.id, role=Role.ADMIN, site_id=site.id)
    return made.token, "sam@clinic.example", "a long enough one"


@pytest.mark.parametrize(
    "path",
    ["/", "/progress", "/_stcore/health", "/static/js/index.js", "/live/c-ada", "/_stcore/upload_file"],
)
@pytest.mark.parametrize("cookie", ["", "griphub_00000000=in.x.y", "griphub=%00; ;=;"])
async def test_without_a_valid_cookie_nothing_is_reached(gate, inner, path, cookie):
    answer = await call(gate, path, cookie=cookie)
    assert (answer.status, inner.reached) == (401, [])
    assert b"Access key" in answer.body


async def test_the_link_signs_in_once_and_the_cookie_from_then_on(gate, inner):
    answer = await call(gate, f"/?key={KEY}")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    attributes = SimpleCookie(answer.headers["set-cookie"])
    (morsel,) = attributes.values()
    assert (
        morsel["httponly"]
        and morsel["samesite"] == "strict"
        and int(morsel["max-age"]) == LASTS[Role.PARENT].total_seconds()
    )
    assert KEY not in answer.headers["set-cookie"], "the key itself does not travel with every request"
    assert inner.reached == []

    inside = await call(gate, "/progress", cookie=answer.cookie)
    assert (inside.status, inside.body) == (200, b"inside")
    assert "default-src 'self'" in inside.headers["content-security-policy"]
    assert inside.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("typed", [KEY, KEY.upper(), KEY.replace("-", " "), f"  {KEY.replace('-', '')}\n"])
async def test_the_key_may_be_typed_as_people_type(gate, typed):
    answer = await call(gate, "/access", method="POST", body=urlencode({"key": typed}).encode())
    assert answer.status == 303


@pytest.mark.parametrize(
    "body",
    [b"", b"key=", b"key=abcde", b"\xff\xfe=%%", b"key=" + b"a" * 100_000, "key=схема".encode()],
    ids=["empty", "blank", "wrong", "bytes", "long", "non-ascii"],
)
async def test_anything_else_in_the_form_is_a_wrong_key(gate, inner, body):
    answer = await call(gate, "/access", method="POST", body=body)
    assert (answer.status, answer.cookie, inner.reached) == (401, "", [])
    assert b"not the key" in answer.body


async def test_a_cookie_of_another_installation_or_a_changed_one_is_refused(gate, make_gate, tmp_path):
    away = Database(f"sqlite:///{tmp_path / 'other.db'}")
    upgrade(away)
    there = AccessGate(Inner(), "z" * 20, SignIns(Config(data_dir=tmp_path), lambda: away))
    other = await call(there, "/?key=" + "z" * 20)
    assert other.status == 303
    own = await call(gate, f"/?key={KEY}")
    name = own.cookie.split("=")[0]
    for cookie in (other.cookie, f"{name}={other.cookie.split('=', 1)[1]}", own.cookie[:-1], f"{name}=in"):
        assert (await call(gate, "/", cookie=cookie)).status == 401


async def test_a_cookie_ends(gate, clock):
    cookie = (await call(gate, f"/?key={KEY}")).cookie
    clock.forward(days=89)
    assert (await call(gate, "/", cookie=cookie)).status == 200
    clock.forward(days=1, seconds=1)
    assert (await call(gate, "/", cookie=cookie)).status == 401


async def test_signing_out_ends_the_session_and_not_only_the_cookie(gate):
    cookie = (await call(gate, f"/?key={KEY}")).cookie
    out = await call(gate, "/access/out", cookie=cookie)
    assert (out.status, out.headers["location"]) == (303, "/")
    assert (await call(gate, "/", cookie=cookie)).status == 401


async def test_an_invitation_becomes_a_password_and_a_password_signs_in(gate, therapist):
    token, login, password = therapist
    page = await call(gate, f"/access/invitation?token={token}")
    assert page.status == 200 and token.encode() in page.body
    short = urlencode({"token": token, "password": "short"}).encode()
    refused = await call(gate, "/access/invitation", method="POST", body=short)
    assert refused.status == 422 and b"password" in refused.body
    chosen = urlencode({"token": token, "password": password}).encode()
    assert (await call(gate, "/access/invitation", method="POST", body=chosen)).status == 200
    assert (await call(gate, "/access/invitation", method="POST", body=chosen)).status == 422, "once"

    wrong = await call(
        gate, "/access", method="POST", body=urlencode({"login": login, "password": "x"}).encode()
    )
    assert wrong.status == 401 and login.encode() in wrong.body and not wrong.cookie
    signed_in = await call(
        gate, "/access", method="POST", body=urlencode({"login": login, "password": password}).encode()
    )
    assert signed_in.status == 303
    assert (await call(gate, "/", cookie=signed_in.cookie)).status == 200


async def test_a_role_is_switched_with_a_new_token_and_only_to_one_that_there_is(gate, people, therapist):
    token, login, password = therapist
    redeem(people, token, password)
    body = urlencode({"login": login, "password": password}).encode()
    cookie = (await call(gate, "/access", method="POST", body=body)).cookie
    switched = await call(gate, "/access/role/admin", cookie=cookie)
    assert switched.status == 303 and switched.cookie not in {"", cookie}
    assert actor_of(people, switched.cookie.split("=", 1)[1]).role is Role.ADMIN
    assert (await call(gate, "/", cookie=cookie)).status == 401, "the old token has ended"
    for role in ("parent", "machine", "owner"):
        assert not (await call(gate, f"/access/role/{role}", cookie=switched.cookie)).cookie
    assert actor_of(people, switched.cookie.split("=", 1)[1]).role is Role.ADMIN


async def test_an_account_that_is_closed_is_out_within_seconds(gate, people, clock, therapist):
    token, login, password = therapist
    redeem(people, token, password)
    body = urlencode({"login": login, "password": password}).encode()
    cookie = (await call(gate, "/access", method="POST", body=body)).cookie
    assert (await call(gate, "/", cookie=cookie)).status == 200
    with people.work(Actor.part("test")) as work:
        (account,) = accounts.accounts(work)
        accounts.disable(work, account.id)
    clock.forward(seconds=REMEMBERED_S)
    assert (await call(gate, "/", cookie=cookie)).status == 401


async def test_no_key_opens_a_clinics_dashboard(make_gate):
    gate = make_gate(takes_key=False)
    for answer in (
        await call(gate, f"/?key={KEY}"),
        await call(gate, "/access", method="POST", body=urlencode({"key": KEY}).encode()),
    ):
        assert (answer.status, answer.cookie) == (401, "")
        assert b"No key opens this dashboard" in answer.body and b'name="key"' not in answer.body


async def test_a_broken_database_is_said_and_lets_nobody_in(inner, config, caplog):
    def broken():
        raise StoreError("people", "it is gone", "Look for it.")

    gate = AccessGate(inner, KEY, SignIns(config, broken))
    answer = await call(gate, "/", cookie=f"{cookie_name(KEY)}=x")
    assert (answer.status, inner.reached) == (503, [])
    assert b"Nobody can be signed in right now." in answer.body
    assert b"it is gone" not in answer.body and "Look for it." in caplog.text


async def test_the_page_speaks_the_browsers_language(gate):
    assert b'<html lang="en">' in (await call(gate, "/")).body


async def test_guessing_is_slowed_down_for_the_guesser_only_and_for_a_minute(gate, clock):
    for _ in range(WRONG_KEYS_PER_MINUTE):
        assert (await call(gate, "/?key=wrong")).status == 401
    assert (await call(gate, f"/?key={KEY}")).status == 429
    assert (await call(gate, f"/?key={KEY}", client="10.0.0.7")).status == 303
    clock.forward(seconds=61)
    assert (await call(gate, f"/?key={KEY}")).status == 303


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://hub.local:8501", True),
        ("https://hub.local:8501", True),  # behind a proxy that ends TLS
        ("http://evil.example", False),
        ("http://hub.local:9999", False),
        ("http://hub.local:8501.evil.example", False),
        ("null", False),
        ("http://[", False),
        (None, False),
    ],
)
@pytest.mark.parametrize("path", ["/live/c-ada", "/_stcore/stream"])
async def test_sockets_open_for_pages_of_this_server_only(gate, inner, origin, allowed, path):
    cookie = (await call(gate, f"/?key={KEY}")).cookie
    sent = await call(gate, path, kind="websocket", cookie=cookie, origin=origin)
    assert sent == [{"type": "websocket.accept"}] if allowed else [{"type": "websocket.close", "code": 1008}]
    without = await call(gate, path, kind="websocket", origin="http://hub.local:8501")
    assert without == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("path", ["/live/c-ada", "/_stcore/stream"])
async def test_a_socket_that_comes_while_nobody_can_be_looked_up_is_told_so(config, inner, tmp_path, path):
    (tmp_path / "broken.db").write_bytes(b"this is no database" * 500)
    broken = Database(f"sqlite:///{tmp_path / 'broken.db'}")
    gate = AccessGate(inner, KEY, SignIns(config, lambda: broken))
    cookie = f"{cookie_name(KEY)}=somebody"
    sent = await call(gate, path, kind="websocket", cookie=cookie, origin="http://hub.local:8501")
    assert [one["type"] for one in sent] == ["websocket.accept", "websocket.close"]
    assert (sent[1]["code"], sent[1]["reason"]) == (1013, "people cannot be looked up")
    foreign = await call(gate, path, kind="websocket", cookie=cookie, origin="http://evil.example")
    assert foreign == [{"type": "websocket.close", "code": 1008}]
    answer = await call(gate, cookie=cookie)
    assert answer.status == 503 and b"Nobody can be signed in right now" in answer.body
    assert not inner.reached
    broken.close()


def test_the_key_is_drawn_once_and_private(config: Config):
    key = load_key(config)
    assert load_key(config) == key
    assert len(key.replace("-", "")) == 20
    assert stat.S_IMODE((config.data_dir / "access.key").stat().st_mode) == 0o600


def test_two_installations_have_two_keys(config: Config, tmp_path: Path):
    assert load_key(config) != load_key(Config(data_dir=tmp_path / "other"))


def test_a_key_that_cannot_be_kept_says_what_to_do(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="data_dir"):
        load_key(Config(data_dir=tmp_path / "file"))


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "localhost"), ("::1", "[::1]")]
)
def test_the_link_is_one_that_a_browser_can_open(tmp_path: Path, host: str, shown: str):
    config = Config(data_dir=tmp_path, dashboard=DashboardConfig(host=host, port=8601))
    assert link(config) == f"http://{shown}:8601/?key={load_key(config)}"
