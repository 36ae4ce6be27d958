"""Bringing the lineage index up to date from the event log, at the cost of what is new."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import dagster as dg

from mlplatform.lineage.entries import DamagedIndex, Entry, entry_of, row_of
from mlplatform.lineage.records import record_of
from mlplatform.lineage.signals import DECISION
from mlplatform.ml.steps import ALL_STEPS, LANDED_FILE

INDEXED = (LANDED_FILE, *(asset for step in ALL_STEPS for asset in step.outputs), DECISION)
"""Assets whose records the index holds."""

_INSERT_EVENT = "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_EVENTS_PER_PAGE = 500
_SETTLED_AFTER_SECONDS = 30.0
# A database with several writers may show an event before one with a smaller id: what is younger than this
# is read again the next time.

Told = Callable[[int], None]


def update(connection: sqlite3.Connection, instance: dg.DagsterInstance, use_case: str, told: Told) -> None:
    """Read what the log has gained since the last time. DamagedIndex where it is another log than then.

    One query where nothing is new. `told` hears how many events were read, page by page.
    """
    newest = _newest(instance, use_case)
    known = _cursors(connection, use_case)
    for asset in INDEXED:
        cursor, last = known.get(asset, _Cursor()), newest.get(asset)
        if cursor.seen and (last is None or last[0] < cursor.seen):
            raise DamagedIndex(f"the log has lost events of {use_case}/{asset}")
        if last is None:
            continue
        if last[0] == cursor.seen and last[1] != cursor.seen_time:
            raise DamagedIndex(f"event {last[0]} of {use_case}/{asset} is another one than it was")
        if last[0] != cursor.settled:
            _read_on(connection, instance, dg.AssetKey([use_case, asset]), cursor, told)


@dataclass(frozen=True)
class _Cursor:
    """How far one asset was read: up to `seen`, and up to `settled` for good."""

    settled: int = 0
    seen: int = 0
    seen_time: float = 0.0


def _cursors(connection: sqlite3.Connection, use_case: str) -> dict[str, _Cursor]:
    which = "SELECT asset, settled, seen, seen_time FROM cursors WHERE use_case = ?"
    return {asset: _Cursor(*at) for asset, *at in connection.execute(which, (use_case,))}


def _newest(instance: dg.DagsterInstance, use_case: str) -> Mapping[str, tuple[int, float]]:
    """Storage id and time of the latest event of each asset, whoever reported it."""
    keys = [dg.AssetKey([use_case, asset]) for asset in INDEXED]
    found = {}
    for one in instance.get_asset_records(keys):
        last = one.asset_entry.last_materialization_record
        if last is not None:
            found[one.asset_entry.asset_key.path[-1]] = (last.storage_id, last.timestamp)
    return found


def _read_on(
    connection: sqlite3.Connection,
    instance: dg.DagsterInstance,
    key: dg.AssetKey,
    cursor: _Cursor,
    told: Told,
) -> None:
    """Page by page, each written at once, so that what was read stays when this is stopped."""
    before, settled, all_old = time.time() - _SETTLED_AFTER_SECONDS, cursor.settled, True
    for events in _pages(instance, key, cursor.settled):
        old = [one.storage_id for one in takewhile(lambda one: one.timestamp < before, events)]
        settled = old[-1] if all_old and old else settled
        all_old = all_old and len(old) == len(events)
        last = events[-1]
        _write(connection, key, events, _Cursor(settled, last.storage_id, last.timestamp))
        told(len(events))


def _pages(
    instance: dg.DagsterInstance, key: dg.AssetKey, settled: int
) -> Iterator[Sequence[dg.EventLogRecord]]:
    """The events from the last settled one on, which has to be there still."""
    after, more = max(settled - 1, 0), True
    while more:
        which = dg.AssetRecordsFilter(asset_key=key, after_storage_id=after)
        page = instance.fetch_materializations(which, limit=_EVENTS_PER_PAGE, ascending=True)
        if after < settled and (not page.records or page.records[0].storage_id != settled):
            raise DamagedIndex(f"the log has lost event {settled} of {key.to_user_string()}")
        if page.records:
            yield page.records
            after = page.records[-1].storage_id
        more = page.has_more


def _write(
    connection: sqlite3.Connection, key: dg.AssetKey, events: Sequence[dg.EventLogRecord], cursor: _Cursor
) -> None:
    use_case, asset = key.path
    entries = [entry_of(use_case, one) for one in map(record_of, events) if one]
    at = (use_case, asset, cursor.settled, cursor.seen, cursor.seen_time)
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(_INSERT_EVENT, map(row_of, entries))
        connection.executemany("INSERT OR IGNORE INTO uses VALUES (?, ?)", _uses(entries))
        connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?, ?)", at)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _uses(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    """What was made from what, without what only was looked at."""
    return [
        (source, one.storage_id)
        for one in entries
        for source in one.reads
        if source not in one.rival and source not in one.unused
    ]
