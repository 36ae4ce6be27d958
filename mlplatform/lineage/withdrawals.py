"""Batches that people took out: who, when and why, beside the landings of the batch.

A batch counts while its partition is there. What happened to it stays: its landings and its snapshots, and an
observation of `landed_file` for each time that somebody took it out or brought it back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

import dagster as dg

from mlplatform.lineage.records import Record, landed_batches, latest_by_batch, partitions_name
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.steps import LANDED_FILE

WITHDRAWN, BACK_AGAIN = "mlplatform/withdrawn", "mlplatform/back_again"
_LOOK = 50


@dataclass(frozen=True)
class Withdrawal:
    """One batch, taken out: the bytes that it had then, who did it and why. `time` is seconds since 1970."""

    batch: str
    sha256: str
    file: str
    by: str
    reason: str
    time: float = 0.0


def withdraw(instance: dg.DagsterInstance, use_case: str, batch: str, *, by: str, reason: str) -> Withdrawal:
    """Take a batch out and record it; what was made from it stays as it is until the next run.

    The record comes first: killed in between, the batch still counts, and taking it out again completes it.
    WrongUsage for a batch that does not count.
    """
    landed = counted(instance, use_case, batch)
    done = Withdrawal(batch, landed.sha256, str(landed.details["file"]), by, reason)
    said = {name: value for name, value in asdict(done).items() if name not in ("batch", "time")}
    instance.report_runless_asset_event(_observation(use_case, batch, WITHDRAWN, said))
    instance.delete_dynamic_partition(partitions_name(use_case), batch)
    return done


def back_again(use_case: str, batch: str, sha256: str) -> dg.AssetObservation:
    """The event that says that a batch counts again, with the bytes that it had."""
    return _observation(use_case, batch, BACK_AGAIN, {"sha256": sha256})


def withdrawals(instance: dg.DagsterInstance, use_case: str, batch: str) -> list[Withdrawal]:
    """Each time that a batch was taken out, latest first."""
    key, cursor, found = dg.AssetKey([use_case, LANDED_FILE]), None, []
    which = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[batch])
    while True:
        page = instance.fetch_observations(which, limit=_LOOK, cursor=cursor)
        for event in page.records:
            observed = event.asset_observation
            if observed and WITHDRAWN in observed.metadata:
                said: Any = observed.metadata[WITHDRAWN].value
                found.append(Withdrawal(batch=batch, time=event.timestamp, **said))
        if not page.has_more:
            return found
        cursor = page.cursor


def counted(instance: dg.DagsterInstance, use_case: str, batch: str) -> Record:
    """The landing of a batch that counts; else WrongUsage, with the nearest name or what became of it."""
    batches = landed_batches(instance, use_case)
    landed = (
        latest_by_batch(instance, use_case, LANDED_FILE, [batch]).get(batch) if batch in batches else None
    )
    if landed:
        return landed
    if before := withdrawals(instance, use_case, batch):
        raise WrongUsage(
            f"batch {batch!r} of {use_case} was taken out before, by {before[0].by}. "
            f"To bring it back, land it again: mlplatform land {use_case} {before[0].file}."
        )
    near = get_close_matches(batch, batches, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise WrongUsage(
        f"{use_case} has no batch {batch!r}.{hint} It has {len(batches):,}: mlplatform status {use_case}."
    )


def _observation(use_case: str, batch: str, what: str, said: dict[str, str]) -> dg.AssetObservation:
    return dg.AssetObservation(
        asset_key=dg.AssetKey([use_case, LANDED_FILE]),
        partition=batch,
        metadata={what: dg.MetadataValue.json(said), **said},
    )
