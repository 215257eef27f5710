"""The way round once: a tool is paired and squeezed, a therapist sees it and answers, the family sees that.

Everything behind the browser is real but the air and the hand: dashboard, ingest, hub, broker, stores, and
the virtual radio with a ball on it.
"""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from griphub.dashboard.access_key import link

from .browsing import CHROMIUM, SIZES, layout_faults, picture, settled

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="needs Debian's package chromium (apt install chromium)"
    ),
]

PROGRAM = """
title = "Autumn"
goals = [{ id = "lunch", words = "Opens the lunch box alone" }]

[[items]]
id = "squeeze"
activity = "squeeze-ball"
dose = { days_per_week = 7 }
squeezes = { sets = 1, reps = 3, rest_s = 5, hands = "right", warm_up = 1 }
goal = "lunch"
"""


@pytest.fixture
def ingest(config, broker, start_dashboard) -> Iterator[None]:
    """Ingest in a process of its own, with the file that the dashboard was started with."""
    start_dashboard()
    process = subprocess.Popen(
        [sys.executable, "-m", "griphub", "ingest", "--config", str(config.data_dir / "griphub.toml")]
    )
    yield
    process.terminate()
    process.wait()


def _step(page: Page, name: str) -> None:
    settled(page)
    picture(page, f"journey-{name}", whole=True)
    assert layout_faults(page) == [], name


@pytest.mark.timeout(300)
def test_from_a_new_tool_to_a_changed_program(config, sign_in, prescribe, house, ingest, chromium):
    sign_in()
    prescribe(PROGRAM)
    context = chromium.new_context(
        viewport=SIZES["phone"], locale="en-GB", timezone_id="Europe/Berlin", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(link(config))
    expect(page.get_by_role("heading", name="Today for Ada")).to_be_visible()
    expect(page.get_by_text("1 round of 3 squeezes with the right hand")).to_be_visible()
    _step(page, "1-today")

    # a tool is paired
    page.goto(f"http://127.0.0.1:{config.dashboard.port}/pair")
    house.tool("ball4f21", squeezes=60)
    page.get_by_role("button", name="This one").first.click()
    page.get_by_role("button", name="Yes, this one").click()
    page.get_by_text("Ada", exact=True).click()
    page.get_by_text("Right hand").click()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="It lies still, check it").click()
    expect(page.get_by_text("is ready for Ada")).to_be_visible()
    _step(page, "2-paired")

    # a child squeezes
    page.get_by_role("link", name="Today").click()
    page.get_by_role("button", name="Start").first.click()
    page.get_by_role("radio", name="No pain").click()
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="You did it!")).to_be_visible(timeout=90_000)
    _step(page, "3-squeezed")

    # and the family says how it went
    page.get_by_role("button", name="How it went").click()
    page.get_by_role("radio", name="A little").first.click()
    page.get_by_text("Tell more").click()
    page.get_by_label("What did you see?").fill("Held the lid with both hands.")
    _step(page, "4-how")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Thank you, it is noted.")).to_be_visible()
    _step(page, "5-told")

    # a therapist sees it
    page.set_viewport_size(SIZES["desktop"])
    page.goto(f"http://127.0.0.1:{config.dashboard.port}/access/role/therapist")
    row = page.get_by_role("row").filter(has_text="Ada")
    expect(row).to_contain_text("today")
    _step(page, "6-caseload")
    row.get_by_text("Ada").click()
    expect(page.get_by_text("Held the lid with both hands.")).to_be_visible()
    _step(page, "7-child")

    # and changes the program
    page.get_by_role("link", name="Program").first.click()
    page.get_by_role("button", name="Change", exact=True).first.click()
    reps = page.get_by_label("Squeezes a set", exact=True)
    reps.fill("5")
    reps.press("Enter")
    expect(page.get_by_text("1 round of 5 squeezes with the right hand")).to_be_visible()
    _step(page, "8-changed")
    page.get_by_role("button", name="Save", exact=False).first.click()
    expect(page.get_by_text(re.compile("Version 2 holds"))).to_be_visible()
    _step(page, "9-saved")

    # which the family sees
    page.set_viewport_size(SIZES["phone"])
    page.goto(f"http://127.0.0.1:{config.dashboard.port}/access/role/parent")
    expect(page.get_by_text("1 round of 5 squeezes with the right hand")).to_be_visible()
    _step(page, "10-today")
    page.get_by_role("link", name="Messages").click()
    expect(page.get_by_text("What changed in the program")).to_be_visible()
    expect(page.get_by_text(re.compile("5 squeezes"))).to_be_visible()
    _step(page, "11-messages")
    context.close()
