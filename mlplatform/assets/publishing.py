"""What is recorded of a step's outputs: materializations with their records, and the checks answered."""

from __future__ import annotations

import logging
from shlex import quote
from typing import Any

import dagster as dg

from mlplatform.assets.checks import check_record, repeated_check
from mlplatform.assets.made import Events, Inputs, Made, Production
from mlplatform.assets.provenance import mirror_tags
from mlplatform.lineage.records import RECORD, Record, Stamp, Version, inputs_metadata, record_metadata
from mlplatform.ml.steps import PER_BATCH, PER_WINDOW

log = logging.getLogger(__name__)


def publish(use_case: str, inputs: Inputs, stamp: Stamp, made: Production, seconds: float) -> Events:
    """Materializations with their records, then the checks that were answered."""
    for asset, one in made.outputs.items():
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey([use_case, asset]),
            data_version=dg.DataVersion(one.snapshot.sha256),
            metadata=output_metadata(asset, one, made, inputs, stamp, seconds),
            tags=mirror_tags(use_case, inputs.records),
        )
    yield from made.checks


def output_metadata(
    asset: str, one: Made, made: Production, inputs: Inputs, stamp: Stamp, seconds: float
) -> dict[str, Any]:
    """All that an output's event says: what the UI shows, and the record."""
    record = record_metadata(
        Version(one.snapshot.sha256, one.snapshot.path, one.snapshot.rows),
        stamp=stamp,
        seconds=round(seconds, 4),
        details=one.details,
        checks=[check_record(c) for c in made.checks if c.asset_key and c.asset_key.path[-1] == asset],
        inputs=inputs.records,
    )
    rows = {} if one.snapshot.rows is None else {"dagster/row_count": one.snapshot.rows}
    asked = _lineage_command(asset, one)
    return {**rows, "seconds": round(seconds, 4), **one.metadata, **asked, **record}


def _lineage_command(asset: str, made: Made) -> dict[str, str]:
    """The command that tells what is behind a model, or what a batch reached; none for the other assets."""
    use_case, _, *below = made.snapshot.path.split("/")
    if asset in PER_BATCH:
        return {"lineage": f"mlplatform lineage impact {use_case} --batch {quote(below[0])}"}
    version = made.details.get("version" if asset == "model" else "model_version")
    if asset in PER_WINDOW or version is None:
        return {}
    return {"lineage": f"mlplatform lineage trace {use_case} --version {version}"}


def reuse(use_case: str, inputs: Inputs, previous: list[Record]) -> Events:
    """The same version once more: nothing is computed and nothing is written."""
    for record in previous:
        log.info("%s: unchanged, reused", record.asset)
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey([use_case, record.asset]),
            data_version=dg.DataVersion(record.sha256),
            metadata=reused_metadata(record, inputs),
            tags=mirror_tags(use_case, inputs.records),
        )
        for check in record.checks:
            yield repeated_check(use_case, record.asset, check)


def reused_metadata(record: Record, inputs: Inputs) -> dict[str, Any]:
    """What the version's event said, with the inputs of this moment: they have the hashes of those before."""
    # an earlier version of the platform left the hash to Dagster's tag, of which a range has only one
    document = {**record.metadata[RECORD].value, "sha256": record.sha256}
    known = {**record.metadata, RECORD: dg.MetadataValue.json(document)}
    return {**known, **inputs_metadata(inputs.records), "reused": True}
