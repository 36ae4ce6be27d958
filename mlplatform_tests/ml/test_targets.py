"""Labels and predictions become the numbers that metrics read, whatever the labels are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlplatform.ml.errors import NotEnoughData
from mlplatform.ml.targets import Target, all_classes, labels_of, positive_class


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series(["b", "a"]), np.array(["b", "a"], dtype=object)),
        (pd.Series(["b", "a"], dtype="string"), np.array(["b", "a"], dtype=object)),
        (pd.Series(["b", "a"], dtype=object), np.array(["b", "a"], dtype=object)),
        (pd.Series(pd.Categorical(["b", "a"])), np.array(["b", "a"], dtype=object)),
        (pd.Series(pd.Categorical([2, 1])), np.array([2, 1])),
        (pd.Series([2, 1], dtype="int8"), np.array([2, 1])),
        (pd.Series([2, 1], dtype="Int64"), np.array([2, 1])),
        (pd.Series([1.0, 2.0]), np.array([1.0, 2.0])),
        (pd.Series([True, False]), np.array([True, False])),
        (pd.Series([True, False], dtype="boolean"), np.array([True, False])),
    ],
)
def test_labels_keep_their_kind(column: pd.Series, expected: np.ndarray) -> None:
    found = labels_of(column)
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize(("positive", "labels"), [("yes", ["yes", "no"]), (1, [1, 2]), (True, [True, False])])
def test_the_positive_class_is_one(positive: Any, labels: list[Any]) -> None:
    target = Target("binary_classification", positive=positive)
    assert target.numbers(labels_of(pd.Series(labels))).tolist() == [1.0, 0.0]
    assert target.predicted(np.array([0.25, 0.75])).tolist() == [0.25, 0.75]


def test_classes_are_numbered_and_what_is_none_is_wrong() -> None:
    target = Target("multiclass_classification", classes=("b", "a", "c"))
    assert target.numbers(np.array(["a", "b", "c", "a"], dtype=object)).tolist() == [1, 0, 2, 1]
    assert target.predicted(np.array(["c", "z"], dtype=object)).tolist() == [2, 3]
    numbers = Target("multiclass_classification", classes=(5, 1, 9))
    assert numbers.predicted(np.array([9, 5, 7])).tolist() == [2, 0, 3]


def test_classes_of_several_models_are_all_there_once() -> None:
    assert all_classes(("c", "a"), ("a", "b"), ["z", "c", "z", "d"]) == ("c", "a", "b", "d", "z")
    assert all_classes((1, 2), (), [10, 2, 9]) == (1, 2, 10, 9)


def test_the_positive_class_is_declared_or_the_larger() -> None:
    assert positive_class(None, ["no", "yes"], "scent") == "yes"
    assert positive_class("no", ["no", "yes"], "scent") == "no"
    assert positive_class(1, [False, True], "scent") is True
    with pytest.raises(NotEnoughData, match=r"scent: positive='maybe' is no class .* 'no', 'yes'"):
        positive_class("maybe", ["no", "yes"], "scent")
