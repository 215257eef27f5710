"""Every capture in this folder still says what it said; to add one, put the file here."""

import asyncio
from pathlib import Path

import pytest

from griphub.firmware_bridge.capture import read_capture
from griphub.firmware_bridge.drivers.registry import DRIVERS
from griphub.firmware_bridge.playback import play_back
from griphub.hub.cli.capture import replay

FILES = sorted(Path(__file__).parent.glob("*.jsonl"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_same_bytes_give_the_same_samples(file: Path) -> None:
    capture = read_capture(file)
    assert play_back(capture).summary() == capture.summary


async def test_over_the_virtual_radio_they_give_the_same_again() -> None:
    async def same(file: Path) -> str | None:
        replayed = await replay(file, 1.0)
        return None if replayed.same else f"{file.stem}: {replayed.then} became {replayed.now}"

    assert [said for said in await asyncio.gather(*map(same, FILES)) if said] == []


def test_there_is_one_of_every_tool() -> None:
    assert {read_capture(file).driver for file in FILES} == {"griphub", *(driver.name for driver in DRIVERS)}
