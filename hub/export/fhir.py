"""Results and program of a child as a FHIR R4 bundle, for a clinic's record system.

LOINC's codes for grip strength (83173-5 left, 83174-3 right) mean a dynamometer, so only one in newtons gets
them. A ball, putty, a count of squeezes and a faces scale get codes of our own: a borrowed code would let
another program compare what cannot be compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import zip_longest
from typing import Any
from uuid import UUID, uuid5

from ...firmware_bridge.samples import ToolKind, Unit
from ..program.activity import Library
from ..program.diff import amount, how_often, title_of
from ..program.versions import History, Version
from ..records.ids import EVENT_NAMESPACE
from ..records.said import FeedbackGiven
from ..records.strength import StrengthTested
from ..records.vocabulary import Hand, Source
from ..stores.models import SessionPoint

Json = dict[str, Any]

SYSTEM = "https://github.com/griphub/griphub/fhir"
_LOINC = "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"
_HL7 = "http://terminology.hl7.org/CodeSystem"

_DYNAMOMETER = {
    Hand.LEFT: ("83173-5", "Grip strength Hand - left Dynamometer"),
    Hand.RIGHT: ("83174-3", "Grip strength Hand - right Dynamometer"),
}
_UNITS = {Unit.NEWTON: "N", Unit.KILOPASCAL: "kPa", Unit.COUNT: "{count}"}

_BOTH = "max_of_both"  #: a score of both hands at once is none of either

#: Simulated results carry HL7's mark of test data, so that no record system takes them for a child's.
_TEST_DATA = {
    "security": [{"system": f"{_HL7}/v3-ActReason", "code": "HTEST", "display": "test health data"}]
}


@dataclass(frozen=True, slots=True)
class PlanItem:
    """What a program asks for, in words."""

    title: str
    dose: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A version of a program: valid from a day until before another, or until now where `until` is None."""

    version: int
    since: date
    until: date | None
    items: tuple[PlanItem, ...]
    goals: tuple[str, ...]


def plans(history: History, library: Library) -> list[Plan]:
    """Versions of a program that ever held, each with the days on which it did."""
    held: dict[date, Version] = {version.valid_from: version for version in history.versions}
    begun = sorted(held)
    ends = [later - timedelta(days=1) for later in begun[1:]]
    found = []
    for since, until in zip_longest(begun, ends):
        version = held[since]
        if version.program is not None:
            items = tuple(
                PlanItem(
                    title_of(item, library), f"{amount(item)}, {how_often(item.dose)}".removeprefix(", ")
                )
                for item in version.program.items
            )
            goals = tuple(goal.words for goal in version.program.goals)
            found.append(Plan(version.number, since, until, items, goals))
    return found


