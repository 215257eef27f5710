"""What the commands share: options, output, logging, exit codes."""

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.logging import RichHandler

T = TypeVar("T")

#: Columns where there is no terminal to ask: a table in a file or a log needs no wrapping.
PLAIN_WIDTH = 160

out = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)  #: results
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else PLAIN_WIDTH)  #: the rest


class Exit(IntEnum):
    """Exit codes; ``docs/cli.md`` lists them for scripts."""

    OK = 0
    FAILED = 1  #: an error that the message explains
    USAGE = 2  #: an option or the configuration is wrong
    SETUP = 3  #: something is missing on this machine
    MISMATCH = 4  #: what was counted is not what was stored


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="GRIPHUB_CONFIG", help="Configuration file (TOML).", dir_okay=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")]


def set_up_logging(verbose: bool = False) -> None:
    """Log to stderr: pretty on a terminal, plain lines in a log file."""
    handler: logging.Handler
    if sys.stderr.isatty():
        handler = RichHandler(console=err, show_path=False, markup=False)
        handler.setFormatter(logging.Formatter("%(message)s"))
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("griphub").setLevel(logging.DEBUG if verbose else logging.INFO)


def run_until_stopped(main: Coroutine[Any, Any, T]) -> T | None:
    """Run a coroutine; SIGTERM and Ctrl-C cancel it in order; None if cancelled."""

    async def guarded() -> T | None:
        task = asyncio.ensure_future(main)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return None

    return asyncio.run(guarded())
