"""Small pictures for the UI and the model card, as PNG bytes.

Drawn on matplotlib's Agg canvas directly: pyplot costs start-up time and keeps global state, which runs in
threads must not share. Margins are computed here, not by a layout engine, which would draw everything twice.
Colours are those of Okabe and Ito (2008), which colour-blind readers can tell apart. The same input gives the
same bytes. Rows whose value is not finite are left out.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplatform.ml.metrics import Array, FloatArray, dense_ranks, metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT, DPI = 5.2, 3.4, 110
"""Inches and dots per inch: two pictures fit beside each other on a page, one in a side panel."""

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
GREY, DARK_GREY, LIGHT_GREY = "#9ca3af", "#4b5563", "#e5e7eb"
DASHED = (0, (4, 3))
LONGEST_LABEL = 26
SHOWN_COLUMNS = 15
DRAWN_POINTS = 3000


def class_balance(counts: Mapping[str, Mapping[str, int]]) -> bytes:
    """Share of each class per set, rows written beside the bars; ``counts`` is set -> class -> rows."""
    classes = list(dict.fromkeys(name for each in counts.values() for name in each))
    labels = [_short(name) for name in classes]
    left = _room_for(labels)
    figure, axes = _drawing("Classes in each set", "share of rows", "", left=left, top=0.83)
    thickness = 0.8 / max(1, len(counts))
    largest = 0.0
    for index, (name, each) in enumerate(counts.items()):
        rows = np.array([each.get(label, 0) for label in classes], dtype=np.int64)
        shares = rows / max(1, rows.sum())
        heights = np.arange(len(classes)) + (index - (len(counts) - 1) / 2) * thickness
        label = f"{_short(name)} ({rows.sum():,} rows)"
        axes.barh(heights, shares, thickness * 0.92, color=_colour(index), label=label)
        for height, share, count in zip(heights, shares, rows, strict=True):
            place: dict[str, Any] = {"xytext": (3, 0), "textcoords": "offset points", "va": "center"}
            axes.annotate(f"{count:,}", (share, height), fontsize=8, **place)
        largest = max(largest, float(shares.max(initial=0)))
    axes.set_yticks(np.arange(len(classes)), labels)
    axes.invert_yaxis()
    # The number beside the longest bar has to fit into the drawing too.
    room = _room_for([f"{count:,}" for each in counts.values() for count in each.values()])
    axes.set_xlim(0, largest / max(0.2, 1 - room / (0.96 - left)) or 1)
    axes.grid(False, axis="y")
    _ticks(axes.xaxis, percent=True)
    _legend_above(axes)
    return _png(figure)


def target_distribution(targets: Mapping[str, Array], bins: int = 30) -> bytes:
    """Histogram of a numeric target per set, in shares of the set's rows; arrays of shape ``(rows,)``."""
    figure, axes = _drawing("Target in each set", "target", "share of rows", right=0.94, top=0.83)
    known = {name: _finite(each)[0] for name, each in targets.items()}
    edges = np.histogram_bin_edges(np.concatenate([np.array([]), *known.values()]), bins)
    for index, (name, values) in enumerate(known.items()):
        shares = np.histogram(values, edges)[0] / max(1, len(values))
        label = f"{_short(name)} ({len(values):,} rows)"
        style: dict[str, Any] = {"fill": True, "alpha": 0.55} if index == 0 else {"linewidth": 1.6}
        axes.stairs(shares, edges, label=label, color=_colour(index), **style)
    axes.set_xlim(edges[0], edges[-1])
    _ticks(axes.xaxis)
    _ticks(axes.yaxis, percent=True)
    _legend_above(axes)
    return _png(figure)


def roc_curve(y: Array, predictions: Mapping[str, Array]) -> bytes:
    """ROC curve of each named prediction of 0/1 labels, shape ``(n,)``; no curve when a class is absent."""
    figure, axes = _drawing(
        "How well the model separates the classes", "false positive rate", "true positive rate"
    )
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=DASHED, label="chance, AUC 0.500")
    for index, (name, prediction) in enumerate(predictions.items()):
        labels, scores = _finite(y, prediction)
        area = metric("roc_auc")(labels, scores)
        known = "undefined" if np.isnan(area) else f"{area:.3f}"
        label = f"{_short(name)}, AUC {known}"
        axes.plot(*_roc_points(labels, scores), color=_colour(index), linewidth=1.8, label=label)
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    return _png(figure)


