"""A virtual radio: Bumble's controllers on a local link, offered to hubs on a socket.

Each of the corrections below names what Bumble 0.0.236 lacks; delete it when Bumble has it.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from bumble import hci, ll
from bumble.controller import Controller
from bumble.core import PhysicalTransport
from bumble.link import LocalLink
from bumble.transport.common import StreamPacketSink, StreamPacketSource

from ..firmware_bridge.errors import AdapterUnavailable
from .controller import RSSI_DBM, Advertised, VirtualController

#: A hub that has this much unread on its socket does not listen any more; on air its links would time out.
#: It is 50 s of a tool that sends 20 packets of 30 bytes a second.
UNREAD_LIMIT_BYTES = 50_000


class Disturbing(Protocol):
    """What comes between a device and the air; see `Disturbance`."""

    def send(self, pdu: bytes, deliver: Callable[[bytes], None]) -> None:
        """Take one L2CAP packet from the device, and deliver it, or not."""

    def cut(self) -> None:
        """Take note that the device's links are gone."""


class VirtualLink(LocalLink):
    """The air between the controllers.

    Attributes
    ----------
    rssi_dbm : dict of str to int
        How strongly a device is heard, by its name, where that is not `RSSI_DBM`; -50 is near, -90 is far.
    disturbances : dict of str to Disturbing
        By the name of the device whose packets they handle.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.rssi_dbm: dict[str, int] = {}
        self.disturbances: dict[str, Disturbing] = {}
        self._away: set[str] = set()
        self._found: dict[hci.Address, Controller] = {}

    def take_away(self, name: str) -> None:
        """Carry a device out of range: its links time out, and nobody hears it."""
        self._away.add(name)
        for controller in tuple(self.controllers):
            if controller.name == name:
                self.lose(controller)

    def bring_back(self, name: str) -> None:
        """Bring a device back into range."""
        self._away.discard(name)

    def find_le_controller(self, address: hci.Address) -> Controller | None:
        """Find who has an address; Bumble looks through all of them for every packet."""
        found = self._found.get(address)
        if not (
            found and found in self.controllers and address in {found.random_address, found.public_address}
        ):
            found = super().find_le_controller(address)
            if found:
                self._found[address] = found
        return found

    def remove_controller(self, controller: Controller) -> None:
        """Take a controller off the air."""
        super().remove_controller(controller)
        self._found.clear()

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Deliver to whoever can use it; Bumble wakes every controller for every advertisement."""
        if sender_controller.name in self._away:
            return
        if isinstance(packet, Advertised):
            packet.rssi_dbm = self.rssi_dbm.get(sender_controller.name, RSSI_DBM)
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
            if controller is not central and controller.name not in self._away:
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
        if not connection or not receiver:
            return

        def deliver(pdu: bytes) -> None:
            if sender_controller.le_connections.get(destination_address) is connection:
                soon(receiver.on_link_acl_data, connection.self_address, transport, pdu)

        soon = asyncio.get_running_loop().call_soon
        if disturbance := self.disturbances.get(sender_controller.name):
            disturbance.send(data, deliver)
        else:
            deliver(data)

    def lose(self, controller: Controller) -> None:
        """Cut all links of a controller as radio silence does: both sides time out, nobody says goodbye."""
        if disturbance := self.disturbances.get(controller.name):
            disturbance.cut()
        for connection in tuple(controller.le_connections.values()):
            peer = self.find_le_controller(connection.peer_address)
            reverse = peer.le_connections.get(connection.self_address) if peer else None
            controller.on_le_disconnected(connection, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
            if peer and reverse:
                peer.on_le_disconnected(reverse, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)


class _Port(StreamPacketSource):
    """One hub's connection: a controller of its own, for as long as the socket stands."""

    def __init__(self, link: VirtualLink, ports: "set[_Port]", slots: int | None) -> None:
        super().__init__()
        self._link = link
        self._ports = ports
        self._slots = slots

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
        self._controller.slots = self._slots
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
async def serve_hci(link: VirtualLink, listen: str, *, slots: int | None = None) -> AsyncIterator[str]:
    """Offer a radio on a local socket; whoever connects gets a fresh controller on the link.

    A hub whose connection ends is out of range at once, and may come back at once. A hub with two radios
    connects twice.

    Parameters
    ----------
    link : VirtualLink
        The air.
    listen : str
        ``unix:/path`` or ``tcp:127.0.0.1:port``; port 0 takes a free one.
    slots : int, optional
        Links that each of these controllers can hold at a time.

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
            server: asyncio.Server = await loop.create_unix_server(lambda: _Port(link, ports, slots), place)
            radio = listen
        elif scheme == "tcp" and place.rpartition(":")[2].isdecimal():
            host, _, port = place.rpartition(":")
            server = await loop.create_server(lambda: _Port(link, ports, slots), host, int(port))
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
