"""``griphub strength-test``: a test of greatest strength, led in the terminal."""

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from .common import ConfigOption, JsonOption, out

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..records.strength import StrengthTested
    from ..session.strength_steps import Step


_RULES = {"mean": "mean of the trials that count", "max": "highest", "max_of_both": "highest of both hands"}


class Protocol(StrEnum):
    """Published protocols; docs/measures.md has their sources."""

    ASHT = "asht"
    SOUTHAMPTON = "southampton"
    NIH = "nih"
    NHANES = "nhanes"
    PLOEGMAKERS = "ploegmakers"


class Which(StrEnum):
    """Hands to test."""

    OWN = "own"
    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


def strength_test(
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="Its id, as `griphub tools` shows it.")],
    protocol: Annotated[
        Protocol, typer.Option(help="How many trials, and how they are scored.")
    ] = Protocol.ASHT,
    hand: Annotated[
        Which, typer.Option(help="Which hand; by default the one that the tool is for.")
    ] = Which.OWN,
    grip: Annotated[str, typer.Option(help="Size of the ball, or setting of the handle.")] = "",
    pain: Annotated[
        int | None, typer.Option(min=0, max=10, help="Pain before the test as the child says, 0 to 10.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lead a test of greatest strength, trial by trial, with a tool that the running hub is connected to.

    Ctrl-C ends it; what was done is kept. Stop at once if something hurts in an unusual way.
    """
    import json

    from ...signal.strength import PROTOCOLS
    from .. import config as configuration
    from ..control.address import socket_path
    from ..control.client import ControlClient
    from ..control.requests import StrengthTest
    from ..records.vocabulary import Hand

    hands = {Which.OWN: (), Which.BOTH: (Hand.LEFT, Hand.RIGHT)}.get(hand)
    request = StrengthTest(
        tool=tool,
        protocol=protocol.value,
        hands=(Hand(hand.value),) if hands is None else hands,
        pain_before=pain,
        grip=grip,
    )
    preset = PROTOCOLS[protocol.value]
    if not as_json:
        out.print(f"{preset.name}. {_posture(preset.position)}", markup=False)
    client = ControlClient(socket_path(configuration.load(config)))
    results = asyncio.run(_lead(client.strength_test(request), quiet=as_json))
    if as_json:
        out.print_json(json.dumps([result.model_dump(mode="json", by_alias=True) for result in results]))
        return
    for line in [line for result in results for line in report(result)] or ["No trial was made."]:
        out.print(line, markup=False)


async def _lead(
    steps: "AsyncIterator[Step | tuple[StrengthTested, ...]]", *, quiet: bool
) -> "tuple[StrengthTested, ...]":
    shown = ""
    async for step in steps:
        if isinstance(step, tuple):
            return step
        if quiet:
            continue
        for news in step.news:
            out.print(f"  {news}", markup=False)
        if (line := describe(step)) != shown:
            out.print(line, markup=False)
            shown = line
    return ()


def describe(step: "Step") -> str:
    """What to show for a step: it changes with each whole second that is left."""
    left = "" if step.left_s is None else f"  {step.left_s:.0f} s"
    which = f"{'practice' if step.practice else 'trial'} {step.trial} of {step.trials}, {step.hand} hand"
    return f"[{which}] {step.say}{left}"


def report(result: "StrengthTested") -> list[str]:
    """What came of a test, in sentences."""
    suffix = "" if result.unit == "unknown" else f" {result.unit}"
    outcome = result.outcome
    if outcome.score is None:
        head = f"{result.hand.capitalize()} hand: no score. {outcome.because}"
    else:
        name = _RULES.get(outcome.rule, "the trial")
        head = f"{result.hand.capitalize()} hand: {outcome.score:.1f}{suffix} ({name})."
        if outcome.cv_percent is not None:
            head += f" The trials vary by {outcome.cv_percent:.1f} % (CV), which says nothing of effort."
        head += f" {outcome.trust}"
    lines = [head]
    for number, trial in enumerate(result.trials, 1):
        peak = "–" if trial.peak is None else f"{trial.peak:.1f}{suffix}"
        why = [
            *(["practice"] if trial.practice else []),
            *(fault.replace("_", " ") for fault in trial.faults),
        ]
        reasons = f" ({', '.join(why)})" if why else ""
        lines.append(f"  {number}. {peak}{reasons} {trial.because}".rstrip())
    if result.calibration_overdue:
        lines.append("  The tool's calibration is overdue.")
    return lines


def _posture(position: str) -> str:
    words = f"The child is {position}. " if position else ""
    return f"{words}Say first: stop at once if it hurts in an unusual way."
