"""What is said during an exercise: keys for screens that have their own words, and plain words for the rest.

Nothing here scolds. A weak squeeze is no failure, and stopping is always right.
"""

from enum import StrEnum
from typing import Final


class Cue(StrEnum):
    """Something to say, to the child unless it is in `FOR_PARENTS`."""

    WAKE = "wake"
    LAY_DOWN = "lay_down"
    TARE = "tare"  #: for the hub, not for a person: now the tool may be zeroed
    END_TEST = "end_test"  #: likewise: the test is over before its last trial
    WARM_UP = "warm_up"
    GO = "go"
    SQUEEZE = "squeeze"  #: of a test: as hard as it goes
    HOLD = "hold"
    GOOD = "good"
    HELD = "held"
    LET_GO = "let_go"
    SOFTER = "softer"
    LITTLE_MORE = "little_more"
    HALF_WAY = "half_way"
    ONE_MORE = "one_more"
    TOGETHER = "together"
    OTHER_HAND = "other_hand"
    TAKE_YOUR_TIME = "take_your_time"
    REST = "rest"
    REST_OVER = "rest_over"
    COME_NEARER = "come_nearer"
    GO_ON = "go_on"
    ASK_GO_ON = "ask_go_on"
    ASK_AFTER = "ask_after"  #: of a test: for pain, and whether the child sat as asked
    ENOUGH_TODAY = "enough_today"
    ALL_DONE = "all_done"
    STOPPED = "stopped"
    STOPPED_FOR_PAIN = "stopped_for_pain"


WORDS: Final = {
    Cue.WAKE: "Squeeze the tool once to wake it.",
    Cue.LAY_DOWN: "Lay the tool down and let go of it for a moment.",
    Cue.TARE: "",
    Cue.END_TEST: "",
    Cue.WARM_UP: "Pick it up. A few easy squeezes to warm up.",
    Cue.GO: "Here we go!",
    Cue.SQUEEZE: "Squeeze as hard as you can.",
    Cue.HOLD: "Hold!",
    Cue.GOOD: "Well done!",
    Cue.HELD: "Held all the way!",
    Cue.LET_GO: "And let go.",
    Cue.SOFTER: "A little softer.",
    Cue.LITTLE_MORE: "A little more, if you like.",
    Cue.HALF_WAY: "Half of it is done.",
    Cue.ONE_MORE: "One more!",
    Cue.TOGETHER: "Both hands together.",
    Cue.OTHER_HAND: "Now the other hand.",
    Cue.TAKE_YOUR_TIME: "There is no hurry. Go on when your child is ready, or stop here.",
    Cue.REST: "Rest. Shake your hands.",
    Cue.REST_OVER: "Ready for the next round?",
    Cue.COME_NEARER: "The tool is out of reach. Bring it nearer; what was counted is kept.",
    Cue.GO_ON: "It is back. We go on where we were.",
    Cue.ASK_GO_ON: "Ask your child whether to go on. Confirm to go on, or stop.",
    Cue.ASK_AFTER: "All trials are done. How does the hand feel now, and did your child sit as shown?",
    Cue.ENOUGH_TODAY: "That is all that is good for one day.",
    Cue.ALL_DONE: "All done! How was it?",
    Cue.STOPPED: "We stop here. Good that you said so.",
    Cue.STOPPED_FOR_PAIN: "We stop here. Thank you for telling. Ask for pain again in a while.",
}

FOR_PARENTS: Final = frozenset(
    {
        Cue.WAKE,
        Cue.LAY_DOWN,
        Cue.TAKE_YOUR_TIME,
        Cue.COME_NEARER,
        Cue.ASK_GO_ON,
        Cue.ASK_AFTER,
        Cue.STOPPED_FOR_PAIN,
    }
)
