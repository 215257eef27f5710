"""A calibration entered on the command line, and what becomes of a tool's sessions with it."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from griphub.firmware_bridge.calibration import Calibration, CalibrationBook
from griphub.firmware_bridge.creep import Creep
from griphub.firmware_bridge.samples import SampleBlock, Unit
from griphub.hub.cli.main import app
from griphub.hub.records.session import SessionEnded, SqueezeCounted, WaveformSecond
from griphub.hub.session.circumstances import CALIBRATIONS
from griphub.hub.session.tracker import UNCALIBRATED
from griphub.hub.waveform import decode_samples


def blocks(home, peaks: list[float], unit: Unit = Unit.KILOPASCAL) -> list[SampleBlock]:
    """Squeezes 2 s apart; 1 kPa is 4 N to the calibration below."""
    t_s = np.arange(0, 2 * len(peaks) + 2, 0.01)
    values = sum(peak * np.exp(-(((t_s - 2 - 2 * k) / 0.3) ** 2)) for k, peak in enumerate(peaks))
    values += np.random.default_rng(2).normal(0, 0.01, t_s.size)
    now_s = home.clock.utc_s()
    return [
        SampleBlock("ball01", i, t_s[i : i + 50].copy(), values[i : i + 50].copy(), unit, 100, 0,
                    np.zeros(t_s[i : i + 50].size, bool), now_s + float(t_s[i]))
        for i in range(0, t_s.size, 50)
    ]  # fmt: skip


def calibrate(home, **about: object) -> Calibration:
    given = {
        "tool_id": "ball01",
        "unit": "kPa",
        "points": [(0, 0), (10, 40)],
        "uncertainty_n": 1,
        "made_on": date(2027, 1, 1),
    }
    entry = Calibration.model_validate(given | about)
    CalibrationBook(home.config.data_dir / CALIBRATIONS).add(entry)
    return entry


def squeezes(home) -> list[SqueezeCounted]:
    return [event for event in home.events() if isinstance(event, SqueezeCounted)]


async def play(home, *arguments: object) -> SessionEnded:
    await home.play(blocks(home, *arguments))
    await home.keeper.end("ball01", "tool_slept")
    return home.ended()[-1]


async def test_a_calibrated_tool_is_in_newtons_from_there_on(home) -> None:
    entry = calibrate(home)
    ended = await play(home, [5, 6, 5])
    assert ended.unit is Unit.NEWTON and ended.calibration_id == entry.calibration_id
    assert not ended.calibration_overdue
    assert [s.peak for s in squeezes(home)] == pytest.approx([20, 24, 20], rel=0.05)
    assert {event.unit for event in home.events()} == {Unit.NEWTON}
    assert {frame.unit for frame in home.frames} == {Unit.NEWTON}
    waveform = [decode_samples(e.data)[1] for e in home.events() if isinstance(e, WaveformSecond)]
    assert np.concatenate(waveform).max() == pytest.approx(24, rel=0.05)
    assert max(v for frame in home.frames for v in frame.values) == pytest.approx(24, rel=0.05)


async def test_creep_is_taken_off_where_the_tool_has_a_model_of_it(home) -> None:
    plain = blocks(home, [10, 10, 10, 10])
    force = np.concatenate([block.values for block in plain])
    model = Creep(shares=(0.1, 0.1), taus_s=(0.4, 4.0))
    reading, states = force.copy(), [0.0, 0.0]
    for i in range(force.size):
        for k, (share, tau_s) in enumerate(zip(model.shares, model.taus_s, strict=True)):
            keep = np.exp(-0.01 / tau_s)
            states[k] = keep * states[k] + (1 - keep) * force[i]
            reading[i] += share * states[k]
    crept = [replace(block, values=reading[k * 50 : k * 50 + len(block)]) for k, block in enumerate(plain)]

    async def peaks(boot_id: int, creep: Creep | None) -> list[float]:
        calibrate(home, creep=creep)
        before = len(squeezes(home))
        await home.play(crept, replace(home.tool, boot_id=boot_id))
        await home.keeper.end("ball01", "tool_slept")
        return [squeeze.peak for squeeze in squeezes(home)[before:]]

    too_high = await peaks(77, None)
    assert np.mean(too_high) > 1.04 * 40
    assert await peaks(78, model) == pytest.approx([40] * 4, rel=0.03)
    assert max(v for frame in home.frames[-3:] for v in frame.values) < 42, "the live page shows the same"


async def test_without_one_it_stays_in_its_unit(home) -> None:
    ended = await play(home, [5, 6, 5])
    assert ended.unit is Unit.KILOPASCAL and ended.calibration_id is None
    assert [s.peak for s in squeezes(home)] == pytest.approx([5, 6, 5], rel=0.05)


async def test_beyond_the_points_a_squeeze_is_marked(home) -> None:
    calibrate(home)
    ended = await play(home, [5, 14, 5])
    assert [UNCALIBRATED in s.doubtful for s in squeezes(home)] == [False, True, False]
    assert ended.doubtful == 1


async def test_an_overdue_one_is_used_and_said(home, caplog: pytest.LogCaptureFixture) -> None:
    calibrate(home, made_on=date(2020, 1, 1))
    ended = await play(home, [5, 6, 5])
    assert ended.unit is Unit.NEWTON and ended.calibration_overdue
    assert "was due on 2020-12-31" in caplog.text


async def test_one_that_does_not_belong_is_not_used_and_said(home, caplog: pytest.LogCaptureFixture) -> None:
    calibrate(home, firmware="0.9")
    ended = await play(home, [5, 6, 5])
    assert ended.unit is Unit.KILOPASCAL and ended.calibration_id is None
    assert "made with firmware 0.9, and the tool has 1" in caplog.text


async def test_a_new_one_counts_from_the_next_session_on(home) -> None:
    first = calibrate(home)
    all_blocks = blocks(home, [5, 6, 5])
    await home.play(all_blocks[:8])
    second = calibrate(home, points=[(0, 0), (10, 80)])
    again = await home.again()  # nor does it change where the hub was killed meanwhile
    await again.play(all_blocks[8:])
    await again.keeper.end("ball01", "tool_slept")
    later = replace(again.tool, boot_id=78)
    await again.play(blocks(again, [5, 6, 5]), later)
    await again.keeper.end("ball01", "tool_slept")
    used = [e.calibration_id for e in again.ended()]
    assert used == [first.calibration_id, second.calibration_id]
    assert again.ended()[-1].peak == pytest.approx(48, rel=0.05)


@pytest.fixture
def command(tmp_path: Path):
    """Run ``griphub calibrate`` on a home of its own."""
    file = tmp_path / "griphub.toml"
    file.write_text(f"data_dir = '{tmp_path}'\n")

    def run(*arguments: str):
        return CliRunner().invoke(app, ["calibrate", *arguments, "--config", str(file)])

    return run


ADD = ("add", "ball01", "--points", "12.5:20,0:0,31:60", "--unit", "kpa", "--uncertainty-n", "1.5")


def test_entered_it_is_shown(command) -> None:
    assert "no calibration" in command("show", "ball01").output
    added = command(*ADD, "--by", "Ada", "--method", "dead weights", "--made-on", "2020-01-01")
    assert added.exit_code == 0, added.output
    assert "from 0 to 60 N, due again on 2020-12-31" in added.output
    command(*ADD)
    (old, new) = json.loads(command("show", "ball01", "--json").output)
    assert old["points"] == [[0, 0], [12.5, 20], [31, 60]] and old["by"] == "Ada"
    assert new["made_on"] > old["made_on"]
    shown = command("show", "ball01").output
    assert "2020-12-31, overdue" in shown and "dead weights" in shown and "± 1.5 N" in shown


def test_hysteresis_creep_and_too_few_points_are_said(command, tmp_path: Path) -> None:
    t_s = np.arange(0, 40, 0.05)
    under = np.clip((t_s - 2) / 0.1, 0, 1) * (t_s < 36)
    grown = 0.1 * (1 - np.exp(-np.clip(t_s - 2, 0, None) / 0.7)) + 0.1 * (
        1 - np.exp(-np.clip(t_s - 2, 0, None) / 6)
    )
    hold = tmp_path / "hold.csv"
    np.savetxt(hold, np.column_stack([t_s, 20 * under * (1 + grown)]), delimiter=",")
    points = ("--points", "0:0,8:20,20:45,26:100", "--uncertainty-n", "0.5")
    added = command(*ADD, *points, "--unloading", "18:48", "--hold", str(hold))
    assert added.exit_code == 0, added.output
    said = " ".join(added.output.split())
    assert "misses one by" in said and "Add points" in said
    assert "Hysteresis is" in said and "not corrected" in said
    assert "Creep of" in said and "taken off from now on" in said
    (entry,) = json.loads(command("show", "ball01", "--json").output)
    assert entry["curve"] == "pchip" and entry["unloading"] == [[18, 48]]
    assert entry["creep"]["left"] < 0.01


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("# nothing\n", "readings with increasing"),
        ("a,b\n", "must hold lines"),
        ("0,1\n1,1\n", "increasing times"),
        (None, "No such file"),
    ],
    ids=["empty", "words", "short", "missing"],
)
def test_a_hold_that_cannot_be_read_is_refused(
    command, tmp_path: Path, lines: str | None, reason: str
) -> None:
    hold = tmp_path / "hold.csv"
    if lines is not None:
        hold.write_text(lines)
    result = command(*ADD, "--hold", str(hold))
    assert result.exit_code == 2
    assert reason in " ".join(result.output.replace("│", " ").split())
    assert "no calibration" in command("show", "ball01").output


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("--curve", "cubic"), "curve"),
        (("--curve", "quadratic"), "4 points"),
        (("--unloading", "x"), "look like"),
        (("--points", "0;0,5"), "look like"),
        (("--points", "0:0,10:-3"), "growing"),
        (("--unit", "n"), "unit"),
        (("--uncertainty-n", "0"), "greater than 0"),
        (("--made-on", "yesterday"), "made-on"),
    ],
)
def test_what_cannot_be_entered_is_named(command, change: tuple[str, str], reason: str) -> None:
    result = command(*ADD, *change)
    assert result.exit_code == 2
    assert reason in result.output
    assert "no calibration" in command("show", "ball01").output
