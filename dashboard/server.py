"""The dashboard's web server: Streamlit behind the access gate, with the live socket beside it."""

import gc
import importlib
import signal
import socket
import tomllib
from pathlib import Path
from typing import Any

import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from streamlit import config as streamlit_config

from ..hub.config import Config
from ..hub.errors import SetupError
from . import context, pairing_session
from .access import AccessGate
from .access_key import load_key, opens
from .live import LiveHub
from .oidc import Provider
from .viewer import may_watch

_ROOM = Path(__file__).parent

#: Open pages are given this long to say goodbye when the server ends, seconds.
_GRACE_S = 1


def take_port(config: Config) -> socket.socket:
    """Take the dashboard's port; nobody can connect before the server is ready for it.

    Raises
    ------
    SetupError
        If it is taken, or the address is none of this machine's.
    """
    host, port = config.dashboard.host, config.dashboard.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.socket(family, kind, protocol)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(address)
        except OSError:
            taken.close()
            raise
    except OSError as error:
        raise SetupError(
            f"The dashboard cannot use {host} port {port}: {error.strerror or error}",
            "Stop the program that uses it, or choose another with GRIPHUB_DASHBOARD__PORT=8502.",
        ) from error
    return taken


def settings(config: Config) -> dict[str, Any]:
    """Streamlit's options, as dotted names."""
    options = _flat(tomllib.loads((_ROOM / "streamlit.toml").read_text(encoding="utf-8")))
    return options | {"server.address": config.dashboard.host, "server.port": config.dashboard.port}


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in table.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def load_pages() -> None:
    """Import what the first page of all would wait for otherwise: 2 s of a processor."""
    importlib.import_module(f"{__package__}.router")
    importlib.import_module("pandas")  # Streamlit asks it about whatever a component or a chart is given


def collect_seldom() -> None:
    """Look for garbage after every 50,000 new objects, not 700; what was imported is none.

    A page of many children makes a million objects and few circles. Looking for them among all that there is
    took two fifths of the time of a caseload of 200 (benchmarks/bench_dashboard.py).
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def run(config: Config) -> None:
    """Serve the dashboard until SIGTERM or SIGINT; call it in the main thread of a process of its own.

    Raises
    ------
    SetupError
        If the port is taken or the access key cannot be kept.
    """
    with take_port(config) as taken:
        context.bind(config)
        load_pages()
        collect_seldom()
        streamlit_config.get_config_options(force_reparse=True, options_from_flags=settings(config))
        key = load_key(config)
        live = LiveHub(config, may_watch)
        app = st.App(
            _ROOM / "app.py",
            routes=[live.route()],
            middleware=[
                Middleware(
                    AccessGate,
                    key=key,
                    sign_ins=context.sign_ins(),
                    takes_key=opens(config),
                    provider=Provider(config.oidc, key) if config.oidc.issuer else None,
                )
            ],
            lifespan=live.running,
        )
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                ws="websockets-sansio",
                log_level="warning",
                access_log=False,  # it would hold the key of the link
                server_header=False,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )

        def end(*_: object) -> None:
            server.should_exit = True

        # uvicorn takes both signals over while it runs, ends in order, and then repeats them to these
        previous = {sig: signal.signal(sig, end) for sig in (signal.SIGTERM, signal.SIGINT)}
        try:
            server.run(sockets=[taken])
        finally:
            for sig, handler in previous.items():
                signal.signal(sig, handler)
            pairing_session.end_all()
            context.close()
