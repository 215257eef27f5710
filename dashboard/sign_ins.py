"""Whose browser it is: the tokens in cookies, looked up in the database of people."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..hub.config import Config
from ..hub.database.actor import Role
from ..hub.database.engine import Database
from ..hub.people import sign_in
from ..hub.people.household import sign_in_household
from ..hub.people.sign_in import Known, SignedIn

#: A page is dozens of files, each asked for with the cookie: whose that is holds for this long. What a page
#: *shows* is asked of the database each time, and a role that was taken away is gone there at once.
REMEMBERED_S: Final = 3.0
#: Browsers at once; beyond that the oldest answer is asked for again.
_MOST: Final = 1_000


class SignIns:
    """Signs browsers in and out, and knows them again. Thread-safe; every method may block.

    Parameters
    ----------
    database : callable
        Returns the database of people.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self, config: Config, database: Callable[[], Database], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._config = config
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._remembered: dict[str, tuple[float, Known | None]] = {}

    def known(self, token: str) -> Known | None:
        """Who a token stands for, as it was a few seconds ago at most."""
        if not token:
            return None
        now = self._clock()
        with self._lock:
            at, who = self._remembered.get(token, (-REMEMBERED_S, None))
        if now - at < REMEMBERED_S:
            return who
        who = sign_in.known(self._database(), token)
        with self._lock:
            if len(self._remembered) >= _MOST:
                self._remembered.pop(next(iter(self._remembered)))
            self._remembered[token] = now, who
        return who

    def with_key(self) -> SignedIn:
        """Sign a family in, whose key was compared."""
        return sign_in_household(self._database(), self._config)

    def with_password(self, login: str, password: str) -> SignedIn:
        """Sign somebody in; `SignInRefused` if not."""
        return sign_in.sign_in(self._database(), login, password)

    def with_claims(self, claims: Mapping[str, Any]) -> SignedIn:
        """Sign in somebody whom the clinic's identity provider vouches for; `SignInRefused` if not."""
        return sign_in.sign_in_with_claims(self._database(), claims, self._config.oidc)

    def switch(self, token: str, role: Role) -> SignedIn:
        """Go on in another role; `SignInRefused` if not."""
        try:
            return sign_in.switch_role(self._database(), token, role)
        finally:
            self._forget(token)

    def out(self, token: str) -> None:
        """Sign a browser out."""
        sign_in.sign_out(self._database(), token)
        self._forget(token)

    def redeem(self, token: str, password: str) -> None:
        """Set a password with an invitation's token; `FieldError` if it cannot be so."""
        sign_in.redeem(self._database(), token, password)

    def _forget(self, token: str) -> None:
        with self._lock:
            self._remembered.pop(token, None)
