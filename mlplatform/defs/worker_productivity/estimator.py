"""Estimator of the use case worker_productivity: a random forest on numbers and a one-hot department."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .features import NOMINAL, NUMERIC

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build_estimator(
    *, seed: int, n_estimators: int = 100, min_samples_leaf: int = 3, max_features: float = 1.0
) -> Pipeline:
    """Build the unfitted pipeline; a forest beats boosted trees here, since a thousand rows are few.

    Args:
        seed: random state of the trees; same data and seed give the same model.
        n_estimators: number of trees; time to fit and size of the model grow in proportion.
        min_samples_leaf: training rows in each leaf, at least.
        max_features: share of the features that each split may choose from, above 0, at most 1.

    Returns:
        A pipeline that takes the columns of TeamDayFeatures by name (others are dropped) and predicts
        productivity, shape (n,). A missing `wip` is fine. Values out of range are refused by `fit`, not here.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder

    encode = ColumnTransformer(
        [
            ("nominal", OneHotEncoder(handle_unknown="ignore", sparse_output=False), list(NOMINAL)),
            # No unfinished pieces are none; a line that sews always has some.
            ("numeric", SimpleImputer(strategy="constant", fill_value=0.0), list(NUMERIC)),
        ]
    )
    predict = RandomForestRegressor(
        n_estimators=n_estimators,
        min_samples_leaf=min_samples_leaf,
        max_features=max_features,
        random_state=seed,
    )
    return Pipeline([("encode", encode), ("predict", predict)])
