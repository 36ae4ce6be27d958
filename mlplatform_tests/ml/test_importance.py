"""Permutation importance finds what a model uses and leaves its input as it was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlplatform.ml import importance as importance_module
from mlplatform.ml.importance import permutation_importance
from mlplatform.ml.metrics import METRICS, metric


def _data(rows: int = 600) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(0)
    features = pd.DataFrame(
        {
            "unused": random.normal(size=rows),
            "strong": random.normal(size=rows),
            "weak": random.normal(size=rows),
            "city": pd.Categorical(random.choice(["a", "b"], rows)),
            "hours": pd.array(random.integers(0, 9, rows), dtype="Int64"),
        },
        index=pd.RangeIndex(1000, 1000 + rows),
    )
    return features, (features["strong"] + 0.3 * features["weak"]).to_numpy()


def _predict(features: pd.DataFrame) -> np.ndarray:
    return np.asarray(features["strong"] + 0.3 * features["weak"], dtype=float)


def test_orders_columns_by_what_the_model_loses() -> None:
    features, y = _data()
    before = features.copy()
    pairs = permutation_importance(_predict, features, y, metric("r2"))
    assert [name for name, _ in pairs] == ["strong", "weak", "unused", "city", "hours"]
    assert pairs[0][1] > pairs[1][1] > 0
    assert [loss for _, loss in pairs[2:]] == [0, 0, 0]
    pd.testing.assert_frame_equal(features, before)


@pytest.mark.parametrize("name", METRICS)
def test_a_loss_is_positive_for_scores_and_errors_alike(name: str) -> None:
    features, raw = _data()
    y = raw if "regression" in METRICS[name].tasks else (raw > 0).astype(float)
    pairs = permutation_importance(lambda rows: 1 / (1 + np.exp(-_predict(rows))), features, y, metric(name))
    assert dict(pairs)["strong"] > 0


def test_agrees_with_scikit_learn() -> None:
    from sklearn.inspection import permutation_importance as reference
    from sklearn.linear_model import LinearRegression

    features, y = _data()
    features = features[["unused", "strong", "weak"]]
    y = y + np.random.default_rng(1).normal(0, 0.5, len(y))
    model = LinearRegression().fit(features, y)
    expected = reference(model, features, y, scoring="r2", n_repeats=30, random_state=0).importances_mean
    pairs = dict(permutation_importance(model.predict, features, y, metric("r2"), repeats=30))
    assert [pairs[name] for name in ("unused", "strong", "weak")] == pytest.approx(expected, abs=0.05)


def test_calls_are_bounded_and_grouping_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    features, y = _data()
    seen: list[int] = []

    def predict(rows: pd.DataFrame) -> np.ndarray:
        assert rows.dtypes.equals(features.dtypes)
        seen.append(len(rows))
        return _predict(rows)

    together = permutation_importance(predict, features, y, metric("mae"))
    assert seen == [600, 6000]
    seen.clear()
    monkeypatch.setattr(importance_module, "STACKED_ROWS", 2400)
    assert permutation_importance(predict, features, y, metric("mae")) == together
    assert seen == [600, 2400, 2400, 1200]


def test_uses_a_seeded_sample_of_many_rows() -> None:
    features, y = _data()
    seen: list[int] = []

    def predict(rows: pd.DataFrame) -> np.ndarray:
        seen.append(len(rows))
        return _predict(rows)

    first = permutation_importance(predict, features, y, metric("r2"), max_rows=100)
    assert seen[0] == 100
    assert permutation_importance(predict, features, y, metric("r2"), max_rows=100) == first
    assert permutation_importance(predict, features, y, metric("r2"), max_rows=100, seed=1) != first


def test_wrong_input_is_named() -> None:
    features, y = _data()
    with pytest.raises(ValueError, match="features has 600 rows, y has 599"):
        permutation_importance(_predict, features, y[1:], metric("r2"))
    repeated = features.set_axis(["a", "a", "b", "c", "d"], axis=1)
    with pytest.raises(ValueError, match="repeated column names"):
        permutation_importance(_predict, repeated, y, metric("r2"))
