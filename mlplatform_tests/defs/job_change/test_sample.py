"""The generated sample resembles the source, keeps the contract and can be learned from as well."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.metrics import roc_auc_score

from mlplatform.defs.job_change.contracts import RawEnrollee
from mlplatform.defs.job_change.estimator import build_estimator
from mlplatform.defs.job_change.features import build_features
from mlplatform.defs.job_change.sample import GENDER, LARGE_CITIES, generate

SAMPLE = generate(20_000, seed=1)


@pytest.mark.parametrize("drift", [False, True])
def test_a_written_sample_keeps_the_contract(drift: bool) -> None:
    text = generate(2_000, seed=5, drift=drift).to_csv(index=False)
    assert len(RawEnrollee.validate(pd.read_csv(io.StringIO(text)), lazy=True)) == 2_000


def test_the_seed_decides_and_ids_of_two_seeds_differ() -> None:
    assert_frame_equal(generate(500, seed=1), generate(500, seed=1))
    assert set(generate(500, seed=1)["enrollee_id"]).isdisjoint(generate(500, seed=2)["enrollee_id"])


def test_frequencies_follow_the_tables() -> None:
    genders = SAMPLE["gender"].value_counts(normalize=True, dropna=False)
    assert genders["Male"] == pytest.approx(GENDER["Male"], abs=0.02)
    assert SAMPLE["gender"].isna().mean() == pytest.approx(GENDER[None], abs=0.02)
    cities = SAMPLE["city"].value_counts(normalize=True)
    assert all(cities[name] == pytest.approx(share, abs=0.02) for name, (share, _) in LARGE_CITIES.items())
    assert len(cities) >= 60
    assert SAMPLE["target"].mean() == pytest.approx(0.25, abs=0.02)


def test_columns_and_missing_shares_are_those_of_the_source(real_data: Path) -> None:
    real = pd.read_csv(real_data / "job_change_train.csv")
    assert list(SAMPLE.columns) == list(real.columns)
    assert (SAMPLE.isna().mean() - real.isna().mean()).abs().max() < 0.02


def test_it_can_be_learned_as_well_as_the_source() -> None:
    features, target = build_features(SAMPLE), SAMPLE["target"]
    model = build_estimator(seed=0).fit(features[:16_000], target[:16_000])
    assert 0.75 < roc_auc_score(target[16_000:], model.predict_proba(features[16_000:])[:, 1]) < 0.85


def test_drift_moves_hours_and_index_and_nothing_else() -> None:
    before, after = generate(2_000, seed=5), generate(2_000, seed=5, drift=True)
    moved = ["training_hours", "city_development_index"]
    assert_frame_equal(before.drop(columns=moved), after.drop(columns=moved))
    assert after["training_hours"].median() == pytest.approx(3 * before["training_hours"].median())
    assert after["city_development_index"].median() < 0.5 < before["city_development_index"].median()


@pytest.mark.parametrize(("rows", "seed"), [(-1, 0), (1_000_001, 0), (10, -1), (10, 2**32)])
def test_arguments_out_of_range_are_refused(rows: int, seed: int) -> None:
    with pytest.raises(ValueError, match="must be from 0"):
        generate(rows, seed)
