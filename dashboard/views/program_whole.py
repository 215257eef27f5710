"""What holds for the whole program: goals, words to the parents, the rule of pain, a day's bounds."""

import streamlit as st

from ...hub.program import commands
from ...hub.program.activity import Library
from ...hub.program.faces import FACES, STEP
from ...hub.program.prescription import TRAINING, Item, Unit
from .. import viewer, words
from ..drafts import Draft
from ..i18n import _, ngettext
from ..program_changes import TOPICS
from ..queries.program import ProgramPage
from .fields import Fields


def edit_goals(form: Fields, draft: Draft, library: Library) -> None:
    """Draw the everyday goals, each with what is asked for in a week to reach it."""
    with st.expander(_("Everyday goals") + f" ({len(draft.goals)})", expanded=form.wrong("goals")):
        for n, goal in enumerate(draft.goals):
            with st.container(horizontal=True, vertical_alignment="bottom"):
                form.of(goal, f"goal.{goal['id']}", f"goals.{n}").words(
                    "words", _("Goal, in the family's words"), most=200
                )
                st.button(
                    _("Remove"),
                    key=f"{draft.key}-no-{goal['id']}",
                    on_click=draft.remove_goal,
                    args=(goal["id"],),
                    type="tertiary",
                    help=goal["words"] or None,
                )
            st.caption(_benchmark(goal["id"], draft, library))
        st.button(_("Add a goal"), key=f"{draft.key}-goal", on_click=draft.add_goal, args=("",))


def _benchmark(goal_id: str, draft: Draft, library: Library) -> str:
    """What serves a goal: minutes, squeezes or times in a week."""
    parts = []
    for values in draft.items:
        if values.get("goal") != goal_id:
            continue
        try:
            item = Item.model_validate(values)
        except ValueError:
            continue
        week = round(item.per_day * item.dose.per_week)
        asked = {
            Unit.REPS: ngettext("{number} squeeze a week", "{number} squeezes a week", week),
            Unit.MINUTES: ngettext("{number} minute a week", "{number} minutes a week", week),
            Unit.TICKS: ngettext("{number} time a week", "{number} times a week", week),
        }[item.unit]
        activity = library.get(item.activity)
        parts.append(f"{words.plain(_(activity.title) if activity else item.activity)} ({asked})")
    if not parts:
        return _("No activity serves it yet; choose it at an activity.")
    return _("Served by {activities}.").format(activities=words.listed(parts))


def edit_whole(form: Fields, shown: ProgramPage) -> None:
    """Draw what holds for all items together."""
    wrong = form.wrong("program", "title", "note", "pain", "training", "max_minutes", "max_reps")
    with st.expander(_("For the whole program"), expanded=wrong):
        form.words("title", _("Title"), most=80)
        form.words("note", _("To the parents"), most=600, lines=3)
        form.problem("program")
        left, right = st.columns(2)
        with left:
            form.whole("max_minutes_per_day", _("Minutes a day, at most"), 5, 240)
        with right:
            form.whole("max_reps_per_day", _("Squeezes a day of each hand, at most"), 1, 2000)
        pain = form.inside("pain")
        with left:
            rises = [STEP * n for n in range(1, 6)]
            pain.choice(
                "stop_rise",
                _("Pain ends a session when it rises by"),
                rises,
                lambda points: ngettext("{number} face", "{number} faces", points // STEP),
                help=_("Above the face before the session. The child's own word always ends it."),
            )
        with right:
            pain.choice(
                "stop_at",
                _("Or at this face, whatever was before"),
                [None, *FACES[1:]],
                lambda face: _("No such face") if face is None else str(face),
            )
        form.several(
            "training",
            _("What the parents learn before they begin"),
            list(TRAINING),
            lambda one: _(TOPICS[one]),
        )
        _learned(shown)


def _learned(shown: ProgramPage) -> None:
    """Note what the parents have learned of the program that holds."""
    if not shown.training_left:
        return
    st.caption(_("Not yet noted as learned:"))
    learned = [
        topic
        for topic in shown.training_left
        if st.checkbox(_(TOPICS.get(topic, topic)), key=f"learned-{shown.child_id}-{topic}")
    ]
    if st.button(_("Note as learned today"), disabled=not learned, key=f"learned-{shown.child_id}"):
        with viewer.changing() as work:
            commands.trained(work, shown.child_id, learned, on=shown.today)
        st.rerun()
