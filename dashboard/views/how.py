"""How it went: pain on faces, joy, and what was seen. Nothing must be answered; two taps are enough."""

from datetime import UTC, date, datetime
from typing import Final

import streamlit as st

from ...hub.program import commands, did, photos
from ...hub.program.errors import ProgramError
from ...hub.program.faces import FACES, LEAST_AGE_YEARS, SURE_AGE_YEARS
from ...hub.records.base import MAX_OBSERVATION
from ...hub.records.said import FeedbackGiven
from ...hub.records.vocabulary import Person
from .. import context, correction_words, dose_words, faces, telling, viewer, words
from ..i18n import N_, _
from ..queries import how as queries
from ..queries import one_session
from ..queries.how import About
from . import family, layout
from .exercise import DONE, ITEM

#: What was chosen to be asked about: (child, item, day).
ABOUT: Final = "how"

#: Five words are told apart more surely than eleven numbers; they lie evenly on the scale of 0 to 10.
_STEPS: Final = (0, 2, 5, 8, 10)
_SCALES: Final = {
    "enjoyment": (
        N_("Was it fun?"),
        (N_("No"), N_("A little"), N_("It was okay"), N_("Yes"), N_("Very much")),
    ),
    "effort": (
        N_("How hard was it?"),
        (N_("Very easy"), N_("Easy"), N_("Just right"), N_("Hard"), N_("Very hard")),
    ),
    "participation": (
        N_("Did your child join in?"),
        (N_("Not today"), N_("A little"), N_("On and off"), N_("Most of the time"), N_("All the time")),
    ),
    "confidence": (
        N_("And you: could you do it again without help?"),
        (N_("Not yet"), N_("Rather not"), N_("Perhaps"), N_("I think so"), N_("Surely")),
    ),
}


def page() -> None:
    """Draw the page."""
    with layout.store_screen(), family.frame():
        if child := layout.chosen_child(viewer.children(), _("How did it go?"), _("How did it go?")):
            _draw(child)


def ask(child_id: str, item_id: str | None, day: date | None = None) -> None:
    """Go to this page, to be asked about something."""
    st.session_state.pop(DONE, None)
    st.session_state[ABOUT] = (child_id, item_id, day)
    layout.go("how")


def _draw(child: viewer.Child) -> None:
    item_id, day, sessions = None, None, st.session_state.get(DONE, ())
    if DONE in st.session_state:  # straight from the exercise
        item_id = st.session_state.get(ITEM)
    elif (chosen := st.session_state.get(ABOUT)) and chosen[0] == child.id:
        _child_id, item_id, day = chosen
    about = queries.about(
        context.config(),
        context.database(),
        telling.results(),
        viewer.current().actor,
        child.id,
        item_id=item_id,
        day=day,
        sessions=sessions,
        now=datetime.now(UTC),
    )
    key = f"{child.id}-{item_id}-{about.day}"
    if about.activity:
        family.card(
            about.activity.picture, dose_words.title_of(about.activity, ""), dose_words.full_day(about.day)
        )
    for detail in one_session.corrected(viewer.results(), about.sessions):
        st.info(words.plain(correction_words.corrected(detail)), icon="✏️")
    st.caption(_("Answer what you like. One answer is enough."))
    with st.form(f"how-{key}", border=False):
        scales = _questions(child, about, key)
        saved = st.form_submit_button(_("Save"), type="primary", width="stretch")
    if saved:
        _save(child, about, scales, key)
    layout.link_to("today", _("Back without an answer"), icon="☀️")


def _questions(child: viewer.Child, about: About, key: str) -> dict[str, int | None]:
    scales: dict[str, int | None] = {}
    if not about.asked_after:
        _age_note(about)
        scales["pain_after"] = _faces(_("Does it hurt now?"), f"after-{key}")
    scales["enjoyment"] = _scale("enjoyment", key)
    with st.expander(_("Tell more"), icon="✏️"):
        if not about.asked_before:
            scales["pain_before"] = _faces(_("Did it hurt before you began?"), f"before-{key}")
        for name in ("effort", "participation", "confidence"):
            scales[name] = _scale(name, key)
        st.text_area(
            _("What did you see?"),
            key=f"seen-{key}",
            max_chars=MAX_OBSERVATION,
            placeholder=_("He used both hands for the lid …"),
        )
        if about.photos:
            st.file_uploader(
                _("A picture"), type=["jpg", "jpeg", "png", "webp"], key=f"photo-{key}", max_upload_size=30
            )
            st.checkbox(_("Our therapist may see this picture"), key=f"share-{key}")
            st.caption(_("Without this tick it stays in GripHub at home. Place and time are removed."))
    if {"pain_before", "pain_after"} & scales.keys():
        st.checkbox(_("{alias} pointed at the face").format(alias=child.alias), key=f"child-{key}")
    return scales


def _age_note(about: About) -> None:
    if about.age_years is None or about.age_years >= SURE_AGE_YEARS:
        return
    if about.age_years < LEAST_AGE_YEARS:
        st.caption(_("The faces are for children of 4 and older. Go by what you see."))
    else:
        st.caption(_("Below 7 the faces are not always understood. Go by what you see, too."))


def _faces(question: str, key: str) -> int | None:
    st.html(f"<style>{faces.style('[class*=st-key-faces-]')}</style>")
    with st.container(key=f"faces-{key}"):
        return st.pills(question, list(FACES), format_func=faces.words, width="stretch", key=f"face-{key}")


def _scale(name: str, key: str) -> int | None:
    question, answers = _SCALES[name]
    named = dict(zip(_STEPS, answers, strict=True))
    return st.pills(_(question), list(_STEPS), format_func=lambda step: _(named[step]), key=f"{name}-{key}")


def _save(child: viewer.Child, about: About, scales: dict[str, int | None], key: str) -> None:
    state = st.session_state
    seen = state.get(f"seen-{key}", "").strip()
    picture = state.get(f"photo-{key}")
    share = bool(state.get(f"share-{key}"))
    if not (seen or picture or any(value is not None for value in scales.values())):
        st.info(_("Nothing is answered yet. Choose a face or a word, or go back to Today."), icon="💬")
        return
    try:
        name = photos.keep(context.config(), picture) if picture else None
    except ProgramError:
        st.info(_("This picture cannot be read. Choose another one, or leave it out."), icon="🖼️")
        return
    event = did.feedback(
        context.config(),
        child.id,
        now=datetime.now(UTC),
        day=about.day,
        said_by=Person.CHILD if state.get(f"child-{key}") else Person.PARENT,
        photo=name if share else None,
        observation=seen or ("A picture was taken." if name and not share else ""),
        session_id=about.session_id,
        **scales,
    )
    if not family.tell(event):
        if name:
            photos.discard(context.config(), name)
        return
    if name:
        with viewer.changing() as work:
            commands.add_photo(work, child.id, name, taken_on=about.day, shared=share)
    _thank(about, event)


def _thank(about: About, event: FeedbackGiven) -> None:
    if event.pain_after is not None and about.pain.stops(event.pain_before, event.pain_after):
        family.say_next(
            _(
                "Thank you, it is noted. That hurts more than practice should: leave it for today, and tell "
                "your therapist before the next time."
            )
        )
    else:
        family.say_next(_("Thank you, it is noted."))
    for key in (ABOUT, DONE, ITEM):
        st.session_state.pop(key, None)
    layout.go("today")
