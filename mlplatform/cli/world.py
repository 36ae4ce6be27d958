"""The state of the world as the plan needs it, read from the records in a few bulk queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlplatform.lineage.champions import champion_read_by
from mlplatform.lineage.records import Record, latest, latest_by_batch
from mlplatform.ml.planning import Address, Input, Recorded, World
from mlplatform.ml.steps import ASSETS, LANDED_FILE, PER_BATCH, STEPS
from mlplatform.resources.landed_files import LandedFiles
from mlplatform.resources.snapshots import Snapshots

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from mlplatform.ml.declaration import Declaration


def latest_records(instance: DagsterInstance, use_case: str) -> dict[Address, Record]:
    """The latest record of every asset, per batch where there are batches."""
    records: dict[Address, Record] = {}
    for asset in (LANDED_FILE, *ASSETS):
        if asset in PER_BATCH:
            records.update({(asset, b): r for b, r in latest_by_batch(instance, use_case, asset).items()})
        elif record := latest(instance, use_case, asset):
            records[(asset, None)] = record
    return records


def world_of(
    instance: DagsterInstance, declaration: Declaration, snapshots: Snapshots, landed_files: LandedFiles
) -> World:
    """What `plan` decides from. Stored files that are gone count as not made."""
    records = latest_records(instance, declaration.name)
    recorded = {
        address: Recorded(
            sha256=record.sha256,
            fingerprint=record.fingerprint,
            code_version=record.code_version,
            parameters=record.parameters,
            inputs=record.read_inputs(),
            usable=address[0] == LANDED_FILE or snapshots.exists(record.path),
        )
        for address, record in records.items()
    }
    return World(
        batches=tuple(sorted(str(batch) for asset, batch in records if asset == LANDED_FILE)),
        recorded=recorded,
        code_versions={step.name: declaration.code_version(step) for step in STEPS},
        parameters={step.name: declaration.parameters(step) for step in STEPS},
        also_read={"evaluation": _champion(instance, declaration.name, records)},
    )


def _champion(
    instance: DagsterInstance, use_case: str, records: dict[Address, Record]
) -> tuple[Input, ...]:
    model = records.get(("model", None))
    found = champion_read_by(instance, use_case, [model]) if model else []
    return tuple(record.as_input() for record in found)
