"""From a tool's own clock to UTC: one `TimeBase` for each life of a tool."""

from .clock import HostClock


class TimeBase:
    """Learns how a tool's clock runs against the host's from what arrived when.

    Parameters
    ----------
    clock : HostClock
        The host's clocks.
    """

    def __init__(self, clock: HostClock) -> None:
        self._clock = clock
        self._utc_offset_s: float | None = None  # UTC minus tool time

    def arrived(self, tool_s: float) -> None:
        """Take note that a sample taken at `tool_s` of the tool's clock is here now."""
        offset_s = self._clock.utc_s() - tool_s
        if self._utc_offset_s is None or offset_s < self._utc_offset_s:
            self._utc_offset_s = offset_s

    def utc_s(self, tool_s: float) -> float:
        """Unix time of a moment on the tool's clock."""
        if self._utc_offset_s is None:
            raise ValueError("nothing has arrived yet")
        return tool_s + self._utc_offset_s
