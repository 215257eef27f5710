"""A capture: what a real tool said, byte for byte and moment by moment, without a word on whose it is.

A file of JSON lines. The first describes the tool, each further one is an `Event`, the last holds what came
of it when it was recorded; ``docs/simulators.md`` has the form. A capture is a bug report and a test at once.
"""

import hashlib
import json
import math
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from . import profile
from .discovery import Advertisement
from .drivers.contract import Driver
from .errors import GripError, PacketError
from .packets import ToolInfo

VERSION: Final = 1
#: Driver of our own tools, as in `ToolDescription.driver`.
OWN: Final = "griphub"
#: The longest that is read: an hour at 100 Hz has about 15 MB.
MAX_BYTES: Final = 64 << 20
#: Shorter identities are not looked for inside packets: they would be found where they are not.
_FOUND_BYTES: Final = 6


class What(StrEnum):
    """What happened."""

    READ = "read"
    WRITE = "write"
    SUBSCRIBE = "subscribe"
    NOTIFY = "notify"
    ADVERTISE = "advertise"  #: `uuid` is the company id in decimal


@dataclass(frozen=True, slots=True)
class Event:
    """Something that went over the air.

    Attributes
    ----------
    t_s : float
        Seconds since the capture began.
    what : What
    uuid : str
        Characteristic.
    data : bytes
    """

    t_s: float
    what: What
    uuid: str
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Capture:
    """What a tool is, and all that went over the air.

    Attributes
    ----------
    driver : str
        Who reads it: `OWN`, or a driver's name.
    name : str
        Advertised name, masked.
    service_uuids : tuple of str
        As advertised.
    services : mapping of str to sequence of (str, sequence of str)
        Characteristics of each service, with their GATT properties; see `services_of`.
    simulated : bool
        Whether it was a simulated tool already when it was recorded.
    events : tuple of Event
    summary : mapping of str to number or str
        What came of it when it was recorded; see `playback.summary`.
    """

    driver: str
    name: str
    service_uuids: tuple[str, ...] = ()
    services: Mapping[str, Any] = field(default_factory=dict)
    simulated: bool = False
    events: tuple[Event, ...] = ()
    summary: Mapping[str, Any] = field(default_factory=dict)


class CaptureError(GripError):
    """A file that is no capture.

    Attributes
    ----------
    path : Path
    line : int
        From 1; 0 where it is about the file as a whole.
    reason : str
    """

    def __init__(self, path: Path, line: int, reason: str) -> None:
        self.path = path
        self.line = line
        self.reason = reason
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{where}: {reason}. Record it anew with griphub capture.")


def write_capture(path: Path, capture: Capture) -> None:
    """Write a capture to a file, so that nobody ever sees half of one."""
    head = {"griphub_capture": VERSION, **asdict(replace(capture, events=(), summary={}))}
    del head["events"], head["summary"]
    lines = [head, *map(_line, capture.events), {"summary": dict(capture.summary)}]
    partial = path.with_name(f".{path.name}.part")
    partial.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    partial.replace(path)


def read_capture(path: Path) -> Capture:
    """Read a capture.

    Raises
    ------
    CaptureError
        If it is none.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CaptureError(path, 0, f"it has more than {MAX_BYTES >> 20} MB")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CaptureError(path, 0, f"it cannot be read ({error})") from None
    events: list[Event] = []
    capture, number = None, 0
    try:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            if number == 1:
                if row.pop("griphub_capture") != VERSION:
                    raise CaptureError(path, 1, "it is of another version")
                row["service_uuids"] = tuple(row["service_uuids"])
                capture = Capture(**row)
            elif "summary" in row:
                break
            else:
                events.append(_event(row))
        else:
            raise CaptureError(path, number, "it has no summary: the recording was cut")
        assert capture  # the loop broke on a later line than the first
        return replace(capture, events=tuple(events), summary=row["summary"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise CaptureError(path, number, f"this is not what a capture holds ({error})") from None


def _line(event: Event) -> dict[str, Any]:
    return {"t_s": event.t_s, event.what: event.uuid, "data": event.data.hex()}


def _event(row: dict[str, Any]) -> Event:
    (what,) = row.keys() - {"t_s", "data"}
    if not isinstance(row[what], str):
        raise ValueError(f"{what} names no characteristic")
    t_s = float(row["t_s"])
    if not math.isfinite(t_s):
        raise ValueError(f"{t_s} is no time")
    return Event(t_s, What(what), row[what], bytes.fromhex(row["data"]))


class Mask:
    """Takes out of a tool's bytes whatever says which tool it is, the same everywhere in one capture.

    Parameters
    ----------
    address : str
        Bluetooth address of the tool.
    driver : type of Driver or None
        Who reads it; None for a tool of ours.
    """

    def __init__(self, address: str, driver: type[Driver] | None) -> None:
        self._salt = secrets.token_bytes(16)  # nobody can try all addresses against a hash
        self._driver = driver
        self._names: dict[bytes, bytes] = {}
        octets = bytes.fromhex(address.replace(":", "")) if address.count(":") == 5 else b""  # on macOS: none
        for found in (octets, octets[::-1], address.encode()):
            self._remember(found, self._hash(found))

    def name(self, advertised: Advertisement) -> str:
        """Another name, by which it is still recognised."""
        code = self._hash(advertised.name.encode()).hex()
        masked = f"x{code[:7]}"
        if self._driver:
            known = (f"{advertised.name[:n]}-{code[:4]}" for n in range(1, len(advertised.name) + 1))
            matches = (n for n in (masked, *known) if self._driver.matches(replace(advertised, name=n)))
            masked = next(matches, advertised.name)  # a name that is all it is recognised by is the maker's
        self._remember(advertised.name.encode(), masked.encode())
        self._serial = masked.encode()
        return masked

    def value(self, uuid: str, data: bytes) -> bytes:
        """Mask what was read, written or notified."""
        if uuid == profile.SERIAL_NUMBER:
            return self._serial
        if uuid == profile.TOOL_INFO:
            return self._tool_info(data)
        for known, masked in self._names.items():
            data = data.replace(known, masked)
        return data

    def _tool_info(self, data: bytes) -> bytes:
        try:
            info = ToolInfo.from_bytes(data)
        except PacketError:
            return data  # of a later version, or broken: that is what the capture is about
        offset = int.from_bytes(self._hash(b"boot")[:4], "little")
        return bytes(replace(info, boot_id=(info.boot_id + offset) % (1 << 32)))

    def _remember(self, known: bytes, masked: bytes) -> None:
        if len(known) >= _FOUND_BYTES:
            self._names[known] = masked[: len(known)].ljust(len(known), b"-")

    def _hash(self, known: bytes) -> bytes:
        return hashlib.sha256(self._salt + known).digest()


def services_of(services: Iterable[Any]) -> dict[str, list[list[Any]]]:
    """Describe a tool's services as bleak found them."""
    return {
        service.uuid: [[c.uuid, list(c.properties)] for c in service.characteristics] for service in services
    }
