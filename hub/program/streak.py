"""How long a family has kept at it: a number that only ever encourages.

Days on which something was done, back to the last break that was longer than the program leaves between two
times. What was paused, and days of which nothing is known, are no break.
"""

from datetime import date, timedelta

from .adherence import GAP_SLACK_DAYS, Doings
from .versions import days

_DAY = timedelta(days=1)


def streak(doings: Doings) -> list[date]:
    """Days of practice without a long break, oldest first; empty after one.

    It reaches no further back than `doings` does, which is five weeks where `reading.picture` made them.
    """
    gap = doings.gap()
    if gap.since is None or gap.too_long:
        return []
    worked = sorted({one.day for one in doings.work if one.day <= doings.today})
    kept = worked[-1:]
    for day in reversed(worked[:-1]):
        missed = [
            between
            for between in days(day + _DAY, kept[0])
            if between not in doings.unknown and not doings.history.paused(between)
        ]
        if len(missed) > gap.allowed_days + GAP_SLACK_DAYS:
            break
        kept.insert(0, day)
    return kept
