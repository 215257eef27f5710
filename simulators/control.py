"""Faults on demand: a local socket of a running simulation, one JSON object a line each way.

``{"list": true}`` tells the tools and the kinds of faults. ``{"tool": "ball3f2a", "fault": "link-loss+5s"}``
lets a fault happen now, ``{"tool": "ball3f2a", "mend": "drop"}`` ends one, ``"mend": "all"`` all of them; the
tool ``all`` stands for every one. Where something is wrong the answer holds ``error``, a sentence.
"""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, cast

from ..firmware_bridge.errors import GripError
from .faults import FORMS, Fault, FaultKind
from .lives import ToolLives

ALL: Final = "all"
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


@asynccontextmanager
async def serve_control(path: Path, tools: Sequence[ToolLives]) -> AsyncIterator[None]:
    """Take requests on a local socket.

    Raises
    ------
    NoSimulation
        If nothing can listen there.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(answer(line, tools)).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError):  # a line without end, or nobody who reads
            pass
        finally:
            writer.close()

    try:
        server = await asyncio.start_unix_server(talk, path)
    except OSError as error:
        raise NoSimulation(path, str(error)) from error
    try:
        yield
    finally:
        server.close()
        with suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - asyncio leaves it, and a path here is one system call


def answer(line: bytes, tools: Sequence[ToolLives]) -> dict[str, Any]:
    """Do what a line asks for, and say what was done; `error` says why it was not."""
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise ValueError("a request is one JSON object in one line")
        return _told(tools) if "list" in request else _obey(request, tools)
    except ValueError as error:  # FaultError is one, and so is broken JSON
        return {"error": str(error)}


def _told(tools: Sequence[ToolLives]) -> dict[str, Any]:
    return {
        "tools": [{"name": t.name, "faults": [str(f) for f in t.faults.values()]} for t in tools],
        "faults": {kind: form.says for kind, form in FORMS.items()},
    }


def _obey(request: dict[str, Any], tools: Sequence[ToolLives]) -> dict[str, Any]:
    chosen = [tool for tool in tools if request.get("tool") in (tool.name, ALL)]
    if not chosen:
        raise ValueError(f"There is no tool {request.get('tool')!r}; choose from {ALL}, {_names(tools)}.")
    names = [tool.name for tool in chosen]
    if "fault" in request:
        fault = Fault.parse(str(request["fault"]), now=True)
        for tool in chosen:  # all of them or none
            tool.require(fault)
        for tool in chosen:
            tool.begin(fault)
        return {"tools": names, "fault": str(fault)}
    mend = request.get("mend")
    if mend != ALL and mend not in FORMS:
        raise ValueError(f"Say fault, or mend with {ALL} or one of {', '.join(FaultKind)}.")
    kinds = list(FaultKind) if mend == ALL else [FaultKind(mend)]
    for tool in chosen:
        for kind in kinds:
            tool.end(kind)
    return {"tools": names, "mended": kinds}


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
                return cast(dict[str, Any], json.loads(lines.readline()))
    except (OSError, ValueError) as error:
        raise NoSimulation(path, str(error)) from error


def _names(tools: Sequence[ToolLives]) -> str:
    shown = ", ".join(tool.name for tool in tools[:8])
    return shown if len(tools) <= 8 else f"{shown} and {len(tools) - 8} more"
