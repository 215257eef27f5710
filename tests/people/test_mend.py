"""`griphub session`: the wrong ball was taken, a knock was counted; mended in one step, the original kept."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from typer.testing import CliRunner

from griphub.hub.cli.main import app
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.errors import FieldError, NotFound
from griphub.hub.records.event import decode
from griphub.hub.records.ids import event_id
from griphub.hub.records.said import ActivityDone, FeedbackGiven
from griphub.hub.records.session import SessionEnded, SessionStarted, SqueezeCounted, WaveformSecond
from griphub.hub.records.vocabulary import Evidence
from griphub.hub.stores.sqlite import SqliteStore
from griphub.hub.waveform import encode_samples

SESSION = UUID("12345678-0000-4000-8000-000000000001")
RULE = ("--reason", "took the wrong ball")


class Home:
    """A home with Mia and Leo, and a session of three squeezes that was taken for Mia's left hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.at = datetime.now(UTC) - timedelta(hours=2)
        about = {
            **{"site": "home", "hub": "hub", "child_id": "c-mia", "tool_id": "ball01", "tool_kind": "ball"},
            **{"hand": "left", "source": "simulated", "unit": "N", "session_id": SESSION},
        }

        def event(kind: type, what: str, after_s: float = 0, **fields: Any) -> Any:
            at = self.at + timedelta(seconds=after_s)
            return kind(event_id=event_id(SESSION, what), measured_at=at, **about, **fields)

        t = np.arange(100) / 100
        hump = 20 * np.clip(np.sin(np.pi * (t - 0.2) / 0.6), 0, None) * ((t > 0.2) & (t < 0.8)) + 1.0
        self.told = [
            event(SessionStarted, "started", goal=15),
            *(
                event(
                    SqueezeCounted,
                    f"squeeze:{n}",
                    n,
                    **{"number": n, "onset_s": n + 0.2, "peak_s": n + 0.5, "offset_s": n + 0.8},
                    **{"decided_s": n + 0.9, "peak": 10.0 + n, "rest": 1.0, "impulse": 5.0},
                    ended_by="release",
                )
                for n in (1, 2, 3)
            ),
            *(
                event(
                    WaveformSecond,
                    f"waveform:{s}",
                    s,
                    **{"first_index": s * 100, "start_s": float(s), "samples": 100},
                    data=encode_samples(t, hump),
                )
                for s in range(5)
            ),
            event(
                SessionEnded,
                "ended",
                **{"ended_at": self.at + timedelta(seconds=5), "ended_by": "idle", "goal": 15, "squeezes": 3},
                **{"peak": 13.0, "median_peak": 12.0, "first_index": 0, "end_index": 500},
                **{"received": 500, "lost": 0},
            ),
        ]
        said = {"site": "home", "hub": "hub", "child_id": "c-mia", "measured_at": self.at}
        self.done = ActivityDone(
            event_id=UUID(int=1),
            item_id="squeeze",
            evidence=Evidence.SENSOR,
            hand="left",
            reps=3,
            sessions=(SESSION,),
            **said,
        )
        self.felt = FeedbackGiven(event_id=UUID(int=2), session_id=SESSION, pain_after=2, **said)
        self.write([*self.told, self.done, self.felt])

    def write(self, events: list[Any]) -> None:
        store = SqliteStore(self.folder / "store.db")
        store.write(events)
        store.close()

    def store(self) -> SqliteStore:
        return SqliteStore(self.folder / "store.db", read_only=True)

    def deliver(self) -> list[Any]:
        """What the hub would send reaches the store."""
        outbox = Outbox(self.folder / "outbox.db")
        events = [decode(one.payload) for one in outbox.waiting(0, 100)]
        outbox.acknowledge([one.event_id for one in events])
        outbox.close()
        self.write(events)
        return events


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    config = tmp_path / "griphub.toml"
    children = "".join(f'[[children]]\nid = "c-{n.lower()}"\nalias = "{n}"\n' for n in ("Mia", "Leo"))
    config.write_text(f'data_dir = "{tmp_path / "data"}"\n{children}')
    monkeypatch.setenv("GRIPHUB_CONFIG", str(config))
    (tmp_path / "data").mkdir()
    return Home(tmp_path / "data")


