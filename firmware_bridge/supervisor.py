"""Every tool of this hub kept connected, on one radio or several, whatever happens to either."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from .bumble_radio import Passkey
from .clock import HostClock
from .discovery import Advertisement
from .heard import Heard
from .link_state import LinkLog
from .radio import Radio
from .tool import ToolClient

Serve = Callable[[ToolClient], Awaitable[None]]
Wanted = Callable[[Advertisement], str | None]


class ClientFor(Protocol):
    """Makes the client for a device, still to be entered."""

    def __call__(self, heard: Heard, previous: ToolClient | None) -> ToolClient:
        """`previous` had the last link with this device: a stream can be carried over from it."""


class LinkSupervisor:
    """Connects to every wanted tool that is heard, and again after every loss.

    Parameters
    ----------
    radios : sequence of str
        See `open_adapter`. A tool heard by several is connected by the one that is bonded with it, has room
        and hears it best.
    client_for : callable
        Makes the client for a device.
    serve : callable
        Is given a connected tool, and uses it until it says that it sleeps, or raises.
    wanted : callable
        Under which tool id a device is used here; None to leave it alone.
    log : LinkLog
        Takes every change, in words.
    clock : HostClock
        Real time: radios know no other.
    bonds : Path, optional
        Folder for keys, as for `open_adapter`; the first radio has it, further ones a folder in it each.
    passkey : callable, optional
        As for `open_adapter`.

    Attributes
    ----------
    radios : tuple of Radio
    log : LinkLog
    """

    radios: tuple[Radio, ...]
    log: LinkLog

    def __init__(
        self,
        radios: Sequence[str],
        *,
        client_for: ClientFor,
        serve: Serve,
        wanted: Wanted,
        log: LinkLog,
        clock: HostClock,
        bonds: Path | None = None,
        passkey: Passkey | None = None,
    ) -> None: ...

    async def run(self) -> None:
        """Serve until cancelled; then release every tool, so that a phone can have it."""

    def heard(self) -> list[Heard]:
        """Every device heard lately, wanted or not, strongest first."""
        raise NotImplementedError

    def following(self) -> AbstractAsyncContextManager[AsyncIterator[Heard]]:
        """Follow all advertisements; a reader that is too slow loses the oldest."""
        raise NotImplementedError

    def hold(self, address: str) -> AbstractAsyncContextManager[None]:
        """Have a device to oneself: its link is ended and not made again meanwhile.

        To connect to it, make a client on the adapter that hears it (`Heard.adapter`): an adapter makes one
        link at a time, whoever asks.
        """
        raise NotImplementedError

    def clients(self) -> Mapping[str, ToolClient]:
        """Connected tools by tool id, to let them blink or ask their battery."""
        raise NotImplementedError

    def reconsider(self) -> None:
        """Ask `wanted` anew about every device: a tool was paired, or is forgotten."""
