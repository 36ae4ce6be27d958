"""How much a model relies on each column of its features."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mlplatform.ml.metrics import Array, Metric

if TYPE_CHECKING:
    import pandas as pd

STACKED_ROWS = 20_000
"""Rows given to one call of the model: hides the fixed cost of a call and bounds the memory."""


def permutation_importance(
    predict: Callable[[pd.DataFrame], Array],
    features: pd.DataFrame,
    y: Array,
    metric: Metric,
    repeats: int = 2,
    seed: int = 0,
    max_rows: int = 2000,
) -> list[tuple[str, float]]:
    """Loss of the metric when a column is shuffled, largest first (Breiman, 2001), averaged over ``repeats``.

    ``features`` has n rows and ``y`` shape ``(n,)``; of more than ``max_rows`` rows a random sample is used.
    ``predict`` must treat rows independently: many shuffled copies of the frame are stacked into one call,
    because a pipeline's cost on a few thousand rows is mostly per call. Losses are in the unit of the metric,
    positive when shuffling makes the model worse; all are nan when the metric is undefined on the sample.
    ValueError when ``features`` and ``y`` differ in length or column names repeat.
    """
    if len(features) != len(y):
        raise ValueError(f"features has {len(features):,} rows, y has {len(y):,}")
    if not features.columns.is_unique:
        raise ValueError("features has repeated column names")
    random = np.random.default_rng(seed)
    labels = np.asarray(y, dtype=np.float64)
    if len(features) > max_rows:
        sample = np.sort(random.choice(len(features), size=max_rows, replace=False))
        features, labels = features.iloc[sample], labels[sample]
    intact = metric(labels, predict(features))
    shuffles = [random.permutation(len(features)) for _ in range(repeats)]
    columns = [str(column) for column in features.columns]
    per_call = max(1, STACKED_ROWS // max(1, len(features) * repeats))
    losses: list[float] = []
    for start in range(0, len(columns), per_call):
        positions = range(start, min(start + per_call, len(columns)))
        stacked = _shuffled(features, positions, shuffles)
        predicted = np.asarray(predict(stacked), dtype=np.float64).reshape(
            len(positions), repeats, len(features)
        )
        scores = metric.function(labels, predicted)
        losses.extend(metric.gain(np.full(scores.shape, intact), scores).mean(axis=-1).tolist())
    # Python's sort is stable, so columns of equal importance stay in the order of the features.
    return sorted(zip(columns, losses, strict=True), key=lambda pair: -pair[1])


def _shuffled(features: pd.DataFrame, positions: range, shuffles: list[Array]) -> pd.DataFrame:
    """Copies of ``features`` one below the other: per position, per shuffle, one with that column shuffled.

    Every column keeps its dtype, which a model may depend on (categories, nullable integers).
    """
    import pandas as pd

    rows, repeats = len(features), len(shuffles)
    unchanged = np.tile(np.arange(rows), len(positions) * repeats)
    columns = {}
    for position, name in enumerate(features.columns):
        taken = unchanged
        if position in positions:
            taken = unchanged.copy()
            start = (position - positions.start) * repeats * rows
            taken[start : start + repeats * rows] = np.concatenate(shuffles)
        columns[name] = features[name].array.take(taken)
    return pd.DataFrame(columns)
