"""On days to come the estimator beats the plan, is repeatable, and owes that to the incentive."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error

from mlplatform.defs.worker_productivity.estimator import build_estimator
from mlplatform.defs.worker_productivity.features import build_features
from mlplatform.defs.worker_productivity.sample import generate
from mlplatform_tests.defs.worker_productivity.rows import last_days, real_rows

ROWS = generate(600, seed=1)
FEATURES, TARGET = build_features(ROWS), ROWS["actual_productivity"]


def error_on_last_days(rows: pd.DataFrame, seed: int = 0) -> float:
    """Mean absolute error where the days before were trained on."""
    features, late = build_features(rows), last_days(rows)
    model = build_estimator(seed=seed).fit(features[~late], rows.loc[~late, "actual_productivity"])
    return float(mean_absolute_error(rows.loc[late, "actual_productivity"], model.predict(features[late])))


def error_of_the_plan(rows: pd.DataFrame) -> float:
    late = rows[last_days(rows)]
    return float(mean_absolute_error(late["actual_productivity"], late["targeted_productivity"]))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_quality_on_the_last_real_days(real_data: Path, seed: int) -> None:
    rows = real_rows(real_data)
    assert error_of_the_plan(rows) == pytest.approx(0.0893, abs=0.0001)
    assert error_on_last_days(rows, seed) < 0.082


def test_without_the_incentive_the_plan_is_as_good(real_data: Path) -> None:
    """What `use_case.py` warns of."""
    rows = real_rows(real_data)
    assert error_on_last_days(rows.assign(incentive=0)) > error_of_the_plan(rows)


def test_same_seed_same_model() -> None:
    first, second = (build_estimator(seed=3).fit(FEATURES, TARGET) for _ in range(2))
    np.testing.assert_array_equal(first.predict(FEATURES), second.predict(FEATURES))


def test_a_line_without_work_and_a_new_department_get_a_prediction() -> None:
    model = build_estimator(seed=3).fit(FEATURES, TARGET)
    strange = FEATURES.head(1).assign(department="Unheard of", wip=np.nan)
    assert 0 < model.predict(strange)[0] < 1.2


def test_columns_go_by_name() -> None:
    model = build_estimator(seed=3).fit(FEATURES, TARGET)
    shuffled = FEATURES[FEATURES.columns[::-1]].assign(row_id="batch:1")
    np.testing.assert_array_equal(model.predict(shuffled), model.predict(FEATURES))
