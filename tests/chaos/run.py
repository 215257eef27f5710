"""The chaos run: two hubs, four tools, and everything that can go wrong in a home, on purpose.

``python tests/chaos/run.py --seed 1 --minutes 10``; docs/decisions/chaos.md says what it does and why.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from account import Cost, Report, Watch, account, rows
from home import Homes, mount, unmount
from plan import HUBS, KINDS, plan
from rich.console import Console
from rich.table import Table

from griphub.hub.delivery.journal import Journal

#: All was mended: so long has everything to arrive.
DRAIN_S = 120.0
LOOK_S = 0.05
STARTING_S = 6.0


async def run(seed: int, seconds: float, store: str, folder: Path, kinds: tuple[str, ...]) -> Report:
    """Let a plan happen while children play, and account for everything."""
    random = Random(seed)
    homes = Homes(folder, random, store=store, play_s=seconds + STARTING_S, seed=seed)
    report = Report(seed, seconds, {kind: Cost() for kind in KINDS})
    async with homes.running():
        watch = Watch(homes)
        watching = asyncio.create_task(_watch(watch))
        await asyncio.sleep(STARTING_S / 2)
        await homes.suffer(plan(seed, seconds - STARTING_S, kinds))
        await homes.tools_done.wait()
        if not await _drained(homes, store):
            report.notes.append(f"Not everything arrived within {DRAIN_S:g} s.")
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        watch.look()
        for machine in homes.machines.values():
            await machine.supervisor.stop()
        account(homes, watch, report)
        _keep(folder)
    return report


def _keep(folder: Path) -> None:
    """Copy what can be looked at afterwards: the disks go with this process."""
    for file in [*folder.glob("*/run/*.log"), *folder.glob("*/*.db")]:
        machine = file.relative_to(folder).parts[0]
        shutil.copy(file, folder / f"{machine}-{file.name}")


async def _watch(watch: Watch) -> None:
    while True:
        await asyncio.to_thread(watch.look)
        await asyncio.sleep(LOOK_S)


async def _drained(homes: Homes, store: str) -> bool:
    journal = Journal(homes.machines["server"].disk / "journal.db")
    outboxes = [homes.machines[hub].disk / "outbox.db" for hub in HUBS]
    deadline_s = time.monotonic() + DRAIN_S
    try:
        while time.monotonic() < deadline_s:
            waiting = sum(len(rows(p, "SELECT seq FROM outbox")) for p in outboxes)
            sessions = sum(len(rows(p, "SELECT tool_id FROM open_session")) for p in outboxes)
            if not waiting + sessions + journal.waiting(store).count:
                return True
            await asyncio.sleep(0.2)
        return False
    finally:
        journal.close()


def table(report: Report) -> Table:
    """The account for people."""
    shown = Table(box=None, pad_edge=False)
    shown.title = f"Seed {report.seed}, {report.seconds:g} s, {report.events} events"
    for column in ("fault", "injected", "events", "lost", "duplicated", "invented", "late, s"):
        shown.add_column(column, justify="left" if column == "fault" else "right")
    for kind, cost in report.costs.items():
        numbers = (cost.injected, cost.sent, cost.lost, cost.duplicated, cost.invented)
        shown.add_row(kind, *map(str, numbers), f"{cost.late_s:.1f}")
    return shown


def show(report: Report, console: Console) -> None:
    """Print everything."""
    console.print(table(report))
    console.print(
        f"\n{report.squeezes} squeezes stored, {report.true_squeezes} truly done; {report.sessions} "
        f"sessions, {report.handed_over} handed over; {report.samples} samples in "
        f"{report.waveform_seconds} pieces; restarts: {report.restarts}"
    )
    for name in Report.ZERO:
        console.print(f"{name.replace('_', ' '):20} {getattr(report, name)}")
    console.print(
        f"worst time error {report.worst_time_s:.2f} s; {report.wrong_clock_sessions} sessions were over "
        f"before a wrong clock was set right; {report.in_the_tools} samples wait in tools that sleep"
    )
    for note in report.notes:
        console.print(f"- {note}", markup=False)


def with_disks() -> bool:
    """Whether this process may mount the disks that are to be filled."""
    with tempfile.TemporaryDirectory() as probe:
        done = mount(Path(probe), 1 << 16)
        if done:
            unmount(Path(probe))
        return done


def main() -> None:
    """Run, in a namespace of its own where disks are this run's alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--store", choices=("sqlite", "influxdb"), default="sqlite")
    parser.add_argument("--only", nargs="*", default=None, help="kinds of fault; by default all")
    parser.add_argument("--keep", type=Path, default=None, help="where logs and truth are kept")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if "GRIPHUB_CHAOS" not in os.environ and shutil.which("unshare"):
        user = [] if os.getuid() == 0 else ["--map-root-user"]
        command = ["unshare", "--mount", *user, "true"]
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:
            os.environ["GRIPHUB_CHAOS"] = "1"
            os.execvp("unshare", [*command[:-1], sys.executable, *sys.argv])
    kinds = tuple(options.only or KINDS)
    if not with_disks():
        kinds = tuple(kind for kind in kinds if not kind.startswith("full disk"))
    folder = options.keep or Path(tempfile.mkdtemp(prefix="griphub-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        report = asyncio.run(run(options.seed, options.minutes * 60, options.store, folder, kinds))
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(report.as_json())
    else:
        show(report, Console(width=110))
    sys.exit(0 if report.ok else 4)


if __name__ == "__main__":
    main()
