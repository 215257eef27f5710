"""Hand-over of stored sessions without a radio: every sample once, whatever is lost or interrupted."""

from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from griphub.firmware_bridge.commands import Sending, StoredEntry
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.handover import first_missing
from griphub.firmware_bridge.packets import U32, ForcePacket, StoredPacket
from griphub.firmware_bridge.profile import WireUnit
from griphub.firmware_bridge.stored import MAX_SAMPLES, MAX_SMALL, SessionFetch, StoredSession
from griphub.simulators.flash import FlashLog, LoggedSession

ID, BOOT = 7, 0xB007


def recorded(first: int, n: int, *, running: bool = False) -> LoggedSession:
    """A session in a tool's flash: sample k is k modulo 1000, at tick 1000 k."""
    indices = range(first, first + n)
    return LoggedSession(
        ID,
        BOOT,
        first,
        WireUnit.NEWTON,
        -2,
        1000,
        running,
        raw=array("h", [i % 1000 for i in indices]),
        ticks=array("q", [1000 * i for i in indices]),
    )


def entry(session: LoggedSession) -> StoredEntry:
    return FlashLog().entry(session)


def sending(session: LoggedSession, index: int) -> Sending:
    index = max(index, session.first_index)
    return Sending(index % U32, 1000 * index, 0, ID)


def packets(session: LoggedSession, index: int, size: int) -> list[bytes]:
    """What a tool sends when asked from an index on."""
    index, sent = max(index, session.first_index), []
    while not sent or index < session.end_index:
        packet = session.packet(index, size, end_index=session.end_index)
        sent.append(bytes(StoredPacket(ID, packet)))
        index += len(packet.raw)
    return sent


def whole(session: StoredSession) -> list[int]:
    """Indices in a session; each sample's value and time must be the one of its index."""
    indices = [i for block in session.blocks for i in range(block.first_index, block.end_index)]
    values = np.concatenate([block.values for block in session.blocks]) if indices else np.zeros(0)
    times = np.concatenate([block.t_s for block in session.blocks]) if indices else np.zeros(0)
    assert np.allclose(values, np.array(indices) % 1000 / 100)
    assert np.allclose(times, np.array(indices) / 100)
    return indices


@settings(deadline=None)
@given(
    first=st.sampled_from([0, 41, U32 - 30, U32 - 1]),
    n=st.integers(1, 120),
    size=st.integers(1, 30),
    data=st.data(),
)
def test_every_sample_comes_once_whatever_happens(first: int, n: int, size: int, data: st.DataObject) -> None:
    """Each fetch may lose, repeat, delay and garble packets, and end early, as when a link is lost."""
    session = recorded(first, n)
    fetch, stale = SessionFetch("ball1", entry(session)), list[bytes]()
    for _ in range(30):
        if fetch.complete:
            break
        fetch.started(sending(session, fetch.next_index))
        on_air = packets(session, fetch.next_index, size)
        cut = data.draw(st.integers(0, len(on_air)), "link lost after")
        fates = data.draw(st.lists(st.sampled_from("okok-2g<"), min_size=cut, max_size=cut), "fates")
        came = list(stale)
        for packet, fate in zip(on_air, fates, strict=False):
            if fate == "<" and came:
                came.insert(len(came) - 1, packet)
            elif fate == "g":
                came.append(packet[:-1] + b"")
            elif fate != "-":
                came += [packet] * (2 if fate == "2" else 1)
        stale = on_air[cut : cut + 2]  # still on their way when the hub asks again
        for packet in came:
            fetch.feed(packet)
            if fetch.stuck:
                break
    fetch.started(sending(session, fetch.next_index))
    for packet in packets(session, fetch.next_index, size):  # at last a good link
        fetch.feed(packet)
    assert fetch.complete
    assert whole(fetch.session()) == list(range(first, first + n))
    assert fetch.session().lost == 0


@settings(deadline=None)
@given(n=st.integers(1, 100), gone=st.integers(0, 120), after=st.integers(0, 100), size=st.integers(1, 20))
def test_what_the_flash_overwrites_meanwhile_is_lost_and_counted(
    n: int, gone: int, after: int, size: int
) -> None:
    session = recorded(0, n)
    fetch = SessionFetch("ball1", entry(session))
    fetch.started(sending(session, 0))
    for packet in packets(session, 0, size):
        if fetch.next_index >= after:
            break
        fetch.feed(packet)
    had = fetch.next_index
    session.forget(gone)
    fetch.started(sending(session, fetch.next_index))
    for packet in packets(session, fetch.next_index, size):
        fetch.feed(packet)
    taken = fetch.session()
    kept = [i for i in range(n) if i < had or i >= gone]
    assert (whole(taken), taken.lost) == (kept, n - len(kept))
    # the gap is in the data too, unless it is at the very end, where no block follows
    told = sum(block.lost for block in taken.blocks)
    assert told == taken.lost or (told == 0 and gone >= n)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60) | st.integers(0, 80), max_size=60), st.randoms())
