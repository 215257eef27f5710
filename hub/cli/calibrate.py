"""``griphub calibrate``: what turns a tool's readings into newtons, and since when."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .common import ConfigOption, JsonOption, out

if TYPE_CHECKING:
    from ...firmware_bridge.calibration import Calibration

app = typer.Typer(help="Calibrations of tools that do not send newtons.", no_args_is_help=True)

ToolArgument = Annotated[str, typer.Argument(help="The tool's id, as `griphub scan` shows it.")]
_DAY = ["%Y-%m-%d"]


@app.command()
def show(tool: ToolArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every calibration of a tool, the newest last."""
    import json

    from rich.table import Table

    from ...firmware_bridge.calibration import CalibrationBook
    from ..config import load
    from ..session.circumstances import CALIBRATIONS

    history = CalibrationBook(load(config).data_dir / CALIBRATIONS).history(tool.lower())
    if as_json:
        out.print_json(json.dumps([entry.model_dump(mode="json") for entry in history]))
        return
    if not history:
        out.print(f"{tool} has no calibration. Its results stay in the unit that it sends.", markup=False)
        return
    today = datetime.now(UTC).date()
    table = Table(box=None)
    for column in (
        *("made", "due", "from", "firmware", "range", "uncertainty", "points", "hysteresis", "creep"),
        *("by", "method"),
    ):
        table.add_column(column)
    for entry in history:
        due = f"{entry.due_on}, overdue" if entry.overdue(today) else str(entry.due_on)
        low, high = entry.points[0][1], entry.points[-1][1]
        table.add_row(
            *(str(entry.made_on), due, entry.unit, entry.firmware or "any", f"{low:g} … {high:g} N"),
            *(f"± {entry.uncertainty_n:g} N", f"{len(entry.points)}, {entry.curve}"),
            *(_hysteresis(entry), _creep(entry), entry.by, entry.method),
        )
    out.print(table)


@app.command()
def add(
    tool: ToolArgument,
    points: Annotated[
        str, typer.Option(help="Readings and newtons while the load grew: 0:0,12.5:20,31:60", metavar="R:N,…")
    ],
    unit: Annotated[str, typer.Option(help="What the tool sends: count, kPa or unknown.")],
    uncertainty_n: Annotated[float, typer.Option(help="Expanded uncertainty (k = 2) in newtons.")],
    curve: Annotated[
        str,
        typer.Option(help="What joins the points: straights, pchip (from 3 points on) or quadratic (FSR)."),
    ] = "",
    unloading: Annotated[
        str, typer.Option(help="The same while the load fell: states the hysteresis.", metavar="R:N,…")
    ] = "",
    hold: Annotated[
        Path | None,
        typer.Option(help="Putty only: CSV of seconds,reading of a weight that lies on it for 20 s or more."),
    ] = None,
    by: Annotated[str, typer.Option(help="Who made it.")] = "",
    method: Annotated[str, typer.Option(help="How: dead weights, a reference dynamometer, the maker.")] = "",
    temperature_c: Annotated[float | None, typer.Option(help="Of the tool, in °C.")] = None,
    firmware: Annotated[
        str | None, typer.Option(help="The tool's firmware; with another one it is not used.")
    ] = None,
    made_on: Annotated[datetime | None, typer.Option(formats=_DAY, help="Today by default.")] = None,
    due_on: Annotated[datetime | None, typer.Option(formats=_DAY, help="A year later by default.")] = None,
    config: ConfigOption = None,
) -> None:
    """Enter a calibration; the tool's next session uses it. Earlier ones are kept."""
    from pydantic import ValidationError

    from ...firmware_bridge.calibration import Calibration, CalibrationBook
    from ..config import load
    from ..session.circumstances import CALIBRATIONS

    given = {
        "tool_id": tool.lower(),
        "unit": {"kpa": "kPa"}.get(unit.lower(), unit.lower()),
        "points": (loading := _points(points)),
        "curve": curve.lower() or ("straights" if len(loading) < 3 else "pchip"),
        "unloading": _points(unloading) if unloading else (),
        "uncertainty_n": uncertainty_n,
        "by": by,
        "method": method,
        "temperature_c": temperature_c,
        "firmware": firmware,
        "made_on": (made_on or datetime.now(UTC)).date(),
    }
    if due_on:
        given["due_on"] = due_on.date()
    try:
        calibration = Calibration.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, first["loc"])) or "the calibration"
        raise typer.BadParameter(f"{key}: {first['msg'].removeprefix('Value error, ')}") from None
    if hold:
        calibration = calibration.model_copy(update={"creep": _fitted(hold, calibration)})
    CalibrationBook(load(config).data_dir / CALIBRATIONS).add(calibration)
    low, high = calibration.points[0][1], calibration.points[-1][1]
    for line in _remarks(calibration):
        out.print(line, markup=False)
    out.print(
        f"{tool} is calibrated from {low:g} to {high:g} N, due again on {calibration.due_on}. "
        "Results before this one are another series: do not compare them.",
        markup=False,
    )


def _fitted(hold: Path, calibration: "Calibration") -> object:
    """The tool's creep, from a recording of a weight on it."""
    import numpy as np

    from ...firmware_bridge.creep import fit_creep
    from ...firmware_bridge.errors import InvalidInput

    try:
        lines = [line.split(",") for line in hold.read_text().splitlines() if line and line[0] != "#"]
        samples = np.array([(float(t_s), float(reading)) for t_s, reading in lines]).reshape(-1, 2)
        return fit_creep(samples[:, 0], calibration.newtons(samples[:, 1]))
    except OSError as error:
        raise typer.BadParameter(f"{hold}: {error.strerror}") from None
    except InvalidInput as error:
        raise typer.BadParameter(f"{hold}: {error}") from None
    except ValueError:
        raise typer.BadParameter(f"{hold} must hold lines of seconds,reading") from None


def _remarks(calibration: "Calibration") -> list[str]:
    """What to know of a calibration, in sentences."""
    said = []
    misfit_n = calibration.misfit_n
    if misfit_n is not None and misfit_n > calibration.uncertainty_n:
        said.append(
            f"A curve through the other points misses one by {misfit_n:.2g} N, more than the ± "
            f"{calibration.uncertainty_n:g} N that you state. Add points between them, or state more."
        )
    if calibration.unloading:
        said.append(f"Hysteresis is {_hysteresis(calibration)} of the greatest force; it is not corrected.")
    if calibration.creep:
        said.append(f"Creep of {_creep(calibration)} is taken off from now on.")
    return said


def _hysteresis(calibration: "Calibration") -> str:
    percent = calibration.hysteresis_percent
    return "not measured" if percent is None else f"{percent:.1f} %"


def _creep(calibration: "Calibration") -> str:
    creep = calibration.creep
    if creep is None:
        return "none"
    terms = zip(creep.shares, creep.taus_s, strict=True)
    return " and ".join(f"{100 * share:.1f} % in {tau_s:.1f} s" for share, tau_s in terms)


def _points(text: str) -> list[tuple[float, float]]:
    """Read ``0:0,12.5:20``; any order, since a person may begin with the greatest load."""
    try:
        pairs = [pair.split(":") for pair in text.split(",")]
        return sorted((float(reading), float(newtons)) for reading, newtons in pairs)
    except ValueError:
        raise typer.BadParameter("points look like 0:0,12.5:20,31:60") from None
