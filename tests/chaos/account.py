"""What was committed, what arrived, and what truly happened, side by side; and what each fault has cost."""

import json
import shutil
import sqlite3
import tempfile
import time
import urllib.parse
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from home import Homes
from plan import HUBS

from griphub.hub.records.event import Event, decode
from griphub.hub.records.ids import event_id
from griphub.hub.records.session import SessionEnded, SessionStarted, SqueezeCounted, WaveformSecond
from griphub.simulators.flash import FlashLog

#: An event counts for the faults that were under way between its commit and this long after.
AFTERMATH_S = 5.0
#: A time that is wrong by more was not measured: the worst estimate in the first minute on a busy radio.
WRONG_S = 1.5
#: Squeezes of one tool whose onsets are nearer than this are one squeeze, told twice.
SAME_S = 0.1


class Watch:
    """Notes when each event was committed at a hub, and when its store had it."""

    def __init__(self, homes: Homes) -> None:
        self.committed: dict[bytes, float] = {}
        self.stored: dict[bytes, float] = {}
        self._ledgers = {homes.machines[hub].disk / "outbox.db": 0 for hub in HUBS}
        self._journal = homes.machines["server"].disk / "journal.db"
        self._seen = 0
        self._waiting: list[tuple[int, bytes]] = []

    def look(self) -> None:
        """Look once; what cannot be read at present is read the next time."""
        for path, after in self._ledgers.items():
            query = "SELECT number, event_id FROM ledger WHERE number > ? ORDER BY number"
            for number, name in rows(path, query, after):
                self.committed[name] = time.time()
                self._ledgers[path] = number
        query = "SELECT seq, event_id FROM event WHERE seq > ? ORDER BY seq"
        new = rows(self._journal, query, self._seen)
        if new:
            self._seen = new[-1][0]
            self._waiting += new
        cursor = max((seq for (seq,) in rows(self._journal, "SELECT seq FROM cursor")), default=0)
        now_s = time.time()
        for seq, name in self._waiting:
            if seq <= cursor:
                self.stored[name] = now_s
        self._waiting = [(seq, name) for seq, name in self._waiting if seq > cursor]


def rows(path: Path, query: str, *parameters: object) -> list[tuple]:
    """Read from a file that others write; nothing where it is not there, locked or on a full disk."""
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0.5)) as db:
            return db.execute(query, parameters).fetchall()
    except sqlite3.Error:
        return []


@dataclass(slots=True)
class Cost:
    """What one kind of fault has cost."""

    injected: int = 0
    sent: int = 0
    lost: int = 0
    duplicated: int = 0
    invented: int = 0
    late_s: float = 0.0


@dataclass(slots=True)
class Report:
    """The account of a run; everything from `lost` to `open_sessions` should be zero."""

    seed: int
    seconds: float
    costs: dict[str, Cost]
    events: int = 0
    squeezes: int = 0
    true_squeezes: int = 0
    samples: int = 0
    waveform_seconds: int = 0
    sessions: int = 0
    handed_over: int = 0
    restarts: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    duplicated: int = 0
    invented: int = 0
    told_and_lost: int = 0
    told_twice: int = 0
    missing_samples: int = 0
    repeated_samples: int = 0
    from_the_future: int = 0
    wrong_times: int = 0
    worst_time_s: float = 0.0
    open_sessions: int = 0
    undelivered: int = 0
    dead_letters: int = 0
    wrong_clock_sessions: int = 0
    in_the_tools: int = 0
    notes: list[str] = field(default_factory=list)

    ZERO = (
        "lost",
        "duplicated",
        "invented",
        "told_and_lost",
        "told_twice",
        "missing_samples",
        "repeated_samples",
        "from_the_future",
        "wrong_times",
        "open_sessions",
        "undelivered",
        "dead_letters",
    )

    @property
    def ok(self) -> bool:
        """Whether nothing was lost and nothing invented."""
        return not any(getattr(self, name) for name in self.ZERO)

    def as_json(self) -> str:
        """All of it for a script."""
        return json.dumps(asdict(self) | {"zero": self.ZERO, "ok": self.ok})


