"""What every asset declares in the same way: key, group, owners, version, kinds, partitions, retries."""

from __future__ import annotations

from typing import Any

import dagster as dg

from mlplatform.assets.checks import check_specs
from mlplatform.lineage.records import partitions_name, windows_name
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.steps import LANDED_FILE, PER_BATCH, Step

# Disk and network recover within seconds or not at all. Errors in data or code are raised as final failures.
RETRIES = dg.RetryPolicy(max_retries=3, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

_DESCRIPTIONS = {
    LANDED_FILE: "The bytes as they landed, under their sha256: `mlplatform land`, or the landing sensor.",
    "raw": "The landed file as a table of text, with a row id per row; nothing guessed, nothing dropped.",
    "validated": "Rows that keep the contract, in the contract's types.",
    "quarantine": "Rows that break a row rule, with rule, column, value, source file and row.",
    "features": "What the model sees, one row per validated row; row id, entity and target travel beside.",
    "training_set": "Which rows of which feature snapshots to train on: a manifest, not a copy.",
    "validation_set": "The frozen hold-out that challenger and champion are judged on: a manifest.",
    "model": "The fitted pipeline with its manifest and the code it was made with.",
    "evaluation": "Challenger against champion (or baseline) on the validation set, and the verdict.",
    "model_card": "What a person should read before approving the model.",
    "approval": "Who let which model go live and why, bound to the evidence it was given on.",
    "endpoint": "What answers requests: the approved model, tried out before traffic moved to it.",
    "captured": "Requests and answers of one window, as the model server wrote them down.",
    "drift": "How far the window's features and predictions lie from what the model was trained on.",
}
_KINDS = {
    "training_set": {"manifest"},
    "validation_set": {"manifest"},
    "model": {"scikitlearn"},
    "evaluation": {"scipy"},
    "model_card": {"html"},
    "approval": {"json"},
    "endpoint": {"http"},
    "captured": {"parquet"},
    "drift": {"json"},
}


def batches(declaration: Declaration) -> dg.DynamicPartitionsDefinition:
    """The batches of a use case: one partition per landed file."""
    return dg.DynamicPartitionsDefinition(name=partitions_name(declaration.name))


def windows(declaration: Declaration) -> dg.DynamicPartitionsDefinition:
    """The windows of captured traffic: one partition per span of time and model that answered in it."""
    return dg.DynamicPartitionsDefinition(name=windows_name(declaration.name))


def landed_file(declaration: Declaration) -> dg.AssetSpec:
    """The external asset that stands at the beginning of the graph."""
    return dg.AssetSpec(
        dg.AssetKey([declaration.name, LANDED_FILE]),
        group_name=declaration.name,
        description=_DESCRIPTIONS[LANDED_FILE],
        owners=list(declaration.owners),
        kinds={"file"},
        partitions_def=batches(declaration),
    )


def step_arguments(declaration: Declaration, step: Step) -> dict[str, Any]:
    """Arguments of `@dg.multi_asset` for a step of the graph."""
    name = declaration.name
    partitions = _partitions(declaration, step)
    version = declaration.code_version(step)
    upstream = [dg.AssetKey([name, asset]) for asset in step.inputs]
    specs = [
        dg.AssetSpec(
            dg.AssetKey([name, asset]),
            deps=upstream,
            group_name=step.group(name),
            description=_DESCRIPTIONS[asset],
            code_version=version,
            owners=list(declaration.owners),
            kinds=_KINDS.get(asset, {"parquet"} if asset in PER_BATCH else set()),
            partitions_def=partitions,
        )
        for asset in step.outputs
    ]
    return {
        "name": f"{name}__{step.name}",
        "specs": specs,
        "check_specs": check_specs(name, step, partitions),
        "retry_policy": RETRIES,
    }


def _partitions(declaration: Declaration, step: Step) -> dg.DynamicPartitionsDefinition | None:
    if step.per_batch:
        return batches(declaration)
    return windows(declaration) if step.per_window else None
