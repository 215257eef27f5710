"""A child is led through exercises on its screen: real dashboard, broker, hub, virtual radio and ball."""

import time
from contextlib import closing

import numpy as np
import psutil
import pytest
from playwright.sync_api import expect

from griphub.dashboard.access_key import link
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.profile import WireKind
from griphub.hub.config import ToolConfig
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.records.event import decode
from griphub.hub.records.said import ActivityDone, FeedbackGiven
from griphub.hub.records.strength import StrengthTested
from griphub.hub.records.vocabulary import Hand

from .browsing import CHROMIUM, SIZES, layout_faults, picture, settled
from .house import House, until
from .pictures import documented

pytestmark = [
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="needs Debian's package chromium (apt install chromium)"
    ),
]

PROGRAM = """
[[items]]
id = "squeeze"
activity = "squeeze-ball"
dose = { days_per_week = 7 }
squeezes = { sets = 2, reps = 2, rest_s = 6, hands = "right", zone = [40, 100], warm_up = 1 }
"""

# milliseconds from a press to the next phase on the screen
PRESSED = """async ([key, wanted]) => {
  const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean);
  const led = roots.map((root) => root.querySelector(".led")).find(Boolean);
  const began = performance.now();
  led.querySelector(key).click();
  while (led.dataset.phase !== wanted) {
    if (performance.now() - began > 5000) return Infinity;
    await new Promise((done) => setTimeout(done, 2));
  }
  return performance.now() - began;
}"""


@pytest.fixture
def home(config, broker):
    made = House(
        config.model_copy(update={"tools": (ToolConfig(id="ball01", child="c-ada", hand=Hand.RIGHT),)})
    )
    made.open()
    made.start_hub()
    yield made
    made.close()


def events(config, kind):
    with closing(Outbox(config.data_dir / "outbox.db")) as outbox:
        found = [decode(waiting.payload) for waiting in outbox.waiting(0, 10_000)]
    return [event for event in found if isinstance(event, kind)]


@pytest.mark.timeout(300)
def test_a_child_is_led_to_the_end_and_once_more_until_it_hurts(
    config, home, chromium, sign_in, prescribe, start_dashboard
):
    sign_in()
    prescribe(PROGRAM)
    server = start_dashboard()
    context = chromium.new_context(viewport=SIZES["phone"], has_touch=True)
    page = context.new_page()
    page.add_init_script(
        "window.paints = 0; const clear = CanvasRenderingContext2D.prototype.clearRect;"
        "CanvasRenderingContext2D.prototype.clearRect = function (...a)"
        " { window.paints++; return clear.apply(this, a); };"
    )
    page.goto(link(config))
    page.goto(f"http://127.0.0.1:{config.dashboard.port}/exercise")
    led, over = page.locator(".led"), page.locator(".over")

    def begin(face):
        page.get_by_role("button", name="Start", exact=True).click()
        page.get_by_role("radio", name=face).click()
        settled(page)
        picture(page, "exercise-before", whole=True)
        assert layout_faults(page) == []
        page.get_by_role("button", name="Begin").click()
        expect(led).to_be_visible()

    expect(page.get_by_text("Squeezing the grip ball")).to_be_visible()
    settled(page)
    picture(page, "exercise-choose", whole=True)
    begin("No pain")
    expect(page.get_by_text("Squeeze the ball once to wake it.")).to_be_visible()
    home.tool("ball01", squeezes=60)
    expect(page.get_by_text("These do not count yet.")).to_be_visible()
    expect(led).to_have_attribute("data-phase", "set")
    expect(page.get_by_text("Set 1 of 2")).to_be_visible()
    picture(page, "exercise-set")
    documented(page, "exercise")

    process, began = psutil.Process(server.pid), time.monotonic()
    used, before = sum(process.cpu_times()[:2]), page.evaluate("window.paints")
    page.wait_for_timeout(4000)
    span_s = time.monotonic() - began
    share = (sum(process.cpu_times()[:2]) - used) / span_s
    rate_hz = (page.evaluate("window.paints") - before) / span_s
    print(f"painted {rate_hz:.1f} frames a second; the server used {100 * share:.1f} % of a core")
    assert rate_hz >= 20
    assert share < 0.10

    expect(led).to_have_attribute("data-phase", "rest")
    longer_ms = page.evaluate(PRESSED, [".longer", "rest"])
    until(lambda: int(page.locator(".seconds").inner_text()) > 25, "the break did not become longer")
    ready_ms = page.evaluate(PRESSED, [".go", "set"])
    print(f"the next set stood there {ready_ms:.0f} ms after the press")
    assert longer_ms < 300 and ready_ms < 300
    expect(page.get_by_role("heading", name="You did it!")).to_be_visible()
    expect(over.locator("li").first).to_have_text("4 of 4 squeezes")
    picture(page, "exercise-over", whole=True)
    until(lambda: events(config, ActivityDone), "no result was committed")
    (done,) = events(config, ActivityDone)
    assert (done.reps, done.sets, done.ended_by, done.evidence) == (4, 2, "done", "sensor")
    page.get_by_role("button", name="How it went").click()
    expect(page.get_by_text("Answer what you like.")).to_be_visible()

    # once more: a little pain is asked about, much pain ends it
    page.goto(f"http://127.0.0.1:{config.dashboard.port}/exercise")
    begin("No pain")
    expect(led).to_have_attribute("data-phase", "warm_up")
    page.get_by_role("button", name="It hurts").click()
    page.locator("dialog [data-face='2']").click()
    expect(led).to_have_attribute("data-phase", "asking")
    expect(page.get_by_text("Ask your child: shall we go on?")).to_be_visible()
    page.reload()  # in the middle of it: all is there again
    expect(led).to_have_attribute("data-phase", "asking")
    page.get_by_role("button", name="Go on").click()
    expect(led).to_have_attribute("data-phase", "warm_up")
    page.get_by_role("button", name="It hurts").click()
    page.locator("dialog [data-face='6']").click()
    expect(page.get_by_role("heading", name="We stop here. Thank you for telling.")).to_be_visible()
    until(lambda: len(events(config, ActivityDone)) == 2, "the stop was not committed")
    assert events(config, ActivityDone)[1].ended_by == "pain"
    assert [(one.pain_before, one.pain_after) for one in events(config, FeedbackGiven)] == [(0, None), (0, 6)]
    page.get_by_role("button", name="Back to the start").click()

    # and stopped while nobody hears it: as soon as the hub is back
    begin("A little")
    home.stop_hub()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("GripHub did not answer. Put the tool down")).to_be_visible()
    home.start_hub()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("heading", name="We stop here. Good that you said so.")).to_be_visible()
    context.close()


