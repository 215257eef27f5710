"""Faults on demand: a local socket of a running simulation, one JSON object a line each way.

``{"list": true}`` tells the tools and the kinds of faults. ``{"tool": "ball3f2a", "fault": "link-loss+5s"}``
lets a fault happen now, ``{"tool": "ball3f2a", "mend": "drop"}`` ends one, ``"mend": "all"`` all of them; the
tool ``all`` stands for every one. ``{"start": {"child": "Lea", "kind": "ball", "hand": "left"}}`` lets
another child play with a new tool. Where something is wrong the answer holds ``error``, a sentence.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..firmware_bridge.errors import GripError
from .faults import FORMS, INSTANT, Fault, FaultKind
from .lives import ToolLives

ALL: Final = "all"


class CannotListen(GripError):
    """The control socket cannot be made.

    Attributes
    ----------
    path : Path
        The socket.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} cannot be listened on ({reason}). Choose another path with --control.")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where further children may come in.

    Attributes
    ----------
    children : mapping of str to str
        Names of those there are, by id.
    enter : callable
        Lets one play, as a request says; returns the name of its tool. Raises ValueError saying why not.
    """

    children: Mapping[str, str]
    enter: Callable[[dict[str, Any]], str]


@asynccontextmanager
async def serve_control(
    path: Path, tools: Sequence[ToolLives], stage: Stage | None = None
) -> AsyncIterator[None]:
    """Take requests on a local socket.

    Parameters
    ----------
    tools : sequence of ToolLives
        May grow meanwhile.
    stage : Stage, optional
        Without one nobody else comes in.

    Raises
    ------
    CannotListen
        If nothing can listen there.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(answer(line, tools, stage)).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError):  # a line without end, or nobody who reads
            pass
        finally:
            writer.close()

    try:
        server = await asyncio.start_unix_server(talk, path)
    except OSError as error:
        raise CannotListen(path, str(error)) from error
    try:
        yield
    finally:
        server.close()
        with suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - asyncio leaves it, and a path here is one system call


def answer(line: bytes, tools: Sequence[ToolLives], stage: Stage | None = None) -> dict[str, Any]:
    """Do what a line asks for, and say what was done; `error` says why it was not."""
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise ValueError("a request is one JSON object in one line")
        if "list" in request:
            return _told(tools, stage)
        return _start(request["start"], stage) if "start" in request else _obey(request, tools)
    except ValueError as error:  # FaultError is one, and so is broken JSON
        return {"error": str(error)}


def _told(tools: Sequence[ToolLives], stage: Stage | None) -> dict[str, Any]:
    return {
        "tools": [{"name": t.name, "faults": [str(f) for f in t.faults.values()]} for t in tools],
        "faults": {kind: form.says for kind, form in FORMS.items()},
        "forms": {
            kind: {
                "says": form.says,
                "sign": form.sign,
                "low": form.low,
                "high": form.high,
                "default": form.default,
                "lasts": kind not in INSTANT,
            }
            for kind, form in FORMS.items()
        },
        "children": dict(stage.children) if stage else {},
    }


def _start(request: Any, stage: Stage | None) -> dict[str, Any]:
    if stage is None:
        raise ValueError("This simulation plays what it was started with, and takes nobody else in.")
    if not isinstance(request, dict):
        raise ValueError("Say which child, kind of tool and hand.")
    return {"tools": [stage.enter(request)]}


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


def _names(tools: Sequence[ToolLives]) -> str:
    shown = ", ".join(tool.name for tool in tools[:8])
    return shown if len(tools) <= 8 else f"{shown} and {len(tools) - 8} more"
