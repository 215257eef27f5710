"""CPU and losses of the hub with 1, 20 and 100 tools at 100 Hz in packets of ten samples.

Aim: 100 tools in half a core with no sample lost. Compare the rows of one run.
"""

import asyncio

import psutil
from path import all_started, running
from rich.console import Console
from rich.table import Table

from griphub.hub.cli.demo import account

COUNTS = (1, 20, 100)
MEASURE_S = 20.0
PACKET_S = 0.1
PLAY_S = 75.0  # connecting takes about 0.2 s a tool, one after the other


async def measure(tools: int) -> tuple[float, float, float, int, int, int]:
    """CPU per cent of hub, ingest and broker; samples sent, received, lost."""
    async with running(tools, play_s=PLAY_S, packet_s=PACKET_S) as rig:
        await all_started(rig, tools)
        processes = [psutil.Process(rig.supervisor.pid(name)) for name in ("hub", "ingest", "broker")]
        before = [sum(p.cpu_times()[:2]) for p in processes]
        await asyncio.sleep(MEASURE_S)
        cpu = [100 * (sum(p.cpu_times()[:2]) - b) / MEASURE_S for p, b in zip(processes, before, strict=True)]
        await rig.simulator_done.wait()
        drained = await rig.drain()
        report = account(rig)
    assert drained and report.ok, "what was counted is not what was stored"
    sent = sum(row.samples_sent or 0 for row in report.rows)
    received = sum(row.samples_received for row in report.rows)
    return cpu[0], cpu[1], cpu[2], sent, received, sum(row.samples_lost for row in report.rows)


def main() -> None:
    """Print the table."""
    table = Table(title="Tools at 100 Hz: CPU in per cent of one core", box=None)
    for column in ("tools", "hub", "hub per tool", "ingest", "broker", "sent", "received", "lost"):
        table.add_column(column, justify="right")
    for tools in COUNTS:
        hub, ingest, broker, sent, received, lost = asyncio.run(measure(tools))
        cells = (
            tools,
            f"{hub:.1f}",
            f"{hub / tools:.2f}",
            f"{ingest:.1f}",
            f"{broker:.1f}",
            sent,
            received,
            lost,
        )
        table.add_row(*map(str, cells))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