#: A minute of rests takes ten seconds: hub and tool have one clock, which runs faster.
SPEED = 6
TESTED = """
[[items]]
id = "test"
activity = "strength-test"
dose = { days_per_week = 7 }
test = { protocol = "asht", hands = "right" }
"""


def trial(peak_n):
    """Greatest strength for 3.6 s, and rest until the next one, 100 samples a second."""
    t_s = np.arange(2100) / 100
    up, down = np.clip(t_s / 0.4, 0, 1), np.clip((t_s - 3.6) / 0.3, 0, 1)
    return peak_n * (1 - np.cos(np.pi * up)) / 2 * (1 + np.cos(np.pi * down)) / 2


@pytest.mark.timeout(200)
def test_a_strength_test_is_led_to_its_result(
    config, broker, chromium, sign_in, prescribe, start_dashboard, fill
):
    home = House(
        config.model_copy(update={"tools": (ToolConfig(id="dyno01", child="c-ada", hand=Hand.RIGHT),)}),
        clock=HostClock(SPEED, time.time() - 3600),
    )
    home.open()
    home.start_hub()
    sign_in()
    prescribe(TESTED)
    start_dashboard()
    context = chromium.new_context(viewport=SIZES["phone"], has_touch=True)
    page = context.new_page()
    address = f"http://127.0.0.1:{config.dashboard.port}"
    page.goto(link(config))
    page.goto(f"{address}/exercise")
    led = page.locator(".led")
    # three in a row have the same mean, whichever is the first that counts
    home.squeezed(
        "dyno01", np.concatenate([trial(peak) for peak in (0, 100, 110, 105) * 5]), WireKind.DYNAMOMETER
    )
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("radio", name="A little").first.click()
    page.get_by_role("button", name="Begin").click()
    expect(led).to_be_visible()

    began = time.monotonic()
    expect(led).to_have_attribute("data-phase", "rest")
    expect(page.get_by_text("That one counts.")).to_be_visible()
    settled(page)
    picture(page, "strength-test-rest", whole=True)
    expect(page.locator("dialog")).to_be_visible()
    print(f"three trials took {time.monotonic() - began:.1f} s")
    picture(page, "strength-test-after", whole=True)
    box = page.locator("dialog").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= SIZES["phone"]["width"]
    assert not events(config, StrengthTested), "nothing is told before somebody was asked"
    page.locator("dialog").get_by_text("Yes", exact=True).click()
    page.locator("dialog [data-face='4']").click()
    expect(page.get_by_role("heading", name="That was the test. Thank you!")).to_be_visible()
    expect(page.locator(".over li").first).to_have_text("3 trials that count")
    picture(page, "strength-test-over", whole=True)

    until(lambda: events(config, StrengthTested), "no result was committed")
    (result,) = events(config, StrengthTested)
    counted = [one.peak for one in result.trials if not one.faults]
    assert len(counted) == 3 and result.outcome.score == pytest.approx(np.mean(counted))
    assert result.outcome.score == pytest.approx(105, rel=0.02)
    assert (result.pain_before, result.pain_after, result.position_kept) == (2, 4, True)
    home.close()

    fill(events(config, object))
    page.goto(f"{address}/access/role/therapist")
    page.goto(f"{address}/child")
    expect(page.get_by_text(f"latest {result.outcome.score:.1f} N").first).to_be_visible()
    context.close()
