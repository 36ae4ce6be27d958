"""What judging a window costs beside the usual ways, all in one run on this machine.

    .venv/bin/python benchmarks/drift.py [--rows N] [--rounds N]

N new rows (a million) with 20 numbers and 5 texts are compared with as many old ones: by the stored baseline,
as the platform does; by the same index with bins made of both sides each time, in plain numpy and pandas; and
by a loop of scipy tests. Prints medians of interleaved rounds and ratios; the ratios count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, ks_2samp

from mlplatform.ml.baseline import Baseline, baseline_of
from mlplatform.ml.drift import compare

NUMBERS, TEXTS = 20, 5


def frame(rows: int, seed: int) -> pd.DataFrame:
    """Skewed numbers, some of them missing, and texts of 3 to 40 values."""
    random = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    for number in range(NUMBERS):
        values = random.gamma(1 + number, size=rows)
        values[random.random(rows) < 0.02] = np.nan
        columns[f"n{number}"] = values
    for text in range(TEXTS):
        labels = np.array([f"value_{i}" for i in range(3 + 9 * text)], dtype=object)
        columns[f"t{text}"] = labels[random.integers(0, len(labels), rows)]
    return pd.DataFrame(columns)


def both_sides(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, float]:
    """The index as it is usually written: quantiles, two histograms, a constant against zeros."""
    found = {}
    for name in old:
        if old[name].dtype.kind == "f":
            edges = np.nanquantile(old[name], np.linspace(0, 1, 11))
            edges[0], edges[-1] = -np.inf, np.inf
            counts = [np.histogram(side[name].dropna(), edges)[0] for side in (old, new)]
        else:
            values = old[name].value_counts()
            counts = [
                values.to_numpy(),
                new[name].value_counts().reindex(values.index, fill_value=0).to_numpy(),
            ]
        before, now = (np.maximum(one / one.sum(), 1e-4) for one in counts)
        found[name] = float(((now - before) * np.log(now / before)).sum())
    return found


def tests(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, float]:
    """Kolmogorov-Smirnov per number, chi-square per text."""
    found = {}
    for name in old:
        if old[name].dtype.kind == "f":
            found[name] = float(ks_2samp(old[name].dropna(), new[name].dropna()).pvalue)
        else:
            counts = pd.concat([old[name].value_counts(), new[name].value_counts()], axis=1).fillna(0)
            found[name] = float(chi2_contingency(counts.to_numpy()).pvalue)
    return found


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    old, new = frame(given.rows, 1), frame(given.rows, 2)
    stored = Baseline.from_json(json.loads(json.dumps(baseline_of(old).to_json())))
    ways: dict[str, Callable[[], object]] = {
        "stored baseline": lambda: compare(stored, new),
        "numpy and pandas, both sides": lambda: both_sides(old, new),
        "scipy tests": lambda: tests(old, new),
        "making the baseline, once per model": lambda: baseline_of(old),
    }
    rounds = [{name: seconds(call) for name, call in ways.items()} for _ in range(given.rounds)]
    print(f"{given.rows:,} rows, {NUMBERS} numbers, {TEXTS} texts; {given.rounds} rounds, median")
    for name in ways:
        took = statistics.median(one[name] for one in rounds)
        ratio = statistics.median(one[name] / one["stored baseline"] for one in rounds)
        print(f"  {name:<38} {took:7.2f} s   x {ratio:.1f}")


if __name__ == "__main__":
    main()
