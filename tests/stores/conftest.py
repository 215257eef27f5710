"""Stores to try, and sessions to put into them."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import numpy as np
import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient

from griphub.hub.config import InfluxConfig
from griphub.hub.records.event import Event
from griphub.hub.records.ids import event_id, status_id
from griphub.hub.records.said import ActivityDone, FeedbackGiven
from griphub.hub.records.session import (
    Drift,
    SessionEnded,
    SessionQuality,
    SessionStarted,
    SqueezeCounted,
    WaveformSecond,
)
from griphub.hub.records.strength import Outcome, StrengthTested, TestTrial
from griphub.hub.records.tool import ToolSeen
from griphub.hub.stores.contract import Store
from griphub.hub.stores.influx import InfluxStore
from griphub.hub.stores.influx_rows import InfluxRows
from griphub.hub.stores.influx_server import InfluxServer
from griphub.hub.stores.models import SessionPoint
from griphub.hub.stores.sqlite import SqliteStore
from griphub.hub.waveform import encode_samples

from .fake_influx import FakeServer

SERVER = os.environ.get("GRIPHUB_TEST_INFLUXDB")
FS_HZ = 100


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not SERVER:
        terminalreporter.write_line(
            "stores: InfluxDB's Flux was not tried, only what is made of its rows; point "
            "GRIPHUB_TEST_INFLUXDB, …_TOKEN and …_ORG at a server (docs/influxdb.md)."
        )


@pytest.fixture
def influx_config() -> Iterator[InfluxConfig]:
    """Two fresh buckets on the real server, gone afterwards."""
    assert SERVER
    name = f"test_{uuid4().hex}"
    config = InfluxConfig(
        url=SERVER,
        org=os.environ["GRIPHUB_TEST_INFLUXDB_ORG"],
        token=os.environ["GRIPHUB_TEST_INFLUXDB_TOKEN"],
        bucket=name,
        waveform_bucket=f"{name}_waveforms",
    )
    with InfluxDBClient(config.url, config.token.get_secret_value(), org=config.org) as client:
        buckets = client.buckets_api()
        yield config
        for bucket in (config.bucket, config.waveform_bucket):
            if found := buckets.find_bucket_by_name(bucket):
                buckets.delete_bucket(found)


@pytest.fixture(
    params=[
        "sqlite",
        "influxdb in memory",
        *([pytest.param("influxdb", marks=pytest.mark.influxdb)] if SERVER else []),
    ],
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind there is to try."""
    opened: Store
    if request.param == "sqlite":
        opened = SqliteStore(tmp_path / "store.db")
    elif request.param == "influxdb in memory":
        opened = kept = InfluxStore(InfluxConfig())
        kept._server = cast("InfluxServer", FakeServer())
        kept._rows = InfluxRows(kept._server)
    else:
        config: InfluxConfig = request.getfixturevalue("influx_config")
        opened = server = InfluxStore(config)
        server._server.make_buckets()  # as a first write would: some tests read before
    yield opened
    opened.close()


@dataclass
class Made:
    """A session as the hub would report it, and what the store should say of it."""

    started: SessionStarted
    squeezes: list[SqueezeCounted]
    waveform: list[WaveformSecond]
    ended: SessionEnded
    point: SessionPoint
    t_s: np.ndarray
    values: np.ndarray

    @property
    def id(self) -> UUID:
        return self.started.session_id

    @property
    def events(self) -> list[Event]:
        return [self.started, *self.squeezes, *self.waveform, self.ended]


QUALITY = SessionQuality(
    rate_hz=99.97,
    lost_percent=33.3,
    saturated_percent=0.0,
    tare_level=0.11,
    tare_noise=0.02,
    drift=Drift(moved=-0.25, percent=2.4, too_far=True),
    doubtful={"weak": 3},
    usual_peak=10.25,
)


def _strength_test(child_id: str = "c-1", *, days_ago: float = 1, **more: Any) -> StrengthTested:
    """A strength test as the hub would report it."""
    session_id = uuid4()
    trials = tuple(
        TestTrial(
            session_id=session_id,
            begin_s=n * 20.0,
            end_s=n * 20.0 + 5,
            practice=n == 0,
            peak=100.0 + n,
            peak_sd=0.2,
            raw_peak=101.5 + n,
            rise_s=0.8,
            held_s=2.9,
            faults=("short_hold",) if n == 2 else (),
        )
        for n in range(4)
    )
    return StrengthTested(
        **{
            "event_id": event_id(session_id, "strength_test"),
            "measured_at": datetime.now(UTC).replace(microsecond=123) - timedelta(days=days_ago),
            "site": "home",
            "hub": "hub",
            "session_id": session_id,
            "child_id": child_id,
            "tool_id": "dyno-01",
            "tool_kind": "dynamometer",
            "hand": "right",
            "source": "real",
            "unit": "N",
            "protocol": "ASHT 2015",
            "outcome": Outcome(score=102.1, score_sd=0.7, rule="mean", cv_percent=1.2, left_out=1),
            "trials": trials,
            "tare_noise": 0.05,
            "firmware": "1.2",
            "calibration_id": "cal-1",
        }
        | more
    )


MakeSession = Callable[..., Made]


