"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlplatform.ml.metrics import Array
from mlplatform.ml.plots.drawing import COLOURS, drawing, png, room_for, short

SHOWN_CLASSES = 12
_LARGEST_WITH_NUMBERS = 8
OTHERS = "all others"


def confusion_matrix(actual: Array, predicted: Array, classes: Sequence[str]) -> bytes:
    """Rows of each class by what was predicted for them, coloured by their share of the class.

    ``actual`` and ``predicted`` have shape ``(n,)`` and hold positions in ``classes``. Of many classes the
    most frequent are drawn, and the others as one.
    """
    from matplotlib.colors import LinearSegmentedColormap

    both = np.stack([np.asarray(actual, np.int64), np.asarray(predicted, np.int64)])
    both, names = _few_enough(both, [str(name) for name in classes])
    size = max(1, len(names))
    rows = np.bincount(both[0] * size + both[1], minlength=size * size).reshape(size, size)
    shares = rows / np.maximum(1, rows.sum(axis=1, keepdims=True))
    labels = [short(name) for name in names]
    figure, axes = drawing(
        f"Actual and predicted class ({both.shape[1]:,} rows)",
        "predicted",
        "actual",
        left=max(0.14, 0.045 + room_for(labels)),
        bottom=0.30 if max(map(len, labels), default=0) > 4 and size > 3 else 0.15,
    )
    shade = LinearSegmentedColormap.from_list("shade", ["white", COLOURS[0]])
    axes.imshow(shares, cmap=shade, vmin=0, vmax=1, aspect="auto")
    axes.grid(False)
    axes.set_yticks(np.arange(len(labels)), labels)
    tilted: dict[str, Any] = {"rotation": 35, "ha": "right"} if size > 3 else {}
    below = [label if size <= 3 else _cut(label) for label in labels]
    axes.set_xticks(np.arange(len(labels)), below, **tilted)
    if size <= _LARGEST_WITH_NUMBERS:
        for (row, column), share in np.ndenumerate(shares):
            colour = "white" if share > 0.5 else "black"
            place: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8, "color": colour}
            axes.annotate(f"{rows[row, column]:,}", (column, row), **place)
    return png(figure)


def _few_enough(both: Array, names: list[str]) -> tuple[Array, list[str]]:
    """Positions among the names that are drawn, and those names."""
    if len(names) <= SHOWN_CLASSES:
        return both, names
    frequent = np.argsort(-np.bincount(both[0], minlength=len(names)), kind="stable")
    kept = np.sort(frequent[: SHOWN_CLASSES - 1])
    place = np.full(len(names), len(kept))
    place[kept] = np.arange(len(kept))
    return place[both], [*(names[at] for at in kept), OTHERS]


def _cut(label: str) -> str:
    return label if len(label) <= 10 else f"{label[:9]}…"
