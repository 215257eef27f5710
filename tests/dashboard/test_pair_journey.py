"""A parent pairs a tool and gives it to another child, in a real browser: real hub, virtual radio."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from griphub.dashboard.access_key import link

from .browsing import CHROMIUM, SIZES, layout_faults, picture, settled, violations
from .house import until
from .pictures import documented

expect.set_options(timeout=30_000)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="needs Debian's package chromium (apt install chromium)"
    ),
]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_a_parent_pairs_a_tool(config, house, chromium, start_dashboard, size, scheme):
    start_dashboard()
    context = chromium.new_context(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(link(config))
    page.goto(f"http://127.0.0.1:{config.dashboard.port}/pair")
    expect(page.get_by_text("Listening …")).to_be_visible()

    def look(name):
        settled(page)
        assert layout_faults(page) == []
        assert violations(Axe().run(page, options={"resultTypes": ["violations"]}).response) == []
        picture(page, f"pair-{name}-{size}-{scheme}", whole=True)
        if (name, size) == ("recognise", "desktop"):
            documented(page, "pair")

    look("listening")
    tool = house.tool("ball4f21", level=9.0, passkey=1234)
    house.tool("ball77aa")
    expect(page.get_by_text("GripHub tool")).to_have_count(2)
    look("list")
    page.get_by_role("button", name="This one").first.click()
    expect(page.get_by_text("Which six digits are on the tool?")).to_be_visible()
    look("passkey")
    page.get_by_label("Six digits").fill("000001")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Those were not the tool's digits")).to_be_visible()
    look("trouble")
    page.get_by_role("button", name="Try again").click()
    page.get_by_label("Six digits").fill("001234")
    page.keyboard.press("Enter")
    expect(page.get_by_text("A tool blinks now. Is it this one?")).to_be_visible()
    assert tool.blinking
    look("recognise")
    page.get_by_role("button", name="Yes, this one").click()
    expect(page.get_by_text("Who uses it?")).to_be_visible()
    look("whose")
    page.get_by_text("Ben", exact=True).click()
    page.get_by_text("Right hand").click()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Lay the tool on the table")).to_be_visible()
    look("lay-down")
    page.get_by_role("button", name="It lies still, check it").click()
    expect(page.get_by_text("Checking …").or_(page.get_by_text("is ready for Ben"))).to_be_visible()
    picture(page, f"pair-checking-{size}-{scheme}")
    expect(page.get_by_text("is ready for Ben")).to_be_visible()
    expect(page.get_by_text(re.compile("set to zero"))).to_be_visible()
    look("done")
    until(lambda: "ball4f21" in house.hub.supervisor.clients(), "the hub does not use the tool")
    (paired,) = house.call(house.client.tools())
    assert (paired.tool.child, paired.tool.hand) == ("c-ben", "right")

    page.get_by_role("link", name="All tools").click()
    expect(page.get_by_text("Ben · Right hand · ball4f21")).to_be_visible()
    expect(page.get_by_text("connected", exact=True)).to_be_visible()
    look("tools")
    page.get_by_role("button", name="Give to …").click()
    page.get_by_text("Ada", exact=True).click()
    page.get_by_text("Left hand", exact=True).click()
    picture(page, f"pair-give-{size}-{scheme}")  # it lies on the page
    page.get_by_role("button", name="Give it").click()
    expect(page.get_by_text("It is for Ada now, left hand.")).to_be_visible()
    expect(page.get_by_text("Ada · Left hand · ball4f21")).to_be_visible()
    (given,) = house.call(house.client.tools())
    assert (given.tool.child, given.tool.hand) == ("c-ada", "left")
    context.close()
