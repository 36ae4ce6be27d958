"""Records: what each materialization said about itself, read from Dagster's event log.

Two metadata entries make an event a record. `mlplatform/record` holds hash, fingerprint, code version,
parameters, path, rows, seconds and details; `mlplatform/inputs` lists exactly what was read. Tags and
Dagster's data version mirror them for its own views, but are not read here: in a run over several batches
they are the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from mlplatform.ml.planning import Input
from mlplatform.ml.steps import PER_BATCH, PER_WINDOW

RECORD = "mlplatform/record"
INPUTS = "mlplatform/inputs"
_PARTITIONED = PER_BATCH | PER_WINDOW
_IDS_PER_QUERY = 500
_EVENTS_PER_LOOK = 20


@dataclass(frozen=True)
class Record:
    """One version of an asset, as its event tells. `storage_id` names the event.

    `batch` is the partition: of a monitoring asset, the window of traffic.
    """

    asset: str
    batch: str | None
    sha256: str
    storage_id: int
    run_id: str
    time: float
    path: str = ""
    fingerprint: str = ""
    code_version: str = ""
    parameters: str = ""
    rows: int | None = None
    seconds: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[Mapping[str, Any], ...] = ()
    inputs: tuple[Mapping[str, Any], ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def as_input(self) -> Input:
        """This version as something that is read."""
        return Input(self.asset, self.batch, self.sha256)

    def read_inputs(self) -> tuple[Input, ...]:
        """What was read to make this version."""
        return tuple(Input(one["asset"], one["batch"], one["sha256"]) for one in self.inputs)


@dataclass(frozen=True)
class Stamp:
    """What decides whether a version still holds: see `ml.planning`."""

    fingerprint: str = ""
    code_version: str = ""
    parameters: str = ""


@dataclass(frozen=True)
class Version:
    """What was stored: the hash of its logical content, its path below the root, `rows` where it has any."""

    sha256: str
    path: str = ""
    rows: int | None = None


def record_metadata(
    version: Version,
    *,
    stamp: Stamp = Stamp(),
    seconds: float | None = None,
    details: Mapping[str, Any] | None = None,
    checks: Iterable[Mapping[str, Any]] = (),
    inputs: Iterable[Record] = (),
) -> dict[str, dg.MetadataValue[Any]]:
    """The two metadata entries of a record."""
    document = {
        "path": version.path,
        "sha256": version.sha256,
        "fingerprint": stamp.fingerprint,
        "code_version": stamp.code_version,
        "parameters": stamp.parameters,
        "rows": version.rows,
        "seconds": seconds,
        "details": dict(details or {}),
        "checks": [dict(check) for check in checks],
    }
    return {RECORD: dg.MetadataValue.json(document), **inputs_metadata(inputs)}


def inputs_metadata(inputs: Iterable[Record]) -> dict[str, dg.MetadataValue[Any]]:
    """The metadata entry that names what was read."""
    read = [
        {"asset": one.asset, "batch": one.batch, "storage_id": one.storage_id, "sha256": one.sha256}
        for one in inputs
    ]
    return {INPUTS: dg.MetadataValue.json(read)}


def latest(instance: dg.DagsterInstance, use_case: str, asset: str) -> Record | None:
    """The latest version of an unpartitioned asset."""
    key = dg.AssetKey([use_case, asset])
    return _latest_own(instance, dg.AssetRecordsFilter(asset_key=key))


def newest(
    instance: dg.DagsterInstance, use_case: str, asset: str, fits: Callable[[Record], bool]
) -> Record | None:
    """The newest version of an unpartitioned asset that fits; what is asked for is mostly among the last."""
    which, cursor = dg.AssetRecordsFilter(asset_key=dg.AssetKey([use_case, asset])), None
    while True:
        found = instance.fetch_materializations(which, limit=_EVENTS_PER_LOOK, cursor=cursor)
        own = next((one for one in map(record_of, found.records) if one and fits(one)), None)
        if own or not found.has_more:
            return own
        cursor = found.cursor


def _latest_own(instance: dg.DagsterInstance, which: dg.AssetRecordsFilter) -> Record | None:
    """The latest of these that the platform wrote; nearly always the very first one."""
    limit, cursor = 1, None
    while True:
        found = instance.fetch_materializations(which, limit=limit, cursor=cursor)
        own = next((record for record in map(record_of, found.records) if record), None)
        if own or not found.has_more:
            return own
        limit, cursor = _IDS_PER_QUERY, found.cursor


def latest_by_batch(
    instance: dg.DagsterInstance, use_case: str, asset: str, batches: Collection[str] | None = None
) -> dict[str, Record]:
    """The latest version of each batch of a partitioned asset; all batches unless some are named."""
    if batches is not None and not batches:
        return {}  # to Dagster, no names mean all
    key = dg.AssetKey([use_case, asset])
    ids = latest_ids_by_batch(instance, use_case, asset, batches)
    found = {str(one.batch): one for one in by_storage_id(instance, use_case, asset, ids.values())}
    for batch in ids.keys() - found.keys():  # somebody else reported an event of this batch later
        own = _latest_own(instance, dg.AssetRecordsFilter(asset_key=key, asset_partitions=[batch]))
        if own:
            found[batch] = own
    return found


def latest_ids_by_batch(
    instance: dg.DagsterInstance, use_case: str, asset: str, batches: Collection[str] | None = None
) -> Mapping[str, int]:
    """The storage id of the latest event of each batch, whoever reported it."""
    return instance.event_log_storage.get_latest_storage_id_by_partition(
        dg.AssetKey([use_case, asset]),
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        set(batches) if batches is not None else None,
    )


def landed_batches(instance: dg.DagsterInstance, use_case: str) -> list[str]:
    """The batches that count, by name: a partition deleted in the UI takes its batch out."""
    return sorted(instance.get_dynamic_partitions(partitions_name(use_case)))


def partitions_name(use_case: str) -> str:
    """Name of the dynamic partitions of a use case's batches."""
    return f"{use_case}_batches"


