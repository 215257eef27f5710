"""The page of tools, with a real hub over the virtual radio and without one."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from streamlit.testing.v1 import AppTest

from griphub.dashboard import pages, tool_words, viewer
from griphub.dashboard.queries.tools import shelf
from griphub.dashboard.viewer import Child
from griphub.firmware_bridge.errors import AdapterCause
from griphub.firmware_bridge.link_state import LinkPhase, LinkState
from griphub.firmware_bridge.samples import ToolKind
from griphub.hub.config import Config, ToolConfig
from griphub.hub.control.answers import RadioStatus, ToolFacts, ToolStatus
from griphub.hub.database.actor import Role
from griphub.hub.records.ids import status_id
from griphub.hub.records.tool import ToolSeen
from griphub.hub.records.vocabulary import Hand
from griphub.hub.tools import FILE, HomeTool, ToolRegistry

from .house import House, until
from .page_text import text

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHILDREN = [Child("c-ada", "Ada"), Child("c-ben", "Ben")]


def _script() -> None:
    from griphub.dashboard.views import tools

    tools.page()


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def button(app: AppTest, label: str):
    return next(one for one in app.button if one.label == label)


def register(config: Config, tool_id: str = "ball01", child: str = "c-ada") -> None:
    registry = ToolRegistry(config.data_dir / FILE, config)
    registry.add(tool_id, child, Hand.LEFT, driver="griphub", title="GripHub ball", address="x", at_s=0)
    registry.close()


def told(tool_id: str = "ball01", **more) -> ToolSeen:
    shared = {"site": "home", "hub": "hub", "tool_id": tool_id, "tool_kind": "ball", "link": "asleep"}
    head = {"event_id": status_id("hub", tool_id, NOW), "measured_at": NOW, "seen_at": NOW}
    return ToolSeen(**(shared | head | {"battery_percent": 12, "firmware": "1.4"} | more))


@pytest.fixture
def show(sign_in: Callable[..., Config]) -> Callable[..., AppTest]:
    def opened(role: Role = Role.PARENT, **config: Config) -> AppTest:
        sign_in(role, **config)
        return AppTest.from_function(_script, default_timeout=20)

    return opened


# -- without a hub


def test_nothing_is_here_yet(show) -> None:
    said = text(run(show()))
    assert "There are no tools here yet" in said and "griphub up" in said


def test_without_a_hub_the_page_shows_what_was_told_last(show, config, fill) -> None:
    register(config)
    fill([told()])
    app = run(show())
    said = text(app)
    assert "GripHub is not running on this computer" in said and "Ada · Left hand · ball01" in said
    assert "12 %" in said and "The battery is low" in said and "Last heard" in said
    assert button(app, "Blink").disabled and button(app, "Set to zero").disabled
    assert "Serial number" not in said  # the short version


def test_a_failing_store_takes_nothing_else_with_it(show, config) -> None:
    register(config)
    (config.data_dir / "store.db").write_bytes(b"this is no database" * 500)
    assert "Ada · Left hand · ball01" in text(run(show()))


def test_an_admin_sees_everything_also_of_other_hubs_of_the_site(show, config, fill) -> None:
    register(config)
    fill([told(), told("ball77", hub="clinic"), told("ball99", site="far")])
    app = run(show(Role.ADMIN))
    said = text(app)
    assert "Serial number" in said and "1.4" in said
    (elsewhere,) = [frame.value for frame in app.dataframe]
    assert list(elsewhere["Tool"]) == ["ball77"]


def test_a_tool_of_the_configuration_is_changed_there(show, config) -> None:
    shown = config.model_copy(update={"tools": (ToolConfig(id="ball05", child="c-ben", hand="right"),)})
    app = run(show(shown=shown))
    assert "Ben · Right hand · ball05" in text(app) and "stands in the configuration file" in text(app)
    assert "Forget this tool" not in [one.label for one in app.button]


def test_a_therapist_has_no_such_page_and_a_press_of_nobody_does_nothing(show, monkeypatch) -> None:
    assert "tools" not in [page.path for page in pages.of(Role.THERAPIST)]
    show(Role.THERAPIST)
    assert not viewer.still(Role.PARENT, Role.ADMIN)
    monkeypatch.setattr(viewer, "token", lambda: "gone")
    assert not viewer.still(Role.PARENT, Role.ADMIN, Role.THERAPIST)


# -- with one


def test_blink_zero_give_and_forget(show, config, house: House) -> None:
    tool = house.tool("ball01", level=0.0)

    async def pair() -> None:
        async for candidates in house.client.candidates():
            if candidates:
                async with house.client.pairing(candidates[0].id) as held:
                    await held.finish("c-ada", Hand.LEFT)
                return

    house.call(pair())
    until(lambda: house.hub and house.hub.supervisor.clients(), "the hub does not use it")
    app = run(show(Role.ADMIN))
    said = text(app)
    assert "Ada · Left hand · ball01" in said and "1 tool connected" in said
    assert "Links lost since the hub began" in said and "100 Hz" in said and "very near" in said

    button(app, "Blink").click()
    assert "It blinks now." in text(run(app))
    assert tool.blinking
    button(app, "Set to zero").click()
    assert "It was set to zero." in text(run(app))
    assert "It was set to zero." not in text(run(app))  # it is said once

    app.toggle[0].set_value(True)
    run(app)
    assert "connected" in list(app.dataframe[0].value["Link"])

    app.radio(key="child-ball01").set_value("c-ben")
    app.radio(key="hand-ball01").set_value(Hand.RIGHT)
    button(app, "Give it").click()
    said = text(run(app))
    assert "It is for Ben now, Right hand." in said and "Ben · Right hand · ball01" in said

    until(lambda: house.hub and house.hub.supervisor.clients(), "it does not connect for Ben")
    run(app)

    house.do(tool.power_off)
    until(lambda: house.hub and not house.hub.supervisor.clients(), "the hub still has it")
    button(app, "Blink").click()  # as it stands in a browser that was drawn a moment before
    assert "ball01 is not connected now. Wake it with a squeeze" in text(run(app))

    button(app, "Forget this tool").click()
    assert "There are no tools here yet" in text(run(app))
    assert house.call(house.client.tools()) == []


def test_a_tool_that_is_not_heard_is_told_in_words(show, config, house: House) -> None:
    register(config)
    assert "Not heard yet. Squeeze it to wake it." in text(run(show()))


# -- the read model


def _status(child: str = "c-ada", phase: LinkPhase | None = LinkPhase.STREAMING, **facts) -> ToolStatus:
    link = LinkState("ball01", phase, NOW.timestamp(), rssi_dbm=-60) if phase else None
    known = ToolFacts(kind=ToolKind.BALL, **facts) if facts else None
    return ToolStatus(tool=HomeTool(id="ball01", child=child, hand=Hand.LEFT), link=link, facts=known)


def _shelf(*statuses: ToolStatus, everything: bool = False, seen: tuple[ToolSeen, ...] = ()):
    return shelf(statuses, [], seen, CHILDREN, running=True, everything=everything, today=date(2026, 3, 1))


def test_losses_are_a_share_or_not_known() -> None:
    (tool,) = _shelf(_status(received=990, lost=10)).tools
    assert tool.facts.lost_percent == 1.0 and tool.facts.loss_known
    (tool,) = _shelf(_status(received=990, lost=None)).tools
    assert tool.facts.lost_percent is None and not tool.facts.loss_known
    (tool,) = _shelf(_status(received=0, lost=0)).tools
    assert tool.facts.lost_percent is None and tool.facts.loss_known


def test_only_tools_of_children_whom_the_viewer_knows() -> None:
    assert _shelf(_status("c-other")).tools == ()
    assert len(_shelf(_status("c-other"), everything=True).tools) == 1
    assert _shelf(_status(), seen=(told("ball09"),)).elsewhere == ()


def test_a_calibration_is_overdue_the_day_after() -> None:
    for due, overdue in ((date(2026, 3, 1), False), (date(2026, 2, 28), True)):
        (tool,) = _shelf(_status(calibration_due=due)).tools
        assert tool.facts.calibration_overdue is overdue


def test_a_battery_is_low_as_for_alerts() -> None:
    for percent, low in ((20, False), (19, True), (None, False)):
        (tool,) = _shelf(_status(battery_percent=percent)).tools
        assert tool.low is low


def test_what_was_told_last_fills_what_the_hub_does_not_know_yet() -> None:
    (tool,) = _shelf(_status(phase=None), seen=(told(firmware="2.0"),)).tools
    assert (tool.battery_percent, tool.facts.firmware, tool.seen_at) == (12, "2.0", NOW)
    (tool,) = _shelf(_status(battery_percent=80), seen=(told(),)).tools
    assert (tool.battery_percent, tool.seen_at) == (80, None)
    assert tool.facts.connected_since == NOW


def test_there_are_words_for_every_state_of_a_link() -> None:
    for phase in LinkPhase:
        (tool,) = _shelf(_status(phase=phase)).tools
        assert tool_words.link(tool, running=True) and tool_words.badge(tool)[1] != "red"
    for cause in AdapterCause:
        status = RadioStatus(name="system", open=False, cause=cause)
        assert tool_words.room(status) and tool_words.radio(status) == "This computer's Bluetooth"


def test_room_on_a_radio() -> None:
    def room(**more) -> str:
        return tool_words.room(RadioStatus(name="system", open=True, **more))

    assert (
        room(links=2) == "2 tools connected. No system tells how many it can hold; it shows when it is full."
    )
    assert room(links=3, most=5) == "3 tools connected, room for 2 more (it was full with 5)"
    assert room(links=5, most=5, full=True).startswith("5 tools connected, and it is full.")
    assert "how many" in room(links=6, most=5)  # another program's link has gone since
