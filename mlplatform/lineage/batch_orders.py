"""From the records of a training set to what its batches are rebuilt from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlplatform.container.rebuild_order import BatchOrder
from mlplatform.lineage.records import Record
from mlplatform.lineage.walk import read_by
from mlplatform.ml.manifests import Part, SetManifest
from mlplatform.ml.steps import LANDED_FILE

if TYPE_CHECKING:
    from mlplatform.resources.landed_files import LandedFiles
    from mlplatform.resources.snapshots import Snapshots

Spelling = Callable[[Record], Mapping[str, Any] | None]


def spelling_recorded(record: Record) -> Mapping[str, Any] | None:
    """How the file of this batch was spelled, as its record says; None for a record that does not."""
    found: Mapping[str, Any] | None = record.details.get("spelling")
    return found


def batch_orders(
    training_set: SetManifest,
    drawn: Record,
    walked: Mapping[int, Record],
    snapshots: Snapshots,
    landed_files: LandedFiles,
    spelling: Spelling = spelling_recorded,
) -> tuple[BatchOrder, ...]:
    """The order of each batch, in the set's order. `drawn` is the set's record, `walked` all behind it."""
    features = {
        (str(one.batch), one.sha256): one for one in read_by(drawn, walked) if one.asset == "features"
    }
    return tuple(
        _batch_order(part, features[(part.batch, part.sha256)], walked, snapshots, landed_files, spelling)
        for part in training_set.parts
    )


def _batch_order(
    part: Part,
    features: Record,
    walked: Mapping[int, Record],
    snapshots: Snapshots,
    landed_files: LandedFiles,
    spelling: Spelling,
) -> BatchOrder:
    way = {one.asset: one for one in _behind(features, walked)}
    spelled = {asset: spelling(way[asset]) for asset in ("raw", "validated") if asset in way}
    whole = all(spelled.values()) and {"raw", "validated", LANDED_FILE} <= way.keys()
    validated = way["validated"]
    return BatchOrder(
        batch=part.batch,
        features=part.path,
        validated=str(snapshots.place(validated.path).absolute()),
        recorded={one.asset: one.sha256 for one in (*way.values(), features)},
        landed=str(landed_files.place(way[LANDED_FILE].sha256).absolute()) if whole else None,
        file=str(way[LANDED_FILE].details["file"]) if whole else "",
        spelling={asset: dict(said or {}) for asset, said in spelled.items()} if whole else None,
    )


def _behind(record: Record, walked: Mapping[int, Record]) -> list[Record]:
    found: list[Record] = []
    for one in read_by(record, walked):
        found += [one, *_behind(one, walked)]
    return found
