"""Commands that need no hardware; each loads what it needs when it runs, so that --help is quick."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from .common import ConfigOption, Exit, JsonOption, VerboseOption, err, out, run_until_stopped, set_up_logging

UnitOption = Annotated[
    str, typer.Option(help="Unit of the recordings: n, kgf, lbf, kpa, count, unknown.", metavar="UNIT")
]
SpeedOption = Annotated[float, typer.Option(min=1, max=50, help="Run so many times faster.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Same seed, same squeezes.")]
FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        help="What goes wrong: drop=5%, link-loss@20s+3s, rough-day …; may be repeated.",
        metavar="FAULT",
    ),
]


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="No dashboard, no history: run, compare, end.")
    ] = False,
    duration: Annotated[float, typer.Option(min=30, help="Seconds that a headless run takes.")] = 60.0,
    as_json: JsonOption = False,
    data: Annotated[
        Path | None, typer.Option(help="Keep results in this folder; otherwise they go when the demo ends.")
    ] = None,
    store: Annotated[str | None, typer.Option(help="Store to use: sqlite or influxdb.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the dashboard.")] = None,
    fault: FaultOption = None,
    seed: SeedOption = 1,
    verbose: VerboseOption = False,
) -> None:
    """Run everything with simulated tools: radio, hub, broker, ingest, store and dashboard.

    Three simulated children with eight weeks of history, two of whom squeeze while you watch.
    """
    from . import demo as run
    from .reconcile import table

    set_up_logging(verbose)
    with run.data_folder(data) as folder:
        file = run.write_config(folder, run.demo_tools(), port=port, store=store)
        if not headless:
            run_until_stopped(run.watch(file, seed, fault or []))
            err.print("Stopped.")
            return
        report = run_until_stopped(run.headless(file, duration, seed, fault or []))
    if report is None:
        raise typer.Exit(Exit.FAILED)
    if as_json:
        out.print_json(report.as_json())
    else:
        out.print(table(report))
    if not report.ok:
        err.print(f"Counted but not stored: {report.missing}. Stored but never counted: {report.invented}.")
        raise typer.Exit(Exit.MISMATCH)


def replay(
    files: Annotated[
        list[Path], typer.Argument(help="CSV files with the columns time_s and force, or captures (.jsonl).")
    ],
    unit: UnitOption = "unknown",
    speed: SpeedOption = 1.0,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Play recordings on a simulated ball, through the radio and the whole path, and print what was counted.

    Where a folder has a labels.csv, the label is printed beside the count. A capture is played as the tool
    that it was taken from, and what is read over the virtual radio is compared with what was read then.
    """
    set_up_logging(verbose)
    captures = [file for file in files if file.suffix == ".jsonl"]
    if captures and len(captures) < len(files):
        raise typer.BadParameter("give either recordings or captures")
    if captures:
        _replay_captures(captures, speed, as_json)
        return
    from . import replay as run

    result = run_until_stopped(run.replay(files, unit, speed))
    if result is None:
        raise typer.Exit(Exit.FAILED)
    if as_json:
        out.print_json(result.as_json())
    else:
        out.print(result.table())
    if not result.report.ok:
        raise typer.Exit(Exit.MISMATCH)


def _replay_captures(files: list[Path], speed: float, as_json: bool) -> None:
    from . import capture as run

    replayed = []
    for file in files:
        one = run_until_stopped(run.replay(file, speed))
        if one is None:
            raise typer.Exit(Exit.FAILED)
        replayed.append(one)
    if as_json:
        out.print_json(run.as_json(replayed))
    else:
        out.print(run.table(replayed))
    if not all(one.same for one in replayed):
        raise typer.Exit(Exit.MISMATCH)


def capture(
    tool: Annotated[str, typer.Argument(help="Its name, id or address, as griphub scan shows it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write, ending in .jsonl.")],
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to record.")] = 30.0,
    config: ConfigOption = None,
    radio: Annotated[str | None, typer.Option(help="Radio to use instead of the configured one.")] = None,
    verbose: VerboseOption = False,
) -> None:
    """Record what a tool says, byte for byte, without a word on whose it is.

    A capture belongs to a bug report: whoever mends the bug can play it, and it becomes a test. Stop GripHub
    first, since a tool talks to one hub at a time.
    """
    from ...firmware_bridge.capture import write_capture
    from .. import config as configuration
    from . import capture as run

    set_up_logging(verbose)
    settings = configuration.load(config)
    recorded = run_until_stopped(
        run.record(tool, seconds, radio or settings.radios[0], settings.data_dir / "bonds")
    )
    if recorded is None:
        raise typer.Exit(Exit.FAILED)
    write_capture(output, recorded)
    out.print(
        f"{recorded.summary['samples']} samples of {recorded.name} in {output}. Names, addresses and serial "
        "numbers are masked; the force itself is in it."
    )


