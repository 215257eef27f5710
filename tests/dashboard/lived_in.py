"""A home that is lived in: three children with programs, and months of what they did, said and were told."""

from datetime import UTC, datetime
from pathlib import Path

from griphub.hub import config as configuration
from griphub.hub.cli import demo, demo_answers, demo_program
from griphub.hub.cli.seed import seed_history
from griphub.hub.config import Config
from griphub.hub.delivery.journal import Journal
from griphub.hub.records.event import decode
from griphub.hub.stores.sqlite import SqliteStore
from griphub.simulators.presets import PRESETS

SEED = 11


def furnish(folder: Path, port: int) -> Config:
    """Make the demo's home in `folder`, as it stands after eight weeks, without starting anything."""
    config = configuration.load(demo.write_config(folder, demo.demo_tools(), port=port))
    today = datetime.now(UTC).date()
    demo_program.prescribe(config, demo.hands_of_tools(), today)
    demo_answers.note(config, today)
    journal = Journal(config.data_dir / "journal.db")
    store = SqliteStore(config.data_dir / "store.db")
    try:
        for child in PRESETS.values():
            for _ in seed_history(config, journal, child, today, SEED):
                pass
        demo_program.tick(config, journal, today, SEED)
        demo_answers.test(config, journal, today, SEED)
        store.write([decode(payload) for _, payload in journal.read(0, 1_000_000)])
    finally:
        journal.close()
        store.close()
    return config
