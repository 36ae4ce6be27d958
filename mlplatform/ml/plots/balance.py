"""How many rows of each class there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlplatform.ml.plots.drawing import colour, drawing, legend_above, png, room_for, short, ticks


def class_balance(counts: Mapping[str, Mapping[str, int]]) -> bytes:
    """Share of each class per set, rows written beside the bars; ``counts`` is set -> class -> rows."""
    classes = list(dict.fromkeys(name for each in counts.values() for name in each))
    labels = [short(name) for name in classes]
    left = room_for(labels)
    figure, axes = drawing("Classes in each set", "share of rows", "", left=left, top=0.83)
    thickness = 0.8 / max(1, len(counts))
    largest = 0.0
    for index, (name, each) in enumerate(counts.items()):
        rows = np.array([each.get(label, 0) for label in classes], dtype=np.int64)
        shares = rows / max(1, rows.sum())
        heights = np.arange(len(classes)) + (index - (len(counts) - 1) / 2) * thickness
        label = f"{short(name)} ({rows.sum():,} rows)"
        axes.barh(heights, shares, thickness * 0.92, color=colour(index), label=label)
        for height, share, count in zip(heights, shares, rows, strict=True):
            place: dict[str, Any] = {"xytext": (3, 0), "textcoords": "offset points", "va": "center"}
            axes.annotate(f"{count:,}", (share, height), fontsize=8, **place)
        largest = max(largest, float(shares.max(initial=0)))
    axes.set_yticks(np.arange(len(classes)), labels)
    axes.invert_yaxis()
    # The number beside the longest bar has to fit into the drawing too.
    room = room_for([f"{count:,}" for each in counts.values() for count in each.values()])
    axes.set_xlim(0, largest / max(0.2, 1 - room / (0.96 - left)) or 1)
    axes.grid(False, axis="y")
    ticks(axes.xaxis, percent=True)
    legend_above(axes)
    return png(figure)
