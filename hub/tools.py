"""The tools of this home: who uses which with which hand, and who did before.

A tool comes in by pairing (`ToolRegistry.add`) or by ``[[tools]]`` of the configuration, which wins and
cannot be changed from here.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from .config import Config, ToolConfig
from .errors import RegistryError
from .people.home import Household
from .records.ids import Id
from .records.vocabulary import Hand
from .sqlite_file import connect, store_errors
from .utc import utc

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tool (
    tool_id TEXT PRIMARY KEY,
    driver TEXT NOT NULL,
    title TEXT NOT NULL,
    address TEXT NOT NULL,
    paired_at REAL NOT NULL,
    forgotten_at REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tool_use (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tool_id TEXT NOT NULL REFERENCES tool,
    child TEXT NOT NULL,
    hand TEXT NOT NULL,
    since REAL NOT NULL
);
"""

FILE: Final = "tools.db"

#: A home has a handful, a clinic some dozens. More is a mistake, and would slow every look-up.
MAX_TOOLS: Final = 500

_ID: Final[TypeAdapter[str]] = TypeAdapter(Id)


class HomeTool(BaseModel):
    """A tool of this home."""

    model_config = ConfigDict(frozen=True)

    id: Id
    child: Id
    hand: Hand
    driver: str = "griphub"  #: name of the driver that reads it
    title: str = ""  #: what a parent would call it
    address: str = ""  #: radio address, empty where only the configuration knows the tool
    paired_at: AwareDatetime | None = None  #: None where only the configuration knows the tool
    configured: bool = False  #: `child` and `hand` stand in the configuration, to be changed there


class ToolUse(BaseModel):
    """Who used a tool with which hand, from when on."""

    model_config = ConfigDict(frozen=True)

    child: Id
    hand: Hand
    since: AwareDatetime


