"""Bringing the lineage index up to date from the event log, at the cost of what is new."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import dagster as dg

from mlplatform.lineage.entries import DamagedIndex, Entry, entry_of, row_of
from mlplatform.lineage.records import pages, record_of
from mlplatform.lineage.signals import DECISION
from mlplatform.ml.steps import ALL_STEPS, LANDED_FILE

INDEXED = (LANDED_FILE, *(asset for step in ALL_STEPS for asset in step.outputs), DECISION)
"""Assets whose records the index holds."""

_INSERT_EVENT = "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SETTLED_AFTER_SECONDS = 30.0
# A database with several writers may show an event before one with a smaller id: what is younger than this
# is read again the next time.

Told = Callable[[int], None]


def update(connection: sqlite3.Connection, instance: dg.DagsterInstance, use_case: str, told: Told) -> None:
    """Read what the log has gained since the last time. DamagedIndex where it is another log than then.

    One query per asset where nothing is new: what Dagster keeps as an asset's latest event is not asked,
    since of two that are written at once it may keep the earlier one. `told` hears how many events were read.
    """
    which = "SELECT asset, settled, settled_time, seen FROM cursors WHERE use_case = ?"
    known = {asset: _Cursor(*at) for asset, *at in connection.execute(which, (use_case,))}
    for asset in INDEXED:
        key = dg.AssetKey([use_case, asset])
        _read_on(connection, instance, key, known.get(asset, _Cursor()), told)


@dataclass(frozen=True)
class _Cursor:
    """How far one asset was read: up to `seen`, and up to `settled`, an event of that time, for good."""

    settled: int = 0
    settled_time: float = 0.0
    seen: int = 0


def _read_on(
    connection: sqlite3.Connection,
    instance: dg.DagsterInstance,
    key: dg.AssetKey,
    cursor: _Cursor,
    told: Told,
) -> None:
    """In one transaction, for others are asking meanwhile; from nothing page by page, so that a first reading
    that is stopped goes on where it was.
    """
    before, all_old, now = time.time() - _SETTLED_AFTER_SECONDS, True, cursor
    connection.execute("BEGIN IMMEDIATE")
    try:
        _forget_unsettled(connection, key, cursor)
        for events in _new_pages(instance, key, cursor):
            old = list(takewhile(lambda one: one.timestamp < before, events)) if all_old else []
            all_old = len(old) == len(events)
            settled = (old[-1].storage_id, old[-1].timestamp) if old else (now.settled, now.settled_time)
            now = _Cursor(*settled, events[-1].storage_id)
            _write(connection, key, events, now)
            told(len(events))
            if not cursor.seen:
                connection.execute("COMMIT")
                connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _new_pages(
    instance: dg.DagsterInstance, key: dg.AssetKey, cursor: _Cursor
) -> Iterator[Sequence[dg.EventLogRecord]]:
    """The events after the last settled one, which has to be there still, as it was."""
    last, is_there = cursor.settled, not cursor.settled
    for page in pages(instance, key, after=max(cursor.settled - 1, 0)):
        events = list(page)
        if not is_there:
            first = events.pop(0) if events else None
            known = (cursor.settled, cursor.settled_time)
            if first is None or (first.storage_id, first.timestamp) != known:
                raise DamagedIndex(f"the log has lost event {cursor.settled} of {key.to_user_string()}")
            is_there = True
        if events:
            yield events
            last = events[-1].storage_id
    if last < cursor.seen:
        raise DamagedIndex(f"the log has lost the last events of {key.to_user_string()}")


def _write(
    connection: sqlite3.Connection, key: dg.AssetKey, events: Sequence[dg.EventLogRecord], cursor: _Cursor
) -> None:
    use_case, asset = key.path
    entries = [entry_of(use_case, one) for one in map(record_of, events) if one]
    connection.executemany(_INSERT_EVENT, map(row_of, entries))
    connection.executemany("INSERT OR IGNORE INTO uses VALUES (?, ?)", _uses(entries))
    at = (use_case, asset, cursor.settled, cursor.settled_time, cursor.seen)
    connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?, ?)", at)


def _forget_unsettled(connection: sqlite3.Connection, key: dg.AssetKey, cursor: _Cursor) -> None:
    """What was read too early to be sure of, so that only what the log has by now is there."""
    if cursor.seen == cursor.settled:
        return
    young = "SELECT storage_id FROM events WHERE use_case = ? AND asset = ? AND storage_id > ?"
    of_these = (*key.path, cursor.settled)
    connection.execute(f"DELETE FROM uses WHERE target IN ({young})", of_these)  # noqa: S608
    connection.execute(f"DELETE FROM events WHERE storage_id IN ({young})", of_these)  # noqa: S608


def _uses(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    """What was made from what, without what only was looked at."""
    return [
        (source, one.storage_id)
        for one in entries
        for source in one.reads
        if source not in one.rival and source not in one.unused
    ]
