"""Whether probabilities mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlplatform.ml.metrics import Array, FloatArray
from mlplatform.ml.plots.drawing import COLOURS, DASHED, GREY, drawing, finite, png, styled, ticks


def calibration(y: Array, prediction: Array, bins: int = 10) -> bytes:
    """Observed share of 1 per predicted probability, with a histogram of the predictions; shape ``(n,)``."""
    labels, probability = finite(y, prediction)
    edges = np.linspace(0, 1, bins + 1)
    inside = np.clip((probability * bins).astype(np.int64), 0, bins - 1)
    rows = np.bincount(inside, minlength=bins)
    filled = rows > 0
    predicted = np.bincount(inside, probability, bins)[filled] / rows[filled]
    observed = np.bincount(inside, labels, bins)[filled] / rows[filled]
    figure, axes = drawing("Do the probabilities mean what they say?", "", "observed share", bottom=0.40)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=DASHED, label="perfect")
    low, high = _wilson(observed, rows[filled])
    error = np.clip([observed - low, high - observed], 0, None)
    style: dict[str, Any] = {
        "color": COLOURS[0],
        "marker": "o",
        "markersize": 4,
        "linewidth": 1.5,
        "elinewidth": 1,
    }
    axes.errorbar(predicted, observed, error, label="model, 95 % interval", **style)
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.03, 1.03)
    axes.tick_params(labelbottom=False)
    axes.legend(loc="upper left", frameon=False, fontsize=8)
    below = figure.add_axes((0.14, 0.15, 0.82, 0.19))
    below.bar(edges[:-1], rows, 0.94 / bins, align="edge", color=COLOURS[0], alpha=0.55)
    styled(below, "predicted probability", "rows")
    below.set_xlim(-0.01, 1.01)
    ticks(below.yaxis, count=2)
    return png(figure)


def _wilson(share: FloatArray, rows: Array) -> tuple[FloatArray, FloatArray]:
    """95 % interval of a share (Wilson, 1927), sensible for few rows and for shares of 0 and 1 too."""
    square = 1.959964**2
    centre = (share + square / (2 * rows)) / (1 + square / rows)
    half = np.sqrt(square * (share * (1 - share) / rows + square / (4 * rows**2))) / (1 + square / rows)
    return centre - half, centre + half
