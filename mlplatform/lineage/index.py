"""Questions to the lineage index, each after it was brought up to date with the event log."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import dagster as dg

from mlplatform.lineage.entries import COLUMNS, DamagedIndex, Entry, entry_in
from mlplatform.lineage.index_file import INDEX_FILE, IndexFile
from mlplatform.lineage.index_update import update

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
_COLUMNS = ", ".join(COLUMNS)


class Index:
    """What was recorded of one use case, as of one moment. Every method is one query, whatever it finds."""

    def __init__(self, connection: sqlite3.Connection, use_case: str) -> None:
        self.connection, self.use_case = connection, use_case

    def entries(self, storage_ids: Collection[int]) -> list[Entry]:
        """These records, as far as they are there, oldest first."""
        return self._found("storage_id IN (SELECT value FROM json_each(?))", json.dumps(list(storage_ids)))

    def of_asset(self, asset: str) -> list[Entry]:
        """All records of an asset, oldest first."""
        return self._found("use_case = ? AND asset = ?", self.use_case, asset)

    def latest(self, asset: str) -> Entry | None:
        """The last record of an asset."""
        found = self._found("use_case = ? AND asset = ?", self.use_case, asset, last=1)
        return found[0] if found else None

    def of_version(self, version: str) -> list[Entry]:
        """All that is or is about a model version, oldest first."""
        return self._found("use_case = ? AND version = ?", self.use_case, version)

    def of_batch(self, asset: str, batch: str) -> list[Entry]:
        """All versions of a batch (or window) of an asset, oldest first."""
        return self._found("use_case = ? AND batch = ? AND asset = ?", self.use_case, batch, asset)

    def of_bytes(self, sha256: str) -> list[Entry]:
        """The landings of these bytes, and of the parts of a file that had them."""
        whole = "json_extract(document, '$.details.from.sha256') = ?"
        return self._found(
            f"use_case = ? AND asset = 'landed_file' AND (sha256 = ? OR {whole})",
            *(self.use_case, sha256, sha256),
        )

    def names(self, column: str, asset: str) -> list[str]:
        """All values of `batch` or `version` that an asset has had, those recorded last at the end."""
        query = (
            f"SELECT {column} FROM events WHERE use_case = ? AND asset = ? AND {column} IS NOT NULL "  # noqa: S608
            f"GROUP BY {column} ORDER BY max(storage_id)"
        )
        return [name for (name,) in self.connection.execute(query, (self.use_case, asset))]

    def made_from(self, storage_ids: Collection[int]) -> list[tuple[int, int]]:
        """(source, target) for everything that was made directly from these."""
        query = "SELECT source, target FROM uses WHERE source IN (SELECT value FROM json_each(?))"
        return self.connection.execute(query, (json.dumps(list(storage_ids)),)).fetchall()

    def _found(self, where: str, *values: object, last: int | None = None) -> list[Entry]:
        order = f"DESC LIMIT {last}" if last else ""
        query = f"SELECT {_COLUMNS} FROM events WHERE {where} ORDER BY storage_id {order}"  # noqa: S608
        return [entry_in(row) for row in self.connection.execute(query, values)]


def behind(index: Index, roots: Iterable[Entry]) -> dict[int, Entry]:
    """These and all that they were made from, by storage id; one query per level.

    The champion that a verdict compares with is there, but not what it was made from: that is no part of the
    model that was judged.
    """
    found = {one.storage_id: one for one in roots}
    rivals: set[int] = set()
    level = list(found.values())
    while level:
        rivals.update(id_ for one in level for id_ in one.rival)
        wanted = {id_ for one in level for id_ in one.reads if id_ not in one.rival} - found.keys()
        level = index.entries(wanted) if wanted else []
        found.update({one.storage_id: one for one in level})
    leaves = index.entries(rivals - found.keys()) if rivals - found.keys() else []
    return {**found, **{one.storage_id: one for one in leaves}}


def after(
    index: Index, roots: Iterable[Entry], follows: Callable[[Entry, Entry], bool]
) -> tuple[dict[int, Entry], set[tuple[int, int]]]:
    """These and all that was made from them, by storage id, with the edges; two queries per level.

    `follows` says of a (source, target) whether what is asked about went that way.
    """
    found = {one.storage_id: one for one in roots}
    edges: set[tuple[int, int]] = set()
    level = list(found)
    while level:
        pairs = index.made_from(level)
        known = {one.storage_id: one for one in index.entries({b for _, b in pairs} - found.keys())}
        taken = [(a, b) for a, b in pairs if follows(found[a], found.get(b) or known[b])]
        edges.update(taken)
        level = [b for b in dict.fromkeys(b for _, b in taken) if b not in found]
        found.update({id_: known[id_] for id_ in level})
    return found, edges


def ask(
    instance: dg.DagsterInstance, use_case: str, question: Callable[[Index], Answer], path: Path | None = None
) -> Answer:
    """The answer from an index that is up to date.

    `path` is the index file, by default `lineage.sqlite` in the home; for an instance in memory the index is
    in memory too. Where it turns out to be damaged, or of another log, it is made again and asked again.
    """
    file = IndexFile(path or _default_path(instance))
    try:
        return _ask(file, instance, use_case, question)
    except DamagedIndex as damage:
        log.warning("the lineage index is made again: %s", damage)
        rebuild(file, instance, [use_case])
        return _ask(file, instance, use_case, question)


def rebuild(file: IndexFile, instance: dg.DagsterInstance, use_cases: Iterable[str]) -> int:
    """Make the index again from the event log; how many events were read."""
    counted = _Progress()
    with file.alone():
        file.delete()
        with file.opened() as connection:
            for use_case in use_cases:
                update(connection, instance, use_case, counted)
    return counted.events


class _Progress:
    """Counts, and says every ten thousand events that it takes a while."""

    def __init__(self) -> None:
        self.events = 0

    def __call__(self, events: int) -> None:
        before, self.events = self.events, self.events + events
        if self.events // 10_000 > before // 10_000:
            log.info("lineage index: %s events read", f"{self.events:,}")


def _ask(
    file: IndexFile, instance: dg.DagsterInstance, use_case: str, question: Callable[[Index], Answer]
) -> Answer:
    with file.alone(), file.opened() as connection:
        update(connection, instance, use_case, _Progress())
    with file.opened() as connection:
        connection.execute("BEGIN")  # one moment for all queries of the question
        try:
            return question(Index(connection, use_case))
        finally:
            connection.rollback()


def _default_path(instance: dg.DagsterInstance) -> Path | None:
    from mlplatform.resources.home import home_folder

    return None if instance.is_ephemeral else home_folder() / INDEX_FILE


def ordered(found: dict[int, Entry]) -> Iterator[Entry]:
    """Entries in the order in which they were recorded."""
    return (found[storage_id] for storage_id in sorted(found))
