import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from griphub.firmware_bridge.errors import GripError
from griphub.firmware_bridge.profile import WireUnit
from griphub.simulators.recording import MAX_BYTES, Label, RecordingError, read_labels, read_recording

GOOD = "time_s,force\n" + "".join(f"{k / 100},{k % 7}\n" for k in range(50))


@pytest.fixture
def write(tmp_path):
    def write(text, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_columns_in_any_order_with_others_between(write):
    rows = "".join(f"x,{k % 5 + 0.25},{3 + k / 100},\n" for k in range(20))
    played = read_recording(write("who, force ,time_s,note\r\n" + rows), WireUnit.KILOPASCAL)
    assert played.rate_hz == pytest.approx(100.0)
    assert played.unit is WireUnit.KILOPASCAL
    assert played.truth == ()
    assert played.label == "a.csv"
    np.testing.assert_allclose(played.t_s, np.arange(20) / 100, atol=1e-12)
    np.testing.assert_array_equal(played.values, np.arange(20) % 5 + 0.25)


def test_a_byte_order_mark_and_blank_lines_are_no_trouble(write):
    assert len(read_recording(write("\ufefftime_s,force\n0,1\n\n0.01,2\n\n")).values) == 2


def test_even_and_uneven(write):
    def rate_hz(t_s):
        return read_recording(write("time_s,force\n" + "".join(f"{t:.5f},1\n" for t in t_s))).rate_hz

    even = np.arange(100) / 120
    assert rate_hz(even) == pytest.approx(120, rel=1e-4)
    assert rate_hz(np.where(np.arange(100) == 50, even + 0.001, even)) == 0
    assert rate_hz(np.where(np.arange(100) > 50, even + 30, even)) == 0  # a pause does not change the rate


@settings(max_examples=60)
@given(st.lists(st.floats(-1e10, 1e10), min_size=2, max_size=30))
def test_the_resolution_is_the_finest_that_holds_every_value(tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "resolution.csv"
    path.write_text("time_s,force\n" + "".join(f"{k / 50},{v!r}\n" for k, v in enumerate(values)))
    played = read_recording(path)
    raw = np.rint(played.values / 10.0**played.exponent)
    assert np.abs(raw).max() <= 32766
    finer = np.rint(played.values / 10.0 ** (played.exponent - 1))
    assert played.exponent == -8 or np.abs(finer).max() > 32766


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "empty"),
        ("\n\n", 1, "empty"),
        ("0,1\n0.01,2\n", 1, "column time_s is missing"),
        ("time,force\n0,1\n", 1, "column time_s is missing in the header (time, force)"),
        ("time_s,force,force\n0,1,1\n", 1, "column force appears twice"),
        ("time_s;force\n0;1\n", 1, "semicolons"),
        ("time_s\tforce\n0\t1\n", 1, "tabs"),
        ("time_s,force\n0,1\n0,01,0,2\n", 3, "write decimals with a point"),
        ('time_s,force\n0,1\n"0,01",2\n', 3, "write decimals with a point"),
        ("time_s,force\n0,1\n0.01\n", 3, "1 fields where the header has 2"),
        ("time_s,force\n0,1\n0.01,strong\n", 3, "force 'strong' is not a number"),
        ("time_s,force\n0,1\n0.01,1_0\n", 3, "not a finite number"),
        ("time_s,force\n0,1\n0.01,nan\n", 3, "not a finite number"),
        ("time_s,force\n0,1\n0.01,-inf\n", 3, "not a finite number"),
        ("time_s,force\n0,1\n0.01,\n", 3, "force is empty"),
        ("time_s,force\n0,1\n\n0.01,1\n0.01,2\n", 5, "does not come after"),
        ("time_s,force\n0,1\n0.01,1\n0.01005,2\n", 4, "less than 0.1 ms apart"),
        ("time_s,force\n0,1\n0.01,1\n100000,2\n", 4, "more than a day"),
        ("time_s,force\n-1e308,1\n1e308,1\n", 3, "more than a day"),
        ("time_s,force\n", None, "0 samples"),
        ("time_s,force\n0,1\n", None, "1 samples"),
        ("time_s,force\n0,1\n0.2,1\n0.4,1\n", None, "5 samples a second"),
        ("time_s,force\n0,1\n0.001,1\n0.002,1\n", None, "1000 samples a second"),
        ("time_s,force\n0,1\n0.01,1e300\n", 3, "larger than a tool can send"),
        ('time_s,force\n0,1\n"0.01,1\n', 3, "not a CSV file"),
        (b"time_s,force\n0,1\n0.01,\xff\n", 3, "not UTF-8"),
    ],
)
def test_a_malformed_file_gets_a_line_and_a_reason(write, text, line, reason):
    path = write(text)
    with pytest.raises(RecordingError) as caught:
        read_recording(path)
    assert isinstance(caught.value, GripError)
    assert (caught.value.path, caught.value.line) == (path, line)
    assert reason in caught.value.reason
    assert caught.value.reason in str(caught.value)
    assert line is None or f"line {line}" in str(caught.value)