@pytest.fixture
def run(home: Home) -> Callable[..., Any]:
    """Run a command of `griphub session`; its JSON, or the error that it ended with."""

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(app, ("session", *arguments, "--json"))
        return json.loads(done.stdout) if done.exit_code == 0 else done.exception

    return run


def test_a_session_goes_to_the_right_child_with_all_that_was_said_of_it(home: Home, run: Any) -> None:
    run("reassign", "1234", "--child", "Leo", "--hand", "right", *RULE)
    assert len(home.deliver()) == 5
    store = home.store()
    assert store.trend("c-mia") == [] == store.activities("c-mia") == store.feedback("c-mia")
    (point,) = store.trend("c-leo")
    assert (point.hand, point.recorded and point.recorded.child_id) == ("right", "c-mia")
    (done,) = store.activities("c-leo")
    assert (done.hand, done.reps, done.measured_at) == ("right", 3, home.done.measured_at)
    assert [said.pain_after for said in store.feedback("c-leo")] == [2]
    store.close()
    shown = run("show", "1234")
    assert (shown["child"], shown["recorded"]["child"], shown["recorded"]["hand"]) == (
        "c-leo",
        "c-mia",
        "left",
    )
    (correction,) = shown["corrections"]
    assert (correction["by"], correction["reason"]) == ("parent", "took the wrong ball")
    assert [row["corrected"] for row in run("list", "Leo")] == [True]
    assert run("list", "Mia") == []


def test_given_back_it_is_as_it_was(home: Home, run: Any) -> None:
    before = home.store().trend("c-mia")
    run("reassign", str(SESSION), "--child", "Leo", *RULE)
    home.deliver()
    run("reassign", str(SESSION), "--child", "Mia", "--reason", "it was hers after all")
    home.deliver()
    store = home.store()
    (point,) = store.trend("c-mia")
    assert [(p.child_id, p.hand, p.squeezes, p.peak) for p in before] == [
        (point.child_id, point.hand, point.squeezes, point.peak)
    ]
    assert len(store.activities("c-mia")) == 1 and store.activities("c-leo") == []
    store.close()


def test_a_count_is_corrected_and_what_was_counted_stays(home: Home, run: Any) -> None:
    run("correct", "1234", "--remove", "1", "--doubt", "2", "--add", "4-4.99", "--by", "therapist", *RULE)
    home.deliver()
    store = home.store()
    (point,) = store.trend("c-mia")
    detail = store.session(SESSION)
    store.close()
    assert detail and (point.squeezes, point.doubtful) == (3, 1)
    assert point.recorded and point.recorded.squeezes == 3
    assert [s.number for s in detail.set_aside] == [1]
    added = detail.squeezes[-1]
    assert added.peak == pytest.approx(20, rel=0.01) and added.rest == pytest.approx(1)
    assert added.peak_s == pytest.approx(4.5, abs=0.02)
    assert added.impulse == pytest.approx(20 * 0.6 * 2 / np.pi, rel=0.02)
    run("correct", "1234", "--restore", "1", "--remove", str(added.number), *RULE)
    home.deliver()
    assert [row["number"] for row in run("show", "1234")["squeezes"] if row["set_aside"]] == [added.number]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (("reassign", "1234", "--child", "Nobody", *RULE), FieldError, "griphub child add"),
        (("reassign", "1234", *RULE), FieldError, "--child"),
        (("reassign", "1234", "--child", "Mia", "--hand", "left", *RULE), FieldError, "already"),
        (("reassign", "1234", "--child", "Leo", "--reason", " "), FieldError, "Say in a sentence"),
        (("reassign", "ffff", "--child", "Leo", *RULE), NotFound, "no session ffff"),
        (("correct", "1234", *RULE), FieldError, "--remove"),
        (("correct", "1234", "--remove", "1", "--remove", "9", *RULE), NotFound, "no squeeze 9"),
        (("correct", "1234", "--add", "9-10", *RULE), FieldError, "nothing was measured"),
        (("correct", "1234", "--add", "0.0-0.15", *RULE), FieldError, "no squeeze"),
        (("correct", "1234", "--add", "soon", *RULE), FieldError, "12.5-14"),
    ],
)
def test_what_cannot_be_is_said_and_leaves_nothing(
    home: Home, run: Any, arguments: tuple[str, ...], kind: type, words: str
) -> None:
    refused = run(*arguments)
    assert isinstance(refused, kind) and words in str(refused)
    assert home.deliver() == []
