"""Pictures that a family took, and whether its therapist may see them."""

from typing import Final

import streamlit as st

from ...hub.database.work import Work
from ...hub.errors import NotFound
from ...hub.program.errors import ProgramError
from ...hub.program.pictures import Picture, Shared, picture, pictures, share_photo, unshare_photo
from .. import context, dose_words, viewer
from ..i18n import N_, _
from . import family

#: Earlier ones stay where they are; a page of all of them would take its time.
_LATEST: Final = 6

_SHARED: Final = {
    Shared.NO: N_("Only you see it."),
    Shared.ON_ITS_WAY: N_("On its way to your therapist."),
    Shared.THERE: N_("Your therapist sees it."),
}


def show(child: viewer.Child) -> None:
    """Show the latest pictures, if there are any."""
    with viewer.reading() as work:
        found = pictures(work, context.config(), child.id)[::-1][:_LATEST]
        files = {one.picture_id: _file(work, child.id, one) for one in found}
    if not found:
        return
    family.heading(_("Our pictures"))
    with st.grid("auto", min_column_width=260, gap="medium"):
        for one in found:
            with st.container(border=True, key=f"picture-{one.picture_id}"):
                _picture(child, one, files[one.picture_id])


def _file(work: Work, child_id: str, one: Picture) -> bytes | None:
    try:
        return picture(work, context.config(), child_id, one.picture_id)
    except NotFound:  # its file is gone, or it was taken at another place
        return None


def _picture(child: viewer.Child, one: Picture, file: bytes | None) -> None:
    if file is None:
        st.markdown(_("This picture is not here any more."))
    else:
        st.image(file, caption=dose_words.full_day(one.taken_on), alt=_("A picture that you took"))
    st.caption(_(_SHARED[one.shared]))
    if one.shared is Shared.NO:
        if st.button(_("Show it to our therapist"), key=f"share-{one.picture_id}"):
            _share(child, one)
    elif st.button(_("Take it back"), key=f"unshare-{one.picture_id}"):
        with viewer.changing() as work:
            unshare_photo(work, child.id, one.picture_id)
        family.say_next(_("It is yours alone again. Your therapist's copy is deleted."))
        st.rerun()


def _share(child: viewer.Child, one: Picture) -> None:
    try:
        with viewer.changing() as work:
            share_photo(work, child.id, one.picture_id)
    except ProgramError:
        st.info(
            _("Nothing of your child leaves your home without your consent. Give it first, then share."),
            icon="🤝",
        )
        return
    family.say_next(_("Your therapist may see it now. You can take it back at any time."))
    st.rerun()
