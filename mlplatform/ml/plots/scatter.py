"""Predicted numbers against actual ones."""

from __future__ import annotations

import numpy as np

from mlplatform.ml.metrics import Array
from mlplatform.ml.plots.drawing import COLOURS, DARK_GREY, DASHED, drawing, finite, png, room_for, ticks

DRAWN_POINTS = 3000


def predicted_against_actual(y: Array, prediction: Array) -> bytes:
    """Predictions over actual values, shape ``(n,)``; of many rows an even selection is drawn."""
    actual, predicted = finite(y, prediction)
    both = np.concatenate([actual, predicted])
    low, high = (float(both.min()), float(both.max())) if both.size else (0.0, 1.0)
    space = 0.03 * (high - low) or 0.5
    limits = (low - space, high + space)
    title = f"Predicted against actual ({len(actual):,} rows)"
    left = max(0.14, 0.05 + room_for([f"{limit:,.4g}" if limit < 1 else f"{limit:,.0f}" for limit in limits]))
    # The last label may sit below the right edge: half of its width has to fit beside the drawing.
    figure, axes = drawing(title, "actual", "predicted", left=left, right=1.02 - left / 2)
    step = max(1, -(-len(actual) // DRAWN_POINTS))
    axes.scatter(actual[::step], predicted[::step], s=9, alpha=0.35, color=COLOURS[0], linewidths=0)
    axes.plot(limits, limits, color=DARK_GREY, linewidth=1, linestyle=DASHED, label="perfect")
    axes.set_xlim(limits)
    axes.set_ylim(limits)
    ticks(axes.xaxis)
    ticks(axes.yaxis)
    axes.legend(loc="upper left", frameon=False, fontsize=8)
    return png(figure)
