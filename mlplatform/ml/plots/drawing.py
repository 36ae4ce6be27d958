"""What all pictures share: size, colours, axes, labels.

Drawn on matplotlib's Agg canvas directly: pyplot costs start-up time and keeps global state, which runs in
threads must not share. Margins are computed here, not by a layout engine, which would draw everything twice.
Colours are those of Okabe and Ito (2008), which colour-blind readers can tell apart.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplatform.ml.metrics import Array, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT, DPI = 5.2, 3.4, 110
"""Inches and dots per inch: two pictures fit beside each other on a page, one in a side panel."""

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
GREY, DARK_GREY, LIGHT_GREY = "#9ca3af", "#4b5563", "#e5e7eb"
DASHED = (0, (4, 3))
LONGEST_LABEL = 26


def finite(*columns: Array) -> list[FloatArray]:
    """The columns, all of shape ``(n,)``, without the rows in which any of them is not finite."""
    numbers = [np.asarray(column, dtype=np.float64) for column in columns]
    kept = np.all([np.isfinite(column) for column in numbers], axis=0)
    return [column[kept] for column in numbers]


def drawing(
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
    styled(axes, x, y)
    return figure, axes


def styled(axes: Axes, x: str, y: str) -> None:
    """Name the axes and give them the lines and sizes that all pictures have."""
    axes.set_xlabel(x, fontsize=8.5)
    axes.set_ylabel(y, fontsize=8.5)
    axes.tick_params(labelsize=8, length=3, color=GREY)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.grid(True, color=LIGHT_GREY, linewidth=0.7)
    axes.set_axisbelow(True)


def ticks(axis: Any, percent: bool = False, count: int = 5) -> None:
    """Few ticks, never rounded, with thousands separators and without a common factor in the corner."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(count))
    axis.set_major_formatter(lambda value, _: f"{100 * value:.10g}%" if percent else f"{value:,.10g}")


def room_for(labels: Sequence[str]) -> float:
    """Margin, as share of the figure's width, that the widest of these labels needs at 8 points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=8)
    widths = [text_to_path.get_text_width_height_descent(each, font, ismath=False)[0] for each in labels]
    return 0.035 + max(widths, default=0.0) / 72 / WIDTH


def legend_above(axes: Axes) -> None:
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


def colour(index: int) -> str:
    """The colour of the index-th thing in a picture."""
    return COLOURS[index % len(COLOURS)]


def short(name: object) -> str:
    """The name without its middle when it is long: names made by encoders differ at the end."""
    text = str(name).replace("$", r"\$")  # a pair of dollars would be read as a formula
    half = LONGEST_LABEL // 2
    return text if len(text) <= LONGEST_LABEL else f"{text[:half]}…{text[-half + 1 :]}"


def png(figure: Figure) -> bytes:
    """The drawing as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    # Not savefig, which draws the figure once more to find its size.
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(buffer)
    return buffer.getvalue()
