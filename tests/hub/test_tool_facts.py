"""What a hub remembers of a tool: losses, links and calibration, also after the link has ended."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from griphub.firmware_bridge.calibration import Calibration, CalibrationBook
from griphub.firmware_bridge.link_state import LinkLog, LinkPhase, LinkState
from griphub.firmware_bridge.samples import SampleBlock, ToolKind, Unit
from griphub.firmware_bridge.tool import Capabilities, Stamps, ToolDescription
from griphub.hub.tool_facts import FactKeeper


def client(*, loss_known: bool = True, unit: Unit = Unit.KILOPASCAL) -> Any:
    tool = ToolDescription("ball01", ToolKind.BALL, "Maker", "One", "1.2", 7, 100.0, False, 80)
    can = Capabilities(
        unit,
        100.0,
        Stamps.TOOL,
        loss_known=loss_known,
        tare=False,
        identify=True,
        battery=True,
        stored=True,
        counts=True,
        because={"tare": "It has no zero."},
    )
    return SimpleNamespace(tool=tool, capabilities=can)


def block(samples: int, lost: int) -> SampleBlock:
    t_s = np.arange(samples) / 100
    values = np.zeros(samples)
    return SampleBlock(
        tool_id="ball01",
        first_index=0,
        t_s=t_s,
        utc_s=0.0,
        fs_hz=100.0,
        values=values,
        unit=Unit.KILOPASCAL,
        lost=lost,
        clipped=np.zeros(samples, bool),
    )


@pytest.fixture
def home(tmp_path: Path) -> Any:
    made = SimpleNamespace(clients={}, links=LinkLog(), battery=None, book=tmp_path / "calibrations.jsonl")
    made.facts = FactKeeper(lambda: made.clients, made.links, lambda _: made.battery, lambda _: 3, made.book)
    return made


def test_nothing_is_known_of_a_tool_that_was_never_there(home: Any) -> None:
    assert home.facts.of("ball01") is None


def test_losses_add_up_and_are_remembered_after_the_link(home: Any) -> None:
    ball = client()
    home.clients["ball01"] = ball
    assert home.facts.of("ball01").lost_percent is None  # connected, and nothing came yet
    home.facts.take(ball, block(90, 10))
    home.facts.take(client(), block(100, 0))  # another link of the same tool
    del home.clients["ball01"]
    facts = home.facts.of("ball01")
    assert (facts.received, facts.lost, facts.lost_percent) == (190, 10, 5.0)
    assert (facts.counted, facts.battery_percent, facts.because) == (3, 80, {"tare": "It has no zero."})
    home.battery = 12
    assert home.facts.of("ball01").battery_percent == 12


def test_what_a_tool_does_not_number_is_not_known_to_be_lost(home: Any) -> None:
    home.facts.take(client(loss_known=False), block(90, 0))
    assert home.facts.of("ball01").lost is None and home.facts.of("ball01").lost_percent is None


def test_links_that_ended_without_a_goodbye_are_counted(home: Any) -> None:
    home.clients["ball01"] = client()
    for n, phase in enumerate((LinkPhase.STREAMING, LinkPhase.LOST, LinkPhase.STREAMING, LinkPhase.ASLEEP)):
        home.links.note(LinkState("ball01", phase, float(n)))
    assert home.facts.of("ball01").link_losses == 1


def test_a_calibration_that_belongs_to_the_tool_says_when_it_is_due(home: Any) -> None:
    home.clients["ball01"] = client()
    assert home.facts.of("ball01").calibration_due is None
    CalibrationBook(home.book).add(
        Calibration(
            tool_id="ball01",
            unit=Unit.KILOPASCAL,
            points=((0.0, 0.0), (10.0, 25.0)),
            uncertainty_n=1.0,
            made_on=date(2026, 1, 2),
            firmware="1.2",
        )
    )
    assert home.facts.of("ball01").calibration_due == date(2027, 1, 2)
    home.clients["ball01"] = client(unit=Unit.NEWTON)
    assert home.facts.of("ball01").calibration_due is None
