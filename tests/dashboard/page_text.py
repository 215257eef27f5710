"""What a page says, as its tests read it."""

from streamlit.testing.v1 import AppTest


def text(app: AppTest) -> str:
    """All words of a page by kind of element, without the signs that keep Markdown from reading them."""
    return marked(app).replace("\\", "")


def marked(app: AppTest) -> str:
    """The same as it was written, so that it shows what a family's words cannot do to a page."""
    kinds = (
        app.title,
        app.header,
        app.subheader,
        app.markdown,
        app.caption,
        app.text,
        app.html,
        app.code,
        app.info,
        app.success,
        app.warning,
        app.error,
    )
    return "\n".join(str(element.value) for kind in kinds for element in kind).replace("\xa0", " ")
