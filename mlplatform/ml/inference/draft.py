"""The draft of a use case: which part every column of a table plays, and every guess behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlplatform.ml.contracts import with_nearest
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.inference.columns import Column
from mlplatform.ml.inference.entities import Entity, entity_of, held_out
from mlplatform.ml.inference.goals import Goal, Task, goal_of
from mlplatform.ml.inference.parts import Parts, parts_of_table
from mlplatform.ml.inference.tables import DescribedTable, describe
from mlplatform.ml.reading import ROW_ID

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_ROWS = 20
_MINIMUM_ROWS = 50
_MAX_QUARANTINED = 0.1


@dataclass(frozen=True)
class Asked:
    """What a person has named; None is for the draft to find. `given_away`: column -> why it is a leak."""

    target: str
    entity: str | None = None
    time: str | None = None
    task: Task | None = None
    given_away: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """What a use case for `table` would declare. `assumptions` are sentences for a person to check.

    `minimum_rows` and `max_quarantined_share` are None where the platform's own values do.
    """

    table: DescribedTable
    asked: Asked
    goal: Goal
    entity: Entity
    time: Column | None
    parts: Parts
    minimum_rows: int | None
    max_quarantined_share: float | None
    assumptions: tuple[str, ...]

    @property
    def target(self) -> Column:
        """The column to predict."""
        return self.goal.column

    @property
    def contract(self) -> tuple[Column, ...]:
        """Columns of the raw contract, in the order of the file: all but those left out."""
        return tuple(one for name, one in self.table.columns.items() if name not in self.parts.left_out)

    def again(self, given_away: Mapping[str, str]) -> Draft:
        """The draft once these columns, too, are known to give the target away (column -> why)."""
        return _drafted(self.table, replace(self.asked, given_away={**self.asked.given_away, **given_away}))


def draft_of(
    path: Path, target: str, *, entity: str | None = None, time: str | None = None, task: Task | None = None
) -> Draft:
    """Read the file at `path` and decide. UnreadableFile and WrongUsage say what to give instead."""
    table = describe(path, time=time)
    return _drafted(table, Asked(target, entity, time, task))


def _drafted(table: DescribedTable, asked: Asked) -> Draft:
    target, time = asked.target, asked.time
    _refuse_unknown_columns(table, {"--target": target, "--entity": asked.entity, "--time": time})
    if table.rows < _FEWEST_ROWS:
        raise WrongUsage(
            f"{table.file} has {table.rows} rows; at least {_FEWEST_ROWS} are needed to tell what its "
            "columns hold. Give a file with more rows."
        )
    goal = goal_of(table, table.columns[target], asked.task)
    when, late = _time_of(table, time)
    taken = {target, *asked.given_away, *([time] if time else [])}
    whom = entity_of(table, asked.entity, taken, when is not None)
    parts = parts_of_table(table, goal, whom, when, asked.given_away)
    minimum, about_size = _minimum_rows(table, goal, whom, when)
    share, about_gaps = _quarantined_share(table, goal, whom, when, parts)
    said = (
        *table.remarks, _about_doubled_rows(table), *goal.remarks, whom.remark, late,
        "" if when else _a_time_to_name(table, parts), *parts.remarks, about_size, about_gaps,
    )  # fmt: skip
    return Draft(table, asked, goal, whom, when, parts, minimum, share, tuple(filter(None, said)))


def _refuse_unknown_columns(table: DescribedTable, named: Mapping[str, str | None]) -> None:
    there = list(table.columns)
    for option, column in named.items():
        if column is not None and column not in there:
            raise WrongUsage(
                f"{table.file} has no column {with_nearest(column, there)}, which {option} names. "
                f"It has: {', '.join(there)}."
            )
    columns = [one for one in named.values() if one is not None]
    twice = {one for one in columns if columns.count(one) > 1}
    if twice:
        options = " and ".join(option for option, column in named.items() if column in twice)
        raise WrongUsage(
            f"{options} name the same column {min(twice)!r}. Each part needs a column of its own."
        )


def _about_doubled_rows(table: DescribedTable) -> str:
    if any(one.is_unique for one in table.columns.values()):
        return ""
    doubled = int(table.landed.drop_columns([ROW_ID]).to_pandas().duplicated().sum())
    if not doubled:
        return ""
    rows, are, each = ("row", "is", "it counts") if doubled == 1 else ("rows", "are", "each counts")
    return (
        f"{doubled:,} {rows} {are} the same as an earlier row in every column; {each}. Delete what was "
        "written twice by mistake."
    )


def _a_time_to_name(table: DescribedTable, parts: Parts) -> str:
    """Advice for --time: of the dates that a model may know, those with the fewest gaps."""
    known = [
        one
        for name, one in table.columns.items()
        if one.kind == "datetime" and one.low != one.high
        if name not in parts.after_the_fact and name not in parts.left_out
    ]
    if not known:
        return ""
    name = min(known, key=lambda one: one.missing + one.unreadable).name
    return (
        f"{name} holds dates. If it says when a row happened, give --time {name}: the latest days are "
        "then held out, as in real use."
    )


def _time_of(table: DescribedTable, named: str | None) -> tuple[Column | None, str]:
    if named is None:
        return None, ""
    column = table.columns[named]
    if column.kind != "datetime":
        raise WrongUsage(
            f"{table.file}, column {named!r}: its values are not dates in one format that can be told "
            "(2015-03-31, 3/31/2015 or 31.3.2015, all written alike). Name another --time, or rewrite them."
        )
    if column.distinct < 2 or column.low == column.high:
        raise WrongUsage(
            f"{table.file}, column {named!r}: all rows are of one day, so no later days can be held out. "
            "Leave --time out."
        )
    gaps = column.missing + column.unreadable
    return column, f"{gaps:,} rows have no {named} (the time): they are quarantined." if gaps else ""


def _minimum_rows(
    table: DescribedTable, goal: Goal, entity: Entity, time: Column | None
) -> tuple[int | None, str]:
    """Fewer than the platform asks for, where the smaller side of the hold-out is so small."""
    if time is None:
        sides = held_out(table, entity.column)
        fewest = min(sum(sides), len(sides) - sum(sides))
    else:
        days = _days_of(table, time)
        held = days.tail(max(1, math.floor(len(days) * 0.2))).sum()
        fewest = int(min(held, days.sum() - held))
    rows = len(table.texts(goal.column.name))
    fewest = math.floor(fewest * (1 - goal.column.missing / max(rows, 1)))  # their share of that side
    if fewest >= _MINIMUM_ROWS:
        return None, ""
    minimum = max(2, int(fewest * 0.8))
    return minimum, (
        f"About {max(fewest, 0)} rows are held out, fewer than the usual {_MINIMUM_ROWS}: minimum_rows is "
        f"set to {minimum}. The verdict rests on few rows."
    )


def _days_of(table: DescribedTable, time: Column) -> pd.Series:
    """Rows per day, in order of the days."""
    import pandas as pd

    dates = time.dates
    zoned = dates is not None and dates.zoned
    format_ = (dates.format if dates else None) or "ISO8601"
    read = pd.to_datetime(table.texts(time.name).dropna(), format=format_, errors="coerce", utc=zoned)
    return read.dropna().dt.normalize().value_counts().sort_index()


def _quarantined_share(
    table: DescribedTable, goal: Goal, entity: Entity, time: Column | None, parts: Parts
) -> tuple[float | None, str]:
    """More than the platform tolerates, where many rows lack what every row needs."""
    needed = {goal.column.name, entity.column.name, *([time.name] if time else [])}
    columns = [one for one in table.columns.values() if one.name not in parts.left_out]
    bad = sum(one.unreadable + (one.missing if one.name in needed else 0) for one in columns)
    without_target = goal.column.missing
    told = f"{without_target:,} rows have no {goal.column.name} (the target): they are quarantined."
    remark = told if without_target else ""
    share = min(1.0, bad / table.rows)
    if share <= 0.8 * _MAX_QUARANTINED:
        return None, remark
    allowed = min(1.0, math.ceil(share * 1.25 * 20) / 20)
    return allowed, f"{remark} Up to {allowed:.0%} of a file may be (max_quarantined_share).".strip()
