"""The force curve of a session as a CSV file: every sample that was measured, and nothing between them."""

import csv
import io
from math import isnan

from ..stores.models import SessionDetail


def waveform_csv(detail: SessionDetail) -> bytes:
    """Seconds since the session's start, and values in the unit that the header names.

    A missing reading is an empty cell: NaN is no number that every program knows. Where samples were lost,
    the seconds jump.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["time_s", f"value_{detail.point.unit}"])
    writer.writerows(
        (f"{t:.5f}", "" if isnan(v) else f"{v:.3f}") for t, v in zip(detail.t_s, detail.values, strict=True)
    )
    return text.getvalue().encode()
