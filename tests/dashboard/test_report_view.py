"""The report's page: what is in it, made on demand, and never more than the viewer may see."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context, viewer
from griphub.dashboard.queries.report import Report
from griphub.hub.config import Config
from griphub.hub.database.actor import Actor, Role
from griphub.hub.errors import NotFound
from griphub.hub.program import annotations, commands, home
from griphub.hub.program.activity import builtin
from griphub.hub.program.prescription import parse_program

from .page_text import text

NOW = datetime.now(UTC)
PROGRAM = """
goals = [{ id = "lunch", words = "Opens the lunch box alone" }]
[[items]]
id = "dough"
activity = "play-dough"
dose = { days_per_week = 3 }
minutes = 10
"""


def _script():
    from griphub.dashboard.views import report

    report.page()


@pytest.fixture
def page(config, sign_in):
    """Opens the page in a role."""

    def run(role=Role.THERAPIST, shown=config):
        sign_in(role, shown)
        return _ok(AppTest.from_function(_script, default_timeout=30).run())

    return run


@pytest.fixture
def prescribed(config, sign_in):
    """Ada has a program since a month ago."""
    sign_in(Role.THERAPIST)
    begun = home.today(config, NOW) - timedelta(days=30)
    with context.database().work(Actor.part("test")) as work:
        commands.prescribe(work, "c-ada", parse_program(PROGRAM, builtin()), valid_from=begun, today=begun)


@pytest.fixture
def report(config):
    """What whoever signed in may take along."""

    def of(child_id="c-ada", weeks=12):
        return Report(
            config,
            context.database(),
            viewer.results(),
            viewer.current().actor,
            child_id,
            weeks=weeks,
            now=NOW,
        )

    return of


def _ok(app):
    assert not app.exception, app.exception[0].message
    return app


def names(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return set(archive.namelist())


def inside(content, name):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


def test_without_children_or_results_the_page_says_so(page, config):
    assert "No child is set up yet" in text(page(shown=Config(data_dir=config.data_dir)))
    app = page()
    assert "No program is recorded for this period." in text(app)
    assert "No strength was measured in this period." in text(app)
    make = [one for one in app.button if one.label == "Make it"]
    app = _ok(make[1].click().run())
    assert "Nothing is stored of this child in this period." in text(app)


def test_what_is_on_the_page_for_the_visit_is_said_before_it_is_made(page, fill, eight_weeks, prescribed):
    fill(eight_weeks())
    app = page()
    said = text(app)
    assert "Hands with measured strength: Left hand and Right hand" in said
    assert "Play dough" in said and "Opens the lunch box alone" in said
    assert "95 %" in said, "strength with its certainty"
    assert "Nobody recorded pain." in said and "No notes." in said


def test_files_are_made_on_demand_and_named_without_the_child(page, fill, eight_weeks, prescribed):
    fill(eight_weeks())
    app = page()
    assert not app.get("download_button")
    app = _ok(next(one for one in app.button if one.key == "make-pdf").click().run())
    (save,) = app.get("download_button")
    assert save.label.startswith("Save the file (")
    assert "Ada" not in save.proto.url
    app.selectbox[-2].select(4).run()
    assert not _ok(app).get("download_button"), "another period is another page"


def test_the_page_for_the_visit_speaks_the_familys_language(page, fill, eight_weeks, prescribed):
    fill(eight_weeks())
    app = page()
    assert app.selectbox[-1].value == "en_GB", "the viewer's own, until another is chosen"
    app = _ok(app.selectbox[-1].select("de").run())
    said = text(app)
    assert "Was vorgesehen war" in said and "Spielteig" in said and "Linke Hand" in said
    assert "Take it along" in said, "the viewer's page around it speaks as before"
    app = _ok(next(one for one in app.button if one.key == "make-pdf").click().run())
    assert app.get("download_button")


def test_the_page_tables_and_bundle_are_whole(sign_in, report, fill, eight_weeks, prescribed):
    fill(eight_weeks())
    sign_in(Role.THERAPIST)
    (sheet,) = PdfReader(io.BytesIO(report().pdf())).pages
    assert "Ada" in sheet.extract_text() and "Play dough" in sheet.extract_text()
    tables = report().tables()
    assert {"sessions.csv", "squeezes.csv", "trials.csv", "columns.md"} <= names(tables)
    assert inside(tables, "sessions.csv").count("\n") == 65
    assert inside(report(weeks=4).tables(), "sessions.csv").count("\n") == 33
    kinds = [entry["resource"]["resourceType"] for entry in json.loads(report().fhir())["entry"]]
    assert "Patient" in kinds and "CarePlan" in kinds
    assert "Ada" not in report().fhir().decode()


def test_the_archive_holds_what_its_reader_may_see(sign_in, config, report, fill, session_events, prescribed):
    fill(session_events("one", NOW - timedelta(days=1)))
    sign_in(Role.THERAPIST)
    day = home.today(config, NOW)
    with viewer.changing() as work:
        annotations.add(work, "c-ada", first=day, words="Looks tired, ask about sleep")
    whole = report().archive()
    assert {"README.txt", "people.json", "fhir.json", "SHA256SUMS", "tables/sessions.csv"} <= names(whole)
    assert any(name.startswith("waveforms/") for name in names(whole))
    assert "Looks tired" in inside(whole, "people.json")
    sign_in(Role.PARENT)
    own = json.loads(inside(report().archive(), "people.json"))["tables"]
    assert own["program_versions"] and own["children"][0]["name"] == "Ada"
    assert "annotations" not in own, "not shared with the parents"
    assert "Looks tired" not in json.dumps(own), "nor by the log of changes"


def test_nobody_takes_along_another_child(sign_in, report, fill, session_events):
    fill(session_events("eve", NOW - timedelta(days=1), child="c-eve"))
    sign_in(Role.PARENT)
    for make in (report("c-eve").pdf, report("c-eve").tables, report("c-eve").fhir, report("c-eve").archive):
        with pytest.raises(NotFound):
            make()


def test_a_failing_store_is_a_designed_screen(page, config):
    (config.data_dir / "store.db").write_bytes(b"this is no database" * 500)
    app = page()
    assert "The results cannot be read right now" in text(app)
