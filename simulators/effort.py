"""One squeeze as a hand means it: a rise, a hold that wanders, a release."""

from dataclasses import dataclass

import numpy as np

from ..firmware_bridge.samples import FloatArray

#: Below this share of the usual force a child merely starts; it is no squeeze.
MERE_START_SHARE = 0.05
#: A hand that does not let go keeps at most this share of the weaker neighbour, so that force falls by far
#: more than the third that separates two squeezes in the labels of the recorded hands.
KEPT_SHARE_MAX = 0.3
#: Within one squeeze force dips by less than the third that would make it two.
DIP_SHARE_MAX = 0.25
KNOT_S = 0.25  #: force wanders about four times a second while it is held

_RISE = np.array([0.08, 0.27, 0.33, 0.22, 0.10])  # shares of the climb per fifth of the time: a bell
_RELEASE = np.array([0.14, 0.38, 0.27, 0.14, 0.07])  # a hand opens fast and ends with a tail


@dataclass(frozen=True, slots=True, eq=False)
class Effort:
    """One time that a child sets out to squeeze: knots of force above rest, joined monotonically.

    Attributes
    ----------
    t_s, force_n : ndarray of float64, shape (k,)
        Knots, times from the beginning of the exercise.
    hold_s : tuple of float
        When the hold begins and ends.
    counts : bool
        Whether it is a squeeze; False for a mere start.
    clonus : bool
        Whether the hand begins to beat during the hold.
    """

    t_s: FloatArray
    force_n: FloatArray
    hold_s: tuple[float, float]
    counts: bool = True
    clonus: bool = False


def shape(
    start_s: float,
    phases_s: tuple[float, float, float],
    levels_n: tuple[float, float, float],
    rng: np.random.Generator,
    *,
    irregularity: float,
    counts: bool = True,
    clonus_chance: float = 0.0,
) -> Effort:
    """Draw one effort.

    Parameters
    ----------
    start_s : float
        When it begins.
    phases_s : tuple of float
        How long it rises, holds and releases.
    levels_n : tuple of float
        Force before it, at its height and after it.
    rng : numpy.random.Generator
        The only source of chance.
    irregularity : float
        How uneven it is.
    counts : bool
        Whether it is a squeeze.
    clonus_chance : float
        How likely the hand begins to beat.
    """
    rise_s, hold_s, release_s = phases_s
    from_n, force_n, to_n = levels_n
    steps = max(3, round(hold_s / KNOT_S) + 1)
    u = np.linspace(0, 1, steps)
    arch = rng.uniform(0.04, 0.2) * np.abs(2 * (u - rng.uniform(0.3, 0.6))) ** 1.5
    walk = np.cumsum(rng.standard_normal(steps)) * 0.2 * irregularity
    dips = arch + walk.max() - walk
    dips = np.minimum(dips - dips.min(), DIP_SHARE_MAX)
    held_n = force_n - dips * (force_n - from_n)
    even = 2.0 / max(irregularity, 0.02) ** 2  # the larger, the closer to the bell
    rise = np.cumsum(rng.dirichlet(even * _RISE))[:-1]
    release = np.cumsum(rng.dirichlet(even * _RELEASE))[:-1]
    begins_s, ends_s = start_s + rise_s, start_s + rise_s + hold_s
    return Effort(
        t_s=np.concatenate(
            [
                [start_s],
                start_s + rise_s * np.arange(1, 5) / 5,
                np.linspace(begins_s, ends_s, steps),
                ends_s + release_s * np.arange(1, 6) / 5,
            ]
        ),
        force_n=np.concatenate(
            [
                [from_n],
                from_n + rise * (held_n[0] - from_n),
                held_n,
                held_n[-1] + release * (to_n - held_n[-1]),
                [to_n],
            ]
        ),
        hold_s=(begins_s, ends_s),
        counts=counts,
        clonus=counts and rng.random() < clonus_chance,
    )
