"""What a letter from the clinic says, and what of it a home takes."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from griphub.hub.config import Config
from griphub.hub.database.engine import Database
from griphub.hub.program import commands, home
from griphub.hub.program.errors import ProgramError
from griphub.hub.program.keys import shown, signing_key, trust, trusted
from griphub.hub.program.letter import (
    MAX_BODY,
    Letter,
    LetterError,
    fitting,
    letter_topic,
    seal,
    unseal,
)
from griphub.hub.program.post import letter_for, notes
from griphub.hub.program.taking import take
from griphub.hub.program.versions import PauseReason

from .letters import DAY, OWNER, payload, prescribed, program

TOPIC = letter_topic("home", "hub", "c-1")


def test_a_letter_is_taken_once_however_often_it_comes(
    config: Config, clinic: tuple[Config, Database]
) -> None:
    letter = payload(prescribed(clinic, "Winter", DAY, "Well done!"))
    trust(config, shown(signing_key(clinic[0]).public_key()))
    with home.opened(config) as database:
        for _ in range(3):
            taken = take(config, database, TOPIC, letter, trusted(config))
            assert taken.problem == ""
        with database.reading(OWNER) as work:
            history = commands.history(work, "c-1")
            assert [version.program for version in history.versions] == [program("Winter")]
            assert [note.words for note in notes(work, "c-1")] == ["Well done!"]


def test_after_a_month_the_last_letter_tells_all_that_was_asked(
    config: Config, clinic: tuple[Config, Database]
) -> None:
    for week in range(4):
        letter = prescribed(clinic, f"Week {week}", DAY + timedelta(days=7 * week), f"Note {week}")
    trust(config, shown(signing_key(clinic[0]).public_key()))
    with home.opened(config) as database:
        assert take(config, database, TOPIC, payload(letter), trusted(config)).problem == ""
        with database.reading(OWNER) as work:
            history = commands.history(work, "c-1")
            assert len(notes(work, "c-1")) == 4
    asked = [history.program(DAY + timedelta(days=7 * week + 3)) for week in range(4)]
    assert [one and one.title for one in asked] == [f"Week {week}" for week in range(4)]


def test_what_the_home_prescribed_itself_stays(config: Config, clinic: tuple[Config, Database]) -> None:
    with home.opened(config) as database:
        with database.work(OWNER) as work:
            commands.prescribe(work, "c-1", program("Ours"), valid_from=DAY, today=DAY)
        trust(config, shown(signing_key(clinic[0]).public_key()))
        letter = payload(prescribed(clinic, "Theirs", DAY + timedelta(days=7)))
        assert take(config, database, TOPIC, letter, trusted(config)).problem == ""
        with database.reading(OWNER) as work:
            history = commands.history(work, "c-1")
    assert [(v.number, v.program and v.program.title) for v in history.versions] == [
        (1, "Ours"),
        (2, "Theirs"),
    ]


def test_pauses_and_their_corrections_travel_without_what_was_noted(
    config: Config, clinic: tuple[Config, Database]
) -> None:
    trust(config, shown(signing_key(clinic[0]).public_key()))
    with clinic[1].work(OWNER) as work:
        first = commands.pause(
            work, "c-1", since=DAY, until=None, reason=PauseReason.ILLNESS, note="at the hospital"
        )
    with clinic[1].work(OWNER) as work:
        shorter = commands.pause(
            work, "c-1", since=DAY, until=DAY, reason=PauseReason.ILLNESS, replaces=first.pause_id
        )
    letters = [payload(prescribed(clinic, "Winter", DAY))]
    with clinic[1].work(OWNER) as work:
        commands.withdraw_pause(work, "c-1", shorter.pause_id)
    letters.append(payload(prescribed(clinic, "Winter", DAY)))
    assert b"hospital" not in letters[0]
    seen = []
    with home.opened(config) as database:
        for letter in (letters[0], letters[0], letters[1]):
            assert take(config, database, TOPIC, letter, trusted(config)).problem == ""
            with database.reading(OWNER) as work:
                history = commands.history(work, "c-1")
            days = (DAY, DAY + timedelta(days=1))
            seen.append((len(history.records), [history.paused(day) is not None for day in days]))
    assert seen == [(2, [True, False]), (2, [True, False]), (3, [False, False])]


def test_what_is_not_the_clinics_or_not_for_this_home_is_not_taken(
    config: Config, clinic: tuple[Config, Database]
) -> None:
    first = prescribed(clinic, "First", DAY)
    second = prescribed(clinic, "Second", DAY)
    key = signing_key(clinic[0])
    letter = unseal(payload(second), [key.public_key()])
    strangers = seal(letter, Ed25519PrivateKey.generate())
    cases = [
        (payload(strangers), TOPIC, "not signed"),
        (
            payload(second.model_copy(update={"body": second.body.replace("Second", "Secnod")})),
            TOPIC,
            "not signed",
        ),
        (payload(seal(letter.model_copy(update={"site": "ward"}), key)), TOPIC, "another home"),
        (payload(second), letter_topic("home", "hub", "c-2"), "another home or child"),
        (
            payload(seal(letter.model_copy(update={"child_id": "c-9"}), key)),
            letter_topic("home", "hub", "c-9"),
            "not here",
        ),
        (b"{}", TOPIC, "damaged"),
        (b"\xff", TOPIC, "damaged"),
    ]
    with home.opened(config) as database:
        assert (
            "not signed" in take(config, database, TOPIC, payload(second), trusted(config)).problem
        )  # no clinic yet
        trust(config, shown(key.public_key()))
        for data, topic, why in cases:
            assert why in take(config, database, topic, data, trusted(config)).problem
        with database.reading(OWNER) as work:
            assert commands.history(work, "c-1").versions == []
        assert take(config, database, TOPIC, payload(second), trusted(config)).problem == ""
        assert "later one" in take(config, database, TOPIC, payload(first), trusted(config)).problem
        with database.reading(OWNER) as work:
            assert len(commands.history(work, "c-1").versions) == 2


KEY = Ed25519PrivateKey.generate()


SEALED = payload(seal(Letter(site="home", hub="hub", child_id="c-1", serial=1, versions=()), KEY))


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(at: int, by: int) -> None:
    changed = bytearray(SEALED)
    changed[at] ^= by
    try:
        found = unseal(bytes(changed), [KEY.public_key()])
    except LetterError:
        return
    assert found.serial == 1  # only a byte that means nothing to the text, such as in the name of a field


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_rubbish_is_refused(data: bytes) -> None:
    with pytest.raises(LetterError):
        unseal(data, [KEY.public_key()])


def test_a_letter_that_is_too_long_leaves_out_what_is_oldest(clinic: tuple[Config, Database]) -> None:
    long = program().model_copy(update={"note": "x" * 600})
    with clinic[1].work(OWNER) as work:
        for n in range(80):
            commands.prescribe(work, "c-1", long, valid_from=DAY, today=DAY, because=f"{n} " + "y" * 300)
        letter = letter_for(work, "c-1")
    assert len(letter.model_dump_json().encode()) <= MAX_BODY
    assert letter.versions[-1].number == 80
    assert letter.serial == 160  # each version, and each change
    huge = letter.versions[-1].model_copy(update={"because": "z" * MAX_BODY})
    with pytest.raises(LetterError, match="too long"):
        fitting(letter.model_copy(update={"versions": (huge,), "notes": ()}))


def test_keys_are_kept_and_rubbish_is_none(config: Config) -> None:
    key = signing_key(config)
    assert shown(signing_key(config).public_key()) == shown(key.public_key())
    assert (config.data_dir / "clinic.key").stat().st_mode & 0o077 == 0
    assert trusted(config) == []
    for rubbish in ("", "rubbish", "AAAA"):
        with pytest.raises(ProgramError):
            trust(config, rubbish)
    for _ in range(2):
        trust(config, shown(key.public_key()))
    assert len(trusted(config)) == 1
