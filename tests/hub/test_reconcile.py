"""What a run counted is compared with what it stored, not with what was there before."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from griphub.hub.cli.reconcile import reconcile
from griphub.hub.cli.seed import count_session
from griphub.hub.config import Config
from griphub.hub.delivery.journal import Journal
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.records import SqueezeCounted
from griphub.hub.stores.sqlite import SqliteStore
from griphub.simulators.child import PRESETS
from griphub.simulators.history import history


def test_a_history_in_the_same_folder_is_not_this_runs(config: Config, tmp_path: Path) -> None:
    child = next(iter(PRESETS.values()))
    home = Config(
        **(config.model_dump() | {"children": [{"id": child.child_id, "alias": "Mia"}], "tools": []})
    )
    now = datetime.now(UTC)
    past = next(iter(history(child, now.date(), seed=1)))
    events = count_session(home, past, child.child_id)
    squeezes = sum(isinstance(event, SqueezeCounted) for event in events)
    with (
        closing(Outbox(tmp_path / "outbox.db")) as outbox,
        closing(Journal(tmp_path / "journal.db")) as journal,
        closing(SqliteStore(tmp_path / "store.db")) as store,
    ):
        store.write(events)
        everything = reconcile([], outbox, journal, store, {})
        assert everything.invented == squeezes > 0 and not everything.ok
        this_run = reconcile([], outbox, journal, store, {}, now)
        assert this_run.invented == this_run.missing == 0 and this_run.ok
