"""From a record back to everything it was made from, by the events that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import dagster as dg

from mlplatform.lineage.records import Record, by_storage_id


def walk(instance: dg.DagsterInstance, use_case: str, *records: Record) -> list[Record]:
    """These records and every record that they were made from, down to the landed files; each event once.

    What a record names by storage id is what was read, whatever has become the latest since. One query per
    level and asset. An event that is gone from the log is left out: `lineage.proof` misses it.
    """
    found = {one.storage_id: one for one in records}
    level = list(found.values())
    while level:
        level = [
            one
            for asset, storage_ids in _named(level, found).items()
            for one in by_storage_id(instance, use_case, asset, storage_ids)
        ]
        found.update({one.storage_id: one for one in level})
    return list(found.values())


def read_by(record: Record, walked: Mapping[int, Record]) -> list[Record]:
    """The records that a record names as read, in its order, as far as they were walked over."""
    return [walked[one["storage_id"]] for one in record.inputs if one["storage_id"] in walked]


def _named(level: list[Record], found: Mapping[int, Record]) -> dict[str, set[int]]:
    """Storage ids that these records name and nobody has looked up, by asset."""
    named: dict[str, set[int]] = {}
    for asset, storage_id in _inputs(level):
        if storage_id not in found:
            named.setdefault(asset, set()).add(storage_id)
    return named


def _inputs(level: list[Record]) -> Iterator[tuple[str, int]]:
    return ((str(one["asset"]), int(one["storage_id"])) for record in level for one in record.inputs)
