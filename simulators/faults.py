"""What can go wrong with a tool, in the words that command line, plan and truth share.

A fault is written ``kind[=amount][@start][+duration]``: ``drop=5%``, ``link-loss@20s+3s``, ``drift=40ppm``.
Times are seconds of the simulation since the tool was first taken into the hand; without a start a fault is
there from power-on, without a duration until the end.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from random import Random
from typing import Final, Self

from ..firmware_bridge.errors import GripError


class FaultKind(StrEnum):
    """Everything that the simulators can do wrong."""

    DROP = "drop"
    BURST = "burst"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    CORRUPT = "corrupt"
    JITTER = "jitter"
    LINK_LOSS = "link-loss"
    FAR = "far"
    LOST_BOND = "lost-bond"
    BUTTON = "button"
    LOW_BATTERY = "low-battery"
    DEAD_BATTERY = "dead-battery"
    REBOOT = "reboot"
    DRIFT = "drift"
    STUCK = "stuck"
    SATURATE = "saturate"
    COLD_HANDS = "cold-hands"
    WARM_HANDS = "warm-hands"


class FaultError(GripError, ValueError):
    """Words that name no fault.

    Attributes
    ----------
    text : str
        The words.
    reason : str
        What is wrong with them.
    """

    def __init__(self, text: str, reason: str) -> None:
        self.text = text
        self.reason = reason
        super().__init__(f"{text!r} is no fault: {reason}. docs/simulators.md lists them all.")


@dataclass(frozen=True, slots=True)
class Form:
    """How the amount of a kind of fault is written.

    Attributes
    ----------
    sign : str
        Unit as it is written.
    scale : float
        What one of it is in `Fault.amount`.
    low, high : float
        Limits, as written.
    default : float or None
        Amount where none is written, as written; None where one must be.
    says : str
        What the fault does, for a person.
    """

    sign: str
    scale: float
    low: float
    high: float
    default: float | None
    says: str


def _plainly(says: str) -> Form:
    return Form("", 1, 0, 0, 0, says)


def _share(says: str, default: float | None = None) -> Form:
    return Form("%", 0.01, 0, 100, default, says)


#: By kind; a sign of "" takes no amount.
FORMS: Final[dict[FaultKind, Form]] = {
    FaultKind.DROP: _share("this share of the packets is lost, one by one"),
    FaultKind.BURST: _share("this share of the packets is lost, eight in a row on average"),
    FaultKind.DUPLICATE: _share("this share of the packets comes twice"),
    FaultKind.REORDER: _share("this share of the packets comes after the next one"),
    FaultKind.CORRUPT: _share("in this share of the packets one byte is wrong"),
    FaultKind.JITTER: Form("ms", 1e-3, 0, 10_000, None, "each packet comes up to so much later, in order"),
    FaultKind.LINK_LOSS: _plainly("the tool is out of range"),
    FaultKind.FAR: _plainly("the tool is heard as weakly as at the edge of its range"),
    FaultKind.LOST_BOND: _plainly("the tool forgets all hubs"),
    FaultKind.BUTTON: _plainly("its button is held: it pairs with whoever asks, for a minute"),
    FaultKind.LOW_BATTERY: _share("the battery says so much", 8),
    FaultKind.DEAD_BATTERY: _plainly("the tool has no power"),
    FaultKind.REBOOT: _plainly("the tool starts anew, as after a reset"),
    FaultKind.DRIFT: Form("ppm", 1e-6, -10_000, 10_000, None, "the tool's clock runs so much too fast"),
    FaultKind.STUCK: _plainly("the sensor repeats its last value"),
    FaultKind.SATURATE: _share("the sensor's range ends at this share of the session's highest value", 50),
    FaultKind.COLD_HANDS: _share("the rest level sinks by this share of the session's highest value", 5),
    FaultKind.WARM_HANDS: _share("the rest level rises by this share of the session's highest value", 5),
}

#: What takes no time at all.
INSTANT: Final = frozenset({FaultKind.REBOOT, FaultKind.LOST_BOND, FaultKind.BUTTON})
#: What is over at once where no duration is written; all else lasts until the end.
MOMENTARY: Final = INSTANT | {FaultKind.LINK_LOSS}
#: What must not be there from power-on, since nothing would ever happen.
NEEDS_START: Final = MOMENTARY | {FaultKind.DEAD_BATTERY}

_NUMBER = r"-?\d+(?:\.\d+)?"
_WRITTEN = re.compile(
    rf"(?P<kind>[a-z-]+)(?:=(?P<amount>{_NUMBER})(?P<sign>[a-z%]*))?"
    r"(?:@(?P<at>\d+(?:\.\d+)?)s)?(?:\+(?P<for>\d+(?:\.\d+)?)s)?"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes
    ----------
    kind : FaultKind
    amount : float
        How much of it: a share (0 … 1), seconds of jitter, relative drift; 0 where the kind has none.
    at_s : float or None
        When it begins, seconds since the tool was first taken into the hand; None: from power-on.
    for_s : float
        How long it lasts, seconds; inf: until the end.
    """

    kind: FaultKind
    amount: float = 0.0
    at_s: float | None = None
    for_s: float = inf

    @classmethod
    def parse(cls, text: str, *, now: bool = False) -> Self:
        """Read a fault as a person writes it.

        Parameters
        ----------
        text : str
            Such as ``drop=5%`` or ``link-loss@20s+3s``.
        now : bool
            Whether it is to happen now, so that a start is neither needed nor allowed.

        Raises
        ------
        FaultError
            Saying what is wrong with it.
        """
        match = _WRITTEN.fullmatch(text.strip().lower())
        if not match:
            raise FaultError(text, "it must look like drop=5%, link-loss@20s+3s or drift=40ppm")
        if match["kind"] not in FaultKind._value2member_map_:
            raise FaultError(text, f"there is no kind {match['kind']}; choose from {', '.join(FaultKind)}")
        kind = FaultKind(match["kind"])
        at_s = float(match["at"]) if match["at"] else None
        if now and at_s is not None:
            raise FaultError(text, "it happens now, so leave out the @")
        if not now and at_s is None and kind in NEEDS_START:
            raise FaultError(text, f"it needs a moment, such as {kind}@20s")
        if match["for"] and kind in INSTANT:
            raise FaultError(text, "it takes no time, so leave out the +")
        lasts_s = float(match["for"]) if match["for"] else 0.0 if kind in MOMENTARY else inf
        return cls(kind, _amount(text, kind, match), at_s, lasts_s)

    def __str__(self) -> str:
        form = FORMS[self.kind]
        amount = f"={_plain(self.amount / form.scale)}{form.sign}" if form.sign else ""
        at = "" if self.at_s is None else f"@{_plain(self.at_s)}s"
        usual_s = 0.0 if self.kind in MOMENTARY else inf
        lasts = "" if self.for_s == usual_s else f"+{_plain(self.for_s)}s"
        return f"{self.kind}{amount}{at}{lasts}"


