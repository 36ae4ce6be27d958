"""Planted faults are exactly what validation finds, one for each damaged row."""

from __future__ import annotations

import io

import pandas as pd
import pandera.pandas as pa
import pytest
from pandas.testing import assert_frame_equal

from mlplatform.ml.faults import plant_faults

CONTRACT = pa.DataFrameSchema(
    {
        "key": pa.Column(int, unique=True),
        "hours": pa.Column(int, [pa.Check.ge(1), pa.Check.lt(100)]),
        "share": pa.Column(float, pa.Check.in_range(0, 1), nullable=True),
        "team": pa.Column(str, pa.Check.isin(["red", "blue"]), nullable=True),
        "city": pa.Column(str, pa.Check.str_matches(r"^city_\d+$")),
        "label": pa.Column(int, pa.Check.isin([0, 1])),
    },
    coerce=True,
)
KINDS = {"missing", "not_a_number", "out_of_range", "unknown_category", "pattern_broken"}


def clean(rows: int) -> pd.DataFrame:
    keys = pd.Series(range(rows))
    return pd.DataFrame(
        {
            "key": keys,
            "hours": keys % 99 + 1,
            "share": 0.5,
            "team": "red",
            "city": "city_" + keys.astype("str"),
            "label": keys % 2,
        }
    )


def broken_columns(row: pd.DataFrame) -> list[str]:
    """Columns in which one row, as read from a file, breaks the contract."""
    try:
        CONTRACT.validate(row, lazy=True)
    except pa.errors.SchemaErrors as error:
        return list(dict.fromkeys(error.failure_cases["column"]))
    return []


def test_the_damaged_cells_and_no_others_break_the_contract() -> None:
    damaged, faults = plant_faults(clean(80), CONTRACT, share=0.25, seed=1)
    landed = pd.read_csv(io.StringIO(damaged.to_csv(index=False)), dtype=str)
    found = [(row + 1, column) for row in range(80) for column in broken_columns(landed.iloc[[row]])]
    assert found == list(zip(faults["row"], faults["column"], strict=True))
    assert len(faults) == 20
    assert set(faults["fault"]) == KINDS


def test_the_list_says_what_stands_in_the_frame() -> None:
    damaged, faults = plant_faults(clean(200), CONTRACT, share=0.25, seed=1)
    for row, column, _, value in faults.itertuples(index=False):
        assert damaged[column].iloc[row - 1] is value or damaged[column].iloc[row - 1] == value


def test_unique_columns_and_the_given_frame_stay_as_they_are() -> None:
    frame = clean(200)
    damaged, _ = plant_faults(frame, CONTRACT, share=1.0, seed=1)
    assert damaged["key"].tolist() == frame["key"].tolist()
    assert_frame_equal(frame, clean(200))


def test_the_seed_decides() -> None:
    first, second, third = (plant_faults(clean(50), CONTRACT, share=0.2, seed=seed)[1] for seed in (1, 1, 2))
    assert_frame_equal(first, second)
    assert not first.equals(third)


def test_no_share_no_faults() -> None:
    frame = clean(50)
    damaged, faults = plant_faults(frame, CONTRACT, share=0.0, seed=1)
    assert faults.empty
    assert_frame_equal(damaged, frame, check_dtype=False)


def test_a_contract_without_rules_is_refused() -> None:
    lax = pa.DataFrameSchema({"team": pa.Column(str, nullable=True)})
    with pytest.raises(ValueError, match="no rule"):
        plant_faults(clean(50), lax, share=0.1, seed=1)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        plant_faults(clean(50), CONTRACT, share=share, seed=1)
