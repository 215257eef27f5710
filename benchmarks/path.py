"""The whole path with many balls, for the benchmarks: every process as in a home."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import many_tools

from griphub.hub import config as configuration
from griphub.hub.cli.rig import Rig, free_port
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.simulation import TRUTH

CONNECT_S = 60.0


@asynccontextmanager
async def running(
    tools: int, *, play_s: float, packet_s: float = 0.05, dashboard: bool = False
) -> AsyncIterator[Rig]:
    """Start everything; the balls begin to play as the hub connects."""
    with tempfile.TemporaryDirectory(prefix="griphub-bench-") as name:
        folder = Path(name)
        lines = ['site = "bench"', f'data_dir = "{folder}"', f'radio = "unix:{folder / "radio"}"']
        lines += ["[broker]", f"port = {free_port()}", "[dashboard]", f"port = {free_port()}"]
        for n in range(tools):
            lines += ["[[children]]", f'id = "{many_tools.child(n)}"', f'alias = "{n}"']
            lines += [
                "[[tools]]",
                f'id = "{many_tools.name(n)}"',
                f'child = "{many_tools.child(n)}"',
                'hand = "right"',
            ]
        file = folder / "griphub.toml"
        file.write_text("\n".join(lines))
        async with Rig(configuration.load(file), file, counted=_ignore) as rig:
            await rig.start_broker()
            await rig.start_ingest()
            if dashboard:
                await rig.start_dashboard()
            script, data = str(Path(many_tools.__file__)), rig.config.data_dir
            places = [rig.config.radios[0], str(data / TRUTH), str(data / "tools")]
            await rig.start_radio(
                [sys.executable, script, str(tools), "1", str(play_s), str(packet_s), *places]
            )
            await rig.start_hub()
            yield rig


async def all_started(rig: Rig, tools: int) -> None:
    """Wait until every ball is streaming."""
    truth = rig.config.data_dir / TRUTH
    async with asyncio.timeout(CONNECT_S):
        while not truth.exists() or truth.read_text().count("play_started") < tools:
            await asyncio.sleep(0.1)


def _ignore(_: SqueezeCounted) -> None:
    """The benchmarks look at the store, not at the terminal."""
