"""A Bluetooth controller for the virtual link: Bumble's, with what it lacks.

Each of the corrections below names what Bumble 0.0.236 lacks; delete it when Bumble has it.
"""

import asyncio
import struct
from dataclasses import dataclass
from typing import Any

from bumble import hci, ll
from bumble.controller import Controller, LegacyAdvertiser

#: Everything on the virtual link is in the same room unless `VirtualLink.rssi_dbm` says otherwise.
RSSI_DBM = -50

_Report = hci.HCI_LE_Advertising_Report_Event
#: Length and channel of L2CAP, opcode, handle (Core Specification, Vol 3, Part A 3.1 and Part F 3.4.7.1).
_NOTIFICATION = struct.Struct("<HHBH")
_ATT_CHANNEL, _NOTIFY = 0x0004, 0x1B
_ACTIVE_SCAN = 1  # Core Specification, Vol 4 Part E, 7.8.10


@dataclass
class Advertised(ll.AdvInd):
    """An advertisement of any legacy type, and what its advertiser answers to a scan request."""

    event_type: int
    scan_response: bytes
    rssi_dbm: int = RSSI_DBM


class _Advertiser(LegacyAdvertiser):
    """Sends every undirected type of advertisement; Bumble's sends only the connectable one."""

    def send_advertising_data(self) -> None:
        """Send one."""
        if self.enabled:
            advert = Advertised(
                self.address, self.advertising_data, self.advertising_type, self.scan_response_data
            )
            self.controller.send_advertising_pdu(advert)


class VirtualController(Controller):
    """A controller on a `VirtualLink`.

    Attributes
    ----------
    slots : int or None
        Links that it can hold at a time, as radios have a limit; None: any number.
    """

    slots: int | None = None

    #: 27 by default: seven fragments for a packet of 180 bytes, and a third of the throughput
    le_acl_data_packet_length = 251
    #: neither is complete enough in Bumble's controller to be offered to a host
    le_features = Controller.le_features & ~(
        hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.le_legacy_advertiser = _Advertiser(self)

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Hear an advertisement; Bumble takes each for connectable, and repeats it as its scan response."""
        assert isinstance(pdu, Advertised)
        connectable = pdu.event_type == _Report.EventType.ADV_IND
        if self.le_scan_enable:
            self._report(pdu, pdu.event_type, pdu.data)
            scannable = connectable or pdu.event_type == _Report.EventType.ADV_SCAN_IND
            if scannable and self.le_scan_type == _ACTIVE_SCAN:
                self._report(pdu, _Report.EventType.SCAN_RSP, pdu.scan_response)
        pending = self.pending_le_connection
        if connectable and pending and pending.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)

    def _report(self, pdu: Advertised, event_type: int, data: bytes) -> None:
        report = _Report.Report(
            event_type=event_type,
            address_type=pdu.advertiser_address.address_type,
            address=pdu.advertiser_address,
            data=data,
            rssi=pdu.rssi_dbm,
        )
        self.send_hci_packet(_Report([report]))

    def notify(self, connection: int, attribute: int, value: bytes) -> None:
        """Put a notification of a device on the air, past Bumble's host.

        The host writes each packet out three times for its debug lines, also where nobody logs: two thirds
        of the time of a simulation with many devices. The caller minds subscriptions and length.
        """
        if link := self.find_connection_by_handle(connection):
            pdu = _NOTIFICATION.pack(3 + len(value), _ATT_CHANNEL, _NOTIFY, attribute) + value
            link.on_acl_pdu(pdu)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Send a packet to the host, without Bumble's debug lines."""
        if self.host:
            asyncio.get_running_loop().call_soon(self.host.on_packet, bytes(packet))

    def on_hci_le_create_connection_command(self, command: hci.HCI_LE_Create_Connection_Command) -> None:
        """Connect, if there is a slot left."""
        if self.slots is not None and len(self.le_connections) >= self.slots:
            full = hci.HCI_Command_Status_Event(
                status=hci.HCI_ErrorCode.CONNECTION_LIMIT_EXCEEDED_ERROR,
                num_hci_command_packets=1,
                command_opcode=command.op_code,
            )
            self.send_hci_packet(full)
        else:
            super().on_hci_le_create_connection_command(command)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Cancel; Bumble says so but does not, and every later connection fails."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        cancelled = hci.HCI_LE_Connection_Complete_Event(
            status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            connection_handle=0,
            role=hci.Role.CENTRAL,
            peer_address_type=pending.peer_address.address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        asyncio.get_running_loop().call_soon(self.send_hci_packet, cancelled)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)
