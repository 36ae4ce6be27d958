"""The generated sample resembles the source, keeps the contract and can be learned from as well."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from mlplatform.defs.worker_productivity.contracts import RawTeamDay
from mlplatform.defs.worker_productivity.sample import TARGETS, generate
from mlplatform.ml.file_format import FileFormat
from mlplatform.ml.reading.daily import split_by_day
from mlplatform_tests.defs.worker_productivity.rows import dated, real_rows
from mlplatform_tests.defs.worker_productivity.test_estimator import error_of_the_plan, error_on_last_days

SAMPLE = dated(generate(20_000, seed=1))


@pytest.mark.parametrize("drift", [False, True])
def test_a_written_sample_keeps_the_contract(drift: bool) -> None:
    text = generate(2_000, seed=5, drift=drift).to_csv(index=False)
    assert len(RawTeamDay.validate(dated(pd.read_csv(io.StringIO(text))), lazy=True)) == 2_000


def test_the_seed_decides_and_seeds_follow_one_another_in_time() -> None:
    assert_frame_equal(generate(500, seed=1), generate(500, seed=1))
    early, late = (dated(generate(2_000, seed=seed))["date"] for seed in (1, 2))
    assert early.max() < late.min()


def test_days_weeks_and_dates_agree() -> None:
    assert SAMPLE["date"].is_monotonic_increasing
    assert (SAMPLE["date"].dt.day_name() == SAMPLE["day"]).all()
    assert (("Quarter" + ((SAMPLE["date"].dt.day + 6) // 7).astype(str)) == SAMPLE["quarter"]).all()
    assert "Friday" not in set(SAMPLE["day"])
    assert SAMPLE.groupby("date").size().iloc[:-1].between(12, 24).all()


def test_a_sample_can_land_by_day() -> None:
    rows = generate(300, seed=4)
    content = rows.to_csv(index=False).encode()
    days = split_by_day(content, "sample.csv", "date", FileFormat(dates="%m/%d/%Y"))
    assert list(days) == [str(day.date()) for day in dated(rows)["date"].unique()]


def test_targets_follow_the_table() -> None:
    sewing = SAMPLE[SAMPLE["department"] == "sweing"]["targeted_productivity"].value_counts(normalize=True)
    assert all(sewing[value] == pytest.approx(share, abs=0.02) for value, share in TARGETS["sewing"].items())


def test_distributions_are_those_of_the_source(real_data: Path) -> None:
    real = real_rows(real_data)
    assert list(SAMPLE.columns) == list(real.columns)
    assert (SAMPLE.isna().mean() - real.isna().mean()).abs().max() < 0.03
    for column in ("targeted_productivity", "smv", "no_of_workers", "over_time", "actual_productivity"):
        assert SAMPLE[column].mean() == pytest.approx(real[column].mean(), rel=0.1), column
        assert SAMPLE[column].std() == pytest.approx(real[column].std(), rel=0.2), column
    assert SAMPLE["no_of_workers"].max() <= real["no_of_workers"].max()


def test_it_can_be_learned_and_the_plan_is_beaten_as_in_the_source() -> None:
    rows = dated(generate(2_000, seed=2))
    assert error_on_last_days(rows) < 0.95 * error_of_the_plan(rows)


def test_drift_moves_style_and_line_and_nothing_else() -> None:
    before, after = generate(2_000, seed=5), generate(2_000, seed=5, drift=True)
    moved = ["smv", "wip"]
    assert_frame_equal(before.drop(columns=moved), after.drop(columns=moved))
    assert after["smv"].median() == pytest.approx(1.5 * before["smv"].median(), rel=0.01)
    np.testing.assert_array_equal(after["wip"].isna(), before["wip"].isna())


@pytest.mark.parametrize(("rows", "seed"), [(-1, 0), (1_000_001, 0), (10, -1), (10, 2**32)])
def test_arguments_out_of_range_are_refused(rows: int, seed: int) -> None:
    with pytest.raises(ValueError, match="must be from 0"):
        generate(rows, seed)


def test_no_rows_and_the_most_rows_have_dates() -> None:
    assert generate(0, seed=1).empty
    assert dated(generate(30_000, seed=99)).date.max() < pd.Timestamp("2262-01-01")
