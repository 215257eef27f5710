"""What this server process shows: Streamlit runs the script anew for each viewer and passes it nothing."""

import threading

from ..hub.config import Config
from ..hub.people.home import Household
from ..hub.stores import open_store
from ..hub.stores.contract import Store

_lock = threading.Lock()
_config: Config | None = None
_household: Household | None = None
_store: Store | None = None


def bind(config: Config) -> None:
    """Show this installation from now on."""
    global _config, _household
    close()
    if _household is not None:
        _household.close()
    _config, _household = config, Household(config)


def config() -> Config:
    """Configuration of this installation, with the children that it has now."""
    assert _config is not None and _household is not None, "call bind() first"
    return _config.model_copy(update={"children": _household.all()})


def store() -> Store:
    """Store to read from, opened on first use.

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


def close() -> None:
    """Close the store; the next use opens it again."""
    global _store  # noqa: PLW0603
    with _lock:
        if _store is not None:
            _store.close()
            _store = None
