"""Metrics that score one evaluation or many resamples of it in one call.

Every function takes labels and predictions of shape ``(n,)`` or ``(resamples, n)`` (mixed shapes broadcast)
and returns an array of shape ``()`` or ``(resamples,)``. Their numbers are those of `mlplatform.ml.targets`:
labels 0 and 1 and probabilities of 1 for a binary classification, whole numbers from 0 that stand for
classes for a multiclass classification, the values for a regression. Only numpy is needed, so that a gate or
a monitor can score without loading scikit-learn. Where a metric is undefined (one class only, constant
target) the result is nan, never an error: a bootstrap meets such resamples and has to go on.

Units: log_loss is in nats; mae and rmse are in the unit of the target; brier_score is a squared probability;
the others have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
Number = TypeVar("Number", float, FloatArray)
Task = Literal["binary_classification", "multiclass_classification", "regression"]

THRESHOLD = 0.5
"""Predicted probability from which a row counts as predicted to be of the positive class."""


def _unchanged(prediction: Array) -> Array:
    return prediction


@dataclass(frozen=True)
class Metric:
    """A named score of predictions against labels.

    ``function(y, prediction)`` is described in the module's docstring. ``prepare`` maps predictions of shape
    ``(n,)`` to an equivalent that is cheaper to score many times; preparing never changes the score.
    """

    name: str
    tasks: tuple[Task, ...]
    higher_is_better: bool
    function: Callable[[Array, Array], FloatArray]
    prepare: Callable[[Array], Array] = _unchanged

    def __call__(self, y: Array, prediction: Array) -> float:
        """Score of one evaluation; labels and predictions are numbers of shape ``(n,)``."""
        return float(self.function(np.asarray(y, np.float64), np.asarray(prediction, np.float64)))

    def gain(self, new: Number, old: Number) -> Number:
        """``new - old`` with the sign that makes positive mean better."""
        return new - old if self.higher_is_better else old - new


def dense_ranks(prediction: Array) -> NDArray[np.int32]:
    """Rank from 0 of each prediction within its row, equal ones sharing a rank; any shape ``(..., n)``."""
    order = np.argsort(prediction, axis=-1)
    ordered = np.take_along_axis(prediction, order, axis=-1)
    steps = np.zeros(ordered.shape, dtype=np.int32)
    np.cumsum(ordered[..., 1:] != ordered[..., :-1], axis=-1, out=steps[..., 1:])
    ranks = np.empty_like(steps)
    np.put_along_axis(ranks, order, steps, axis=-1)
    return ranks


def _class_counts(y: Array, prediction: Array) -> tuple[FloatArray, FloatArray]:
    """Negatives and positives per distinct prediction, ascending: two arrays of shape ``(..., ranks)``.

    int32 predictions are taken to be the output of ``dense_ranks``. Counting ranks costs O(n) per resample,
    where sorting each resample anew would cost O(n log n), and averages ties by construction.
    """
    ranks = prediction if prediction.dtype == np.int32 else dense_ranks(prediction)
    y, ranks = np.broadcast_arrays(y, ranks)
    if ranks.size == 0:
        empty = np.zeros((*ranks.shape[:-1], 1))
        return empty, empty
    width = int(ranks.max()) + 1
    resamples = ranks.size // ranks.shape[-1]
    rows = np.arange(resamples, dtype=np.int64).reshape(*ranks.shape[:-1], 1)
    cells = (2 * rows + (y == 1)) * width + ranks
    counts = np.bincount(cells.ravel(), minlength=2 * resamples * width)
    by_class: FloatArray = counts.reshape(*ranks.shape[:-1], 2, width).astype(np.float64)
    return by_class[..., 0, :], by_class[..., 1, :]


def roc_auc(y: Array, prediction: Array) -> FloatArray:
    """Probability that a positive outranks a negative, ties counting half; nan when a class is absent.

    The Mann-Whitney form of the area under the ROC curve (Hanley and McNeil, 1982).
    """
    negatives, positives = _class_counts(y, prediction)
    below = np.cumsum(negatives, axis=-1) - 0.5 * negatives
    wins = (positives * below).sum(axis=-1)
    pairs = positives.sum(axis=-1) * negatives.sum(axis=-1)
    return np.asarray(np.where(pairs > 0, wins / np.maximum(pairs, 1), np.nan))


def average_precision(y: Array, prediction: Array) -> FloatArray:
    """Precision averaged over the gains in recall, without interpolation; nan without positives."""
    negatives, positives = (np.flip(counts, axis=-1) for counts in _class_counts(y, prediction))
    found = np.cumsum(positives, axis=-1)
    precision = found / np.maximum(found + np.cumsum(negatives, axis=-1), 1)
    total = found[..., -1]
    gained = (positives * precision).sum(axis=-1)
    return np.asarray(np.where(total > 0, gained / np.maximum(total, 1), np.nan))


def log_loss(y: Array, prediction: Array) -> FloatArray:
    """Mean negative log likelihood; probabilities are kept one float64 epsilon away from 0 and 1."""
    epsilon = np.finfo(np.float64).eps
    probability = np.clip(prediction, epsilon, 1 - epsilon)
    return np.asarray(-np.log(np.where(y == 1, probability, 1 - probability)).mean(axis=-1))


def mean_squared_error(y: Array, prediction: Array) -> FloatArray:
    """Mean squared difference; of probabilities this is the Brier score."""
    return np.asarray(np.square(np.subtract(prediction, y, dtype=np.float64)).mean(axis=-1))


def _decided(prediction: Array) -> NDArray[np.int64]:
    """The predicted class: whole numbers are classes, a probability is 1 from ``THRESHOLD`` on, else 0."""
    return np.where(prediction > 1, prediction, prediction >= THRESHOLD).astype(np.int64)


def _per_class(y: Array, prediction: Array) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows of each class, rows predicted as it, rows that are both; each of shape ``(..., classes)``."""
    y, prediction = np.broadcast_arrays(np.asarray(y, np.int64), _decided(prediction))
    shape, width = y.shape[:-1], 1 + max(int(y.max(initial=0)), int(prediction.max(initial=0)))
    resamples = int(np.prod(shape))
    rows = np.arange(resamples, dtype=np.int64).reshape(*shape, 1) * width

    def counted(cells: Array) -> FloatArray:
        return np.bincount(cells.ravel(), minlength=resamples * width).reshape(*shape, width).astype(float)

    return counted(rows + y), counted(rows + prediction), counted((rows + y)[y == prediction])


