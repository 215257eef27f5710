"""The documentation's pictures show what the pages say today."""

import json
import re
from pathlib import Path

from .pictures import IMAGES, WORDS, said

DOCS = IMAGES.parent


def test_no_picture_says_what_no_page_says_any_more():
    messages = said()
    stale = {
        name: missing
        for name, texts in json.loads(WORDS.read_text(encoding="utf-8")).items()
        if (missing := set(texts) - messages)
    }
    assert not stale, f"Take the pictures anew with `make pictures`: {stale}"


def test_every_picture_is_shown_somewhere_and_every_shown_one_is_there():
    taken = set(json.loads(WORDS.read_text(encoding="utf-8")))
    pages = [*DOCS.glob("*.md"), DOCS.parent / "README.md"]
    shown = {
        Path(name).stem for page in pages for name in re.findall(r"images/([\w-]+\.png)", page.read_text())
    }
    assert {path.stem for path in IMAGES.glob("*.png")} == taken
    assert shown == taken