@dataclass(slots=True)
class TruePlay:
    """One play as the simulator has it."""

    tool_id: str
    boot_id: int
    first_index: int
    samples: int
    at_s: float
    rate_hz: float
    squeezes: int


def account(homes: Homes, watch: Watch, report: Report) -> None:
    """Fill in the report of a run that has ended."""
    committed: dict[UUID, Event] = {}
    lives: dict[UUID, int] = {}
    for hub in HUBS:
        path = homes.machines[hub].disk / "outbox.db"
        for _, payload in rows(path, "SELECT number, payload FROM ledger"):
            event = decode(payload)
            committed[event.event_id] = event
        lives |= {UUID(bytes=s): boot for s, boot in rows(path, "SELECT session_id, boot_id FROM taken")}
        report.undelivered += len(rows(path, "SELECT seq FROM outbox"))
        report.open_sessions += len(rows(path, "SELECT tool_id FROM open_session"))
    server = homes.machines["server"].disk
    report.dead_letters = len(rows(server / "journal.db", "SELECT number FROM dead_letter"))
    if homes.store_url:
        stored, strange = _in_victoria(homes.store_url, committed.values())
        report.notes += [f"{name} of {tool} was never committed" for name, tool, *_ in strange]
    else:
        stored, strange = _in_store(server / "store.db"), set()
    told = Counter(squeeze.event_id for hub in HUBS for squeeze in homes.printed[hub])
    needed = {
        event.event_id
        for event in committed.values()
        if isinstance(event, SqueezeCounted | WaveformSecond | SessionEnded)
    }
    lost = needed - stored
    invented = stored - set(committed)
    report.told_and_lost = len(set(told) - stored)
    report.told_twice = sum(n - 1 for n in told.values())
    report.events = len(committed)
    events = [committed[event_id] for event_id in stored & set(committed)]
    ended = {e.session_id: e for e in committed.values() if isinstance(e, SessionEnded)}
    started = {e.session_id: e for e in committed.values() if isinstance(e, SessionStarted)}
    report.open_sessions += len(set(started) - set(ended))
    report.sessions, report.handed_over = len(started), sum(e.stored for e in started.values())
    plays = _truth(homes.folder / "truth.jsonl")
    report.true_squeezes = sum(play.squeezes for play in plays)
    duplicates = _samples(report, events, lives, plays, _in_the_tools(homes.folder / "tools"))
    duplicates |= _squeezes(report, events, ended)
    report.lost, report.invented, report.duplicated = len(lost), len(invented) + len(strange), len(duplicates)
    _times(report, homes, events, ended, lives, plays)
    _costs(report, homes, watch, lost, invented, duplicates)
    for machine in homes.machines.values():
        report.restarts |= {f"{machine.name} {name}": n for name, n in machine.supervisor.restarts.items()}


def _in_store(path: Path) -> set[UUID]:
    """Event ids in the embedded store; a session's end has none there, but the row tells its session."""
    found = {
        UUID(name)
        for table in ("squeeze", "waveform")
        for (name,) in rows(path, f"SELECT event_id FROM {table}")
    }
    for session, over in rows(path, "SELECT session_id, ended_at FROM session"):
        found.add(event_id(UUID(session), "started"))
        if over is not None:
            found.add(event_id(UUID(session), "ended"))
    return found


#: What tells a point of each kind from all others of its tool and moment.
_TELLING = {
    SqueezeCounted: ("squeeze_number", "number"),
    WaveformSecond: ("waveform_first_index", "first_index"),
    SessionEnded: ("session_received", "received"),
}
Telling = tuple[str, str, int, float]  #: series, tool, Unix time in ms, value


