"""The estimator is good enough on the real file, repeatable, and takes what training has never seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from mlplatform.defs.job_change.contracts import RawEnrollee
from mlplatform.defs.job_change.estimator import build_estimator
from mlplatform.defs.job_change.features import build_features
from mlplatform.defs.job_change.sample import generate

ROWS = generate(1_000, seed=1)
FEATURES = build_features(ROWS.drop(columns="target"))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_quality_on_real_rows_held_out(real_data: Path, seed: int) -> None:
    rows = RawEnrollee.validate(pd.read_csv(real_data / "job_change_train.csv"))
    seen, unseen = train_test_split(rows, test_size=0.2, random_state=seed)
    model = build_estimator(seed=seed).fit(build_features(seen), seen["target"])
    assert roc_auc_score(unseen["target"], model.predict_proba(build_features(unseen))[:, 1]) > 0.78


def test_same_seed_same_model() -> None:
    first, second = (build_estimator(seed=3).fit(FEATURES, ROWS["target"]) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(FEATURES), second.predict_proba(FEATURES))


def test_unseen_categories_and_missing_numbers_get_a_probability() -> None:
    model = build_estimator(seed=3).fit(FEATURES, ROWS["target"])
    strange = FEATURES.head(1).assign(gender="Unheard of", experience_years=np.nan)
    assert model.predict_proba(strange).sum() == pytest.approx(1)


def test_columns_go_by_name() -> None:
    model = build_estimator(seed=3).fit(FEATURES, ROWS["target"])
    shuffled = FEATURES[FEATURES.columns[::-1]].assign(row_id="batch:1")
    np.testing.assert_array_equal(model.predict_proba(shuffled), model.predict_proba(FEATURES))
