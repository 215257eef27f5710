"""How near a device is, in a parent's words, from the strength of what it sends."""

from enum import StrEnum
from typing import Final


class Nearness(StrEnum):
    """Distance in words; its real size depends on bodies and walls between, so that no metres are told."""

    VERY_NEAR = "very near"
    NEAR = "near"
    SAME_ROOM = "in the room"
    FAR = "far"
    VERY_FAR = "very far"


#: Least strength for each word. A tool that sends 1 mW is heard with about -59 dBm at 1 m, 20 dB less for
#: each tenfold distance in the open, 25-30 dB indoors, and 10-15 dB less through a hand or a body. So -50 is
#: within an arm's length and hardly anything else is as strong; -65 the same table; -78 the same room; and
#: 10 dB above -98 dBm, where a usual receiver loses half the packets, links break now and then.
_LEAST_DBM: Final = (
    (-50, Nearness.VERY_NEAR),
    (-65, Nearness.NEAR),
    (-78, Nearness.SAME_ROOM),
    (-88, Nearness.FAR),
)


def nearness(rssi_dbm: float) -> Nearness:
    """Word for a signal strength."""
    return next((word for least_dbm, word in _LEAST_DBM if rssi_dbm >= least_dbm), Nearness.VERY_FAR)
