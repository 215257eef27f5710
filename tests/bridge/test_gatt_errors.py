"""What stacks say about a call that went wrong, in our words."""

import pytest
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDBusError, BleakGATTProtocolError, BleakGATTProtocolErrorCode

from griphub.firmware_bridge.errors import BondLost, GripError, LinkLost, ToolRefused
from griphub.firmware_bridge.gatt import GattLink

NOT_PERMITTED = "org.bluez.Error.NotPermitted"


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (BleakDBusError(NOT_PERMITTED, ["Not paired"]), BondLost),
        (BleakDBusError(NOT_PERMITTED, ["Notify acquired"]), LinkLost),
        (BleakDBusError("org.bluez.Error.Failed", ["Not connected"]), LinkLost),
        (BleakDBusError("org.bluez.Error.Failed", []), LinkLost),
        (BleakGATTProtocolError(BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION), BondLost),
        (BleakGATTProtocolError(BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION), BondLost),
        (BleakGATTProtocolError(BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION), BondLost),
        (BleakGATTProtocolError(BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION_KEY_SIZE), BondLost),
        (BleakGATTProtocolError(BleakGATTProtocolErrorCode.WRITE_NOT_PERMITTED), ToolRefused),
        (EOFError(), LinkLost),
    ],
)
async def test_what_a_call_ends_with(error: Exception, ours: type[GripError]) -> None:
    async def call() -> None:
        raise error

    with pytest.raises(ours) as told:
        await GattLink(BLEDevice("F7:0F:53:46:12:22", "ball1", {})).call(call())
    assert type(told.value) is ours and "ball1" in str(told.value)
