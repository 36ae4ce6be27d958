"""Questions to the lineage index, each after it was brought up to date with the event log."""

from __future__ import annotations

import gc
import json
import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
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

    def of_asset(self, asset: str, without: Collection[int] = ()) -> list[Entry]:
        """All records of an asset, oldest first, except those of these events."""
        left_out = json.dumps(list(without))
        unknown = "storage_id NOT IN (SELECT value FROM json_each(?))"
        return self._found(f"use_case = ? AND asset = ? AND {unknown}", self.use_case, asset, left_out)

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

    def latest_ids(self, asset: str) -> dict[str, int]:
        """The storage id of the last record of each batch of an asset."""
        query = "SELECT batch, max(storage_id) FROM events WHERE use_case = ? AND asset = ? GROUP BY batch"
        return dict(self.connection.execute(query, (self.use_case, asset)).fetchall())

    def made_from(self, storage_ids: Collection[int]) -> list[tuple[int, int]]:
        """(source, target) for everything that was made directly from these."""
        query = "SELECT source, target FROM uses WHERE source IN (SELECT value FROM json_each(?))"
        return self.connection.execute(query, (json.dumps(list(storage_ids)),)).fetchall()

    def _found(self, where: str, *values: object, last: int | None = None) -> list[Entry]:
        order = f"DESC LIMIT {last}" if last else ""
        query = f"SELECT {_COLUMNS} FROM events WHERE {where} ORDER BY storage_id {order}"  # noqa: S608
        return [entry_in(row) for row in self.connection.execute(query, values)]


def ask(
    instance: dg.DagsterInstance,
    use_case: str,
    question: Callable[[Index], Answer],
    path: Path | None = None,
    prepare: Callable[[Index], None] | None = None,
) -> Answer:
    """The answer from an index that is up to date. `prepare` may write into it first.

    `path` is the index file, by default `lineage.sqlite` in the home; for an instance in memory the index is
    in memory too. Where it turns out to be damaged, or of another log, it is made again and asked again.
    """
    file = IndexFile(path or _default_path(instance))
    try:
        return _ask(file, instance, use_case, question, prepare)
    except DamagedIndex as damage:
        log.warning("the lineage index is made again: %s", damage)
        _rebuild(file, instance, [use_case])
        return _ask(file, instance, use_case, question, prepare)


def reindex(instance: dg.DagsterInstance, use_cases: Iterable[str], path: Path | None = None) -> int:
    """Make the index again; how many events were read. `path` as for `ask`."""
    return _rebuild(IndexFile(path or _default_path(instance)), instance, use_cases)


def _rebuild(file: IndexFile, instance: dg.DagsterInstance, use_cases: Iterable[str]) -> int:
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
    file: IndexFile,
    instance: dg.DagsterInstance,
    use_case: str,
    question: Callable[[Index], Answer],
    prepare: Callable[[Index], None] | None,
) -> Answer:
    with file.alone(), file.opened() as connection:
        update(connection, instance, use_case, _Progress())
        if prepare:
            with _transaction(connection, "IMMEDIATE"):
                prepare(Index(connection, use_case))
    with file.opened() as connection, _transaction(connection, "DEFERRED"), _no_garbage():
        return question(Index(connection, use_case))  # one moment for all its queries


@contextmanager
def _no_garbage() -> Iterator[None]:
    """An answer may be tens of thousands of objects that stay; to look for garbage among them takes long."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _default_path(instance: dg.DagsterInstance) -> Path | None:
    from mlplatform.resources.home import home_folder

    return None if instance.is_ephemeral else home_folder() / INDEX_FILE
