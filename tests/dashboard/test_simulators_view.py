"""The simulators' page with a real simulation on its control socket, a real store, and without either."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from griphub.dashboard import pages, viewer
from griphub.dashboard.queries import simulation as queries
from griphub.firmware_bridge.clock import HostClock
from griphub.hub import simulation
from griphub.hub.cli import simulate
from griphub.hub.config import Config
from griphub.hub.control.answers import ToolFacts, ToolStatus
from griphub.hub.database.actor import Role
from griphub.hub.errors import NotAllowed
from griphub.hub.records.vocabulary import Hand
from griphub.hub.simulation import CONTROL, TRUTH, NoSimulation, SimulationRefused
from griphub.hub.tools import HomeTool
from griphub.hub.truth import TruePlay, TrueSqueeze, read_truth
from griphub.simulators.control import Stage, serve_control
from griphub.simulators.lives import ToolLives
from griphub.simulators.presets import PRESETS
from griphub.simulators.radio import VirtualLink
from griphub.simulators.truth import Truth

from .page_text import text

ROUTINE = simulate.Routine()


@contextmanager
def running(folder: Path) -> Iterator[list[ToolLives]]:
    """A simulation's control socket with one ball, on a loop of its own; nobody listens to its radio."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    tools: list[ToolLives] = []
    lives: list[asyncio.Task[None]] = []
    (folder / "flash").mkdir()

    def add(plan) -> str:
        link, truth = VirtualLink(), Truth(None, HostClock())
        tool = ToolLives(plan, link=link, clock=HostClock(), seed=1, memory=folder / "flash", truth=truth)
        tools.append(tool)
        lives.append(loop.create_task(tool.run()))
        return tool.name

    def enter(request) -> str:
        return add(simulate.another(request, [tool.name for tool in tools], 1, ROUTINE))

    async def serve() -> None:
        add(simulate.plan(simulate.players(ball=True)[0], 1, ROUTINE))
        children = {child.child_id: child.alias for child in PRESETS.values()}
        async with serve_control(folder / CONTROL, tools, Stage(children, enter)):
            ready.set()
            await stop.wait()
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield tools
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def write_truth(
    folder: Path, at_s: float, *, ended: bool = True, tool: str = "ball-01", play: int = 1
) -> None:
    """What a simulator writes of a play of `conftest.session_events`: a squeeze every two seconds."""
    squeezes = [
        {"onset_s": 0.5 + 2 * n, "peak_s": 0.95 + 2 * n, "offset_s": 1.4 + 2 * n, "peak": 30.0 + n}
        for n in range(4)
    ]
    tells = {"tool_id": tool, "boot_id": 7, "play": play}
    begun = {"event": "play_started", "at_s": at_s, "label": "c-4f21 left ball", "first_index": 0}
    lines = [begun | tells | {"samples": 900, "rate_hz": 100.0, "unit": "NEWTON", "squeezes": squeezes}]
    if ended:
        lines.append({"event": "play_ended", "sent": 900} | tells)
    with (folder / TRUTH).open("a") as file:
        file.write("".join(json.dumps(line) + "\n" for line in lines))


def _script() -> None:
    from griphub.dashboard.views import simulators

    simulators.page()


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return run(app)


