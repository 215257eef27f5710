"""A family's way through a day on a phone, in a real Chromium: tick, say how it went, rest, take back."""

import pytest
from playwright.sync_api import expect

from griphub.dashboard.access_key import link
from griphub.hub.records.said import ActivityDone, FeedbackGiven

from .browsing import CHROMIUM, SIZES, layout_faults, picture, settled

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="needs Debian's package chromium (apt install chromium)"
    ),
]


@pytest.mark.timeout(180)
def test_a_day_from_the_first_tick_to_the_break(
    chromium, config, sign_in, prescribe, home_hub, start_dashboard
):
    sign_in()
    day = prescribe()
    start_dashboard()
    page = chromium.new_page(viewport=SIZES["phone"], locale="en-GB", reduced_motion="reduce", has_touch=True)
    page.goto(link(config))
    expect(page).to_have_url(f"http://127.0.0.1:{config.dashboard.port}/today")
    expect(page.get_by_role("img", name="0 of 3 done")).to_be_visible()
    assert layout_faults(page) == []
    picture(page, "today-phone", whole=True)

    # two taps, and one more to say how it went
    page.locator(".st-key-tile-puzzle").get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Save and say how it went").click()
    expect(page.get_by_role("heading", name="How did it go?")).to_be_visible()
    faces = page.get_by_role("radiogroup", name="Does it hurt now?").get_by_role("radio")
    expect(faces).to_have_count(6)
    faces.first.focus()
    page.keyboard.press("Enter")
    expect(faces.first).to_be_checked()
    settled(page)
    assert layout_faults(page) == []
    picture(page, "how-phone", whole=True)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Thank you, it is noted.")).to_be_visible()
    expect(page.get_by_role("img", name="1 of 3 done")).to_be_visible()
    tick, said = home_hub()
    assert isinstance(tick, ActivityDone) and (tick.item_id, tick.day) == ("puzzle", day)
    assert isinstance(said, FeedbackGiven) and said.pain_after == 0

    # what stood at the top goes with the next press, and nothing below it gets lost
    page.get_by_text("We take a break").click()
    page.get_by_role("radio", name="Not well").click()
    expect(page.get_by_text("Thank you, it is noted.")).to_have_count(0)
    page.get_by_role("button", name="Take the break").click()
    expect(page.get_by_text("Nothing is asked of you today.")).to_be_visible()
    page.get_by_role("button", name="We are back").click()
    expect(page.get_by_text("Welcome back!")).to_be_visible()

    settled(page)  # what is pressed while the rest is still drawn is lost with the button that it was
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("img", name="0 of 3 done")).to_be_visible()
    (back,) = home_hub()
    assert back.takes_back == tick.event_id
    page.context.close()
