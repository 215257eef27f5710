"""The bundle against HL7's own schema of R4, and against an independent reader.

`fhir-r4.schema.json` is the part of http://hl7.org/fhir/json-schema/4.0 (CC0) that defines what is written
here, without its descriptions.
"""

import copy
import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from fhir.resources.R4B.bundle import Bundle

from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.export.fhir import Plan, PlanItem, bundle, plans
from griphub.hub.program.activity import builtin
from griphub.hub.program.prescription import parse_program
from griphub.hub.program.versions import History, Version
from griphub.hub.records.strength import Outcome, TestTrial
from griphub.hub.records.vocabulary import Hand, Source

PROGRAM = """
[[items]]
id = "dough"
activity = "play-dough"
dose = { days_per_week = 7 }
minutes = 10
"""

SCHEMA = json.loads((Path(__file__).parent / "fhir-r4.schema.json").read_text())
VALIDATOR = jsonschema.Draft6Validator({**SCHEMA, "$ref": "#/definitions/Bundle"})
BERLIN = ZoneInfo("Europe/Berlin")


def checked(**what):
    made = bundle("c-ada", BERLIN, **what)
    VALIDATOR.validate(made)
    Bundle.model_validate_json(json.dumps(made))
    ids = [entry["fullUrl"] for entry in made["entry"]]
    assert len(set(ids)) == len(ids)
    for reference in references(made):
        assert reference in ids, f"{reference} points nowhere"
    return made


def references(node):
    if isinstance(node, dict):
        yield from [node["reference"]] if "reference" in node else []
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def of_type(made, kind):
    return [e["resource"] for e in made["entry"] if e["resource"]["resourceType"] == kind]


def test_the_schema_is_not_lenient(make):
    made = bundle("c-ada", UTC, tests=[make.strength_test()])
    for spoil in (
        lambda o: o.pop("code"),
        lambda o: o.update(status="done"),
        lambda o: o.update(effectiveDateTime="yesterday"),
        lambda o: o.update(grip="firm"),
    ):
        spoilt = copy.deepcopy(made)
        spoil(of_type(spoilt, "Observation")[0])
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate(spoilt)


@pytest.mark.parametrize(("hand", "code"), [(Hand.LEFT, "83173-5"), (Hand.RIGHT, "83174-3")])
def test_a_dynamometer_in_newtons_has_loincs_code(make, hand, code):
    (observation,) = of_type(checked(tests=[make.strength_test(hand)]), "Observation")
    assert observation["code"]["coding"][0] == {
        "system": "http://loinc.org",
        "code": code,
        "display": f"Grip strength Hand - {hand.value} Dynamometer",
    }
    assert observation["valueQuantity"] == {
        "value": pytest.approx(106.0), "unit": "N", "system": "http://unitsofmeasure.org", "code": "N",
    }  # fmt: skip
    assert observation["effectiveDateTime"] == "2026-03-02T17:05:00.000+01:00"
    assert [part["valueQuantity"]["value"] for part in observation["component"]] == [102.0, 110.0, 106.0]


@pytest.mark.parametrize(
    ("kind", "unit", "rule"),
    [
        (ToolKind.BALL, Unit.KILOPASCAL, "mean"),
        (ToolKind.BALL, Unit.NEWTON, "mean"),
        (ToolKind.PUTTY, Unit.NEWTON, "mean"),
        (ToolKind.DYNAMOMETER, Unit.COUNT, "mean"),
        (ToolKind.DYNAMOMETER, Unit.UNKNOWN, "mean"),
        (ToolKind.DYNAMOMETER, Unit.NEWTON, "max_of_both"),
    ],
)
def test_nothing_else_has_it(make, kind, unit, rule):
    test = make.strength_test(kind=kind, unit=unit, outcome=Outcome(score=12.0, rule=rule))
    made = checked(tests=[test])
    assert "loinc" not in json.dumps(made)
    (observation,) = of_type(made, "Observation")
    assert ("unit" in observation["valueQuantity"]) == (unit is not Unit.UNKNOWN)