@pytest.fixture
def app(sign_in: Callable[..., Config], monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.delenv(simulation.VARIABLE, raising=False)
    sign_in(Role.ADMIN)
    return AppTest.from_function(_script, default_timeout=20)


def test_where_none_runs_it_says_how_to_start_one(app: AppTest, config: Config) -> None:
    said = text(run(app))
    assert "No simulation runs here" in said and "griphub demo" in said
    assert f"--control {config.data_dir / CONTROL} --truth {config.data_dir / TRUTH}" in said


def test_a_simulation_in_which_nothing_was_played_yet(app: AppTest, config: Config) -> None:
    with running(config.data_dir):
        said = text(run(app))
    assert "Nothing has been played yet" in said
    row = app.dataframe[0].value.iloc[0]
    assert (row["Tool"], row["Link"], row["What is wrong"]) == ("ball4f21", "not paired", "–")


def test_every_fault_can_be_let_happen_and_be_ended(app: AppTest, config: Config) -> None:
    with running(config.data_dir) as tools:
        run(app)
        kinds = app.selectbox[1].options
        assert len(kinds) == len(simulation.look(config.data_dir / CONTROL).forms) >= 18
        app.selectbox[1].set_value("drop")
        run(app)
        assert app.number_input[0].label == "How much (%)"
        app.number_input[0].set_value(12.0)
        run(app)
        app.number_input[1].set_value(0)
        run(app)
        press(app, "Let it happen")
        assert [str(fault) for fault in tools[0].faults.values()] == ["drop=12%"]
        assert "ball4f21: drop=12%" in text(app)
        press(app, "End drop=12% of ball4f21")
        assert not tools[0].faults and "has ended" in text(app)
        app.selectbox[1].set_value("saturate")
        run(app)
        app.number_input[1].set_value(30)
        run(app)
        press(app, "Let it happen")
        assert [str(fault) for fault in tools[0].faults.values()] == ["saturate=50%+30s"]


def test_another_child_comes_in(app: AppTest, config: Config) -> None:
    with running(config.data_dir) as tools:
        run(app)
        app.selectbox[2].set_value("c-e53a")
        app.selectbox[3].set_value("putty")
        run(app)
        press(app, "Let them play")
        assert [tool.name for tool in tools] == ["ball4f21", "putt0000"]
        assert "putt0000 is there now. Pair it" in text(app)
        with pytest.raises(SimulationRefused, match="no simulated child"):
            simulation.start(config.data_dir / CONTROL, "nobody", "ball", "left")


def test_truth_stands_beside_what_was_stored(app: AppTest, config: Config, fill, session_events) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    fill(session_events("one", at, peaks=(30.0, 31.0, 32.5)))
    write_truth(config.data_dir, at.timestamp())
    with running(config.data_dir):
        said = text(run(app))
    assert "In 1 play: **4** true squeezes, **3** counted and stored." in said
    assert "4 true, 3 counted. Highest peak 33.0 N true, 32.5 N measured." in said
    table = app.dataframe[1].value.iloc[0]
    assert (table["True"], table["Counted"], table["Samples sent"], table["Lost"]) == (4, 3, 900, 0)


def test_a_failing_store_is_a_designed_screen(app: AppTest, config: Config) -> None:
    write_truth(config.data_dir, 1e9)
    (config.data_dir / "store.db").write_bytes(b"this is no database" * 500)
    with running(config.data_dir):
        assert "The results cannot be read right now" in text(run(app))


def test_only_an_admin(sign_in: Callable[..., Config]) -> None:
    for role in (Role.PARENT, Role.THERAPIST):
        sign_in(role)
        assert "simulators" not in [page.path for page in pages.of(role)]
        with pytest.raises(NotAllowed):
            viewer.simulated()


# -- the read models


def test_real_sessions_are_never_shown(sign_in, fill, session_events) -> None:
    sign_in(Role.ADMIN)
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    fill(session_events("real", at, source="real") + session_events("made", at, tool="ball-02"))
    results = viewer.simulated()
    (point,) = results.sessions({"ball-01", "ball-02"}, at)
    assert point.tool_id == "ball-02" and results.session(point.session_id)
    (real,) = context_results(at)
    assert results.session(real) is None


def context_results(at: datetime):
    from griphub.dashboard import context

    return [p.session_id for p in context.store().trend("c-ada", since=at) if p.source == "real"]


def _play(at_s: float, *, sent: int | None = 1000, tool: str = "ball-01") -> TruePlay:
    squeezes = tuple(TrueSqueeze(at_s + n, at_s + n + 0.5, 20.0) for n in (1, 3, 5))
    return TruePlay(tool, 7, "label", 0, 1000, squeezes, sent, at_s, 10.0, "NEWTON")


def test_squeezes_are_true_once_they_are_over() -> None:
    found = simulation.Simulation(tools=({"name": "ball-01", "faults": ["drop=5%"]},), forms={})
    status = ToolStatus(
        tool=HomeTool(id="ball-01", child="c-ada", hand=Hand.LEFT), facts=ToolFacts(kind="ball", counted=1)
    )
    (row,) = queries.playing(found, [status], [_play(100.0, sent=None)], 104.0)
    assert (row.true, row.counted, row.ours, row.faults) == (2, 1, True, ("drop=5%",))
    (row,) = queries.playing(found, [], [_play(100.0)], 104.0)
    assert (row.true, row.counted, row.ours, row.label) == (None, None, False, "")


def test_a_play_that_a_loss_of_power_cut_short_is_over_with_the_next(tmp_path: Path) -> None:
    plays = [_play(100.0, sent=None), _play(200.0, sent=None)]
    assert [one.play.at_s for one in queries.accounts(plays, [])] == [100.0]


def test_a_session_belongs_to_the_play_that_it_shares_most_time_with(sign_in, fill, session_events) -> None:
    sign_in(Role.ADMIN)
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    fill(session_events("late", at, peaks=(30.0,) * 3))  # seven seconds
    points = viewer.simulated().sessions({"ball-01"}, at)
    plays = [_play(at.timestamp() - 9), _play(at.timestamp() + 1), _play(at.timestamp() + 1, tool="ball-02")]
    found = queries.accounts(plays, points)
    assert [
        (one.play.at_s > at.timestamp(), one.play.tool_id, one.counted) for one in found if one.counted
    ] == [(True, "ball-01", 3)]


def test_only_the_end_of_a_long_account_is_read(tmp_path: Path) -> None:
    for play in range(40):
        write_truth(tmp_path, 1000.0 * play, play=play)
    everything = read_truth(tmp_path / TRUTH)
    latest = read_truth(tmp_path / TRUTH, 3000)
    assert len(everything) == 40 and everything[0].true_squeezes == 4
    assert 0 < len(latest) < 10 and latest[-1] == everything[-1]


def test_another_program_on_the_socket_is_no_simulation(tmp_path: Path) -> None:
    import socket

    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def answer() -> None:
            for _ in range(2):
                peer, _address = server.accept()
                peer.recv(100)
                peer.sendall(b"[1]\n")
                peer.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(NoSimulation, match="another program"):
            simulation.look(path)
        with pytest.raises(NoSimulation, match="another program"):
            simulation.begin(path, "x", "drop=5%")
        thread.join(10)
