"""``griphub session``: look at a session, and mend whose it was and what was counted."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from .. import config as configuration
from ..config import Config
from ..errors import FieldError
from ..records.vocabulary import Hand, Person
from .common import ConfigOption, JsonOption, out, set_up_logging
from .people_common import done, show

app = typer.Typer(
    help="Sessions: look at one, and mend whose it was or what was counted.", no_args_is_help=True
)

SessionArgument = Annotated[
    str, typer.Argument(metavar="SESSION", help="Its id, or the beginning of it, as `session list` shows it.")
]
ReasonOption = Annotated[str, typer.Option(help="Why, in a sentence; it stays beside the session.")]
ByOption = Annotated[Person, typer.Option(help="Who says so.")]


@app.command("list")
def list_(
    child: Annotated[
        str | None, typer.Argument(metavar="CHILD", help="Id or name; default: everybody.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3660, help="How far back.")] = 14,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List sessions, the latest last; those that somebody corrected are marked."""
    from ..people.home import with_children
    from ..stores import open_store

    set_up_logging()
    settings = with_children(configuration.load(config))
    names = {one.id: one.alias for one in settings.children}
    since = datetime.now(UTC) - timedelta(days=days)
    with closing(open_store(settings, read_only=True)) as store:
        ids = [_child(settings, child)] if child else [one.child_id for one in store.children()]
        points = [point for one in dict.fromkeys(ids) for point in store.trend(one, since=since)]
    rows: list[dict[str, Any]] = [
        {
            "session": str(point.session_id) if as_json else str(point.session_id)[:8],
            "at": point.started_at.isoformat(timespec="seconds"),
            "child": point.child_id if as_json else names.get(point.child_id, point.child_id),
            "hand": point.hand.value,
            "tool": point.tool_id,
            "squeezes": point.squeezes,
            "corrected": point.recorded is not None,
        }
        for point in sorted(points, key=lambda point: point.started_at)
    ]
    show(rows, as_json, f"There was no session in the last {days} days.")


@app.command("show")
def show_(session: SessionArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the squeezes of a session, those that were set aside too, and every correction of it."""
    from ..session.mend import session_of
    from ..stores import open_store

    set_up_logging()
    with closing(open_store(configuration.load(config), read_only=True)) as store:
        detail = session_of(store, session)
    point = detail.point
    aside = {squeeze.event_id for squeeze in detail.set_aside}
    rows: list[dict[str, Any]] = [
        {
            "number": squeeze.number,
            "from_s": round(squeeze.onset_s, 2),
            "to_s": round(squeeze.offset_s, 2),
            "peak": round(squeeze.peak, 2),
            "unit": squeeze.unit.value,
            "set_aside": squeeze.event_id in aside,
            "doubtful": ", ".join(squeeze.doubtful),
        }
        for squeeze in sorted((*detail.squeezes, *detail.set_aside), key=lambda one: one.onset_s)
    ]
    if as_json:
        recorded = point.recorded
        done(
            {
                "session": str(point.session_id),
                "child": point.child_id,
                "hand": point.hand.value,
                "squeezes": rows,
                "recorded": recorded
                and {"child": recorded.child_id, "hand": recorded.hand.value, "squeezes": recorded.squeezes},
                "corrections": [one.model_dump(mode="json", by_alias=True) for one in detail.corrections],
            },
            as_json,
            "",
        )
        return
    show(rows, as_json, "No squeeze was counted.")
    for one in detail.corrections:
        said = one.by or "somebody"
        out.print(escape(f"{one.corrected_at:%Y-%m-%d %H:%M} UTC, {said}: {one.reason}"))


@app.command("reassign")
def reassign(
    session: SessionArgument,
    reason: ReasonOption,
    child: Annotated[str | None, typer.Option(help="Id or name of the child whose it is.")] = None,
    hand: Annotated[Hand | None, typer.Option(help="The hand that it was.")] = None,
    by: ByOption = Person.PARENT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a session to the right child or hand. What was recorded stays visible beside it."""
    from ..people.home import with_children
    from ..session.mend import Mender, session_of, what_moves_along
    from ..stores import open_store
    from ..taking_in import take_in

    set_up_logging()
    settings = with_children(configuration.load(config))
    if child is None and hand is None:
        raise FieldError("child", "nothing is said that was wrong", "Say --child, --hand, or both.")
    to_child = _child(settings, child) if child else None
    with closing(open_store(settings, read_only=True)) as store:
        detail = session_of(store, session)
        made = Mender(settings, detail, by=by, reason=reason, now=datetime.now(UTC)).reassign(to_child, hand)
        point = detail.point
        along = list(what_moves_along(store, point, to_child or point.child_id, hand or point.hand))
    take_in(settings, [made, *along])
    done(
        made.model_dump(mode="json", by_alias=True),
        as_json,
        f"The session is {child or point.child_id}'s now, {hand or point.hand} hand.",
    )


@app.command("correct")
def correct(
    session: SessionArgument,
    reason: ReasonOption,
    remove: Annotated[list[int] | None, typer.Option(help="Number of a squeeze that was none.")] = None,
    restore: Annotated[list[int] | None, typer.Option(help="Number of one that was one after all.")] = None,
    doubt: Annotated[list[int] | None, typer.Option(help="Number of one that is doubtful.")] = None,
    add: Annotated[
        list[str] | None, typer.Option(help="One that was not counted, as FROM-TO in seconds: 12.5-14.")
    ] = None,
    by: ByOption = Person.PARENT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Correct the count of a session by hand. What was counted stays visible beside it."""
    from ..session.mend import Mender, session_of
    from ..stores import open_store
    from ..taking_in import take_in

    set_up_logging()
    settings = configuration.load(config)
    with closing(open_store(settings, read_only=True)) as store:
        mender = Mender(settings, session_of(store, session), by=by, reason=reason, now=datetime.now(UTC))
    wanted: tuple[tuple[list[int] | None, Literal["removed", "restored", "doubtful"]], ...] = (
        (remove, "removed"),
        (restore, "restored"),
        (doubt, "doubtful"),
    )
    # all are made before the first is told: one that cannot be leaves nothing behind
    made = [mender.judge(number, verdict) for numbers, verdict in wanted for number in numbers or ()]
    made += [mender.add(*_span(span)) for span in add or ()]
    if not made:
        raise FieldError("session", "nothing is said that was wrong", "Say --remove, --add or another.")
    take_in(settings, made)
    rows = [event.model_dump(mode="json", by_alias=True) for event in made]
    done({"corrections": rows}, as_json, f"{len(made)} corrections are on their way.")


def _span(text: str) -> tuple[float, float]:
    first, _, last = text.partition("-")
    try:
        return float(first), float(last)
    except ValueError:
        raise FieldError("add", f"{text!r} is no span of seconds", "Write it as 12.5-14.") from None


def _child(config: Config, name: str) -> str:
    for child in config.children:
        if name.casefold() in (child.id, child.alias.casefold()):
            return child.id
    known = ", ".join(child.alias for child in config.children) or "nobody"
    raise FieldError("child", f"there is no {name} here", f"Known are {known}; `griphub child add` adds one.")
