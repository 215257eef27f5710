"""A virtual radio: Bumble's controllers on a local link, offered to hubs on a socket.

Each of the corrections below names what Bumble 0.0.236 lacks; delete it when Bumble has it.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from bumble import hci, ll
from bumble.controller import Controller, LegacyAdvertiser
from bumble.core import PhysicalTransport
from bumble.link import LocalLink
from bumble.transport.common import StreamPacketSink, StreamPacketSource

from ..firmware_bridge.errors import AdapterUnavailable

#: A hub that has this much unread on its socket does not listen any more; on air its links would time out.
#: It is 50 s of a tool that sends 20 packets of 30 bytes a second.
UNREAD_LIMIT_BYTES = 50_000

#: Everything on the virtual link is in the same room.
RSSI_DBM = -50


class VirtualLink(LocalLink):
    """The air between the controllers."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Deliver to whoever can use it; Bumble wakes every controller for every advertisement."""
        soon = asyncio.get_running_loop().call_soon
        if isinstance(packet, ll.ConnectInd):
            soon(self._connect, sender_controller, packet)
            return
        for controller in self.controllers:
            if controller is not sender_controller and (
                controller.le_scan_enable or controller.pending_le_connection
            ):
                soon(controller.on_ll_advertising_pdu, packet)

    def _connect(self, central: Controller, packet: ll.ConnectInd) -> None:
        # of two hubs that answer one advertisement, Bumble lets both believe that they are connected
        for controller in tuple(self.controllers):
            if controller is not central:
                controller.on_ll_advertising_pdu(packet)
        heard = any(
            c.self_address == packet.advertiser_address
            for controller in self.controllers
            if (c := controller.le_connections.get(packet.initiator_address))
        )
        if not heard and (connection := central.le_connections.get(packet.advertiser_address)):
            central.on_le_disconnected(
                connection, hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
            )

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Deliver data from the address that the link was made with; Bumble always takes the random one."""
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address) if connection else None
        if connection and receiver:
            asyncio.get_running_loop().call_soon(
                receiver.on_link_acl_data, connection.self_address, transport, data
            )

    def lose(self, controller: Controller) -> None:
        """Cut all links of a controller as radio silence does: both sides time out, nobody says goodbye."""
        for connection in tuple(controller.le_connections.values()):
            peer = self.find_le_controller(connection.peer_address)
            reverse = peer.le_connections.get(connection.self_address) if peer else None
            controller.on_le_disconnected(connection, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
            if peer and reverse:
                peer.on_le_disconnected(reverse, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)


_Report = hci.HCI_LE_Advertising_Report_Event
_ACTIVE_SCAN = 1  # Core Specification, Vol 4 Part E, 7.8.10


@dataclass
class _Advert(ll.AdvInd):
    """An advertisement of any legacy type, and what its advertiser answers to a scan request."""

    event_type: int
    scan_response: bytes


class _Advertiser(LegacyAdvertiser):
    """Sends every undirected type of advertisement; Bumble's sends only the connectable one."""

    def send_advertising_data(self) -> None:
        if self.enabled:
            advert = _Advert(
                self.address, self.advertising_data, self.advertising_type, self.scan_response_data
            )
            self.controller.send_advertising_pdu(advert)


class VirtualController(Controller):
    """A controller on a `VirtualLink`."""

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
        assert isinstance(pdu, _Advert)
        connectable = pdu.event_type == _Report.EventType.ADV_IND
        if self.le_scan_enable:
            self._report(pdu, pdu.event_type, pdu.data)
            scannable = connectable or pdu.event_type == _Report.EventType.ADV_SCAN_IND
            if scannable and self.le_scan_type == _ACTIVE_SCAN:
                self._report(pdu, _Report.EventType.SCAN_RSP, pdu.scan_response)
        pending = self.pending_le_connection
        if connectable and pending and pending.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)

    def _report(self, pdu: _Advert, event_type: int, data: bytes) -> None:
        report = _Report.Report(
            event_type=event_type,
            address_type=pdu.advertiser_address.address_type,
            address=pdu.advertiser_address,
            data=data,
            rssi=RSSI_DBM,
        )
        self.send_hci_packet(_Report([report]))

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


class _Port(StreamPacketSource):
    """One hub's connection: a controller of its own, for as long as the socket stands."""

    def __init__(self, link: VirtualLink, ports: "set[_Port]") -> None:
        super().__init__()
        self._link = link
        self._ports = ports

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport
        taken = {port.number for port in self._ports}
        self.number: int = next(n for n in itertools.count(1) if n not in taken)
        # without an address of its own it gets one from Linux, and another while Linux scans, and the two
        # sides of a pairing no longer agree on it
        address = f"C0:FF:EE:00:{self.number >> 8:02X}:{self.number & 0xFF:02X}"
        self._controller = VirtualController(
            "hub", host_source=self, host_sink=self, link=self._link, public_address=address
        )
        self._to_hub = StreamPacketSink(transport)
        self._ports.add(self)

    def on_packet(self, packet: bytes) -> None:
        if self._transport.get_write_buffer_size() > UNREAD_LIMIT_BYTES:
            self.abort()
        else:
            self._to_hub.on_packet(packet)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ports.discard(self)
        self._link.lose(self._controller)
        self._link.remove_controller(self._controller)

    def abort(self) -> None:
        self._transport.abort()


@asynccontextmanager
async def serve_hci(link: VirtualLink, listen: str) -> AsyncIterator[str]:
    """Offer a radio on a local socket; whoever connects gets a fresh controller on the link.

    A hub whose connection ends is out of range at once, and may come back at once.

    Parameters
    ----------
    link : VirtualLink
        The air.
    listen : str
        ``unix:/path`` or ``tcp:127.0.0.1:port``; port 0 takes a free one.

    Yields
    ------
    str
        What a hub passes as its radio: ``unix:/path`` or ``tcp-client:127.0.0.1:port``.

    Raises
    ------
    AdapterUnavailable
        If nothing can listen there.
    """
    loop = asyncio.get_running_loop()
    ports: set[_Port] = set()
    scheme, _, place = listen.partition(":")
    try:
        if scheme == "unix" and place:
            server: asyncio.Server = await loop.create_unix_server(lambda: _Port(link, ports), place)
            radio = listen
        elif scheme == "tcp" and place.rpartition(":")[2].isdecimal():
            host, _, port = place.rpartition(":")
            server = await loop.create_server(lambda: _Port(link, ports), host, int(port))
            host, bound = server.sockets[0].getsockname()[:2]
            radio = f"tcp-client:{host}:{bound}"
        else:
            raise OSError("it must look like unix:/path or tcp:127.0.0.1:9000")
    except (OSError, OverflowError) as error:
        raise AdapterUnavailable(listen, str(error)) from error
    try:
        yield radio
    finally:
        server.close()
        for port_ in tuple(ports):
            port_.abort()
        if scheme == "unix":
            with suppress(FileNotFoundError):
                os.unlink(place)  # noqa: PTH108 - asyncio leaves it, and a path here is one system call
