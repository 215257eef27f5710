"""A home with two children, of whom everything there can be is in every place."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from PIL import Image

from griphub.hub.config import Config
from griphub.hub.database.actor import Actor
from griphub.hub.database.engine import open_database
from griphub.hub.database.migrate import upgrade
from griphub.hub.delivery.journal import Journal
from griphub.hub.delivery.outbox import Entry, Outbox, Taken
from griphub.hub.people import places
from griphub.hub.people.model import Child
from griphub.hub.program import annotations, commands, visits
from griphub.hub.program.photos import keep
from griphub.hub.records.event import Event, encode
from griphub.hub.records.ids import event_id
from griphub.hub.records.said import ActivityDone, FeedbackGiven
from griphub.hub.records.session import SessionEnded, SessionStarted, SqueezeCounted, WaveformSecond
from griphub.hub.session.usual import FILE as USUAL
from griphub.hub.session.usual import UsualPeaks
from griphub.hub.stores.sqlite import SqliteStore
from griphub.hub.tools import FILE as TOOLS
from griphub.hub.tools import ToolRegistry
from griphub.hub.waveform import encode_samples

GONE, STAYS = "c-4f21", "c-4f2"  # the one id begins as the other


def session_of(child_id: str, seed: int) -> list[Event]:
    """What a hub would report of a short session of a child."""
    session_id = uuid4()
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    about = {
        "site": "home",
        "hub": "hub",
        "session_id": session_id,
        "child_id": child_id,
        "tool_id": f"ball-{child_id}"[:12],
        "tool_kind": "ball",
        "hand": "left",
        "source": "real",
        "unit": "N",
    }
    said = {name: about[name] for name in ("site", "hub", "child_id", "session_id")}

    def made(kind: type, what: str, **fields: object) -> Event:
        event: Event = kind(event_id=event_id(session_id, what), measured_at=at, **about, **fields)
        return event

    values = np.random.default_rng(seed).normal(5, 1, 100)
    squeezes = [
        made(
            SqueezeCounted, f"squeeze:{n}", number=n, onset_s=n, peak_s=n, offset_s=n, decided_s=n, peak=9.0,
            rest=0.1, impulse=1.0, ended_by="release",
        )
        for n in range(1, 6)
    ]  # fmt: skip
    return [
        made(SessionStarted, "started"),
        *squeezes,
        made(
            WaveformSecond, "waveform:0", first_index=0, start_s=0.0, samples=100,
            data=encode_samples(np.arange(100) / 100, values),
        ),
        made(
            SessionEnded, "ended", ended_at=at + timedelta(seconds=1), ended_by="idle", squeezes=5, peak=9.0,
            median_peak=9.0, first_index=0, end_index=100, received=100, lost=0,
        ),
        ActivityDone(event_id=uuid4(), measured_at=at, item_id="putty", evidence="parent", **said),
        FeedbackGiven(
            event_id=uuid4(), measured_at=at, observation=f"what was said of {child_id}", pain_after=2, **said
        ),
    ]  # fmt: skip


@dataclass
class Home:
    """A data folder and what was put into it."""

    config: Config
    file: Path
    events: dict[str, list[Event]]
    older: dict[str, list[Event]]

    def sessions(self, child_id: str) -> list[UUID]:
        return [told[child_id][0].session_id for told in (self.events, self.older)]

    def raw(self) -> bytes:
        """Every byte of every file."""
        return b"".join(
            path.read_bytes() for path in sorted(self.config.data_dir.rglob("*")) if path.is_file()
        )


MakeHome = Callable[[], Home]


@pytest.fixture
def home(tmp_path: Path, unused_tcp_port: int) -> Home:
    """Everything of two children in every place, and a configuration that names none of them any more."""
    data = tmp_path / "data"
    children = tuple({"id": child, "alias": child} for child in (GONE, STAYS))
    config = Config(data_dir=data, broker={"port": unused_tcp_port}, children=children)
    events = {child: session_of(child, seed) for seed, child in enumerate((GONE, STAYS))}

    older = {child: session_of(child, seed) for seed, child in enumerate((GONE, STAYS), 5)}

    with closing(Outbox(data / "outbox.db")) as outbox, closing(Journal(data / "journal.db")) as journal:
        for child, told in events.items():
            ids = told[0].session_id, told[0].tool_id
            taken = Taken(*ids, 1, 0, 100, 0.0)
            state = f'{{"child_id": "{child}", "session_id": "{ids[0]}"}}'
            outbox.commit_all([Entry(told, {ids[1]: state}, [taken], exercises={child: state})])
            # of an older session only the ledger is left, as after an acknowledgement
            outbox.commit_all([Entry(older[child])])
            outbox.acknowledge(event.event_id for event in older[child])
            journal.append([(event.event_id, encode(event)) for event in told])
            journal.dead_letter(
                "griphub/v1/home/hub/event/squeeze", f'{{"child_id": "{child}"'.encode(), "cut"
            )
    with closing(SqliteStore(data / "store.db")) as store:
        store.write([event for told in (*events.values(), *older.values()) for event in told])
    with closing(UsualPeaks(data / USUAL)) as usual:
        for told in events.values():
            usual.note(next(event for event in told if isinstance(event, SessionEnded)))
    with closing(ToolRegistry(data / TOOLS, config)) as tools:
        for n, child in enumerate((GONE, STAYS)):
            tools.add(
                f"tool-{n}", child=child, hand="left", driver="griphub", title="A ball", address="", at_s=1.0
            )
        tools.add("tool-2", child=STAYS, hand="left", driver="griphub", title="A ball", address="", at_s=1.0)
        tools.assign("tool-2", GONE, "left", at_s=2.0)
    photo = tmp_path / "photo.png"
    Image.new("RGB", (8, 8), "red").save(photo)
    database = open_database(config)
    upgrade(database)
    with database.work(Actor.part("tests")) as work:
        places.add_site(work, site_id="home", name="Home")
        family = places.add_family(work, site_id="home", name="Somebody")
        work.flush()
        for child in (GONE, STAYS):
            work.add(
                Child(id=child, family_id=family.id, name=f"name of {child}", goal=15, created_at=work.now)
            )
            work.flush()
            commands.add_photo(work, child, keep(config, photo), taken_on=work.now.date(), shared=False)
            visits.add(work, child, day=work.now.date(), words=f"visit of {child}")
            annotations.add(work, child, first=work.now.date(), words=f"note on {child}")
    database.close()
    (data / "run").mkdir()
    (data / "run" / "hub.log").write_text(f"session of {GONE}\nsession of {STAYS}\n")
    (data / "broker" / "jetstream").mkdir(parents=True)
    (data / "broker" / "jetstream" / "1.blk").write_bytes(encode(events[GONE][1]))
    file = tmp_path / "griphub.toml"
    file.write_text(f'data_dir = "{data}"\n[broker]\nport = {unused_tcp_port}\n')
    return Home(Config(data_dir=data, broker={"port": unused_tcp_port}), file, events, older)


@pytest.fixture
def unused_tcp_port() -> int:
    """A port that nobody listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
