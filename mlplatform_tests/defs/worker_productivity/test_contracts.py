"""The contracts accept the real file and refuse what breaks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest

from mlplatform.defs.worker_productivity.contracts import RawTeamDay, TeamDayFeatures
from mlplatform.defs.worker_productivity.features import build_features
from mlplatform.defs.worker_productivity.sample import generate
from mlplatform_tests.defs.worker_productivity.rows import dated, real_rows


def test_every_real_row_keeps_both_contracts(real_data: Path) -> None:
    rows = RawTeamDay.validate(real_rows(real_data), lazy=True)
    assert len(TeamDayFeatures.validate(build_features(rows), lazy=True)) == 1_197


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("date", pd.Timestamp("1915-01-01")),
        ("date", None),
        ("quarter", "Quarter6"),
        ("department", "Sewing"),
        ("day", "Caturday"),
        ("team_no", 0),
        ("targeted_productivity", 80),
        ("smv", 0),
        ("wip", -1),
        ("over_time", -60),
        ("incentive", 36_000),
        ("idle_time", -1),
        ("no_of_workers", 0),
        ("actual_productivity", 1.6),
        ("actual_productivity", None),
    ],
)
def test_a_value_outside_the_contract_is_named(column: str, value: Any) -> None:
    rows = dated(generate(20, seed=1)).astype({column: object})
    rows.loc[7, column] = value
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        RawTeamDay.validate(rows, lazy=True)
    cases = caught.value.failure_cases
    assert set(cases["column"]) == {column}
    assert 7 in set(cases["index"])


@pytest.mark.parametrize(
    ("column", "value"),
    [("no_of_workers", 30.5), ("actual_productivity", 1.12), ("wip", None), ("department", "finishing ")],
)
def test_oddities_of_the_source_are_no_faults(column: str, value: Any) -> None:
    rows = dated(generate(20, seed=1)).astype({column: object})
    rows.loc[7, column] = value
    assert len(RawTeamDay.validate(rows, lazy=True)) == 20


def test_a_team_twice_on_a_day_is_refused() -> None:
    rows = dated(generate(20, seed=1))
    with pytest.raises(pa.errors.SchemaErrors):
        RawTeamDay.validate(pd.concat([rows, rows.tail(1)], ignore_index=True), lazy=True)


@pytest.mark.parametrize("contract", [RawTeamDay, TeamDayFeatures])
def test_every_column_has_a_description(contract: type[pa.DataFrameModel]) -> None:
    assert all(column.description for column in contract.to_schema().columns.values())
