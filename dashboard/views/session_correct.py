"""Correcting a session: squeezes, child or hand. What was told stays beside it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Literal, cast
from uuid import UUID

import streamlit as st

from ...firmware_bridge.errors import GripError
from ...hub.program.statement_post import ways_of
from ...hub.program.tables import StatementPosted
from ...hub.records.said import SessionCorrected, Statement
from ...hub.records.session import SqueezeCounted
from ...hub.records.vocabulary import Hand, Person
from ...hub.session.mend import Mender, what_moves_along
from ...hub.stores.models import SessionDetail
from ...hub.taking_in import TakenBy, take_in
from .. import context, refusals, viewer, words
from ..i18n import N_, _, ngettext
from ..queries import one_session
from ..queries.program import names
from ..results import Results
from . import layout

#: The session that the page has shown last.
SHOWN: Final = "session_shown"
#: Corrections on their way to the store, by session.
_ON_THE_WAY: Final = "corrections_on_the_way"
_TAKEN: Final = {
    TakenBy.HUB: N_("It is noted, and shown here as soon as it is stored."),
    TakenBy.OUTBOX: N_("It is noted. GripHub does not run: it is stored as soon as it does."),
    TakenBy.JOURNAL: N_("It is noted here in the clinic, and shown as soon as ingest has stored it."),
}
Verdict = Literal["removed", "restored", "doubtful"]
_VERDICTS: Final[dict[Verdict, str]] = {
    "removed": N_("They were none: set them aside"),
    "doubtful": N_("They are doubtful"),
    "restored": N_("They were some after all: take them back"),
}
_DONE: Final = {
    "removed": N_("squeeze {number} set aside"),
    "doubtful": N_("squeeze {number} called doubtful"),
    "restored": N_("squeeze {number} taken back"),
}
_WHO: Final = {Person.THERAPIST: N_("a therapist"), Person.PARENT: N_("a parent")}


def correct(results: Results, detail: SessionDetail) -> None:
    """Draw what was corrected, and the forms to correct more."""
    _on_the_way(results, detail)
    with st.expander(_("Correct this session"), expanded=bool(detail.corrections)):
        _record(detail)
        st.markdown("**" + _("Squeezes") + "**")
        _judge(detail)
        if detail.t_s.size:
            _add(detail)
        st.markdown("**" + _("Whose it is") + "**")
        _reassign(results, detail)


def _record(detail: SessionDetail) -> None:
    """Who corrected what, when and why, and what was told at first."""
    if (was := detail.point.recorded) is None:
        st.caption(_("Nobody corrected it. What was recorded always stays beside a correction."))
        return
    aliases = {child.id: child.alias for child in viewer.children()}
    st.caption(
        _("Recorded as: {child}, {hand}, {squeezes}, highest peak {peak}.").format(
            child=words.plain(aliases.get(was.child_id, _("another child"))),
            hand=words.hand(was.hand),
            squeezes=words.plural(was.squeezes, "squeeze"),
            peak=words.value(was.peak, detail.point.unit),
        )
    )
    with viewer.reading() as work:
        known = names(work, [one.account for one in detail.corrections if one.account])
        posted = ways_of(work, [one.event_id for one in detail.corrections])
    numbers = {one.event_id: one.number for one in (*detail.squeezes, *detail.set_aside)}
    for one in detail.corrections:
        who = known.get(one.account or "") or (_(_WHO[one.by]) if one.by in _WHO else _("somebody"))
        st.markdown(
            "- "
            + _("{time}, {who}: {what}. “{reason}”").format(
                time=words.day_time(one.corrected_at, layout.zone()),
                who=words.plain(who),
                what=words.plain(_what(one, numbers, aliases)),
                reason=words.plain(one.reason),
            )
        )
    if posted:
        st.caption(_way(posted))


def _way(posted: Sequence[StatementPosted]) -> str:
    """How far corrections have come that go to the family's home."""
    if any(one.gone for one in posted):
        return _("The family's GripHub no longer has this session: nothing changes there.")
    times = [one.taken_at for one in posted if one.taken_at]
    if len(times) < len(posted):
        return _("On its way to the family's GripHub.")
    time = words.day_time(max(times), layout.zone())
    return _("The family's GripHub has it since {time}.").format(time=time)


def _what(one: SessionCorrected, numbers: dict[UUID, int], aliases: dict[str, str]) -> str:
    parts = []
    if one.verdict and one.squeeze_id:
        parts.append(_(_DONE[one.verdict]).format(number=numbers.get(one.squeeze_id, "?")))
    if one.added:
        parts.append(_("squeeze {number} added by hand").format(number=numbers.get(one.event_id, "?")))
    if one.to_child:
        alias = aliases.get(one.to_child, _("another child"))
        parts.append(_("given to {child}").format(child=alias))
    if one.to_hand:
        parts.append(_("hand changed to {hand}").format(hand=words.hand(one.to_hand)))
    return ", ".join(parts)


