"""Whether two models whose bytes differ predict the same for the frozen rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplatform.container.scoring import Model
from mlplatform.container.threads import fixed_threads
from mlplatform.container.train import load_set
from mlplatform.ml.errors import MLPlatformError
from mlplatform.ml.manifests import SetManifest

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from mlplatform.container.rebuild_order import RebuildOrder

TREES, OTHERS = 1e-12, 1e-6
_TREES = ("sklearn.tree.", "sklearn.ensemble._forest", "sklearn.ensemble._gb",
          "sklearn.ensemble._hist_gradient_boosting")  # fmt: skip


@dataclass(frozen=True)
class Likeness:
    """How far the predictions of two models lie apart, on how many `rows` of which `side` of the split.

    `within`: no further than `tolerance`, absolute for probabilities, relative for values above 1; labels
    are equal or not. `unreadable` says why the stored model cannot predict here.
    """

    rows: int = 0
    side: str = ""
    apart: float = 0.0
    tolerance: float = OTHERS
    within: bool = False
    unreadable: str = ""


def likeness(stored: Path, rebuilt: Path, order: RebuildOrder) -> Likeness:
    """Compare the predictions of two model folders on the rows that the order names."""
    first, second = Model(stored), Model(rebuilt)
    frozen = SetManifest.from_json(order.frozen)
    rows = load_set(frozen, lambda path: Path(order.places[path]), second.code.declared)
    try:
        before = _answers(first, rows)
    except MLPlatformError as error:
        return Likeness(unreadable=str(error))
    after = _answers(second, rows)
    tolerance = TREES if _is_trees(second.pipeline) else OTHERS
    apart = _apart(before, after)
    return Likeness(len(rows), frozen.side, apart, tolerance, apart <= tolerance)


def _answers(model: Model, rows: pd.DataFrame) -> np.ndarray:
    """Probabilities of all classes where there are any, else what is predicted."""
    with fixed_threads(model.code.declared.threads):
        features = rows[model.feature_names]
        if hasattr(model.pipeline, "predict_proba"):
            return model.pipeline.predict_proba(features)
        return model.pipeline.predict(features)


def _apart(before: np.ndarray, after: np.ndarray) -> float:
    import numpy as np

    if before.shape != after.shape:
        return float("inf")
    if not np.issubdtype(before.dtype, np.number):
        return 0.0 if (before == after).all() else float("inf")
    scale = np.maximum(1.0, np.abs(before))
    return float(np.max(np.abs(before - after) / scale, initial=0.0))


def _is_trees(pipeline: Any) -> bool:
    last = pipeline.steps[-1][1] if hasattr(pipeline, "steps") else pipeline
    return type(last).__module__.startswith(_TREES)
