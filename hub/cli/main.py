"""The ``griphub`` command: one small function a command; the work is done elsewhere."""

import os
import sys

import typer

from ...firmware_bridge.errors import AdapterUnavailable, GripError
from ..errors import ConfigError, FieldError, SetupError
from ..supervisor import end_with_supervisor
from . import (
    adherence,
    annotations,
    backup,
    broker,
    calibrate,
    child,
    children,
    database,
    delivery,
    develop,
    did,
    doctor,
    exercise,
    export,
    join,
    pair,
    people,
    pictures,
    processes,
    program,
    routine,
    session,
    settings,
    strength_test,
    tools,
    visits,
)
from .common import Exit, err

app = typer.Typer(
    name="griphub",
    help="An open hub for smart grip tools: from a squeeze to a trend.",
    epilog="Exit codes: 0 done · 1 failed, the message says why · 2 wrong option or configuration · "
    "3 something is missing on this machine · 4 what was counted is not what was stored.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

KEEP = "What is kept"
FAMILY, CLINIC = "At home", "In a clinic"
DEVELOP, SERVICES = "Without hardware", "Single processes"

app.command("up", rich_help_panel=FAMILY)(processes.up)
app.command("pair", rich_help_panel=FAMILY)(pair.pair)
app.add_typer(tools.app, name="tools", rich_help_panel=FAMILY)
children.add_to(child.app)
app.add_typer(child.app, name="child", rich_help_panel=FAMILY)
app.add_typer(program.app, name="program", rich_help_panel=FAMILY)
app.command("exercise", rich_help_panel=FAMILY)(exercise.exercise)
app.command("did", rich_help_panel=FAMILY)(did.did)
app.command("feedback", rich_help_panel=FAMILY)(did.feedback)
app.add_typer(pictures.app, name="pictures", rich_help_panel=FAMILY)
app.command("adherence", rich_help_panel=FAMILY)(adherence.adherence)
app.command("alerts", rich_help_panel=FAMILY)(adherence.alerts)
app.command("reminders", rich_help_panel=FAMILY)(adherence.reminders)
app.add_typer(routine.app, name="routine", rich_help_panel=FAMILY)
app.add_typer(settings.app, name="settings", rich_help_panel=FAMILY)
app.add_typer(visits.app, name="visits", rich_help_panel=FAMILY)
app.add_typer(annotations.app, name="annotations", rich_help_panel=FAMILY)
app.command("strength-test", rich_help_panel=FAMILY)(strength_test.strength_test)
app.add_typer(session.app, name="session", rich_help_panel=FAMILY)
app.command("join", rich_help_panel=FAMILY)(join.join)
app.command("doctor", rich_help_panel=FAMILY)(doctor.doctor)
app.command("scan", rich_help_panel=FAMILY)(processes.scan)
app.add_typer(calibrate.app, name="calibrate", rich_help_panel=FAMILY)
app.add_typer(delivery.app, name="delivery", rich_help_panel=FAMILY)
app.add_typer(export.app, name="export", rich_help_panel=FAMILY)
app.command("import", rich_help_panel=FAMILY)(export.import_)
app.command("backup", rich_help_panel=KEEP)(backup.backup)
app.command("restore", rich_help_panel=KEEP)(backup.restore)
app.command("demo", rich_help_panel=DEVELOP)(develop.demo)
app.command("replay", rich_help_panel=DEVELOP)(develop.replay)
app.command("simulate", rich_help_panel=DEVELOP)(develop.simulate)
app.command("fault", rich_help_panel=DEVELOP)(develop.fault)
app.command("capture", rich_help_panel=DEVELOP)(develop.capture)
app.add_typer(people.app, name="people", rich_help_panel=CLINIC)
app.add_typer(database.app, name="database", rich_help_panel=SERVICES)
app.add_typer(broker.app, name="broker", rich_help_panel=SERVICES)
app.command("hub", rich_help_panel=SERVICES)(processes.hub)
app.command("ingest", rich_help_panel=SERVICES)(processes.ingest)
app.command("dashboard", rich_help_panel=SERVICES)(processes.dashboard)


def _exit_code(error: GripError) -> Exit:
    if isinstance(error, ConfigError | FieldError):
        return Exit.USAGE
    if isinstance(error, SetupError | AdapterUnavailable):
        return Exit.SETUP
    return Exit.FAILED


def main() -> None:
    """Run the command line; our own errors become one sentence and an exit code."""
    end_with_supervisor()
    os.umask(0o077)  # what is measured is the family's, also in a folder that others may enter
    try:
        app()
    except GripError as error:
        err.print(str(error), style="bold", markup=False, soft_wrap=True)
        sys.exit(_exit_code(error))
