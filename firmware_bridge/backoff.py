"""How long to wait before trying again."""

import random
from typing import Final

#: Pauses are spread by a quarter, so that tools that failed together do not come back together.
JITTER: Final = 0.25


class Backoff:
    """Pauses that double with every failure, up to a limit, with jitter.

    Parameters
    ----------
    first_s : float
        After the first failure.
    most_s : float
        At most; with jitter a quarter more.

    Attributes
    ----------
    failures : int
        In a row.
    """

    def __init__(self, first_s: float, most_s: float) -> None:
        self.failures = 0
        self._first_s = first_s
        self._most_s = most_s

    def failed(self, most_s: float | None = None) -> float:
        """Count a failure; returns the seconds to wait, with another limit for this one if given."""
        pause_s = min(self._first_s * 2.0 ** min(self.failures, 60), most_s or self._most_s)
        self.failures += 1
        return pause_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - not a secret

    def reset(self) -> None:
        """Take note that it works."""
        self.failures = 0
