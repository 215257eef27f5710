"""A ball that streams while the hub leads an exercise with it, as far as a page can tell."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import paho.mqtt.client as paho

from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.live import ExerciseView, LiveFrame
from griphub.hub.records.vocabulary import Hand, Source

from .browsing import repeated

FS = 100
ZONES = {Hand.LEFT: (12.0, 18.0), Hand.RIGHT: (16.0, 24.0)}


def view(**changes: Any) -> ExerciseView:
    """An exercise of three sets of six, in the middle of the second."""
    return ExerciseView.model_validate(
        {
            "exercise_id": UUID(int=9),
            "child_id": "c-ada",
            "item_id": "squeeze",
            "title": "Squeezing the grip ball",
            "phase": "set",
            "cue": "good",
            "words": "Well done!",
            "set_number": 2,
            "sets": 3,
            "in_set": 4,
            "reps": 6,
            "done": 10,
            "hits": 8,
            "warmed_up": 3,
            "warm_up": 3,
            "hold_s": 1.0,
            "unit": Unit.NEWTON,
            "zones": {Hand.LEFT: ZONES[Hand.LEFT]},
            "levels": {Hand.LEFT: 3.0},
            "before": 12,
        }
        | changes
    )


class LedBall:
    """Publishes 20 frames of 5 samples a second for each hand; `view` goes with them."""

    def __init__(self, client: paho.Client, shown: ExerciseView, hands: tuple[Hand, ...] = (Hand.LEFT,)):
        self.view = shown
        self.hands = hands
        self.waiting = 0
        self._client = client
        self._sessions = {hand: uuid4() for hand in Hand}
        self._at = 0

    def send(self) -> None:
        t_s = (self._at + np.arange(5)) / FS
        self._at += 5
        for n, hand in enumerate(self.hands):
            phase = (t_s + 0.15 * n) % 3.0
            held = np.clip(np.minimum(phase / 0.3, (2.2 - phase) / 0.4), 0, 1)
            force = np.mean(ZONES[hand]) * held**2 * (3 - 2 * held) + 0.2 * held * np.sin(40 * t_s)
            frame = LiveFrame(
                site="home",
                hub="hub",
                tool_id=f"ball-{hand}",
                tool_kind=ToolKind.BALL,
                child_id="c-ada",
                hand=hand,
                source=Source.SIMULATED,
                unit=Unit.NEWTON,
                session_id=self._sessions[hand],
                t_s=tuple(t_s),
                values=tuple(force + 0.8),
                count=self.view.done,
                waiting=self.waiting,
                goal=15,
                best=29.4,
                rest=0.8,
                sent_at_s=time.time(),
                exercise=self.view,
            )
            self._client.publish(frame.topic(), frame.model_dump_json())

    @contextmanager
    def squeezed(self) -> Iterator["LedBall"]:
        with repeated(self.send):
            yield self
