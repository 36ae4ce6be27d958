"""Whom a row is about: the column that the hold-out goes by and that lineage asks for."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.inference.columns import Column
from mlplatform.ml.inference.numbers import as_numbers
from mlplatform.ml.inference.tables import DescribedTable
from mlplatform.ml.splits import EntitySplit

_ID_WORDS = re.compile(r"(^|[_\s.-])(id|ids|key|code|uuid|guid|no|nr|num|number)($|[_\s.-])|[a-z]I[dD]$")
_FEWEST_ENTITIES = 20
_SHORT = 60
_EVEN = (0.05, 0.45)


@dataclass(frozen=True)
class Entity:
    """The column, and the sentence to say where nobody has named it.

    `stands_in`: it is an ordinary column, used because no column says whom a row is about.
    """

    column: Column
    remark: str = ""
    stands_in: bool = False


def is_named_like_an_id(name: str) -> bool:
    """customer_id, orderId, team no."""
    return bool(_ID_WORDS.search(name) or _ID_WORDS.search(name.lower()))


def is_an_id(column: Column) -> bool:
    """A whole number or short code of its own in every row, and no measurement by its name or its range."""
    if not column.is_unique or column.kind not in ("int", "str"):
        return False
    if column.kind == "str":
        return column.longest <= _SHORT
    dense = float(column.high or 0) - float(column.low or 0) < 3 * column.rows
    return dense or is_named_like_an_id(column.name)


def entity_of(table: DescribedTable, named: str | None, taken: Collection[str], has_time: bool) -> Entity:
    """The named column, else the likeliest one; WrongUsage where none can be. `taken` have another role.

    A hold-out by entity needs enough of them to be even; one by time does not.
    """
    if named is not None:
        column = table.columns[named]
        if not column.present:
            raise WrongUsage(
                f"{table.file}, column {named!r}: every value of the entity is missing. "
                "Name another --entity."
            )
        if not has_time and not _splits_evenly(table, column):
            raise WrongUsage(
                f"{table.file}, column {named!r}: its {column.distinct:,} different values are too few to "
                "hold a fifth of them out. Name another --entity, or name the column with the time by --time."
            )
        return Entity(column, _of_some_rows(column))
    there = [
        one
        for one in table.columns.values()
        if one.name not in taken and one.distinct > 1 and one.missing == 0 and one.unreadable == 0
    ]
    for column in _by_likelihood(there, has_time):
        if has_time or _splits_evenly(table, column):
            return _chosen(column, has_time)
    raise WrongUsage(
        f"{table.file}: no column says whom a row is about, and none without gaps has enough different "
        "values to hold rows out by. Add a column that numbers the rows, or name one with --entity."
    )


def _by_likelihood(columns: list[Column], has_time: bool) -> list[Column]:
    """Ids first, then what is named like one, then names; at last whatever differs most between rows."""
    fewest = 2 if has_time else _FEWEST_ENTITIES
    enough = [one for one in columns if one.distinct >= fewest and one.kind != "bool"]
    labelled = [one for one in enough if one.kind in ("int", "str") and one.longest <= _SHORT]
    ids = [one for one in labelled if is_an_id(one)]
    named = [one for one in labelled if is_named_like_an_id(one.name)]
    names = [one for one in labelled if one.kind == "str" and (has_time or one.distinct >= 0.5 * one.rows)]
    return [
        *sorted(ids, key=lambda one: not is_named_like_an_id(one.name)),
        *sorted(named, key=lambda one: -one.distinct),
        *sorted(names, key=lambda one: -one.distinct),
        *sorted(enough, key=lambda one: (one.kind == "datetime", -one.distinct)),
    ]


def _chosen(column: Column, has_time: bool) -> Entity:
    name = column.name
    if is_an_id(column):
        return Entity(
            column, f"{name} has another value in every row: it is the entity, whom a row is about."
        )
    if is_named_like_an_id(name) or column.kind == "str":
        apart = "" if has_time else " All rows of one stay on the same side of the hold-out."
        return Entity(
            column, f"{name} is taken as the entity, whom a row is about.{apart} Name another with --entity."
        )
    return Entity(
        column,
        f"No column says whom a row is about, so {name} stands in as the entity: rows with the same {name} "
        "are never on both sides of the hold-out. Name a better one with --entity if there is one.",
        stands_in=True,
    )


def _of_some_rows(column: Column) -> str:
    gaps = column.missing + column.unreadable
    return f"{gaps:,} rows have no {column.name} (the entity): they are quarantined." if gaps else ""


def held_out(table: DescribedTable, column: Column) -> list[bool]:
    """Which rows that have this entity a hold-out by entity takes, in the order of the file."""
    texts = table.texts(column.name).dropna()
    if column.is_number:
        values = as_numbers(list(texts), table.file_format.decimal).dropna().tolist()
    else:
        values = texts.tolist()
    return [bool(one) for one in EntitySplit(validation_share=0.2).held_out(values)]


def _splits_evenly(table: DescribedTable, column: Column) -> bool:
    sides = held_out(table, column)
    return _EVEN[0] <= sum(sides) / max(1, len(sides)) <= _EVEN[1]
