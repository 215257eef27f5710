"""``griphub program tell``, ``notes``, ``post``, ``key``, ``trust``: between clinic and home."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from .. import config as configuration
from .common import ConfigOption, JsonOption, out
from .here import ChildArgument, here, say_that_it_travels

if TYPE_CHECKING:
    from ..program.outgoing import Post


def tell(
    child: ChildArgument,
    words: Annotated[str, typer.Argument(help="In your own words.")],
    from_family: Annotated[
        bool, typer.Option("--from-family", help="At home: the family writes to the therapist.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Write to a child's family, or from it to the therapist; it goes by itself."""
    from ..program.home import child_id_of
    from ..program.post import write_note

    with here(config) as home:
        with home.database.work(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
            write_note(work, child_id, words, from_family=from_family)
        out.print("Noted.")
        say_that_it_travels(home, child_id)


def show_notes(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read what therapist and family wrote to each other about a child."""
    from dataclasses import asdict

    from ..program.conversation import conversation
    from ..program.home import child_id_of

    with here(config) as home, home.database.reading(home.actor) as work:
        found = conversation(work, home.config, child_id_of(work, home.config, child))
    if as_json:
        out.print_json(json.dumps([asdict(one) for one in found], default=str))
        return
    for one in found:
        who = "family" if one.from_family else "therapist"
        way = "" if one.delivered_at else "  (on its way)"
        out.print(f"{_minute(one.written_at)}  {who}: {escape(one.words)}{way}", soft_wrap=True)
    if not found:
        out.print("Nothing yet.")


def key(config: ConfigOption = None) -> None:
    """Print the key with which this clinic signs programs, for `griphub program trust` at each home."""
    from ..program.keys import shown, signing_key

    out.print(shown(signing_key(configuration.load(config)).public_key()), soft_wrap=True)


def trust_key(
    key: Annotated[str, typer.Argument(help="As `griphub program key` prints it at the clinic.")],
    config: ConfigOption = None,
) -> None:
    """Take programs that are signed with a clinic's key from now on."""
    from ..program.keys import trust

    trust(configuration.load(config), key)
    out.print("Programs that are signed with it are taken from now on.")


def post(
    children: Annotated[list[str], typer.Argument(metavar="CHILD…", help="Ids or names of children.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether programs and notes are at the homes. They go by themselves, for as long as ingest runs."""
    from dataclasses import asdict

    from ..program.home import child_id_of
    from ..program.outgoing import post_of

    with here(config) as home, home.database.reading(home.actor) as work:
        found = {}
        for child in children:
            child_id = child_id_of(work, home.config, child)
            found[child_id] = post_of(work, home.config, child_id)
    if as_json:
        rows = [{"child": child_id, **asdict(one)} for child_id, one in found.items()]
        out.print_json(json.dumps(rows, default=str))
        return
    for child_id, one in found.items():
        out.print(f"{child_id}: {escape(_stands(one))}.", soft_wrap=True)


def _stands(post: "Post") -> str:
    from ..program.outgoing import Stand

    said = {
        Stand.NOTHING: "there is nothing to send",
        Stand.HERE: "the home is here; what you change is there at once",
        Stand.NO_HOME: "waits until the family has a hub",
        Stand.WAITING: f"waits since {_minute(post.changed_at)}; see that ingest and the broker run",
        Stand.AT_BROKER: f"sent on {_minute(post.sent_at)}; the home finds it when it is back",
        Stand.TAKEN: f"taken by the home on {_minute(post.taken_at)}",
        Stand.REFUSED: f"not taken: {post.problem}",
    }
    return said[post.stand]


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "–"
