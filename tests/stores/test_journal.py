"""The journal keeps every event that `append` returned for, and forgets only what every store has."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from griphub.hub.delivery import journal as module
from griphub.hub.delivery.journal import Journal
from griphub.hub.errors import StoreError


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "journal.db")
    yield opened
    opened.close()


def rows(n):
    return [(uuid4(), f"event {i}".encode()) for i in range(n)]


def test_events_are_kept_once_and_read_in_order(journal):
    some = rows(5)
    assert journal.append(some) == 5
    assert journal.append([some[1], *some[3:]]) == 0
    assert journal.append([(uuid4(), b"event 5"), some[0]]) == 1
    assert journal.append([]) == 0

    read = journal.read(0, 100)
    assert [payload for _, payload in read] == [f"event {i}".encode() for i in range(6)]
    assert journal.read(read[1][0], 2) == read[2:4]
    assert journal.read(read[-1][0], 100) == []


def test_each_store_has_its_cursor(journal, tmp_path):
    assert (journal.cursor("a"), journal.waiting("a").count, journal.waiting("a").since) == (0, 0, None)
    before = datetime.now(UTC)
    journal.append(rows(5))
    read = journal.read(0, 5)
    journal.advance("a", read[2][0])

    assert (journal.cursor("a"), journal.cursor("b")) == (read[2][0], 0)
    assert (journal.waiting("a").count, journal.waiting("b").count) == (2, 5)
    assert before - timedelta(seconds=1) <= journal.waiting("a").since <= datetime.now(UTC)
    journal.close()
    again = Journal(tmp_path / "journal.db")
    assert (again.cursor("a"), again.waiting("a").count) == (read[2][0], 2)
    again.close()


def test_only_what_is_old_and_everywhere_is_forgotten(journal):
    later = datetime.now(UTC) + timedelta(days=1)
    some = rows(6)
    journal.append(some)
    read = journal.read(0, 10)
    assert journal.prune(later) == 0, "no store has said that it has anything"
    journal.advance("a", read[4][0])
    journal.advance("b", read[1][0])

    assert journal.prune(datetime.now(UTC) - timedelta(days=7)) == 0
    assert journal.prune(later) == 2
    assert journal.read(0, 10) == read[2:]
    assert (journal.waiting("a").count, journal.waiting("b").count) == (1, 4)

    journal.advance("a", read[5][0])
    journal.advance("b", read[5][0])
    journal.prune(later)
    assert journal.append([some[0]]) == 1, "a late replay is forwarded again; stores recognise it"
    assert journal.waiting("a").count == journal.waiting("b").count == 1
    assert journal.read(journal.cursor("a"), 10)[0][1] == some[0][1]


@settings(deadline=None)  # a slow disk is no failure
@given(st.lists(st.one_of(st.integers(0, 9), st.sampled_from(["prune", "advance"])), max_size=40))
def test_nothing_is_ever_skipped(tmp_path_factory, steps):
    """Whatever is appended, repeated, advanced over and pruned: a store sees each event that came anew."""
    journal = Journal(tmp_path_factory.mktemp("journal") / "journal.db")
    expected, got = 0, []
    for step in steps:
        if step == "prune":
            journal.prune(datetime.now(UTC) + timedelta(days=1))
        elif step == "advance":
            for seq, payload in journal.read(journal.cursor("a"), 3):
                got.append(payload)
                journal.advance("a", seq)
        else:
            expected += journal.append([(UUID(int=step), str(step).encode())])
        assert journal.waiting("a").count == expected - len(got)
    journal.close()


def test_dead_letters_keep_their_reason_and_have_a_bound(journal, monkeypatch):
    monkeypatch.setattr(module, "DEAD_LETTERS", 3)
    assert journal.dead_letters() == []
    for n in range(5):
        journal.dead_letter(f"griphub/v1/{n}", b"\x00" * 100_000, f"reason {n}")

    kept = journal.dead_letters()
    assert [(letter.number, letter.reason) for letter in kept] == [(n + 1, f"reason {n}") for n in (4, 3, 2)]
    assert kept[0].topic == "griphub/v1/4"
    assert len(kept[0].payload) == module.DEAD_LETTER_BYTES
    assert len(journal.dead_letters(limit=1)) == 1


def test_one_thread_appends_while_another_reads(journal):
    total, done = 300, threading.Event()
    seen = []

    def read():
        while not (done.is_set() and journal.waiting("a").count == 0):
            for seq, payload in journal.read(journal.cursor("a"), 7):
                seen.append(payload)
                journal.advance("a", seq)

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(total):
        journal.append([(uuid4(), str(n).encode())])
    done.set()
    reader.join(timeout=60)
    assert seen == [str(n).encode() for n in range(total)]


APPENDER = """
import itertools, sys
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5
from griphub.hub.delivery.journal import Journal
journal = Journal(Path(sys.argv[1]))
for n in itertools.count():
    journal.append([(uuid5(NAMESPACE_OID, f"{n}.{i}"), f"{n}.{i}".encode()) for i in range(3)])
    print(n, flush=True)
"""


def test_a_kill_loses_nothing_that_append_returned_for(tmp_path):
    path = tmp_path / "journal.db"
    for kill_after in (1, 40):
        process = subprocess.Popen(
            [sys.executable, "-c", APPENDER, str(path)], stdout=subprocess.PIPE, text=True
        )
        for line in process.stdout:
            if int(line) >= kill_after:
                process.kill()
                break
        promised = [int(line), *map(int, process.stdout.read().split("\n")[:-1])][-1]
        process.wait()
        process.stdout.close()

        journal = Journal(path)
        kept = {payload.decode() for _, payload in journal.read(0, 1_000_000)}
        assert {f"{n}.{i}" for n in range(promised + 1) for i in range(3)} <= kept
        assert len(kept) % 3 == 0, "a batch is kept whole or not at all"
        journal.close()


def test_a_broken_file_says_what_to_do(tmp_path):
    path = tmp_path / "journal.db"
    path.write_bytes(b"x" * 5_000)
    with pytest.raises(StoreError, match=r"journal store failed.*backup"):
        Journal(path)
