"""BlueZ on D-Bus: one connection, with deadlines and our errors. To be imported on Linux only."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from dbus_fast import AuthError, BusType, DBusError, DBusFastError, Message, MessageType
from dbus_fast.aio import MessageBus

from .errors import AdapterCause, AdapterUnavailable

BLUEZ: Final = "org.bluez"

#: Asking BlueZ is a few round trips on this machine, and may start the daemon.
ANSWER_S: Final = 5.0


@asynccontextmanager
async def system_bus() -> AsyncIterator[MessageBus]:
    """Make a connection, still to be opened with `connect`, that is closed on leaving."""
    bus = MessageBus(bus_type=BusType.SYSTEM)
    try:
        yield bus
    finally:
        if bus.connected:
            bus.disconnect()


async def ask(
    bus: MessageBus, path: str, interface: str, method: str, signature: str = "", *body: str
) -> list[Any]:
    """Call a method of BlueZ; raises DBusError if it refuses."""
    return await _call(bus, Message(BLUEZ, path, interface, method, signature=signature, body=[*body]))


async def subscribe(bus: MessageBus, rule: str) -> None:
    """Ask the bus for the signals that match a rule."""
    destination = "org.freedesktop.DBus"
    await _call(
        bus,
        Message(destination, "/org/freedesktop/DBus", destination, "AddMatch", signature="s", body=[rule]),
    )


async def _call(bus: MessageBus, message: Message) -> list[Any]:
    reply = await bus.call(message)
    if reply.message_type is MessageType.ERROR:
        raise DBusError(reply.error_name or "org.bluez.Error.Failed", f"{reply.error_name} {reply.body}")
    return list(reply.body)


@contextmanager
def translated(radio: str, purpose: str) -> Iterator[None]:
    """Turn what D-Bus and BlueZ raise into `AdapterUnavailable`.

    Parameters
    ----------
    radio : str
        Its name in the error.
    purpose : str
        What BlueZ refused, if it is none of the usual things.
    """
    try:
        yield
    except TimeoutError:
        reason = f"BlueZ did not answer within {ANSWER_S:g} s: `sudo systemctl restart bluetooth`"
        raise AdapterUnavailable(radio, reason) from None
    except DBusError as error:
        raise AdapterUnavailable(radio, *_why(error, purpose)) from error
    except (AuthError, PermissionError) as error:
        reason = f"D-Bus, the way to BlueZ, does not let this user in ({error})"
        raise AdapterUnavailable(radio, reason, AdapterCause.NO_PERMISSION) from error
    except (OSError, EOFError, DBusFastError) as error:
        reason = f"D-Bus, the way to BlueZ, is away ({error})"
        installed = not isinstance(error, FileNotFoundError)
        cause = AdapterCause.GONE if installed else AdapterCause.MISSING
        raise AdapterUnavailable(radio, reason, cause) from error


def _why(error: DBusError, purpose: str) -> tuple[str, AdapterCause]:
    if error.type == "org.freedesktop.DBus.Error.AccessDenied":
        advice = "BlueZ is barred to this user: `sudo usermod -aG bluetooth $USER`, then log in again"
        return advice, AdapterCause.NO_PERMISSION
    if error.type.startswith("org.freedesktop.DBus.Error."):  # absent, or does not start when called
        return "BlueZ does not run: `sudo systemctl start bluetooth`", AdapterCause.GONE
    return f"BlueZ does not {purpose} ({error})", AdapterCause.GONE
