"""A viewer's pairing with a real hub over the virtual radio, and the page in each of its states."""

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from griphub.dashboard import pairing_session as module
from griphub.dashboard.pairing_session import PairingSession, TooManyPair
from griphub.dashboard.pairing_state import Belongs, Choose, Digits, Press, Stage, Standing, State, Trouble
from griphub.dashboard.pairing_words import CHECK, NEARNESS, PROBLEMS, STANDING
from griphub.firmware_bridge import pairing as bridge_pairing
from griphub.firmware_bridge.adapter import open_adapter
from griphub.firmware_bridge.discovery import find_device
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.nearness import Nearness
from griphub.firmware_bridge.pairing_diagnosis import PairingProblem
from griphub.firmware_bridge.profile import GRIP_SERVICE
from griphub.firmware_bridge.quiet_check import QuietVerdict
from griphub.hub.config import Config
from griphub.hub.control.address import HubNotRunning
from griphub.hub.database.actor import Role
from griphub.hub.records.vocabulary import Hand
from griphub.simulators.gatt import Advert, VirtualDevice

from .house import House, until
from .page_text import text


@pytest.fixture
def pairing(house: House) -> Iterator[PairingSession]:
    session = PairingSession(house.client)
    yield session
    session.end(10)


def reach(session: PairingSession, stage: Stage) -> State:
    until(lambda: session.state.stage is stage, f"{stage} was not reached: {session.state}")
    return session.state


def choose(session: PairingSession, name: str = "ball01", standing: Standing | None = None) -> None:
    def there() -> list[str]:
        return [f.id for f in session.state.found if f.name == name and standing in (None, f.standing)]

    until(there, f"{name} is not in the list: {session.state}")
    session.say(Choose(there()[0]))


def problem(session: PairingSession) -> PairingProblem | None:
    trouble = reach(session, Stage.TROUBLE).trouble
    assert trouble and trouble.words and trouble.hub_runs
    return trouble.problem


# -- the way to a tool


def test_from_the_list_to_a_tool_that_the_hub_uses(house: House, pairing: PairingSession) -> None:
    tool = house.tool(level=9.0)
    choose(pairing)
    state = reach(pairing, Stage.RECOGNISE)
    assert tool.blinking and state.tool and state.tool.simulated
    pairing.say(Press.AGAIN)
    pairing.say(Press.YES)
    reach(pairing, Stage.WHOSE)
    pairing.say(Press.YES)  # a second press on what is not there any more
    pairing.say(Belongs("c-ada", Hand.LEFT))
    reach(pairing, Stage.LAY_DOWN)
    pairing.say(Press.YES)
    state = reach(pairing, Stage.DONE)
    assert state.done and (state.done.child, state.done.hand) == ("c-ada", Hand.LEFT)
    assert state.tared and state.report and state.report.verdict is QuietVerdict.FINE
    until(lambda: not pairing.alive, "the thread goes on")
    assert pairing.state.stage is Stage.DONE
    until(lambda: house.hub and "ball01" in house.hub.supervisor.clients(), "the hub does not use it")


def test_another_one_was_meant(house: House, pairing: PairingSession) -> None:
    one, other = house.tool("ball01"), house.tool("ball02")
    choose(pairing, "ball01")
    reach(pairing, Stage.RECOGNISE)
    assert one.blinking and not other.blinking
    pairing.say(Press.BACK)
    reach(pairing, Stage.LOOKING)
    until(lambda: not one.blinking and not one.peripheral.connection, "the first one is not let go")
    choose(pairing, "ball02", Standing.READY)
    reach(pairing, Stage.RECOGNISE)
    assert other.blinking
    assert not house.call(house.client.tools())


