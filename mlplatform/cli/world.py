"""The records of a use case, read in a few bulk queries, and the world that the plan decides from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlplatform.lineage.champions import champion_read_by
from mlplatform.lineage.records import Record, landed_batches, latest
from mlplatform.lineage.summaries import summaries_by_batch
from mlplatform.ml.planning import Address, Input, Recorded, World
from mlplatform.ml.steps import ASSETS, LANDED_FILE, PER_BATCH, RELEASE_ASSETS, STEPS

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from mlplatform.cli.location import Location
    from mlplatform.ml.declaration import Declaration

Records = Mapping[Address, Record]


def latest_records(instance: DagsterInstance, use_case: str) -> dict[Address, Record]:
    """The latest record of every asset up to the endpoint, per batch where there are batches."""
    records: dict[Address, Record] = {}
    batches = landed_batches(instance, use_case)
    for asset in (LANDED_FILE, *ASSETS, *RELEASE_ASSETS):
        if asset in PER_BATCH:
            records.update(
                {(asset, b): r for b, r in summaries_by_batch(instance, use_case, asset, batches).items()}
            )
        elif record := latest(instance, use_case, asset):
            records[(asset, None)] = record
    return records


def world_of(location: Location, declaration: Declaration, records: Records) -> World:
    """What `plan` decides from. Stored files that are gone count as not made."""
    recorded = {
        address: Recorded(
            sha256=record.sha256,
            fingerprint=record.fingerprint,
            code_version=record.code_version,
            parameters=record.parameters,
            inputs=record.read_inputs(),
            usable=address[0] == LANDED_FILE or location.snapshots.exists(record.path),
        )
        for address, record in records.items()
    }
    model = records.get(("model", None))
    champion = champion_read_by(location.instance, declaration.name, [model]) if model else []
    read_too: tuple[Input, ...] = tuple(record.as_input() for record in champion)
    return World(
        batches=tuple(sorted(str(batch) for asset, batch in records if asset == LANDED_FILE)),
        recorded=recorded,
        code_versions={step.name: declaration.code_version(step) for step in STEPS},
        parameters={step.name: declaration.parameters(step) for step in STEPS},
        also_read={"evaluation": read_too},
    )


def stored_files(location: Location, records: Records) -> list[str]:
    """Every file of this machine that the records name; the plan holds as long as they are there."""
    files = []
    for (asset, _), record in records.items():
        store = location.landed_files if asset == LANDED_FILE else location.snapshots
        files.append(str(store.place(record.path)))
    return files
