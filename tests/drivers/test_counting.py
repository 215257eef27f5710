"""Whoever says that it is fast enough to count squeezes counts them."""

from typing import Any

import numpy as np
import pytest

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.drivers.registry import DRIVERS
from griphub.firmware_bridge.drivers.timeline import Timeline
from griphub.signal.squeeze import Squeeze, SqueezeDetector
from griphub.simulators.devices import DEVICES
from griphub.simulators.presets import PRESETS
from griphub.simulators.waveform import BALL, play

COUNTING = {driver.name: driver for driver in DRIVERS if driver.capabilities.counts}


@pytest.mark.parametrize("name", COUNTING)
@pytest.mark.parametrize("child", ["c-9b07", "c-e53a"])
def test_a_tool_that_counts_finds_a_childs_squeezes(said: Any, name: str, child: str) -> None:
    driver, device = COUNTING[name](), DEVICES[name]
    (model,) = (preset for preset in PRESETS.values() if preset.child_id == child)
    played = play(model, "right", BALL, np.random.default_rng(5), duration_s=60)
    t_s = np.arange(0, played.duration_s, 1 / device.rate_hz)
    line = Timeline("tool", driver.capabilities.rate_hz, HostClock())
    detector, delay = SqueezeDetector(), np.random.default_rng(6)
    squeezes: list[Squeeze] = []
    driver.start()
    arrived_s = 10.0
    for voice, packet, at_s in said(name, np.interp(t_s, played.t_s, played.values)):
        arrived_s = max(arrived_s, 10 + at_s + delay.uniform(0.002, 0.05))
        reading = driver.feed(packet, voice)
        block = reading and line.block(reading, arrived_s)
        squeezes += detector.update(block) if block else []
    squeezes += detector.finish()
    assert len(squeezes) == len(played.truth) > 10
    error_s = np.array([s.onset_s for s in squeezes]) - [s.onset_s for s in played.truth]
    assert np.std(error_s) < 0.1
