"""The family's first page: what to do today, in big tiles, what is done, and what comes next."""

from datetime import UTC, datetime
from html import escape
from typing import Final

import streamlit as st

from ...hub.program import did
from ...hub.program.prescription import Item
from ...hub.records.said import ActivityDone
from ...hub.records.vocabulary import Evidence
from .. import context, dose_words, telling, viewer, words
from ..i18n import N_, _, ngettext
from ..queries import today as queries
from ..queries.today import InSlot, Tile, Today
from . import breaks, exercise, family, how, layout, news, ticking

_TITLE: Final = N_("Today for {alias}")


def page() -> None:
    """Draw the page."""
    with layout.store_screen(), family.frame():
        if child := layout.chosen_child(viewer.children(), _(_TITLE), _("Today")):
            _draw(child)


def _draw(child: viewer.Child) -> None:
    today = queries.today(
        context.config(),
        context.database(),
        telling.results(),
        viewer.current().actor,
        child.id,
        now=datetime.now(UTC),
        tools=viewer.results().tools(),
    )
    family.flash()
    _hero(child, today)
    with family.section("news"):
        news.news(child, today)
    with family.section("asked"):
        if today.program is None:
            _no_program(child)
        else:
            news.training(child, today)
            for one in today.left:
                _slot(child, today, one)
    with family.section("done"):
        _done(child, today)
    with family.section("else"):
        ticking.something_else(child, today)
    with family.section("break"):
        breaks.form(child, today)


def _hero(child: viewer.Child, today: Today) -> None:
    ring = _ring(len(today.done), today.asked) if today.asked else ""
    chip = ""
    if len(today.practised) > 1:
        kept = ngettext(
            "{number} practice day without a long break",
            "{number} practice days without a long break",
            len(today.practised),
        )
        chip = f'<p><span class="gh-chip"><span aria-hidden="true">🌱 </span>{escape(kept)}</span></p>'
    st.html(
        f'<div class="gh-hero">{ring}<div class="gh-words"><p class="gh-soft">'
        f"{escape(dose_words.full_day(today.day))}</p>"
        f'<p class="gh-lead">{escape(_encouragement(child, today))}</p>{chip}</div></div>'
    )


def _ring(done: int, asked: int) -> str:
    said = _("{done} of {asked} done").format(done=done, asked=asked)
    return (
        f'<div class="gh-ring" style="--share: {done / asked:.0%}" role="img" aria-label="{escape(said)}">'
        f'<span aria-hidden="true">{done}/{asked}</span></div>'
    )


def _encouragement(child: viewer.Child, today: Today) -> str:
    done, asked = len(today.done), today.asked
    if today.rest:
        text = _("You take a break. Nothing is asked of you today.")
    elif today.program is None:
        text = _("Good to see you.")
    elif not asked:
        text = _("Nothing is planned for today. Rest is part of practice.")
    elif done == asked:
        text = _("All done for today. Well done, {alias}!").format(alias=child.alias)
    elif done or any(tile.share for tile in today.tiles):
        text = _("A good start. What is left can wait for its time.")
    else:
        text = _("A few minutes are enough to begin.")
    return text


def _no_program(child: viewer.Child) -> None:
    layout.notice(
        _("No program yet"),
        _(
            "As soon as your therapist has made one for {alias}, it appears here. "
            "Squeezing is possible right away, and it counts."
        ).format(alias=child.alias),
    )
    layout.link_to("exercise", _("Squeeze a little"), icon="✊")


def _slot(child: viewer.Child, today: Today, one: InSlot) -> None:
    name = dose_words.slot(one.slot) if one.slot else _("Whenever it suits")
    at = f'<span class="gh-soft">{escape(dose_words.clock(one.at))}</span>' if one.at else ""
    now = (
        f'<span class="gh-now">{escape(_("next"))}</span>' if one.slot and one.slot is today.next_slot else ""
    )
    st.html(f'<div class="gh-slot"><h2>{escape(name)}</h2>{at}{now}</div>')
    with st.grid("auto", min_column_width=330, gap="medium"):
        for tile in one.tiles:
            with st.container(border=True, key=f"tile-{tile.item.id}"):
                _tile(child, today, tile)


def _tile(child: viewer.Child, today: Today, tile: Tile) -> None:
    item, activity = tile.item, tile.activity
    goal = tile.goal or (_(activity.everyday) if activity else "")
    more = [
        _("For: {goal}").format(goal=goal) if goal else "",
        _progress(tile),
    ]
    line = dose_words.amount(item)
    if activity and not item.minutes:
        line += " · " + _("about {minutes}").format(minutes=dose_words.minutes(activity.minutes))
    family.card(
        family.picture_of(activity),
        dose_words.title_of(activity, item.activity),
        line,
        more,
        tile.share or None,
    )
    if tile.with_tool:
        if st.button(_("Start"), type="primary", width="stretch", key=f"start-{item.id}"):
            st.session_state[exercise.ITEM] = item.id
            layout.go("exercise")
    else:
        with st.popover(_("Done"), type="primary", width="stretch", key=f"did-{item.id}"):
            ticking.tick(child, today.day, item, item.activity, f"{child.id}-{item.id}")
    if activity:
        with st.expander(_("How it goes"), icon="📖"):
            family.steps(activity, note=item.note, adaptation=item.adaptation)


def _progress(tile: Tile) -> str:
    times = tile.item.dose.times_per_day
    if times > 1:
        return _("{done} of {times} times done today").format(done=tile.times_done, times=times)
    return _("A part of it is done already") if tile.share else ""


def _done(child: viewer.Child, today: Today) -> None:
    if not (today.done or today.extra or any(tile.told for tile in today.tiles)):
        return
    family.heading(_("Done today"))
    with st.grid("auto", min_column_width=330, gap="medium"):
        for tile in today.tiles:
            for event in tile.told:
                with st.container(border=True):
                    _event(child, today, event, tile.item)
            if tile.done and not tile.told:  # squeezes that nobody led
                with st.container(border=True):
                    title = dose_words.title_of(tile.activity, tile.item.activity)
                    family.card(family.picture_of(tile.activity), title, _("Counted by the tool"))
        for event in today.extra:
            with st.container(border=True):
                _event(child, today, event, None)


def _event(child: viewer.Child, today: Today, event: ActivityDone, item: Item | None) -> None:
    activity = today.library.get(event.activity_id or (item.activity if item else event.item_id))
    family.card(
        "✅" if activity is None else activity.picture,
        dose_words.title_of(activity, event.item_id),
        _told(event),
    )
    with st.container(horizontal=True, gap="small"):
        if st.button(_("How did it go?"), icon="💬", key=f"how-{event.event_id}"):
            how.ask(child.id, event.item_id, event.day)
        if (
            event.evidence is not Evidence.SENSOR
            and st.button(_("Take it back"), type="tertiary", key=f"undo-{event.event_id}")
            and family.tell(did.taken_back(event))
        ):
            family.say_next(_("It is taken back."))
            st.rerun()


def _told(event: ActivityDone) -> str:
    """What was done, in a line."""
    if event.evidence is Evidence.SENSOR and event.reps is not None:
        much = words.plural(event.reps, "squeeze")
    else:
        much = dose_words.minutes(event.minutes) if event.minutes else _("done")
    parts = [f"✓ {much}"]
    if event.helped_by in family.HELPERS:
        parts.append(_(family.HELPERS[event.helped_by]))
    if event.evidence is Evidence.THERAPIST:
        parts.append(_("seen by the therapist"))
    return " · ".join(parts)
