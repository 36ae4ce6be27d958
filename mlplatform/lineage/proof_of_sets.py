"""Whether a stored set is the one that was recorded, drawn from exactly the features that it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlplatform.lineage.records import Record
from mlplatform.ml.manifests import Part, SetManifest
from mlplatform.ml.reading import ROW_ID
from mlplatform.ml.splits import TimeCut, days_of
from mlplatform.ml.table_hash import table_hash

if TYPE_CHECKING:
    from mlplatform.resources.snapshots import Snapshots


def set_facts(record: Record, read: list[Record], snapshots: Snapshots) -> Iterator[tuple[str, Any, Any]]:
    """Digest, counts and parts of a set, and what its digest does not cover: see `lineage.proof`."""
    document = snapshots.read_json(record.path)
    manifest = SetManifest.from_json(document)
    yield record.path, record.sha256, manifest.digest
    yield f"rows of {record.path}", (record.rows, record.rows), (manifest.rows, document["rows"])
    yield f"classes of {record.path}", dict(record.details["rows_per_class"]), manifest.classes
    features = {(str(one.batch), one.sha256, one.path): one for one in read if one.asset == "features"}
    parts = {(part.batch, part.sha256, part.path): part for part in manifest.parts}
    yield f"parts of {record.path}", sorted(features), sorted(parts)
    for key in features.keys() & parts.keys():
        yield from _part_facts(record, features[key], parts[key], snapshots)
        if isinstance(manifest.split, TimeCut):
            column = manifest.split.column
            values = snapshots.read_table(parts[key].path, [column]).column(column).to_pylist()
            days = tuple(sorted({str(day) for day in days_of(values)}))
            yield f"days of {parts[key].path} in {record.path}", days, parts[key].days


def _part_facts(
    record: Record, features: Record, part: Part, snapshots: Snapshots
) -> Iterator[tuple[str, Any, Any]]:
    """The validated snapshot beside the features, which other feature code starts from.

    Mostly it is the one that these features were made from. The same features may have been made from an
    earlier one first; then it is a version of the same batch, with the same rows.
    """
    if part.validated == features.details["validated"]:
        return
    folder = f"{record.path.partition('/')[0]}/validated/{part.batch}/"
    yield f"validated of {part.batch} in {record.path}", folder, part.validated[: len(folder)]
    table = snapshots.read_table(part.validated)
    yield part.validated, part.validated.rpartition("/")[2].partition(".")[0], table_hash(table)
    made = snapshots.read_table(part.path, [ROW_ID]).column(ROW_ID)
    same = sorted(made.to_pylist()) == sorted(table.column(ROW_ID).to_pylist())
    yield (
        f"rows of {part.validated}",
        "the rows of the features",
        ("the rows of the features" if same else "other rows"),
    )
