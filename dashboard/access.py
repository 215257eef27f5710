"""Who may see the dashboard: whoever opened the link that GripHub printed, or typed its key."""

import hashlib
import hmac
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlsplit

from itsdangerous import BadSignature, TimestampSigner
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..hub.config import Config
from ..hub.errors import SetupError
from ..hub.private_file import write_private

#: No letter or digit that is easily taken for another one: the key may be typed from a screen.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
#: 4 groups of 5 out of 31 signs: 99 bits, beyond guessing.
_GROUPS, _GROUP_SIZE = 4, 5

#: A family signs in about once a season.
COOKIE_AGE_S = 90 * 24 * 3600
#: Wrong keys taken from one address within a minute; a person types fewer, a program far more.
WRONG_KEYS_PER_MINUTE = 10
#: The form holds one short key.
_FORM_BYTES = 1024

FORM_PATH = "/access"

#: Every page may load from this server only, whatever a library would like to fetch. Streamlit needs inline
#: styles and scripts, Vega compiles its expressions, components come as blobs.
_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

_PAGE = Template((Path(__file__).parent / "components" / "access.html").read_text(encoding="utf-8"))


def load_key(config: Config) -> str:
    """Read the access key of this installation; draw it on first use.

    Raises
    ------
    SetupError
        If the data folder cannot be read or written.
    """
    path = config.data_dir / "access.key"
    try:
        if path.exists() and (key := path.read_text(encoding="utf-8").strip()):
            return key
        key = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_SIZE)) for _ in range(_GROUPS))
        write_private(path, key + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            f"The access key {path} cannot be read or written: {error}",
            "Make the folder writable, or name another one in `data_dir`.",
        ) from error
    return key


def link(config: Config) -> str:
    """Address that opens the dashboard and signs the browser in."""
    host = config.dashboard.host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - not bound here: these mean "every address", which no browser can open
        host = "localhost"
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{config.dashboard.port}/?key={load_key(config)}"


def _plain(key: str) -> bytes:
    """Key as compared: case, spaces and dashes do not matter to a person who types it."""
    return "".join(key.lower().replace("-", " ").split()).encode()


class AccessGate:
    """ASGI middleware in front of everything: pages, Streamlit's files and socket, the live socket.

    Parameters
    ----------
    app : ASGIApp
        What to guard.
    key : str
        The access key.
    clock : callable
        Monotonic seconds, for the limit on wrong keys.
    """

    def __init__(self, app: ASGIApp, key: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._key = _plain(key)
        self._clock = clock
        self._signer = TimestampSigner(key, salt="griphub-dashboard")
        # browsers share cookies between all ports of a host: each installation has its own name
        self._cookie = "griphub_" + hashlib.sha256(self._key).hexdigest()[:8]
        self._wrong: Counter[str] = Counter()
        self._minute = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request with a valid cookie through and answer every other one."""
        if scope["type"] == "websocket":
            if self._signed_in(scope) and _same_origin(scope):
                await self._app(scope, receive, send)
            else:
                await receive()  # websocket.connect
                await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":  # the server's own lifespan
            await self._app(scope, receive, send)
            return

        send = _with_headers(send)
        request = Request(scope, receive)
        response = await self._sign_in(request)
        if response is None and self._signed_in(scope):
            await self._app(scope, receive, send)
            return
        await (response or _ask())(scope, receive, send)

    def _signed_in(self, scope: Scope) -> bool:
        cookie = HTTPConnection(scope).cookies.get(self._cookie, "")
        try:
            self._signer.unsign(cookie, max_age=COOKIE_AGE_S)
        except BadSignature:
            return False
        return True

    async def _sign_in(self, request: Request) -> Response | None:
        """Answer a request that brings a key, in the link or the form; None if it brings none."""
        if request.method == "POST" and request.url.path == FORM_PATH:
            key = await _form_key(request)
        elif request.method == "GET" and "key" in request.query_params:
            key = request.query_params["key"]
        else:
            return None

        if (minute := int(self._clock() // 60)) != self._minute:
            self._minute = minute
            self._wrong.clear()
        address = request.client.host if request.client else ""
        if self._wrong[address] >= WRONG_KEYS_PER_MINUTE:
            return _ask("Too many tries. Wait a minute, then try again.", 429)
        if not hmac.compare_digest(_plain(key), self._key):
            self._wrong[address] += 1
            return _ask("That is not the key. Compare it with the link that GripHub printed.")

        response = RedirectResponse("/", 303)
        response.set_cookie(
            self._cookie,
            self._signer.sign("in").decode(),
            max_age=COOKIE_AGE_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response


def _same_origin(scope: Scope) -> bool:
    """Whether a socket was opened by a page of this very server, not by some other site's script."""
    headers = Headers(scope=scope)
    try:
        origin = urlsplit(headers.get("origin", "")).netloc
    except ValueError:
        return False
    return bool(origin) and origin == headers.get("host")


async def _form_key(request: Request) -> str:
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _FORM_BYTES:
                return ""
    except ClientDisconnect:
        return ""
    fields: Mapping[str, list[str]] = parse_qs(body.decode("utf-8", "replace"))
    return fields.get("key", [""])[0]


def _ask(message: str = "", status: int = 401) -> Response:
    return HTMLResponse(
        _PAGE.substitute(message=message, action=FORM_PATH), status, {"Cache-Control": "no-store"}
    )


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = _POLICY
            headers["Referrer-Policy"] = "no-referrer"  # the link's key goes to nobody
            headers["X-Content-Type-Options"] = "nosniff"
        await send(message)

    return wrapped
