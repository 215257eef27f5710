"""Signing in through a clinic's identity provider: a real one on localhost, small and strict."""

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from griphub.dashboard.access import AccessGate
from griphub.dashboard.oidc import BACK_PATH, START_PATH, Provider
from griphub.dashboard.sign_ins import SignIns
from griphub.hub.config import Config, OidcConfig
from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.engine import Database
from griphub.hub.database.migrate import upgrade
from griphub.hub.errors import SetupError
from griphub.hub.people import accounts, places
from griphub.hub.people.sign_in import actor_of

from .conftest import free_port, wait_for_port

SECRET = "not told to anybody"


@dataclass
class FakeClinic:
    """An identity provider that asks nobody for a password, and checks everything else."""

    port: int
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "42", "email": "sam@clinic.example", "email_verified": True}
    )
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    signs_with: RSAKey | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _discovery(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def _keys(self, request: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["client_id"] == "griphub" and asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}", 302)

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        given = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        asked = self.codes.pop(form["code"], None)
        verifier = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        if (
            asked is None
            or given.replace("%20", " ").replace("+", " ") != f"griphub:{SECRET}"
            or verifier.rstrip(b"=").decode() != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "griphub", "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims | self.person, self.signs_with or self.key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": signed})


@pytest.fixture
def clinic() -> Iterator[FakeClinic]:
    fake = FakeClinic(free_port())
    server = uvicorn.Server(
        uvicorn.Config(fake.app(), host="127.0.0.1", port=fake.port, log_level="warning", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for_port(fake.port)
    yield fake
    server.should_exit = True
    thread.join()


@pytest.fixture
def oidc(clinic: FakeClinic) -> OidcConfig:
    return OidcConfig(issuer=clinic.issuer, client_id="griphub", client_secret=SECRET)


@pytest.fixture
def people(tmp_path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'people.db'}")
    upgrade(database)
    with database.work(Actor.part("test")) as work:
        places.add_site(work, site_id="ward", name="Ward")
        accounts.invite(work, login="sam@clinic.example", name="Sam", role=Role.THERAPIST, site_id="ward")
    yield database
    database.close()


@pytest.fixture
async def browser(tmp_path, people: Database, oidc: OidcConfig):
    async def inside(scope, receive, send):
        await JSONResponse("inside")(scope, receive, send)

    config = Config(data_dir=tmp_path, oidc=oidc)
    gate = AccessGate(
        inside, "a" * 20, SignIns(config, lambda: people), takes_key=False, provider=Provider(oidc, "a" * 20)
    )
    transport = httpx2.ASGITransport(app=gate)
    async with httpx2.AsyncClient(transport=transport, base_url="http://hub.local") as client:
        yield client


async def _there(browser: httpx2.AsyncClient) -> str:
    """Go to the provider, and return the address that it sends the browser back to."""
    away = await browser.get(START_PATH)
    assert away.status_code == 302
    async with httpx2.AsyncClient() as elsewhere:
        back = await elsewhere.get(away.headers["location"])
    return back.headers["location"]


async def test_an_invited_person_comes_in_and_is_known_again(browser, people, clinic):
    assert "Sign in with your clinic" in (await browser.get("/")).text
    back = await browser.get(await _there(browser))
    assert (back.status_code, back.headers["location"]) == (303, "/")
    assert (await browser.get("/")).json() == "inside"
    token = next(value for name, value in browser.cookies.items() if name != "griphub_oidc")
    assert actor_of(people, token).role is Role.THERAPIST

    clinic.person = {"sub": "42", "email": "renamed@clinic.example", "email_verified": False}
    browser.cookies.clear()
    assert (await browser.get(await _there(browser))).status_code == 303, "known by the subject from now on"


@pytest.mark.parametrize(
    "person",
    [
        {"sub": "43", "email": "eve@clinic.example", "email_verified": True},
        {"sub": "43", "email": "sam@clinic.example", "email_verified": False},
        {"sub": "43"},
        {"sub": "43", "email": "sam@clinic.example", "email_verified": True, "aud": "another"},
        {"sub": "43", "email": "sam@clinic.example", "email_verified": True, "exp": 1_000_000_000},
        {"sub": "43", "email": "sam@clinic.example", "email_verified": True, "nonce": "of another sign-in"},
        {"sub": "43", "email": "sam@clinic.example", "email_verified": True, "iss": "https://evil.example"},
    ],
    ids=["stranger", "unverified", "no email", "audience", "expired", "nonce", "issuer"],
)
async def test_nobody_else_comes_in(browser, clinic, person):
    clinic.person = person
    back = await browser.get(await _there(browser))
    assert back.status_code == 401 and 'role="alert"' in back.text
    assert (await browser.get("/")).status_code == 401


async def test_a_token_that_somebody_else_signed_is_refused(browser, clinic):
    clinic.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    assert (await browser.get(await _there(browser))).status_code == 401


async def test_an_answer_to_another_browsers_question_is_refused(browser, clinic):
    address = await _there(browser)
    browser.cookies.clear()
    assert (await browser.get(address)).status_code == 401


async def test_the_same_answer_works_once(browser):
    address = await _there(browser)
    assert (await browser.get(address)).status_code == 303
    browser.cookies.clear()
    assert (await browser.get(address)).status_code == 401


@pytest.mark.parametrize("query", ["", "?error=access_denied", "?code=x", "?code=x&state=y"])
async def test_a_made_up_answer_is_refused_in_words(browser, query):
    back = await browser.get(BACK_PATH + query)
    assert back.status_code == 401 and "did not work" in back.text


async def test_a_provider_that_does_not_answer_is_said(tmp_path, people):
    oidc = OidcConfig(issuer=f"http://127.0.0.1:{free_port()}", client_id="griphub", client_secret=SECRET)
    gate = AccessGate(
        None, "a" * 20, SignIns(Config(data_dir=tmp_path), lambda: people), provider=Provider(oidc, "k")
    )
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=gate), base_url="http://hub.local"
    ) as client:
        answer = await client.get(START_PATH)
    assert answer.status_code == 401 and "did not work" in answer.text


def test_an_issuer_without_a_secret_says_what_is_missing():
    with pytest.raises(SetupError, match="CLIENT_SECRET"):
        Provider(OidcConfig(issuer="https://id.example", client_id="griphub"), "k")
