"""Every record of a use case, in the order in which they were written."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import dagster as dg

from mlplatform.lineage.index_update import INDEXED
from mlplatform.lineage.records import Record, pages, record_of


def history(instance: dg.DagsterInstance, use_case: str) -> Iterator[Record]:
    """Oldest first, a page per asset at a time: memory does not grow with the log."""
    assets = [_of_asset(instance, dg.AssetKey([use_case, asset])) for asset in INDEXED]
    return heapq.merge(*assets, key=lambda record: record.storage_id)


def _of_asset(instance: dg.DagsterInstance, key: dg.AssetKey) -> Iterator[Record]:
    for page in pages(instance, key):
        yield from (record for record in map(record_of, page) if record)
