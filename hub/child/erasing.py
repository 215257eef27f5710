"""Erases a child from every place, and looks afterwards whether anything is left."""

import re
import shutil
import socket
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from ..config import Config
from ..errors import SetupError
from ..lock import only_hub
from .erased import Erased
from .places import mentions, places, sessions_of
from .relational import DatabasePlace
from .retained import take_back

#: Bytes of a file searched at once, and how much of them is looked at again with the next: no id is longer.
_PIECE: Final = 1 << 22
_OVERLAP: Final = 128


@dataclass(frozen=True, slots=True)
class Cleared:
    """One place: how much was there of the child, and how much is."""

    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Report:
    """What an erasure did.

    Attributes
    ----------
    places : tuple of Cleared
    searched : tuple of Path
        Files that were read from the first byte to the last afterwards.
    left : tuple of Path
        Those in which the child's id, or that of one of their sessions, was found.
    elsewhere : tuple of str
        Sentences about what could not be reached from here.
    """

    places: tuple[Cleared, ...]
    searched: tuple[Path, ...]
    left: tuple[Path, ...]
    elsewhere: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing was found any more."""
        return not self.left and not any(place.after for place in self.places)


def count(config: Config, child_id: str) -> dict[str, int]:
    """How much there is of a child, by place."""
    return {place.name: place.count(child_id) for place in places(config, child_id)}


def erase(config: Config, config_file: Path, child_id: str) -> Report:
    """Erase a child. May be called again: after an interruption it goes on.

    Raises
    ------
    SetupError
        If the hub or its broker runs, or the configuration still names the child: what is erased would be
        measured anew.
    StoreError
        If a place cannot be reached; what is erased by then is erased.
    """
    if any(child.id == child_id for child in config.children):
        raise SetupError(
            f"{child_id} is still among [[children]] in {config_file}",
            "Take them, and their [[tools]], out of that file first; else they would be measured anew.",
        )
    with only_hub(config.data_dir):
        sessions, found = sessions_of(config, child_id), places(config, child_id)
        Erased(config.data_dir).add(child_id)  # first: what comes meanwhile is refused
        elsewhere = _empty_broker(config, child_id)
        cleared = []
        for place in found:
            before = place.count(child_id)
            place.erase(child_id)
            cleared.append(Cleared(place.name, before, place.count(child_id)))
        searched = tuple(_files(config, config_file))
        left = tuple(path for path in searched if _found_in(path, child_id, sessions))
    if config.store.kind == "influxdb":
        elsewhere.append("InfluxDB takes deleted points off its disk when it next compacts its files.")
    elsewhere.append(
        "Backups that were made before still hold the child: delete them, or erase again after a restore."
    )
    return Report(tuple(cleared), searched, left, tuple(elsewhere))


def _empty_broker(config: Config, child_id: str) -> list[str]:
    """Take what the home's broker has on its way or retains; outboxes send again what is not the child's.

    From another's broker only what is retained of the child can be taken.
    """
    said: list[str] = []
    for there in (config, config.at_clinic):
        if there is not None and there.broker.host is not None:
            homes = DatabasePlace(config).homes(child_id) | {(config.site, config.hub)}
            said += [
                f"Messages on their way at {there.broker.host} cannot be reached from here; ingest refuses "
                "the child's from now on.",
                *take_back(there, child_id, homes),
            ]
    if config.broker.host is not None:
        return said
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", config.broker.port)) == 0:
            raise SetupError("The broker is running", "Stop GripHub, erase, and start it again.")
    shutil.rmtree(config.data_dir / "broker" / "jetstream", ignore_errors=True)
    return said


def _files(config: Config, config_file: Path) -> Iterator[Path]:
    yield from sorted(path for path in config.data_dir.rglob("*") if path.is_file() and not path.is_symlink())
    if config_file.exists():
        yield config_file


def _found_in(path: Path, child_id: str, sessions: Collection[UUID]) -> bool:
    """Whether a file has the id anywhere, also in free pages of a database, or names one of the sessions."""
    patterns = [mentions(child_id)]
    forms = [form for session in sessions for form in (str(session).encode(), session.bytes)]
    if forms:
        patterns.append(re.compile(b"|".join(map(re.escape, forms))))
    with path.open("rb") as file:
        tail = b""
        while piece := file.read(_PIECE):
            if any(pattern.search(tail + piece) for pattern in patterns):
                return True
            tail = piece[-_OVERLAP:]
    return mentions(child_id).search(str(path).encode()) is not None
