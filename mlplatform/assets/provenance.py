"""Dagster's own provenance tags, set to what was really read.

By default Dagster points at the latest event of the input at the start of the step, for a partitioned input
of whatever partition. The record (`mlplatform/inputs`) is the truth; these tags let the UI agree with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from mlplatform.lineage.records import Record


def mirror_tags(use_case: str, read: Sequence[Record]) -> dict[str, str]:
    """Pointer and data version per input asset; several batches combine as Dagster combines partitions."""
    tags: dict[str, str] = {}
    for asset in {record.asset for record in read}:
        versions = sorted((r for r in read if r.asset == asset), key=lambda record: record.batch or "")
        partitioned = versions[0].batch is not None
        joined = sha256("".join(record.sha256 for record in versions).encode()).hexdigest()
        key = f"{use_case}/{asset}"
        tags[f"dagster/input_event_pointer/{key}"] = str(max(record.storage_id for record in versions))
        tags[f"dagster/input_data_version/{key}"] = joined if partitioned else versions[0].sha256
    return tags
