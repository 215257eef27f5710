"""Recordings through the whole path."""

import os
from pathlib import Path

import numpy as np
import pytest

RECORDINGS = os.environ.get("GRIPHUB_RECORDINGS")


def _write(path: Path, t_s: np.ndarray, force: np.ndarray) -> Path:
    lines = ["time_s,force", *(f"{t:.5f},{f:.3f}" for t, f in zip(t_s, force, strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


def _squeezes(t_s: np.ndarray, n: int, height: float) -> np.ndarray:
    noise = np.random.default_rng(5).normal(0, height / 100, t_s.size)
    return sum(height * np.exp(-(((t_s - 2 - 2 * k) / 0.35) ** 2)) for k in range(n)) + 1.0 + noise


def test_even_and_uneven_recordings_arrive_sample_for_sample(griphub, tmp_path: Path) -> None:
    even_s = np.arange(0, 12, 1 / 10)
    uneven_s = np.cumsum(np.random.default_rng(1).uniform(0.003, 0.009, 2000))
    fast_s = np.arange(0, 8, 1 / 500)
    files = [
        _write(tmp_path / "slow.csv", even_s, _squeezes(even_s, 4, 20)),
        _write(tmp_path / "uneven.csv", uneven_s, _squeezes(uneven_s, 4, 900)),
        _write(tmp_path / "fast.csv", fast_s, _squeezes(fast_s, 3, 0.8)),
    ]
    (tmp_path / "labels.csv").write_text(
        "file,squeeze_count,count_min,count_max\nslow.csv,4,4,4\nuneven.csv,4,4,5\n"
    )
    code, result = griphub("replay", "--speed", "10", "--json", *map(str, files)).json(timeout_s=90)
    assert code == 0 and result["ok"]
    slow, uneven, fast = result["recordings"]
    for row, t_s in ((slow, even_s), (uneven, uneven_s), (fast, fast_s)):
        assert row["samples_sent"] == row["samples_received"] == t_s.size
        assert row["samples_lost"] == 0
        assert row["unit"] == "unknown"
        assert row["counted_squeezes"] == row["stored_squeezes"]
    assert [row["counted_squeezes"] for row in (slow, uneven, fast)] == [4, 4, 3]
    assert slow["label"]["squeeze_count"] == 4 and fast["label"] is None
    assert uneven["measured_peak"] == pytest.approx(900, rel=0.05)


def test_a_malformed_file_is_named_with_line_and_reason(griphub, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("time_s,force\n0.00,1\n0.01,two\n0.02,3\n")
    code, out, err = griphub("replay", str(bad)).end(timeout_s=30)
    assert code == 1 and out == ""
    assert "bad.csv, line 3" in err and "two" in err and "Traceback" not in err


def test_an_unknown_unit_is_a_usage_error(griphub, tmp_path: Path) -> None:
    good = _write(tmp_path / "good.csv", np.arange(0, 1, 0.01), np.ones(100))
    code, _, err = griphub("replay", "--unit", "stone", str(good)).end(timeout_s=30)
    assert code == 2
    assert "stone" in err and "kgf" in err


@pytest.mark.recordings
@pytest.mark.skipif(not RECORDINGS, reason="GRIPHUB_RECORDINGS is not set")
def test_recorded_hands_are_counted_nearly_as_labelled(griphub) -> None:
    files = sorted(Path(RECORDINGS or "").glob("atusa*/data/*.csv"))
    code, result = griphub("replay", "--speed", "25", "--unit", "count", "--json", *map(str, files)).json(90)
    assert code == 0
    rows = result["recordings"]
    assert [row["samples_lost"] for row in rows] == [0] * len(files)
    wrong = [abs(row["counted_squeezes"] - row["label"]["squeeze_count"]) for row in rows]
    assert sum(w == 0 for w in wrong) >= 4  # of five
    assert sum(wrong) <= 1
