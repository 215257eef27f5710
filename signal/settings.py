"""When a rise of force is a squeeze."""

from dataclasses import dataclass
from math import inf

from ..firmware_bridge.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class SqueezeSettings:
    """When a rise of force is a squeeze. Nothing here is a force: all is relative to child and sensor.

    Attributes
    ----------
    noise_factor : float
        Least height, in SDs of smoothed force at rest.
    unrest_factor : float
        Least height, in SDs of how the resting force wanders from one half second to the next.
    first_noise_factor : float
        Least height in SDs of noise while the child's usual peak is not known.
    quanta : float
        Least height, in steps of the sensor's resolution.
    usual_share, early_share : float
        Least height, as a share of the child's usual peak once that is known; the same while that is the
        peak of one or two squeezes only.
    impulse_share : float
        Least impulse, as a share of the child's usual one: a low and brief rise is a bump.
    fall_share : float
        Share of its height that force must fall by, before another rise is another squeeze. People who
        marked recorded hands let dips of up to about half pass; pulses of a hand that never lets go fall
        by 45 % or more.
    apart_s : float
        Least time from a peak to the next rise, seconds: no hand opens and closes faster.
    release_share : float
        Share of its height below which a squeeze is over; onset and offset are where force crosses it.
    settle_s : float
        Time in seconds after which force that falls no further, below half the height, is a release.
    brief_s, knock_s : float
        Least duration (impulse by peak, seconds) of a squeeze: of a child who squeezes briefly, and of
        one whose squeezes are known to be long.
    first_s, first_clear_s : float
        Duration from which one of the first squeezes counts by itself: where it stands out by far and rest
        was seen before it, and else. A shorter one may be the tool being picked up, and waits for others
        that are like it.
    first_rest_s : float
        How much rest, seconds, is enough before it.
    first_vague, first_by_far : float
        How many SDs of noise hardly say anything before the child is known, and how many are by far.
    hold_s : float
        Longest steady hold, seconds; after it the tool is thought to lie under something.
    gap_s : float
        Time without samples, seconds, after which filters begin anew.
    lost_share : float
        Share of lost samples above which a squeeze is doubtful.
    creep_share : float
        Standard uncertainty of the share by which readings go on growing under a steady force, before the
        tool's squeezes show it.

    Raises
    ------
    InvalidInput
        If a value is not above 0, or a share not below 1.
    """

    noise_factor: float = 5.0
    unrest_factor: float = 5.0
    first_noise_factor: float = 9.0
    quanta: float = 5.0
    usual_share: float = 0.2
    early_share: float = 0.3
    impulse_share: float = 0.13
    fall_share: float = 0.4
    apart_s: float = 0.2
    release_share: float = 0.12
    settle_s: float = 0.28
    brief_s: float = 0.045
    knock_s: float = 0.115
    first_s: float = 0.18
    first_clear_s: float = 0.45
    first_rest_s: float = 1.2
    first_vague: float = 20.0
    first_by_far: float = 80.0
    hold_s: float = 60.0
    gap_s: float = 0.15
    lost_share: float = 0.4
    creep_share: float = 0.04

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            most = 1.0 if name.endswith("_share") else inf
            if not 0 < value < most:
                raise InvalidInput(name, f"must be above 0 and below {most:g}, not {value}")


DEFAULTS = SqueezeSettings()
#: Of putty without a fitted model: simulated ones grow by 5 to 20 %.
PUTTY = SqueezeSettings(creep_share=0.1)
