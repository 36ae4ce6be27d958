"""`estimator.py` of a new use case."""

from __future__ import annotations

from mlplatform.scaffold.plan import Plan

_TEMPLATE = '''"""Estimator of the use case {name}: gradient-boosted trees{on_what}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .features import {lists}

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build_estimator(
    *,
    seed: int,
    learning_rate: float = 0.1,
    max_iter: int = 50,
    max_leaf_nodes: int = 15,
    min_samples_leaf: int = {leaf},
    l2_regularization: float = 1.0,{parameter}
) -> Pipeline:
    """Build the unfitted pipeline; the defaults are cautious, not tuned.

    Args:
        seed: random state of the trees; same data, seed and thread count give the same model.
        learning_rate: share of each tree's correction that is applied, above 0.
        max_iter: number of trees; time to fit grows in proportion.
        max_leaf_nodes: leaves of one tree, at least 2.
        min_samples_leaf: training rows in each leaf, at least.
        l2_regularization: penalty on the leaves' values, 0 for none.{argument}

    Returns:
        A pipeline that takes the columns of {features} by name (others are dropped)
        and gives {gives}.{fine}
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoosting{kind}
    from sklearn.pipeline import Pipeline
{encoder_import}{one_hot}    encode = ColumnTransformer(
        [
{steps}        ]
    )
    {step} = HistGradientBoosting{kind}(
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
    return Pipeline([("encode", encode), ("{step}", {step})])
'''
_ONE_HOT = """
    # Labels beyond the most frequent ones, and labels never seen in training, share one column.
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=max_categories, sparse_output=False
    )
"""
_NOMINAL = '            ("nominal", one_hot, list(NOMINAL)),\n'
_NUMERIC = '            ("numeric", "passthrough", list(NUMERIC)),\n'
_ARGUMENT = """
        max_categories: labels of a category that get a column each, the others share one; at least 2."""


def estimator_source(plan: Plan) -> str:
    """The module's text."""
    regression = plan.draft.goal.task == "regression"
    numeric, nominal = bool(plan.numeric), bool(plan.nominal)
    steps = (_NOMINAL if nominal else "") + (_NUMERIC if numeric else "")
    return _TEMPLATE.format(
        name=plan.name,
        on_what=" on numbers and one-hot categories"
        if numeric and nominal
        else (" on numbers" if numeric else " on one-hot categories"),
        lists=", ".join([*(["NOMINAL"] if nominal else []), *(["NUMERIC"] if numeric else [])]),
        leaf=_leaf(plan),
        parameter="\n    max_categories: int = 30," if nominal else "",
        argument=_ARGUMENT if nominal else "",
        features=plan.features_contract,
        gives="a prediction per row, shape (n,)"
        if regression
        else "class probabilities of shape (n, classes)",
        fine=_fine(numeric, nominal),
        kind="Regressor" if regression else "Classifier",
        step="regress" if regression else "classify",
        encoder_import="    from sklearn.preprocessing import OneHotEncoder\n" if nominal else "",
        one_hot=_ONE_HOT if nominal else "\n",
        steps=steps,
    )


def _fine(numeric: bool, nominal: bool) -> str:
    what = [*(["NaN in numbers"] if numeric else []), *(["labels never seen in training"] if nominal else [])]
    return f"\n        {' and '.join(what)} {'are' if nominal else 'is'} fine."


def _leaf(plan: Plan) -> int:
    """A twentieth of a small table, 20 rows of a large one."""
    return max(2, min(20, plan.draft.table.rows // 20))
