"""Every metric agrees with scikit-learn, for one evaluation and for many resamples at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from mlplatform.ml.metrics import METRICS, dense_ranks, metric

REFERENCE: dict[str, Callable[[Any, Any], float]] = {
    "roc_auc": reference.roc_auc_score,
    "average_precision": reference.average_precision_score,
    "log_loss": lambda y, p: reference.log_loss(y, p, labels=[0, 1]),
    "brier_score": reference.brier_score_loss,
    "accuracy": lambda y, p: reference.accuracy_score(y, p >= 0.5),
    "balanced_accuracy": lambda y, p: reference.balanced_accuracy_score(y, p >= 0.5),
    "macro_f1": lambda y, p: reference.f1_score(y, p >= 0.5, average="macro"),
    "mae": reference.mean_absolute_error,
    "rmse": reference.root_mean_squared_error,
    "r2": reference.r2_score,
}
OF_CLASSES: dict[str, Callable[[Any, Any], float]] = {
    "accuracy": reference.accuracy_score,
    "balanced_accuracy": reference.balanced_accuracy_score,
    "macro_f1": lambda y, p: reference.f1_score(y, p, average="macro"),
}
BINARY = [name for name, each in METRICS.items() if "binary_classification" in each.tasks]
MULTICLASS = [name for name, each in METRICS.items() if "multiclass_classification" in each.tasks]
REGRESSION = [name for name, each in METRICS.items() if "regression" in each.tasks]

# Few distinct probabilities make ties, and 0 and 1 are where log_loss clips.
probability = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1)
binary_rows = st.lists(st.tuples(st.integers(0, 1), probability), min_size=2, max_size=40).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)
# A class may be labelled and never predicted, predicted and never labelled, or neither.
class_rows = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40)
# Rounded, because a spread near the smallest float makes r2 a matter of rounding.
number = st.floats(-1000, 1000).map(lambda value: round(value, 3))
regression_rows = st.lists(st.tuples(number, number), min_size=2, max_size=40).filter(
    lambda rows: len({target for target, _ in rows}) > 1
)


def _arrays(rows: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    y, prediction = np.array(rows, dtype=float).T
    return y, prediction


def test_every_metric_has_a_reference() -> None:
    assert set(REFERENCE) == set(METRICS)
    assert set(OF_CLASSES) == set(MULTICLASS)


@pytest.mark.parametrize("name", BINARY)
@given(rows=binary_rows)
def test_binary_metric_agrees_with_scikit_learn(name: str, rows: list[tuple[float, float]]) -> None:
    y, prediction = _arrays(rows)
    assert metric(name)(y, prediction) == pytest.approx(REFERENCE[name](y, prediction), abs=1e-9)


@pytest.mark.parametrize("name", MULTICLASS)
@given(rows=class_rows)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_multiclass_metric_agrees_with_scikit_learn(name: str, rows: list[tuple[int, int]]) -> None:
    y, prediction = _arrays(rows)
    assert metric(name)(y, prediction) == pytest.approx(OF_CLASSES[name](y, prediction), abs=1e-9)


@pytest.mark.parametrize("name", REGRESSION)
@given(rows=regression_rows)
def test_regression_metric_agrees_with_scikit_learn(name: str, rows: list[tuple[float, float]]) -> None:
    y, prediction = _arrays(rows)
    assert metric(name)(y, prediction) == pytest.approx(REFERENCE[name](y, prediction), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", METRICS)
def test_resamples_score_like_each_alone(name: str) -> None:
    random = np.random.default_rng(3)
    y = (random.random((7, 30)) < 0.4).astype(float)
    prediction = random.random((7, 30)).round(1)
    together = METRICS[name].function(y, prediction)
    assert together.shape == (7,)
    alone = [METRICS[name](*each) for each in zip(y, prediction, strict=True)]
    np.testing.assert_allclose(together, alone)
    # One set of labels against many predictions, as permutation importance asks for.
    shared = METRICS[name].function(y[0], prediction)
    np.testing.assert_allclose(shared, [METRICS[name](y[0], each) for each in prediction])


@pytest.mark.parametrize("name", MULTICLASS)
def test_resamples_of_many_classes_score_like_each_alone(name: str) -> None:
    random = np.random.default_rng(5)
    y, prediction = random.integers(0, 9, (2, 11, 40)).astype(float)
    y[3], prediction[4] = 8, 0
    together = METRICS[name].function(y, prediction)
    np.testing.assert_allclose(together, [METRICS[name](*each) for each in zip(y, prediction, strict=True)])
    # stacked twice, as permutation importance asks with several columns and repeats
    stacked = METRICS[name].function(y[0], prediction[:10].reshape(5, 2, 40))
    assert stacked.shape == (5, 2)
    np.testing.assert_allclose(stacked.ravel(), [METRICS[name](y[0], each) for each in prediction[:10]])


@pytest.mark.parametrize("name", METRICS)
def test_preparing_changes_no_score(name: str) -> None:
    random = np.random.default_rng(4)
    y = (random.random(200) < 0.3).astype(float)
    prediction = random.random(200).round(2)
    rows = random.integers(0, 200, (5, 200))
    each = METRICS[name]
    prepared = each.prepare(prediction)
    np.testing.assert_allclose(
        each.function(y[rows], prepared[rows]), each.function(y[rows], prediction[rows])
    )


@given(st.lists(probability, min_size=1, max_size=30))
def test_dense_ranks_number_the_distinct_values(values: list[float]) -> None:
    _, expected = np.unique(values, return_inverse=True)
    assert dense_ranks(np.array(values)).tolist() == expected.tolist()


def test_undefined_is_nan_and_leaves_other_resamples_alone() -> None:
    y = np.array([[1, 1, 1], [0, 1, 0]])
    prediction = np.array([[0.1, 0.2, 0.3], [0.1, 0.9, 0.3]])
    for name in ("roc_auc", "r2"):
        scores = METRICS[name].function(y, prediction)
        assert np.isnan(scores[0])
        assert np.isfinite(scores[1])
    assert np.isnan(metric("average_precision")(np.zeros(2), np.array([0.1, 0.2])))
    assert np.isnan(metric("r2")(np.full(3, 0.1), np.array([0.1, 0.2, 0.3])))


def test_whole_number_predictions_are_scores_not_ranks() -> None:
    y, prediction = np.array([0, 1, 0, 1]), np.array([-5, 2_000_000_000, 7, 7], dtype=np.int32)
    assert metric("roc_auc")(y, prediction) == reference.roc_auc_score(y, prediction)


def test_gain_is_positive_when_better() -> None:
    assert metric("roc_auc").gain(0.8, 0.7) > 0
    assert metric("mae").gain(0.7, 0.8) > 0


def test_unknown_metric_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown metric 'auc'.*roc_auc"):
        metric("auc")
