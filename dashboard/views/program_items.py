"""What is asked for, one thing under the other, and the form of the one that is open."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ...firmware_bridge.samples import ToolKind
from ...hub.program.activity import Activity, Library
from ...hub.program.prescription import Hands, Item, Progression, Slot, Weekday
from .. import dose_words, drafts, program_words, words
from ..drafts import Draft, Values
from ..i18n import N_, _
from .fields import Fields

_AMOUNTS = {
    "squeezes": N_("Squeezes"),
    "test": N_("Strength test"),
    "minutes": N_("Minutes"),
    "ticks": N_("Done or not"),
}

#: Fields of a row, in pixels: two numbers stand beside each other on a phone.
_NARROW, _WIDE = 150, 280


def edit_items(form: Fields, draft: Draft, library: Library) -> None:
    """Draw all items in their order."""
    st.header(_("What is asked for"), anchor=False)
    for n, values in enumerate(draft.items):
        activity = library.get(values["activity"])
        with st.container(border=True):
            _head(draft, values, n, activity)
            form.problem(f"items.{n}.activity")
            if activity and draft.opened == values["id"]:
                # keys go by the item, so that they move with it; problems by its place
                _item(form.of(values, f"item.{values['id']}", f"items.{n}"), draft, activity)
    form.problem("items")


def _head(draft: Draft, values: Values, n: int, activity: Activity | None) -> None:
    item_id = values["id"]
    title = _(activity.title) if activity else values["activity"]
    picture = activity.picture if activity else ""
    st.markdown(f"{picture} **{words.plain(title)}**")
    try:
        item = Item.model_validate(values)
    except ValueError:
        st.caption(_("Something is to be corrected."))
    else:
        st.caption(words.plain(program_words.item(item)))
    is_open = draft.opened == item_id
    with st.container(horizontal=True, gap="small"):
        st.button(
            _("Close") if is_open else _("Change"),
            key=f"{draft.key}-open-{item_id}",
            on_click=_open,
            args=(draft, "" if is_open else item_id),
        )
        for label, by, possible in ((_("Up"), -1, n > 0), (_("Down"), 1, n < len(draft.items) - 1)):
            st.button(
                label,
                key=f"{draft.key}-move{by}-{item_id}",
                on_click=draft.move,
                args=(item_id, by),
                disabled=not possible,
                type="tertiary",
            )
        st.button(
            _("Remove"),
            key=f"{draft.key}-remove-{item_id}",
            on_click=draft.remove,
            args=(item_id,),
            type="tertiary",
        )


def _row() -> DeltaGenerator:
    return st.container(horizontal=True, vertical_alignment="bottom", gap="small")


def _slot(name: str) -> str:
    return dose_words.slot(Slot(name))


def _tool(kind: str | None) -> str:
    return words.tool(ToolKind(kind)) if kind else _("Any that fits")


def _open(draft: Draft, item_id: str) -> None:
    draft.opened = item_id


def _item(form: Fields, draft: Draft, activity: Activity) -> None:
    form.problem()
    possible = drafts.AMOUNTS[activity.kind]
    now = drafts.amount_of(form.values)
    key = f"{draft.key}-amount-{form.values['id']}"
    st.radio(
        _("Asked for in"),
        possible,
        possible.index(now),
        format_func=lambda amount: _(_AMOUNTS[amount]),
        horizontal=True,
        key=key,
        on_change=_choose_amount,
        args=(draft, form.values, key, activity),
    )
    if now == "squeezes":
        _squeezes(form.inside("squeezes"), form, activity)
    elif now == "test":
        test = form.inside("test")
        with _row():
            protocols = ("asht", "southampton", "nih", "nhanes", "ploegmakers")
            test.choice("protocol", _("Protocol"), protocols, program_words.protocol, width=_WIDE)
            hands = [Hands.LEFT, Hands.RIGHT, Hands.BOTH]
            test.choice("hands", _("Hands"), hands, program_words.test_hands, width=_WIDE)
    elif now == "minutes":
        form.whole("minutes", _("Minutes each time"), 1, 120, width=_NARROW)
    _dose(form, draft)
    form.several("slots", _("When in the family's day"), [slot.value for slot in Slot], _slot, most=6)
    goals = {goal["id"]: goal["words"] for goal in draft.goals}
    if goals:
        form.choice(
            "goal", _("Everyday goal that it serves"), [None, *goals], lambda one: goals.get(one, _("None"))
        )
    form.words("note", _("To the parents"), most=600, lines=2)
    form.words("adaptation", _("Made to fit this child and home"), most=600, lines=2)


def _choose_amount(draft: Draft, values: Values, key: str, activity: Activity) -> None:
    drafts.choose_amount(values, st.session_state[key], activity)
    draft.show_anew()


def _dose(form: Fields, draft: Draft) -> None:
    dose = form.inside("dose")
    by_name, key = bool(dose.values.get("days_per_week") is None), f"{draft.key}-by-{form.values['id']}"
    with _row():
        st.radio(
            _("On which days"),
            [False, True],
            int(by_name),
            format_func=lambda named: _("These days") if named else _("The family chooses"),
            horizontal=True,
            key=key,
            width=_WIDE,
            on_change=_choose_days,
            args=(dose.values, key),
        )
        dose.whole("times_per_day", _("Times a day"), 1, 6, width=_NARROW)
        if not by_name:
            dose.whole("days_per_week", _("Days a week"), 1, 7, width=_NARROW)
    if by_name:
        dose.pills("days", _("Days"), [day.value for day in Weekday], program_words.weekday)
    dose.problem()


def _choose_days(dose: Values, key: str) -> None:
    if st.session_state[key]:
        spread = (("mon",), ("mon", "thu"), ("mon", "wed", "fri"), ("mon", "tue", "thu", "fri"))
        count = dose["days_per_week"] or 3
        days = spread[count - 1] if count <= len(spread) else tuple(Weekday)[:count]
        dose["days"], dose["days_per_week"] = [str(day) for day in days], None
    else:
        dose["days_per_week"], dose["days"] = len(dose["days"]) or 3, []


def _squeezes(squeezes: Fields, item: Fields, activity: Activity) -> None:
    with _row():
        squeezes.whole("sets", _("Sets"), 1, 12, width=_NARROW)
        squeezes.whole("reps", _("Squeezes a set"), 1, 60, width=_NARROW)
        squeezes.seconds("hold_s", _("Hold (s)"), 60.0, 0.5, width=_NARROW)
        squeezes.seconds("rest_s", _("Rest between sets (s)"), 600.0, 5.0, width=_NARROW)
        squeezes.whole("warm_up", _("Warm-up squeezes"), 0, 20, width=_NARROW)
    with _row():
        squeezes.choice("hands", _("Hands"), list(Hands), program_words.hands, width=_WIDE)
        tools = [None, *(tool.value for tool in activity.tools)]
        squeezes.choice("tool", _("Tool"), tools, _tool, width=_WIDE)
    _optional(squeezes, "zone", _("With a target zone"), [30, 60], item)
    if squeezes.values.get("zone") is None:
        squeezes.problem("zone")
        return
    squeezes.span(
        "zone",
        _("Target zone, % of the child's own best with the same tool and hand"),
        5,
        100,
        5,
    )
    _optional(
        item,
        "progression",
        _("Let a rule say when it becomes harder or easier"),
        Progression().model_dump(mode="json"),
    )
    if item.values.get("progression") is not None:
        _progression(item.inside("progression"))


def _optional(form: Fields, name: str, label: str, beginning: object, also: Fields | None = None) -> None:
    """A part of the form that may be absent."""
    key = form.key(f"has-{name}")
    there = form.values.get(name) is not None
    st.checkbox(label, there, key=key, on_change=_let_be, args=(form.values, name, key, beginning, also))


def _let_be(values: Values, name: str, key: str, beginning: object, also: Fields | None) -> None:
    values[name] = beginning if st.session_state[key] else None
    if also and values[name] is None:  # without a zone no rule can say anything
        also.values["progression"] = None


def _progression(rule: Fields) -> None:
    st.caption(
        _("Looks at the share of squeezes in the zone. It moves the zone, and at its bound the squeezes.")
    )
    fields = (
        ("low", _("Easier below (%)"), 10, 95),
        ("high", _("Harder above (%)"), 15, 100),
        ("times", _("Times in a row"), 2, 20),
        ("zone_step", _("Step of the zone (%)"), 1, 20),
        ("zone_from", _("Zone never below (%)"), 5, 95),
        ("zone_to", _("Zone never above (%)"), 10, 100),
        ("reps_step", _("Step of squeezes"), 0, 10),
        ("reps_from", _("Squeezes a set, at least"), 1, 60),
        ("reps_to", _("Squeezes a set, at most"), 1, 60),
    )
    with _row():
        for name, label, low, high in fields:
            rule.whole(name, label, low, high, width=_NARROW)
    rule.yes("auto", _("Without asking me, within these bounds"))
    rule.problem()
