"""How a numeric target is spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlplatform.ml.metrics import Array
from mlplatform.ml.plots.drawing import colour, drawing, finite, legend_above, png, short, ticks


def target_distribution(targets: Mapping[str, Array], bins: int = 30) -> bytes:
    """Histogram of a numeric target per set, in shares of the set's rows; arrays of shape ``(rows,)``."""
    figure, axes = drawing("Target in each set", "target", "share of rows", right=0.94, top=0.83)
    known = {name: finite(each)[0] for name, each in targets.items()}
    edges = np.histogram_bin_edges(np.concatenate([np.array([]), *known.values()]), bins)
    for index, (name, values) in enumerate(known.items()):
        shares = np.histogram(values, edges)[0] / max(1, len(values))
        label = f"{short(name)} ({len(values):,} rows)"
        style: dict[str, Any] = {"fill": True, "alpha": 0.55} if index == 0 else {"linewidth": 1.6}
        axes.stairs(shares, edges, label=label, color=colour(index), **style)
    axes.set_xlim(edges[0], edges[-1])
    ticks(axes.xaxis)
    ticks(axes.yaxis, percent=True)
    legend_above(axes)
    return png(figure)
