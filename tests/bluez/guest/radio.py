"""The guest's Bluetooth controller: what the kernel says to it goes to the host, where the air is."""

import asyncio

from bumble.transport import open_transport


async def main() -> None:
    """Join the kernel's virtual controller to the port behind which a simulated one listens."""
    async with await open_transport("file:/dev/hci") as controller, await open_transport("vhci") as kernel:
        kernel.source.set_packet_sink(controller.sink)
        controller.source.set_packet_sink(kernel.sink)
        await asyncio.Event().wait()


asyncio.run(main())
