"""The latest records of every batch, cheaply: what was read once is kept in short beside the events.

An event holds pictures, previews and schemas, which take a third of a millisecond to read; a year of batches
has thousands of them. Their records without all that are kept in the instance's own key-value storage, under
the ids of the events, which never change. Deleting them loses nothing: they are read from the events again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from mlplatform.lineage.records import Record, by_storage_id, latest_by_batch, latest_ids_by_batch

if TYPE_CHECKING:
    from dagster import DagsterInstance

_VERSION = 1
_WORTH_KEEPING = 20
"""Reading this many events costs less than writing what is kept anew."""


def summaries_by_batch(
    instance: DagsterInstance, use_case: str, asset: str, batches: Collection[str]
) -> dict[str, Record]:
    """What `latest_by_batch` gives, without the events' metadata."""
    if not batches:
        return {}
    ids = latest_ids_by_batch(instance, use_case, asset, batches)
    kept = _recall(instance, use_case, asset) if len(ids) > _WORTH_KEEPING else {}
    missing = [storage_id for storage_id in ids.values() if storage_id not in kept]
    fresh = {one.storage_id: one for one in by_storage_id(instance, use_case, asset, missing)}
    found = {batch: kept.get(id_) or fresh.get(id_) for batch, id_ in ids.items()}
    if len(fresh) > _WORTH_KEEPING:
        _keep(instance, use_case, asset, [one for one in found.values() if one])
    others = [batch for batch, record in found.items() if record is None]  # reported by somebody else
    own = latest_by_batch(instance, use_case, asset, others)
    return {batch: record for batch, record in {**found, **own}.items() if record}


def _recall(instance: DagsterInstance, use_case: str, asset: str) -> dict[int, Record]:
    """What is kept, by storage id; nothing where it cannot be understood."""
    key = _key(use_case, asset)
    try:
        document = json.loads(instance.daemon_cursor_storage.get_cursor_values({key}).get(key, "{}"))
        if document.get("version") != _VERSION:
            return {}
        return {one["storage_id"]: _record(one) for one in document["records"]}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _keep(instance: DagsterInstance, use_case: str, asset: str, records: list[Record]) -> None:
    document = {"version": _VERSION, "records": [_document(one) for one in records]}
    text = json.dumps(document, separators=(",", ":"))
    instance.daemon_cursor_storage.set_cursor_values({_key(use_case, asset): text})


def _document(record: Record) -> dict[str, Any]:
    names = [field.name for field in fields(Record) if field.name != "metadata"]
    return {name: getattr(record, name) for name in names}


def _record(document: Mapping[str, Any]) -> Record:
    listed = {name: tuple(document[name]) for name in ("checks", "inputs")}
    return Record(**{**document, **listed})


def _key(use_case: str, asset: str) -> str:
    return f"mlplatform/summaries/{use_case}/{asset}"
