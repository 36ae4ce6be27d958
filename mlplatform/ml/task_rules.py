"""What does not fit a use case's task: metric, target, positive class, naive forecast. ValueErrors tell."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from mlplatform.ml.contracts.coercion import kind_of
from mlplatform.ml.metrics import METRICS, Task, metric


def refuse_other_metric(use_case: str, task: Task, name: str) -> None:
    """Where the gate's metric scores other tasks."""
    if task not in metric(name).tasks:
        fitting = ", ".join(one.name for one in METRICS.values() if task in one.tasks)
        raise ValueError(
            f"{use_case}: the gate's metric {name!r} does not fit {task}; choose one of {fitting}"
        )


def refuse_odd_target(use_case: str, task: Task, target: Any, positive: str | int | None) -> None:
    """Where the target (a pandera column) is of a kind that the task cannot use, or `positive` no class."""
    kind = kind_of(target.dtype)
    if task == "multiclass_classification" and kind not in ("int", "string"):
        raise ValueError(f"{use_case}: target {target.name!r} of a {task} must be text or int, not {kind}")
    if task == "binary_classification" and kind == "datetime":
        raise ValueError(f"{use_case}: target {target.name!r} of a {task} cannot be a time")
    if positive is None:
        return
    if task != "binary_classification":
        raise ValueError(f"{use_case}: positive is for a binary_classification, not for a {task}")
    if isinstance(positive, str) != (kind == "string"):
        raise ValueError(f"{use_case}: positive {positive!r} is no {kind}, which target {target.name!r} is")
    for check in target.checks:
        allowed = (check.statistics or {}).get("allowed_values")
        if allowed is not None and positive not in allowed:
            values = ", ".join(sorted(map(repr, allowed)))
            raise ValueError(
                f"{use_case}: positive {positive!r} is no value of target {target.name!r}: {values}"
            )


def refuse_odd_naive(use_case: str, task: Task, column: Any, unseen: Collection[str]) -> None:
    """Where the naive forecast (a pandera column) is none: no regression, no number, or known too late."""
    forecast = f"{use_case}: the gate's naive forecast {column.name!r}"
    if task != "regression":
        raise ValueError(f"{forecast} is for a regression, not for a {task}")
    if column.name in unseen:
        raise ValueError(f"{forecast} is known only after the fact")
    if not column.required:
        raise ValueError(f"{forecast} must not be an optional column")
    if kind_of(column.dtype) not in ("int", "float"):
        raise ValueError(f"{forecast} must be a number, not {kind_of(column.dtype)}")
