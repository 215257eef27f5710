"""Who is looking at this page, and what they may see: asked anew each time that a page is drawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import streamlit as st
from starlette.requests import HTTPConnection

from ..firmware_bridge.errors import GripError
from ..hub.database.actor import Role
from ..hub.database.work import Work
from ..hub.errors import NotAllowed, StoreError
from ..hub.people import model, places
from ..hub.people.sign_in import Known, known
from ..hub.records.vocabulary import Hand
from . import context
from .results import Results, SimulatedResults

#: Who looks at the page that is being drawn; None where no run of the router draws.
_looking: ContextVar[Known | None] = ContextVar("looking", default=None)


class SignedOut(GripError):
    """Nobody is signed in any more in this browser."""

    def __init__(self) -> None:
        super().__init__("You are not signed in any more. Load the page again and sign in.")


@dataclass(frozen=True, slots=True)
class Child:
    """A child whom the viewer knows.

    Attributes
    ----------
    id : str
        As in topics and stores.
    alias : str
        What the viewer calls them; never part of an address.
    goal : int
        Squeezes in a session where no program says otherwise.
    dominant_hand : Hand or None
    """

    id: str
    alias: str
    goal: int = 0
    dominant_hand: Hand | None = None


def token() -> str:
    """What this browser's cookie holds."""
    return st.context.cookies.get(context.cookie(), "")


def current() -> Known:
    """Who is looking, and in which role; asked of the database, but within `one_run` once.

    Raises
    ------
    SignedOut
        If their session is over.
    """
    if (who := _looking.get() or known(context.database(), token())) is None:
        raise SignedOut
    return who


@contextmanager
def one_run() -> Iterator[Known]:
    """Remember who is looking while a page is drawn. What a press does, and a fragment's own runs, ask anew.

    Raises
    ------
    SignedOut
        As `current`.
    """
    who = current()
    before = _looking.set(who)
    try:
        yield who
    finally:
        _looking.reset(before)


def role() -> Role:
    """In which role they are looking."""
    return current().actor.role


def still(*roles: Role) -> bool:
    """Whether the viewer is signed in, in one of these roles. What a press does runs before its page asks."""
    try:
        return role() in roles
    except (SignedOut, StoreError):
        return False


@contextmanager
def reading() -> Iterator[Work]:
    """Read people and programs as the viewer."""
    with context.database().reading(current().actor, "dashboard") as work:
        yield work


@contextmanager
def changing() -> Iterator[Work]:
    """Change something as the viewer, all of it or nothing; commands name themselves in the log."""
    with context.database().work(current().actor, "dashboard") as work:
        yield work


def children() -> list[Child]:
    """Children whom the viewer knows by name, by name."""
    with reading() as work:
        return [Child(one.id, one.name, one.goal, one.dominant_hand) for one in places.children(work)]


def results() -> Results:
    """Results of those children whose results the viewer may see; of nobody for an admin."""
    who = current()
    ids = [] if who.actor.role is Role.ADMIN else [child.id for child in children()]
    return Results(context.store(), ids)


def simulated() -> SimulatedResults:
    """What simulated tools measured; for an admin alone.

    Raises
    ------
    NotAllowed
        For everybody else: they read their own children's results.
    """
    if (who := role()) is not Role.ADMIN:
        raise NotAllowed("What simulated tools measured", who)
    return SimulatedResults(context.store())


def may_watch(connection: HTTPConnection, child_id: str) -> bool:
    """Whether the viewer at the other end of a socket may see what a child does right now.

    Raises
    ------
    StoreError, SetupError
        If nobody can be looked up.
    """
    who = known(context.database(), connection.cookies.get(context.cookie(), ""))
    if who is None or who.actor.role is Role.ADMIN:
        return False
    with context.database().reading(who.actor, "dashboard.live") as work:
        return work.get(model.Child, child_id) is not None
