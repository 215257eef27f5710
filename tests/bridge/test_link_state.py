"""The history of a link, in words."""

import pytest

from griphub.firmware_bridge.errors import (
    AdapterCause,
    AdapterUnavailable,
    BondLost,
    GripError,
    LinkLost,
    NoFreeSlot,
    PacketError,
    PairingRefused,
    ToolHeld,
    ToolRefused,
    UnsupportedTool,
)
from griphub.firmware_bridge.link_state import HISTORY, MAX_TOOLS, LinkLog, LinkPhase, LinkState, explain

#: What no parent should have to read.
JARGON = {"gatt", "bond", "hci", "ble", "rssi", "mtu", "exception", "error", "controller", "slot"}


@pytest.mark.parametrize(
    ("error", "phase"),
    [
        (LinkLost("ball1"), LinkPhase.RETRYING),
        (BondLost("ball1"), LinkPhase.REFUSED),
        (PairingRefused("ball1", "why"), LinkPhase.REFUSED),
        (UnsupportedTool("ball1", "why"), LinkPhase.REFUSED),
        (ToolRefused("ball1", "START", "NOT_NOW"), LinkPhase.REFUSED),
        (NoFreeSlot("system"), LinkPhase.REFUSED),
        (ToolHeld("ball1"), LinkPhase.REFUSED),
        (PacketError("why"), LinkPhase.RETRYING),
        (GripError("why"), LinkPhase.RETRYING),
        (RuntimeError("why"), LinkPhase.RETRYING),
        *((AdapterUnavailable("system", "why", cause), LinkPhase.RETRYING) for cause in AdapterCause),
    ],
)
def test_every_failure_has_a_reason_for_a_parent(error: Exception, phase: LinkPhase) -> None:
    told, reason = explain(error)
    assert told is phase
    assert reason.endswith(".") and len(reason) < 100
    words = reason.lower().replace(".", " ").replace(",", " ").split()
    assert not JARGON & set(words)


def test_reasons_differ_so_that_each_says_what_to_do() -> None:
    causes = [AdapterUnavailable("system", "why", cause) for cause in AdapterCause]
    others = [LinkLost("b"), BondLost("b"), PairingRefused("b", ""), NoFreeSlot("r"), ToolHeld("b")]
    assert len({explain(error)[1] for error in (*causes, *others)}) == 9


def test_a_night_of_failures_is_one_entry() -> None:
    changes: list[LinkState] = []
    log = LinkLog(changes.append)
    for attempt in range(5000):
        log.note(LinkState("ball1", LinkPhase.RETRYING, attempt, "why", "LinkLost", attempts=attempt))
    (only,) = log.history("ball1")
    assert (only.since_s, only.attempts) == (0, 4999)
    assert len(changes) == 1
    assert log.state("ball1") == only and log.state("ball2") is None


def test_histories_are_bounded() -> None:
    log = LinkLog()
    for n in range(HISTORY * 2):
        log.note(LinkState("ball1", LinkPhase.LOST if n % 2 else LinkPhase.STREAMING, n))
    assert len(log.history("ball1")) == HISTORY
    assert log.history("ball1")[-1].since_s == HISTORY * 2 - 1
    for n in range(MAX_TOOLS + 10):
        log.note(LinkState(f"tool{n}", LinkPhase.AWAY, 0))
    assert len(log.all()) == MAX_TOOLS
    assert log.state("ball1") is None
