"""The router. Streamlit runs this file for every viewer, as a script: hence the absolute imports."""

from griphub.dashboard import router

router.run()
