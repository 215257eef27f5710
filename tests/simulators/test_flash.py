"""A simulated tool's flash: bounded, oldest first, and kept without power."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from griphub.firmware_bridge.packets import U32
from griphub.firmware_bridge.profile import WireUnit
from griphub.simulators.flash import MAX_SESSIONS, FlashLog

LIFE = 77


def record(log: FlashLog, first: int, n: int, *, close: bool = True, boot_id: int = LIFE) -> int:
    log.begin(boot_id, first, WireUnit.NEWTON, -2, 1000)
    session = log.next_session
    for index in range(first, first + n, 5):
        part = range(index, min(index + 5, first + n))
        log.append([i % 1000 for i in part], [1000 * i for i in part])
    if close:
        log.close()
    return session


def told(log: FlashLog) -> list[tuple[int, int, int, bool, bool]]:
    entries = [log.entry(session) for session in log.sessions]
    return [(e.session, e.first_index, e.samples, e.running, e.cut) for e in entries]


def test_sessions_are_kept_until_acknowledged() -> None:
    log = FlashLog()
    a, b = record(log, 0, 12), record(log, 12, 7)
    assert told(log) == [(a, 0, 12, False, False), (b, 12, 7, False, False)]
    assert not log.acknowledge(99, 5)
    assert log.acknowledge(a, 5)  # a part of it
    assert told(log)[0] == (a, 5, 7, False, False)
    assert log.acknowledge(a, 3)  # before its beginning: nothing
    assert told(log)[0][1] == 5
    assert log.acknowledge(a, 12)
    assert told(log) == [(b, 12, 7, False, False)]
    log.erase()
    assert told(log) == []
    assert (log.dropped_sessions, log.dropped_samples) == (0, 0)  # nobody lost anything


def test_a_running_session_outlasts_erasing_and_acknowledging() -> None:
    log = FlashLog()
    record(log, 0, 10)
    running = record(log, 10, 10, close=False)
    log.erase()
    log.acknowledge(running, 20)
    assert told(log) == [(running, 20, 0, True, False)]
    log.append([1], [20_000])
    log.close()
    assert told(log) == [(running, 20, 1, False, False)]


def test_a_full_flash_drops_the_oldest_session_and_then_the_oldest_samples() -> None:
    log = FlashLog(capacity=2500)
    record(log, 0, 1000)
    kept = record(log, 1000, 1000)
    running = record(log, 2000, 1000, close=False)
    assert [s[0] for s in told(log)] == [kept, running]
    assert (log.dropped_sessions, log.dropped_samples) == (1, 1000)
    for index in range(3000, 5000, 100):
        log.append([0] * 100, list(range(1000 * index, 1000 * (index + 100), 1000)))
    ((only, first, samples, _, _),) = told(log)
    assert only == running
    assert first + samples == 5000
    assert samples <= 2500
    assert (log.dropped_sessions, log.dropped_samples) == (2, first)


def test_there_are_only_so_many_sessions() -> None:
    log = FlashLog()
    for index in range(MAX_SESSIONS + 5):
        record(log, index, 1)
    assert len(log.sessions) == MAX_SESSIONS
    assert (log.dropped_sessions, log.dropped_samples) == (5, 5)


def test_ids_go_on_and_wrap() -> None:
    log = FlashLog()
    first = [record(log, 10 * i, 1) for i in range(3)]
    assert first == [0, 1, 2]
    log._next_session = 0xFFFF
    assert [record(log, 100, 1), record(log, 101, 1)][1] == 0


def test_a_packet_ends_where_time_jumps_and_at_the_end_of_the_session() -> None:
    log = FlashLog()
    log.begin(LIFE, U32 - 1, WireUnit.KILOPASCAL, -1, 0)
    log.append([1, 2, 3], [U32 - 5, U32 + 5, U32 + 100_000])
    (session,) = log.sessions
    packet = session.packet(U32 - 1, 100, end_index=session.end_index)
    assert (packet.index, packet.tick, packet.raw, packet.steps, packet.end) == (
        U32 - 1,
        U32 - 5,
        (1, 2),
        (0, 10),
        False,
    )
    rest = session.packet(U32 + 1, 100, end_index=session.end_index)
    assert (rest.index, rest.raw, rest.steps, rest.end) == (1, (3,), (0,), True)
    assert session.packet(U32 + 2, 100, end_index=session.end_index).raw == ()


def test_power_loss_cuts_the_running_session_and_keeps_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "ball1.flash"
    log = FlashLog(file)
    log.tell_time(LIFE, 1_767_225_600_000)
    whole = record(log, 0, 10)
    cut = record(log, 10, 8, close=False)
    log.power_off()
    with file.open("a", encoding="utf-8") as torn:
        torn.write('["append", [1, 2')  # it failed while it was written
    for _ in range(2):  # and once more without any change
        again = FlashLog(file)
        assert told(again) == [(whole, 0, 10, False, False), (cut, 10, 8, False, True)]
        assert again.entry(again.sessions[0]).epoch_ms == 1_767_225_600_000
        assert again.next_session == cut + 1
        again.power_off()


def test_the_file_does_not_grow_with_what_was_acknowledged(tmp_path: Path) -> None:
    file = tmp_path / "ball1.flash"
    log = FlashLog(file)
    for life in range(5):
        session = record(log, 1000 * life, 1000)
        assert file.stat().st_size > 5000
        log.acknowledge(session, 1000 * life + 1000)
        assert file.stat().st_size < 200
    log.power_off()


changes = st.one_of(
    st.tuples(st.just("record"), st.integers(1, 400)),
    st.tuples(st.just("acknowledge"), st.integers(0, 3)),
    st.tuples(st.just("power"), st.just(0)),
    st.tuples(st.just("erase"), st.just(0)),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(changes, max_size=25))
def test_nothing_goes_without_being_acknowledged_erased_or_counted(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[str, int]]
) -> None:
    file = tmp_path_factory.mktemp("flash") / "log"
    log, index, given_up = FlashLog(file, capacity=1000), 0, 0
    for what, value in plan:
        held = sum(len(session.raw) for session in log.sessions)
        if what == "record":
            record(log, index, value)
            index += value
        elif what == "acknowledge" and value < len(log.sessions):
            session = log.sessions[value]
            log.acknowledge(session.session, session.end_index)
            given_up += held - sum(len(s.raw) for s in log.sessions)
        elif what == "erase":
            log.erase()
            given_up += held
        elif what == "power":
            log.power_off()
            log = FlashLog(file, capacity=1000)
        kept = sum(len(session.raw) for session in log.sessions)
        assert kept <= 1000
        assert kept + given_up + log.dropped_samples == index
    log.power_off()
