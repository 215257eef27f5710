"""``docs/tools.md`` says of each tool what its driver says."""

from pathlib import Path

import pytest

from griphub.firmware_bridge.drivers.contract import Driver
from griphub.firmware_bridge.drivers.registry import DRIVERS
from griphub.firmware_bridge.samples import Unit
from griphub.firmware_bridge.tool import Stamps

DOC = Path(__file__).parents[2] / "docs" / "tools.md"

MEASURES = {
    Unit.NEWTON: "force",
    Unit.KILOPASCAL: "pressure",
    Unit.COUNT: "counts, until it is calibrated",
    Unit.UNKNOWN: "numbers without a unit, until it is calibrated",
}
TIMES = {Stamps.TOOL: "its own clock", Stamps.ARRIVAL: "arrival"}

#: In the order in which the reasons stand. What no tool of another maker can is said once, above the table.
REASONS = {
    "unit": "Unit",
    "rate_hz": "Rate",
    "stamps": "Time",
    "loss_known": "Losses",
    "tare": "Zero",
    "battery": "Charge",
    "counts": "Counting",
}
SAID_ONCE = {"identify", "stored"}


def row(driver: type[Driver]) -> str:
    """The tool's line in the table."""
    can = driver.capabilities
    cells = (
        f"[{driver.title}](#{driver.name})",
        MEASURES[can.unit],
        f"{can.rate_hz:g}" if can.rate_hz else "measured",
        TIMES[can.stamps],
        *("yes" if able else "no" for able in (can.loss_known, can.tare, can.battery, can.counts)),
    )
    return f"| {' | '.join(cells)} |"


def reasons(driver: type[Driver]) -> str:
    """The tool's section: why it cannot carry the rest."""
    because = driver.capabilities.because
    lines = [f"- {word}: {because[key]}" for key, word in REASONS.items() if key in because]
    return "\n".join([f'### <a id="{driver.name}"></a>{driver.title}', "", *lines])


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_the_page_says_what_the_driver_says(driver: type[Driver]) -> None:
    text = DOC.read_text(encoding="utf-8")
    assert row(driver) + "\n" in text
    assert reasons(driver) + "\n\n" in text + "\n"
    assert set(driver.capabilities.because) <= set(REASONS) | SAID_ONCE
    assert not driver.capabilities.identify and not driver.capabilities.stored  # the page says so of all


def test_the_page_knows_no_other_tools() -> None:
    text = DOC.read_text(encoding="utf-8")
    assert text.count('<a id="') == len(DRIVERS)
    assert text.count("](#") == len(DRIVERS)


if __name__ == "__main__":  # prints what belongs into the page
    print("\n".join(map(row, DRIVERS)), *map(reasons, DRIVERS), sep="\n\n")
