"""The exercise's screen in a real browser, in every state that a hub can tell of."""

from uuid import UUID, uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from griphub.dashboard.access_key import link
from griphub.hub.records.vocabulary import Hand

from .browsing import CHROMIUM, SIZES, layout_faults, picture, settled, violations
from .house import until
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


TEST = BEFORE | {
    "kind": "strength_test",
    "title": "Strength test",
    "item_id": "test",
    "sets": 1,
    "reps": 6,
    "zones": {},
    "hits": None,
    "hand": Hand.LEFT,
    "trial": 2,
    "trials": 4,
}
TRIALS = {
    "test-quiet": TEST | {"phase": "quiet", "cue": "lay_down", "script": "The child is seated."},
    "test-practice": TEST | {"phase": "warm_up", "cue": "squeeze", "trial": 1, "practice": True},
    "test-squeeze": TEST | {"phase": "set", "cue": "squeeze"},
    "test-hold": TEST | {"phase": "set", "cue": "hold", "hold_left_s": 3.0},
    "test-rest": TEST | {"phase": "rest", "cue": "rest", "rest_left_s": 58.0, "news": ("That one counts.",)},
    "test-after": TEST | {"phase": "asking", "cue": "ask_after", "for_parent": True, "done": 6},
}


def look(page, name):
    """Keep a picture; nothing is broken in the layout, and nothing keeps anybody from using it."""
    picture(page, name, whole=True)
    faults = layout_faults(page)
    return faults + violations(Axe().run(page, options={"resultTypes": ["violations"]}).response)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_every_state_of_an_exercise(config, hub_client, start_dashboard, open_page, size, scheme):
    start_dashboard()
    page = open_page(size, scheme)
    led = page.locator(".led")
    ball = LedBall(hub_client, view())
    wrong = []
    with ball.squeezed():
        for name, changes in STATES.items():
            ball.hands = tuple(Hand) if "both" in name else (Hand.LEFT,)
            ball.view = view(**changes)
            expect(led).to_have_attribute("data-cue", ball.view.cue)
            wrong += look(page, f"led-{name}-{size}-{scheme}")
        for way in ("garden", "bar", "balloon"):
            page.locator(f"[data-way={way}]").click()
            expect(led).to_have_attribute("data-scene", way)
            picture(page, f"led-{way}-{size}-{scheme}", whole=True)
        page.locator(".hurt").click()
        expect(page.locator("dialog")).to_be_visible()
        wrong += look(page, f"led-faces-{size}-{scheme}")
        page.locator("dialog .never").click()
        for name, changes in TRIALS.items():
            ball.view = view(exercise_id=UUID(int=8), **changes)
            expect(led).to_have_attribute("data-cue", ball.view.cue)
            expect(led).to_have_attribute("data-phase", ball.view.phase)
            wrong += look(page, f"led-{name}-{size}-{scheme}")
        assert led.get_attribute("data-scene") == "none", "a test shows no force"
        page.locator("dialog .plain").click()
        for by in ENDS:
            ball.view = view(exercise_id=uuid4())
            expect(led).to_have_attribute("data-exercise", str(ball.view.exercise_id))
            ball.view = ball.view.model_copy(update={"phase": "ended", "ended_by": by})
            expect(page.locator(f".over[data-by={by}]")).to_be_visible()
            settled(page)
            wrong += look(page, f"over-{by}-{size}-{scheme}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(180)
def test_calm_moves_nothing_but_the_bar_and_a_lost_connection_is_told(
    config, broker, hub_client, start_dashboard, open_page
):
    server = start_dashboard()
    page = open_page(motion="reduce")
    led, canvas = page.locator(".led"), page.locator(".led canvas")
    pixels = "canvas => canvas.toDataURL()"
    ball = LedBall(hub_client, view())
    with ball.squeezed():
        expect(led).to_have_attribute("data-scene", "bar")
        assert led.evaluate("led => led.hasAttribute('data-calm')")
        expect(page.locator(".marks i[data-is=seen]")).to_have_count(0)
        ball.waiting = 1
        expect(page.locator(".marks i[data-is=seen]")).to_have_count(1)
        expect(page.locator(".marks i[data-is=counted]")).to_have_count(4)
        picture(page, "led-calm-seen")
        ball.view, ball.waiting = view(in_set=5, done=11), 0
        expect(page.locator(".marks i[data-is=counted]")).to_have_count(5)
        expect(page.locator(".marks i[data-is=seen]")).to_have_count(0)
        ball.view, ball.waiting = view(phase="rest", cue="rest", in_set=6, done=12, rest_left_s=9.0), 2
        expect(led).to_have_attribute("data-phase", "rest")
        expect(page.locator(".marks i[data-is=seen]")).to_have_count(0)
        ball.view = view(set_number=3, in_set=0, done=12)
        expect(led).to_have_attribute("data-phase", "set")
        expect(page.locator(".marks i[data-is=seen]")).to_have_count(0)  # those of the rest are no reps
        ball.waiting = 3
        expect(page.locator(".marks i[data-is=seen]")).to_have_count(1)
        ball.view, ball.waiting = view(in_set=5, done=11), 0
        expect(page.locator(".marks i[data-is=counted]")).to_have_count(5)
        before = canvas.evaluate(pixels)
        until(lambda: canvas.evaluate(pixels) != before, "the bar does not follow the hand")
        expect(page.locator("[data-way=balloon]")).to_be_disabled()
        expect(page.locator("[data-switch=sound]")).to_be_disabled()
        assert page.locator(".stage").evaluate("stage => stage.getAnimations({ subtree: true }).length") == 0
        picture(page, "led-calm")

    def still():
        seen = canvas.evaluate(pixels)
        page.wait_for_timeout(500)
        return canvas.evaluate(pixels) == seen

    until(still, "something moves by itself when the hand is gone")

    page.locator("[data-switch=calm]").click()  # who likes it livelier has the last word
    expect(led).to_have_attribute("data-scene", "balloon")
    assert not still(), "the balloon hangs still"
    page.locator("[data-switch=sound]").click()
    expect(page.locator("[data-switch=sound]")).to_have_attribute("aria-pressed", "true")

    broker.kill()
    expect(page.get_by_text("GripHub is not answering. The count is safe")).to_be_visible()
    picture(page, "led-hub-away")
    server.kill()
    expect(page.get_by_text("This page lost its connection. The count is safe")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Just put it down.")).to_be_visible()
    picture(page, "led-disconnected")
    start_dashboard()  # what was pressed is said as soon as somebody hears it: here, that there is no hub
    expect(page.get_by_text("GripHub did not answer. Put the tool down")).to_be_visible()
