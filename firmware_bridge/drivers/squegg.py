"""Squegg grip ball: the squeeze's strength as text.

Facts: lasseborly/squegg-sdk and Sarthak-Kakkar-03/Squegg_python_protocol, which agree on the payload and have
real ones; CHuesser/squegg_test has the ball tell a strength for a while after it was let go. Neither says
what the number measures. The second one names a service 8e400001-…, whose base is that of firmware updates:
nothing is ever written to this ball.
"""

import re
from typing import Final

import numpy as np

from ..discovery import Advertisement
from ..errors import PacketError
from ..samples import ToolKind, Unit
from ..tool import Capabilities, Stamps
from .contract import Driver, Reading, may_offer

SERVICE: Final = "0000ffb0-0000-1000-8000-00805f9b34fb"
DATA: Final = "0000ffb2-0000-1000-8000-00805f9b34fb"

#: A sign that nobody knows and is always 1, battery, whether it is squeezed, strength.
_PAYLOAD: Final = re.compile(rb"[0-9]([0-9])[01]([0-9]{1,6}(?:\.[0-9]{0,6})?|\.[0-9]{1,6})[\0 ]*")


class Squegg(Driver):
    """Decodes the text; the ball streams as soon as it is subscribed to."""

    name = "squegg"
    title = "Squegg ball"
    kind = ToolKind.BALL
    notify = (DATA,)
    capabilities = Capabilities(
        unit=Unit.UNKNOWN,
        rate_hz=None,
        stamps=Stamps.ARRIVAL,
        loss_known=False,
        tare=False,
        identify=False,
        battery=True,
        stored=False,
        counts=True,
        because={
            "unit": "No source says what its numbers measure: calibrate it with a known weight.",
            "rate_hz": "No source says how often it sends; the hub measures it.",
            "stamps": "It sends no times: a sample is dated by when it arrived.",
            "loss_known": "It numbers nothing, so a lost packet does not show.",
            "tare": "No command for it is known; the hub takes the level at rest.",
            "identify": "It has no light or sound that a hub can switch on.",
            "stored": "It keeps nothing while no hub is connected.",
        },
    )

    @classmethod
    def matches(cls, advertisement: Advertisement) -> bool:
        """By either name that such balls had, and the service where it names any; others share that."""
        named = advertisement.name == "weixin-nini" or advertisement.name.startswith("Squegg_1")
        return named and may_offer(advertisement, SERVICE)

    def feed(self, data: bytes, characteristic: str = "") -> Reading | None:
        """Read one notification."""
        payload = _PAYLOAD.fullmatch(data)
        if payload is None:
            raise PacketError("this is no payload of a Squegg", data)
        battery, strength = payload.groups()
        return Reading(np.array([float(strength)]), Unit.UNKNOWN, battery_percent=10 * (int(battery) + 1))
