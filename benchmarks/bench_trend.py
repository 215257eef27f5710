"""How often a trend is seen where there is none, and where there is one.

Usage: ``python benchmarks/bench_trend.py [--series 1000]``

Series of tests, three a week: session SD 12 % of the child's level, each resembling the one before (AR(1),
0.4). Beside the rule of ``signal/trend.py`` what else one might take: least squares and Mann-Kendall at 5
%, and the plain error band, which compares the mean of the first three tests with the mean of the last
three against a borrowed smallest detectable difference of 15.5 %.
"""

import argparse
from collections.abc import Callable
from math import sqrt

import numpy as np
from scipy.stats import kendalltau, linregress

from griphub.firmware_bridge.samples import FloatArray, ToolKind, Unit
from griphub.signal.refusal import Refused
from griphub.signal.trend import SeriesKey, Test, Verdict, trend, widened_slope

SESSION_SD, AR1, DAYS_APART = 0.12, 0.4, 7 / 3
LEVEL_N = 100.0
LENGTHS = (8, 12, 20, 40)
SDD_SHARE = 0.155


def make_series(
    n: int, rise: float, rng: np.random.Generator, ar1: float = AR1
) -> tuple[FloatArray, FloatArray]:
    """Days and scores of a child whose level rises by a share over the whole series."""
    wave = np.empty(n)
    wave[0] = rng.standard_normal()
    for i in range(1, n):
        wave[i] = ar1 * wave[i - 1] + sqrt(1 - ar1**2) * rng.standard_normal()
    days = DAYS_APART * np.arange(n)
    return days, LEVEL_N * (1 + rise * np.linspace(0, 1, n) + SESSION_SD * wave)


def our_rule(kind: ToolKind) -> Callable[[FloatArray, FloatArray], bool]:
    """The product's rule, on a kind of tool: it decides whether an error can be borrowed."""
    key = SeriesKey("ASHT 2015", "left", Unit.NEWTON, kind, "tool")

    def sees(x: FloatArray, y: FloatArray) -> bool:
        tests = [Test(float(day), float(value), key) for day, value in zip(x, y, strict=True)]
        said = trend(tests)
        return not isinstance(said, Refused) and said.verdict in {Verdict.RISING, Verdict.FALLING}

    return sees


def widened_alone(x: FloatArray, y: FloatArray) -> bool:
    _, low, high = widened_slope(x, y)
    return low * high > 0


def widened_and_band(x: FloatArray, y: FloatArray) -> bool:
    slope, low, high = widened_slope(x, y)
    return low * high > 0 and abs(slope) * (x[-1] - x[0]) >= SDD_SHARE * y[:3].mean()


def least_squares(x: FloatArray, y: FloatArray) -> bool:
    return bool(linregress(x, y).pvalue < 0.05)


def mann_kendall(x: FloatArray, y: FloatArray) -> bool:
    return bool(kendalltau(x, y).pvalue < 0.05)


def error_band(x: FloatArray, y: FloatArray) -> bool:
    before, after = y[:3].mean(), y[-3:].mean()
    return bool(abs(after - before) >= SDD_SHARE * before)


METHODS: dict[str, Callable[[FloatArray, FloatArray], bool]] = {
    "GripHub: 12 tests or more, own error": our_rule(ToolKind.BALL),
    "  widened Theil-Sen and 15.5 %": widened_and_band,
    "  widened Theil-Sen alone": widened_alone,
    "least squares": least_squares,
    "Mann-Kendall": mann_kendall,
    "error band alone": error_band,
}


def table(title: str, rise: float, count: int, ar1: float = AR1) -> None:
    print(f"\n{title}")
    print(f"{'% of ' + str(count) + ' series':40s}" + "".join(f"{'n = ' + str(n):>9s}" for n in LENGTHS))
    seen = {name: [0] * len(LENGTHS) for name in METHODS}
    for column, n in enumerate(LENGTHS):
        rng = np.random.default_rng(1000 + n)
        for _ in range(count):
            x, y = make_series(n, rise, rng, ar1)
            for name, sees in METHODS.items():
                seen[name][column] += sees(x, y)
    for name, hits in seen.items():
        print(f"{name:40s}" + "".join(f"{100 * hit / count:9.1f}" for hit in hits))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", type=int, default=1000, help="simulated series for each figure")
    count = parser.parse_args().series
    table("Flat series: trends seen where there is none", 0.0, count)
    table("Flat series whose tests do not resemble each other", 0.0, count, ar1=0.0)
    table("Rise of 20 %: trends seen", 0.2, count)
    table("Rise of 40 %: trends seen", 0.4, count)


if __name__ == "__main__":
    main()
