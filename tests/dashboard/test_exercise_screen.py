"""The exercise's screen in a real browser, in every state that a hub can tell of."""

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from griphub.dashboard.access_key import link
from griphub.hub.records import Hand

from .browsing import CHROMIUM, SCHEMES, SIZES, picture, wide_enough
from .led_ball import ZONES, LedBall, view

pytestmark = [
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="needs Debian's package chromium (apt install chromium)"
    ),
]

BOTH = {"zones": ZONES, "levels": {Hand.LEFT: 3.0, Hand.RIGHT: 4.0}}
BEFORE = {"set_number": 0, "in_set": 0, "done": 0}
STATES = {
    "quiet": BEFORE | {"phase": "quiet", "cue": "lay_down", "for_parent": True, "warmed_up": 0},
    "warm-up": BEFORE | {"phase": "warm_up", "cue": "warm_up", "warmed_up": 1},
    "set": {},
    "rest": {"phase": "rest", "cue": "rest", "in_set": 6, "done": 12, "rest_left_s": 24.0},
    "asking": {"phase": "asking", "cue": "ask_go_on", "for_parent": True},
    "away": {"cue": "come_nearer", "away": (Hand.LEFT,), "for_parent": True},
    "both": BOTH | {"cue": "together"},
}
ENDS = ("done", "enough", "pain", "child", "parent", "left")


@pytest.fixture
def open_page(chromium, config):
    opened = []

    def new(size="desktop", scheme="light", motion="no-preference"):
        context = chromium.new_context(
            viewport=SIZES[size], color_scheme=scheme, reduced_motion=motion, has_touch=size == "phone"
        )
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: print("page error:", error))
        page.on("console", lambda said: print("console:", said.text) if said.type == "error" else None)
        page.goto(link(config))
        page.goto(f"http://127.0.0.1:{config.dashboard.port}/exercise")
        return page

    yield new
    for context in opened:
        context.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_state(config, hub_client, start_dashboard, open_page, size, scheme):
    start_dashboard()
    page = open_page(size, scheme)
    led = page.locator(".led")
    ball = LedBall(hub_client, view())
    with ball.squeezed():
        for name, changes in STATES.items():
            ball.hands = tuple(Hand) if "both" in name else (Hand.LEFT,)
            ball.view = view(**changes)
            expect(led).to_have_attribute("data-cue", ball.view.cue)
            page.wait_for_timeout(900)
            picture(page, f"led-{name}-{size}-{scheme}", whole=True)
            assert wide_enough(page)
        for way in ("garden", "bar"):
            page.locator(f"[data-way={way}]").click()
            page.wait_for_timeout(900)
            picture(page, f"led-{way}-{size}-{scheme}", whole=True)
        page.locator(".hurt").click()
        picture(page, f"led-faces-{size}-{scheme}")
        page.locator("dialog .never").click()
        for by in ENDS:
            ball.view = view(exercise_id=uuid4())
            expect(led).to_have_attribute("data-exercise", str(ball.view.exercise_id))
            ball.view = ball.view.model_copy(update={"phase": "ended", "ended_by": by})
            expect(page.locator(f".over[data-by={by}]")).to_be_visible()
            picture(page, f"over-{by}-{size}-{scheme}", whole=True)
