"""From a tool's own clock to UTC: one `TimeBase` for each life of a tool.

A packet arrives some time after its last sample was taken: never earlier, often tens of milliseconds later,
and seconds later while the radio is busy. Against the tool's time, the offset of arrivals is therefore a
straight line (how the two clocks run apart) plus a delay that is never negative. Averages and least squares
follow the delays; the line that lies *below* all points does not. It is the edge of the lower convex hull
over the middle of the window: Moon, Skelly, Towsley, INFOCOM 1999; Zhang, Liu, Xia, INFOCOM 2002.
The least delay itself, some milliseconds, cannot be told from a clock that is late, and stays in the times.
"""

from collections import deque
from itertools import pairwise
from typing import Final

from .clock import HostClock

#: Of each so many seconds only the arrival with the least delay is kept. A tool's 150 packets in it make it
#: likely that one came at once, and an unknown drift of 100 ppm shifts a point by no more than 1.5 ms.
BUCKET_S: Final = 15.0

#: Points older than this are forgotten. Long, because packets may march in step with the connection's events:
#: at 40 ppm it takes 21 minutes until they have drifted through an interval of 50 ms, and only once in that
#: time one arrives without delay. Not longer, because drift is no constant: a tool that warms up in the hand
#: by 10 K changes by 1 ppm or less, which bends the line by 1 ms in an hour.
WINDOW_S: Final = 3600.0

#: Most by which two clocks run apart: Bluetooth allows a sleeping device 500 ppm but crystals on the market
#: keep 20 … 50, so two of them 100. It bounds the error while there are only seconds to judge by.
MAX_DRIFT: Final = 100e-6

#: No drift explains more: 2 · 100 ppm in a whole window is 0.72 s. An arrival so much *before* its time means
#: that earlier ones were late, or that one of the clocks jumped; either way they are of no use any more.
JUMP_S: Final = 1.0

#: So long no radio holds a packet back (the longest supervision timeout is 32 s): if all are late by one and
#: the same time, a clock jumped. A tool that hands over what it kept is late by less and less.
GIVE_UP_S: Final = 60.0

Point = tuple[float, float]  #: tool time, offset of host time against it; both in seconds


class TimeBase:
    """Learns how a tool's clock runs against the host's from what arrived when.

    Memory is bounded (240 points), and the work per packet constant but for a fit every 15 s.

    Parameters
    ----------
    clock : HostClock
        The host's clocks.
    """

    def __init__(self, clock: HostClock) -> None:
        self._clock = clock
        self._points: deque[Point] = deque()  # one a bucket, the running one excepted
        self._bucket = -1.0
        self._low: Point = (0.0, 0.0)  # of the running bucket
        self._line: Point | None = None  # a point of the line
        self._slope = 0.0  # and how its offset grows: the drift
        self._late: Point | None = None  # host time since when all were late, and by how much
        self._said: Point = (float("-inf"), 0.0)  # latest tool time asked for, and the host time told

    def arrived(self, tool_s: float, host_s: float | None = None) -> None:
        """Take note that a sample taken at `tool_s` of the tool's clock is here.

        Parameters
        ----------
        tool_s : float
            Of a packet's *last* sample: it could not be sent before.
        host_s : float, optional
            When it arrived, in the clock's monotonic seconds; now by default.
        """
        offset_s = (self._clock.monotonic_s() if host_s is None else host_s) - tool_s
        if self._line is None:
            self._begin((tool_s, offset_s))
            return
        at_s, line_s = self._line
        excess_s = offset_s - line_s - self._slope * (tool_s - at_s)
        if excess_s < -JUMP_S:
            self._begin((tool_s, offset_s))
            return
        if excess_s < 0:
            self._line = (at_s, line_s + excess_s)
        bucket = tool_s // BUCKET_S
        if bucket != self._bucket:
            self._bucket = bucket
            self._close((tool_s, offset_s))
        elif offset_s - self._low[1] < self._slope * (tool_s - self._low[0]):
            self._low = (tool_s, offset_s)

    def utc_s(self, tool_s: float) -> float:
        """Unix time of a moment on the tool's clock.

        Asked for later and later moments it never goes back, unless the host's clock is set back: where it
        learns that it was late, it stands still for so long.

        Raises
        ------
        ValueError
            If nothing has arrived yet.
        """
        if self._line is None:
            raise ValueError("nothing has arrived yet")
        at_s, line_s = self._line
        host_s = tool_s + line_s + self._slope * (tool_s - at_s)
        said_s, said_host_s = self._said
        if tool_s >= said_s:
            host_s = max(host_s, said_host_s) if said_host_s else host_s
            self._said = (tool_s, host_s)
        return self._clock.utc_of(host_s)

    def _begin(self, point: Point) -> None:
        self._points.clear()
        self._line = self._low = point
        self._bucket = point[0] // BUCKET_S
        self._slope = 0.0
        self._late = None

    def _close(self, first: Point) -> None:
        """Keep the bucket that is over, begin one with its `first` point, and fit."""
        assert self._line is not None
        low = self._low
        late_s = low[1] - self._line[1] - self._slope * (low[0] - self._line[0])
        host_s = sum(low)
        if late_s < JUMP_S:
            self._late = None
        elif self._late is None or abs(late_s - self._late[1]) > JUMP_S:
            self._late = (host_s, late_s)
        elif host_s - self._late[0] > GIVE_UP_S:
            self._begin(low)
            low = self._low
        self._points.append(low)
        while first[0] - self._points[0][0] > WINDOW_S and len(self._points) > 1:
            self._points.popleft()
        self._low = first
        self._fit()

    def _fit(self) -> None:
        """Lay the line below all points, against the hull over the middle of the window."""
        hull: list[Point] = []
        for point in self._points:
            while len(hull) > 1 and _turns_down(hull[-2], hull[-1], point):
                hull.pop()
            hull.append(point)
        middle_s = (hull[0][0] + hull[-1][0]) / 2
        for (a_s, a), (b_s, b) in pairwise(hull):
            if b_s >= middle_s and b_s > a_s:
                self._slope = min(max((b - a) / (b_s - a_s), -MAX_DRIFT), MAX_DRIFT)
                break
        # with the slope as it is, or clamped, the lowest point carries the line
        self._line = min(hull, key=lambda point: point[1] - self._slope * point[0])


def _turns_down(a: Point, b: Point, c: Point) -> bool:
    """Whether b lies on or above the straight from a to c, and is therefore no corner of the hull below."""
    return (b[1] - a[1]) * (c[0] - a[0]) >= (c[1] - a[1]) * (b[0] - a[0])
