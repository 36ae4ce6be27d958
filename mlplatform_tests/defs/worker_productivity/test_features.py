"""Features are row-wise, follow the contract and bring the spellings together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from mlplatform.defs.worker_productivity.contracts import TeamDayFeatures
from mlplatform.defs.worker_productivity.features import NOMINAL, NUMERIC, build_features
from mlplatform.defs.worker_productivity.sample import generate
from mlplatform_tests.defs.worker_productivity.rows import AFTERWARDS, dated

ROWS = dated(generate(200, seed=1)).drop(columns=AFTERWARDS)


@settings(deadline=None)
@given(st.lists(st.integers(0, len(ROWS) - 1), unique=True))
def test_features_of_some_rows_are_some_rows_of_the_features(picked: list[int]) -> None:
    assert_frame_equal(build_features(ROWS.iloc[picked]), build_features(ROWS).iloc[picked])


def test_columns_are_those_of_the_contract() -> None:
    features = build_features(ROWS)
    assert list(features.columns) == list(TeamDayFeatures.to_schema().columns) == [*NOMINAL, *NUMERIC]
    assert_frame_equal(TeamDayFeatures.validate(features), features, check_dtype=False)


def test_what_is_known_only_afterwards_changes_nothing() -> None:
    rows = dated(generate(50, seed=2))
    other = rows.assign(idle_time=999.0, idle_men=99, actual_productivity=0.5)
    assert_frame_equal(build_features(rows), build_features(other))


def test_departments_have_one_spelling() -> None:
    rows = ROWS.head(4).assign(department=["sweing", "sewing", "finishing ", "finishing"])
    assert build_features(rows)["department"].tolist() == ["sewing", "sewing", "finishing", "finishing"]


def test_overtime_is_shared_by_all_workers_halves_included() -> None:
    rows = ROWS.head(1).assign(over_time=3660, no_of_workers=30.5)
    assert build_features(rows)["over_time_per_worker"].tolist() == [pytest.approx(120)]


def test_no_work_in_the_line_stays_missing() -> None:
    rows = ROWS.head(2).assign(wip=pd.array([None, 7], dtype="Int64"))
    np.testing.assert_array_equal(build_features(rows)["wip"], [np.nan, 7])
