"""Ways to find squeezes that one would otherwise pick, beside our own."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from scipy.signal import butter, find_peaks, peak_widths, sosfiltfilt

from griphub.firmware_bridge.samples import SampleBlock, Unit
from griphub.signal.batch import detect_squeezes
from griphub.signal.squeeze import SqueezeDetector

NEUROKIT = "NeuroKit2 is not installed and left out; to have it: .venv/bin/pip install neurokit2"


@dataclass(frozen=True, slots=True)
class Found:
    """What any method says about one squeeze."""

    onset_s: float
    peak: float
    decided_s: float = np.nan
    peak_sd: float = np.nan


#: Times, samples, the rate (0 if uneven) and the usual peak if known.
Method = Callable[[np.ndarray, np.ndarray, float, float | None], list[Found]]


def block(t_s: np.ndarray, force: np.ndarray, fs_hz: float, first: int = 0) -> SampleBlock:
    return SampleBlock(
        "ball", first, t_s.copy(), force.copy(), Unit.UNKNOWN, fs_hz, 0, np.zeros(force.size, bool)
    )


def found(squeezes) -> list[Found]:
    return [Found(s.onset_s, s.peak, s.decided_s, s.peak_sd or np.nan) for s in squeezes]


def stream(t_s, force, fs_hz, usual) -> list[Found]:
    """The detector as it runs in the hub; how the stream is cut does not matter to the bit."""
    detector = SqueezeDetector(usual_peak=usual)
    return found(detector.update(block(t_s, force, fs_hz)) + detector.finish())


def offline(t_s, force, fs_hz, usual) -> list[Found]:
    at = {"fs": fs_hz} if fs_hz else {"t": t_s}
    return found(detect_squeezes(force, **at, usual_peak=usual))


def _even(t_s: np.ndarray, force: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """What a careful user would do with uneven samples before a method that cannot take them."""
    fs_hz = 1 / float(np.median(np.diff(t_s)))
    even_s = np.arange(t_s[0], t_s[-1], 1 / fs_hz)
    return even_s, np.interp(even_s, t_s, force), fs_hz


def _measured(t_s: np.ndarray, force: np.ndarray, at: np.ndarray) -> list[Found]:
    rest = np.percentile(force, 5)
    left = peak_widths(force, at, rel_height=0.88)[2] if at.size else []
    onsets = np.interp(left, np.arange(t_s.size), t_s)
    return [Found(float(onset), float(force[k] - rest)) for onset, k in zip(onsets, at, strict=True)]


def plain_peaks(t_s, force, fs_hz, usual) -> list[Found]:
    at, _ = find_peaks(force, prominence=0.1 * np.ptp(force))
    return _measured(t_s, force, at)


#: Chosen by random search over the tuning half of the tiers, for the share of exact counts: cut-off in Hz,
#: prominence and height as shares of the range, both in SDs of noise too, distance and width in seconds.
TUNED = {"cutoff": 6.2, "prominence": 0.22, "height": 0.09, "noise": 21.0, "distance": 0.25, "width": 0.115}


def tuned_peaks(t_s, force, fs_hz, usual, tuned=TUNED) -> list[Found]:
    t_s, force, fs_hz = _even(t_s, force)
    noise = 1.4826 * np.median(np.abs(np.diff(force, 2))) / 6**0.5
    cutoff = min(tuned["cutoff"], 0.45 * fs_hz)
    if force.size > 30:
        force = sosfiltfilt(butter(2, cutoff, fs=fs_hz, output="sos"), force)
    least = tuned["noise"] * noise * (2 * cutoff / fs_hz) ** 0.5
    low, high = np.percentile(force, [10, 99])
    at, _ = find_peaks(
        force,
        prominence=max(tuned["prominence"] * (high - low), least),
        height=low + tuned["height"] * (high - low),
        distance=max(1, tuned["distance"] * fs_hz),
        width=tuned["width"] * fs_hz,
    )
    return _measured(t_s, force, at)


def schmitt_trigger(t_s, force, fs_hz, usual) -> list[Found]:
    """On above 2, off below 1 (newtons, kilopascals), as fixed in many a firmware."""
    rows, onset, peak = [], None, 0.0
    for at, value in zip(t_s.tolist(), force.tolist(), strict=True):
        if onset is None and value > 2.0:
            onset, peak = at, value
        elif onset is not None:
            peak = max(peak, value)
            if value < 1.0:
                rows.append(Found(onset, peak, at))
                onset = None
    return rows


def neurokit_peaks(t_s, force, fs_hz, usual) -> list[Found]:
    """`signal_findpeaks` on a 5 Hz low-pass, with heights of at least the mean, as its examples have it."""
    import neurokit2  # noqa: PLC0415 - for the benchmark only, and slow to load

    t_s, force, fs_hz = _even(t_s, force)
    smooth = neurokit2.signal_filter(force, fs_hz, highcut=min(5.0, 0.4 * fs_hz), order=2)
    with warnings.catch_warnings():  # it takes the SD of what may be nothing
        warnings.simplefilter("ignore", RuntimeWarning)
        at = neurokit2.signal_findpeaks(smooth, relative_height_min=0.0)["Peaks"]
    return _measured(t_s, smooth, np.asarray(at, dtype=int))


METHODS: dict[str, Method] = {
    "griphub stream": stream,
    "griphub offline": offline,
    "find_peaks plain": plain_peaks,
    "find_peaks tuned": tuned_peaks,
    "Schmitt 2/1": schmitt_trigger,
}
if find_spec("neurokit2"):
    METHODS["NeuroKit2 findpeaks"] = neurokit_peaks