def windows_name(use_case: str) -> str:
    """Name of the dynamic partitions of a use case's windows of captured traffic."""
    return f"{use_case}_windows"


def by_storage_id(
    instance: dg.DagsterInstance, use_case: str, asset: str, storage_ids: Iterable[int]
) -> list[Record]:
    """Particular versions of one asset."""
    key, wanted, records = dg.AssetKey([use_case, asset]), sorted(storage_ids), []
    for start in range(0, len(wanted), _IDS_PER_QUERY):
        piece = wanted[start : start + _IDS_PER_QUERY]
        which = dg.AssetRecordsFilter(asset_key=key, storage_ids=piece)
        found = instance.fetch_materializations(which, limit=len(piece)).records
        records += [record for record in map(record_of, found) if record]
    return records


def pages(
    instance: dg.DagsterInstance, key: dg.AssetKey, after: int = 0
) -> Iterator[Sequence[dg.EventLogRecord]]:
    """An asset's materializations with a storage id beyond `after`, oldest first. A page may be empty."""
    more = True
    while more:
        which = dg.AssetRecordsFilter(asset_key=key, after_storage_id=after)
        page = instance.fetch_materializations(which, limit=_IDS_PER_QUERY, ascending=True)
        yield page.records
        more = page.has_more
        if page.records:
            after = page.records[-1].storage_id


def latest_of(
    instance: dg.DagsterInstance, use_case: str, asset: str, batches: Collection[str] | None = None
) -> list[Record]:
    """The latest versions of an asset, partitioned or not, in the order of their batches."""
    if asset in _PARTITIONED:
        found = latest_by_batch(instance, use_case, asset, batches)
        return [found[batch] for batch in sorted(found)]
    record = latest(instance, use_case, asset)
    return [record] if record else []


def record_of(event: dg.EventLogRecord) -> Record | None:
    """None for a materialization that the platform did not write, such as one reported by hand."""
    materialization = event.asset_materialization
    if materialization is None or RECORD not in materialization.metadata:
        return None
    document: dict[str, Any] = dict(materialization.metadata[RECORD].value)  # type: ignore[arg-type]
    read = materialization.metadata[INPUTS].value if INPUTS in materialization.metadata else []
    return Record(
        asset=materialization.asset_key.path[-1],
        batch=materialization.partition if materialization.asset_key.path[-1] in _PARTITIONED else None,
        sha256=document.pop("sha256", None) or (materialization.tags or {})["dagster/data_version"],
        storage_id=event.storage_id,
        run_id=event.event_log_entry.run_id,
        time=event.timestamp,
        checks=tuple(document.pop("checks")),
        inputs=tuple(read),  # type: ignore[arg-type]
        metadata=materialization.metadata,
        **document,
    )
