"""What goes wrong and when, drawn from a seed: the same seed is the same plan."""

from dataclasses import dataclass
from random import Random

HUBS = ("north", "south")
#: The machines of the run, each with its own disk and clock.
MACHINES = (*HUBS, "server", "broker")

#: What can be done, to whom, and for how long at most (seconds; 0: it takes no time).
KINDS: dict[str, tuple[tuple[str, ...], float]] = {
    "kill broker": (("broker",), 0),
    "kill ingest": (("server",), 0),
    "kill ingest at its commit": (("server",), 0),
    "kill store writer": (("server",), 0),
    "kill forwarder": (("server",), 0),
    "kill hub": (HUBS, 0),
    "kill hub at its commit": (HUBS, 0),
    "kill hub at an answer": (HUBS, 0),
    "hub away": (HUBS, 90),
    "hub frozen": (HUBS, 12),
    "power failure": (HUBS, 0),
    "cut": ((*HUBS, "server"), 8),
    "stall upwards": ((*HUBS, "server"), 8),
    "stall downwards": ((*HUBS, "server"), 8),
    "half-open": ((*HUBS, "server"), 30),
    "delay": ((*HUBS, "server"), 10),
    "lose messages": ((*HUBS, "server"), 6),
    "repeat messages": ((*HUBS, "server"), 10),
    "reorder messages": ((*HUBS, "server"), 10),
    "full disk, hub": (HUBS, 8),
    "full disk, ingest": (("server",), 8),
    "full disk, broker": (("broker",), 8),
    "clock forward": ((*HUBS, "server"), 6),
    "clock back": ((*HUBS, "server"), 6),
}

#: Kills that wait for their moment.
MOMENTS = {
    "kill ingest at its commit",
    "kill store writer",
    "kill forwarder",
    "kill hub at its commit",
    "kill hub at an answer",
}


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing that goes wrong with one machine."""

    at_s: float
    kind: str
    victim: str
    for_s: float

    @property
    def until_s(self) -> float:
        """When it is over."""
        return self.at_s + self.for_s


def plan(seed: int, seconds: float, kinds: tuple[str, ...] = tuple(KINDS)) -> list[Blow]:
    """Every kind at least once, in an order of its own, evenly over `seconds`; more often in a longer run.

    In a short run all lasts less long, so that as much of it is quiet. The same fault does not happen to the
    same machine twice at a time, and a clock is wrong in one way at a time.
    """
    random = Random(seed)
    rounds = max(1, round(seconds / 5 / len(kinds)))
    order: list[str] = []
    for _ in range(rounds):
        # a moment must have time to come, so those that wait for one are not among the last
        others = random.sample([kind for kind in kinds if kind not in MOMENTS], len(set(kinds) - MOMENTS))
        for kind in random.sample(sorted(MOMENTS & set(kinds)), len(MOMENTS & set(kinds))):
            others.insert(random.randrange(2 * len(others) // 3 + 1), kind)
        order += others
    step_s = seconds / len(order)
    blows: list[Blow] = []
    for number, kind in enumerate(order):
        victims, longest_s = KINDS[kind]
        at_s = round((number + random.random()) * step_s, 2)
        for_s = round(min(longest_s, seconds / 8) * random.uniform(0.3, 1), 2)
        free = [
            victim
            for victim in victims
            if not any(
                b.victim == victim and b.until_s > at_s and b.kind.split()[0] == kind.split()[0]
                for b in blows
            )
        ]
        if not free:  # some seconds later
            busy_s = max(b.until_s for b in blows if b.victim in victims)
            at_s, free = round(busy_s + 0.1, 2), list(victims)
        blows.append(Blow(at_s, kind, random.choice(free), for_s))
    return sorted(blows, key=lambda blow: blow.at_s)