def test_the_digits_on_a_tool_are_asked_for(house: House, pairing: PairingSession) -> None:
    house.tool(passkey=42)
    choose(pairing)
    reach(pairing, Stage.PASSKEY)
    pairing.say(Digits(41))
    assert problem(pairing) is PairingProblem.PASSKEY_WRONG
    pairing.say(Press.AGAIN)
    reach(pairing, Stage.PASSKEY)
    pairing.say(Press.BACK)
    reach(pairing, Stage.LOOKING)
    choose(pairing)
    reach(pairing, Stage.PASSKEY)
    pairing.say(Digits(42))
    assert reach(pairing, Stage.RECOGNISE).tool


# -- what may be the matter


def test_a_tool_that_fell_asleep_meanwhile(house: House, pairing: PairingSession) -> None:
    tool = house.tool()
    until(lambda: pairing.state.found, "nothing is heard")
    house.call(tool.peripheral.hide(0))
    choose(pairing)
    assert problem(pairing) is PairingProblem.ASLEEP


def test_a_tool_out_of_range(house: House, pairing: PairingSession) -> None:
    house.tool()
    house.link.rssi_dbm["ball01"] = -94
    until(
        lambda: pairing.state.found and pairing.state.found[0].nearness is Nearness.VERY_FAR,
        f"it is not far: {pairing.state}",
    )
    house.link.take_away("ball01")
    choose(pairing)
    assert problem(pairing) is PairingProblem.OUT_OF_RANGE


def test_a_tool_that_a_phone_has(
    house: House, pairing: PairingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge_pairing, "FRESH_S", 3.0)  # a tool that is held says so less often
    house.tool()
    taken, free = asyncio.Event(), asyncio.Event()

    async def phone() -> None:
        async with open_adapter(house.config.radio) as adapter:
            device = await find_device("ball01", adapter=adapter)
            async with GripClient(device, adapter=adapter):
                taken.set()
                await free.wait()

    holding = house.start(phone())
    house.call(taken.wait())
    choose(pairing, standing=Standing.HELD)
    assert problem(pairing) is PairingProblem.HELD_BY_ANOTHER

    async def let_go() -> None:
        free.set()
        await holding

    house.call(let_go())


def test_a_tool_whose_button_nobody_held(house: House, pairing: PairingSession) -> None:
    tool = house.tool()
    tool.peripheral.bonding.bonded = True  # with somebody else's hub
    choose(pairing)
    assert problem(pairing) is PairingProblem.NOT_IN_PAIRING_MODE
    pairing.say(Press.BACK)
    house.do(tool.press_button)
    choose(pairing, standing=Standing.READY)
    reach(pairing, Stage.RECOGNISE)


def test_a_radio_that_is_full(house: House, pairing: PairingSession) -> None:
    house.tool()
    until(lambda: pairing.state.found, "nothing is heard")
    (controller,) = [one for one in house.link.controllers if one.name == "hub"]
    controller.slots = 0
    choose(pairing)
    assert problem(pairing) is PairingProblem.NO_FREE_SLOT
    controller.slots = 1
    pairing.say(Press.AGAIN)
    reach(pairing, Stage.RECOGNISE)


def test_a_tool_that_only_looks_like_ours(house: House, pairing: PairingSession) -> None:
    async def show() -> None:
        fake = VirtualDevice("ball07", house.link, Advert("ball07", services=(GRIP_SERVICE,)))
        fake.show()
        await fake.run()

    house.start(show())
    choose(pairing, "ball07")
    assert problem(pairing) is PairingProblem.WRONG_TOOL


def test_a_radio_that_is_gone_and_comes_back(house: House, pairing: PairingSession) -> None:
    house.tool()
    until(lambda: pairing.state.found, "nothing is heard")
    house.close_radio()
    until(
        lambda: pairing.state.trouble and pairing.state.trouble.problem is PairingProblem.ADAPTER_MISSING,
        f"it is not told: {pairing.state}",
    )
    house.open()
    until(lambda: pairing.state.found and not pairing.state.trouble, f"it stays so: {pairing.state}")


