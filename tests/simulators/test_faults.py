"""The words for faults, and what is done to packets; what a hub sees of them is in test_lives."""

import asyncio
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.packets import ForcePacket
from griphub.simulators.disturbance import BURST_PACKETS, Disturbance, samples_of
from griphub.simulators.faults import (
    FORMS,
    INSTANT,
    MOMENTARY,
    NEEDS_START,
    Fault,
    FaultError,
    FaultKind,
    rough_day,
)


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    kind = draw(st.sampled_from(FaultKind))
    form = FORMS[kind]
    amount = (
        draw(st.integers(int(form.low * 10), int(form.high * 10))) / 10 * form.scale if form.sign else 0.0
    )
    tenths = st.integers(0, 99_999).map(lambda n: n / 10)
    at_s = draw(tenths if kind in NEEDS_START else st.none() | tenths)
    for_s = 0.0 if kind in INSTANT else draw(st.just(0.0 if kind in MOMENTARY else inf) | tenths)
    return Fault(kind, amount, at_s, for_s)


@given(faults())
def test_what_is_written_is_read_again(fault: Fault) -> None:
    read = Fault.parse(str(fault))
    assert (read.kind, read.at_s, read.for_s) == (fault.kind, fault.at_s, fault.for_s)
    assert read.amount == pytest.approx(fault.amount, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("drop=5%", Fault(FaultKind.DROP, 0.05)),
        ("Jitter=30ms@1.5s", Fault(FaultKind.JITTER, 0.03, 1.5)),
        ("link-loss@20s", Fault(FaultKind.LINK_LOSS, 0.0, 20.0, 0.0)),
        ("link-loss@20s+3s", Fault(FaultKind.LINK_LOSS, 0.0, 20.0, 3.0)),
        ("dead-battery@5s", Fault(FaultKind.DEAD_BATTERY, 0.0, 5.0, inf)),
        ("drift=-40ppm", Fault(FaultKind.DRIFT, -40e-6)),
        ("low-battery", Fault(FaultKind.LOW_BATTERY, 0.08)),
    ],
)
def test_as_a_person_writes_it(text: str, fault: Fault) -> None:
    read = Fault.parse(text)
    assert read.amount == pytest.approx(fault.amount)
    assert (read.kind, read.at_s, read.for_s) == (fault.kind, fault.at_s, fault.for_s)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must look like"),
        ("drop 5%", "must look like"),
        ("earthquake", "no kind earthquake"),
        ("drop", "say how much"),
        ("drop=5", "in %"),
        ("drop=101%", "0 to 100"),
        ("drift=40", "in ppm"),
        ("jitter=-1ms", "0 to 10000"),
        ("reboot", "needs a moment"),
        ("link-loss=3%@1s", "no amount"),
        ("reboot@3s+2s", "takes no time"),
    ],
)
def test_what_is_no_fault_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(FaultError, match=says):
        Fault.parse(text)


def test_now_means_now() -> None:
    assert Fault.parse("reboot", now=True).at_s is None
    with pytest.raises(FaultError, match="leave out"):
        Fault.parse("reboot@3s", now=True)


def test_every_kind_says_what_it_does() -> None:
    assert set(FORMS) == set(FaultKind)


def test_a_rough_day_is_the_same_for_the_same_seed_and_lies_within_it() -> None:
    assert rough_day("7", 120) == rough_day("7", 120) != rough_day("8", 120)
    drawn = [fault for seed in range(40) for fault in rough_day(str(seed), 120)]
    assert all(fault.at_s is None or 0 < fault.at_s < 120 for fault in drawn)
    assert all(Fault.parse(str(fault)).kind is fault.kind for fault in drawn)
    assert any(fault.kind is FaultKind.REBOOT for fault in drawn)


def pdu(index: int, n: int = 5) -> bytes:
    packet = bytes(ForcePacket(index=index, tick=1000 * index, raw=tuple(range(1, n + 1)), end=not n))
    return (3 + len(packet)).to_bytes(2, "little") + b"\x04\x00\x1b\x10\x00" + packet


class Air:
    """Everything that came out of a disturbance, and what it said about it."""

    def __init__(self, speed: float = 1.0, seed: str = "1", **rates: float) -> None:
        self.came: list[bytes] = []
        self.mishaps: list = []
        self.disturbance = Disturbance(HostClock(speed), seed, self.mishaps.append)
        self.disturbance.rates = {FaultKind(kind.replace("_", "-")): share for kind, share in rates.items()}

    def send(self, *pdus: bytes) -> "Air":
        for each in pdus:
            self.disturbance.send(each, self.came.append)
        return self

    def indices(self) -> list[int]:
        return [found[0] for each in self.came if (found := samples_of(each[7:]))]


