"""Samples as a compact text that survives JSON: integers, differences, zlib, base64.

Lossless to the resolution below: 100 samples take about 150 bytes.
"""

import base64
import struct
import zlib

import numpy as np

from ..firmware_bridge.profile import TICK_S
from ..firmware_bridge.samples import FloatArray
from .errors import PayloadError

#: Smallest step kept, in the block's unit: 1 mN or 1 Pa, finer than any grip sensor resolves. Raw counts
#: are whole numbers, so it keeps them exactly.
RESOLUTION = 1e-3

#: Most samples in one piece, which is about a second: a hundred times those of the fastest tool. A message of
#: 1 MB could otherwise ask for gigabytes.
MAX_SAMPLES = 100_000

_HEAD = struct.Struct("<I")
_MISSING = np.iinfo(np.int64).min // 2  # far outside any reading, and its differences do not overflow


def encode_samples(t_s: FloatArray, values: FloatArray) -> str:
    """Pack sample times and values.

    Parameters
    ----------
    t_s : ndarray, shape (n,)
        Seconds since the first sample; kept to one tool tick (10 µs).
    values : ndarray, shape (n,)
        Samples; NaN survives, infinities become NaN.

    Returns
    -------
    str
        Base64 text.
    """
    ticks = np.rint(np.asarray(t_s) / TICK_S).astype(np.int64)
    finite = np.isfinite(values)
    steps = np.where(finite, np.rint(np.where(finite, values, 0.0) / RESOLUTION), _MISSING).astype(np.int64)
    body = b"".join(np.diff(column, prepend=0).astype("<i8").tobytes() for column in (ticks, steps))
    return base64.b64encode(_HEAD.pack(len(ticks)) + zlib.compress(body, 6)).decode()


def decode_samples(data: str) -> tuple[FloatArray, FloatArray]:
    """Unpack `encode_samples`.

    Returns
    -------
    t_s, values : ndarray, shape (n,)

    Raises
    ------
    PayloadError
        If the text is not what `encode_samples` writes.
    """
    try:
        raw = base64.b64decode(data, validate=True)
        (n,) = _HEAD.unpack_from(raw)
        if n > MAX_SAMPLES:
            raise ValueError(f"{n} samples in one piece")
        # 16 bytes a sample is all that an honest body holds: no bomb unpacks further
        body = zlib.decompressobj().decompress(raw[_HEAD.size :], 16 * n + 1)
        if len(body) != 16 * n:
            raise ValueError(f"{len(body)} bytes where {n} samples need {16 * n}")
        columns = np.frombuffer(body, "<i8").reshape(2, n).astype(np.int64).cumsum(axis=1)
    except (ValueError, struct.error, zlib.error, MemoryError, OverflowError) as error:
        raise PayloadError(f"waveform data: {error}") from None
    values = np.where(columns[1] == _MISSING, np.nan, columns[1] * RESOLUTION)
    return columns[0] * TICK_S, values