def test_a_tool_that_is_lost_while_it_is_held(house: House, pairing: PairingSession) -> None:
    house.tool()
    choose(pairing)
    reach(pairing, Stage.RECOGNISE)

    house.link.rssi_dbm["ball01"] = -95
    house.do(lambda: house.link.take_away("ball01"))
    pairing.say(Press.AGAIN)
    assert problem(pairing) in (
        PairingProblem.ASLEEP,
        PairingProblem.OUT_OF_RANGE,
        PairingProblem.NO_ANSWER,
    )
    pairing.say(Press.BACK)
    reach(pairing, Stage.LOOKING)


def test_a_tool_that_was_reset_is_mended_with_consent(house: House, pairing: PairingSession) -> None:
    tool = house.tool()
    choose(pairing)
    for press in (Press.YES, Belongs("c-ada", Hand.LEFT), Press.YES):
        until(lambda: pairing.state.stage in _WAITS, "it does not come on")
        pairing.say(press)
    reach(pairing, Stage.DONE)

    async def reset() -> None:
        await tool.peripheral.forget_bonds()
        tool.peripheral.lose_link()

    house.call(reset())
    again = PairingSession(house.client)
    try:
        choose(again, standing=Standing.OURS)
        assert problem(again) is PairingProblem.BOND_LOST
        assert not tool.peripheral.bonding.bonded  # without consent nothing happens
        again.say(Press.MEND)
        reach(again, Stage.RECOGNISE)
        assert tool.peripheral.bonding.bonded
    finally:
        again.end(10)


_WAITS = (Stage.RECOGNISE, Stage.WHOSE, Stage.LAY_DOWN, Stage.CHECKED)


def test_a_hub_that_is_not_there_and_comes(house: House) -> None:
    house.stop_hub()
    house.tool()
    session = PairingSession(house.client)
    try:
        until(lambda: session.state.trouble, "the missing hub is not told")
        assert session.state.trouble and not session.state.trouble.hub_runs
        house.start_hub()
        until(lambda: session.state.found and not session.state.trouble, "the list does not come by itself")
        choose(session)
        reach(session, Stage.RECOGNISE)
        house.stop_hub()
        session.say(Press.AGAIN)
        trouble = reach(session, Stage.TROUBLE).trouble
        assert trouble and not trouble.hub_runs
    finally:
        session.end(10)


# -- viewers who leave


