"""Who was erased here: what still comes of them, from a tool's log or another hub's outbox, is refused.

Only a hash of the random id is kept, so that a search for the id finds nothing.
"""

import hashlib
import json
from pathlib import Path
from typing import Final

from ..errors import StoreError
from ..private_file import write_private
from ..records.event import Event

FILE: Final = "erased.json"


class Erased:
    """The children that were erased, in a file that another process may add to. Thread-safe.

    Parameters
    ----------
    folder : Path
        The data folder.

    Examples
    --------
    >>> import tempfile
    >>> erased = Erased(Path(tempfile.mkdtemp()))
    >>> erased.add("c-4f21")
    >>> "c-4f21" in erased, "c-77aa" in erased
    (True, False)
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._read: tuple[tuple[int, int], frozenset[str]] = ((0, 0), frozenset())

    def __contains__(self, child_id: str) -> bool:
        return _hash(child_id) in self._hashes()

    def add(self, child_id: str) -> None:
        """Remember that a child was erased; durable before it returns.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        hashes = sorted(self._hashes() | {_hash(child_id)})
        try:
            write_private(self._path, json.dumps(hashes, indent=1) + "\n")
        except OSError as error:
            raise StoreError(
                "erased", f"{error} ({self._path})", "Make the data folder writable and erase again."
            ) from error

    def concerns(self, event: Event) -> bool:
        """Whether an event tells of a child that was erased."""
        child_id = getattr(event, "child_id", None)
        return child_id is not None and child_id in self

    def _hashes(self) -> frozenset[str]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return frozenset()
        version = found.st_mtime_ns, found.st_ino  # a new file takes the old one's place
        if self._read[0] != version:
            try:
                self._read = version, frozenset(json.loads(self._path.read_text()))
            except (OSError, ValueError) as error:
                raise StoreError(
                    "erased",
                    f"{self._path} cannot be read: {error}",
                    "Restore it from a backup; until then nothing is taken in, so that nobody who was erased "
                    "comes back.",
                ) from error
        return self._read[1]


def _hash(child_id: str) -> str:
    return hashlib.sha256(f"griphub:{child_id}".encode()).hexdigest()
