"""Bins are chosen once and count any later rows."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplatform.ml.baseline import Baseline, baseline_of, counts

NUMBERS = st.lists(
    st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True), st.integers(-5, 5)), max_size=200
)
TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=200)


@given(NUMBERS, NUMBERS)
def test_every_number_falls_into_one_bin(trained_on: list[float | None], new: list[float | None]) -> None:
    baseline = baseline_of(pd.DataFrame({"x": pd.Series(trained_on, dtype="float64")}))
    bins = baseline.columns["x"]
    assert sum(bins.counts) == len(trained_on)
    assert counts(bins, pd.Series(new, dtype="float64")).sum() == len(new)
    assert len(bins.labels) == len(bins.counts) == len(bins.marks) + 2
    assert Baseline.from_json(json.loads(json.dumps(baseline.to_json(), allow_nan=False))) == baseline


@given(TEXTS, TEXTS)
def test_every_text_falls_into_one_bin(trained_on: list[str | None], new: list[str | None]) -> None:
    baseline = baseline_of(pd.DataFrame({"x": pd.Series(trained_on, dtype=object)}))
    bins = baseline.columns["x"]
    assert sum(bins.counts) == len(trained_on)
    found = counts(bins, pd.Series(new, dtype=object))
    assert found.sum() == len(new)
    assert found[-1] == sum(one is None for one in new)
    assert Baseline.from_json(json.loads(json.dumps(baseline.to_json()))) == baseline


@given(st.permutations(list(range(30))))
def test_the_order_of_the_rows_does_not_count(order: list[int]) -> None:
    frame = pd.DataFrame({"n": np.arange(30) ** 2, "t": [f"v{i % 7}" for i in range(30)]})
    assert baseline_of(frame.iloc[order]) == baseline_of(frame)


def test_ten_ranges_hold_about_as_many_rows_each() -> None:
    values = np.random.default_rng(0).normal(size=10_000)
    bins = baseline_of(pd.DataFrame({"x": values})).columns["x"]
    assert bins.kind == "ranges"
    assert len(bins.marks) == 9
    assert set(bins.counts) == {1000, 0}  # none is missing


def test_a_value_that_is_half_of_the_rows_has_an_edge_and_no_empty_bin() -> None:
    values = np.concatenate([np.zeros(500), np.arange(500)])
    bins = baseline_of(pd.DataFrame({"x": values})).columns["x"]
    assert bins.marks[0] == 0.0
    assert all(count > 0 for count in bins.counts[:-1])


@pytest.mark.parametrize(
    ("column", "kind", "marks"),
    [
        (pd.Series([3, 1, 3, 2]), "numbers", (1.0, 2.0, 3.0)),
        (pd.Series([True, False, True]), "numbers", (0.0, 1.0)),
        (pd.Series([1, None, 2], dtype="Int64"), "numbers", (1.0, 2.0)),
        (pd.Series([True, None], dtype="boolean"), "numbers", (1.0,)),
        (pd.Series(["b", "a", "b", None]), "texts", ("b", "a")),
        (pd.Series(["b", "a"], dtype="category"), "texts", ("a", "b")),
        (pd.Series(["b", "a"], dtype="string"), "texts", ("a", "b")),
        (pd.Series([1, "q", 1], dtype=object), "texts", ("1", "q")),
        (pd.Series([None, None], dtype=object), "texts", ()),
        (pd.Series([np.nan, np.nan]), "numbers", ()),
    ],
)
def test_kinds_of_columns(column: pd.Series, kind: str, marks: tuple[object, ...]) -> None:
    bins = baseline_of(pd.DataFrame({"x": column})).columns["x"]
    assert (bins.kind, bins.marks) == (kind, marks)
    assert sum(bins.counts) == len(column)
    assert bins.counts[-1] == column.isna().sum()


def test_times_are_numbers_whatever_their_zone() -> None:
    times = pd.Series(pd.date_range("2026-01-01", periods=100, freq="h"))
    bins = baseline_of(pd.DataFrame({"x": times})).columns["x"]
    assert bins.kind == "ranges"
    berlin = times.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
    assert counts(bins, berlin).tolist() == list(bins.counts)


def test_what_was_never_seen_has_a_bin() -> None:
    frame = pd.DataFrame({"t": ["a", "b"], "n": [1, 2]})
    bins = baseline_of(frame).columns
    assert counts(bins["t"], pd.Series(["a", "c", None])).tolist() == [1, 0, 1, 1]
    assert counts(bins["n"], pd.Series([1, 7, np.inf, None])).tolist() == [1, 0, 2, 1]
    assert counts(bins["n"], pd.Series(["1", "seven"], dtype=object)).tolist() == [1, 0, 0, 1]


def test_at_most_thirty_texts_have_a_bin_of_their_own() -> None:
    column = pd.Series([f"city_{i:02}" for i in range(40) for _ in range(40 - i)])
    bins = baseline_of(pd.DataFrame({"x": column})).columns["x"]
    assert bins.marks == tuple(f"city_{i:02}" for i in range(30))
    assert bins.counts[-2] == sum(range(1, 11))