def test_what_is_no_file_at_all(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(RecordingError, match="cannot be read"):
            read_recording(path)


def test_a_huge_file_is_not_even_read(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # sparse: takes no room
    with pytest.raises(RecordingError, match="64 MB are too much"):
        read_recording(path)


crumbs = st.text(st.sampled_from('0123456789.,;-+eE"\n\r\t naif_time_sforce\x00µ'), max_size=60)


@settings(max_examples=300)
@given(
    st.one_of(st.binary(max_size=80), crumbs.map(str.encode)), st.integers(0, len(GOOD)), st.integers(0, 9)
)
@example(b"\x00", 20, 0)
@example(b"1e999", 16, 1)
def test_whatever_the_bytes_it_is_a_play_or_a_recording_error(tmp_path_factory, crumb, at, cut):
    path = tmp_path_factory.getbasetemp() / "crumbs.csv"
    good = GOOD.encode()
    for data in (crumb, b"time_s,force\n" + crumb, good[:at] + crumb + good[at + cut :]):
        path.write_bytes(data)
        try:
            played = read_recording(path)
        except RecordingError as error:
            assert error.line is None or 1 <= error.line <= data.count(b"\n") + data.count(b"\r") + 1
        else:
            assert played.values.size >= 2


def test_labels_lie_in_the_folder_or_beside_its_data(tmp_path):
    assert read_labels(tmp_path) == {}
    (tmp_path / "labels.csv").write_text(
        "file,squeeze_count,count_min,count_max,notes\na.csv,3,2,4,\nb.csv,1,1,1,x\n"
    )
    (tmp_path / "data").mkdir()
    expected = {"a.csv": Label(3, 2, 4), "b.csv": Label(1, 1, 1)}
    assert read_labels(tmp_path) == expected
    assert read_labels(tmp_path / "data") == expected


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.csv,3.5,3,4", "whole numbers"),
        ("a.csv,5,3,4", "count_min <= squeeze_count"),
        ("a.csv,x,3,4", "not a number"),
        ("a.csv,3,3,3\na.csv,4,4,4", "labelled twice"),
    ],
)
def test_malformed_labels(tmp_path, row, reason):
    (tmp_path / "labels.csv").write_text(f"file,squeeze_count,count_min,count_max\n{row}\n")
    with pytest.raises(RecordingError, match=reason):
        read_labels(tmp_path)


@pytest.mark.recordings
@pytest.mark.skipif("GRIPHUB_RECORDINGS" not in os.environ, reason="GRIPHUB_RECORDINGS is not set")
def test_every_recorded_hand_can_be_played_and_is_labelled():
    paths = sorted(Path(os.environ["GRIPHUB_RECORDINGS"]).glob("*/data/*.csv"))
    assert len(paths) == 84
    squeezes = 0
    for path in paths:
        played = read_recording(path)
        label = read_labels(path.parent)[path.name]
        assert label.count_min <= label.squeeze_count <= label.count_max
        squeezes += label.squeeze_count
        assert (played.rate_hz == pytest.approx(500)) if "fda" in str(path) else played.rate_hz == 0
        # Nothing is lost beyond the last digit that a sensor of this noise could mean.
        assert 10.0**played.exponent < 1e-3 * np.ptp(played.values)
    assert squeezes == 275
