"""``griphub calibrate``: what turns a tool's readings into newtons, and since when."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from .common import ConfigOption, JsonOption, out

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
    from ..session.keeper import CALIBRATIONS

    history = CalibrationBook(load(config).data_dir / CALIBRATIONS).history(tool.lower())
    if as_json:
        out.print_json(json.dumps([entry.model_dump(mode="json") for entry in history]))
        return
    if not history:
        out.print(f"{tool} has no calibration. Its results stay in the unit that it sends.", markup=False)
        return
    today = datetime.now(UTC).date()
    table = Table(box=None)
    for column in ("made", "due", "from", "firmware", "range", "uncertainty", "points", "by", "method"):
        table.add_column(column)
    for entry in history:
        due = f"{entry.due_on}, overdue" if entry.overdue(today) else str(entry.due_on)
        low, high = entry.points[0][1], entry.points[-1][1]
        table.add_row(
            *(str(entry.made_on), due, entry.unit, entry.firmware or "any", f"{low:g} … {high:g} N"),
            *(f"± {entry.uncertainty_n:g} N", str(len(entry.points)), entry.by, entry.method),
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
    from ..session.keeper import CALIBRATIONS

    given = {
        "tool_id": tool.lower(),
        "unit": {"kpa": "kPa"}.get(unit.lower(), unit.lower()),
        "points": _points(points),
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
    CalibrationBook(load(config).data_dir / CALIBRATIONS).add(calibration)
    low, high = calibration.points[0][1], calibration.points[-1][1]
    out.print(
        f"{tool} is calibrated from {low:g} to {high:g} N, due again on {calibration.due_on}. "
        "Results before this one are another series: do not compare them.",
        markup=False,
    )


def _points(text: str) -> list[tuple[float, float]]:
    """Read ``0:0,12.5:20``; any order, since a person may begin with the greatest load."""
    try:
        pairs = [pair.split(":") for pair in text.split(",")]
        return sorted((float(reading), float(newtons)) for reading, newtons in pairs)
    except ValueError:
        raise typer.BadParameter("points look like 0:0,12.5:20,31:60") from None
