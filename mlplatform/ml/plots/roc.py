"""How well probabilities separate two classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlplatform.ml.metrics import Array, FloatArray, dense_ranks, metric
from mlplatform.ml.plots.drawing import DASHED, GREY, colour, drawing, finite, png, short


def roc_curve(y: Array, predictions: Mapping[str, Array]) -> bytes:
    """ROC curve of each named prediction of 0/1 labels, shape ``(n,)``; no curve when a class is absent."""
    figure, axes = drawing(
        "How well the model separates the classes", "false positive rate", "true positive rate"
    )
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=DASHED, label="chance, AUC 0.500")
    for index, (name, prediction) in enumerate(predictions.items()):
        labels, scores = finite(y, prediction)
        area = metric("roc_auc")(labels, scores)
        known = "undefined" if np.isnan(area) else f"{area:.3f}"
        label = f"{short(name)}, AUC {known}"
        axes.plot(*_roc_points(labels, scores), color=colour(index), linewidth=1.8, label=label)
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    return png(figure)


def _roc_points(y: FloatArray, prediction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """False and true positive rates from (0, 0) to (1, 1), one point per distinct prediction."""
    ranks = dense_ranks(-prediction)
    if not ((y == 0).any() and (y == 1).any()):
        return np.array([]), np.array([])
    width = int(ranks.max()) + 1
    counts = [np.bincount(ranks[y == label], minlength=width) for label in (0, 1)]
    negatives, positives = (np.cumsum(np.concatenate([[0], each])) for each in counts)
    return negatives / negatives[-1], positives / positives[-1]
