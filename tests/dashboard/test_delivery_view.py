"""The delivery page in each of its states, on real files."""

import pytest
from streamlit.testing.v1 import AppTest

from griphub.hub.database.actor import Role
from griphub.hub.delivery.journal import Journal
from griphub.hub.delivery.notice import Notice, notice_path
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.records.event import encode

from .page_text import text


def _script():
    from griphub.dashboard.views import delivery

    delivery.page()


@pytest.fixture
def show(sign_in):
    def run():
        sign_in(Role.ADMIN)
        app = AppTest.from_function(_script, default_timeout=20).run()
        assert not app.exception
        return app

    return run


def test_where_nothing_ran_it_says_so(show, config):
    app = show()
    assert app.title[0].value == "Delivery"
    assert "Nothing is kept here" in text(app)
    assert not (config.data_dir / "journal.db").exists()


def test_all_has_arrived(show, config, session_events):
    from datetime import UTC, datetime

    events = session_events("one", datetime.now(UTC))
    journal = Journal(config.data_dir / "journal.db")
    journal.append([(event.event_id, encode(event)) for event in events])
    journal.advance("sqlite", len(events))
    app = show()
    assert "Everything has arrived" in text(app)
    assert "From ingest to the store (sqlite)" in text(app)
    assert "held up" not in text(app)
    journal.close()


def test_one_result_waits_in_a_hub_that_cannot_reach_its_broker(show, config, session_events):
    from datetime import UTC, datetime

    outbox = Outbox(config.data_dir / "outbox.db")
    outbox.commit(session_events("one", datetime.now(UTC))[:1], {})
    notice = Notice(notice_path(config.data_dir, "hub"))
    notice.say("broker", "The hub is not connected to the broker: its [certificate] has *expired*.")
    said = text(show())
    assert "From the hub to ingest" in said and "**1 result** on the way, the oldest since" in said
    assert "its [certificate] has *expired*." in said
    assert "Nothing is lost" in said and "Everything has arrived" not in said
    notice.say("broker", None)
    assert "expired" not in text(show())
    notice.close()
    outbox.close()


def test_dead_letters_are_shown_with_their_reasons(show, config):
    journal = Journal(config.data_dir / "journal.db")
    for n in range(7):
        journal.dead_letter("store/sqlite", b"x", f"too large {n}")
    app = show()
    assert "**7 messages** that nobody takes" in text(app)
    assert list(app.dataframe[0].value["Reason"]) == [f"too large {n}" for n in (6, 5, 4, 3, 2)]
    journal.close()


def test_a_file_that_cannot_be_read_is_a_designed_screen(show, config):
    (config.data_dir / "journal.db").write_bytes(b"this is no database" * 500)
    app = show()
    assert any("restore it from a backup" in shown.value for shown in app.text)
