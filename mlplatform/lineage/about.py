"""What an impact is asked about, and where to start following it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplatform.lineage.entries import Entry
from mlplatform.lineage.index import Index
from mlplatform.lineage.paths import behind
from mlplatform.lineage.row_paths import OneEntity, OneRow, Rows
from mlplatform.lineage.values import entity_kind, holders
from mlplatform.ml.errors import UnreadableFile, WrongUsage
from mlplatform.ml.hashing import file_sha256
from mlplatform.ml.naming import ROW_DIGITS, row_ids_prefix
from mlplatform.ml.splits import entity_text
from mlplatform.ml.steps import LANDED_FILE

if TYPE_CHECKING:
    from mlplatform.resources.snapshots import Snapshots


@dataclass(frozen=True)
class About:
    """One of these: a batch by name, a file (by its bytes), a row by its id, all rows of an entity."""

    batch: str | None = None
    file: Path | None = None
    row: str | None = None
    entity: object = None

    def __post_init__(self) -> None:
        if len(self._named) != 1:
            raise WrongUsage("impact is asked of exactly one of: batch, file, row, entity.")

    @property
    def _named(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None}

    @property
    def kind(self) -> str:
        """Which of them."""
        return next(iter(self._named))

    @property
    def value(self) -> Any:
        """What it is called."""
        return next(iter(self._named.values()))


@dataclass(frozen=True)
class Reached:
    """`roots` are the first versions to follow on from, `before` what these were made from.

    `rows`: which rows are meant; None for all.
    """

    subject: Mapping[str, Any]
    roots: Collection[Entry]
    rows: Rows | None = None
    before: Mapping[int, Entry] = field(default_factory=dict)


def reached(index: Index, snapshots: Snapshots, about: About) -> Reached:
    """Where to start. WrongUsage, with what is close or there, for what never landed."""
    return _REACH[about.kind](index, snapshots, about.value)


def _of_batch(index: Index, snapshots: Snapshots, batch: str) -> Reached:
    return Reached({"kind": "batch", "batch": batch}, _landings(index, batch))


def _of_file(index: Index, snapshots: Snapshots, file: Path) -> Reached:
    if not file.is_file():
        raise UnreadableFile(f"{file} is no file. Name the file that landed, or ask by --batch NAME.")
    sha256 = file_sha256(file)
    landings = index.of_bytes(sha256)
    if not landings:
        raise WrongUsage(
            f"{file} has never landed in {index.use_case} with these bytes (sha256 {sha256[:12]}...). "
            "It may have changed since it landed: then ask by --batch NAME."
        )
    return Reached({"kind": LANDED_FILE, "file": file.name, "sha256": sha256}, landings)


def _of_row(index: Index, snapshots: Snapshots, row: str) -> Reached:
    batch, separator, number = row.rpartition(":")
    if not separator or not number.isdigit():
        raise WrongUsage(
            f"{row!r} is no row id. They look like june:000000017: the batch and the row's number."
        )
    row_id = f"{row_ids_prefix(batch)}{number.zfill(ROW_DIGITS)}"
    landings = _landings(index, batch)
    raw = [one for one in index.of_batch("raw", batch) if (one.rows or 0) >= int(number) > 0]
    if not raw:
        most = max((one.rows or 0 for one in index.of_batch("raw", batch)), default=None)
        rows = "has not been read yet" if most is None else f"has {most:,} rows"
        raise WrongUsage(f"batch {batch} of {index.use_case} {rows}; there is no row {row_id}.")
    read = {id_ for one in raw for id_ in one.reads}
    before = {one.storage_id: one for one in landings if one.storage_id in read}
    return Reached({"kind": "row", "row": row_id, "batch": batch}, raw, OneRow(snapshots, row_id), before)


def _of_entity(index: Index, snapshots: Snapshots, entity: object) -> Reached:
    column, text = entity_column(index), entity_text(entity)
    held_by = holders(index, snapshots, entity_kind(index, column), text)
    if not held_by:
        raise WrongUsage(f"no row that landed in {index.use_case} has {column} {text!r}.")
    rows = OneEntity(snapshots, column, text, [one.storage_id for one in held_by])
    roots = {one.storage_id for one in held_by}
    before = {id_: one for id_, one in behind(index, held_by).items() if id_ not in roots}
    return Reached({"kind": "entity", "column": column, "entity": text}, held_by, rows, before)


def _landings(index: Index, batch: str) -> list[Entry]:
    landings = index.of_batch(LANDED_FILE, batch)
    if not landings:
        known = index.names("batch", LANDED_FILE)
        near = get_close_matches(batch, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        some = f" The last ones: {', '.join(reversed(known[-5:]))}." if known else ""
        raise WrongUsage(f"{index.use_case} never had a batch {batch!r}.{hint}{some}")
    return landings


def entity_column(index: Index) -> str:
    """The column that names the entity, as the latest set recorded it."""
    drawn = index.latest("training_set")
    if drawn is None or "entity" not in drawn.details:
        raise WrongUsage(
            f"the records of {index.use_case} do not say yet which column is the entity. "
            f"First: mlplatform run {index.use_case}."
        )
    return str(drawn.details["entity"])


_REACH: Mapping[str, Callable[[Index, Any, Any], Reached]] = {
    "batch": _of_batch,
    "file": _of_file,
    "row": _of_row,
    "entity": _of_entity,
}