def _in_victoria(url: str, committed: Iterable[Event]) -> tuple[set[UUID], set[Telling]]:
    """Which events are there, and which points belong to none."""
    urllib.request.urlopen(f"{url}/internal/force_flush").close()
    names = "|".join(name for name, _ in _TELLING.values())
    query = urllib.parse.urlencode({"match[]": f'{{__name__=~"{names}"}}'})
    points: set[Telling] = set()
    with urllib.request.urlopen(f"{url}/api/v1/export?{query}") as answer:
        for line in answer:
            row = json.loads(line)
            series, tool = row["metric"]["__name__"], row["metric"]["tool"]
            points |= {
                (series, tool, at, value) for at, value in zip(row["timestamps"], row["values"], strict=True)
            }
    there: set[UUID] = set()
    known: set[Telling] = set()
    for event in committed:
        if (telling := _TELLING.get(type(event))) is None:
            there.add(event.event_id)  # they have no point of their own
            continue
        series, field = telling
        at_ms = int(event.measured_at.timestamp() * 1e3)
        made = {(series, event.tool_id, at_ms + d, float(getattr(event, field))) for d in (-1, 0, 1)}
        if made & points:
            there.add(event.event_id)
        known |= made
    return there, points - known


def _truth(path: Path) -> list[TruePlay]:
    plays = []
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        if entry["event"] == "play_started":
            keys = ("tool_id", "boot_id", "first_index", "samples", "at_s", "rate_hz")
            plays.append(TruePlay(**{key: entry[key] for key in keys}, squeezes=len(entry["squeezes"])))
    return plays


def _in_the_tools(folder: Path) -> dict[tuple[str, int], set[int]]:
    """Samples that wait in the tools' flash for the next contact, by tool and life."""
    kept: dict[tuple[str, int], set[int]] = defaultdict(set)
    with tempfile.TemporaryDirectory() as copies:
        for file in folder.glob("*.flash"):
            log = FlashLog(Path(shutil.copy(file, copies)))  # reading it tidies it up
            for session in log.sessions:
                kept[file.stem, session.boot_id] |= set(range(session.first_index, session.end_index))
            log.power_off()
    return kept


def _samples(
    report: Report,
    events: Iterable[Event],
    lives: dict[UUID, int],
    plays: list[TruePlay],
    kept: dict[tuple[str, int], set[int]],
) -> set[UUID]:
    """Every sample that was sensed, once; says which seconds came twice."""
    pieces: dict[tuple[str, int], list[WaveformSecond]] = defaultdict(list)
    for event in events:
        if isinstance(event, WaveformSecond):
            report.waveform_seconds += 1
            pieces[event.tool_id, lives[event.session_id]].append(event)
    twice: set[UUID] = set()
    here: dict[tuple[str, int], set[int]] = {}
    for life, seconds in pieces.items():
        seen: set[int] = set()
        for second in seconds:
            own = set(range(second.first_index, second.first_index + second.samples))
            if again := own & seen:
                report.repeated_samples += len(again)
                twice.add(second.event_id)
            seen |= own
        here[life] = seen
    for play in plays:
        report.samples += play.samples
        sensed = set(range(play.first_index, play.first_index + play.samples))
        missing = sensed - here.get((play.tool_id, play.boot_id), set())
        in_the_tool = missing & kept.get((play.tool_id, play.boot_id), set())
        report.in_the_tools += len(in_the_tool)
        if missing := missing - in_the_tool:
            report.missing_samples += len(missing)
            report.notes.append(f"{play.tool_id}: {len(missing)} samples from {min(missing)} are nowhere")
    return twice


