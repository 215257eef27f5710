"""Signing in through a clinic's identity provider: OpenID Connect's code flow, which Authlib speaks.

The gate answers its two addresses itself, before anything of Streamlit runs. What is kept between the two, a
state and a nonce, travels in a signed cookie of its own that lives for minutes.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..hub.config import OidcConfig
from ..hub.errors import SetupError
from .i18n import N_

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Answer = Callable[[Request], Awaitable[Response]]

_LOG = logging.getLogger(__name__)

START_PATH: Final = "/access/oidc"
BACK_PATH: Final = "/access/oidc/back"

#: Somebody who types a password and a code from their phone needs less.
_LASTS_S: Final = 15 * 60
#: A provider that does not answer must not hold a browser for longer.
_TIMEOUT_S: Final = 10.0


class ProviderError(Exception):
    """The provider did not vouch for anybody; its text is for the person who tries."""


class Provider:
    """A clinic's identity provider.

    Parameters
    ----------
    config : OidcConfig
    key : str
        Signs the cookie of a sign-in that is under way.

    Raises
    ------
    SetupError
        If what it takes is not installed, or no secret is configured.
    """

    def __init__(self, config: OidcConfig, key: str) -> None:
        try:
            from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415 - of the extra `clinic`
        except ModuleNotFoundError:
            raise SetupError(
                "Signing in through an identity provider is not installed",
                "Install GripHub with it: pip install 'griphub[clinic]'.",
            ) from None
        if not config.client_id or config.client_secret is None:
            raise SetupError(
                "[oidc] names an issuer without client_id and client_secret",
                "Set GRIPHUB_OIDC__CLIENT_ID and GRIPHUB_OIDC__CLIENT_SECRET.",
            )
        self._key = key
        self._client: Any = OAuth().register(
            "clinic",
            client_id=config.client_id,
            client_secret=config.client_secret.get_secret_value(),
            server_metadata_url=f"{config.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "timeout": _TIMEOUT_S,
            },
        )

    async def start(self, request: Request) -> Response:
        """Send a browser to the provider.

        Raises
        ------
        ProviderError
            If the provider does not answer.
        """
        back = str(request.base_url).rstrip("/") + BACK_PATH
        try:
            response: Response = await self._client.authorize_redirect(request, back)
        except Exception as error:
            raise _refused(error) from error
        return response

    async def claims(self, request: Request) -> Mapping[str, Any]:
        """Whom the provider vouches for, as a browser that comes back from it says.

        Raises
        ------
        ProviderError
            If it does not, or the answer is to a question that this browser did not ask.
        """
        try:
            token = await self._client.authorize_access_token(request)
        except Exception as error:
            raise _refused(error) from error
        if not isinstance(found := token.get("userinfo"), Mapping):
            raise ProviderError(N_("The identity provider did not say who you are. Ask your administrator."))
        return found

    async def within_session(self, scope: Scope, receive: Receive, send: Send, answer: "Answer") -> None:
        """Answer a request whose `session` is the sign-in that is under way."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await (await answer(Request(scope, receive)))(scope, receive, send)

        # lax: the browser comes back from another site
        session = SessionMiddleware(
            app,
            self._key,
            session_cookie="griphub_oidc",
            max_age=_LASTS_S,
            path=START_PATH,
            same_site="lax",
            https_only=scope.get("scheme") == "https",
        )
        await session(scope, receive, send)


def _refused(error: Exception) -> ProviderError:
    """Whatever went wrong between here and the provider; the reason is for the log, without the code."""
    _LOG.warning("The identity provider: %s: %s", type(error).__name__, error)
    return ProviderError(
        N_("The clinic's sign-in did not work. Try again; if it stays so, tell your administrator.")
    )