def calibration(y: Array, prediction: Array, bins: int = 10) -> bytes:
    """Observed share of 1 per predicted probability, with a histogram of the predictions; shape ``(n,)``."""
    labels, probability = _finite(y, prediction)
    edges = np.linspace(0, 1, bins + 1)
    inside = np.clip((probability * bins).astype(np.int64), 0, bins - 1)
    rows = np.bincount(inside, minlength=bins)
    filled = rows > 0
    predicted = np.bincount(inside, probability, bins)[filled] / rows[filled]
    observed = np.bincount(inside, labels, bins)[filled] / rows[filled]
    figure, axes = _drawing("Do the probabilities mean what they say?", "", "observed share", bottom=0.40)
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
    _style(below, "predicted probability", "rows")
    below.set_xlim(-0.01, 1.01)
    _ticks(below.yaxis, count=2)
    return _png(figure)


def importance(pairs: Sequence[tuple[str, float]]) -> bytes:
    """Horizontal bars of (column, importance), largest first, at most ``SHOWN_COLUMNS`` of them."""
    shown = sorted(pairs, key=lambda pair: -pair[1])[:SHOWN_COLUMNS]
    labels, values = [_short(name) for name, _ in shown], [value for _, value in shown]
    some = f" ({len(shown)} of {len(pairs)} columns)" if len(shown) < len(pairs) else ""
    left = _room_for(labels)
    figure, axes = _drawing(
        "What the model relies on" + some, "loss of the metric when shuffled", "", left=left
    )
    # A negative loss is noise around "not used"; it gets the colour that says so.
    colours = [COLOURS[0] if value > 0 else GREY for value in values]
    axes.barh(np.arange(len(shown)), values, 0.72, color=colours)
    axes.set_yticks(np.arange(len(shown)), labels)
    axes.invert_yaxis()
    axes.axvline(0, color=DARK_GREY, linewidth=0.8)
    axes.margins(y=0.02)
    axes.grid(False, axis="y")
    _ticks(axes.xaxis)
    return _png(figure)


def drift(pairs: Sequence[tuple[str, float]], threshold: float) -> bytes:
    """Horizontal bars of (column, stability index), largest first, with the threshold as a line."""
    shown = sorted(pairs, key=lambda pair: -pair[1])[:SHOWN_COLUMNS]
    labels, values = [_short(name) for name, _ in shown], [value for _, value in shown]
    some = f" ({len(shown)} of {len(pairs)} columns)" if len(shown) < len(pairs) else ""
    figure, axes = _drawing(
        "How far the window lies from the training" + some,
        "population stability index",
        "",
        left=_room_for(labels),
        top=0.83,
    )
    colours = [COLOURS[5] if value > threshold else COLOURS[0] for value in values]
    axes.barh(np.arange(len(shown)), values, 0.72, color=colours)
    axes.set_yticks(np.arange(len(shown)), labels)
    axes.invert_yaxis()
    line: dict[str, Any] = {"color": DARK_GREY, "linewidth": 1, "linestyle": DASHED}
    axes.axvline(threshold, label=f"threshold {threshold:g}", **line)
    axes.set_xlim(0, 1.05 * max([threshold, *(value for value in values if np.isfinite(value))]))
    axes.margins(y=0.02)
    axes.grid(False, axis="y")
    _ticks(axes.xaxis)
    _legend_above(axes)
    return _png(figure)


