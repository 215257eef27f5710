"""Pictures for the documentation, taken by tests: ``make pictures`` takes them anew.

Beside each picture stands what it says, as far as these are messages of the pages. A message that no page
says any more makes the picture stale, and a test says so.
"""

import json
import os
from pathlib import Path

from playwright.sync_api import Page

from .messages import template

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WORDS = IMAGES / "pictures.json"
TAKING = "GRIPHUB_PICTURES"

# every short text that stands on the page, also inside of components
_TEXTS = """() => {
  const texts = [];
  const walk = (root) => {
    for (const e of root.querySelectorAll("*")) {
      if (e.shadowRoot) walk(e.shadowRoot);
      const text = e.checkVisibility?.() ? e.innerText?.trim() : "";
      if (text && text.length < 200) texts.push(text);
    }
  };
  walk(document);
  return [...new Set(texts)];
}"""


def documented(page: Page, name: str) -> None:
    """Take a picture for the documentation, where pictures are being taken."""
    if not os.environ.get(TAKING):
        return
    IMAGES.mkdir(exist_ok=True)
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
    known = json.loads(WORDS.read_text(encoding="utf-8")) if WORDS.exists() else {}
    known[name] = sorted(static(page.evaluate(_TEXTS)))
    WORDS.write_text(json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def said() -> set[str]:
    """Every message that a page says in one piece."""
    ids = (message.id for message in template())
    return {
        one for id_ in ids if id_ for one in (id_ if isinstance(id_, tuple) else (id_,)) if "{" not in one
    }


def static(texts: list[str]) -> set[str]:
    """Those texts that are messages of the pages."""
    return said() & set(texts)
