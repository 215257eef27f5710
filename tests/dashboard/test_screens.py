"""Every page of every role, on a desktop and a phone, in light and dark: opened, measured, photographed."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from griphub.dashboard import pages
from griphub.dashboard.access_key import link
from griphub.hub.config import Config
from griphub.hub.database.actor import GRANTABLE, Role
from griphub.simulators.presets import PRESETS

from .browsing import CHROMIUM, SCHEMES, SIZES, layout_faults, picture, settled, violations
from .conftest import free_port, wait_for_port
from .lived_in import furnish
from .pictures import documented

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="needs Debian's package chromium (apt install chromium)"
    ),
]

#: axe-core takes seconds a page; each size and each scheme is seen by it once.
EXAMINED = {("desktop", "light"), ("phone", "dark")}

#: In which size and scheme the documentation shows a page; a family holds a phone.
DOCUMENTED = {
    ("today", Role.PARENT): ("phone", "light"),
    ("how", Role.PARENT): ("phone", "light"),
    ("progress", Role.PARENT): ("phone", "light"),
    ("messages", Role.PARENT): ("phone", "light"),
    ("caseload", Role.THERAPIST): ("desktop", "light"),
    ("child", Role.THERAPIST): ("desktop", "light"),
    ("session", Role.THERAPIST): ("desktop", "light"),
    ("program", Role.THERAPIST): ("desktop", "light"),
    ("report", Role.THERAPIST): ("desktop", "light"),
    ("tools", Role.ADMIN): ("desktop", "light"),
}

NAMES = "|".join(child.alias for child in PRESETS.values())


@dataclass
class Home:
    """A lived-in home with its dashboard, and everything that pages asked for."""

    config: Config
    asked: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.config.dashboard.port}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("home")
    config = furnish(folder, free_port())
    server = subprocess.Popen(
        [sys.executable, "-m", "griphub", "dashboard", "--config", str(folder / "griphub.toml")]
    )
    try:
        wait_for_port(config.dashboard.port)
        yield Home(config)
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def open_as(chromium: Browser, home: Home) -> Iterator[object]:
    """Opens a page as somebody in a role."""
    opened = []

    def new(role: Role, size: str, scheme: str) -> Page:
        context = chromium.new_context(
            viewport=SIZES[size],
            color_scheme=scheme,
            timezone_id="Europe/Berlin",
            locale="en-GB",
            reduced_motion="reduce",
            has_touch=size == "phone",
        )
        opened.append(context)
        page = context.new_page()
        page.on("request", lambda request: home.asked.append(request.url))
        page.on("websocket", lambda socket: home.asked.append(socket.url))
        page.goto(link(home.config))
        if role is not Role.PARENT:
            page.goto(f"{home.address}/access/role/{role}")
        return page

    yield new
    for context in opened:
        context.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("role", GRANTABLE, ids=str)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_page_is_laid_out_and_can_be_used_by_everybody(home, open_as, role, size, scheme):
    page = open_as(role, size, scheme)
    wrong = []
    for shown in pages.of(role):
        page.goto(f"{home.address}/{shown.path}")
        settled(page)
        expect(page.locator("h1, h2, h3").first).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
        picture(page, f"{shown.path}-{role}-{size}-{scheme}", whole=True)
        if DOCUMENTED.get((shown.path, role)) == (size, scheme):
            documented(page, shown.path)
        faults = layout_faults(page)
        if (size, scheme) in EXAMINED:
            faults += violations(Axe().run(page, options={"resultTypes": ["violations"]}).response)
        wrong += [f"{shown.path}: {fault}" for fault in faults]
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(300)
def test_every_page_of_a_family_fits_a_small_phone_in_german(home, chromium):
    context = chromium.new_context(viewport={"width": 360, "height": 740}, locale="de-DE", has_touch=True)
    page = context.new_page()
    page.goto(link(home.config))
    wrong = []
    for shown in pages.of(Role.PARENT):
        page.goto(f"{home.address}/{shown.path}")
        settled(page)
        picture(page, f"{shown.path}-german-small", whole=True)
        wrong += [f"{shown.path}: {fault}" for fault in layout_faults(page)]
    context.close()
    assert not wrong, "\n".join(wrong)


def test_pages_asked_nobody_else_and_named_no_child(home):
    """Runs last in this module: of all that was asked for above."""
    own = re.compile(rf"(https?|wss?)://127\.0\.0\.1:{home.config.dashboard.port}/|(data|blob):")
    assert len(home.asked) > 50
    assert [url for url in home.asked if not own.match(url)] == []
    assert not [url for url in home.asked if re.search(NAMES, url)], "a child's name in an address"


@pytest.mark.parametrize("role", GRANTABLE, ids=str)
def test_no_address_opens_another_roles_page(home, open_as, role):
    page = open_as(role, "desktop", "light")
    own = {shown.path: shown for shown in pages.of(role)}
    first = next(shown for shown in own.values() if shown.tab(role))
    start = page.get_by_role("heading", level=1, name=re.compile(f"^{first.title}"))
    for foreign in pages.PAGES:
        if foreign.path not in own:
            page.goto(f"{home.address}/{foreign.path}")
            settled(page)
            # Streamlit says so, until the start page that stands behind its words is drawn in their place
            said = page.get_by_role("dialog").or_(page.get_by_text("Page not found"))
            expect(said.or_(start).first).to_be_visible()


@pytest.mark.timeout(180)
def test_a_therapist_finds_a_child_by_name_and_opens_it_with_the_keyboard(home, open_as):
    page = open_as(Role.THERAPIST, "desktop", "light")
    page.goto(f"{home.address}/caseload")
    rows = page.locator("tbody tr:visible")
    expect(rows).to_have_count(len(PRESETS))
    name = next(iter(PRESETS.values())).alias
    search = page.get_by_role("searchbox", name="Find a child")
    search.fill(name.upper()[:3])
    expect(rows).to_have_count(1)
    search.fill("nobody")
    expect(page.get_by_text("No child of that name among these.")).to_be_visible()
    search.fill("")
    expect(rows).to_have_count(len(PRESETS))
    page.get_by_role("button", name=re.compile("All")).focus()
    page.get_by_role("button", name=name).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Caseload")
    settled(page)
    expect(page.get_by_role("combobox").first).to_have_value(name)
