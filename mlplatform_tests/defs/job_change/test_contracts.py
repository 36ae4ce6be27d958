"""The contracts accept the real file and refuse what breaks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest

from mlplatform.defs.job_change.contracts import EnrolleeFeatures, RawEnrollee
from mlplatform.defs.job_change.features import build_features
from mlplatform.defs.job_change.sample import generate


def test_every_real_row_keeps_both_contracts(real_data: Path) -> None:
    real = pd.read_csv(real_data / "job_change_train.csv")
    rows = RawEnrollee.validate(real, lazy=True)
    assert len(EnrolleeFeatures.validate(build_features(rows), lazy=True)) == len(real)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("enrollee_id", 0),
        ("city", "London"),
        ("city_development_index", 1.2),
        ("gender", "male"),
        ("company_size", "10-49"),
        ("experience", "21"),
        ("training_hours", 0),
        ("training_hours", 5_000),
        ("target", 2),
        ("city", None),
    ],
)
def test_a_value_outside_the_contract_is_named(column: str, value: Any) -> None:
    rows = generate(20, seed=1)
    rows.loc[7, column] = value
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        RawEnrollee.validate(rows, lazy=True)
    cases = caught.value.failure_cases
    assert set(cases["column"]) == {column}
    assert set(cases["index"]) == {7}


def test_an_id_twice_is_refused() -> None:
    rows = generate(20, seed=1)
    rows.loc[[7, 8], "enrollee_id"] = 123
    with pytest.raises(pa.errors.SchemaErrors):
        RawEnrollee.validate(rows, lazy=True)


@pytest.mark.parametrize("contract", [RawEnrollee, EnrolleeFeatures])
def test_every_column_has_a_description(contract: type[pa.DataFrameModel]) -> None:
    assert all(column.description for column in contract.to_schema().columns.values())
