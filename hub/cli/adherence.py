"""``griphub adherence``: how much of what was asked was done."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from ..program.adherence import WINDOWS, Adherence, DayStatus
from ..records.vocabulary import Evidence
from .common import ConfigOption, JsonOption, out
from .here import ChildArgument, here

if TYPE_CHECKING:
    from ..program.reading import Picture

_SIGNS = {
    DayStatus.DONE: "●",
    DayStatus.PARTLY: "◐",
    DayStatus.MISSED: "○",
    DayStatus.FREE: "·",
    DayStatus.PAUSED: "P",
    DayStatus.UNKNOWN: "?",
    DayStatus.NOT_YET: " ",
    DayStatus.NO_PROGRAM: " ",
}
_LEGEND = "● done  ◐ partly  ○ not done  · not asked that day  P paused  ? not known"


def adherence(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say how much of the program was done in the last 7 and 28 days, and how that is known."""
    from ..program.home import child_id_of
    from ..program.reading import picture
    from ..stores import open_store

    with here(config) as home:
        with home.database.reading(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
        store = open_store(home.config, read_only=True)
        try:
            now = datetime.now(UTC)
            found = picture(home.config, home.database, store, home.actor, child_id, now=now)
        finally:
            store.close()
    if as_json:
        out.print_json(json.dumps(as_dict(found)))
    else:
        _print(found)


def reminders(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say what is left of today in which slot, and of what the running hub reminded the family."""
    from ..control.address import socket_path
    from ..control.client import ControlClient
    from ..program.home import child_id_of, zone_of

    with here(config) as home, home.database.reading(home.actor) as work:
        child_id, zone = child_id_of(work, home.config, child), zone_of(home.config)
    found = asyncio.run(ControlClient(socket_path(home.config)).reminders_today(child_id))
    if as_json:
        out.print_json(found.model_dump_json())
        return
    if found.quiet:
        out.print(f"Quiet hours until {found.quiet_to:%H:%M}: nobody is reminded now.")
    for one in found.slots:
        at = f"{one.at:%H:%M}" if one.at else "  –  "
        what = f"{', '.join(one.left)} left" if one.left else "done"
        told = f", reminded at {one.reminded_at.astimezone(zone):%H:%M}" if one.reminded_at else ""
        now = ", now" if one.due else ""
        out.print(f"{at}  {one.slot.replace('_', ' ')}: {escape(what)}{told}{now}", soft_wrap=True)
    if not found.slots:
        out.print("Nothing is left of today.")


def alerts(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say what somebody should look at: nothing done, pain, decline, a silent tool, a battery."""
    from ..program.attention import attention, strength
    from ..program.home import child_id_of
    from ..program.reading import picture
    from ..stores import open_store
    from ..tools import registered

    now = datetime.now(UTC)
    with here(config) as home:
        with home.database.reading(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
        store = open_store(home.config, read_only=True)
        try:
            seen = picture(home.config, home.database, store, home.actor, child_id, now=now)
            tools, tests, sessions = store.tools(), store.strength_tests(child_id), store.trend(child_id)
        finally:
            store.close()
        wanted = [(tool.id, tool.hand) for tool in registered(home.config) if tool.child == child_id]
    found = attention(seen, strength(seen, sessions, tests), now=now, tools=tools, used=wanted)
    if as_json:
        rows = [
            {"key": one.key, "cause": one.cause, "for": sorted(one.audience), "words": one.words}
            for one in found
        ]
        out.print_json(json.dumps(rows))
        return
    for one in found:
        out.print(f"{', '.join(sorted(one.audience))}: {escape(one.words)}", soft_wrap=True)
    if not found:
        out.print("Nothing to look at.")


def as_dict(found: "Picture") -> dict[str, Any]:
    """The numbers for scripts."""
    gap = found.doings.gap()
    return {
        "child": found.child_id,
        "today": found.today.isoformat(),
        "windows": {str(window): _window(found.doings.adherence(window)) for window in WINDOWS},
        "gap": {
            "days": gap.days,
            "since": gap.since.isoformat() if gap.since else None,
            "too_long": gap.too_long,
        },
        "days": {day.isoformat(): found.doings.status(day) for day in _days(found)},
        "due_today": [
            {"item": item.id, "done": round(did.share, 3)} for item, did in found.doings.due(found.today)
        ],
    }


def _window(one: Adherence) -> dict[str, Any]:
    return {
        "percent": _rounded(one.percent),
        "done_days": _rounded(one.done_days),
        "asked_days": _rounded(one.asked_days),
        "by_evidence": {evidence: _rounded(one.percent_by(evidence)) for evidence in Evidence},
        "dose": {
            unit: {"done": _rounded(d.done), "asked": _rounded(d.asked), "percent": _rounded(d.percent)}
            for unit, d in one.dose.items()
        },
        "dose_together_percent": _rounded(one.together.percent),
        "paused_days": len(one.paused),
        "unknown_days": len(one.unknown),
    }


def _print(found: "Picture") -> None:
    if not found.history.versions:
        out.print("There is no program yet. `griphub program set` makes one.")
        return
    table = Table(
        "", "done", "by tool", "ticked", "seen by therapist", "dose", "paused", "not known", box=None
    )
    for window in WINDOWS:
        one = found.doings.adherence(window)
        table.add_row(
            f"last {window} days",
            _percent(one.percent),
            *(_percent(one.percent_by(evidence)) for evidence in Evidence),
            ", ".join(f"{_percent(dose.percent)} of {unit}" for unit, dose in one.dose.items()),
            str(len(one.paused)),
            str(len(one.unknown)),
        )
    out.print(table)
    signs = "".join(_SIGNS[found.doings.status(day)] for day in _days(found))
    weeks = "  ".join(signs[n : n + 7] for n in range(0, 28, 7))
    out.print(f"\nLast 28 days, today is the last: {weeks}", soft_wrap=True)
    out.print(f"[dim]{_LEGEND}[/]", soft_wrap=True)
    gap = found.doings.gap()
    if gap.too_long:
        since = f"since {gap.since}" if gap.since else "since the program began"
        out.print(f"Nothing was done {since}: {gap.days} days. Ask the family how things are.")
    for item, did in found.doings.due(found.today):
        out.print(f"today: {escape(item.id)} {_percent(100 * did.share)}")


def _days(found: "Picture") -> Iterator[Any]:
    return (found.today - timedelta(days=n) for n in range(27, -1, -1))


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} %"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
