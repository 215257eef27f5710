"""The virtual radio's own manners; what hubs see of it is in tests/bridge."""

import asyncio
from pathlib import Path

import pytest
from bumble.controller import Controller

from griphub.firmware_bridge.adapter import open_adapter
from griphub.firmware_bridge.discovery import find_device
from griphub.firmware_bridge.errors import AdapterUnavailable, NoFreeSlot
from griphub.simulators import radio as radio_module
from griphub.simulators.gatt import Advert, VirtualDevice
from griphub.simulators.radio import VirtualLink, serve_hci


@pytest.mark.parametrize(
    "listen", ["unix:", "unix:/nowhere/at/all", "tcp:127.0.0.1:x", "tcp:127.0.0.1:99999", "pigeon:1", ""]
)
async def test_nowhere_to_listen(listen: str) -> None:
    with pytest.raises(AdapterUnavailable):
        async with serve_hci(VirtualLink(), listen):
            pass


async def test_each_hub_has_a_controller_for_as_long_as_it_stays(tmp_path: Path) -> None:
    gone = asyncio.Semaphore(0)

    class Watched(VirtualLink):
        def remove_controller(self, controller: Controller) -> None:
            super().remove_controller(controller)
            gone.release()

    link = Watched()
    async with serve_hci(link, f"unix:{tmp_path}/hci") as radio:
        async with open_adapter(radio), open_adapter(radio):
            addresses = {bytes(controller.public_address) for controller in link.controllers}
            assert len(addresses) == 2 and bytes(6) not in addresses
        for _ in range(2):
            await asyncio.wait_for(gone.acquire(), 1)
        assert not link.controllers
    assert not (tmp_path / "hci").exists()


async def test_a_socket_left_by_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    for _ in range(2):
        server = await asyncio.start_unix_server(lambda *_: None, tmp_path / "hci")
        server.close()
        assert (tmp_path / "hci").exists()
        async with serve_hci(VirtualLink(), f"unix:{tmp_path}/hci") as radio, open_adapter(radio):
            pass


async def test_a_hub_that_reads_nothing_is_out_of_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio_module, "UNREAD_LIMIT_BYTES", -1)
    link = VirtualLink()
    async with serve_hci(link, f"unix:{tmp_path}/hci") as radio:
        with pytest.raises(AdapterUnavailable):
            async with open_adapter(radio):
                pass
    assert not link.controllers


async def test_a_radio_holds_as_many_links_as_it_has_slots(tmp_path: Path) -> None:
    link = VirtualLink()
    devices = [VirtualDevice(name, link, Advert(name)) for name in ("one", "two")]
    async with (
        serve_hci(link, f"unix:{tmp_path}/hci", slots=1) as radio,
        open_adapter(radio) as adapter,
        asyncio.TaskGroup() as tasks,
    ):
        lives = [tasks.create_task(device.run()) for device in devices]
        for device in devices:
            device.show()
        first, second = [await find_device(device, adapter=adapter) for device in ("one", "two")]
        client = adapter.client(first)
        await client.connect()
        with pytest.raises(NoFreeSlot):
            await adapter.client(second).connect()
        await client.disconnect()
        async with adapter.client(second):
            assert devices[1].connection
        for life in lives:
            life.cancel()


async def test_two_radios_of_one_hub_share_the_tools(tmp_path: Path) -> None:
    link = VirtualLink()
    devices = [VirtualDevice(name, link, Advert(name)) for name in ("one", "two")]
    async with (
        serve_hci(link, f"unix:{tmp_path}/hci", slots=1) as radio,
        open_adapter(radio) as left,
        open_adapter(radio) as right,
        asyncio.TaskGroup() as tasks,
    ):
        lives = [tasks.create_task(device.run()) for device in devices]
        for device in devices:
            device.show()
        async with (
            left.client(await find_device("one", adapter=left)),
            right.client(await find_device("two", adapter=right)),
        ):
            assert all(device.connection for device in devices)
        for life in lives:
            life.cancel()
