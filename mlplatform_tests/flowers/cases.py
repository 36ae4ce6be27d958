"""The use cases, and flowers to land."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mlplatform.ml.declaration import Declaration
from mlplatform.ml.gate import Gate
from mlplatform.ml.policies import Approval, Leakage, Monitoring

from .contracts import SPECIES, FlowerFeatures, RawFlower
from .estimator import classifier, regressor, trees
from .features import build_features

TARGETS = ("species", "kind", "scented", "rare", "alive", "weight")


def flowers(rows: int = 800, seed: int = 0) -> pd.DataFrame:
    """Generated flowers; the species decides about everything else, with some noise."""
    random = np.random.default_rng(seed)
    species = random.integers(0, len(SPECIES), rows)
    weight = 2.0 + species + random.normal(0, 0.3, rows)
    return pd.DataFrame(
        {
            "flower_id": np.arange(rows) + 1 + 100_000 * seed,
            "length": (1.5 + species + random.normal(0, 0.4, rows)).clip(0).round(2),
            "width": (1.0 + 0.5 * (species == 1) + random.normal(0, 0.2, rows)).clip(0).round(2),
            "field": random.choice(["north", "south"], rows),
            "estimate": (weight + random.normal(0, 0.6, rows)).round(2),
            "species": np.array(SPECIES)[species],
            "kind": np.array([1, 5, 9])[species],
            "scented": np.where(species == 1, "yes", "no"),
            "rare": np.where(species == 2, 2, 1),
            "alive": species > 0,
            "weight": weight.round(3),
        }
    )


def declared(target: str, metric: str, minimum: float, **changes: Any) -> Declaration:
    """A use case that is called after its target."""
    gate = {"slices": ("field",), "resamples": 200, **changes.pop("gate", {})}
    given: dict[str, Any] = {
        "estimator": regressor if changes.get("task") == "regression" else classifier,
        "gate": Gate(metric=metric, minimum=minimum, **gate),
        "after_the_fact": tuple(name for name in TARGETS if name != target),
        "approval": Approval(automatic=True),
        "monitoring": Monitoring(minimum_rows=20),
        "leakage": Leakage(alone=0.999),  # their length honestly tells the species of most flowers
    }
    return Declaration(
        name=changes.pop("name", f"flower_{target}"),
        description="What is this flower?",
        raw=RawFlower,
        features=FlowerFeatures,
        build_features=build_features,
        entity="flower_id",
        target=target,
        **{**given, **changes},
    )


MULTICLASS = "multiclass_classification"
CASES: dict[str, Declaration] = {
    "species": declared("species", "macro_f1", 0.7, task=MULTICLASS),
    "kind": declared("kind", "accuracy", 0.7, task=MULTICLASS, estimator=trees),
    "scented": declared("scented", "roc_auc", 0.7, task="binary_classification", positive="no"),
    "rare": declared("rare", "balanced_accuracy", 0.7, task="binary_classification", positive=1),
    "alive": declared("alive", "roc_auc", 0.7, task="binary_classification"),
    "weight": declared("weight", "mae", 1.0, task="regression", gate={"naive": "estimate"}),
}
