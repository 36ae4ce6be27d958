"""Features are row-wise, follow the contract and take what training has never seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from mlplatform.defs.job_change.contracts import EnrolleeFeatures
from mlplatform.defs.job_change.features import MISSING, NOMINAL, NUMERIC, build_features
from mlplatform.defs.job_change.sample import generate

ROWS = generate(200, seed=1).drop(columns="target")


@settings(deadline=None)
@given(st.lists(st.integers(0, len(ROWS) - 1), unique=True))
def test_features_of_some_rows_are_some_rows_of_the_features(picked: list[int]) -> None:
    assert_frame_equal(build_features(ROWS.iloc[picked]), build_features(ROWS).iloc[picked])


def test_columns_are_those_of_the_contract() -> None:
    features = build_features(ROWS)
    assert list(features.columns) == list(EnrolleeFeatures.to_schema().columns) == [*NUMERIC, *NOMINAL]
    assert_frame_equal(EnrolleeFeatures.validate(features), features)


def test_ordered_answers_become_numbers() -> None:
    rows = ROWS.head(4).assign(
        experience=["<1", "7", ">20", np.nan],
        last_new_job=["never", "1", ">4", np.nan],
        company_size=["<10", "10/49", "10000+", np.nan],
        education_level=["Primary School", "Graduate", "Phd", np.nan],
    )
    features = build_features(rows)
    assert features["experience_years"].tolist()[:3] == [0, 7, 21]
    assert features["years_between_jobs"].tolist()[:3] == [0, 1, 5]
    assert features["company_size_rank"].tolist()[:3] == [0, 1, 7]
    assert features["education_rank"].tolist()[:3] == [0, 2, 4]
    ordered = ["experience_years", "years_between_jobs", "company_size_rank", "education_rank"]
    assert features[ordered].iloc[3].isna().all()


def test_missing_categories_are_named() -> None:
    nothing = ROWS.assign(**{name: pd.Series(None, index=ROWS.index, dtype=object) for name in NOMINAL})
    assert (build_features(nothing)[list(NOMINAL)] == MISSING).all(axis=None)
    assert not build_features(ROWS)[list(NOMINAL)].isna().any(axis=None)


def test_unseen_labels_do_not_fail() -> None:
    features = build_features(ROWS.head(1).assign(gender="Unheard of", education_level="Unheard of"))
    assert features["gender"].tolist() == ["Unheard of"]
    assert features["education_rank"].isna().all()