@pytest.fixture
def make_session() -> MakeSession:
    """Build a session; seconds 2 and 3 of its waveform were lost, and some readings are missing."""

    def make(
        *,
        started_at: datetime | None = None,
        squeezes: int = 3,
        seconds: int = 6,
        doubtful: tuple[str, ...] = ("weak",),
        ended_by: str = "idle",
        circumstances: dict[str, Any] | None = None,
        quality: SessionQuality | None = QUALITY,
        **about: Any,
    ) -> Made:
        session_id = uuid4()
        at = started_at or datetime.now(UTC) - timedelta(days=2)
        common = {
            "site": "home",
            "hub": "hub",
            "child_id": f"c-{session_id.hex[:12]}",
            "tool_id": "ball-01",
            "tool_kind": "ball",
            "hand": "left",
            "source": "simulated",
            "unit": "kPa",
            "session_id": session_id,
        } | about

        def event(kind: type, what: str, after_s: float, **fields: Any) -> Any:
            measured_at = at + timedelta(seconds=after_s)
            return kind(event_id=event_id(session_id, what), measured_at=measured_at, **common, **fields)

        rng = np.random.default_rng(seed=len(ended_by))
        waveform, t_s, values = [], [], []
        for second in (s for s in range(seconds) if s not in (2, 3)):
            t = np.arange(FS_HZ) / FS_HZ
            v = np.round(rng.normal(5, 2, FS_HZ), 3)
            v[rng.random(FS_HZ) < 0.05] = np.nan
            waveform.append(
                event(
                    WaveformSecond,
                    f"waveform:{second * FS_HZ}",
                    second,
                    first_index=1_000 + second * FS_HZ,
                    start_s=float(second),
                    samples=FS_HZ,
                    data=encode_samples(t, v),
                )
            )
            t_s.append(second + t)
            values.append(v)
        counted = [
            event(
                SqueezeCounted,
                f"squeeze:{number}",
                number * 1.3,
                number=number,
                onset_s=number * 1.3,
                peak_s=number * 1.3 + 0.2,
                offset_s=number * 1.3 + 0.6,
                decided_s=number * 1.3 + 0.9,
                peak=10 + number / 7,
                rest=0.1,
                impulse=3.0,
                ended_by="release",
                doubtful=doubtful,
                **({} if number == 2 else {"peak_sd": 0.25, "rise_s": 0.2, "release_s": 0.4}),
                **({"rfd": 41.5} if number == 1 else {"no_rfd": "too few samples"}),
            )
            for number in range(1, squeezes + 1)
        ]
        result = {
            "ended_by": ended_by,
            "goal": 15,
            "squeezes": squeezes,
            "doubtful": squeezes,
            "peak": 10 + squeezes / 7 if squeezes else None,
            "median_peak": 10.5 if squeezes else None,
            "first_index": 1_000,
            "end_index": 1_000 + seconds * FS_HZ,
            "received": len(waveform) * FS_HZ,
            "lost": 2 * FS_HZ,
            "quality": quality,
        }
        ended_at = at + timedelta(seconds=seconds)
        circumstances = circumstances or {}
        started = event(SessionStarted, "started", 0, goal=15, **circumstances)
        read = ("session_id", "child_id", "tool_id", "tool_kind", "hand", "source", "unit")
        return Made(
            started=started,
            squeezes=counted,
            waveform=waveform,
            ended=event(SessionEnded, "ended", 0, ended_at=ended_at, **result, **circumstances),
            point=SessionPoint(
                **{name: getattr(started, name) for name in read},
                started_at=at.astimezone(UTC),
                ended_at=ended_at.astimezone(UTC),
                **result,
                **circumstances,
            ),
            t_s=np.concatenate([np.empty(0), *t_s]),
            values=np.concatenate([np.empty(0), *values]),
        )

    return make


@pytest.fixture
def make_strength_test() -> Callable[..., StrengthTested]:
    """Make a strength test as the hub would report it."""
    return _strength_test


def _said(child_id: str, days_ago: float) -> dict[str, Any]:
    return {
        "event_id": uuid4(),
        "measured_at": datetime.now(UTC) - timedelta(days=days_ago),
        "site": "home",
        "hub": "hub",
        "child_id": child_id,
    }


@pytest.fixture
def make_activity() -> Callable[..., ActivityDone]:
    """Make an item that was ticked."""

    def make(child_id: str = "c-1", *, days_ago: float = 1, **more: Any) -> ActivityDone:
        about = {"item_id": "putty", "evidence": "parent", "hand": "left", "minutes": 10, "minutes_asked": 15}
        about |= {"sets": 2, "sets_asked": 3, "reps": 18, "reps_asked": 30, "helped_by": "sibling"}
        return ActivityDone(**_said(child_id, days_ago) | about | more)

    return make


@pytest.fixture
def make_feedback() -> Callable[..., FeedbackGiven]:
    """Make what was said of a session."""

    def make(child_id: str = "c-1", *, days_ago: float = 1, **more: Any) -> FeedbackGiven:
        about = {"said_by": "parent", "pain_before": 0, "pain_after": 4, "effort": 7, "enjoyment": 8}
        about |= {"participation": 9, "confidence": 6, "observation": "Laughed, and changed hands."}
        return FeedbackGiven(**_said(child_id, days_ago) | about | more)

    return make


@pytest.fixture
def make_status() -> Callable[..., ToolSeen]:
    """Make what a hub tells of a tool."""

    def make(
        tool_id: str = "ball-01", *, at: datetime | None = None, hub: str = "hub", **more: Any
    ) -> ToolSeen:
        at = at or datetime.now(UTC)
        about = {"event_id": status_id(hub, tool_id, at), "measured_at": at, "site": "home", "hub": hub}
        about |= {"tool_id": tool_id, "tool_kind": "ball", "link": "streaming", "seen_at": at}
        about |= {"battery_percent": 87, "rssi_dbm": -61, "firmware": "1.4.0", "rate_hz": 100}
        return ToolSeen(**about | more)

    return make
