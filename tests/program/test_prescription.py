"""A program is taken whole, or refused on the field that is wrong."""

import json

import pytest

from griphub.hub.program.activity import Kind, builtin, read_own
from griphub.hub.program.diff import differences
from griphub.hub.program.errors import ProgramError
from griphub.hub.program.faces import FACES, PainRule, age_note
from griphub.hub.program.prescription import (
    TRAINING,
    Goal,
    Program,
    Unit,
    check_program,
    parse_program,
    read_program,
)

from .conftest import WINTER


def item(**changes: object) -> dict[str, object]:
    whole: dict[str, object] = {
        "id": "a",
        "activity": "squeeze-ball",
        "dose": {"days_per_week": 5},
        "squeezes": {"sets": 3, "reps": 10, "hands": "right", "zone": [40, 60]},
    }
    whole.update(changes)
    return {name: value for name, value in whole.items() if value is not None}


SQUEEZES = {"sets": 3, "reps": 10, "hands": "right"}

BAD = [
    ("items", {"items": []}),
    ("items.0.dose", {"items": [item(dose=None)]}),
    ("items.0.dose", {"items": [item(dose={})]}),
    ("items.0.dose", {"items": [item(dose={"days": ["mon", "mon"]})]}),
    ("items.0.dose", {"items": [item(dose={"days": ["mon"], "days_per_week": 3})]}),
    ("items.0.dose.days_per_week", {"items": [item(dose={"days_per_week": 8})]}),
    ("items.0.activity", {"items": [item(activity="juggling-knives")]}),
    ("items.0.squeezes.zone", {"items": [item(squeezes={**SQUEEZES, "zone": [40, 150]})]}),
    ("items.0.squeezes.zone", {"items": [item(squeezes={**SQUEEZES, "zone": [60, 40]})]}),
    ("items.0.squeezes.reps", {"items": [item(squeezes={**SQUEEZES, "reps": 0})]}),
    ("items.0.squeezes.hands", {"items": [item(squeezes={**SQUEEZES, "hands": "third"})]}),
    ("items.0.squeezes.tool", {"items": [item(squeezes={**SQUEEZES, "tool": "putty"})]}),
    ("items.0.minutes", {"items": [item(activity="puzzle", squeezes=None, minutes=-5)]}),
    ("items.0", {"items": [item(squeezes=None)]}),
    ("items.0", {"items": [item(minutes=5)]}),
    ("items.0", {"items": [item(squeezes=SQUEEZES, progression={})]}),
    ("items.0.squeezes", {"items": [item(activity="puzzle")]}),
    ("items.0.progression", {"items": [item(progression={"low": 80, "high": 70})]}),
    (
        "items.0.test.protocol",
        {"items": [item(activity="strength-test", squeezes=None, test={"protocol": "best-of-ten"})]},
    ),
    (
        "items.0.test.hands",
        {"items": [item(activity="strength-test", squeezes=None, test={"hands": "alternating"})]},
    ),
    ("program", {"items": [item(), item()]}),
    ("program", {"items": [item(goal="flying")]}),
    ("program", {"items": [item()], "max_reps_per_day": 29}),
    ("program", {"items": [item(activity="puzzle", squeezes=None, minutes=60)], "max_minutes_per_day": 45}),
    ("pain.stop_rise", {"items": [item()], "pain": {"stop_rise": 3}}),
    ("training.0", {"items": [item()], "training": ["juggling"]}),
    ("colour", {"items": [item()], "colour": "red"}),
]


@pytest.mark.parametrize(("field", "values"), BAD, ids=[f"{i}-{field}" for i, (field, _) in enumerate(BAD)])
def test_what_is_wrong_is_told_on_its_field(field: str, values: dict[str, object]) -> None:
    with pytest.raises(ProgramError) as told:
        read_program(values, builtin())
    assert told.value.field == field
    assert str(told.value).endswith((".", "there are."))


def test_toml_and_json_read_the_same(winter: Program) -> None:
    assert parse_program(winter.model_dump_json(exclude_unset=True), builtin()) == winter
    assert parse_program(json.dumps(winter.model_dump(mode="json")), builtin()) == winter


