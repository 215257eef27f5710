"""Whoever looks after GripHub: what is still on its way between the tools and the results, and why."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from ...hub.delivery.journal import DeadLetter
from ...hub.delivery.status import Queue, delivery_status
from .. import context, words
from ..i18n import _
from . import layout

#: The page looks again by itself.
REFRESH = timedelta(seconds=5)


def page() -> None:
    """Draw the page."""
    st.title(_("Delivery"), anchor=False)
    _draw()


@st.fragment(run_every=REFRESH)
def _draw() -> None:
    with layout.store_screen():
        found = delivery_status(context.config())
        if not found.queues:
            layout.notice(
                _("Nothing is kept here"),
                _(
                    "Neither a hub nor an ingest runs with this data folder, so nothing waits in it. "
                    "Where they run, `griphub delivery status` says how they are."
                ),
            )
        elif found.flows and not any(queue.waiting for queue in found.queues):
            layout.notice(_("Everything has arrived"), _("What was counted is in the store. Nothing waits."))
        for queue in found.queues:
            _queue(queue)
        if found.dead_letters:
            _letters(found.dead_letters, found.newest)


def _queue(queue: Queue) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.subheader(words.way(queue.place, queue.goal), anchor=False, width="content")
            if queue.reasons:
                st.badge(_("held up"), color="orange")
        if queue.waiting:
            waiting = words.plural(queue.waiting, "result")
            on_the_way = (
                _("**{results}** on the way, the oldest since {time}.")
                if queue.since
                else _("**{results}** on the way.")
            )
            st.markdown(on_the_way.format(results=waiting, time=queue.since and _when(queue.since)))
        else:
            st.markdown(_("Nothing waits."))
        for reason in queue.reasons:
            st.text(reason)  # as it is: it may hold what Markdown would take for its own
        if queue.reasons and queue.waiting:
            st.caption(_("Nothing is lost: it goes on by itself once that is mended."))


def _letters(count: int, newest: tuple[DeadLetter, ...]) -> None:
    with st.container(border=True):
        st.subheader(_("Set aside"), anchor=False)
        st.markdown(
            _(
                "**{messages}** that nobody takes. Once the cause is mended, "
                "`griphub delivery dead-letters --retry` puts them back."
            ).format(messages=words.plural(count, "message"))
        )
        st.dataframe(
            [
                {_("Came"): _when(letter.received_at), _("On"): letter.topic, _("Reason"): letter.reason}
                for letter in newest
            ],
            hide_index=True,
        )


def _when(at: datetime) -> str:
    zone = layout.zone()
    today = at.astimezone(zone).date() == datetime.now(UTC).astimezone(zone).date()
    return f"{at.astimezone(zone):%H:%M:%S}" if today else words.day_time(at, zone)
