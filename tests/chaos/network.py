"""A network between MQTT clients and their broker that can be cut, stalled, slow, forgetful or confused."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from random import Random

#: Type of MQTT's PUBLISH, in the upper half of a packet's first byte.
PUBLISH = 3
#: A packet that is to come after the next one does not wait longer than this for it.
HELD_S = 0.3


def _flowing() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(slots=True)
class Direction:
    """How one direction of a network is: shares are of the messages, delays of all packets."""

    flowing: asyncio.Event = field(default_factory=_flowing)
    delay_s: float = 0.0
    lost: float = 0.0
    repeated: float = 0.0
    reordered: float = 0.0


async def read_packet(reader: asyncio.StreamReader) -> bytes:
    """Read one MQTT packet: a byte of type and flags, the length in groups of seven bits, the rest."""
    head = bytearray(await reader.readexactly(1))
    length, shift = 0, 0
    while True:
        head += await reader.readexactly(1)
        length |= (head[-1] & 0x7F) << shift
        shift += 7
        if not head[-1] & 0x80:
            return bytes(head) + await reader.readexactly(length)


@dataclass(slots=True, eq=False)
class _Connection:
    client: asyncio.StreamWriter
    broker: asyncio.StreamWriter
    forgotten: bool = False  #: half-open: whatever comes from the client goes nowhere

    def abort(self) -> None:
        for writer in (self.client, self.broker):
            writer.transport.abort()


class Network:
    """Between the clients that connect to `port` and the broker on `broker_port`, all on localhost."""

    def __init__(self, broker_port: int, random: Random) -> None:
        self.up, self.down = Direction(), Direction()
        self.port = 0
        self._broker_port = broker_port
        self._random = random
        self._is_cut = False
        self._connections: set[_Connection] = set()

    async def __aenter__(self) -> "Network":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Reset all connections and refuse new ones, until `mend`."""
        self._is_cut = True
        for connection in list(self._connections):
            connection.abort()

    def mend(self) -> None:
        """Take new connections again."""
        self._is_cut = False

    def forget(self) -> list[_Connection]:
        """Leave what is connected half-open: the broker sees it end, the client hears nothing any more."""
        connections = [connection for connection in self._connections if not connection.forgotten]
        for connection in connections:
            connection.forgotten = True
            connection.broker.transport.abort()
        return connections

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            from_broker, to_broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(writer, to_broker)
        self._connections.add(connection)
        up = asyncio.create_task(self._pump(reader, to_broker, self.up, connection))
        down = asyncio.create_task(self._pump(from_broker, writer, self.down, connection))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            while connection.forgotten and not up.done():
                await asyncio.wait({up})
        finally:
            connection.abort()
            up.cancel()
            down.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            self._connections.discard(connection)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        direction: Direction,
        connection: _Connection,
    ) -> None:
        held: bytes | None = None
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                reading = asyncio.ensure_future(read_packet(reader))
                try:
                    if held is not None and not (await asyncio.wait({reading}, timeout=HELD_S))[0]:
                        writer.write(held)
                        held = None
                    packet = await reading
                finally:
                    reading.cancel()
                await direction.flowing.wait()
                if direction.delay_s:
                    await asyncio.sleep(direction.delay_s * self._random.random())
                if connection.forgotten:
                    continue
                is_message = packet[0] >> 4 == PUBLISH
                if is_message and held is None and self._random.random() < direction.reordered:
                    held = packet
                    continue
                if not (is_message and self._random.random() < direction.lost):
                    writer.write(packet)
                if is_message and self._random.random() < direction.repeated:
                    writer.write(packet)
                if held is not None:
                    writer.write(held)
                    held = None
                await writer.drain()
