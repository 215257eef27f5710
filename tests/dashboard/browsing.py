"""What tests of pages in a browser share: sizes, pictures, and what is wrong with a page that was drawn."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
ARTIFACTS = Path(__file__).parents[2] / "test-artifacts"
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
SCHEMES = ("light", "dark")
expect.set_options(timeout=30_000)


@contextmanager
def repeated(send: Callable[[], None], every_s: float = 0.05) -> Iterator[None]:
    """Call `send` again and again beside the test, as a hub sends frames."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(every_s):
            send()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def picture(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep what the page looks like; `whole`: also what is only seen after scrolling."""
    ARTIFACTS.mkdir(exist_ok=True)
    size = page.viewport_size
    if whole and size:  # Streamlit scrolls inside of the page: a window as tall as that shows all
        height = page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollHeight ?? 0")
        page.set_viewport_size({"width": size["width"], "height": max(size["height"], min(height, 6000))})
    page.screenshot(path=ARTIFACTS / f"{name}.png")
    if whole and size:
        page.set_viewport_size(size)


# what moves for ever is meant to; what opens or closes is over soon
_STILL = """() => document.getAnimations().every(
  (one) => one.playState !== "running" || one.effect?.getComputedTiming().iterations === Infinity
)"""


def settled(page: Page) -> None:
    """Wait until a page is drawn and nothing of an earlier run stands on it."""
    expect(page.locator(".stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.locator("[data-stale=true]")).to_have_count(0)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.wait_for_function(_STILL)
    for chart in page.get_by_test_id("stVegaLiteChart").all():
        expect(chart.locator("svg, canvas").first).to_be_attached()


def wide_enough(page: Page) -> bool:
    """Whether nothing is cut off at the right."""
    return bool(page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"))


# Boxes of controls, of what text they hold, and how they lie to one another.
_FAULTS = """() => {
  const found = [];
  const name = (e) => {
    const part = e.parentElement.closest("[data-testid]")?.dataset.testid;
    const words = (e.getAttribute("aria-label") || e.innerText).trim().slice(0, 40);
    return `${e.tagName.toLowerCase()} "${words}" of ${part}`;
  };
  const seen = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  if (document.scrollingElement.scrollWidth > innerWidth) {
    found.push(`scrolls sideways: ${document.scrollingElement.scrollWidth} of ${innerWidth} px`);
  }
  const scrolls = "[style*='overflow'], .griphub-scrolls, .st-key-griphub-tabs, pre, table";
  // what hides controls of its own: the search of a grid, the field behind a date's calendar
  const grid = "[data-testid=stDataFrame], [data-testid^=hidden-]";
  for (const e of document.querySelectorAll("p, h1, h2, h3, label, button, li, td, th")) {
    const box = e.getBoundingClientRect();
    if (!seen(e) || !box.width || e.closest(`${grid}, .stSelectbox, .stMultiSelect`)) continue;
    if (!e.closest(scrolls) && box.right > innerWidth + 1) found.push(`beyond the right edge: ${name(e)}`);
    const { overflow, textOverflow } = getComputedStyle(e);
    const hides = overflow === "hidden" && textOverflow === "ellipsis";
    if (hides && e.scrollWidth > e.clientWidth + 1) found.push(`is cut off: ${name(e)}`);
  }
  const bar = document.querySelector(".st-key-griphub-tabs");
  const fixed = bar && getComputedStyle(bar).position === "fixed";
  const controls = [...document.querySelectorAll("button, a[href], input, [role=combobox], [role=radio]")]
    .filter((e) => seen(e) && e.getBoundingClientRect().width > 1 && !e.closest(grid))
    .filter((e) => !(fixed && bar.contains(e)))
    .filter((e) => !e.closest("[data-testid=hidden-dateinput-container]"));  // for forms, seen by nobody
  // these draw one control out of several elements
  const made = ".stNumberInput, .stDateInput, .stTimeInput, [data-testid=stFileUploader], [data-baseweb]";
  for (let i = 0; i < controls.length; i++) {
    const [one, whole] = [controls[i], controls[i].closest(made)];
    const a = one.getBoundingClientRect();
    for (const other of controls.slice(i + 1)) {
      if (one.contains(other) || other.contains(one) || (whole && whole.contains(other))) continue;
      const b = other.getBoundingClientRect();
      const w = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (w > 3 && h > 3) found.push(`lie on one another: ${name(one)} and ${name(other)}`);
    }
  }
  return found;
}"""


def layout_faults(page: Page) -> list[str]:
    """What is broken in how a page is laid out, each fault in words: cut off, sideways, on one another."""
    return list(page.evaluate(_FAULTS))


def violations(found: dict[str, Any]) -> list[str]:
    """Serious and critical violations that axe-core found, one line each."""
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]}"
        for rule in found["violations"]
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]
