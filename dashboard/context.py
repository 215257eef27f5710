"""What this server process shows: Streamlit runs the script anew for each viewer and passes it nothing."""

import threading
from collections.abc import Callable

from ..hub.config import Config
from ..hub.stores import open_store
from ..hub.stores.contract import Store

_lock = threading.Lock()
_config: Config | None = None
_opener: Callable[[], Store] | None = None
_store: Store | None = None


def bind(config: Config, opener: Callable[[], Store] | None = None) -> None:
    """Show this installation from now on.

    Parameters
    ----------
    opener : callable, optional
        Opens the store to read from; by default the configured one.
    """
    global _config, _opener, _store  # noqa: PLW0603 - one installation per process, read by many threads
    with _lock:
        _config, _opener, _store = config, opener or (lambda: open_store(config, read_only=True)), None


def config() -> Config:
    """Configuration of this installation."""
    assert _config is not None, "call bind() first"
    return _config


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
            assert _opener is not None, "call bind() first"
            _store = _opener()
        return _store
