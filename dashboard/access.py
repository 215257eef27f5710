"""The gate in front of the dashboard: nothing is served to a browser that nobody signed in with."""

import asyncio
import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..firmware_bridge.errors import GripError
from ..hub.database.actor import GRANTABLE, Role
from ..hub.errors import FieldError, SetupError, StoreError
from ..hub.people.sign_in import LASTS, SignedIn, SignInRefused
from . import access_key
from .access_page import invitation_page, sign_in_page
from .i18n import N_
from .oidc import BACK_PATH, START_PATH, Provider, ProviderError
from .sign_ins import SignIns

_LOG = logging.getLogger(__name__)

_NOBODY: Final = N_("Nobody can be signed in right now. Try again in a minute.")
#: Wrong keys taken from one address within a minute; a person types fewer, a program far more.
WRONG_KEYS_PER_MINUTE: Final = 10
#: The forms hold a few short fields.
_FORM_BYTES: Final = 4096

FORM_PATH: Final = "/access"
INVITATION_PATH: Final = "/access/invitation"
ROLE_PATH: Final = "/access/role/"
OUT_PATH: Final = "/access/out"

#: Why a socket is closed, as RFC 6455 has it; pages say each in words.
NOT_ALLOWED: Final = 1008
PEOPLE_AWAY: Final = 1013

#: Every page may load from this server only, whatever a library would like to fetch. Streamlit needs inline
#: styles and scripts, Vega compiles its expressions, components come as blobs.
_POLICY: Final = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


def cookie_name(key: str) -> str:
    """Name of an installation's cookie: browsers share cookies between all ports of a host."""
    return "griphub_" + hashlib.sha256(access_key.plain(key)).hexdigest()[:8]