def _amount(text: str, kind: FaultKind, match: re.Match[str]) -> float:
    form = FORMS[kind]
    if not form.sign and match["amount"]:
        raise FaultError(text, f"{kind} has no amount")
    if match["amount"] is None:
        if form.default is None:
            raise FaultError(text, f"say how much, such as {kind}=5{form.sign}")
        return form.default * form.scale
    written = float(match["amount"])
    if match["sign"] != form.sign:
        raise FaultError(text, f"write the amount of {kind} in {form.sign}")
    if not form.low <= written <= form.high:
        raise FaultError(text, f"{kind} goes from {form.low:g} to {form.high:g} {form.sign}")
    return written * form.scale


def _plain(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")


#: The word for `rough_day` where faults are listed.
ROUGH_DAY: Final = "rough-day"


def rough_day(seed: str, duration_s: float) -> list[Fault]:
    """Draw a plan in which much goes wrong, the same one for the same seed.

    A lossy stretch, a link lost about once a minute for up to ten seconds, a reboot in every third plan, a
    clock that is off by up to 40 ppm (an ordinary crystal in the cold) and a sensor that sticks once.
    """
    random = Random(f"rough day {seed}")  # noqa: S311 - repeatable, not secret

    def moment() -> float:
        return round(random.uniform(0.1, 0.9) * duration_s, 1)

    faults = [
        Fault(FaultKind.DRIFT, round(random.uniform(-40, 40)) * 1e-6),
        Fault(FaultKind.JITTER, round(random.uniform(5, 60)) * 1e-3),
        Fault(FaultKind.BURST, round(random.uniform(2, 8)) * 0.01, moment(), round(0.2 * duration_s, 1)),
        Fault(FaultKind.DUPLICATE, 0.01),
        Fault(FaultKind.STUCK, 0.0, moment(), round(random.uniform(0.5, 3), 1)),
    ]
    faults += [
        Fault(FaultKind.LINK_LOSS, 0.0, moment(), round(random.uniform(0, 10), 1))
        for _ in range(max(1, round(duration_s / 60)))
    ]
    if random.random() < 1 / 3:
        faults.append(Fault(FaultKind.REBOOT, 0.0, moment(), 0.0))
    return faults
