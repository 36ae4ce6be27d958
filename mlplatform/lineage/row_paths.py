"""Which way rows went: into which snapshots, and on which side of a hold-out."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Protocol

from mlplatform.lineage.entries import SETS, Entry
from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.ml.reading import ROW_ID
from mlplatform.ml.splits import EntitySplit, Rule, TimeCut, column_of, entity_text

if TYPE_CHECKING:
    from mlplatform.resources.snapshots import Snapshots


class Rows(Protocol):
    """One row, or all rows of an entity."""

    def are_in(self, entry: Entry) -> bool:
        """Whether a version of validated, quarantine or features holds any of them."""
        ...

    def values(self, features: Entry, column: str) -> list[Any] | None:
        """Their values of a column of a features snapshot; None where nobody can tell any more."""
        ...


class OneRow:
    """A row by its id. Each snapshot is read once, of it only the columns that are needed."""

    def __init__(self, snapshots: Snapshots, row_id: str) -> None:
        self._snapshots, self._row_id = snapshots, row_id
        self._found: dict[tuple[str, str], list[Any] | None] = {}

    def are_in(self, entry: Entry) -> bool:
        """See Rows; a snapshot that is gone counts as holding it."""
        return self.values(entry, ROW_ID) != []

    def values(self, features: Entry, column: str) -> list[Any] | None:
        """See Rows."""
        key = (features.path, column)
        if key not in self._found:
            self._found[key] = self._read(features.path, column)
        return self._found[key]

    def _read(self, path: str, column: str) -> list[Any] | None:
        import pyarrow.compute as pc

        try:
            table = self._snapshots.read_table(path, list(dict.fromkeys([ROW_ID, column])))
        except DamagedSnapshot:
            return None
        chosen = pc.index(table.column(ROW_ID), self._row_id).as_py()
        return [] if chosen < 0 else [table.column(column)[chosen].as_py()]


class OneEntity:
    """All rows of an entity. `held_by`: the versions of validated and quarantine that hold any, by event."""

    def __init__(self, snapshots: Snapshots, column: str, text: str, held_by: Collection[int]) -> None:
        self._snapshots, self._column, self._text = snapshots, column, text
        self._held_by = frozenset(held_by)

    def are_in(self, entry: Entry) -> bool:
        """See Rows; features have the rows of what they were made from."""
        named = entry.reads if entry.asset == "features" else (entry.storage_id,)
        return not self._held_by.isdisjoint(named)

    def values(self, features: Entry, column: str) -> list[Any] | None:
        """See Rows."""
        if column == self._column:
            return [self._text]
        try:
            table = self._snapshots.read_table(features.path, [self._column, column])
        except DamagedSnapshot:
            return None
        pairs = zip(table.column(self._column).to_pylist(), table.column(column).to_pylist(), strict=True)
        return [value for entity, value in pairs if entity_text(entity) == self._text]


def went(rows: Rows, source: Entry, target: Entry) -> bool:
    """Whether any of the rows went from one version into the other.

    Where the records cannot tell any more (a snapshot was deleted, or an earlier version of the platform did
    not record the rule), they count as having gone that way.
    """
    if target.asset in SETS:
        return _selected(rows, source, target)
    if target.asset in ("validated", "quarantine", "features"):
        return rows.are_in(target)
    return True


def rule_of(drawn: Entry) -> Rule | None:
    """The rule that drew a set; None where its record does not say."""
    given = drawn.details.get("rule")
    if not given:
        return None
    return TimeCut(**given) if "first_day" in given else EntitySplit(**given)


def _selected(rows: Rows, features: Entry, drawn: Entry) -> bool:
    rule, entity = rule_of(drawn), drawn.details.get("entity")
    if rule is None or entity is None:
        return True
    if drawn.details["rows_per_batch"].get(features.batch) == features.rows:
        return True  # all of the batch is on this side
    values = rows.values(features, column_of(rule, str(entity)))
    if not values:
        return values is None
    held_out = rule.held_out(values)
    return bool((held_out if drawn.asset == "validation_set" else ~held_out).any())