class ToolRegistry:
    """The tools of this home, in an SQLite file that another process may write too. Thread-safe.

    Parameters
    ----------
    path : Path
        The file; made with its folder when missing.
    config : Config
        Of the home, whose children may have tools; it may name tools of its own.

    Raises
    ------
    StoreError
        From every method, when the disk does not take or give data.
    """

    def __init__(self, path: Path, config: Config) -> None:
        self._path = path
        self._household = Household(config)
        self._configured = {tool.id: tool for tool in config.tools}
        self._lock = threading.Lock()
        self._seen: int | None = None  # version of the file that `_tools` was read from
        self._tools: dict[str, HomeTool] = {}
        with store_errors("tools", path):
            self._db = connect(path, _SCHEMA, version=1)

    def all(self) -> tuple[HomeTool, ...]:
        """Every tool, by id."""
        return tuple(self._read().values())

    def get(self, tool_id: str) -> HomeTool | None:
        """A tool; None if it is not of this home."""
        return self._read().get(tool_id)

    def knows(self, tool_id: str, address: str) -> bool:
        """Whether a device is a tool of this home; a paired one is known by its address too."""
        tool = self.get(tool_id)
        return tool is not None and tool.address in ("", address)

    def use(self, tool_id: str) -> ToolConfig | None:
        """Who uses a tool with which hand; None if nobody here does, or the child is not here any more."""
        tool = self.get(tool_id)
        if tool is None or tool.child not in self._household.ids():
            return None
        return ToolConfig(id=tool.id, child=tool.child, hand=tool.hand)

    def use_at(self, now: ToolConfig, at_s: float) -> ToolConfig:
        """Who used a tool at a Unix time, given who uses it now.

        What it recorded before it came here is the first child's. A child who is not here any more, or a
        tool that stands in the configuration, leaves it with who uses it now.
        """
        tool = self.get(now.id)
        uses = self.history(now.id)
        if not uses or tool is None or tool.configured:
            return now
        use = next((use for use in reversed(uses) if use.since.timestamp() <= at_s), uses[0])
        return (
            ToolConfig(id=now.id, child=use.child, hand=use.hand)
            if use.child in self._household.ids()
            else now
        )

    def history(self, tool_id: str) -> tuple[ToolUse, ...]:
        """Who has used a tool since it was first paired, oldest first; a forgotten tool keeps its history."""
        with self._lock, store_errors("tools", self._path):
            rows = self._db.execute(
                "SELECT child, hand, since FROM tool_use WHERE tool_id = ? ORDER BY seq", (tool_id,)
            ).fetchall()
        return tuple(ToolUse(child=child, hand=Hand(hand), since=utc(since)) for child, hand, since in rows)

    def add(
        self, tool_id: str, child: str, hand: Hand, *, driver: str, title: str, address: str, at_s: float
    ) -> HomeTool:
        """Take in a tool that was paired, or paired anew.

        Parameters
        ----------
        at_s : float
            Unix time.

        Raises
        ------
        RegistryError
            If there is no such child, or the configuration gives the tool to another one.
        """
        self._check(tool_id, child, hand)
        with self._transaction() as db:
            db.execute(
                """INSERT INTO tool VALUES (?, ?, ?, ?, ?, NULL) ON CONFLICT (tool_id) DO UPDATE SET
                   driver = excluded.driver, title = excluded.title, address = excluded.address,
                   paired_at = excluded.paired_at, forgotten_at = NULL""",
                (tool_id, driver, title, address, at_s),
            )
            _note_use(db, tool_id, child, hand, at_s)
        return self._read()[tool_id]

    def assign(self, tool_id: str, child: str, hand: Hand, *, at_s: float) -> HomeTool:
        """Give a tool to another child or hand; what was before stays as history.

        Raises
        ------
        RegistryError
            If there is no such tool or child, or the configuration says who uses it.
        """
        self._known(tool_id)
        self._check(tool_id, child, hand)
        with self._transaction() as db:
            _note_use(db, tool_id, child, hand, at_s)
        return self._read()[tool_id]

    def forget(self, tool_id: str, *, at_s: float) -> HomeTool:
        """Let a tool be nobody's here; returns what it was.

        Raises
        ------
        RegistryError
            If there is no such tool, or it stands in the configuration.
        """
        tool = self._known(tool_id)
        if tool.configured:
            raise RegistryError(
                tool_id,
                "{tool_id} stands in the configuration file",
                "Remove it from [[tools]] there, and start GripHub again.",
                tool_id=tool_id,
            )
        with self._transaction() as db:
            db.execute("UPDATE tool SET forgotten_at = ? WHERE tool_id = ?", (at_s, tool_id))
        return tool

    def close(self) -> None:
        """Let go of the file."""
        self._household.close()
        with self._lock:
            self._db.close()

    def _known(self, tool_id: str) -> HomeTool:
        if tool := self.get(tool_id):
            return tool
        raise RegistryError(
            tool_id,
            "There is no tool {tool_id} here",
            "`griphub tools` lists those that there are.",
            tool_id=tool_id,
        )

    def _check(self, tool_id: str, child: str, hand: Hand) -> None:
        try:
            _ID.validate_python(tool_id)
        except ValidationError:
            raise RegistryError(
                tool_id,
                "{tool_id} is no serial number that GripHub can use",
                "It takes a-z, 0-9, - and _, at most 48 of them; ask the maker of the tool.",
                tool_id=repr(tool_id),
            ) from None
        if child not in self._household.ids():
            raise RegistryError(
                tool_id,
                "There is no child {child} here",
                "Add the child with `griphub child add`.",
                child=child,
            )
        fixed = self._configured.get(tool_id)
        if fixed and (fixed.child, fixed.hand) != (child, hand):
            raise RegistryError(
                tool_id,
                "The configuration file says that {tool_id} is another child's or hand's",
                "Change it in [[tools]] there, and start GripHub again.",
                tool_id=tool_id,
            )
        if tool_id not in self._read() and len(self._read()) >= MAX_TOOLS:
            raise RegistryError(
                tool_id,
                "This home has {most} tools already",
                "Remove one with `griphub tools forget`.",
                most=MAX_TOOLS,
            )

    def _read(self) -> dict[str, HomeTool]:
        with self._lock, store_errors("tools", self._path):
            # counts what other connections committed; our own `_transaction` resets `_seen`
            version = int(self._db.execute("PRAGMA data_version").fetchone()[0])
            if version != self._seen:
                self._tools, self._seen = self._load(), version
            return self._tools

    def _load(self) -> dict[str, HomeTool]:
        rows: list[Any] = self._db.execute(
            """SELECT tool_id, child, hand, driver, title, address, paired_at
               FROM tool JOIN tool_use USING (tool_id)
               WHERE forgotten_at IS NULL
                 AND seq = (SELECT max(seq) FROM tool_use AS latest WHERE latest.tool_id = tool.tool_id)"""
        ).fetchall()
        tools = {
            tool_id: HomeTool(
                id=tool_id,
                child=child,
                hand=hand,
                driver=driver,
                title=title,
                address=address,
                paired_at=utc(paired_at),
            )
            for tool_id, child, hand, driver, title, address, paired_at in rows
        }
        for tool_id, fixed in self._configured.items():
            stated = {"child": fixed.child, "hand": fixed.hand, "configured": True}
            paired = tools.get(tool_id)
            tools[tool_id] = paired.model_copy(update=stated) if paired else HomeTool(id=tool_id, **stated)
        return dict(sorted(tools.items()))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, store_errors("tools", self._path), self._db as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            self._seen = None


def _note_use(db: sqlite3.Connection, tool_id: str, child: str, hand: Hand, at_s: float) -> None:
    last = db.execute(
        "SELECT child, hand FROM tool_use WHERE tool_id = ? ORDER BY seq DESC LIMIT 1", (tool_id,)
    ).fetchone()
    if last != (child, hand):
        db.execute(
            "INSERT INTO tool_use (tool_id, child, hand, since) VALUES (?, ?, ?, ?)",
            (tool_id, child, hand, at_s),
        )


def registered(config: Config) -> tuple[HomeTool, ...]:
    """Every tool of a home, without keeping the file open."""
    registry = ToolRegistry(config.data_dir / FILE, config)
    try:
        return registry.all()
    finally:
        registry.close()
