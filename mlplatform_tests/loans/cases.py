"""The use case, and loans to land."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mlplatform.ml.declaration import Declaration
from mlplatform.ml.gate import Gate
from mlplatform.ml.splits import TimeSplit

from .contracts import LoanFeatures, RawLoan
from .estimator import classifier
from .features import honest


def loans(first_day: str, days: int = 10, per_day: int = 20, seed: int = 0) -> pd.DataFrame:
    """Generated loans of these days, in their order."""
    random, rows = np.random.default_rng([seed, days, pd.Timestamp(first_day).day]), days * per_day
    opened = pd.Timestamp(first_day) + pd.to_timedelta(np.repeat(np.arange(days), per_day), "D")
    amount = random.gamma(2, 1_000, rows).round(2)
    failed = (random.random(rows) < 0.2 + amount / 10_000).astype(int)
    closed = opened + pd.to_timedelta(random.integers(30, 400, rows), "D")
    return pd.DataFrame(
        {
            "loan_id": int(pd.Timestamp(first_day).strftime("%y%m%d")) * 10_000 + np.arange(rows),
            "person": random.integers(0, 5_000, rows),
            "opened": opened,
            "amount": amount,
            "closed": closed.where(random.random(rows) < 0.6),
            "reason": np.where(failed == 1, random.choice(["ill", "moved"], rows), None),
            "failed": failed,
        }
    )


def declared(**changes: Any) -> Declaration:
    """The use case as it should be, or otherwise."""
    given: dict[str, Any] = {
        "build_features": honest,
        "split": TimeSplit(column="opened", validation_batches=1),
        "gate": Gate(metric="roc_auc", minimum=0.5),
    }
    return Declaration(
        name="loans",
        description="Will it be paid back?",
        raw=RawLoan,
        features=LoanFeatures,
        estimator=classifier,
        entity="loan_id",
        target="failed",
        task="binary_classification",
        **{**given, **changes},
    )
