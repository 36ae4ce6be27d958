"""Every plot is a PNG of the agreed size that shows its data, also for awkward data."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mlplatform.ml import plots

RANDOM = np.random.default_rng(0)
LABELS = (RANDOM.random(400) < 0.3).astype(float)
SCORES = np.clip(RANDOM.random(400) * 0.7 + 0.3 * LABELS, 0, 1)

# Each plot with two inputs that have to look different.
PLOTS: list[tuple[Callable[..., bytes], tuple[Any, ...], tuple[Any, ...]]] = [
    (plots.class_balance, ({"training set": {"no": 9, "yes": 1}},), ({"training set": {"no": 5, "yes": 5}},)),
    (plots.target_distribution, ({"training set": SCORES},), ({"training set": SCORES**2},)),
    (plots.roc_curve, (LABELS, {"challenger": SCORES}), (LABELS, {"challenger": 1 - SCORES})),
    (plots.calibration, (LABELS, SCORES), (LABELS, 1 - SCORES)),
    (plots.importance, ([("city", 0.1), ("age", -0.01)],), ([("city", 0.1), ("age", 0.05)],)),
    (plots.drift, ([("city", 0.1), ("age", 0.3)], 0.2), ([("city", 0.1), ("age", 0.3)], 0.4)),
    (plots.predicted_against_actual, (SCORES, SCORES**2), (SCORES, SCORES**3)),
    (plots.rows_per_rule, ([("not_null", 3), ("in_range(0, 9)", 90)],), ([("not_null", 30)],)),
    (
        plots.confusion_matrix,
        (LABELS, SCORES > 0.5, ["stays", "leaves"]),
        (LABELS, SCORES < 0.5, ["stays", "leaves"]),
    ),
]

AWKWARD: list[tuple[Callable[..., bytes], tuple[Any, ...]]] = [
    (plots.class_balance, ({},)),
    (plots.class_balance, ({"training set": {"no": 0}},)),
    (plots.class_balance, ({"training set": {"no": 3}, "validation set": {"yes": 1}},)),
    (plots.target_distribution, ({"training set": np.array([])},)),
    (plots.target_distribution, ({"training set": np.array([2.0, 2.0, np.nan])},)),
    (plots.roc_curve, (np.ones(5), {"$x$ [<challenger>] " * 5: np.linspace(0, 1, 5)})),
    (plots.roc_curve, (np.array([]), {"challenger": np.array([])})),
    (plots.calibration, (np.array([1.0]), np.array([1.0]))),
    (plots.calibration, (np.array([]), np.array([]))),
    (plots.importance, ([],)),
    (plots.importance, ([(f"$column_{i}^" * 9, 1 / (i + 1)) for i in range(40)],)),
    (plots.importance, ([("city", float("nan"))],)),
    (plots.drift, ([], 0.2)),
    (plots.drift, ([(f"$column_{i}^" * 9, 1 / (i + 1)) for i in range(40)], 0.2)),
    (plots.rows_per_rule, ([],)),
    (plots.rows_per_rule, ([(f"$rule_{i}^" * 9, 10 ** (i % 9)) for i in range(40)],)),
    (plots.confusion_matrix, (np.array([]), np.array([]), [])),
    (plots.confusion_matrix, (np.arange(40), np.arange(40)[::-1], [f"$class_{i}^" * 9 for i in range(40)])),
    (plots.predicted_against_actual, (np.array([]), np.array([]))),
    (plots.predicted_against_actual, (np.full(4, 1e9), np.array([1e9, 1e9, np.inf, np.nan]))),
]


def _picture(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png))
    picture.load()
    return picture


@pytest.mark.parametrize(("plot", "data", "other"), PLOTS, ids=lambda each: getattr(each, "__name__", ""))
def test_picture_has_the_agreed_size_and_shows_the_data(
    plot: Callable[..., bytes], data: tuple[Any, ...], other: tuple[Any, ...]
) -> None:
    png = plot(*data)
    picture = _picture(png)
    assert picture.format == "PNG"
    assert picture.size == (round(plots.WIDTH * plots.DPI), round(plots.HEIGHT * plots.DPI))
    assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 10
    assert plot(*data) == png
    assert plot(*other) != png


@pytest.mark.parametrize(("plot", "data"), AWKWARD)
@pytest.mark.filterwarnings("error")
def test_awkward_data_still_makes_a_picture(plot: Callable[..., bytes], data: tuple[Any, ...]) -> None:
    assert _picture(plot(*data)).format == "PNG"


@pytest.mark.parametrize(
    "png",
    [
        plots.class_balance({"training set": {"a class with a rather long name": 10**7, "no": 10**8}}),
        plots.importance([(f"W{i}" * 40, 1.0) for i in range(20)]),
        plots.predicted_against_actual(SCORES * 1e9, SCORES * 1e9),
        plots.rows_per_rule([(f"W{i}" * 40, 10**9) for i in range(20)]),
        plots.confusion_matrix(np.arange(8), np.arange(8), [f"W{i}" * 40 for i in range(8)]),
    ],
    ids=["class_balance", "importance", "predicted_against_actual", "rows_per_rule", "confusion_matrix"],
)
def test_nothing_touches_the_edge(png: bytes) -> None:
    pixels = np.asarray(_picture(png).convert("L"))
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()


def test_data_uri_carries_the_bytes_and_alt_cannot_break_out() -> None:
    image = plots.markdown_image(b"\x89PNG", "a](x) <b> curve")
    assert image.startswith("![a x b curve](data:image/png;base64,")
    assert base64.b64decode(image.split("base64,")[1].rstrip(")")) == b"\x89PNG"


def test_importing_loads_no_heavy_library_and_drawing_no_pyplot() -> None:
    program = (
        "import sys; import mlplatform.ml.cards, mlplatform.ml.gate, mlplatform.ml.importance\n"
        "from mlplatform.ml import plots\n"
        "heavy = {'matplotlib', 'scipy', 'sklearn', 'pandas', 'jinja2', 'dagster'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "plots.importance([('city', 0.1)])\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