def bundle(
    child_id: str,
    zone: tzinfo | None,
    *,
    tests: Iterable[StrengthTested] = (),
    sessions: Iterable[SessionPoint] = (),
    feedback: Iterable[FeedbackGiven] = (),
    plans: Iterable[Plan] = (),
) -> Json:
    """Everything as one collection; the child is known by its pseudonymous id only.

    Parameters
    ----------
    zone : tzinfo or None
        The family's, for local times; None: this machine's.
    """
    child = _Child(child_id, zone)
    resources: list[Json] = [child.patient()]
    tests, sessions = list(tests), list(sessions)
    measured: list[StrengthTested | SessionPoint] = [*tests, *sessions]
    devices = {(each.tool_id, each.firmware): each.tool_kind for each in measured}
    resources += [_device(tool, firmware, kind) for (tool, firmware), kind in sorted(devices.items())]
    resources += [child.strength(test) for test in tests]
    resources += [child.repetitions(session) for session in sessions]
    resources += [child.pain(told, when) for told in feedback for when in ("before", "after")
                  if getattr(told, f"pain_{when}") is not None]  # fmt: skip
    for plan in plans:
        goals = [child.goal(plan, number, text) for number, text in enumerate(plan.goals)]
        resources += [*goals, child.care_plan(plan, goals)]
    entries = [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _id(*what: object) -> str:
    """Id of a resource from what it tells: exporting twice gives the same."""
    return str(uuid5(EVENT_NAMESPACE, "fhir:" + ":".join(map(str, what))))


def _own(code: str, text: str) -> Json:
    return {"coding": [{"system": f"{SYSTEM}/code", "code": code, "display": text}], "text": text}


def _reference(resource_id: str) -> Json:
    return {"reference": f"urn:uuid:{resource_id}"}


def _quantity(value: float, unit: Unit) -> Json:
    if unit not in _UNITS:
        return {"value": value}  # a unit that nobody knows is left out, not guessed
    return {"value": value, "unit": _UNITS[unit].strip("{}"), "system": _UCUM, "code": _UNITS[unit]}


def _absent(code: str, because: str) -> Json:
    return {"coding": [{"system": f"{_HL7}/data-absent-reason", "code": code}], "text": because}


def _device(tool_id: str, firmware: str, kind: ToolKind) -> Json:
    device: Json = {
        "resourceType": "Device",
        "id": _id("device", tool_id, firmware),
        "identifier": [{"system": f"{SYSTEM}/tool", "value": tool_id}],
        "type": _own(kind.value, {ToolKind.BALL: "Instrumented squeeze ball", ToolKind.PUTTY: "Putty sensor",
                                  ToolKind.DYNAMOMETER: "Hand dynamometer"}[kind]),
    }  # fmt: skip
    if firmware:
        device["version"] = [{"type": {"text": "firmware"}, "value": firmware}]
    return device


class _Child:
    """Resources about one child."""

    def __init__(self, child_id: str, zone: tzinfo | None) -> None:
        self._child_id = child_id
        self._zone = zone
        self._subject = _reference(_id("child", child_id))

    def patient(self) -> Json:
        return {
            "resourceType": "Patient",
            "id": _id("child", self._child_id),
            "identifier": [{"system": f"{SYSTEM}/child", "value": self._child_id}],
        }

    def _time(self, at: datetime) -> str:
        return at.astimezone(self._zone).isoformat(timespec="milliseconds")

    def _observation(self, event_id: UUID | str, code: Json, at: datetime, source: Source) -> Json:
        resource: Json = {
            "resourceType": "Observation",
            "id": _id("observation", event_id),
            "identifier": [{"system": f"{SYSTEM}/event", "value": str(event_id)}],
            "status": "final",
            "category": [{"coding": [{"system": f"{_HL7}/observation-category", "code": "exam"}]}],
            "code": code,
            "subject": self._subject,
            "effectiveDateTime": self._time(at),
        }
        if source is Source.SIMULATED:
            resource["meta"] = _TEST_DATA
        return resource

    def strength(self, test: StrengthTested) -> Json:
        """One hand's test: its score, or why there is none, and each trial."""
        outcome = test.outcome
        resource = self._observation(test.event_id, _strength_code(test), test.measured_at, test.source)
        both = outcome.rule == _BOTH
        resource["bodySite"] = {"text": "Both hands" if both else f"{test.hand.value.capitalize()} hand"}
        resource["method"] = {"text": f"{test.protocol}; score: {outcome.rule.replace('_', ' ')}"}
        resource["device"] = _reference(_id("device", test.tool_id, test.firmware))
        if outcome.score is not None:
            resource["valueQuantity"] = _quantity(outcome.score, test.unit)
        else:
            resource["dataAbsentReason"] = _absent("unknown", outcome.because or outcome.reason)
        notes = [outcome.trust] if outcome.trust else []
        if outcome.score_sd is not None:
            notes.append(f"standard uncertainty {outcome.score_sd:.3g} {_UNITS.get(test.unit, '')}".strip())
        if notes:
            resource["note"] = [{"text": note} for note in notes]
        components = []
        for number, trial in enumerate(test.trials, 1):
            name = f"Practice trial {number}" if trial.practice else f"Trial {number}"
            component: Json = {"code": _own("trial", name)}
            if trial.peak is not None:
                component["valueQuantity"] = _quantity(trial.peak, test.unit)
            else:
                component["dataAbsentReason"] = _absent("unknown", trial.because or "no peak")
            if trial.faults:
                component["interpretation"] = [{"text": f"does not count: {fault}"} for fault in trial.faults]
            components.append(component)
        if components:
            resource["component"] = components
        return resource

    def repetitions(self, session: SessionPoint) -> Json:
        """Squeezes of a session, and the highest of them."""
        code = _own("squeezes", "Squeezes counted in a session")
        resource = self._observation(session.session_id, code, session.started_at, session.source)
        resource["bodySite"] = {"text": f"{session.hand.value.capitalize()} hand"}
        resource["device"] = _reference(_id("device", session.tool_id, session.firmware))
        if session.counts:
            resource["valueQuantity"] = {
                "value": session.squeezes, "unit": "squeezes", "system": _UCUM, "code": "{squeeze}",
            }  # fmt: skip
        else:
            resource["dataAbsentReason"] = _absent(
                "not-performed", "This tool is too slow or coarse to count."
            )
        if session.peak is not None:
            resource["component"] = [
                {
                    "code": _own("session-peak", "Highest squeeze of the session"),
                    "valueQuantity": _quantity(session.peak, session.unit),
                }
            ]
        return resource

    def pain(self, told: FeedbackGiven, when: str) -> Json:
        """A face of the revised faces pain scale, before or after."""
        code = _own(f"pain-{when}", f"Pain on a faces scale, 0 to 10, {when} the exercise")
        resource = self._observation(f"{told.event_id}:{when}", code, told.measured_at, told.source)
        resource["category"] = [{"coding": [{"system": f"{_HL7}/observation-category", "code": "survey"}]}]
        resource["valueInteger"] = getattr(told, f"pain_{when}")
        return resource

    def goal(self, plan: Plan, number: int, text: str) -> Json:
        """An everyday goal of the family."""
        return {
            "resourceType": "Goal",
            "id": _id("goal", self._child_id, plan.version, number),
            "lifecycleStatus": "active" if plan.until is None else "completed",
            "description": {"text": text},
            "subject": self._subject,
            "startDate": plan.since.isoformat(),
        }

    def care_plan(self, plan: Plan, goals: Sequence[Json]) -> Json:
        """A version of the home program."""
        period = {"start": plan.since.isoformat()}
        if plan.until is not None:
            period["end"] = plan.until.isoformat()
        status = "in-progress" if plan.until is None else "completed"
        resource: Json = {
            "resourceType": "CarePlan",
            "id": _id("plan", self._child_id, plan.version),
            "status": "active" if plan.until is None else "completed",
            "intent": "plan",
            "title": f"Home program, version {plan.version}",
            "subject": self._subject,
            "period": period,
        }
        if plan.items:
            resource["activity"] = [
                {"detail": {"status": status, "description": item.title, "scheduledString": item.dose}}
                for item in plan.items
            ]
        if goals:
            resource["goal"] = [_reference(goal["id"]) for goal in goals]
        return resource


def _strength_code(test: StrengthTested) -> Json:
    if test.tool_kind is ToolKind.DYNAMOMETER and test.unit is Unit.NEWTON and test.outcome.rule != _BOTH:
        code, display = _DYNAMOMETER[test.hand]
        return {"coding": [{"system": _LOINC, "code": code, "display": display}], "text": display}
    return _own(f"grip-{test.tool_kind.value}", f"Greatest squeeze of a {test.tool_kind.value}")
