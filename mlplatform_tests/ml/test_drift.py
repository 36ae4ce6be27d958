"""The index is zero where nothing changed, about chance where only the sample did, and large for drift."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplatform.ml.baseline import PREDICTION, baseline_of
from mlplatform.ml.drift import by_chance, compare, judge_drift, psi

COUNTS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=1, max_size=40)


@given(COUNTS)
def test_the_index_is_finite_and_never_negative(pairs: list[tuple[int, int]]) -> None:
    old, new = zip(*pairs, strict=True)
    assert 0 <= psi(old, new) < np.inf
    assert by_chance(old, new) >= 0


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=20), st.integers(1, 50))
def test_as_many_more_rows_of_everything_are_no_drift(old: list[int], times: int) -> None:
    assert psi(old, [times * one for one in old]) < 0.01


def test_the_index_of_two_known_spreads() -> None:
    # by hand: 0.3 * ln(0.8 / 0.5) + (-0.3) * ln(0.2 / 0.5); the smoothing does not show with so many rows
    assert psi([500_000, 500_000], [800_000, 200_000]) == pytest.approx(0.3 * np.log(4), abs=1e-4)


def test_empty_bins_do_not_count_and_no_rows_say_nothing() -> None:
    assert psi([50, 0, 50], [40, 0, 60]) == psi([50, 50], [40, 60])
    assert psi([50, 50], [0, 0]) == 0.0
    assert by_chance([50, 50], [0, 0]) == 0.0


def test_without_drift_the_index_is_about_what_chance_gives() -> None:
    random = np.random.default_rng(0)
    baseline = baseline_of(_frame(random, 20_000))
    found = [compare(baseline, _frame(random, 400)) for _ in range(60)]
    for name in baseline.columns:
        of_column = [one for each in found for one in each if one.name == name]
        assert np.mean([one.psi for one in of_column]) == pytest.approx(of_column[0].chance, rel=0.35)


def _frame(random: np.random.Generator, rows: int, shift: float = 0.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "hours": random.exponential(size=rows) * (1 + shift),
            "city": random.choice(["a", "b", "c"], rows, p=[0.5, 0.3, 0.2]),
            "flag": random.random(rows) < 0.3,
        }
    )


def test_what_moved_comes_first_with_its_largest_change() -> None:
    random = np.random.default_rng(1)
    baseline = baseline_of(_frame(random, 10_000))
    first, *others = compare(baseline, _frame(random, 2000, shift=2.0))
    assert first.name == "hours"
    assert first.psi > 0.2 > max(one.psi for one in others)
    assert first.bin.startswith("above ")
    assert first.actual > 0.3 > first.expected
    assert "% of the rows then" in first.change


@pytest.mark.parametrize(("rows", "drifted"), [(199, False), (200, True)])
def test_too_few_rows_are_not_judged(rows: int, drifted: bool) -> None:
    random = np.random.default_rng(2)
    trained_on = _frame(random, 5000)
    answers = pd.DataFrame({PREDICTION: random.random(5000)})
    found = judge_drift(
        (baseline_of(trained_on), _frame(random, rows, shift=5.0)),
        (baseline_of(answers), pd.DataFrame({PREDICTION: random.random(rows)})),
        threshold=0.2,
        minimum_rows=200,
    )
    assert found.drifted is drifted
    assert found.worst.name == "hours"
    assert found.conclusion.startswith("Drift" if drifted else "Not judged: 199 rows, at least 200")


def test_the_prediction_alone_can_drift() -> None:
    random = np.random.default_rng(3)
    features = _frame(random, 5000)
    found = judge_drift(
        (baseline_of(features), _frame(random, 1000)),
        (
            baseline_of(pd.DataFrame({PREDICTION: random.random(5000)})),
            pd.DataFrame({PREDICTION: random.random(1000) ** 4}),
        ),
        threshold=0.2,
        minimum_rows=200,
    )
    assert found.drifted
    assert found.worst.name == PREDICTION


def test_a_column_that_the_new_rows_lack_is_an_error() -> None:
    with pytest.raises(KeyError, match="city"):
        compare(baseline_of(pd.DataFrame({"city": ["a"]})), pd.DataFrame({"town": ["a"]}))
