"""The GATT profile of GripHub's own tools: UUIDs and opcodes. The contract is ``docs/protocol.md``."""

from enum import IntEnum, IntFlag


def _own(short: int) -> str:
    """Expand a short id with our random 128-bit base."""
    return f"8f3b{short:04x}-52c1-4c7e-9d3a-6b1e0f7a2d94"


GRIP_SERVICE = _own(0x0001)
FORCE_STREAM = _own(0x0002)  #: notify
CONTROL_POINT = _own(0x0003)  #: write, indicate
TOOL_INFO = _own(0x0004)  #: read
STORED_DATA = _own(0x0005)  #: notify
FORCE = "00002c07-0000-1000-8000-00805f9b34fb"  #: read, notify; the Bluetooth SIG's, for any reader
HELD_SERVICE = _own(0x0009)  #: advertised in place of the Grip service while somebody is connected

BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"
DEVICE_INFORMATION_SERVICE = "0000180a-0000-1000-8000-00805f9b34fb"
MANUFACTURER_NAME = "00002a29-0000-1000-8000-00805f9b34fb"
MODEL_NUMBER = "00002a24-0000-1000-8000-00805f9b34fb"
SERIAL_NUMBER = "00002a25-0000-1000-8000-00805f9b34fb"
FIRMWARE_REVISION = "00002a26-0000-1000-8000-00805f9b34fb"

PROTOCOL_VERSION = 1
TICK_S = 1e-5  #: a tool tick is 10 µs: a 32-bit counter wraps after 11.9 h, and 500 Hz is 200 ticks


class Opcode(IntEnum):
    """Control Point commands; those from 0x10 on are about stored sessions."""

    START = 0x01
    STOP = 0x02
    TARE = 0x03
    IDENTIFY = 0x04
    SET_RATE = 0x05
    SET_TIME = 0x06
    REPORT = 0x10
    FETCH = 0x11
    ACKNOWLEDGE = 0x12
    ERASE = 0x13
    RESPONSE = 0x80


class Status(IntEnum):
    """How a tool answered a command."""

    SUCCESS = 0x00
    UNKNOWN_OPCODE = 0x01
    BAD_PARAMETER = 0x02
    NOT_NOW = 0x03
    NOT_FOUND = 0x04


class WireUnit(IntEnum):
    """Unit of a raw sample on the wire."""

    UNKNOWN = 0
    COUNT = 1
    NEWTON = 2
    KILOPASCAL = 3
    KILOGRAM_FORCE = 4
    POUND_FORCE = 5


class WireKind(IntEnum):
    """Kind of tool in Tool Info."""

    BALL = 1
    PUTTY = 2
    DYNAMOMETER = 3


class StreamFlag(IntFlag):
    """Low four bits of a Force Stream packet's first byte."""

    TIMED = 0x1  #: every sample carries its own time step: the tool samples unevenly
    END = 0x2  #: the last packet before the tool goes to sleep or was told to stop


class InfoFlag(IntFlag):
    """Properties in Tool Info."""

    SIMULATED = 0x1  #: not a physical tool: results are marked and never mixed with a real child's


class SessionFlag(IntFlag):
    """State of a session in the tool's log."""

    RUNNING = 0x1  #: not over: more samples may come
    CUT = 0x2  #: the power failed while it ran
