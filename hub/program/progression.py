"""Harder or easier: a rule that says what it would change and why, within the therapist's bounds.

It looks at the share of squeezes in the zone over the last few times, as adaptive hand games do (70 to 80 %
is where most is learned and least is given up). One step at a time, never after pain, and never on what was
done under an older dose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ...firmware_bridge.sentence import Sentence
from .prescription import Item, Program, Progression, Squeezes


class Direction(StrEnum):
    """Which way an item should go."""

    HARDER = "harder"
    EASIER = "easier"
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that an item was done with a tool.

    Attributes
    ----------
    reps, hits : int
        Squeezes that counted, and of them those in the zone for as long as was asked.
    whole : bool
        All sets were done.
    pain : bool
        It ended for pain.
    """

    day: date
    reps: int
    hits: int
    whole: bool = True
    pain: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the rule would do.

    Attributes
    ----------
    changed : Squeezes or None
        The new dose; None where nothing changes.
    because : str
        A sentence for the therapist.
    auto : bool
        Whether it may be taken without asking.
    """

    item_id: str
    direction: Direction
    changed: Squeezes | None
    because: str
    auto: bool = False


def propose(item: Item, attempts: Sequence[Attempt], *, since: date) -> Proposal:
    """Say whether an item should become harder or easier.

    Parameters
    ----------
    attempts : sequence of Attempt
        Of this item, oldest first.
    since : date
        From when on it has been as it is now; what was done before does not say.
    """
    rule, squeezes = item.progression, item.squeezes
    if rule is None or squeezes is None:
        return Proposal(item.id, Direction.STAY, None, Sentence("No rule was set."))
    recent = [one for one in attempts if one.day >= since and one.reps][-rule.times :]
    if any(one.pain for one in recent):
        because = Sentence("Pain ended one of the last times. Look into that first.")
        return Proposal(item.id, Direction.STAY, None, because)
    if len(recent) < rule.times:
        because = Sentence(
            "Done {number} of {times} times since it is as it is.", number=len(recent), times=rule.times
        )
        return Proposal(item.id, Direction.STAY, None, because)
    percent = 100 * sum(one.hits for one in recent) / sum(one.reps for one in recent)
    seen = {"percent": round(percent), "times": rule.times}
    if percent > rule.high and not all(one.whole for one in recent):
        because = Sentence(
            "{percent} % of squeezes were in the zone over the last {times} times, but not every set was "
            "done. More of the same first.",
            **seen,
        )
    elif percent > rule.high:
        because = Sentence(
            "{percent} % of squeezes were in the zone over the last {times} times, more than {high} %.",
            **seen,
            high=rule.high,
        )
        return _step(item, squeezes, rule, 1, because)
    elif percent < rule.low:
        because = Sentence(
            "{percent} % of squeezes were in the zone over the last {times} times, less than {low} %.",
            **seen,
            low=rule.low,
        )
        return _step(item, squeezes, rule, -1, because)
    else:
        because = Sentence(
            "{percent} % of squeezes were in the zone over the last {times} times: as it should be.", **seen
        )
    return Proposal(item.id, Direction.STAY, None, because)


def _step(item: Item, squeezes: Squeezes, rule: Progression, sign: int, seen: Sentence) -> Proposal:
    """One step: the zone, and at its bound the reps."""
    direction = Direction.HARDER if sign > 0 else Direction.EASIER
    assert squeezes.zone
    low, high = squeezes.zone
    step = sign * rule.zone_step
    # the zone keeps its width, so near a bound the step is what is left
    step = min(step, rule.zone_to - high) if sign > 0 else max(step, rule.zone_from - low)
    if step * sign > 0:
        changed = squeezes.model_copy(update={"zone": (low + step, high + step)})
        because = Sentence(
            "{seen} The zone goes from {low}-{high} % to {to_low}-{to_high} % of the child's best.",
            seen=seen,
            low=low,
            high=high,
            to_low=low + step,
            to_high=high + step,
        )
        return Proposal(item.id, direction, changed, because, rule.auto)
    reps = min(max(squeezes.reps + sign * rule.reps_step, rule.reps_from), rule.reps_to)
    if (reps - squeezes.reps) * sign > 0:
        changed = squeezes.model_copy(update={"reps": reps})
        because = Sentence(
            "{seen} The zone is at its bound; {before} reps in a set become {after}.",
            seen=seen,
            before=squeezes.reps,
            after=reps,
        )
        return Proposal(item.id, direction, changed, because, rule.auto)
    because = Sentence("{seen} It is at the bound that was set.", seen=seen)
    return Proposal(item.id, Direction.STAY, None, because)


def with_changes(program: Program, proposals: Sequence[Proposal]) -> Program:
    """The program that follows from proposals; checked like one that a therapist wrote.

    Raises
    ------
    pydantic.ValidationError
        If together they would ask for more than the program allows on a day.
    """
    changed = {proposal.item_id: proposal.changed for proposal in proposals if proposal.changed}
    items = [
        {**item.model_dump(exclude_unset=True), "squeezes": changed[item.id].model_dump()}
        if item.id in changed
        else item.model_dump(exclude_unset=True)
        for item in program.items
    ]
    return Program.model_validate({**program.model_dump(exclude_unset=True), "items": items})
