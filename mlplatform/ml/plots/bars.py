"""Columns or rules with a number each, as horizontal bars, largest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplatform.ml.plots.drawing import (
    COLOURS,
    DARK_GREY,
    DASHED,
    GREY,
    drawing,
    legend_above,
    png,
    room_for,
    short,
    ticks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN_BARS = 15


def importance(pairs: Sequence[tuple[str, float]]) -> bytes:
    """Bars of (column, importance)."""
    # A negative loss is noise around "not used"; it gets the colour that says so.
    figure, axes, _ = _bars(
        pairs,
        "What the model relies on",
        "loss of the metric when shuffled",
        "columns",
        colour_of=lambda value: COLOURS[0] if value > 0 else GREY,
    )
    axes.axvline(0, color=DARK_GREY, linewidth=0.8)
    return png(figure)


def drift(pairs: Sequence[tuple[str, float]], threshold: float) -> bytes:
    """Bars of (column, stability index), with the threshold as a line."""
    figure, axes, values = _bars(
        pairs,
        "How far the window lies from the training",
        "population stability index",
        "columns",
        colour_of=lambda value: COLOURS[5] if value > threshold else COLOURS[0],
        top=0.83,
    )
    line: dict[str, Any] = {"color": DARK_GREY, "linewidth": 1, "linestyle": DASHED}
    axes.axvline(threshold, label=f"threshold {threshold:g}", **line)
    axes.set_xlim(0, 1.05 * max([threshold, *(value for value in values if np.isfinite(value))]))
    legend_above(axes)
    return png(figure)


def rows_per_rule(pairs: Sequence[tuple[str, int]]) -> bytes:
    """Bars of (rule, rows that broke it), the rows written beside the bars; a row may break several."""
    figure, axes, values = _bars(
        pairs, "Quarantined rows per rule", "rows", "rules", colour_of=lambda _: COLOURS[1], right=0.88
    )
    for height, rows in enumerate(values):
        place: dict[str, Any] = {"xytext": (3, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(f"{rows:,}", (rows, height), fontsize=8, **place)
    axes.set_xlim(0, max(values, default=0) or 1)
    return png(figure)


def _bars(
    pairs: Sequence[tuple[str, float]],
    title: str,
    unit: str,
    things: str,
    *,
    colour_of: Callable[[float], str],
    right: float = 0.96,
    top: float = 0.88,
) -> tuple[Figure, Axes, list[float]]:
    """The drawing, and the values shown: the largest, at most ``SHOWN_BARS`` of them."""
    shown = sorted(pairs, key=lambda pair: -pair[1])[:SHOWN_BARS]
    labels, values = [short(name) for name, _ in shown], [value for _, value in shown]
    some = f" ({len(shown)} of {len(pairs)} {things})" if len(shown) < len(pairs) else ""
    figure, axes = drawing(title + some, unit, "", left=room_for(labels), right=right, top=top)
    axes.barh(np.arange(len(shown)), values, 0.72, color=[colour_of(value) for value in values])
    axes.set_yticks(np.arange(len(shown)), labels)
    axes.invert_yaxis()
    axes.margins(y=0.02)
    axes.grid(False, axis="y")
    ticks(axes.xaxis)
    return figure, axes, values
