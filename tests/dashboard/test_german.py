"""Nothing of a German page is English: every page is drawn for every role, and read."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context
from griphub.hub.config import BrokerConfig, ChildConfig, Config
from griphub.hub.database.actor import Actor
from griphub.hub.people.household import let_treat
from griphub.hub.program import annotations, commands, visits
from griphub.hub.program.activity import builtin
from griphub.hub.program.prescription import parse_program
from griphub.hub.program.versions import PauseReason
from griphub.hub.records.said import FeedbackGiven
from griphub.hub.records.strength import Outcome
from griphub.hub.records.vocabulary import Hand, Person
from griphub.hub.stores.sqlite import SqliteStore

from .conftest import _eight_weeks, _strength_test, free_port
from .families import PROGRAM, done
from .test_pages import OWN

#: Words of English that are none of German and stand in nearly every sentence.
ENGLISH = re.compile(
    r"\b(the|of|is|are|and|with|without|not|your|this|that|from|to|by|it|its|for|day|days|week|weeks|squeeze|"
    r"squeezes|than|has|have|be|as|at|on|or|no|nothing|nobody)\b",
    re.IGNORECASE,
)
#: What is no language: what somebody types, markup, names of files and of fields that are filled in.
ON_PURPOSE = re.compile(
    r"`[^`]*`|<code>.*?</code>|<style>.*?</style>|<svg.*?</svg>|<[^>]+>|https?://\S+|\b\S+\.(csv|md|toml|py)\b|"
    r"\{\w+\}|(?<!\S)/\S+",
    re.DOTALL,
)
#: Fields of Streamlit's elements that nobody reads.
UNREAD = {
    *("id", "form_id", "key", "element_id", "user_key", "page_hash", "icon", "type", "url", "spec", "hash"),
    *("data", "vega_lite_spec", "color", "tag", "query_string", "locale", "format", "timezone"),
    *("html_content", "css_content", "js_content", "code_text", "svg"),
}

GERMAN = """
title = "Zu Hause"
goals = [{ id = "brot", words = "Macht die Brotdose allein auf" }]
training = ["saw_it", "faces", "help"]
note = "Immer vor dem Essen."

[[items]]
id = "squeeze"
activity = "squeeze-ball"
dose = { days_per_week = 5 }
squeezes = { sets = 3, reps = 8, hold_s = 2, rest_s = 10, hands = "left", zone = [25, 85] }
progression = { low = 60 }
slots = ["after_school"]
goal = "brot"

[[items]]
id = "puzzle"
activity = "puzzle"
dose = { days = ["mon", "fri"], times_per_day = 2 }
ticks = 1
note = "Mit dem Bruder."

[[items]]
id = "test"
activity = "strength-test"
dose = { days_per_week = 1 }
test = { protocol = "asht", hands = "both" }
"""
FIRST = (
    PROGRAM.replace("At home", "Daheim")
    .replace("Opens the lunch box alone", "Die Dose geht auf")
    .replace("Warm the *dough* first.", "Erst *wärmen*.")
)


def _script(path: str) -> None:
    import streamlit as st

    from griphub.dashboard import i18n, pages, preferences, router

    preferences.load()
    st.session_state[i18n.KEY] = "de"
    router.guarded(next(page for page in pages.PAGES if page.path == path))()


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Ada has two programs, a break, visits, notes, tests and eight weeks of squeezes."""
    config = Config(
        data_dir=tmp_path_factory.mktemp("home"),
        broker=BrokerConfig(port=free_port()),
        children=(ChildConfig(id="c-ada", alias="Ada"), ChildConfig(id="c-ben", alias="Ben")),
    )
    context.bind(config)
    let_treat(context.database(), config)
    now = datetime.now(UTC)
    today = now.date()
    with context.database().work(Actor.part("test")) as work:
        for text, days in ((FIRST, 40), (GERMAN, 10)):
            day = today - timedelta(days=days)
            commands.prescribe(work, "c-ada", parse_program(text, builtin()), valid_from=day, today=day)
        since, until = today - timedelta(days=8), today - timedelta(days=7)
        commands.pause(work, "c-ada", since=since, until=until, reason=PauseReason.ILLNESS)
        for days in (30, 3, -2):
            visits.add(work, "c-ada", day=today - timedelta(days=days))
        annotations.add(work, "c-ada", first=since, last=until, words="Neue Schiene", shared=True)
    tests = [
        _strength_test(days_ago=days, hand=hand, score=score, event_id=uuid4())
        for days in (3, 9, 16, 23, 30)
        for hand, score in ((Hand.LEFT, 60.0 - days / 10), (Hand.RIGHT, 90.0))
    ]
    refused = Outcome(rule="mean", reason="too_short", because="ASHT 2015 needs 3 of the left hand.")
    felt = FeedbackGiven(
        event_id=uuid4(),
        measured_at=now - timedelta(days=1),
        site="home",
        hub="hub",
        child_id="c-ada",
        said_by=Person.PARENT,
        pain_before=2,
        pain_after=6,
        enjoyment=6,
        observation="Hat gelacht",
    )
    tests.append(_strength_test(days_ago=2, score=None, event_id=uuid4(), outcome=refused))
    context.close()
    store = SqliteStore(config.data_dir / "store.db")
    store.write([*_eight_weeks(now), *(done(today - timedelta(days=n)) for n in range(1, 6)), *tests, felt])
    store.close()
    return config


def texts(message: Message) -> Iterator[str]:
    """Everything of an element that somebody may read."""
    for field, value in message.ListFields():
        if field.name in UNREAD:
            continue
        for one in value if field.is_repeated else [value]:
            if isinstance(one, Message):
                yield from texts(one)
            elif isinstance(one, str):
                yield from _inside(one)


def _inside(text: str) -> Iterator[str]:
    """A text itself, or what is said in one that is JSON."""
    try:
        found = json.loads(text) if text.startswith(("{", "[")) else text
    except ValueError:
        found = text
    waiting = [found]
    while waiting:
        match waiting.pop():
            case str(said):
                yield said
            case list(parts):
                waiting += parts
            case dict(parts):
                waiting += [part for name, part in parts.items() if name not in UNREAD]


def read(app: AppTest) -> Iterator[str]:
    """Everything on the page that somebody may read."""
    for element in app.main:
        proto = getattr(element, "proto", None)
        if isinstance(proto, Message):
            yield from texts(proto)
    for table in app.dataframe:
        yield from map(str, table.value.to_numpy().ravel())


def english(said: str) -> bool:
    """Whether it holds English words."""
    return bool(ENGLISH.search(ON_PURPOSE.sub(" ", said)))


def test_english_is_told_from_german():
    assert english("Nothing was changed.") and english("<p>Look at the list</p>")
    assert not english("Nichts wurde geändert. Gib `griphub of the day` ein.")


@pytest.mark.parametrize(("path", "role"), OWN)
def test_no_page_speaks_english_to_a_german(lived_in, sign_in, path, role):
    sign_in(role, lived_in)
    app = AppTest.from_function(_script, kwargs={"path": path}, default_timeout=60)
    app.session_state["child"] = "c-ada"
    app.run()
    assert not app.exception, app.exception[0].message
    said = list(read(app))
    assert said
    assert not (found := sorted({one for one in said if english(one)})), found
