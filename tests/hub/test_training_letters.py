"""What parents learned, and what a home asked for before it joined, are known at both ends."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from griphub.hub.config import Config
from griphub.hub.database.actor import Actor
from griphub.hub.program import commands, home
from griphub.hub.program.errors import ProgramError
from griphub.hub.program.joining import joined as has_joined
from griphub.hub.program.joining import require_prescriber
from griphub.hub.program.keys import shown, signing_key, trust
from griphub.hub.program.post import HOME, training_of
from griphub.hub.records.event import encode
from griphub.hub.records.post import Learned, TrainingTold

from .conftest import Broker
from .letters import program
from .test_conversation import End, hub, ingest, joined, until

__all__ = ["joined"]

OWNER = Actor.owner()
PART = Actor.part("test")
DAY = date(2026, 11, 2)


def learned(end: End) -> dict[str, date]:
    with end[1].reading(PART) as work:
        return {row.topic: row.learned_on for row in training_of(work, "c-1")}


def learn(end: End, *topics: str, on: date = DAY) -> None:
    with end[1].work(PART) as work:
        commands.trained(work, "c-1", topics, on=on)


def versions(end: End) -> list[tuple[str, str, str]]:
    with end[1].reading(PART) as work:
        found = commands.history(work, "c-1").versions
    return [(one.program.title if one.program else "", one.by, one.because) for one in found]


def asked(end: End, day: date = DAY) -> str:
    with end[1].reading(PART) as work:
        found = commands.history(work, "c-1").program(day)
    return found.title if found else ""


@pytest.mark.usefixtures("quickly")
async def test_what_parents_learned_is_known_at_both_ends_each_once(
    clinic: End, joined: End, running_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.hub.program.carrying.POLL_S", 0.05)
    learn(joined, "faces")
    learn(clinic, "saw_it")
    with ingest(clinic[0]) as journal:
        async with hub(joined[0]):
            await until(lambda: learned(clinic) == learned(joined) == {"faces": DAY, "saw_it": DAY})
            learn(joined, "tools", on=DAY + timedelta(days=1))
            learn(clinic, "tools", on=DAY + timedelta(days=2))  # on the same day at both ends, unknowing
            await until(lambda: len(learned(clinic)) == len(learned(joined)) == 3)
        async with hub(joined[0]):  # tells everything once more when it starts
            learn(joined, "help")
            await until(lambda: "help" in learned(clinic))
        # late, of another home's child, and of a topic of a later version
        now = {"site": "home", "measured_at": "2026-11-02T17:00:00Z"}
        told = [("hub", "c-1", "faces"), ("hub2", "c-1", "stop_rule"), ("hub", "c-2", "did_it")]
        for n, (place, child, topic) in enumerate([*told, ("hub", "c-1", "new")]):
            event = TrainingTold(
                event_id=UUID(int=n + 1),
                hub=place,
                child_id=child,
                learned=(Learned(topic=topic, learned_on=DAY + timedelta(days=9)),),
                **now,
            )
            journal.append([(event.event_id, encode(event))])
        await until(lambda: "new" in learned(clinic))
    assert learned(clinic)["faces"] == DAY
    assert {"stop_rule", "did_it"}.isdisjoint(learned(clinic))
    with clinic[1].reading(PART) as work:
        program_left = commands.training_left(
            work, "c-1", program().model_copy(update={"training": ("faces", "did_it")})
        )
    assert program_left == ["did_it"]


@pytest.mark.usefixtures("quickly")
async def test_what_a_home_asked_for_before_it_joined_is_known_at_the_clinic(
    config: Config, clinic: End, running_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.hub.program.carrying.POLL_S", 0.05)
    with home.opened(config) as database:
        there = (config, database)
        with database.work(OWNER) as work:
            require_prescriber(work, config, "c-1")  # nobody else does
            commands.prescribe(
                work, "c-1", program("Our own"), valid_from=DAY, today=DAY, because="He asked for it"
            )
        trust(config, shown(signing_key(clinic[0]).public_key()))
        with database.reading(OWNER) as work:
            assert has_joined(work, config, "c-1")
            with pytest.raises(ProgramError, match=r"made by the clinic.*griphub program tell c-1"):
                require_prescriber(work, config, "c-1")
        with clinic[1].reading(OWNER) as work:
            require_prescriber(work, clinic[0], "c-1")
        with ingest(clinic[0]):
            async with hub(config):
                await until(lambda: versions(clinic) == [("Our own", HOME, "")])
                assert asked(clinic) == "Our own"
                with clinic[1].work(OWNER) as work:
                    commands.prescribe(work, "c-1", program("Theirs"), valid_from=DAY, today=DAY)
                await until(lambda: asked(there) == "Theirs")
            async with hub(config):
                with database.work(PART) as work:
                    commands.trained(work, "c-1", ["faces"], on=DAY)
                await until(lambda: "faces" in learned(clinic))
        assert [title for title, *_ in versions(clinic)] == ["Our own", "Theirs"]
        assert [title for title, *_ in versions(there)] == ["Our own", "Theirs"]