def test_a_refused_score_and_trials_that_do_not_count_say_why(make):
    trial = {"session_id": make.session_point().session_id, "begin_s": 0.0, "end_s": 4.0}
    test = make.strength_test(
        outcome=Outcome(rule="mean", reason="too_few", because="Only one trial counts; three are needed."),
        trials=(
            TestTrial(**trial, peak=100.0, practice=True),
            TestTrial(**trial, peak=99.0, faults=("held for 0.4 s; 1 s is needed",)),
            TestTrial(**trial, because="nothing stands out of the noise"),
        ),
    )
    (observation,) = of_type(checked(tests=[test]), "Observation")
    assert "valueQuantity" not in observation
    assert observation["dataAbsentReason"]["text"] == "Only one trial counts; three are needed."
    practice, invalid, nothing = observation["component"]
    assert practice["code"]["text"] == "Practice trial 1"
    assert invalid["interpretation"] == [{"text": "does not count: held for 0.4 s; 1 s is needed"}]
    assert nothing["dataAbsentReason"]["text"] == "nothing stands out of the noise"


def test_simulated_results_are_marked_as_test_data(make):
    made = checked(
        tests=[make.strength_test(source=Source.SIMULATED)],
        sessions=[make.session_point(source=Source.SIMULATED)],
        feedback=[make.feedback(source=Source.SIMULATED)],
    )
    observations = of_type(made, "Observation")
    assert len(observations) == 4
    assert all(o["meta"]["security"][0]["code"] == "HTEST" for o in observations)
    assert all("meta" not in o for o in of_type(checked(tests=[make.strength_test()]), "Observation"))


def test_a_tool_that_cannot_count_gives_no_count(make):
    counted, not_counted = of_type(
        checked(
            sessions=[
                make.session_point(),
                make.session_point(session_id=make.feedback().event_id, counts=False),
            ]
        ),
        "Observation",
    )
    assert counted["valueQuantity"]["value"] == 14
    assert "valueQuantity" not in not_counted
    assert "too slow or coarse" in not_counted["dataAbsentReason"]["text"]


def test_pain_is_told_before_and_after_and_not_where_nobody_asked(make):
    made = checked(feedback=[make.feedback(pain_before=None)])
    (after,) = of_type(made, "Observation")
    assert after["valueInteger"] == 2
    assert after["code"]["coding"][0]["code"] == "pain-after"


def test_programs_become_plans_with_goals(make):
    plans = [
        Plan(
            1,
            date(2026, 1, 5),
            date(2026, 2, 1),
            (PlanItem("Putty", "10 minutes, 5 days a week"),),
            ("Jars",),
        ),
        Plan(2, date(2026, 2, 2), None, (), ()),
    ]
    made = checked(plans=plans)
    first, second = of_type(made, "CarePlan")
    assert (first["status"], second["status"]) == ("completed", "active")
    assert first["period"] == {"start": "2026-01-05", "end": "2026-02-01"}
    assert first["activity"][0]["detail"]["scheduledString"] == "10 minutes, 5 days a week"
    assert "activity" not in second
    assert [goal["description"]["text"] for goal in of_type(made, "Goal")] == ["Jars"]


def test_only_versions_that_held_become_plans():
    program = parse_program(PROGRAM, builtin())
    at = datetime(2026, 1, 1, tzinfo=UTC)
    history = History(
        [
            Version(1, program, date(2026, 1, 5), at, "t-1"),
            Version(2, program, date(2026, 2, 2), at, "t-1"),
            Version(3, None, date(2026, 2, 2), at, "t-1"),  # taken back on the same day
            Version(4, program, date(2026, 3, 2), at, "t-1"),
        ]
    )
    made = plans(history, builtin())
    assert [(plan.version, plan.since, plan.until) for plan in made] == [
        (1, date(2026, 1, 5), date(2026, 2, 1)),
        (4, date(2026, 3, 2), None),
    ]
    assert len(of_type(checked(plans=made), "CarePlan")) == 2


def test_exporting_twice_gives_the_same(make):
    what = {
        "tests": [make.strength_test()],
        "sessions": [make.session_point()],
        "feedback": [make.feedback()],
    }
    assert checked(**what) == checked(**what)


def test_nothing_but_the_pseudonym_says_who_it_is(make):
    (patient,) = of_type(checked(), "Patient")
    assert set(patient) == {"resourceType", "id", "identifier"}
    assert patient["identifier"][0]["value"] == "c-ada"