def _squeezes(report: Report, events: Iterable[Event], ended: dict[UUID, SessionEnded]) -> set[UUID]:
    """Which squeezes are there twice, under two names."""
    by_tool: dict[str, list[SqueezeCounted]] = defaultdict(list)
    for event in events:
        if isinstance(event, SqueezeCounted):
            report.squeezes += 1
            by_tool[event.tool_id].append(event)
    twice: set[UUID] = set()
    for squeezes in by_tool.values():
        by_session: dict[UUID, list[SqueezeCounted]] = defaultdict(list)
        for squeeze in squeezes:
            by_session[squeeze.session_id].append(squeeze)
        for session, mine in by_session.items():
            mine.sort(key=lambda s: s.onset_s)
            for before, after in pairwise(mine):
                if after.onset_s < before.offset_s - SAME_S or after.onset_s - before.onset_s < SAME_S:
                    twice.add(after.event_id)
                    report.notes.append(f"{after.tool_id}: twice at {after.onset_s:.2f} s of {session}")
            if (end := ended.get(session)) and end.squeezes != len(mine):
                report.notes.append(f"{end.tool_id}: the end tells of {end.squeezes}, {len(mine)} are there")
    return twice


def _times(
    report: Report,
    homes: Homes,
    events: Iterable[Event],
    ended: dict[UUID, SessionEnded],
    lives: dict[UUID, int],
    plays: list[TruePlay],
) -> None:
    """Compare the time of each second of waveform, put right by its session's end, with the truth."""
    wrong_clocks = [
        (blow.victim, since_s - 1, until_s + 3)
        for blow, since_s, until_s in homes.struck
        if blow.kind.startswith("clock")
    ]
    of_life: dict[tuple[str, int], list[TruePlay]] = defaultdict(list)
    for play in plays:
        of_life[play.tool_id, play.boot_id].append(play)
    explained: set[UUID] = set()
    worst: dict[UUID, tuple[float, WaveformSecond, float]] = {}
    for event in events:
        if not isinstance(event, WaveformSecond):
            continue
        play = next(
            (
                p
                for p in of_life[event.tool_id, lives[event.session_id]]
                if p.first_index <= event.first_index < p.first_index + p.samples
            ),
            None,
        )
        if play is None:
            continue
        true_s = play.at_s + (event.first_index - play.first_index) / play.rate_hz
        end = ended.get(event.session_id)
        told_s = event.measured_at.timestamp() + (end.clock_step_s if end else 0.0)
        error_s = told_s - true_s
        if abs(error_s) > abs(worst.get(event.session_id, (0.0,))[0]):
            worst[event.session_id] = error_s, event, true_s
    for session, (error_s, event, true_s) in worst.items():
        if abs(error_s) <= WRONG_S:
            report.worst_time_s = max(report.worst_time_s, abs(error_s))
            continue
        end = ended.get(session)
        # nobody can know better than a clock that was wrong until after the session was over
        over_s = true_s + (end.ended_at - event.measured_at).total_seconds() if end else true_s
        if any(h == event.site and since_s <= over_s <= until_s for h, since_s, until_s in wrong_clocks):
            explained.add(session)
            continue
        report.wrong_times += 1
        report.from_the_future += error_s > 0
        stored = "handed over" if end and end.stored else "live"
        report.notes.append(
            f"{event.tool_id}: a {stored} session's times are wrong by {error_s:.1f} s, "
            f"put right by {end.clock_step_s if end else 0:.1f}, known: {end.time_known if end else None}"
        )
    report.wrong_clock_sessions = len(explained)


def _costs(
    report: Report,
    homes: Homes,
    watch: Watch,
    lost: set[UUID],
    invented: set[UUID],
    duplicates: set[UUID],
) -> None:
    for blow, since_s, until_s in homes.struck:
        cost = report.costs[blow.kind]
        cost.injected += 1
        for name, at_s in watch.committed.items():
            if since_s - AFTERMATH_S <= at_s <= until_s + AFTERMATH_S:
                stored_s = watch.stored.get(name)
                if stored_s is not None and stored_s < since_s:
                    continue
                cost.sent += 1
                cost.lost += UUID(bytes=name) in lost
                cost.duplicated += UUID(bytes=name) in duplicates
                if stored_s is not None:
                    cost.late_s = max(cost.late_s, stored_s - at_s)
    for invention in invented:
        at_s = watch.stored.get(invention.bytes, 0.0)
        for blow, since_s, until_s in homes.struck:
            report.costs[blow.kind].invented += since_s <= at_s <= until_s + AFTERMATH_S
