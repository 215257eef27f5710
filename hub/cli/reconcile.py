"""What truly happened, what was counted and what was stored, side by side."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from rich.table import Table

from ..delivery.journal import Journal
from ..delivery.outbox import Outbox
from ..stores.contract import Store
from ..stores.models import SessionPoint
from ..truth import TruePlay


@dataclass(frozen=True, slots=True)
class Row:
    """One play beside what became of it."""

    label: str
    tool_id: str
    hand: str
    unit: str
    true_squeezes: int
    counted_squeezes: int
    stored_squeezes: int
    true_peak: float | None
    measured_peak: float | None
    samples_sent: int | None
    samples_received: int
    samples_lost: int


@dataclass(frozen=True, slots=True)
class Report:
    """The account of a whole run.

    Attributes
    ----------
    missing, invented : int
        Squeezes counted but not stored, and stored but never counted.
    """

    rows: tuple[Row, ...]
    events_published: int
    events_acknowledged: int
    events_stored: int
    counted: int
    stored: int
    missing: int
    invented: int
    restarts: dict[str, int]

    @property
    def ok(self) -> bool:
        """Whether what was counted is what was stored."""
        # a store that was there before the run has more
        delivered = self.events_published == self.events_acknowledged <= self.events_stored
        return delivered and not self.missing and not self.invented

    def as_json(self) -> str:
        """All of it for a script."""
        account = asdict(self)
        return json.dumps({"sessions": account.pop("rows"), **account, "ok": self.ok})


def reconcile(
    truth: Iterable[TruePlay],
    outbox: Outbox,
    journal: Journal,
    store: Store,
    restarts: dict[str, int],
    since: datetime | None = None,
) -> Report:
    """Compare the simulator's account with the hub's and the store's.

    Sessions from before `since` are left out: a history that was made, or an earlier run. A play and a
    session belong together when they share samples of the same life of the same tool.
    """
    points = [point for child in store.children() for point in store.trend(child.child_id, since=since)]
    counted = {session: outbox.counted(session) for session in outbox.counted_sessions()}
    stored = {session: store.squeeze_ids(session) for session in counted | {p.session_id: 0 for p in points}}
    tally, lives = outbox.tally(), outbox.lives()
    return Report(
        rows=tuple(_row(play, points, counted, stored, lives) for play in truth),
        events_published=tally["committed"],
        events_acknowledged=tally["acknowledged"],
        events_stored=journal.cursor(store.name),  # events are numbered without a gap
        counted=sum(map(len, counted.values())),
        stored=sum(map(len, stored.values())),
        missing=sum(len(ids - stored[session]) for session, ids in counted.items()),
        invented=sum(len(ids - counted.get(session, set())) for session, ids in stored.items()),
        restarts=restarts,
    )


def _row(
    play: TruePlay,
    points: Sequence[SessionPoint],
    counted: dict[UUID, set[UUID]],
    stored: dict[UUID, set[UUID]],
    lives: dict[UUID, int],
) -> Row:
    end = play.first_index + play.samples
    mine = [
        point
        for point in points
        if point.tool_id == play.tool_id
        and lives.get(point.session_id, play.boot_id) == play.boot_id  # unknown of a session made up
        and point.first_index < end
        and point.end_index > play.first_index
    ]
    return Row(
        label=play.label,
        tool_id=play.tool_id,
        hand=mine[0].hand if mine else "",
        unit=mine[0].unit if mine else "",
        true_squeezes=play.true_squeezes,
        counted_squeezes=sum(len(counted.get(point.session_id, ())) for point in mine),
        stored_squeezes=sum(len(stored[point.session_id]) for point in mine),
        true_peak=play.true_peak,
        measured_peak=max((point.peak for point in mine if point.peak is not None), default=None),
        samples_sent=play.sent,
        samples_received=sum(point.received for point in mine),
        samples_lost=sum(point.lost for point in mine),
    )


def table(report: Report) -> Table:
    """The account for people."""
    shown = Table(box=None, pad_edge=False)
    shown.caption = (
        f"events: {report.events_published} published, {report.events_acknowledged} acknowledged, "
        f"{report.events_stored} stored"
    )
    for column in (
        "session",
        "true",
        "counted",
        "stored",
        "true peak",
        "measured",
        "sent",
        "received",
        "lost",
    ):
        shown.add_column(column, justify="left" if column == "session" else "right", no_wrap=True)
    for row in report.rows:
        shown.add_row(
            row.label,
            str(row.true_squeezes),
            str(row.counted_squeezes),
            str(row.stored_squeezes),
            _number(row.true_peak, row.unit),
            _number(row.measured_peak, row.unit),
            _number(row.samples_sent),
            str(row.samples_received),
            str(row.samples_lost),
        )
    return shown


def _number(value: float | None, unit: str = "") -> str:
    if value is None:
        return "–"
    return f"{value:.1f} {unit}" if unit else f"{value:g}"
