"""Leads an exercise: what happens goes in with its time, what to say comes out. No I/O, no clock of its own.

Quiet check → warm-up → set → rest → set … A tool that is lost stops nothing: the same set waits for it, the
gap is marked, and squeezes that the tool kept count when they come. Pain, and the child's or parent's word,
end it at once.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from ..program.prescription import Hands
from ..records.vocabulary import Hand
from .cues import Cue
from .exercise import EndedBy, ExerciseState, Gap, Phase, Plan, Quiet, Rep
from .holding import Seen, follow, held_s, is_hit

#: So long nobody may touch a tool before it is zeroed: a hand that only rests moves within that time.
QUIET_S: Final = 2.0
#: A grown-up is reminded this often of what is waited for.
REMIND_S: Final = 20.0
#: A family that left the room is not asked for longer.
LEFT_S: Final = 600.0
#: So much longer a rest becomes each time that somebody asks for it.
LONGER_S: Final = 30.0
#: Two hands squeeze together if they begin within this: children's hands are some tenths of a second apart.
TOGETHER_S: Final = 1.0


class ExerciseEngine:
    """Leads one child through one item.

    Parameters
    ----------
    state : ExerciseState
        Of a new exercise, from `begin`, or of one that was interrupted.

    Examples
    --------
    >>> from griphub.firmware_bridge.samples import Unit
    >>> tools = {Hand.RIGHT: "ball01"}
    >>> plan = Plan("c-1", "squeeze", "Squeeze", Hands.RIGHT, 1, 2, Unit.NEWTON, tools, warm_up=0)
    >>> engine = ExerciseEngine.begin(plan, 0.0)
    >>> engine.skip(1.0)
    [<Cue.GO: 'go'>]
    >>> engine.squeeze(Hand.RIGHT, onset_s=2.0, offset_s=3.0, peak=12.0)
    [<Cue.ONE_MORE: 'one_more'>]
    >>> engine.squeeze(Hand.RIGHT, onset_s=4.0, offset_s=5.0, peak=13.0)
    [<Cue.ALL_DONE: 'all_done'>]
    """

    def __init__(self, state: ExerciseState) -> None:
        self.state = state

    @classmethod
    def begin(cls, plan: Plan, at_s: float, *, away: Sequence[Hand] = ()) -> "ExerciseEngine":
        """Open an exercise.

        Parameters
        ----------
        at_s : float
            Unix time.
        away : sequence of Hand
            Hands whose tool does not stream yet.
        """
        state = ExerciseState(plan, at_s, phase_since_s=at_s, active_s=at_s, cue_s=at_s, best=dict(plan.best))
        state.away = dict.fromkeys(away, at_s)
        state.cue = Cue.WAKE if away else Cue.LAY_DOWN
        return cls(state)

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.state.phase is Phase.ENDED

    # -- what tools say

    def levels(self, hand: Hand, t_s: Sequence[float], values: Sequence[float], rest: float) -> list[Cue]:
        """Take samples of a hand's tool.

        Parameters
        ----------
        t_s, values : sequence of float, equally long
            Unix time of each, and the tool's level in the plan's unit.
        rest : float
            Level of the resting hand.
        """
        state = self.state
        if self.ended or not t_s or hand not in state.plan.tools:
            return []
        cues = self.back(hand, t_s[0]) if hand in state.away else []
        state.level[hand] = values[-1] - rest
        if state.phase is Phase.QUIET:
            return cues + self._still(hand, t_s[0], t_s[-1], sum(values) / len(values))
        return cues + self._hold(hand, t_s, [value - rest for value in values])

    def squeeze(self, hand: Hand, *, onset_s: float, offset_s: float, peak: float) -> list[Cue]:
        """Take a counted squeeze; after a lost link it may be an old one."""
        state = self.state
        if self.ended or hand not in state.plan.tools:
            return []
        state.active_s = max(state.active_s, offset_s)
        if state.phase is Phase.WARM_UP and onset_s >= state.phase_since_s:
            return self._warmed_up(hand, offset_s, peak)
        counts = state.phase in (Phase.SET, Phase.ASKING) and onset_s >= state.set_since_s
        if not counts or state.in_set >= state.plan.reps:
            state.extra += state.phase is not Phase.QUIET
            return []
        held = held_s(state, hand, onset_s, offset_s)
        rep = Rep(onset_s, state.set_number, hand, peak, held, is_hit(state, hand, peak, held))
        return self._rep(rep, offset_s)

    def lost(self, hand: Hand, at_s: float) -> list[Cue]:
        """Take note that a hand's tool is out of reach."""
        state = self.state
        if self.ended or hand not in state.plan.tools or hand in state.away:
            return []
        state.away[hand] = at_s
        if state.phase in (Phase.SET, Phase.REST):
            state.gaps.append(Gap(hand, at_s, state.set_number, state.in_set))
        return self._say(Cue.COME_NEARER, at_s)

    def back(self, hand: Hand, at_s: float) -> list[Cue]:
        """Take note that it is there again."""
        state = self.state
        if self.ended or state.away.pop(hand, None) is None:
            return []
        for gap in state.gaps:
            if gap.hand == hand and gap.until_s is None:
                gap.until_s = at_s
        state.active_s = max(state.active_s, at_s)
        if state.phase is Phase.QUIET:
            return self._say(Cue.LAY_DOWN, at_s)
        return self._say(Cue.GO_ON, at_s)

    def tick(self, now_s: float) -> list[Cue]:
        """Let time pass."""
        state = self.state
        if self.ended:
            return []
        rest_s = state.plan.rest_s if state.phase is Phase.REST else 0.0
        if now_s - state.active_s >= LEFT_S + rest_s:
            return self._end("left", now_s, Cue.STOPPED)
        if state.phase is Phase.REST and now_s >= state.phase_since_s + rest_s and not state.away:
            return self._begin_set(now_s)
        if state.phase is not Phase.REST and now_s - max(state.cue_s, state.active_s) >= REMIND_S:
            return self._say(self._reminder(), now_s)
        return []

    # -- what people say

    def pain(self, face: int | None, now_s: float) -> list[Cue]:
        """Something hurts: by the rule it ends here, or a grown-up asks whether to go on.

        Parameters
        ----------
        face : int or None
            0, 2, 4, 6, 8 or 10; None: nobody asked how much, and that is enough to stop.
        """
        state = self.state
        if self.ended:
            return []
        state.pain.append((now_s, face))
        state.active_s = max(state.active_s, now_s)
        if face is None or state.plan.pain.stops(state.plan.pain_before, face):
            return self._end("pain", now_s, Cue.STOPPED_FOR_PAIN)
        if state.phase is not Phase.ASKING:
            state.asking_from = state.phase
        self._turn(Phase.ASKING, now_s)
        return self._say(Cue.ASK_GO_ON, now_s)

    def stop(self, by: Literal["child", "parent"], now_s: float) -> list[Cue]:
        """Stop at once."""
        return [] if self.ended else self._end(by, now_s, Cue.STOPPED)

    def skip(self, now_s: float) -> list[Cue]:
        """Go on without what is waited for: a quiet tool, the rest of the warm-up, of a set or of a rest."""
        state = self.state
        state.active_s = max(state.active_s, now_s)
        match state.phase:
            case Phase.QUIET:
                return self._begin_warm_up(now_s)
            case Phase.WARM_UP | Phase.REST:
                return self._begin_set(now_s)
            case Phase.SET:
                return self._set_over(now_s)
        return []

    def confirm(self, now_s: float) -> list[Cue]:
        """Say that it goes on: after pain that was not enough to stop, or that the child rested enough."""
        state = self.state
        state.active_s = max(state.active_s, now_s)
        if state.phase is Phase.REST:
            return self._begin_set(now_s)
        if state.phase is not Phase.ASKING:
            return []
        self._turn(state.asking_from, now_s)
        if state.asking_from is Phase.SET and state.in_set >= state.plan.reps:
            return self._set_over(now_s)
        return self._say(Cue.GO_ON, now_s)

    def longer(self, now_s: float) -> list[Cue]:
        """Rest for longer."""
        state = self.state
        state.active_s = max(state.active_s, now_s)
        if state.phase is not Phase.REST:
            return []
        state.phase_since_s += LONGER_S
        return self._say(Cue.REST, now_s)

    # -- the parts of an exercise

    def _still(self, hand: Hand, since_s: float, now_s: float, level: float) -> list[Cue]:
        state = self.state
        found = state.quiet.get(hand)
        if found is None or max(found.high, level) - min(found.low, level) > state.plan.still:
            state.quiet[hand] = Quiet(since_s, level, level)
            return []
        found.low, found.high = min(found.low, level), max(found.high, level)
        quiet = [state.quiet.get(one) for one in state.plan.tools]
        if state.away or any(one is None or now_s - one.since_s < QUIET_S for one in quiet):
            return []
        return [Cue.TARE, *self._begin_warm_up(now_s)]

    def _begin_warm_up(self, now_s: float) -> list[Cue]:
        if self.state.plan.warm_up == 0:
            return self._begin_set(now_s)
        self._turn(Phase.WARM_UP, now_s)
        return self._say(Cue.WARM_UP, now_s)

    def _warmed_up(self, hand: Hand, now_s: float, peak: float) -> list[Cue]:
        state = self.state
        state.warmed_up += 1
        if hand not in state.plan.best:  # nothing is known of this hand: it sets its own measure
            state.best[hand] = max(peak, state.best.get(hand, 0.0))
        if state.warmed_up < state.plan.warm_up * (2 if state.plan.pairs else 1):
            return self._say(Cue.GOOD, now_s)
        return self._begin_set(now_s)

    def _begin_set(self, now_s: float) -> list[Cue]:
        state = self.state
        again = state.set_number > 0
        state.active_s = max(state.active_s, now_s)  # after a rest the family has its time again
        state.set_number += 1
        state.set_since_s = now_s
        state.waiting.clear()
        self._turn(Phase.SET, now_s)
        return self._say(Cue.REST_OVER if again else Cue.GO, now_s)

    def _rep(self, rep: Rep, now_s: float) -> list[Cue]:
        state, plan = self.state, self.state.plan
        extra = state.extra
        if plan.pairs:
            joined = self._joined(rep)
            if joined is None:
                return self._say(Cue.TOGETHER, now_s) if self.state.extra > extra else []
            rep = joined
        elif plan.hands is Hands.ALTERNATING and state.reps and state.reps[-1].hand is rep.hand:
            state.extra += 1
            return self._say(Cue.OTHER_HAND, now_s)
        state.reps.append(rep)
        if plan.reps_left is not None and len(state.reps) >= plan.reps_left and not self._whole:
            return self._end("enough", now_s, Cue.ENOUGH_TODAY)
        if state.in_set >= plan.reps and state.phase is Phase.SET:
            return self._set_over(now_s)
        return self._say(self._praise(rep), now_s)

    def _joined(self, rep: Rep) -> Rep | None:
        """A rep of both hands, once the second hand's half is there; None before."""
        waiting = self.state.waiting
        other = waiting.pop(Hand.LEFT if rep.hand is Hand.RIGHT else Hand.RIGHT, None)
        if other is None or abs(other.at_s - rep.at_s) > TOGETHER_S:
            self.state.extra += other is not None or rep.hand in waiting  # a hand that squeezed alone
            waiting[rep.hand] = rep
            return None
        return replace(
            min(rep, other, key=lambda one: one.at_s),
            peak=min(rep.peak, other.peak),
            held_s=min(rep.held_s, other.held_s),
            hit=None if rep.hit is None or other.hit is None else rep.hit and other.hit,
            lag_s=abs(rep.at_s - other.at_s),
        )

    @property
    def _whole(self) -> bool:
        return self.state.set_number >= self.state.plan.sets and self.state.in_set >= self.state.plan.reps

    def _praise(self, rep: Rep) -> Cue:
        state, plan = self.state, self.state.plan
        if state.in_set == plan.reps - 1:
            return Cue.ONE_MORE
        if 2 * len(state.reps) == plan.sets * plan.reps:
            return Cue.HALF_WAY
        if plan.hands is Hands.ALTERNATING:
            return Cue.OTHER_HAND
        return Cue.HELD if rep.hit and plan.hold_s else Cue.GOOD

    def _set_over(self, now_s: float) -> list[Cue]:
        state = self.state
        if state.set_number >= state.plan.sets:
            return self._end("done", now_s, Cue.ALL_DONE)
        if state.plan.rest_s == 0:
            return self._begin_set(now_s)
        self._turn(Phase.REST, now_s)
        return self._say(Cue.REST, now_s)

    def _end(self, by: EndedBy, now_s: float, cue: Cue) -> list[Cue]:
        state = self.state
        self._turn(Phase.ENDED, now_s)
        state.ended_by, state.ended_s = by, now_s
        for gap in state.gaps:
            gap.until_s = now_s if gap.until_s is None else gap.until_s
        return self._say(cue, now_s)

    def _hold(self, hand: Hand, t_s: Sequence[float], force: Sequence[float]) -> list[Cue]:
        seen = follow(self.state, hand, t_s, force)
        if self.state.phase is not Phase.SET:
            return []
        if seen is Seen.LONG_ENOUGH:
            return self._say(Cue.LET_GO, t_s[-1])
        if seen is Seen.ABOVE and self.state.cue is not Cue.SOFTER:
            return self._say(Cue.SOFTER, t_s[-1])
        return []

    # -- small things

    def _reminder(self) -> Cue:
        state = self.state
        if state.phase is Phase.ASKING:
            return Cue.ASK_GO_ON
        if state.away:
            return Cue.COME_NEARER if state.set_number else Cue.WAKE
        return Cue.LAY_DOWN if state.phase is Phase.QUIET else Cue.TAKE_YOUR_TIME

    def _turn(self, phase: Phase, now_s: float) -> None:
        self.state.phase, self.state.phase_since_s = phase, now_s

    def _say(self, cue: Cue, at_s: float) -> list[Cue]:
        self.state.cue, self.state.cue_s = cue, at_s
        return [cue]
