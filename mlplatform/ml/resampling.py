"""How far a metric's value can be trusted: bootstrap intervals over the judged rows.

Efron and Tibshirani (1993), percentile intervals; two models are compared on the same resamples (paired).
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np

from mlplatform.ml.metrics import Array, FloatArray, Metric

BATCH_CELLS = 100_000
"""Resampled values held at once: bounds the memory for large sets and stays within the processor's cache."""


@dataclass(frozen=True)
class Estimate:
    """A value with its bootstrap interval; all three are nan when the metric is undefined."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:z.4f} [{self.low:z.4f}, {self.high:z.4f}]"


def estimates(
    score: Metric,
    y: FloatArray,
    predictions: list[FloatArray],
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> list[Estimate]:
    """Estimates of each prediction and, when there are two, of the first's gain over the second.

    One set of resamples serves all of them. Resamples on which the metric is undefined are left out.
    """
    from scipy.stats import DegenerateDataWarning, bootstrap

    def statistic(labels: Array, *columns: Array, axis: int) -> FloatArray:
        scores = [score.function(labels, column) for column in columns]
        return np.stack([*scores, score.gain(*scores)] if len(scores) == 2 else scores)

    columns = (y, *(score.prepare(prediction) for prediction in predictions))
    values = statistic(*columns, axis=-1)
    if np.isnan(values).any():
        return [Estimate(float(value), math.nan, math.nan) for value in values]
    with warnings.catch_warnings():
        # It warns about the interval of its own, which one undefined resample turns into nan; not used here.
        warnings.simplefilter("ignore", DegenerateDataWarning)
        resampled = bootstrap(
            columns,
            statistic,
            n_resamples=resamples,
            batch=max(1, BATCH_CELLS // len(y)),
            vectorized=True,
            paired=True,
            axis=-1,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).bootstrap_distribution
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(resampled, [tail, 1 - tail], axis=-1)
    return [Estimate(*map(float, each)) for each in zip(values, low, high, strict=True)]