def _judge(detail: SessionDetail) -> None:
    key = f"judge-{detail.point.session_id}"
    verdict: Verdict = st.radio(
        _("What about them?"), list(_VERDICTS), format_func=lambda one: _(_VERDICTS[one]), key=key
    )
    possible = {one.number: one for one in (detail.set_aside if verdict == "restored" else detail.squeezes)}
    if verdict == "doubtful":
        possible = {number: one for number, one in possible.items() if not one.doubtful}
    if not possible:
        st.caption(_("There is no squeeze to say that of."))
        return
    chosen: list[int] = st.multiselect(
        _("Which squeezes?"),
        list(possible),
        key=f"{key}-which-{verdict}",
        format_func=lambda number: _name(possible[number]),
        placeholder=_("By their number in the curve"),
    )
    reason = _reason(f"{key}-why")
    if st.button(_("Correct the squeezes"), disabled=not chosen, key=f"{key}-do"):
        _tell(detail, reason, lambda mender: [mender.judge(number, verdict) for number in chosen])


def _name(squeeze: SqueezeCounted) -> str:
    return _("{number}: at {seconds} s, {peak}").format(
        number=squeeze.number,
        seconds=words.decimal(squeeze.onset_s),
        peak=words.value(squeeze.peak, squeeze.unit),
    )


def _add(detail: SessionDetail) -> None:
    key = f"add-{detail.point.session_id}"
    with st.popover(_("One was not counted"), key=key):
        st.caption(_("Say between which seconds of the curve it lies; it is measured there."))
        end = float(detail.t_s[-1])
        first = st.number_input(_("From (s)"), 0.0, end, step=0.1, key=f"{key}-from")
        last = st.number_input(_("To (s)"), 0.0, end, step=0.1, key=f"{key}-to")
        reason = _reason(f"{key}-why")
        if st.button(_("Add this squeeze"), key=f"{key}-do"):
            _tell(detail, reason, lambda mender: [mender.add(first, last)])


def _reassign(results: Results, detail: SessionDetail) -> None:
    point, key = detail.point, f"whose-{detail.point.session_id}"
    aliases = {child.id: child.alias for child in viewer.children()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        ids = list(aliases)
        child_id = st.selectbox(
            _("It is of"), ids, ids.index(point.child_id), format_func=lambda one: aliases[one],
            key=f"{key}-child", width=200,
        )  # fmt: skip
        hands = words.hands()
        hand: Hand = st.radio(
            _("With the"), hands, hands.index(point.hand), format_func=words.hand, horizontal=True,
            key=f"{key}-hand", width="content",
        )  # fmt: skip
    reason = _reason(f"{key}-why")
    same = (child_id, hand) == (point.child_id, point.hand)
    if not st.button(_("Give it to them"), disabled=same, key=f"{key}-do"):
        return

    def corrections(mender: Mender) -> Sequence[Statement]:
        made = mender.reassign(
            child_id if child_id != point.child_id else None, hand if hand is not point.hand else None
        )
        return [made, *what_moves_along(results, point, child_id, hand)]

    _tell(detail, reason, corrections)


def _reason(key: str) -> str:
    return st.text_input(
        _("Why"),
        max_chars=300,
        key=key,
        help=_("In a sentence; it stays beside the session, and the family reads it."),
    )


def _tell(detail: SessionDetail, reason: str, make: Callable[[Mender], Sequence[Statement]]) -> None:
    """Make all corrections before the first is told: one that cannot be leaves nothing behind."""
    who = viewer.current().actor
    config = context.config()
    try:
        mender = Mender(
            config,
            detail,
            by=Person.THERAPIST,
            reason=reason,
            now=datetime.now(UTC),
            account=who.account_id or None,
        )
        events = make(mender)
        taken = take_in(config, events)
    except GripError as error:
        st.error(refusals.why(error))
        return
    ids = {one.event_id for one in events if isinstance(one, SessionCorrected)}
    waiting = st.session_state.setdefault(_ON_THE_WAY, {})
    waiting[detail.point.session_id] = (taken, ids)
    st.rerun()


def _on_the_way(results: Results, detail: SessionDetail) -> None:
    """Say that a correction is noted until the store has it, and show it then."""
    waiting = cast("dict[UUID, tuple[TakenBy, set[UUID]]]", st.session_state.setdefault(_ON_THE_WAY, {}))
    if (told := waiting.get(detail.point.session_id)) is None:
        return
    taken, ids = told
    if ids <= {one.event_id for one in detail.corrections}:
        del waiting[detail.point.session_id]
        st.success(ngettext("The correction is stored.", "{number} corrections are stored.", len(ids)))
        return
    session_id = detail.point.session_id

    @st.fragment(run_every=1.0 if taken is not TakenBy.OUTBOX else None)
    def look() -> None:
        st.info(_(_TAKEN[taken]))
        if one_session.arrived(results, session_id, ids):
            st.session_state.pop(SHOWN, None)  # it may be another child's now: follow it
            st.rerun()

    look()
