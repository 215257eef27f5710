"""Who may pair with a tool of ours, and how a lost bond is mended, by real SMP over the virtual radio."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bumble.core import AdvertisingData

from griphub.firmware_bridge.adapter import Adapter, open_adapter
from griphub.firmware_bridge.discovery import Advertisement, find_device
from griphub.firmware_bridge.errors import BondLost, PairingRefused
from griphub.firmware_bridge.link import GripClient

NAME = "ball3f2a"


async def heard(adapter: Adapter, wanted: Any) -> Advertisement:
    """The first advertisement of the tool for which something holds."""
    async with asyncio.timeout(5), adapter.scanner() as scanner:
        async for device, data in scanner.advertisement_data():
            advertisement = Advertisement.of(device, data)
            if advertisement.name == NAME and wanted(advertisement):
                return advertisement
    raise AssertionError


async def connect(adapter: Adapter) -> None:
    async with GripClient(await find_device(NAME, adapter=adapter), adapter=adapter) as grip:
        await grip.identify(1)  # needs encryption


@pytest.fixture
async def stranger(air: Any) -> AsyncIterator[Adapter]:
    async with open_adapter(air.radio) as opened:
        yield opened


async def test_a_new_tool_is_in_pairing_mode_and_a_bonded_one_only_when_its_button_was_held(
    air: Any, adapter: Adapter, stranger: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = air.tool(NAME)
    assert (await heard(adapter, lambda a: not a.held)).pairing_mode
    await connect(adapter)
    assert await heard(adapter, lambda a: not a.held and not a.pairing_mode)
    with pytest.raises(PairingRefused) as refused:
        await connect(stranger)
    assert refused.value.reason == "it is not in pairing mode"
    assert "Hold its button" in str(refused.value)

    monkeypatch.setattr("griphub.simulators.bonding.PAIRING_S", 0.3)
    tool.press_button()
    assert await heard(adapter, lambda a: a.pairing_mode)
    assert await heard(adapter, lambda a: not a.pairing_mode)  # it is over again
    with pytest.raises(PairingRefused):
        await connect(stranger)

    monkeypatch.setattr("griphub.simulators.bonding.PAIRING_S", 60.0)
    tool.press_button()
    await connect(stranger)
    assert await heard(adapter, lambda a: not a.held and not a.pairing_mode)  # one has paired: that is all
    await connect(adapter)  # and the first one still may


async def test_a_tool_that_is_taken_says_so_and_cannot_be_connected_to(
    air: Any, adapter: Adapter, stranger: Adapter
) -> None:
    tool = air.tool(NAME)
    async with GripClient(await find_device(NAME, adapter=adapter), adapter=adapter):
        advertisement = await heard(stranger, lambda a: a.held)
        assert advertisement.is_grip_tool
        controller = tool.peripheral._controller
        assert controller.le_legacy_advertiser.advertising_type != 0  # ADV_IND is what one connects to
        assert controller.le_legacy_advertiser.advertising_interval_min >= 1000
    assert not (await heard(stranger, lambda a: not a.held)).held


async def test_flags_are_those_of_the_specification(air: Any, adapter: Adapter) -> None:
    tool = air.tool(NAME)
    for bonded, flags in [(False, 0x05), (True, 0x06)]:
        tool.peripheral.bonding.bonded = bonded
        advert = tool.peripheral.present_advert()
        while advert is None:
            await asyncio.sleep(0.01)
            advert = tool.peripheral.present_advert()
        (said,) = AdvertisingData.from_bytes(advert.data()[0]).get_all(AdvertisingData.FLAGS)
        assert int(said) == flags


async def test_a_tool_that_forgot_the_hub_is_paired_again_only_on_request(air: Any, adapter: Adapter) -> None:
    tool = air.tool(NAME)
    await connect(adapter)
    await tool.peripheral.forget_bonds()
    for _ in range(2):
        with pytest.raises(BondLost):
            await connect(adapter)
    await adapter.forget(await find_device(NAME, adapter=adapter))  # somebody has agreed
    await connect(adapter)
    await connect(adapter)


async def test_a_hub_that_forgot_the_tool_needs_its_button(air: Any, adapter: Adapter) -> None:
    tool = air.tool(NAME)
    await connect(adapter)
    await adapter.forget(await find_device(NAME, adapter=adapter))
    for _ in range(2):
        with pytest.raises(PairingRefused):
            await connect(adapter)
    tool.press_button()
    await connect(adapter)
    await connect(adapter)


@asynccontextmanager
async def asking(air: Any, *answers: int) -> AsyncIterator[tuple[Adapter, list[str]]]:
    """A hub whose parent types these digits."""
    asked: list[str] = []

    async def passkey(address: str) -> int:
        asked.append(address)
        return answers[len(asked) - 1]

    async with open_adapter(air.radio, passkey=passkey) as opened:
        yield opened, asked


async def test_a_tool_with_a_passkey_pairs_with_those_who_know_it(air: Any) -> None:
    tool = air.tool(NAME, passkey=42_007)
    async with asking(air, 123_456, 42_007) as (adapter, asked):
        with pytest.raises(PairingRefused, match="digits"):
            await connect(adapter)
        await connect(adapter)
        await connect(adapter)  # bonded: nobody is asked again
        assert asked == [tool.peripheral.address] * 2


async def test_a_tool_with_a_passkey_refuses_those_who_cannot_ask_for_it(air: Any, stranger: Adapter) -> None:
    air.tool(NAME, passkey=0)
    with pytest.raises(PairingRefused):
        await connect(stranger)


async def test_a_tool_without_a_passkey_pairs_without_asking(air: Any) -> None:
    air.tool(NAME)
    async with asking(air) as (adapter, asked):
        await connect(adapter)
        assert asked == []
