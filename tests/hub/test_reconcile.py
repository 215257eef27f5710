"""What a run counted is compared with what it stored, not with what was there before."""

import json
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from griphub.hub.cli.reconcile import reconcile
from griphub.hub.cli.seed import count_session
from griphub.hub.cli.simulate import tool_name
from griphub.hub.config import Config
from griphub.hub.delivery.journal import Journal
from griphub.hub.delivery.outbox import Entry, Outbox, Taken
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.stores.sqlite import SqliteStore
from griphub.hub.truth import TruePlay, TrueSqueeze, read_truth
from griphub.simulators.child import HANDS
from griphub.simulators.history import history
from griphub.simulators.presets import PRESETS
from griphub.simulators.waveform import BALL


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


def test_a_simulator_that_was_started_again_counts_from_zero_and_is_told_apart(
    config: Config, tmp_path: Path
) -> None:
    child = next(iter(PRESETS.values()))
    home = Config(
        **(config.model_dump() | {"children": [{"id": child.child_id, "alias": "Mia"}], "tools": []})
    )
    sessions = list(islice(history(child, datetime.now(UTC).date(), seed=1), 8))
    first, second = [past for past in sessions if (past.hand, past.tool) == (HANDS[0], BALL)][:2]
    truth = [
        TruePlay(
            tool_name(BALL.kind, child.child_id),
            boot,
            str(boot),
            0,
            len(past.play.values),
            (TrueSqueeze(0.5, 1.0, 1.0),),
            None,
        )
        for boot, past in ((7, first), (8, second))
    ]
    with (
        closing(Outbox(tmp_path / "outbox.db")) as outbox,
        closing(Journal(tmp_path / "journal.db")) as journal,
        closing(SqliteStore(tmp_path / "store.db")) as store,
    ):
        counts = []
        for boot, past in ((7, first), (8, second)):
            events = count_session(home, past, child.child_id)
            store.write(events)
            ids = {event.session_id for event in events}
            taken = [Taken(one, truth[0].tool_id, boot, 0, len(past.play.values), 0.0) for one in ids]
            outbox.commit_all([Entry(events, taken=taken)])
            counts.append(sum(isinstance(event, SqueezeCounted) for event in events))
        rows = reconcile(truth, outbox, journal, store, {}).rows
    assert [row.counted_squeezes for row in rows] == counts and min(counts) > 0


def test_of_a_play_that_a_power_failure_cut_only_what_was_felt_counts(tmp_path: Path) -> None:
    def squeeze(at_s: float) -> dict[str, float]:
        return {"onset_s": at_s, "peak_s": at_s + 0.5, "offset_s": at_s + 1, "peak": at_s}

    tool = {"tool_id": "ball1", "boot_id": 7, "play": 1}
    about = {"label": "x", "first_index": 0, "samples": 1000}
    rows = [
        {"event": "play_started", **tool, **about, "squeezes": [squeeze(1), squeeze(4), squeeze(8)]},
        {"event": "fault_begins", "tool_id": "ball1", "boot_id": 7, "fault": "reboot", "at_s": 0.0},
        {"event": "play_cut", **tool, "sensed_s": 5.0},
    ]
    file = tmp_path / "truth.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows) + '{"event": "play_')
    (play,) = read_truth(file)
    assert (play.true_squeezes, play.true_peak, play.sent) == (2, 4, None)