def predicted_against_actual(y: Array, prediction: Array) -> bytes:
    """Predictions over actual values, shape ``(n,)``; of many rows an even selection is drawn."""
    actual, predicted = _finite(y, prediction)
    both = np.concatenate([actual, predicted])
    low, high = (float(both.min()), float(both.max())) if both.size else (0.0, 1.0)
    space = 0.03 * (high - low) or 0.5
    limits = (low - space, high + space)
    title = f"Predicted against actual ({len(actual):,} rows)"
    left = max(
        0.14, 0.05 + _room_for([f"{limit:,.4g}" if limit < 1 else f"{limit:,.0f}" for limit in limits])
    )
    # The last label may sit below the right edge: half of its width has to fit beside the drawing.
    figure, axes = _drawing(title, "actual", "predicted", left=left, right=1.02 - left / 2)
    step = max(1, -(-len(actual) // DRAWN_POINTS))
    axes.scatter(actual[::step], predicted[::step], s=9, alpha=0.35, color=COLOURS[0], linewidths=0)
    axes.plot(limits, limits, color=DARK_GREY, linewidth=1, linestyle=DASHED, label="perfect")
    axes.set_xlim(limits)
    axes.set_ylim(limits)
    _ticks(axes.xaxis)
    _ticks(axes.yaxis)
    axes.legend(loc="upper left", frameon=False, fontsize=8)
    return _png(figure)


def data_uri(png: bytes) -> str:
    """The picture as a ``data:`` address, for pages without files beside them."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def markdown_image(png: bytes, alt: str) -> str:
    """A markdown image carrying its own bytes; markup in ``alt`` becomes spaces."""
    text = " ".join(alt.translate(dict.fromkeys(map(ord, "[]()<>\\`!"), " ")).split())
    return f"![{text}]({data_uri(png)})"


def _finite(*columns: Array) -> list[FloatArray]:
    """The columns, all of shape ``(n,)``, without the rows in which any of them is not finite."""
    numbers = [np.asarray(column, dtype=np.float64) for column in columns]
    kept = np.all([np.isfinite(column) for column in numbers], axis=0)
    return [column[kept] for column in numbers]


def _roc_points(y: FloatArray, prediction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """False and true positive rates from (0, 0) to (1, 1), one point per distinct prediction."""
    ranks = dense_ranks(-prediction)
    if not ((y == 0).any() and (y == 1).any()):
        return np.array([]), np.array([])
    width = int(ranks.max()) + 1
    counts = [np.bincount(ranks[y == label], minlength=width) for label in (0, 1)]
    negatives, positives = (np.cumsum(np.concatenate([[0], each])) for each in counts)
    return negatives / negatives[-1], positives / positives[-1]


def _wilson(share: FloatArray, rows: Array) -> tuple[FloatArray, FloatArray]:
    """95 % interval of a share (Wilson, 1927), sensible for few rows and for shares of 0 and 1 too."""
    square = 1.959964**2
    centre = (share + square / (2 * rows)) / (1 + square / rows)
    half = np.sqrt(square * (share * (1 - share) / rows + square / (4 * rows**2))) / (1 + square / rows)
    return centre - half, centre + half


def _drawing(
    title: str,
    x: str,
    y: str,
    left: float = 0.14,
    right: float = 0.96,
    bottom: float = 0.15,
    top: float = 0.88,
) -> tuple[Figure, Axes]:
    """A figure with one styled drawing area; the margins are shares of the figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor="white")
    figure.text(0.02, 0.965, title, fontsize=10.5, fontweight="bold", va="top")
    axes = figure.add_axes((left, bottom, right - left, top - bottom))
    _style(axes, x, y)
    return figure, axes


def _style(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x, fontsize=8.5)
    axes.set_ylabel(y, fontsize=8.5)
    axes.tick_params(labelsize=8, length=3, color=GREY)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.grid(True, color=LIGHT_GREY, linewidth=0.7)
    axes.set_axisbelow(True)


def _ticks(axis: Any, percent: bool = False, count: int = 5) -> None:
    """Few ticks, never rounded, with thousands separators and without a common factor in the corner."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(count))
    axis.set_major_formatter(lambda value, _: f"{100 * value:.10g}%" if percent else f"{value:,.10g}")


def _room_for(labels: Sequence[str]) -> float:
    """Margin, as share of the figure's width, that the widest of these labels needs at 8 points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=8)
    widths = [text_to_path.get_text_width_height_descent(each, font, ismath=False)[0] for each in labels]
    return 0.035 + max(widths, default=0.0) / 72 / WIDTH


def _legend_above(axes: Axes) -> None:
    """A legend between title and drawing, where no bar can be under it."""
    place: dict[str, Any] = {
        "loc": "lower left",
        "bbox_to_anchor": (0, 1),
        "borderaxespad": 0.3,
        "borderpad": 0,
    }
    if not axes.get_legend_handles_labels()[0]:
        return
    axes.legend(**place, ncols=3, frameon=False, fontsize=8, columnspacing=1.2, handlelength=1.4)


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _short(name: object) -> str:
    """The name without its middle when it is long: names made by encoders differ at the end."""
    text = str(name).replace("$", r"\$")  # a pair of dollars would be read as a formula
    half = LONGEST_LABEL // 2
    return text if len(text) <= LONGEST_LABEL else f"{text[:half]}…{text[-half + 1 :]}"


def _png(figure: Figure) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    # Not savefig, which draws the figure once more to find its size.
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(buffer)
    return buffer.getvalue()