@pytest.mark.parametrize("text", ["items = [", "{", "[]", '"a"'])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(ProgramError):
        parse_program(text, builtin())


def test_units_and_doses(winter: Program) -> None:
    assert [(one.unit, one.per_day) for one in winter.items] == [
        (Unit.REPS, 30.0),
        (Unit.MINUTES, 10.0),
        (Unit.TICKS, 1.0),
    ]
    assert winter.training == tuple(TRAINING)


def test_the_library_covers_what_home_programs_ask_for() -> None:
    asked = {
        "puzzle",
        "play-dough",
        "jars-and-bottles",
        "catch-and-throw",
        "clothespins",
        "stress-ball",
        "colouring",
        "squeeze-ball",
        "squeeze-putty",
        "squeeze-both",
        "strength-test",
    }
    library = builtin()
    assert asked <= set(library)
    for activity in library.values():
        assert activity.needs
        assert activity.steps
        assert activity.safety
        assert bool(activity.tools) == (activity.kind is not Kind.HOUSEHOLD)
        text = activity.model_dump_json()
        assert not any(sign in text for sign in ("<", "http", "**"))


def test_a_clinics_own_activity_wins() -> None:
    own = builtin()["puzzle"].model_dump(mode="json") | {"title": "Our puzzle", "own": False}
    library = builtin().with_own(read_own({"activity": [own]}))
    assert library["puzzle"].title == "Our puzzle"
    assert library["puzzle"].own
    with pytest.raises(ProgramError, match="two activities"):
        read_own({"activity": [own, own]})
    with pytest.raises(ProgramError) as told:
        read_own({"activity": [own | {"safety": []}]})
    assert told.value.field == "activity.0.safety"


@pytest.mark.parametrize(
    ("rule", "before", "now", "stops"),
    [
        (PainRule(), 0, 2, False),
        (PainRule(), 0, 4, True),
        (PainRule(), None, 4, True),
        (PainRule(), 6, 8, False),
        (PainRule(stop_at=8), 6, 8, True),
        (PainRule(stop_rise=2), 2, 4, True),
        (PainRule(), 8, 2, False),
    ],
)
def test_pain_ends_a_session_by_the_therapists_rule(
    rule: PainRule, before: int | None, now: int, stops: bool
) -> None:
    assert rule.stops(before, now) is stops


def test_faces_say_for_whom_they_are() -> None:
    assert FACES == (0, 2, 4, 6, 8, 10)
    assert age_note(8) == age_note(None) == ""
    assert "4 and older" in age_note(3)
    assert "Below 7" in age_note(5)


def test_the_example_reads() -> None:
    assert len(parse_program(WINTER, builtin()).items) == 3


def test_a_form_is_told_everything_that_is_wrong_at_once() -> None:
    values = {
        "items": [
            {"id": "a", "activity": "play-dough", "dose": {}, "minutes": 10},
            {"id": "b", "activity": "puzzle", "dose": {"days_per_week": 9}, "minutes": 0},
        ]
    }
    program, wrong = check_program(values, builtin())
    assert program is None
    assert [one.field for one in wrong] == ["items.0.dose", "items.1.dose.days_per_week", "items.1.minutes"]


def test_what_changes_is_said_in_words_for_the_whole_program_too() -> None:
    item = {"activity": "puzzle", "dose": {"days_per_week": 3}, "minutes": 10}
    before = Program.model_validate({"items": [item | {"id": "a"}, item | {"id": "b"}]})
    after = before.model_copy(
        update={
            "items": before.items[::-1],
            "goals": (Goal(id="lunch", words="Opens the lunch box"),),
            "pain": PainRule(stop_at=6),
        }
    )
    assert differences(before, after, builtin()) == [
        "~ order: b, a",
        "~ pain: stop 4 points above the face before → stop 4 points above the face before, or at 6",
        "~ goals: none → lunch: Opens the lunch box",
    ]
