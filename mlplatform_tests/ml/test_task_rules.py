"""What a use case's task asks of its target and of the naive forecast."""

from __future__ import annotations

from typing import Any

import pandera.pandas as pa
import pytest

from mlplatform.ml.metrics import Task
from mlplatform.ml.task_rules import refuse_odd_naive, refuse_odd_target

BINARY: Task = "binary_classification"
MULTICLASS: Task = "multiclass_classification"


@pytest.mark.parametrize(
    ("task", "kind", "positive", "complaint"),
    [
        (MULTICLASS, float, None, "must be text or int, not float"),
        (MULTICLASS, bool, None, "must be text or int, not bool"),
        (BINARY, "datetime64[ns]", None, "cannot be a time"),
        (BINARY, str, 1, "positive 1 is no string"),
        (BINARY, bool, "yes", "positive 'yes' is no bool"),
        (BINARY, str, "other", "positive 'other' is no value of target 'sort': 'a', 'b'"),
    ],
)
def test_odd_targets_are_refused(task: Task, kind: Any, positive: Any, complaint: str) -> None:
    column = pa.Column(kind, pa.Check.isin(["a", "b"]) if kind is str else None, name="sort")
    with pytest.raises(ValueError, match=complaint):
        refuse_odd_target("flowers", task, column, positive)


@pytest.mark.parametrize(
    ("task", "kind", "positive"),
    [
        (MULTICLASS, int, None),
        (MULTICLASS, str, None),
        (BINARY, str, "b"),
        (BINARY, bool, 1),
        (BINARY, int, 2),
    ],
)
def test_usual_targets_are_not(task: Task, kind: Any, positive: Any) -> None:
    column = pa.Column(kind, pa.Check.isin(["a", "b"]) if kind is str else None, name="sort")
    refuse_odd_target("flowers", task, column, positive)


def test_a_forecast_must_be_there_and_a_number() -> None:
    refuse_odd_naive("flowers", "regression", pa.Column(float, name="plan", nullable=True), ["weight"])
    with pytest.raises(ValueError, match="'plan' must not be an optional column"):
        refuse_odd_naive("flowers", "regression", pa.Column(float, name="plan", required=False), [])
    with pytest.raises(ValueError, match="'plan' must be a number, not bool"):
        refuse_odd_naive("flowers", "regression", pa.Column(bool, name="plan"), [])
