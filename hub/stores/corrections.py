"""What a session is once somebody has corrected it: a function of what was told and of the corrections.

In whatever order they arrive, and however often, what comes out is the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import Final, NamedTuple

from ..records.said import SessionCorrected
from ..records.session import SqueezeCounted
from ..records.vocabulary import Hand
from .models import Recorded, SessionPoint

#: What a squeeze that somebody added, or called doubtful, says of itself.
BY_HAND: Final = "by_hand"


class Corrected(NamedTuple):
    """A session's squeezes, and its point that goes with them."""

    point: SessionPoint
    squeezes: tuple[SqueezeCounted, ...]
    set_aside: tuple[SqueezeCounted, ...]


def in_order(corrections: Iterable[SessionCorrected]) -> tuple[SessionCorrected, ...]:
    """Each once, the later made after the earlier."""
    known = {one.event_id: one for one in corrections}
    return tuple(sorted(known.values(), key=lambda one: (one.corrected_at, str(one.event_id))))


def whose(child_id: str, hand: Hand, corrections: Iterable[SessionCorrected]) -> tuple[str, Hand]:
    """Child and hand of a session, of which these were told."""
    for one in in_order(corrections):
        child_id, hand = one.to_child or child_id, one.to_hand or hand
    return child_id, hand


def correct(
    told: SessionPoint, squeezes: Sequence[SqueezeCounted], corrections: Iterable[SessionCorrected]
) -> Corrected:
    """Apply corrections to an ended session as it was told.

    Parameters
    ----------
    squeezes : sequence of SqueezeCounted
        All that were counted.
    """
    made = in_order(corrections)
    if not made:
        return Corrected(told, tuple(squeezes), ())
    child_id, hand = whose(told.child_id, told.hand, made)
    verdicts = {one.squeeze_id: one.verdict for one in made if one.squeeze_id and one.verdict}
    kept: list[SqueezeCounted] = []
    aside: list[SqueezeCounted] = []
    for squeeze in (*squeezes, *_added(told, squeezes, made)):
        verdict = verdicts.get(squeeze.event_id, "")
        reasons = squeeze.doubtful
        if verdict == "doubtful" and BY_HAND not in reasons:
            reasons = (*reasons, BY_HAND)
        (aside if verdict == "removed" else kept).append(
            squeeze.model_copy(update={"child_id": child_id, "hand": hand, "doubtful": reasons})
        )
    for ordered in (kept, aside):
        ordered.sort(key=lambda squeeze: (squeeze.onset_s, squeeze.number))
    point = replace(
        told,
        child_id=child_id,
        hand=hand,
        recorded=Recorded(
            told.child_id, told.hand, told.squeezes, told.doubtful, told.peak, told.median_peak
        ),
    )
    if verdicts or any(one.added for one in made):
        peaks = [squeeze.peak for squeeze in kept]
        point = replace(
            point,
            squeezes=told.squeezes + len(kept) - len(squeezes),
            doubtful=sum(bool(squeeze.doubtful) for squeeze in kept),
            peak=max(peaks, default=None),
            median_peak=median(peaks) if peaks else None,
        )
    return Corrected(point, tuple(kept), tuple(aside))


def _added(
    told: SessionPoint, squeezes: Sequence[SqueezeCounted], made: Sequence[SessionCorrected]
) -> list[SqueezeCounted]:
    number = max((squeeze.number for squeeze in squeezes), default=0)
    added = []
    for one in made:
        if one.added is not None:
            number += 1
            added.append(
                SqueezeCounted(
                    event_id=one.event_id,
                    measured_at=told.started_at + timedelta(seconds=one.added.onset_s),
                    site=one.site,
                    hub=one.hub,
                    session_id=told.session_id,
                    child_id=told.child_id,
                    tool_id=told.tool_id,
                    tool_kind=told.tool_kind,
                    hand=told.hand,
                    source=told.source,
                    unit=told.unit,
                    number=number,
                    decided_s=one.added.offset_s,
                    ended_by=BY_HAND,
                    **one.added.model_dump(),
                )
            )
    return added
