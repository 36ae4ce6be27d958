"""What is to be predicted: classes or a number, judged by the target column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.inference.columns import Column
from mlplatform.ml.inference.numbers import look_like_numbers
from mlplatform.ml.inference.tables import DescribedTable

Task = Literal["binary_classification", "multiclass_classification", "regression"]

_MOST_CLASSES = 50
_MOST_RATINGS = 5


@dataclass(frozen=True)
class Goal:
    """The task, and for two text classes the one whose probability is predicted."""

    column: Column
    task: Task
    classes: tuple[str, ...] = ()
    positive: str | None = None
    remarks: tuple[str, ...] = ()


def goal_of(table: DescribedTable, column: Column, task: Task | None) -> Goal:
    """WrongUsage where nothing can be learned: no value, one class, a date, a name for every row."""
    name, where = column.name, f"{table.file}, column {column.name!r}"
    if not column.present:
        raise WrongUsage(f"{where}: every value of the target is missing. Name another column with --target.")
    if column.distinct < 2:
        raise WrongUsage(
            f"{where}: the target is {_only(table, name)!r} in every row, so there is nothing to learn. "
            "Give a file with both outcomes, or name another --target."
        )
    if column.kind == "datetime":
        raise WrongUsage(
            f"{where}: the target is a date. Predict a number instead, the days until then for example."
        )
    found = _task_of(column)
    if found is None or task not in (None, found):
        found = _as_told(table, column, task, where)
    return _goal(table, column, found, told=task is not None)


def _only(table: DescribedTable, name: str) -> str:
    return str(table.texts(name).dropna().iloc[0])


def _task_of(column: Column) -> Task | None:
    if column.distinct == 2 and column.kind != "float":
        return "binary_classification"
    if column.is_number:
        ratings = column.kind == "int" and column.distinct <= _MOST_RATINGS and bool(column.labels)
        return "multiclass_classification" if ratings else "regression"
    if column.labels and column.distinct <= _MOST_CLASSES:
        return "multiclass_classification"
    return None


def _as_told(table: DescribedTable, column: Column, task: Task | None, where: str) -> Task:
    if task == "regression" and column.is_number:
        return task
    if task == "multiclass_classification" and column.labels and column.distinct > 2:
        return task
    if column.kind == "str" and task in (None, "regression") and look_like_numbers(table.texts(column.name)):
        raise WrongUsage(
            f"{where}: the target looks like numbers with marks or separators, such as "
            f"{_only(table, column.name)!r}. Write them as plain numbers (1234.56) to predict them."
        )
    if task is None:
        raise WrongUsage(
            f"{where}: the target has {column.distinct:,} different texts in {column.rows:,} rows, which are "
            "neither numbers nor classes that come again. Name another column with --target."
        )
    raise WrongUsage(
        f"{where}: {column.distinct:,} different values of type {column.kind} are no target for --task "
        f"{task}. Leave --task out, or name another --target."
    )


def _goal(table: DescribedTable, column: Column, task: Task, told: bool) -> Goal:
    name, remarks = column.name, []
    if task == "regression":
        if column.kind == "int" and column.labels and not told:
            remarks.append(
                f"The target {name} is taken as a number. If its {column.distinct} values are classes, "
                "use --task multiclass_classification."
            )
        return Goal(column, task, remarks=tuple(remarks))
    rows = table.texts(name).value_counts()
    classes = column.labels or tuple(str(one) for one in rows.index)
    if task == "multiclass_classification" and column.kind == "int" and not told:
        remarks.append(
            f"The target {name} has {column.distinct} whole numbers, taken as classes. If it is a measured "
            "or counted number, use --task regression."
        )
    if column.kind == "str" and not told and look_like_numbers(table.texts(name)):
        remarks.append(
            f"The target {name} looks like numbers with marks or separators and is taken as "
            f"{column.distinct} classes; write them as plain numbers (1234.56) to predict a number."
        )
    rare = [f"{label} ({count})" for label, count in rows.items() if count < 10]
    if rare:
        remarks.append(f"Few rows to learn these classes of {name} from: {', '.join(rare[:5])}.")
    positive = None
    if task == "binary_classification" and column.kind == "str":
        positive = str(rows.index[-1])
        remarks.append(
            f"The model gives the probability of {name} = {positive!r}, the rarer of the two (positive=)."
        )
    return Goal(column, task, classes, positive, tuple(remarks))