class AccessGate:
    """ASGI middleware in front of everything: pages, Streamlit's files and socket, the live socket.

    Parameters
    ----------
    app : ASGIApp
        What to guard.
    key : str
        The access key, also of an installation that no key opens: it names the cookie.
    sign_ins : SignIns
    takes_key : bool
        Whether the key opens it.
    provider : Provider, optional
        Who else may vouch for people.
    clock : callable
        Monotonic seconds, for the limit on wrong keys.
    """

    def __init__(
        self,
        app: ASGIApp,
        key: str,
        sign_ins: SignIns,
        *,
        takes_key: bool = True,
        provider: Provider | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._key = key
        self._sign_ins = sign_ins
        self._takes_key = takes_key
        self._provider = provider
        self._clock = clock
        self._cookie = cookie_name(key)
        self._wrong: Counter[str] = Counter()
        self._minute = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request of a signed-in browser through and answer every other one."""
        if scope["type"] == "websocket":
            await self._open(scope, receive, send)
            return
        if scope["type"] != "http":  # the server's own lifespan
            await self._app(scope, receive, send)
            return

        send = _with_headers(send)
        request = Request(scope, receive)
        if self._provider and request.url.path in {START_PATH, BACK_PATH}:
            await self._provider.within_session(scope, receive, send, self._with_provider)
            return
        try:
            response = await self._answer(request)
            if response is None and await self._signed_in(scope):
                await self._app(scope, receive, send)
                return
        except (StoreError, SetupError) as error:
            _LOG.warning("Nobody can be signed in: %s", error)
            response = self._ask(request, _NOBODY, status=503)
        await (response or self._ask(request))(scope, receive, send)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a socket through that a page of this server opened, for somebody who is signed in."""
        broken = False
        try:
            if _same_origin(scope) and await self._signed_in(scope):
                await self._app(scope, receive, send)
                return
        except (StoreError, SetupError) as error:
            _LOG.warning("Nobody can open a page's socket right now: %s", error)
            broken = True
        await receive()  # websocket.connect
        if not broken:
            await send({"type": "websocket.close", "code": NOT_ALLOWED})
            return
        await send({"type": "websocket.accept"})  # what is refused before it tells a browser nothing
        await send({"type": "websocket.close", "code": PEOPLE_AWAY, "reason": "people cannot be looked up"})

    def _token(self, connection: HTTPConnection) -> str:
        return connection.cookies.get(self._cookie, "")

    async def _signed_in(self, scope: Scope) -> bool:
        return await asyncio.to_thread(self._sign_ins.known, self._token(HTTPConnection(scope))) is not None

    async def _answer(self, request: Request) -> Response | None:
        """Answer what is for the gate itself; None if it is not."""
        path = request.url.path
        if request.method == "POST" and path in {FORM_PATH, INVITATION_PATH}:
            form = await _form(request)
            if path == INVITATION_PATH:
                return await self._redeem(request, form.get("token", ""), form.get("password", ""))
            if "login" in form:
                return await self._with_password(request, form["login"], form.get("password", ""))
            return await self._with_key(request, form.get("key", ""))
        response: Response | None = None
        if request.method == "GET" and path == INVITATION_PATH:
            response = invitation_page(request, request.query_params.get("token", ""))
        elif request.method == "GET" and path.startswith(ROLE_PATH):
            response = await self._switch(request, path.removeprefix(ROLE_PATH))
        elif request.method == "GET" and path == OUT_PATH:
            await asyncio.to_thread(self._sign_ins.out, self._token(request))
            response = RedirectResponse("/", 303)
            response.delete_cookie(self._cookie)
        elif request.method == "GET" and "key" in request.query_params:
            response = await self._with_key(request, request.query_params["key"])
        return response

    async def _with_key(self, request: Request, key: str) -> Response:
        if not self._takes_key:
            return self._ask(request, N_("No key opens this dashboard. Sign in with your name and password."))
        if (minute := int(self._clock() // 60)) != self._minute:
            self._minute = minute
            self._wrong.clear()
        address = request.client.host if request.client else ""
        if self._wrong[address] >= WRONG_KEYS_PER_MINUTE:
            return self._ask(request, N_("Too many tries. Wait a minute, then try again."), status=429)
        if not access_key.same(key, self._key):
            self._wrong[address] += 1
            return self._ask(
                request, N_("That is not the key. Compare it with the link that GripHub printed.")
            )
        return self._welcome(request, await asyncio.to_thread(self._sign_ins.with_key))

    async def _with_password(self, request: Request, login: str, password: str) -> Response:
        try:
            signed_in = await asyncio.to_thread(self._sign_ins.with_password, login, password)
        except SignInRefused as refused:
            return self._ask(request, refused, login=login, status=429 if refused.wait else 401)
        return self._welcome(request, signed_in)

    async def _with_provider(self, request: Request) -> Response:
        assert self._provider
        try:
            if request.url.path == START_PATH:
                return await self._provider.start(request)
            claims = await self._provider.claims(request)
            signed_in = await asyncio.to_thread(self._sign_ins.with_claims, claims)
        except ProviderError as refused:
            return self._ask(request, str(refused))
        except SignInRefused as refused:
            return self._ask(request, refused)
        except StoreError as error:
            _LOG.warning("Nobody can be signed in: %s", error)
            return self._ask(request, _NOBODY, status=503)
        return self._welcome(request, signed_in)

    async def _switch(self, request: Request, role: str) -> Response:
        if role not in GRANTABLE:
            return RedirectResponse("/", 303)
        try:
            signed_in = await asyncio.to_thread(self._sign_ins.switch, self._token(request), Role(role))
        except SignInRefused:
            return RedirectResponse("/", 303)
        return self._welcome(request, signed_in)

    async def _redeem(self, request: Request, token: str, password: str) -> Response:
        try:
            await asyncio.to_thread(self._sign_ins.redeem, token, password)
        except FieldError as error:
            return invitation_page(request, token, error)
        return self._ask(request, N_("Your password is set. Sign in with it."), status=200)

    def _welcome(self, request: Request, signed_in: SignedIn) -> Response:
        response = RedirectResponse("/", 303)
        response.set_cookie(
            self._cookie,
            signed_in.token,
            max_age=int(LASTS[signed_in.actor.role].total_seconds()),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    def _ask(
        self, request: Request, message: str | GripError = "", *, login: str = "", status: int = 401
    ) -> Response:
        return sign_in_page(
            request,
            message,
            login=login,
            takes_key=self._takes_key,
            provider=START_PATH if self._provider else "",
            status=status,
        )


def _same_origin(scope: Scope) -> bool:
    """Whether a socket was opened by a page of this very server, not by some other site's script."""
    headers = Headers(scope=scope)
    try:
        origin = urlsplit(headers.get("origin", "")).netloc
    except ValueError:
        return False
    return bool(origin) and origin == headers.get("host")


async def _form(request: Request) -> dict[str, str]:
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _FORM_BYTES:
                return {}
    except ClientDisconnect:
        return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = _POLICY
            headers["Referrer-Policy"] = "no-referrer"  # the link's key goes to nobody
            headers["X-Content-Type-Options"] = "nosniff"
        await send(message)

    return wrapped