def test_any_bytes_are_taken_calmly(stream: list[bytes | int], random: object) -> None:
    session = recorded(0, 50)
    sent = packets(session, 0, 7)
    fetch = SessionFetch("ball1", entry(session))
    fetch.started(sending(session, 0))
    for item in stream:
        fetch.feed(item if isinstance(item, bytes) else sent[item % len(sent)])
    indices = whole(fetch.session())
    assert indices == list(range(len(indices)))
    assert fetch.next_index == len(indices) <= 50


def test_a_packet_of_another_session_or_behind_the_end_is_rejected() -> None:
    fetch = SessionFetch("ball1", entry(recorded(0, 20)))
    fetch.started(sending(recorded(0, 20), 0))
    assert not fetch.feed(bytes(StoredPacket(ID + 1, ForcePacket(0, 0, (1,)))))
    assert not fetch.feed(bytes(StoredPacket(ID, ForcePacket(0, 0, (1,) * 21))))
    assert not fetch.feed(b"")
    assert (fetch.rejected, fetch.next_index) == (3, 0)
    assert not fetch.stuck


def test_a_gap_is_seen_at_once_and_what_was_on_its_way_does_not_count_as_another() -> None:
    session = recorded(0, 50)
    sent = packets(session, 0, 10)
    fetch = SessionFetch("ball1", entry(session))
    fetch.started(sending(session, 0))
    assert fetch.feed(sent[0])
    fetch.feed(sent[2])
    assert fetch.stuck
    fetch.started(sending(session, 10))
    for late in sent[3:]:
        fetch.feed(late)
        assert not fetch.stuck  # of the fetch before
    for packet in packets(session, 10, 10):
        fetch.feed(packet)
    assert fetch.complete


def test_a_running_session_may_have_grown() -> None:
    session = recorded(0, 20, running=True)
    fetch = SessionFetch("ball1", entry(session))
    grown = recorded(0, 33, running=True)
    fetch.started(sending(grown, 0))
    for packet in packets(grown, 0, 8):
        if not fetch.complete:
            fetch.feed(packet)
    taken = fetch.session()
    assert (taken.running, taken.end_index, whole(taken)) == (True, 24, list(range(24)))


def test_what_the_hub_has_is_not_fetched_again() -> None:
    session = recorded(100, 50)
    fetch = SessionFetch("ball1", entry(session), had=120)
    fetch.started(sending(session, fetch.next_index))
    for packet in packets(session, fetch.next_index, 9):
        fetch.feed(packet)
    assert whole(fetch.session()) == list(range(120, 150))
    had_all = SessionFetch("ball1", entry(session), had=400)
    assert (had_all.complete, had_all.session().blocks, had_all.session().end_index) == (True, (), 150)


@pytest.mark.parametrize(
    ("taken", "missing"),
    [
        ((), 100),
        (((0, 50),), 100),
        (((0, 120),), 120),
        (((0, 120), (120, 130)), 130),
        (((120, 130),), 100),  # in the middle: the hub sorts that out
        (((0, 500),), 150),
        (((110, 120), (90, 111)), 120),
    ],
)
def test_the_first_missing_sample(taken: tuple[tuple[int, int], ...], missing: int) -> None:
    assert first_missing(entry(recorded(100, 50)), taken) == missing


def test_lies_about_size_cost_no_memory() -> None:
    with pytest.raises(PacketError):
        SessionFetch("ball1", StoredEntry(ID, BOOT, 0, MAX_SAMPLES + 1))
    fetch = SessionFetch("ball1", StoredEntry(ID, BOOT, 0, MAX_SAMPLES))
    fetch.started(Sending(0, 0, 0, ID))
    for index in range(2 * MAX_SMALL):  # crumbs for ever
        fetch.feed(bytes(StoredPacket(ID, ForcePacket(index, index * 1000, (1,)))))
    assert len(fetch.session().blocks) == MAX_SMALL
    assert fetch.rejected > 0


def test_time_of_the_life_is_told_or_unknown() -> None:
    known = SessionFetch("ball1", StoredEntry(ID, BOOT, 0, 0, epoch_ms=1_767_225_600_500, cut=True)).session()
    assert (known.epoch_s, known.cut, known.session_id, known.boot_id) == (1_767_225_600.5, True, ID, BOOT)
    assert SessionFetch("ball1", StoredEntry(ID, BOOT, 0, 0)).session().epoch_s is None
