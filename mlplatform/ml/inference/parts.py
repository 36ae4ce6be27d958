"""Which columns a model may see, which come only with the target, and which say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.inference.columns import Column
from mlplatform.ml.inference.entities import Entity, is_an_id
from mlplatform.ml.inference.goals import Goal
from mlplatform.ml.inference.leaks import determines, parts_of, told
from mlplatform.ml.inference.numbers import as_numbers, look_like_numbers
from mlplatform.ml.inference.tables import DescribedTable

if TYPE_CHECKING:
    import pandas as pd

Use = Literal["number", "category", "dates", "time"]

_FREE_TEXT = 60
_MOSTLY_DIFFERENT = 0.5


@dataclass(frozen=True)
class Parts:
    """`features`: column -> how it is used, in the order of the file. The others: column -> why."""

    features: Mapping[str, Use]
    after_the_fact: Mapping[str, str]
    left_out: Mapping[str, str]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should check."""
        together: dict[str, list[str]] = {}
        for name, why in self.after_the_fact.items():
            together.setdefault(why, []).append(name)
        behind = [
            f"Kept from the model: {', '.join(names)}, since {why}. What is known when a prediction is asked "
            "for may be taken out of after_the_fact; Leakage(allowed=...) then says that a person has looked."
            for why, names in together.items()
        ]
        return (*behind, *(f"{name} is left out: {why}." for name, why in self.left_out.items()))


def parts_of_table(
    table: DescribedTable, goal: Goal, entity: Entity, time: Column | None, given_away: Mapping[str, str]
) -> Parts:
    """The part of every column but target, entity and time. WrongUsage where none is left to learn."""
    named = {goal.column.name, entity.column.name, *([time.name] if time else [])}
    others = [one for name, one in table.columns.items() if name not in named]
    left_out = {one.name: why for one in others if (why := _why_left_out(table, one))}
    rest = [one for one in others if one.name not in left_out]
    after = _given_away(table, goal, [one for one in rest if one.name not in given_away])
    after |= {one.name: given_away[one.name] for one in rest if one.name in given_away}
    features: dict[str, Use] = {}
    for name, column in table.columns.items():
        if name in left_out or name in after or name in given_away or name == goal.column.name:
            continue
        use = _use_of(column, entity, time)
        if use is not None:
            features[name] = use
    if not set(features) - {time.name if time else None}:
        reasons = "; ".join(f"{name}: {why}" for name, why in {**after, **left_out}.items())
        raise WrongUsage(
            f"{table.file}: no column is left that a model could learn from "
            f"({reasons or 'there is no other'}). Give a file with more columns."
        )
    return Parts(features, after, left_out)


def _why_left_out(table: DescribedTable, column: Column) -> str | None:
    if column.distinct <= 1 and (column.distinct == 0 or not column.missing):
        return "it has the same value in every row" if column.distinct else "it is empty"
    text = column.kind == "str" and not column.labels
    if text and look_like_numbers(table.texts(column.name)):
        return "it looks like numbers with marks or separators; write them as plain numbers to use them"
    if is_an_id(column):
        return "it has another value in every row, so it names the row and says nothing about the next one"
    return _why_unusable_text(column) if text else None


def _why_unusable_text(column: Column) -> str | None:
    if column.longest > _FREE_TEXT:
        return "it is free text"
    if column.distinct > _MOSTLY_DIFFERENT * column.present:
        return "it has another text in most rows, so there is little to learn from it"
    return None


def _use_of(column: Column, entity: Entity, time: Column | None) -> Use | None:
    if time is not None and column.name == time.name:
        return "time"
    if column.name == entity.column.name and not entity.stands_in and (is_an_id(column) or time is None):
        # who it is says nothing about people who are held out, and they all are new
        return None
    if column.name == entity.column.name and not entity.stands_in:
        return None if column.distinct > _MOSTLY_DIFFERENT * column.present else "category"
    if column.kind == "datetime":
        return "dates"
    return "number" if column.is_number or column.kind == "bool" else "category"


def _given_away(table: DescribedTable, goal: Goal, columns: list[Column]) -> dict[str, str]:
    target, found = goal.column, dict[str, str]()
    texts = table.texts(target.name)
    numbers = {one.name: _numbers(table, one) for one in columns if one.is_number}
    truth = _numbers(table, target) if target.is_number else None
    if goal.task == "regression" and truth is not None:
        while parts := parts_of(truth, {name: one for name, one in numbers.items() if name not in found}):
            found |= {name: f"{told(parts, target.name)} in nearly every row" for name, _ in parts}
    for column in columns:
        if column.name not in found and determines(table.texts(column.name), texts):
            found[column.name] = f"each of its values goes with one value of {goal.column.name}"
    return found


def _numbers(table: DescribedTable, column: Column) -> pd.Series:
    """n floats in the order of the file; NaN where missing or unreadable."""
    texts = table.texts(column.name)
    known = texts.drop_duplicates().dropna()
    values = as_numbers(list(known), table.file_format.decimal).to_numpy()
    return texts.map(dict(zip(known, values, strict=True))).astype("float64")
