"""The clinic's end of what families write and share: read from ingest's journal into the database of people.

No store of results gets it. What a therapist corrected here is read there as well, and goes to its home. The
journal has it until it is in the database, so a kill costs a repetition, and a row that is there already
stays as it is.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, get_args

from pydantic import ValidationError

from ...firmware_bridge.errors import GripError
from ..child.erased import Erased
from ..config import Config
from ..database.actor import Actor
from ..database.engine import Database
from ..database.migrate import open_current
from ..database.work import Work
from ..delivery.journal import PEOPLE, Journal
from ..errors import PayloadError
from ..people.model import Child
from ..records.event import decode
from ..records.post import ForPeople, PausesSaid, PicturePiece, ProgramStepped, SaidPause, TrainingTold
from ..records.said import Statement
from .letter import SentPause, SentVersion
from .outgoing import note_change
from .picture_post import take_piece
from .post import HOME
from .prescription import Program
from .statement_post import post_statement
from .suggestions import RULE
from .tables import FamilyNote
from .taking import take_pauses, take_training, take_versions
from .versions import PauseReason

log = logging.getLogger(__name__)

#: How soon something new is seen.
POLL_S: Final = 1.0
#: Wait after something went wrong.
RETRY_S: Final = 5.0
#: What the journal calls this reader.
CURSOR: Final = PEOPLE
#: Rows of the journal read at once; most are waveforms, and passed over.
BATCH: Final = 2_000

_POST: Final = Actor.part("post")
#: What a payload has that is for people, wherever in it: cheaper than to read all.
_MARKS: Final = tuple(
    str(kind.model_fields["schema_"].default).encode() for kind in get_args(ForPeople | Statement)
)


class FamilyPost:
    """Takes in what families write and share; `run` is a thread of ingest's.

    Parameters
    ----------
    tell : callable
        Told under ``family post`` why nothing goes on, and None when it does.

    Attributes
    ----------
    turned_s : float
        When it last came round, to see whether it hangs.
    """

    def __init__(
        self,
        config: Config,
        journal: Journal,
        tell: Callable[[str, str | None], None] = lambda _what, _reason: None,
    ) -> None:
        self._config = config
        self._journal = journal
        self._tell = tell
        self._erased = Erased(config.data_dir).concerns
        self._database: Database | None = None
        self.turned_s = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Take in until `stop` is set."""
        said = ""
        try:
            while not stop.is_set():
                wait_s = POLL_S
                try:
                    wait_s = 0.0 if self.take() else POLL_S
                    said = ""
                    self._tell("family post", None)
                except GripError as error:
                    if str(error) != said:  # once, not every few seconds
                        log.error("What families wrote waits in the journal: %s", error)
                    said, wait_s = str(error), RETRY_S
                    self._tell("family post", said)
                self.turned_s = time.monotonic()
                stop.wait(wait_s)
        finally:
            if self._database:
                self._database.close()

    def take(self) -> bool:
        """Take in a batch; False if there was none.

        Raises
        ------
        StoreError, SetupError
        """
        if (database := self._opened()) is None:
            return False
        rows = self._journal.read(self._journal.cursor(CURSOR), BATCH)
        if not rows:
            return False
        if events := _for_people([payload for _, payload in rows]):
            with database.work(_POST, "post.from_home") as work:
                for event in events:
                    if self._erased(event):
                        continue
                    if isinstance(event, ForPeople):
                        _take(work, event)
                    elif post_statement(work, self._config, event):
                        note_change(work, event.child_id)
        self._journal.advance(CURSOR, rows[-1][0])
        # what is private is here now, and needs no second place
        self._journal.forget([event.event_id for event in events if isinstance(event, ForPeople)])
        return True

    def _opened(self) -> Database | None:
        """The database, which stays open; None where nobody has made one yet."""
        if self._database is None:
            self._database = open_current(self._config)
        return self._database


def _for_people(payloads: Sequence[bytes]) -> list[ForPeople | Statement]:
    """What families wrote; and what was stated, which may concern the home that measured it."""
    found: list[ForPeople | Statement] = []
    for payload in payloads:
        if any(mark in payload for mark in _MARKS):
            try:
                event = decode(payload)
            except PayloadError:  # of a newer version, before a downgrade: the forwarder sets it aside
                continue
            if isinstance(event, ForPeople | Statement):
                found.append(event)
    return found


def _pause(said: SaidPause) -> SentPause:
    known = said.reason in set(PauseReason)
    reason = PauseReason(said.reason) if known else PauseReason.OTHER  # of a later version
    return SentPause(reason=reason, by=HOME, **said.model_dump(exclude={"reason"}))


def _take_step(work: Work, event: ProgramStepped) -> None:
    try:
        program = Program.model_validate(event.program)
    except ValidationError as error:
        log.warning("A step in the program of %s cannot be read here: %s", event.child_id, error)
        return
    step = SentVersion(
        id=event.version_id,
        number=1,  # as it comes
        valid_from=event.valid_from,
        recorded_at=event.measured_at,
        by=HOME if event.by_hand else RULE.name,
        because=event.because,
        program=program,
    )
    take_versions(work, event.child_id, [step])


def _take(work: Work, event: ForPeople) -> None:
    child = work.get(Child, event.child_id)
    if child is None or (child.family.site_id, child.family.hub) != (event.site, event.hub):
        log.warning("What %s/%s sent of a child who is not theirs was left out.", event.site, event.hub)
    elif isinstance(event, PicturePiece):
        take_piece(work, event, child)
    elif isinstance(event, PausesSaid):
        take_pauses(work, child.id, map(_pause, event.pauses))
    elif isinstance(event, TrainingTold):
        take_training(work, child.id, event.learned, by=HOME)
    elif isinstance(event, ProgramStepped):
        _take_step(work, event)
    elif work.get(FamilyNote, event.message_id) is None:
        note = FamilyNote(
            id=event.message_id,
            child_id=child.id,
            written_at=event.measured_at,
            by=HOME,
            words=event.words,
            from_family=True,
            taken_at=work.now,
        )
        work.add(note)
        work.flush()
