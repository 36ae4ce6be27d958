"""The jobs of a use case, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from mlplatform.ml.declaration import Declaration
from mlplatform.ml.steps import BY_NAME

if TYPE_CHECKING:  # what define_asset_job returns has no public name
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition


def update_job_name(use_case: str) -> str:
    """Name of the job that brings everything up to the model card up to date."""
    return f"{use_case}_update"


def approve_job_name(use_case: str) -> str:
    """Name of the job in which a person approves or rejects a model."""
    return f"{use_case}_approve"


def release_job_name(use_case: str) -> str:
    """Name of the job that deploys an approved model, or goes back to an earlier one."""
    return f"{use_case}_release"


def monitor_job_name(use_case: str) -> str:
    """Name of the job that judges one window of captured traffic."""
    return f"{use_case}_monitor"


def jobs(declaration: Declaration) -> list[UnresolvedAssetJobDefinition]:
    """Update, approve, release, monitor.

    Approval is a job of its own because it asks for configuration: a backfill of the update job would fail
    for want of it, before there is a model to approve. A use case that approves automatically asks for none.
    """
    name = declaration.name
    update: dg.AssetSelection = dg.AssetSelection.groups(name)
    if declaration.approval.automatic:
        update = update | dg.AssetSelection.groups(BY_NAME["approval"].group(name))
    return [
        dg.define_asset_job(
            update_job_name(name),
            # by group: an upstream selection would cut the multi-assets apart
            selection=update,
            description="From the landed batches to the judged model.",
        ),
        dg.define_asset_job(
            approve_job_name(name),
            selection=dg.AssetSelection.assets([name, "approval"]),
            description="Approve or reject a model version: who, why, which.",
        ),
        dg.define_asset_job(
            release_job_name(name),
            selection=dg.AssetSelection.assets([name, "endpoint"]),
            description="Let an approved model answer requests: the one approved last, or the one named.",
        ),
        dg.define_asset_job(
            monitor_job_name(name),
            selection=dg.AssetSelection.assets([name, "captured"], [name, "drift"]),
            description="Judge one window of captured traffic.",
        ),
    ]
