"""A unit of work: one actor, one transaction, only their rows, and every change in the log.

A session that nobody can misuse by forgetting: each SELECT gets the actor's condition on each table
(`Base.visible_to`), a change that would go past the log is an error, and so is a new row that its writer
may not see.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import event, insert, inspect, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, UOWTransaction, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption

from ..errors import NotAllowed, NotFound
from .actor import Actor, Role
from .audit import Audit, Did, change_of, key_of
from .base import Base

T = TypeVar("T", bound=Base)


def _now() -> datetime:
    return datetime.now(UTC)


class Work(Session):
    """What one actor reads and changes together.

    Parameters
    ----------
    bind : Connection
        On which a transaction runs.
    actor : Actor
    command : str
        What the log calls this work; a command overrides it with its own name.
    clock : callable
        UTC now.
    """

    def __init__(
        self,
        bind: Connection,
        actor: Actor,
        *,
        command: str = "",
        clock: Callable[[], datetime] = _now,
    ) -> None:
        super().__init__(bind, autoflush=True, expire_on_commit=False)
        self.actor = actor
        self.command = command
        self._clock = clock
        self._scoped = actor.role is not Role.MACHINE
        self._changes: list[tuple[Base, dict[str, Any]]] = []
        self._written: list[Base] = []
        self._scope: tuple[ExecutableOption, ...] | None = None

    @property
    def now(self) -> datetime:
        """UTC."""
        return self._clock()

    @property
    def scope(self) -> tuple[ExecutableOption, ...]:
        """The actor's condition on every table."""
        if not self._scoped:
            return ()
        if self._scope is None:
            self._scope = tuple(
                with_loader_criteria(
                    mapper.class_, mapper.class_.visible_to(self.actor), include_aliases=True
                )
                for mapper in Base.registry.mappers
            )
        return self._scope

    @contextmanager
    def past_the_scope(self) -> Iterator[None]:
        """Read and write what the actor may not see; the log still names them.

        For the few commands that check by other means what they let through, such as a used invitation.
        """
        self.flush()
        before, self._scoped = self._scoped, False
        try:
            yield
            self.flush()
            self._written.clear()
        finally:
            self._scoped = before

    def flush(self, objects: Any = None) -> None:
        """Write what changed, and refuse new rows that the actor may not see."""
        super().flush(objects)
        written, self._written = self._written, []
        if self._scoped:
            for thing in written:
                mapper: Mapper[Any] = inspect(thing).mapper
                key = zip(mapper.primary_key, mapper.primary_key_from_instance(thing), strict=True)
                seen = select(*mapper.primary_key).where(
                    *(column == value for column, value in key), type(thing).visible_to(self.actor)
                )
                if self.connection().execute(seen).first() is None:
                    raise NotAllowed(self.command, self.actor.role)

    def need(self, cls: type[T], key: Any) -> T:
        """Read a row that must be there.

        Raises
        ------
        NotFound
            If there is none that the actor may see: of what others have, not even this is told.
        """
        if (found := self.get(cls, key)) is None:
            raise NotFound(cls.__name__.lower(), str(key))
        return found


@event.listens_for(Work, "do_orm_execute")
def _only_their_rows(state: ORMExecuteState) -> None:
    work = state.session
    assert isinstance(work, Work)
    if not state.is_orm_statement or not state.is_select:
        raise TypeError("Read mapped classes, and change objects: anything else goes past scope and log.")
    # relationships and refreshed columns inherit the conditions of the statement that loaded the object
    if not state.is_column_load and not state.is_relationship_load:
        state.statement = state.statement.options(*work.scope)


@event.listens_for(Work, "before_flush")
def _note_changes(work: Work, context: UOWTransaction, instances: Any) -> None:
    for did, things in (
        (Did.INSERT, work.new),
        (Did.UPDATE, (thing for thing in work.dirty if work.is_modified(thing))),
        (Did.DELETE, work.deleted),
    ):
        for thing in things:
            assert not isinstance(thing, Audit), "the log writes itself"
            if (change := change_of(thing, did)) is not None:
                work._changes.append((thing, change))


@event.listens_for(Work, "after_flush")
def _write_log(work: Work, context: UOWTransaction) -> None:
    changes, work._changes = work._changes, []
    work._written += [thing for thing, change in changes if change["did"] is not Did.DELETE]
    if not changes:
        return
    who = {
        "at": work.now,
        "actor": work.actor.name,
        "role": work.actor.role,
        "command": work.command,
    }
    # `row` and `table` are attributes; Core wants the columns' names
    work.connection().execute(
        insert(Base.metadata.tables[Audit.__tablename__]),
        [
            {
                **who,
                "did": change["did"],
                "table_name": change["table"],
                "row_key": key_of(thing),
                "child_id": change["child_id"],
                "before": change["before"],
                "after": change["after"],
            }
            for thing, change in changes
        ],
    )
