"""Asks a running simulation, over its control socket: what plays, what is wrong with it, and what shall be.

The hub and the dashboard never import the simulators; this is all that they know of them.
"""

import json
import os
import socket
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..firmware_bridge.errors import GripError
from .config import Config

#: Where a home's simulation listens and writes down what truly happens, in the data folder.
CONTROL: Final = "simulators"
TRUTH: Final = "truth.jsonl"
#: The same elsewhere: as for ``griphub fault``.
VARIABLE: Final = "GRIPHUB_SIMULATORS"

ANSWER_S: Final = 5.0


class NoSimulation(GripError):
    """Nobody answers on the control socket.

    Attributes
    ----------
    path : Path
        The socket.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"No simulation answers at {path} ({reason}). Start one with griphub simulate --control {path}."
        )


class SimulationRefused(GripError):
    """The simulation does not do what it was asked to; the message says why."""


class FaultForm(BaseModel):
    """How the amount of a kind of fault is written, and what it does."""

    model_config = ConfigDict(frozen=True)

    says: str
    sign: str  #: unit of the amount; empty where it takes none
    low: float
    high: float
    default: float | None  #: None where an amount must be given
    lasts: bool  #: whether it goes on until it is ended, or for as long as one says


class SimulatedTool(BaseModel):
    """A tool of the simulation."""

    model_config = ConfigDict(frozen=True)

    name: str
    faults: tuple[str, ...] = ()  #: what is wrong at present, as it is written: ``drop=5%``


class Simulation(BaseModel):
    """What a simulation tells of itself.

    Attributes
    ----------
    children : dict of str to str
        Names of the children whom it knows, by id; empty where it starts none.
    """

    model_config = ConfigDict(frozen=True)

    tools: tuple[SimulatedTool, ...]
    forms: dict[str, FaultForm]
    children: dict[str, str] = {}


def control_path(config: Config) -> Path:
    """Where the simulation of this installation listens."""
    return Path(os.environ.get(VARIABLE) or config.data_dir / CONTROL).absolute()


def look(path: Path) -> Simulation:
    """What plays, and what is wrong; raises `NoSimulation`."""
    answer = ask(path, {"list": True})
    try:
        return Simulation.model_validate(answer)
    except ValidationError as error:
        raise NoSimulation(path, "what answers there is another program, or an older one") from error


def begin(path: Path, tool: str, fault: str) -> None:
    """Let a fault happen now, such as ``drop=5%+10s``; raises `NoSimulation` or `SimulationRefused`."""
    _done(ask(path, {"tool": tool, "fault": fault}))


def mend(path: Path, tool: str, kind: str = "all") -> None:
    """End a kind of fault; raises `NoSimulation` or `SimulationRefused`."""
    _done(ask(path, {"tool": tool, "mend": kind}))


def start(path: Path, child: str, kind: Literal["ball", "putty"], hand: str) -> str:
    """Let another child play with a new tool; returns the tool's name.

    Raises
    ------
    NoSimulation, SimulationRefused
    """
    answer = ask(path, {"start": {"child": child, "kind": kind, "hand": hand}})
    _done(answer)
    return str(answer["tools"][0])


def ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Send one request to a running simulation and return its answer.

    Raises
    ------
    NoSimulation
        If nobody answers.
    """
    try:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(ANSWER_S)
            peer.connect(str(path))
            with peer.makefile("rwb") as lines:
                lines.write(json.dumps(request).encode() + b"\n")
                lines.flush()
                answer = json.loads(lines.readline())
    except (OSError, ValueError) as error:
        raise NoSimulation(path, str(error)) from error
    if not isinstance(answer, dict):
        raise NoSimulation(path, "what answers there is another program")
    return answer


def _done(answer: dict[str, Any]) -> None:
    if "error" in answer:
        raise SimulationRefused(str(answer["error"]))
