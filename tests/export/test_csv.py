"""CSV that opens as it is meant."""

import csv
import io
from datetime import UTC, date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.hub.export.csv import BOM, Column, Table, cell, dictionary, guard, unguard

TWO = Table(
    "two",
    "a pair",
    (Column("measured_at", "when", lambda row: row[0]), Column("note", "what was said", lambda row: row[1])),
)


def read(text):
    return list(csv.reader(io.StringIO(text.removeprefix(BOM))))


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))))
def test_every_text_comes_back_and_none_begins_like_a_formula(notes):
    file = io.StringIO(newline="")
    at = datetime(2026, 3, 2, 17, 5, tzinfo=UTC)
    assert TWO.write(file, [(at, note) for note in notes], UTC) == len(notes)
    rows = read(file.getvalue())[1:]
    assert [unguard(row[1]) for row in rows] == notes
    assert not [row for row in rows if row[1][:1] in ("=", "+", "-", "@", "\t", "\r", "\n")]


def test_the_file_says_that_it_is_utf_8_and_names_its_columns():
    file = io.StringIO(newline="")
    TWO.write(file, [], UTC)
    assert file.getvalue() == "\ufeffmeasured_at,note\r\n"


def test_times_are_local_and_say_by_how_much():
    berlin = ZoneInfo("Europe/Berlin")
    assert cell(datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), berlin) == "2026-03-29T01:59:59.000+01:00"
    assert cell(datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC), berlin) == "2026-03-29T03:00:00.000+02:00"


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567.891, "1234567.891"),
        (-0.5, "-0.5"),
        (1e-12, "1e-12"),
        (0, "0"),
        (False, "false"),
        (date(2026, 3, 2), "2026-03-02"),
        (Colour.RED, "red"),
        (("a", "b"), "a; b"),
        (("=a", "b"), "'=a; b"),
    ],
)
def test_values(value, text):
    assert cell(value, UTC) == text


@given(st.text())
def test_guarding_can_be_undone(text):
    assert unguard(guard(text)) == text


def test_the_dictionary_has_every_column():
    page = dictionary([TWO])
    assert "`two.csv`" in page
    assert "| `note` | what was said |" in page
