"""The hub on this machine, asked by pages."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..hub.control.address import socket_path
from ..hub.control.client import ControlClient
from . import context

T = TypeVar("T")


def ask(question: Callable[[ControlClient], Coroutine[Any, Any, T]]) -> T:
    """Ask the hub, and wait for its answer. For pages, whose script is nobody's event loop.

    Raises
    ------
    HubNotRunning
        If there is none on this machine: a home's is not the clinic's.
    ControlError
        If it does not do what it is asked to.
    SetupError
        If the data folder has too long a name for a socket.
    """
    return asyncio.run(question(ControlClient(socket_path(context.config()))))
