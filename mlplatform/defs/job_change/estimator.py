"""Estimator of the use case job_change: gradient-boosted trees on ranks and one-hot categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .features import NOMINAL, NUMERIC

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build_estimator(
    *,
    seed: int,
    learning_rate: float = 0.2,
    max_iter: int = 20,
    max_leaf_nodes: int = 15,
    min_samples_leaf: int = 40,
    l2_regularization: float = 1.0,
) -> Pipeline:
    """Build the unfitted pipeline; the defaults are the smallest ensemble as good as larger ones.

    Args:
        seed: random state of the trees; same data, seed and thread count give the same model.
        learning_rate: share of each tree's correction that is applied, above 0.
        max_iter: number of trees; time to fit grows in proportion.
        max_leaf_nodes: leaves of one tree, at least 2.
        min_samples_leaf: training rows in each leaf, at least.
        l2_regularization: penalty on the leaves' values, 0 for none.

    Returns:
        A pipeline that takes the columns of EnrolleeFeatures by name (others are dropped) and gives class
        probabilities of shape (n, 2). NaN in numbers and categories never seen in training are fine. Values
        out of range are refused by `fit`, not here.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder

    encode = ColumnTransformer(
        [
            ("nominal", OneHotEncoder(handle_unknown="ignore", sparse_output=False), list(NOMINAL)),
            ("numeric", "passthrough", list(NUMERIC)),
        ]
    )
    classify = HistGradientBoostingClassifier(
        learning_rate=learning_rate,
        max_iter=max_iter,
        max_leaf_nodes=max_leaf_nodes,
        min_samples_leaf=min_samples_leaf,
        l2_regularization=l2_regularization,
        # Early stopping would hold rows back at random: the training set's manifest could no longer say what
        # was used.
        early_stopping=False,
        random_state=seed,
    )
    return Pipeline([("encode", encode), ("classify", classify)])