def accuracy(y: Array, prediction: Array) -> FloatArray:
    """Share of rows whose class was predicted."""
    return np.asarray((_decided(prediction) == y).mean(axis=-1))


def balanced_accuracy(y: Array, prediction: Array) -> FloatArray:
    """Share of each class's rows that were found, averaged over the classes among the labels."""
    rows, _, found = _per_class(y, prediction)
    recall = found / np.maximum(rows, 1)
    return np.asarray(recall.sum(axis=-1) / (rows > 0).sum(axis=-1))


def macro_f1(y: Array, prediction: Array) -> FloatArray:
    """F1 (harmonic mean of precision and recall), averaged over the classes labelled or predicted."""
    rows, predicted, found = _per_class(y, prediction)
    either = rows + predicted
    f1 = 2 * found / np.maximum(either, 1)
    return np.asarray(f1.sum(axis=-1) / (either > 0).sum(axis=-1))


def mae(y: Array, prediction: Array) -> FloatArray:
    """Mean absolute error."""
    return np.asarray(np.abs(np.subtract(prediction, y, dtype=np.float64)).mean(axis=-1))


def rmse(y: Array, prediction: Array) -> FloatArray:
    """Root of the mean squared error."""
    return np.asarray(np.sqrt(mean_squared_error(y, prediction)))


def r2(y: Array, prediction: Array) -> FloatArray:
    """Share of the target's variance that is explained; nan when the target is constant."""
    y = np.asarray(y, dtype=np.float64)
    spread = np.square(y - y.mean(axis=-1, keepdims=True)).mean(axis=-1)
    # Not a test of spread > 0: the mean of equal floats may differ from them by rounding.
    constant = y.max(axis=-1) == y.min(axis=-1)
    explained = 1 - mean_squared_error(y, prediction) / np.where(constant, 1.0, spread)
    return np.asarray(np.where(constant, np.nan, explained))


def _named(*metrics: Metric) -> Mapping[str, Metric]:
    return MappingProxyType({each.name: each for each in metrics})


_BINARY: tuple[Task, ...] = ("binary_classification",)
_CLASSES: tuple[Task, ...] = ("binary_classification", "multiclass_classification")
_REGRESSION: tuple[Task, ...] = ("regression",)

METRICS: Mapping[str, Metric] = _named(
    Metric("roc_auc", _BINARY, True, roc_auc, dense_ranks),
    Metric("average_precision", _BINARY, True, average_precision, dense_ranks),
    Metric("log_loss", _BINARY, False, log_loss),
    Metric("brier_score", _BINARY, False, mean_squared_error),
    Metric("accuracy", _CLASSES, True, accuracy),
    Metric("balanced_accuracy", _CLASSES, True, balanced_accuracy),
    Metric("macro_f1", _CLASSES, True, macro_f1),
    Metric("mae", _REGRESSION, False, mae),
    Metric("rmse", _REGRESSION, False, rmse),
    Metric("r2", _REGRESSION, True, r2),
)


def metric(name: str) -> Metric:
    """The metric of this name; ValueError listing the known names otherwise."""
    try:
        return METRICS[name]
    except KeyError:
        raise ValueError(f"unknown metric {name!r}; known metrics: {', '.join(sorted(METRICS))}") from None