def test_undisturbed_everything_passes() -> None:
    air = Air().send(*(pdu(5 * k) for k in range(9)))
    assert air.indices() == list(range(0, 45, 5)) and not air.mishaps


@pytest.mark.parametrize("kind", ["drop", "burst"])
def test_the_share_that_was_asked_for_is_lost_and_told(kind: str) -> None:
    n = 40_000
    air = Air(**{kind: 0.1}).send(*(pdu(k) for k in range(n)))
    lost = sorted({*range(n)} - {*air.indices()})
    assert [m.index for m in air.mishaps] == lost
    assert len(lost) == pytest.approx(0.1 * n, rel=0.1)
    runs = 1 + np.count_nonzero(np.diff(lost) > 1)
    assert len(lost) / runs == pytest.approx(BURST_PACKETS if kind == "burst" else 1 / 0.9, rel=0.1)


def test_all_of_it_is_all_of_it() -> None:
    for kind in ("drop", "burst"):
        assert not Air(**{kind: 1.0}).send(*(pdu(k) for k in range(50))).came


def test_the_same_seed_does_the_same() -> None:
    def came(seed: str) -> list[bytes]:
        return Air(seed=seed, drop=0.2, corrupt=0.2, reorder=0.1).send(*(pdu(k) for k in range(200))).came

    assert came("a") == came("a") != came("b")


def test_a_packet_comes_twice() -> None:
    air = Air(duplicate=0.3).send(*(pdu(k) for k in range(300)))
    twice = [k for k in range(300) if air.indices().count(k) == 2]
    assert [m.index for m in air.mishaps] == twice and 60 < len(twice) < 120
    assert sorted(set(air.indices())) == list(range(300))


def test_a_packet_changes_places_with_the_next_but_with_nothing_else() -> None:
    air = Air(reorder=0.3).send(*(pdu(k) for k in range(300)), pdu(300, 0))
    late = [a for a, b in zip(air.indices(), air.indices()[1:], strict=False) if b < a]
    assert [m.index for m in air.mishaps] == [k - 1 for k in late] and len(late) > 40
    assert sorted(air.indices()) == list(range(300))
    assert air.came[-1] == pdu(300, 0)  # the end is still the end
    assert Air(reorder=1.0).send(pdu(0), pdu(5, 0)).came == [pdu(0), pdu(5, 0)]


def test_one_byte_is_wrong_and_said_to_be() -> None:
    sent = [pdu(k) for k in range(300)]
    air = Air(corrupt=0.2).send(*sent)
    wrong = [k for k in range(300) if air.came[k] != sent[k]]
    assert [m.index for m in air.mishaps] == wrong and 30 < len(wrong) < 90
    for k, mishap in zip(wrong, air.mishaps, strict=True):
        assert [n for n in range(len(sent[k])) if air.came[k][n] != sent[k][n]] == [7 + mishap.byte]


def test_what_has_no_samples_is_left_alone() -> None:
    answer = b"\x05\x00\x04\x00\x1d\x12\x00\x80\x01"
    assert Air(drop=1.0, corrupt=1.0).send(answer, pdu(5, 0)).came == [answer, pdu(5, 0)]


async def test_jitter_delays_but_keeps_the_order_also_of_answers() -> None:
    answer = b"\x05\x00\x04\x00\x1d\x12\x00\x80\x01"
    air = Air(speed=10, jitter=0.5)
    sent = [pdu(5 * k) for k in range(20)] + [answer]
    air.send(*sent)
    assert len(air.came) < len(sent)
    async with asyncio.timeout(2):
        while len(air.came) < len(sent):
            await asyncio.sleep(0.005)
    assert air.came == sent and not air.mishaps


async def test_what_is_on_its_way_when_the_link_is_lost_is_lost_and_told() -> None:
    air = Air(jitter=5.0)
    air.send(pdu(0), pdu(5))
    air.disturbance.cut()
    assert [(m.kind, m.index, m.samples) for m in air.mishaps] == [
        (FaultKind.DROP, 0, 5),
        (FaultKind.DROP, 5, 5),
    ]
    air.disturbance.rates.clear()
    assert air.send(pdu(10)).indices() == [10]
