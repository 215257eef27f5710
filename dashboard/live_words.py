"""What an open page says to the exercise that it shows: read, checked, and passed on to the hub."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..hub.config import Config
from ..hub.control.address import HubNotRunning, socket_path
from ..hub.control.answers import ControlError
from ..hub.control.client import ControlClient
from ..hub.errors import SetupError, StoreError
from ..hub.live import ExerciseView
from ..hub.program.faces import Face

_LOG = logging.getLogger(__name__)

#: A word is some fifty characters.
MAX_CHARACTERS: Final = 200
#: The hub answers within milliseconds; a child does not wait for longer than this.
ANSWER_S: Final = 3.0
#: Words that a page may say at once, and then each second. Whoever wants to stop is not held up by what else
#: was pressed: those two have an allowance of their own.
BURST, PER_S = 8, 2.0
_STOPS: Final = frozenset({"stop", "pain"})

#: Why a word was not taken; the page has the sentences.
Refusal = Literal[
    "", "not_understood", "too_fast", "not_allowed", "people_away", "hub_away", "no_exercise", "other"
]


class Word(BaseModel):
    """What somebody pressed.

    Attributes
    ----------
    by : str
        Who stops.
    face : int or None
        Of pain; None: nobody asked how much, and it ends.
    position_kept : bool or None
        After a strength test: whether the child sat as it should.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    do: Literal["stop", "pain", "skip", "confirm", "longer", "after"]
    by: Literal["child", "parent"] = "parent"
    face: Face | None = None
    position_kept: bool | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a word.

    Attributes
    ----------
    answer : str
        For the page that said it.
    view : ExerciseView or None
        How the exercise stands now, where it was told.
    rejected : bool
        It was no word, one too many, or not the viewer's to say.
    """

    answer: str
    view: ExerciseView | None = None
    rejected: bool = False


class Allowance:
    """How much one page may say.

    Parameters
    ----------
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = dict.fromkeys((True, False), float(BURST))
        self._at_s = clock()

    def take(self, word: Word) -> bool:
        """Use up one word of its kind; False if there is none left."""
        now_s = self._clock()
        for kind, left in self._left.items():
            self._left[kind] = min(float(BURST), left + (now_s - self._at_s) * PER_S)
        self._at_s = now_s
        kind = word.do in _STOPS
        if self._left[kind] < 1:
            return False
        self._left[kind] -= 1
        return True


class HubExercises:
    """Exercises that the hub on this machine leads.

    Attributes
    ----------
    rejected : int
        Words that were none, or too many.
    """

    def __init__(self, config: Config) -> None:
        self.rejected = 0
        self._config = config

    async def view(self, child_id: str) -> ExerciseView | None:
        """How a child's latest exercise goes, or went; None where there was none.

        Raises
        ------
        HubNotRunning
        """
        try:
            async with asyncio.timeout(ANSWER_S), aclosing(self._hub().watch_exercise(child_id)) as views:
                async for view in views:
                    return view
        except ControlError:
            pass
        except TimeoutError:
            raise HubNotRunning(socket_path(self._config)) from None
        return None

    async def tell(
        self, child_id: str, text: str | None, allowance: Allowance, may: Callable[[], bool]
    ) -> Told:
        """Pass on what a page said.

        Parameters
        ----------
        text : str or None
            None: it was no text.
        may : callable
            Whether the viewer may say so now; may block, and raise `StoreError`.
        """
        try:
            if text is None or len(text) > MAX_CHARACTERS:
                raise ValueError("too long, or no text")
            word = Word.model_validate_json(text)
        except ValueError as error:  # a ValidationError is one
            self.rejected += 1
            what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            _LOG.warning("A page said what is no word and was not listened to: %s", what)
            return Told(_answer("", "not_understood"), rejected=True)
        refused: Refusal = "" if allowance.take(word) else "too_fast"
        try:
            if not refused and not await asyncio.to_thread(may):
                refused = "not_allowed"
        except (StoreError, SetupError):
            return Told(_answer(word.do, "people_away"))
        if refused:
            self.rejected += 1
            return Told(_answer(word.do, refused), rejected=True)
        try:
            async with asyncio.timeout(ANSWER_S):
                view = await self._hub().tell_exercise(
                    child_id, word.do, by=word.by, face=word.face, position_kept=word.position_kept
                )
        except (HubNotRunning, SetupError, TimeoutError):
            return Told(_answer(word.do, "hub_away"))
        except ControlError as error:
            return Told(
                _answer(word.do, "no_exercise" if error.kind == "NoExercise" else "other", str(error))
            )
        return Told(_answer(word.do), view)

    def _hub(self) -> ControlClient:
        return ControlClient(socket_path(self._config))


def _answer(word: str, refused: Refusal = "", why: str = "") -> str:
    return json.dumps({"answer": word, "refused": refused, "why": why})
