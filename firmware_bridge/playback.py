"""A capture through the code that read the tool, without a radio: the same bytes give the same samples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from . import profile
from .capture import OWN, Capture, Event, What
from .clock import HostClock
from .commands import Response, Sending
from .drivers.reader import Reader
from .drivers.registry import DRIVERS
from .drivers.timeline import Timeline
from .errors import PacketError, UnsupportedTool
from .packets import ToolInfo
from .profile import Opcode
from .samples import SampleBlock
from .stream import StreamAssembler

#: Digits of a summary's numbers: more would differ between machines.
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Playback:
    """What came of a capture.

    Attributes
    ----------
    blocks : tuple of SampleBlock
    lost, duplicates, rejected : int
        Samples known to be missing; packets that came again, and that are not what the protocol says.
    """

    blocks: tuple[SampleBlock, ...]
    lost: int
    duplicates: int
    rejected: int

    def summary(self) -> Mapping[str, Any]:
        """The figures by which two playbacks of one capture are compared.

        Times are not among them: where the hub gives them, they may yet get better.
        """
        values = np.concatenate([np.empty(0), *(block.values for block in self.blocks)])
        read = values[~np.isnan(values)]
        return {
            "samples": int(values.size),
            "lost": self.lost,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "unit": str(self.blocks[0].unit) if self.blocks else None,
            "lowest": round(float(read.min()), _DIGITS) if read.size else None,
            "highest": round(float(read.max()), _DIGITS) if read.size else None,
            "mean": round(float(read.mean()), _DIGITS) if read.size else None,
        }


def play_back(capture: Capture) -> Playback:
    """Read a capture as its tool was read.

    Raises
    ------
    UnsupportedTool
        If there is no such driver, or it cannot read this tool.
    """
    return _own(capture) if capture.driver == OWN else _others(capture)


def _own(capture: Capture) -> Playback:
    assembler = StreamAssembler(capture.name)
    boot_id = 0

    def take(event: Event) -> SampleBlock | None:
        nonlocal boot_id
        if event.uuid == profile.FORCE_STREAM and event.what is What.NOTIFY:
            return assembler.feed(event.data, event.t_s)
        if event.uuid == profile.TOOL_INFO and event.what is What.READ:
            boot_id = ToolInfo.from_bytes(event.data).boot_id
        if event.uuid == profile.CONTROL_POINT and event.what is What.NOTIFY:
            answer = Response.from_bytes(event.data)
            if answer.opcode == Opcode.START and isinstance(answer.tells, Sending):
                told = answer.tells
                assembler.started(boot_id, told.next_index, told.tick, told.now, event.t_s)
        return None

    blocks = _taken(capture, take)
    return Playback(blocks, assembler.lost, assembler.duplicates, assembler.rejected)


def _others(capture: Capture) -> Playback:
    kind = next((driver for driver in DRIVERS if driver.name == capture.driver), None)
    if kind is None:
        raise UnsupportedTool(capture.name, f"there is no driver {capture.driver}")
    driver = kind()
    timeline = Timeline(capture.name, driver.capabilities.rate_hz, HostClock())
    reader = Reader(driver, capture.name, timeline)
    voices = {*driver.notify, str(driver.company_id)}

    def take(event: Event) -> SampleBlock | None:
        if event.what not in {What.NOTIFY, What.ADVERTISE} or event.uuid not in voices:
            return None
        characteristic = event.uuid if event.what is What.NOTIFY else ""
        return reader.take(event.data, characteristic, event.t_s)[0]

    timeline.restarted()
    blocks = _taken(capture, take)
    return Playback(blocks, timeline.lost, timeline.duplicates, reader.rejected)


def _taken(capture: Capture, take: Callable[[Event], SampleBlock | None]) -> tuple[SampleBlock, ...]:
    blocks = []
    for event in capture.events:
        try:
            block = take(event)
        except PacketError:  # what the link ignores as well
            continue
        if block is not None:
            blocks.append(block)
    return tuple(blocks)
