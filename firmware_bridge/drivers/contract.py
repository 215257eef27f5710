"""The contract between a driver and the link: a driver reads bytes and names the bytes to write, no more.

A driver does no I/O and has no clock, so that golden vectors test all of it. To add a tool, write a driver
and list it in `registry`; ``CONTRIBUTING.md`` has the steps.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..discovery import Advertisement
from ..samples import FloatArray, ToolKind, Unit
from ..tool import Capabilities


@dataclass(frozen=True, slots=True)
class Write:
    """One GATT write that a driver asks for.

    Attributes
    ----------
    response : bool or None
        Whether the tool must confirm it; None where no source says: then the characteristic's properties do.
    """

    characteristic: str
    data: bytes
    response: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What one notification or advertisement brought.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        Samples in `unit`; empty where it brought only news such as the battery's.
    unit : Unit
        Newtons where the tool's unit is a known force, else what it is.
    device_s : ndarray of float64, shape (n,), or None
        Times on the tool's own clock, unwrapped by the driver; None where it sends none.
    index : int or None
        Index of the first sample since the stream began, unwrapped; None where it sends none.
    clipped : ndarray of bool, shape (n,), or None
        Where the sensor was at the end of its range; None where that is not told.
    battery_percent : int or None
        Charge, if this packet told it.
    writes : sequence of Write
        What to write next, where a tool has to be asked in steps: its table, and the stream once that came.
    rejected : int
        Frames on the way to these samples that are not what the protocol says. A packet that brought nothing
        else raises instead.
    """

    values: FloatArray
    unit: Unit
    device_s: FloatArray | None = None
    index: int | None = None
    clipped: NDArray[np.bool_] | None = None
    battery_percent: int | None = None
    writes: Sequence[Write] = ()
    rejected: int = 0


class Driver(ABC):
    """One maker's protocol. An instance belongs to one link and holds the state of its decoding.

    Attributes
    ----------
    name : str
        Short id, ``[a-z0-9-]``; becomes part of tool ids.
    title : str
        What a parent would call the tool.
    kind : ToolKind
    capabilities : Capabilities
    notify : tuple of str
        Characteristics to subscribe to; those that the tool does not have, or that cannot notify, are left
        out, at least one must be there. Empty for a tool that only advertises.
    company_id : int or None
        For a tool that only advertises: whose manufacturer data to feed.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    kind: ClassVar[ToolKind] = ToolKind.DYNAMOMETER
    capabilities: ClassVar[Capabilities]
    notify: ClassVar[tuple[str, ...]] = ()
    company_id: ClassVar[int | None] = None

    @classmethod
    @abstractmethod
    def matches(cls, advertisement: Advertisement) -> bool:
        """Whether this may be such a tool. Name and service both, where the sources know both."""

    @abstractmethod
    def feed(self, data: bytes, characteristic: str = "") -> Reading | None:
        """Read one notification, or one advertisement's manufacturer data.

        Returns
        -------
        Reading or None
            None where nothing new came: a repetition, an acknowledgement, part of a frame.

        Raises
        ------
        PacketError
            And nothing else, whatever the bytes.
        """

    def start(self) -> Sequence[Write]:
        """Writes that start the stream once subscribed."""
        return ()

    def stop(self) -> Sequence[Write]:
        """Writes that stop the stream before the link is released."""
        return ()

    def tare(self) -> Sequence[Write]:
        """Writes that zero the tool; empty where it cannot (`capabilities` says so)."""
        return ()


def may_offer(advertisement: Advertisement, *services: str) -> bool:
    """Whether an advertisement names one of these services, or none at all: many devices name none."""
    return not advertisement.service_uuids or not advertisement.service_uuids.isdisjoint(services)
