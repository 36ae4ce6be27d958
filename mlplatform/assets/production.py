"""How every asset of the graph is made: resolve what is read, decide, make or reuse, record.

An asset body hands its pure function to `produce` and yields what comes back. Nothing is published by a step
that fails: a blocking check speaks before the data, so what was there before stays the latest.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError  # not exported, but what it raises

from mlplatform.assets.checks import blocking_check, check_record, failed_check, repeated_check
from mlplatform.assets.provenance import mirror_tags
from mlplatform.lineage.champions import champion_read_by
from mlplatform.lineage.records import (
    Record,
    Stamp,
    inputs_metadata,
    landed_batches,
    latest_of,
    record_metadata,
)
from mlplatform.ml.blame import in_own_words
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import (
    BlockingCheckFailed,
    BrokenCode,
    DamagedSnapshot,
    MLPlatformError,
    UnreadableFile,
    WrongUsage,
)
from mlplatform.ml.hashing import digest
from mlplatform.ml.planning import Input, fingerprint
from mlplatform.ml.steps import BY_NAME, LANDED_FILE, Step
from mlplatform.resources.snapshots import Snapshot, Snapshots

log = logging.getLogger(__name__)

Metadata = Mapping[str, Any]
EXIT_CODE = "mlplatform/exit_code"
STOPPED = 130


@dataclass(frozen=True)
class Made:
    """One output: where it is stored, what the UI shows of it, and details that later steps read."""

    snapshot: Snapshot
    metadata: Metadata = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Production:
    """What a body made: every output of its step, and the checks it answers along the way."""

    outputs: Mapping[str, Made]
    checks: Sequence[dg.AssetCheckResult] = ()


@dataclass(frozen=True)
class Inputs:
    """The exact versions a body reads, resolved before it reads anything."""

    records: tuple[Record, ...]

    def all(self, asset: str) -> list[Record]:
        """Every batch's version of a partitioned input."""
        return [record for record in self.records if record.asset == asset]

    def one(self, asset: str) -> Record:
        """The version of an input that has one."""
        return self.all(asset)[0]


Make = Callable[[Inputs], Production]
Events = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


def produce(
    context: dg.AssetExecutionContext, declaration: Declaration, step: Step, snapshots: Snapshots, make: Make
) -> Events:
    """Events of one step for the context's batch (or for the use case, where the step has no batches)."""
    yield from guarded(declaration, step, snapshots, _produced(context, declaration, step, snapshots, make))


def _produced(
    context: dg.AssetExecutionContext, declaration: Declaration, step: Step, snapshots: Snapshots, make: Make
) -> Events:
    started = time.perf_counter()
    batch = _one_batch(context) if step.per_batch else None
    inputs = resolve(context.instance, declaration, step, batch)
    stamp = stamp_of(declaration, step, inputs)
    previous = reusable(context.instance, declaration.name, step, batch, stamp, snapshots)
    if previous:
        yield from reuse(declaration.name, inputs, previous)
        return
    made = make(inputs)
    seconds = time.perf_counter() - started
    log.info("%s%s: %s (%.1f s)", step.name, f" of {batch}" if batch else "", _summary(made), seconds)
    yield from publish(declaration.name, inputs, stamp, made, seconds)


def guarded(declaration: Declaration, step: Step, snapshots: Snapshots, events: Events) -> Events:
    """The same events; what goes wrong on the way ends the step in words, with its blocking check failed.

    Disk and network may recover, so their errors pass and the step's retry policy applies. Any other error
    would be the same the next time: the failure is final.
    """
    try:
        yield from events
    except (DagsterExecutionInterruptedError, KeyboardInterrupt) as error:
        # a retry policy would start the step again under the hands of whoever stopped it
        raise dg.Failure("stopped", metadata={EXIT_CODE: STOPPED}, allow_retries=False) from error
    except (OSError, dg.Failure):
        raise
    except MLPlatformError as error:
        if isinstance(error, DamagedSnapshot):
            snapshots.set_aside(error.path)
        if blocking_check(step):
            refusal = error if isinstance(error, BlockingCheckFailed) else BlockingCheckFailed(str(error))
            yield failed_check(declaration.name, step, refusal)
        raise _final(error) from error
    except Exception as error:
        raise dg.Failure(in_own_words(error, declaration.folder), allow_retries=False) from error


def _one_batch(context: dg.AssetExecutionContext) -> str:
    """The run's batch; WrongUsage for a run over none or over several, which could not fail alone."""
    keys = context.partition_keys if context.has_partition_key or context.has_partition_key_range else []
    if len(keys) != 1:
        raise WrongUsage(
            f"this run is over {len(keys)} batches, each batch needs a run of its own. "
            "Choose a partition in the launch dialog; for several, launch a backfill."
        )
    return str(keys[0])


