"""The router. Streamlit runs this file for every viewer, as a script: hence the absolute imports."""

import streamlit as st

from griphub.dashboard.views import delivery, exercise, layout, progress

pages = [
    st.Page(exercise.page, title="Exercise", url_path="exercise", default=True),
    st.Page(progress.page, title="Progress", url_path="progress"),
    st.Page(delivery.page, title="Delivery", url_path="delivery"),
]
current = st.navigation(pages, position="hidden")
layout.frame(pages)
current.run()
