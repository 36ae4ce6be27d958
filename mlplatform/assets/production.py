"""How every asset of the graph is made: resolve what is read, decide, make or reuse, record.

An asset body hands its pure function to `produce` and yields what comes back. Nothing is published by a step
that fails: a blocking check speaks before the data, so what was there before stays the latest.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError  # not exported, but what it raises

from mlplatform.assets.checks import blocking_check, refusal
from mlplatform.assets.made import Events, Inputs, Make, Production
from mlplatform.assets.publishing import publish, reuse
from mlplatform.lineage.champions import champion_read_by
from mlplatform.lineage.records import Record, Stamp, landed_batches, latest_by_batch, latest_of
from mlplatform.lineage.summaries import summaries_by_batch
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
from mlplatform.ml.steps import BY_NAME, LANDED_FILE, PER_BATCH, Step
from mlplatform.resources.snapshots import Snapshots

log = logging.getLogger(__name__)

EXIT_CODE = "mlplatform/exit_code"
STOPPED = 130


def produce(
    context: dg.AssetExecutionContext, declaration: Declaration, step: Step, snapshots: Snapshots, make: Make
) -> Events:
    """Events of one step for the context's batch (or for the use case, where the step has no batches)."""
    yield from guarded(declaration, step, snapshots, _produced(context, declaration, step, snapshots, make))


def _produced(
    context: dg.AssetExecutionContext, declaration: Declaration, step: Step, snapshots: Snapshots, make: Make
) -> Events:
    started = time.perf_counter()
    batch = _batch(context) if step.per_batch else None
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
            said = error if isinstance(error, BlockingCheckFailed) else BlockingCheckFailed(str(error))
            yield from refusal(declaration.name, step, said)
        raise _final(error) from error
    except Exception as error:
        raise dg.Failure(in_own_words(error, declaration.folder), allow_retries=False) from error


def _batch(context: dg.AssetExecutionContext) -> str:
    """The run's batch; WrongUsage for a run that has none."""
    keys = context.partition_keys if context.has_partition_key or context.has_partition_key_range else []
    if not keys:
        raise WrongUsage("this run is over no batch. Choose a partition in the launch dialog.")
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
    if batch is not None:
        return resolved(instance, declaration, step, [batch])[batch]
    records: list[Record] = []
    for asset in step.inputs:
        found = _latest(instance, declaration.name, asset)
        if not found:
            raise _never_made(declaration.name, asset, None)
        records += found
    if step.name == "evaluation":
        records += champion_read_by(instance, declaration.name, records)
    return Inputs(tuple(records))


def resolved(
    instance: dg.DagsterInstance, declaration: Declaration, step: Step, batches: list[str]
) -> dict[str, Inputs]:
    """The latest version of each input of a step that has batches, for each of these batches."""
    found = {asset: latest_by_batch(instance, declaration.name, asset, batches) for asset in step.inputs}
    for asset, versions in found.items():
        for batch in batches:
            if batch not in versions:
                raise _never_made(declaration.name, asset, batch)
    return {batch: Inputs(tuple(found[asset][batch] for asset in step.inputs)) for batch in batches}


def _latest(instance: dg.DagsterInstance, use_case: str, asset: str) -> list[Record]:
    if asset not in PER_BATCH:
        return latest_of(instance, use_case, asset)
    found = summaries_by_batch(instance, use_case, asset, landed_batches(instance, use_case))
    return [found[batch] for batch in sorted(found)]


def _never_made(use_case: str, asset: str, batch: str | None) -> WrongUsage:
    of_batch = f" of batch {batch}" if batch else ""
    way_out = f"mlplatform land {use_case} FILE" if asset == LANDED_FILE else f"mlplatform run {use_case}"
    return WrongUsage(f"{use_case}/{asset}{of_batch} has not been made yet. Make it first: {way_out}.")


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


def _final(error: MLPlatformError) -> dg.Failure:
    """A failure that trying again cannot mend."""
    code = 3 if isinstance(error, UnreadableFile) else error.exit_code
    return dg.Failure(str(error), metadata={EXIT_CODE: code}, allow_retries=False)


def _summary(made: Production) -> str:
    parts = []
    for asset, one in made.outputs.items():
        parts.append(f"{asset} {one.snapshot.rows:,} rows" if one.snapshot.rows is not None else asset)
    return ", ".join(parts)