def refuse_other_code(declaration: Declaration, features: Sequence[Record]) -> None:
    """BrokenCode where features were made by other code than the use case has now.

    A model takes the folder's files along; trained on what other files made, it would carry code that it was
    not trained with, and a set that mixes both would mix their meanings.
    """
    current = declaration.code_version(BY_NAME["features"])
    for record in features:
        if record.code_version != current:
            raise BrokenCode(
                f"{declaration.name}/features of batch {record.batch} were made by other code than "
                f"{declaration.folder} has now. First do: mlplatform run {declaration.name}."
            )


def resolve(instance: dg.DagsterInstance, declaration: Declaration, step: Step, batch: str | None) -> Inputs:
    """The latest version of each input. WrongUsage, with the way out, where one has never been made."""
    name, records = declaration.name, []
    for asset in step.inputs:
        found = latest_of(instance, name, asset, [batch] if batch else landed_batches(instance, name))
        if not found:
            of_batch = f" of batch {batch}" if batch else ""
            way_out = f"mlplatform land {name} FILE" if asset == LANDED_FILE else f"mlplatform run {name}"
            raise WrongUsage(f"{name}/{asset}{of_batch} has not been made yet. Make it first: {way_out}.")
        records += found
    if step.name == "evaluation":
        records += champion_read_by(instance, name, records)
    return Inputs(tuple(records))


def stamp_of(declaration: Declaration, step: Step, inputs: Inputs, *further: Input) -> Stamp:
    """What decides whether a version made now from these inputs still holds later; `further`: no assets."""
    code, parameters = declaration.code_version(step), declaration.parameters(step)
    read = [*further, *(record.as_input() for record in inputs.records)]
    return Stamp(fingerprint(code, read, parameters), code, digest(parameters))


def reusable(
    instance: dg.DagsterInstance,
    use_case: str,
    step: Step,
    batch: str | None,
    stamp: Stamp,
    snapshots: Snapshots,
) -> list[Record]:
    """The last versions of the step's outputs when they hold; empty when the step must run."""
    previous = []
    for asset in step.outputs:
        last = latest_of(instance, use_case, asset, [batch] if batch else None)
        if not last or last[0].fingerprint != stamp.fingerprint or not snapshots.exists(last[0].path):
            return []
        previous.append(last[0])
    return previous


def reuse(use_case: str, inputs: Inputs, previous: list[Record]) -> Events:
    """The same version once more: nothing is computed and nothing is written.

    It names the inputs of this moment, which have the hashes of those it was made from.
    """
    for record in previous:
        log.info("%s: unchanged, reused", record.asset)
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey([use_case, record.asset]),
            data_version=dg.DataVersion(record.sha256),
            metadata={**record.metadata, **inputs_metadata(inputs.records), "reused": True},
            tags=mirror_tags(use_case, inputs.records),
        )
        for check in record.checks:
            yield repeated_check(use_case, record.asset, check)


def publish(use_case: str, inputs: Inputs, stamp: Stamp, made: Production, seconds: float) -> Events:
    """Materializations with their records, then the checks that were answered."""
    for asset, one in made.outputs.items():
        key = dg.AssetKey([use_case, asset])
        record = record_metadata(
            path=one.snapshot.path,
            stamp=stamp,
            rows=one.snapshot.rows,
            seconds=round(seconds, 4),
            details=one.details,
            checks=[check_record(check) for check in made.checks if check.asset_key == key],
            inputs=inputs.records,
        )
        rows = {} if one.snapshot.rows is None else {"dagster/row_count": one.snapshot.rows}
        yield dg.MaterializeResult(
            asset_key=key,
            data_version=dg.DataVersion(one.snapshot.sha256),
            metadata={**rows, "seconds": round(seconds, 4), **one.metadata, **record},
            tags=mirror_tags(use_case, inputs.records),
        )
    yield from made.checks


def _final(error: MLPlatformError) -> dg.Failure:
    """A failure that trying again cannot mend."""
    code = 3 if isinstance(error, UnreadableFile) else error.exit_code
    return dg.Failure(str(error), metadata={EXIT_CODE: code}, allow_retries=False)


def _summary(made: Production) -> str:
    parts = []
    for asset, one in made.outputs.items():
        parts.append(f"{asset} {one.snapshot.rows:,} rows" if one.snapshot.rows is not None else asset)
    return ", ".join(parts)
