"""One answer per check for all batches of a run, since Dagster keeps one for all partitions of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from mlplatform.assets.checks import SHOWN_CASES

_BATCH = dg.TableColumn("batch", "string")


def answers_together(by_batch: Mapping[str, Sequence[dg.AssetCheckResult]]) -> Iterator[dg.AssetCheckResult]:
    """Each check once: it passes where it passes for every batch, and says how many it fails for.

    Counts are added up, counts by name as well, and of tables the first lines stand together.
    """
    grouped: dict[dg.AssetCheckKey, dict[str, dg.AssetCheckResult]] = {}
    for batch, checks in by_batch.items():
        for check in checks:
            key = dg.AssetCheckKey(check.asset_key or dg.AssetKey([]), check.check_name or "")
            grouped.setdefault(key, {})[batch] = check
    for key, answers in grouped.items():
        failed = [batch for batch, one in answers.items() if not one.passed]
        yield dg.AssetCheckResult(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=not failed,
            severity=next(iter(answers.values())).severity,
            metadata={
                "batches": len(answers),
                **({"failed_batches": len(failed), "first": failed[0]} if failed else {}),
                **_together({batch: one.metadata for batch, one in answers.items()}),
            },
        )


def _together(by_batch: Mapping[str, Mapping[str, dg.MetadataValue[Any]]]) -> dict[str, Any]:
    names = dict.fromkeys(name for metadata in by_batch.values() for name in metadata)
    found = {}
    for name in names:
        values = {batch: metadata[name] for batch, metadata in by_batch.items() if name in metadata}
        together = _sum(values)
        if together is not None:
            found[name] = together
    return found


def _sum(values: Mapping[str, dg.MetadataValue[Any]]) -> Any:
    """None for what cannot be added up."""
    first = next(iter(values.values()))
    if isinstance(first, dg.IntMetadataValue):
        return sum(int(one.value or 0) for one in values.values())
    if isinstance(first, dg.JsonMetadataValue):
        counts = [count for one in values.values() for count in dict(one.value).items()]  # type: ignore[arg-type]
        total: Counter[str] = Counter()
        for name, count in counts:
            if not isinstance(count, int):
                return None
            total[name] += count
        return dict(total)
    if isinstance(first, dg.TableMetadataValue):
        lines = [
            dg.TableRecord({"batch": batch, **line.data})
            for batch, one in values.items()
            for line in one.records  # type: ignore[attr-defined]
        ]
        return dg.TableMetadataValue(lines[:SHOWN_CASES], dg.TableSchema([_BATCH, *first.schema.columns]))
    return None
