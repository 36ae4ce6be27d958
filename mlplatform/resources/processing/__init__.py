"""Where features and batch scores are made. One small protocol, one module per place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from mlplatform.ml.declaration import Declaration
from mlplatform.resources.snapshots import Snapshots

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class FeaturesRequest:
    """A batch whose features are wanted: `validated` is the path of its rows in the store."""

    declaration: Declaration
    snapshots: Snapshots
    validated: str
    run_id: str = ""


@dataclass(frozen=True)
class ScoresRequest:
    """Rows to predict for: `model` is the path of the model's folder in the store, `rows` keep its contract.

    Index 0..n-1; without the columns that are not known when a prediction is asked for.
    """

    use_case: str
    snapshots: Snapshots
    model: str
    rows: pd.DataFrame
    run_id: str = ""


@dataclass(frozen=True)
class Features:
    """Row id, what travels beside, and the features; one row per validated row.

    `job` describes the job they were made in, if they were: see `TrainedModel.job`.
    """

    table: pa.Table | pd.DataFrame
    job: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scores:
    """Predictions, shape (n,), and the job."""

    predictions: np.ndarray
    job: Mapping[str, Any] = field(default_factory=dict)


class Processing(Protocol):
    """Makes features and scores; raises the errors of the use case's own functions in their own words."""

    def features(self, request: FeaturesRequest) -> Features:
        """The features of one batch."""
        ...

    def scores(self, request: ScoresRequest) -> Scores:
        """Predictions on the batch path."""
        ...
