"""What can be taken along: the page for a visit, tables, a FHIR bundle, and everything of one child."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import streamlit as st
from babel import Locale

from ...firmware_bridge.errors import GripError
from ...hub.export.errors import ExportError
from ...hub.export.visit import Visit
from .. import context, i18n, refusals, viewer, visit_words, words
from ..i18n import N_, _, ngettext
from ..queries.report import Report
from . import layout

_WEEKS: Final = (4, 8, 12, 26, 52, 104)
_USUAL_WEEKS: Final = 12
#: What was made for this viewer and not yet taken, by what it is.
_MADE: Final = "report_made"

#: Name of the file, its type, what it is called, and what is in it.
_FILES: Final = {
    "pdf": (
        "visit",
        "pdf",
        "application/pdf",
        N_("Page for the visit (PDF)"),
        N_("One page to print: what was asked and done, strength with its error, pain, notes."),
    ),
    "tables": (
        "tables",
        "zip",
        "application/zip",
        N_("Tables (CSV)"),
        N_("Trials, sessions, squeezes, activities, feedback, visits; columns.md says what columns mean."),
    ),
    "fhir": (
        "fhir",
        "json",
        "application/fhir+json",
        N_("FHIR bundle (R4)"),
        N_("For a record system. The child is in it by its random id only."),
    ),
    "archive": (
        "everything",
        "zip",
        "application/zip",
        N_("Everything of this child"),
        N_(
            "All that you may see, of all time: results, every force curve, programs, consent. It opens "
            "without GripHub, and is as private as what is in it: keep it on an encrypted disk."
        ),
    ),
}


def page() -> None:
    """Draw the page."""
    with layout.store_screen():
        if child := layout.chosen_child(viewer.children(), _("Report on {alias}"), _("Report")):
            _draw(child)


def _draw(child: viewer.Child) -> None:
    weeks = st.selectbox(
        _("Look back"),
        _WEEKS,
        index=_WEEKS.index(_USUAL_WEEKS),
        format_func=lambda number: ngettext("{number} week", "{number} weeks", number),
        width=200,
    )
    locale = _language()
    report = Report(
        context.config(),
        context.database(),
        viewer.results(),
        viewer.current().actor,
        child.id,
        weeks=weeks,
        now=datetime.now(UTC),
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.header(_("What is on the page for the visit"), anchor=False)
        with i18n.speaking(locale):
            _preview(report.visit())
    with right:
        st.header(_("Take it along"), anchor=False)
        named = st.checkbox(
            _("Put the child's name into the names of the files"),
            help=_("Without it, a file on a shared computer tells nobody whose it is."),
        )
        name = _file_name(child.alias) if named else child.id
        makers = {
            "pdf": lambda: _paper(report, locale),
            "tables": report.tables,
            "fhir": report.fhir,
            "archive": report.archive,
        }
        for kind, make in makers.items():
            _file(kind, make, (child.id, weeks, locale), f"{name}-{datetime.now(UTC):%Y%m%d}")


def _language() -> str:
    """In which language the page for the visit is: the viewer's, or the family's where that is another."""
    own = i18n.locale()
    others = [i18n.wanted(one) for one in i18n.languages() if one != own.language]
    return st.selectbox(
        _("Language of the page"),
        [str(own), *others],
        format_func=lambda one: Locale.parse(one).language_name or one,
        width=200,
    )


def _paper(report: Report, locale: str) -> bytes:
    with i18n.speaking(locale):
        return report.pdf()


def _file(kind: str, make: Callable[[], bytes], about: tuple[str, int, str], name: str) -> None:
    """A file that is made when it is wanted, and then saved."""
    begins, ending, mime, title, what = _FILES[kind]
    made: dict[str, tuple[tuple[str, int, str], bytes]] = st.session_state.setdefault(_MADE, {})
    with st.container(border=True, gap="small"):
        st.markdown(f"**{_(title)}**")
        st.caption(_(what))
        found = made.get(kind)
        if found and found[0] == about:
            st.download_button(
                _("Save the file ({size})").format(size=_size(len(found[1]))),
                found[1],
                file_name=f"griphub-{begins}-{name}.{ending}",
                mime=mime,
                on_click="ignore",
                type="primary",
                key=f"save-{kind}",
            )
        elif st.button(_("Make it"), key=f"make-{kind}"):
            try:
                with st.spinner(_("Being made …")):
                    made[kind] = (about, make())
            except ExportError:
                st.info(_("Nothing is stored of this child in this period."))
            except GripError as error:
                st.error(refusals.why(error))
            else:
                st.rerun()


def _preview(visit: Visit) -> None:
    with st.container(border=True):
        st.markdown(f"**{visit_words.period(visit)}**")
        if visit.simulated:
            st.badge(_("simulated"), color="gray")
        sides = {found.key.side for found in visit.findings}
        hands = [words.hand(hand) for hand in words.hands() if hand.value in sides]
        told = words.listed(hands) if hands else _("none")
        st.markdown(_("Hands with measured strength: {hands}").format(hands=told))
        _part(visit_words.ASKED, visit_words.asked(visit))
        _part(visit_words.GOALS, visit.goals)
        _part(visit_words.DAYS, visit_words.adherence(visit.adherence))
        _part(visit_words.STRENGTH, [visit_words.strength(found) for found in visit.findings])
        if visit.retained:
            _part(visit_words.BETWEEN, visit_words.between(visit))
        _part(visit_words.PAIN, visit_words.pain(visit.pains))
        _part(visit_words.NOTES, visit_words.notes(visit))


def _part(part: tuple[str, str], lines: Sequence[str]) -> None:
    title, none = part
    st.markdown(f"**{_(title)}**")
    if lines:
        st.markdown("\n".join(f"- {words.plain(line)}" for line in lines))
    else:
        st.caption(_(none))


def _file_name(alias: str) -> str:
    """A name that every file system takes."""
    return "".join(sign if sign.isalnum() else "-" for sign in alias).strip("-") or "child"


def _size(number: int) -> str:
    mega = number / 1e6
    return f"{words.decimal(mega)} MB" if mega >= 1 else f"{words.decimal(number / 1e3, 0)} kB"