def simulate(
    listen: Annotated[str, typer.Option(help="Where hubs find the radio: unix:PATH or tcp:127.0.0.1:PORT.")],
    ball: Annotated[bool, typer.Option("--ball", help="A grip ball.")] = False,
    putty: Annotated[bool, typer.Option("--putty", help="A putty sensor.")] = False,
    device: Annotated[
        list[str] | None, typer.Option(help="Another maker's device, by its driver: progressor …")
    ] = None,
    tools: Annotated[int, typer.Option(min=0, max=250, help="So many tools, the kinds in turn.")] = 0,
    child: Annotated[
        list[str] | None, typer.Option(help="Who uses the tools, in turn: Mia, Jonas, Lea …, or an id.")
    ] = None,
    recording: Annotated[
        list[Path] | None, typer.Option("--replay", help="Play this recording on a ball instead.")
    ] = None,
    unit: UnitOption = "unknown",
    play_s: Annotated[float, typer.Option(min=8, help="Seconds that a child keeps at it.")] = 45.0,
    plays: Annotated[
        int | None, typer.Option(min=1, help="Times that it does; without it, for ever.")
    ] = None,
    pause_s: Annotated[float, typer.Option(min=0, help="Seconds of sleep in between.")] = 8.0,
    weeks: Annotated[
        int,
        typer.Option(min=0, max=520, help="Weeks of real days instead, with nights, illness and holiday."),
    ] = 0,
    alone: Annotated[
        bool, typer.Option("--alone", help="Do not wait for a hub: the tools record by themselves.")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Let each tool lie untouched at first, as while it is paired.")
    ] = False,
    rate: Annotated[float | None, typer.Option(min=10, max=500, help="Samples a second.")] = None,
    packet_ms: Annotated[float, typer.Option(min=1, max=1000, help="Milliseconds in a packet.")] = 50.0,
    speed: SpeedOption = 1.0,
    fault: FaultOption = None,
    seed: SeedOption = 1,
    slots: Annotated[
        int | None, typer.Option(min=1, help="Links that a hub's radio can hold at a time.")
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="Append what truly happens here, as JSON lines.")] = None,
    state: Annotated[
        Path | None, typer.Option(help="Folder that stands for the tools' flash memory.")
    ] = None,
    control: Annotated[
        Path | None, typer.Option(help="Socket for griphub fault, to let things go wrong meanwhile.")
    ] = None,
    verbose: VerboseOption = False,
) -> None:
    """Run simulated tools on a virtual radio that hubs reach through a socket.

    Start a hub on it with `griphub hub --radio unix:PATH`. Killing either side is a lost link.
    """
    from ...simulators.presets import PRESETS
    from ...simulators.serve import serve
    from . import simulate as run

    set_up_logging(verbose)
    routine = run.Routine(play_s, plays, pause_s, weeks, rate, packet_ms / 1e3, alone, new)
    if recording:
        plans = [run.recorded(recording, unit)]
    else:
        chosen = run.players(ball=ball, putty=putty, devices=device or [], tools=tools, children=child or [])
        plans = [run.plan(player, seed, routine, fault or []) for player in chosen]
    asyncio.run(
        serve(
            plans,
            listen,
            seed=seed,
            speed=speed,
            slots=slots,
            state=state,
            truth=truth,
            control=control,
            children={child.child_id: child.alias for child in PRESETS.values()},
            another=lambda request, taken: run.another(request, taken, seed, routine),
        )
    )


def fault(
    what: Annotated[
        list[str] | None,
        typer.Argument(help="Tool (or all) and fault: ball3f2a link-loss+5s.", metavar="[TOOL FAULT]"),
    ] = None,
    control: Annotated[
        Path, typer.Option(envvar="GRIPHUB_SIMULATORS", help="Socket of the running simulation.")
    ] = Path("faults"),
    mend: Annotated[bool, typer.Option("--mend", help="End that kind of fault (or all) instead.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Let something go wrong with a simulated tool, now; without arguments, list what can.

    Works with a `griphub simulate --control PATH` that runs.
    """
    from ..simulation import ask
    from . import fault as run

    if not what:
        answer = ask(control, {"list": True})
        out.print(run.table(answer)) if not as_json else out.print_json(data=answer)
        return
    if len(what) != 2:
        raise typer.BadParameter("give a tool and a fault, such as: ball3f2a link-loss+5s")
    answer = ask(control, {"tool": what[0], "mend" if mend else "fault": what[1]})
    if as_json:
        out.print_json(data=answer)
    if "error" in answer:
        err.print(answer["error"], style="bold", markup=False, soft_wrap=True)
        raise typer.Exit(Exit.FAILED)
    if not as_json:
        out.print(f"{', '.join(answer['tools'])}: {'mended' if mend else answer['fault']}")
