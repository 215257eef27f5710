"""Where results live: one contract, an embedded and a server store."""

from datetime import timedelta

from ..config import Config
from .contract import Store


def open_store(config: Config, *, read_only: bool) -> Store:
    """Open the configured store.

    Parameters
    ----------
    read_only : bool
        For the dashboard: nothing is made or changed, and a store without results yet is empty.

    Raises
    ------
    StoreError
        If a file cannot be opened. A server is first asked when it is used.
    """
    days = config.store.waveform_days
    keep = None if days is None else timedelta(days=days)
    if config.store.kind == "influxdb":
        from .influx import InfluxStore  # noqa: PLC0415 - half a second that nobody at home should wait for

        return InfluxStore(config.store.influxdb, **({} if keep is None else {"keep_waveforms": keep}))
    from .sqlite import SqliteStore  # noqa: PLC0415

    return SqliteStore(config.data_dir / "store.db", read_only=read_only, keep_waveforms=keep)
