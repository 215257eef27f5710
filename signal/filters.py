"""Smoothing of evenly spaced force: one filter to find squeezes by, and kernels to read their peaks with.

Each result depends on the values alone, never on how they were cut: the recursion is written out in Python.
(``scipy.signal`` would do the same; importing it takes longer than all else together, and each call of it
longer than the few values that a packet brings.)
"""

from math import pi, sqrt, tan

import numpy as np

from .grid import GRID_HZ

MEDIAN_STEPS = 3  #: a knock within one step of 20 ms leaves no trace
DETECT_HZ = 5.8  #: mains hum falls to 1 %; a 3 Hz series keeps its dips


def lowpass_delay_s(cutoff_hz: float) -> float:
    """Delay of slow signals by a second-order Butterworth low-pass: √2 / (2π·cutoff)."""
    return sqrt(2) / (2 * pi * cutoff_hz)


#: Half a step of averaging, half a median window, and the low-pass: 3 steps.
DELAY_STEPS = round(0.5 + (MEDIAN_STEPS - 1) / 2 + lowpass_delay_s(DETECT_HZ) * GRID_HZ)

_MANY = 50  #: values from which on NumPy is faster

#: White noise of SD 1 in the steps leaves this SD behind the median and the low-pass.
WHITE_GAIN = 0.48


class Smoother:
    """Median and causal second-order Butterworth low-pass, settled on the first value.

    That is a mean over a step: the first sample alone may be the crest of a hum.

    The bilinear design of any textbook, in transposed direct form II; the same numbers as
    ``scipy.signal.butter(2, DETECT_HZ, fs=GRID_HZ)``.
    """

    def __init__(self) -> None:
        k = tan(pi * DETECT_HZ / GRID_HZ)
        norm = 1 / (1 + sqrt(2) * k + k * k)
        self._b0 = k * k * norm
        self._a1 = 2 * (k * k - 1) * norm
        self._a2 = (1 - sqrt(2) * k + k * k) * norm
        self._s1 = self._s2 = 0.0
        self._tail: list[float] = []

    def __call__(self, values: list[float]) -> list[float]:
        """Filter the next values."""
        if not self._tail:
            if not values:
                return []
            self._tail = [values[0]] * (MEDIAN_STEPS - 1)
            self._s1, self._s2 = values[0] * (1 - self._b0), values[0] * (self._b0 - self._a2)
        b0, a1, a2, s1, s2 = self._b0, self._a1, self._a2, self._s1, self._s2
        padded = self._tail + values
        out: list[float] = []
        append = out.append
        for value in _medians(padded):
            w = b0 * value
            y = w + s1
            s1 = w + w - a1 * y + s2
            s2 = w - a2 * y
            append(y)
        self._s1, self._s2 = s1, s2
        self._tail = padded[len(values) :]
        return out


def _medians(padded: list[float]) -> list[float]:
    """Of each three in a row; one of them, so that both ways are the same to the bit."""
    if len(padded) > _MANY:
        a, b, c = (np.array(padded[k : len(padded) - 2 + k]) for k in range(MEDIAN_STEPS))
        middle: list[float] = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c)).tolist()
        return middle
    return [
        b if a <= b <= c or c <= b <= a else a if b <= a <= c or c <= a <= b else c
        for a, b, c in zip(padded, padded[1:], padded[2:], strict=False)
    ]
