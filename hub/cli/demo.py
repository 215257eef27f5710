"""``griphub demo``: the whole path with simulated tools, watched or accounted for."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn

from ...simulators.presets import PRESETS
from .. import config as configuration
from ..config import Config
from ..delivery.journal import Journal
from ..delivery.outbox import Outbox
from ..errors import SetupError
from ..records.session import SqueezeCounted
from ..simulation import TRUTH
from ..stores import open_store
from ..truth import read_truth
from . import demo_answers, demo_program
from .common import err, out
from .reconcile import Report, reconcile
from .rig import Rig, announce, describe, free_port
from .seed import seed_history
from .simulate import players

#: What a headless run does not spend squeezing: starting, connecting, sleeping in between, delivering.
OVERHEAD_S = 8.0
PLAYS = 2  #: times that each tool is used in a headless run
PAUSE_S = 2.0


def demo_tools() -> list[tuple[str, str, str]]:
    """Id, child and hand of the tools that are used while one watches."""
    return [(p.name, p.child.child_id, p.hand) for p in players(ball=True, putty=True)]


def hands_of_tools() -> dict[str, tuple[str, str]]:
    """Hand and kind of tool of each child that plays while one watches."""
    return {p.child.child_id: (p.hand, p.tool.kind.name.lower()) for p in players(ball=True, putty=True)}


async def headless(file: Path, duration_s: float, seed: int, faults: Sequence[str]) -> Report:
    """Let two tools be used for a while, and account for every squeeze."""
    config = configuration.load(file)
    _require_store(config)
    (config.data_dir / TRUTH).unlink(missing_ok=True)  # of an earlier run in the same folder
    began = datetime.now(UTC)
    err.print(f"Two simulated tools for about {duration_s:g} s, without a dashboard …")
    play_s = (duration_s - OVERHEAD_S) / PLAYS - PAUSE_S
    async with Rig(config, file, counted=lambda _: None) as rig:
        await rig.start_broker()
        await rig.start_ingest()
        plays = ["--plays", str(PLAYS), "--play-s", f"{play_s:.1f}", "--pause-s", str(PAUSE_S)]
        await rig.start_simulator([*_child_options(seed, faults), *plays])
        await rig.start_hub()
        await rig.simulator_done.wait()
        if not await rig.drain():
            err.print("Not everything that was counted reached the store in time.")
    return account(rig, began)


async def watch(file: Path, seed: int, faults: Sequence[str]) -> None:
    """Run everything until cancelled."""
    config = configuration.load(file)
    _require_store(config)

    def counted(squeeze: SqueezeCounted) -> None:
        out.print(describe(squeeze, config))

    async with Rig(config, file, counted) as rig:
        rig.require_dashboard_port()  # before eight weeks are made in vain
        err.print("Starting the broker, ingest and the store …")
        await rig.start_broker()
        _seed(config, seed)
        demo_program.prescribe(config, hands_of_tools(), datetime.now(UTC).date())
        demo_answers.note(config, datetime.now(UTC).date())
        await rig.start_ingest()
        err.print("Starting the simulated radio with a grip ball and a putty sensor …")
        await rig.start_simulator(_child_options(seed, faults))
        err.print("Starting the hub and the dashboard …")
        await rig.start_hub()
        await rig.start_dashboard()
        announce(config)
        err.print(
            "Everything shown is simulated. Squeezes appear below as they are counted; Ctrl-C ends it.\n"
        )
        await rig.forever()


def _require_store(config: Config) -> None:
    """Raise `StoreError` at once if the store does not answer, rather than after a minute."""
    with closing(open_store(config, read_only=True)) as store:
        store.children()


def _seed(config: Config, seed: int) -> None:
    """Eight weeks of three children, unless the data folder has them from before."""
    journal = Journal(config.data_dir / "journal.db")
    try:
        if journal.read(0, 1):
            err.print("The data folder has a history already; it is kept.")
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} sessions"))
        with Progress(*columns, console=err) as progress:
            for child in PRESETS.values():
                task = progress.add_task(f"Eight simulated weeks of {child.alias}", total=None)
                for _ in seed_history(config, journal, child, datetime.now(UTC).date(), seed):
                    progress.advance(task)
                progress.update(task, total=progress.tasks[task].completed)
        demo_program.tick(config, journal, datetime.now(UTC).date(), seed)
        demo_answers.test(config, journal, datetime.now(UTC).date(), seed)
    finally:
        journal.close()


def _child_options(seed: int, faults: Sequence[str]) -> list[str]:
    return ["--ball", "--putty", "--seed", str(seed), *(f"--fault={fault}" for fault in faults)]


def account(rig: Rig, since: datetime | None = None) -> Report:
    """Compare truth, counts and store of a rig that has stopped; see `reconcile`."""
    data = rig.config.data_dir
    with (
        closing(Outbox(data / "outbox.db")) as outbox,
        closing(Journal(data / "journal.db")) as journal,
        closing(open_store(rig.config, read_only=True)) as store,
    ):
        truth, restarts = read_truth(data / TRUTH), dict(rig.supervisor.restarts)
        return reconcile(truth, outbox, journal, store, restarts, since)


@contextmanager
def data_folder(kept: Path | None) -> Iterator[Path]:
    """A folder for results: the one asked for, or one that goes afterwards.

    Raises
    ------
    SetupError
        If it cannot be written.
    """
    if kept is None:
        folder = Path(tempfile.mkdtemp(prefix="griphub-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    try:
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = kept / ".writable"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise SetupError(
            f"The data folder {kept} cannot be written ({error.strerror})", "Choose another one with --data."
        ) from None
    yield kept.resolve()


def write_config(
    folder: Path,
    tools: Sequence[tuple[str, str, str]],
    *,
    port: int | None = None,
    store: str | None = None,
) -> Path:
    """Write the configuration of a simulated home; the environment still has the last word.

    Parameters
    ----------
    tools : sequence of (tool id, child id, hand)
    """
    sections: list[tuple[str, Mapping[str, str | int]]] = [
        ("", {"site": "demo", "data_dir": str(folder), "radio": f"unix:{_socket(folder)}"}),
        ("[broker]", {"port": free_port()}),
        ("[store]", {"kind": store or "sqlite"}),
        ("[dashboard]", {"port": port or 8501}),
        *(("[[children]]", {"id": child.child_id, "alias": child.alias}) for child in PRESETS.values()),
        *(("[[tools]]", {"id": tool, "child": child, "hand": hand}) for tool, child, hand in tools),
    ]
    lines = ["# Written by griphub demo. Everything in this folder is simulated."]
    for heading, values in sections:
        # a JSON string or number is a TOML one
        lines += ["", heading, *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    file = folder / "griphub.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _socket(folder: Path) -> Path:
    """Where the radio listens; a Unix socket's path may have 107 characters at most."""
    path = folder / "radio"
    return path if len(str(path).encode()) <= 100 else Path(tempfile.mkdtemp(prefix="griphub-")) / "radio"
