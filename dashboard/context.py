"""What this server process shows: Streamlit runs the script anew for each viewer and passes it nothing."""

import contextlib
import threading
from contextlib import ExitStack

from ..hub.config import Config
from ..hub.database.engine import Database
from ..hub.people.home import Household
from ..hub.program.home import opened
from ..hub.stores import open_store
from ..hub.stores.contract import Store
from .access import cookie_name
from .access_key import load_key
from .sign_ins import SignIns

_lock = threading.RLock()
_config: Config | None = None
_household: Household | None = None
_store: Store | None = None
_database: Database | None = None
_sign_ins: SignIns | None = None
_cookie: str | None = None
_open = ExitStack()


def bind(config: Config) -> None:
    """Show this installation from now on."""
    global _config, _household, _sign_ins, _cookie  # noqa: PLW0603
    close()
    _cookie = None
    if _household is not None:
        _household.close()
    _config, _household = config, Household(config)
    _sign_ins = SignIns(config, database)


def config() -> Config:
    """Configuration of this installation, with the children that it has now."""
    assert _config is not None and _household is not None, "call bind() first"
    return _config.model_copy(update={"children": _household.all()})


def sign_ins() -> SignIns:
    """Who is signed in."""
    assert _sign_ins is not None, "call bind() first"
    return _sign_ins


def cookie() -> str:
    """Name of the cookie that holds a browser's token; the key that names it is read once.

    Raises
    ------
    SetupError
        If the key cannot be read.
    """
    global _cookie  # noqa: PLW0603
    if _cookie is None:
        assert _config is not None, "call bind() first"
        _cookie = cookie_name(load_key(_config))
    return _cookie


def store() -> Store:
    """Store to read from, opened on first use. Pages read through `viewer.results`, which asks whose it is.

    Raises
    ------
    StoreError
        If it cannot be opened; the next call tries again.
    """
    global _store  # noqa: PLW0603
    with _lock:
        if _store is None:
            _store = open_store(config(), read_only=True)
        return _store


def database() -> Database:
    """People and programs, opened and brought up to date on first use.

    Raises
    ------
    StoreError, SetupError
        If it cannot be opened; the next call tries again.
    """
    global _database  # noqa: PLW0603
    with _lock:
        if _database is None:
            assert _config is not None, "call bind() first"
            _database = _open.enter_context(opened(_config))
        return _database


def close() -> None:
    """Close the store and the database; the next use opens them again."""
    global _store, _database  # noqa: PLW0603
    with _lock:
        if _store is not None:
            _store.close()
            _store = None
        _database = None
        with contextlib.suppress(OSError):
            _open.close()
