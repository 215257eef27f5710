"""bleak's scanner and client, which say in our errors why a radio does not work."""

from typing import Any, Final

from bleak import BleakClient, BleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
)

from .errors import AdapterCause, AdapterUnavailable, LinkLost, NoFreeSlot

_CAUSES: Final = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: AdapterCause.MISSING,
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: AdapterCause.MISSING,
    BleakBluetoothNotAvailableReason.POWERED_OFF: AdapterCause.OFF,
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: AdapterCause.NO_PERMISSION,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: AdapterCause.NO_PERMISSION,
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN: AdapterCause.NO_PERMISSION,
}


class RadioScanner(BleakScanner):
    """Scans on a radio."""

    def __init__(self, radio: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._radio = radio

    async def start(self) -> None:
        """Start; raises `AdapterUnavailable`."""
        try:
            await super().start()
        except (BleakError, OSError, EOFError) as error:
            raise unavailable(self._radio, error) from error

    async def stop(self) -> None:
        """Stop; raises `AdapterUnavailable`."""
        try:
            await super().stop()
        except (BleakError, OSError, EOFError) as error:
            raise unavailable(self._radio, error) from error


class RadioClient(BleakClient):
    """What another attempt with the same `BLEDevice` cannot mend leaves bleak-retry-connector at once."""

    def __init__(self, *args: Any, radio: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._radio = radio

    async def connect(self, **kwargs: Any) -> None:
        """Connect; raises `LinkLost` or `NoFreeSlot` where bleak knows."""
        try:
            await super().connect(**kwargs)
        except BleakDeviceNotFoundError as error:
            raise LinkLost(self.name, "the radio no longer hears it") from error
        except BleakDBusError as error:
            # BlueZ, doc/error-codes.txt: the controller answered 0x09, connection limit exceeded
            if "concurrent-connection-limit" in str(error):
                raise NoFreeSlot(self._radio) from error
            raise


def unavailable(radio: str, error: Exception) -> AdapterUnavailable:
    """Say in our words why a radio does not work."""
    cause, reason = AdapterCause.GONE, str(error)
    if isinstance(error, BleakBluetoothNotAvailableError):
        cause, reason = _CAUSES.get(error.reason, AdapterCause.GONE), str(error.args[0])
    elif isinstance(error, BleakDBusError) and error.dbus_error.endswith((".AccessDenied", ".NotAuthorized")):
        cause = AdapterCause.NO_PERMISSION
    elif isinstance(error, BleakDBusError) and error.dbus_error == "org.bluez.Error.NotReady":
        cause = AdapterCause.OFF
    elif isinstance(error, FileNotFoundError):
        cause = AdapterCause.MISSING
    elif isinstance(error, PermissionError):
        cause = AdapterCause.NO_PERMISSION
    return AdapterUnavailable(radio, reason, cause)