def test_a_viewer_who_leaves_lets_the_tool_go(
    house: House, pairing: PairingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = house.tool()
    choose(pairing)
    reach(pairing, Stage.RECOGNISE)
    monkeypatch.setattr(module, "ABSENT_S", 0.2)
    until(lambda: not pairing.alive, "it goes on without anybody")
    assert pairing.state.stage is Stage.OVER
    until(lambda: not tool.peripheral.connection, "the tool is still held")
    pairing.say(Press.YES)  # nobody hears it, and nothing breaks


def test_a_viewer_who_does_nothing_lets_the_tool_go(
    house: House, pairing: PairingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.tool()
    monkeypatch.setattr(module, "IDLE_S", 0.2)
    until(lambda: pairing.state.found, "nothing is heard")  # looking holds nothing
    assert pairing.alive
    choose(pairing)
    reach(pairing, Stage.OVER)


def test_viewers_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    module.end_all()  # pages that other tests opened in this process
    until(lambda: not module._living, "earlier ones do not end")
    monkeypatch.setattr(module, "MOST", 2)
    two = [PairingSession(house.client) for _ in range(2)]
    with pytest.raises(TooManyPair, match="Try again"):
        PairingSession(house.client)
    module.end_all()
    until(lambda: not any(one.alive for one in two) and not module._living, "they do not end")
    PairingSession(house.client).end(10)


# -- words


def test_there_are_words_for_everything() -> None:
    assert set(PROBLEMS) == set(PairingProblem)
    assert set(NEARNESS) == set(Nearness)
    assert set(STANDING) == set(Standing)
    assert set(CHECK) == set(QuietVerdict)


# -- the page


def _script() -> None:
    from griphub.dashboard.views import pair

    pair.page()


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    for button in app.button:
        if button.label == label:
            button.click()
            return run(app)
    raise AssertionError(f"there is no {label}: {text(app)}")


def show(app: AppTest, words: str) -> AppTest:
    """Run it, as its page does each second, until it says something."""
    deadline = time.monotonic() + 20
    while words not in text(run(app)):
        assert time.monotonic() < deadline, text(app)
        time.sleep(0.05)
    return app


@pytest.fixture
def app(sign_in: Callable[..., Config], config: Config) -> Iterator[AppTest]:
    sign_in(Role.PARENT)
    yield AppTest.from_function(_script, default_timeout=20)
    module.end_all()


def test_a_parent_pairs(app: AppTest, house: House) -> None:
    house.tool()
    show(app, "Tools near you")
    show(app, "GripHub tool")
    assert "very near" in text(app) and "Ready." in text(app)
    press(app, "This one")
    show(app, "A tool blinks now. Is it this one?")
    press(app, "Yes, this one")
    show(app, "Who uses it?")
    press(app, "Go on")
    assert "Choose a hand first." in text(app)
    app.radio[0].set_value("c-ben")
    app.radio[1].set_value(Hand.RIGHT)
    press(app, "Go on")
    show(app, "Lay the tool on the table")
    press(app, "It lies still, check it")
    show(app, "is ready for Ben")
    assert "Right hand" in text(app)
    press(app, "Pair another tool")
    show(app, "Tools near you")


def test_the_page_without_a_hub_says_how_to_start_one(app: AppTest) -> None:
    show(app, "GripHub itself is not running")
    assert "griphub up" in text(app)


@pytest.mark.parametrize("what", PairingProblem)
def test_every_problem_is_a_screen_with_advice(
    app: AppTest, what: PairingProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = Trouble(what, "As the hub said it.")
    monkeypatch.setattr(PairingSession, "state", State(Stage.TROUBLE, trouble=trouble))
    said = text(run(app))
    assert PROBLEMS[what].title in said and PROBLEMS[what].steps[0] in said and "As the hub said it." in said
    labels = [button.label for button in app.button]
    assert ("It blinks: pair it anew" if what is PairingProblem.BOND_LOST else "Try again") in labels
    assert "fail" not in said.lower() and "error" not in said.lower()


def test_a_list_without_tools_helps_after_a_while(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PairingSession, "state", State(waited=True))
    assert "Is your tool not here?" in text(run(app)) and "Listening" in text(app)


def test_letters_are_no_digits(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PairingSession, "state", State(Stage.PASSKEY))
    run(app)
    app.text_input[0].set_value("12345")
    press(app, "Go on")
    assert "These are not six digits" in text(app)


def test_a_check_that_was_not_well_is_told(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    from griphub.firmware_bridge.quiet_check import QuietReport
    from griphub.firmware_bridge.samples import Unit

    report = QuietReport(QuietVerdict.MOVING, "", 60, Unit.NEWTON)
    monkeypatch.setattr(PairingSession, "state", State(Stage.CHECKED, report=report))
    assert "Something moves the tool" in text(run(app))
    assert {"Check again", "Use it all the same", "Back to the list"} <= {b.label for b in app.button}


def test_nobody_is_set_up(sign_in: Callable[..., Config], config: Config) -> None:
    sign_in(Role.PARENT, config.model_copy(update={"children": ()}))
    assert "No child is set up yet" in text(run(AppTest.from_function(_script, default_timeout=20)))


def test_others_pair_right_now(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 0)
    assert "Others are pairing tools right now" in text(run(app))


def test_a_therapist_gets_no_such_page(sign_in: Callable[..., Config]) -> None:
    from griphub.dashboard import pages

    assert "pair" not in [page.path for page in pages.of(Role.THERAPIST)]
    assert {"pair"} <= {page.path for page in pages.of(Role.PARENT)} & {
        page.path for page in pages.of(Role.ADMIN)
    }


def test_a_missing_hub_is_an_error_of_ours() -> None:
    from pathlib import Path

    assert not Trouble.of(HubNotRunning(Path("x"))).hub_runs
