"""Several batches in one run: the fast path for a backlog.

Dagster gives all partitions of such a run one data version, one set of tags and one answer to each check.
What is true of a single batch stands in the metadata of its partition: the record, in both kinds of run.
A batch that is refused makes the step fail before any event and names all that are. What the others made is
stored by then, so they run again without it; and it gets a run of its own, which says why.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError  # not exported, but what it raises

from mlplatform.assets.checks import repeated_check
from mlplatform.assets.checks_together import answers_together
from mlplatform.assets.made import Events, Inputs, Make, Metadata, Production
from mlplatform.assets.production import guarded, produce, resolved, stamp_of
from mlplatform.assets.provenance import mirror_tags
from mlplatform.assets.publishing import output_metadata, reused_metadata
from mlplatform.lineage.records import Record, Stamp, latest_by_batch
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.hashing import digest
from mlplatform.ml.steps import Step
from mlplatform.resources.snapshots import Snapshots

log = logging.getLogger(__name__)

REFUSED_BATCHES = "mlplatform/refused_batches"


@dataclass(frozen=True)
class _Done:
    """What became of one batch: per asset its hash and its metadata, and the checks it answered."""

    inputs: Inputs
    sha256: Mapping[str, str]
    metadata: Mapping[str, Metadata]
    checks: Sequence[dg.AssetCheckResult]


def produce_batches(
    context: dg.AssetExecutionContext, declaration: Declaration, step: Step, snapshots: Snapshots, make: Make
) -> Events:
    """Events of one step for the run's batch, or for all batches of the run's range."""
    batches = [str(key) for key in context.partition_keys] if context.has_partition_key_range else []
    if len(batches) < 2:
        yield from produce(context, declaration, step, snapshots, make)
    else:
        events = _produced(context, declaration, step, snapshots, make, batches)
        yield from guarded(declaration, step, snapshots, events)


def _produced(
    context: dg.AssetExecutionContext,
    declaration: Declaration,
    step: Step,
    snapshots: Snapshots,
    make: Make,
    batches: list[str],
) -> Events:
    use_case, done, refused = declaration.name, dict[str, _Done](), dict[str, str]()
    before = {asset: latest_by_batch(context.instance, use_case, asset, batches) for asset in step.outputs}
    for batch, inputs in resolved(context.instance, declaration, step, batches).items():
        last = [before[asset][batch] for asset in step.outputs if batch in before[asset]]
        try:
            done[batch] = _one(declaration, step, snapshots, make, inputs, last)
        except (OSError, dg.Failure, DagsterExecutionInterruptedError):
            raise  # disk and network may recover: the whole step is tried again
        except Exception as error:  # of this batch alone: data or code that does not fit it
            refused[batch] = str(error)
    if refused:
        raise _refusal(step, batches, refused)
    for asset in step.outputs:
        for batch, one in done.items():
            context.add_asset_metadata(
                one.metadata[asset], asset_key=dg.AssetKey([use_case, asset]), partition_key=batch
            )
    read = [record for one in done.values() for record in one.inputs.records]
    for asset in step.outputs:
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey([use_case, asset]),
            data_version=dg.DataVersion(digest({batch: one.sha256[asset] for batch, one in done.items()})),
            tags=mirror_tags(use_case, read),
        )
    yield from answers_together({batch: one.checks for batch, one in done.items()})


def _one(
    declaration: Declaration,
    step: Step,
    snapshots: Snapshots,
    make: Make,
    inputs: Inputs,
    last: list[Record],
) -> _Done:
    """Make one batch's outputs, or reuse them."""
    started = time.perf_counter()
    stamp = stamp_of(declaration, step, inputs)
    if len(last) == len(step.outputs) and all(
        one.fingerprint == stamp.fingerprint and snapshots.exists(one.path) for one in last
    ):
        shown = {one.asset: reused_metadata(one, inputs) for one in last}
        checks = [repeated_check(declaration.name, one.asset, kept) for one in last for kept in one.checks]
        return _Done(inputs, {one.asset: one.sha256 for one in last}, shown, checks)
    made = make(inputs)
    return _made(inputs, stamp, made, time.perf_counter() - started)


def _made(inputs: Inputs, stamp: Stamp, made: Production, seconds: float) -> _Done:
    outputs = made.outputs.items()
    shown = {asset: output_metadata(asset, one, made, inputs, stamp, seconds) for asset, one in outputs}
    return _Done(inputs, {asset: one.snapshot.sha256 for asset, one in outputs}, shown, made.checks)


def _refusal(step: Step, batches: list[str], refused: dict[str, str]) -> dg.Failure:
    first = next(iter(refused))
    log.info("%s: %d of %d batches are refused, first %s", step.name, len(refused), len(batches), first)
    message = (
        f"{len(refused)} of {len(batches)} batches are refused, so that this run has recorded none; first "
        f"{first}: {refused[first]} Run the refused ones alone, and the others without them."
    )
    return dg.Failure(message, metadata={REFUSED_BATCHES: json.dumps(list(refused))}, allow_retries=False)
