"""Samples as text."""

import base64
import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from griphub.hub.errors import PayloadError
from griphub.hub.waveform import MAX_SAMPLES, RESOLUTION, decode_samples, encode_samples

finite = st.floats(-1e6, 1e6)


@given(
    arrays(np.float64, st.integers(1, 300), elements=finite | st.just(float("nan"))),
    st.integers(0, 2**32 - 1),
)
def test_samples_survive_to_their_resolution(values: np.ndarray, seed: int) -> None:
    t_s = np.cumsum(np.random.default_rng(seed).integers(1, 60_000, values.size)) * 1e-5
    back_s, back = decode_samples(encode_samples(t_s, values))
    np.testing.assert_allclose(back_s, t_s, atol=1e-6, rtol=0)
    np.testing.assert_allclose(back, values, atol=RESOLUTION * 0.51, rtol=1e-9, equal_nan=True)


def test_raw_counts_are_exact_and_infinity_is_no_reading() -> None:
    values = np.array([0, 4095, -32767, np.inf])
    np.testing.assert_array_equal(
        decode_samples(encode_samples(np.arange(4.0), values))[1], [0, 4095, -32767, np.nan]
    )


@given(st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()) | st.text())
def test_any_text_is_samples_or_a_payload_error(text: str) -> None:
    with contextlib.suppress(PayloadError):
        decode_samples(text)


def test_a_bomb_does_not_unpack() -> None:
    import struct
    import zlib

    bomb = base64.b64encode(struct.pack("<I", 10) + zlib.compress(bytes(50_000_000))).decode()
    with pytest.raises(PayloadError, match="10 samples need 160"):
        decode_samples(bomb)


def test_a_piece_that_claims_gigabytes_is_refused_unopened() -> None:
    import struct

    claim = base64.b64encode(struct.pack("<I", MAX_SAMPLES + 1)).decode()
    with pytest.raises(PayloadError, match="100001 samples in one piece"):
        decode_samples(claim)
