"""The pages in front of the gate: sign in, and set a password with an invitation."""

from html import escape
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..firmware_bridge.errors import GripError
from . import i18n, refusals, words
from .i18n import _

_FRAME = Template((Path(__file__).parent / "components" / "access.html").read_text(encoding="utf-8"))


def sign_in_page(
    request: Request, message: str | GripError, *, login: str, takes_key: bool, provider: str, status: int
) -> Response:
    """Ask for a name and password, and for the key where one opens the dashboard.

    `provider` is where the way to the clinic's identity provider begins; empty: there is none.
    """
    with i18n.speaking(i18n.wanted(request.headers.get("accept-language", ""))):
        opening = _(
            "Open the link that griphub printed when it started, or type the key from the end of that link."
        )
        key = f"""
  <form method="post" action="/access">
    <p>{opening}</p>
    <label for="key">{_("Access key")}</label>
    <input id="key" name="key" class="mono" required {"" if login else "autofocus"} autocomplete="off"
      autocapitalize="none" spellcheck="false" placeholder="xxxxx-xxxxx-xxxxx-xxxxx">
    <button>{_("Open the dashboard")}</button>
  </form>"""
        account = f"""
  <form method="post" action="/access">
    <label for="login">{_("Name or email address")}</label>
    <input id="login" name="login" required autocomplete="username" autocapitalize="none" spellcheck="false"
      value="{escape(login)}" {"" if takes_key else "autofocus"}>
    <label for="password">{_("Password")}</label>
    <input id="password" name="password" type="password" required autocomplete="current-password">
    <button>{_("Sign in")}</button>
  </form>"""
        if provider:
            account = f'<a class="button" href="{provider}">{_("Sign in with your clinic")}</a>{account}'
        if not takes_key:
            return _page(_("Welcome to GripHub"), message, account, status)
        summary = _("Sign in with a name and password")
        opened = " open" if login else ""
        body = f"{key}<details{opened}><summary>{summary}</summary>{account}</details>"
        return _page(_("Welcome to GripHub"), message, body, status)


def invitation_page(request: Request, token: str, message: str | GripError = "") -> Response:
    """Ask for a password of one's own."""
    with i18n.speaking(i18n.wanted(request.headers.get("accept-language", ""))):
        body = f"""
  <form method="post" action="/access/invitation">
    <p>{_("Choose a password of ten signs or more. You then sign in with it.")}</p>
    <label for="token">{_("Code of the invitation")}</label>
    <input id="token" name="token" class="mono" required autocomplete="off" spellcheck="false"
      value="{escape(token)}">
    <label for="password">{_("New password")}</label>
    <input id="password" name="password" type="password" required minlength="10" autocomplete="new-password">
    <button>{_("Set the password")}</button>
  </form>"""
        return _page(_("Your invitation to GripHub"), message, body, 422 if message else 200)


def _page(title: str, message: str | GripError, body: str, status: int) -> Response:
    page = _FRAME.substitute(
        language=i18n.language(),
        title=escape(title),
        message=escape(refusals.why(message) if isinstance(message, GripError) else words.said(message)),
        body=body,
    )
    return HTMLResponse(page, status, {"Cache-Control": "no-store"})
