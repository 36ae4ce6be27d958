"""`endpoint`: the approved model answers. Every materialization is a deployment or a rollback."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from mlplatform.assets.checks import answered_check
from mlplatform.assets.made import Events, Inputs, Made, Production
from mlplatform.assets.production import guarded, stamp_of
from mlplatform.assets.publishing import publish
from mlplatform.assets.sets import read_manifest
from mlplatform.assets.specs import step_arguments
from mlplatform.container.scoring import Model
from mlplatform.lineage.approvals import Judged, latest_approved, refuse_by_policy, refuse_unapproved
from mlplatform.lineage.deployments import action_of, live
from mlplatform.ml.capture import Message
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.reading import ROW_ID
from mlplatform.ml.steps import BY_NAME
from mlplatform.resources.endpoints import Deployed, Endpoints, Trial
from mlplatform.resources.single_flight import SingleFlight
from mlplatform.resources.snapshots import Snapshots

if TYPE_CHECKING:
    import pandas as pd

_STEP = BY_NAME["endpoint"]
_TRIAL_ROWS = 200


class ReleaseConfig(dg.Config):
    """Which model to deploy."""

    model_version: str | None = Field(
        default=None, description="an approved version; by default the one approved last"
    )


def endpoint_asset(declaration: Declaration) -> dg.AssetsDefinition:
    """Where it answers is the `endpoints` resource's business."""
    name = declaration.name

    @dg.multi_asset(**step_arguments(declaration, _STEP))
    def endpoint(
        context: dg.AssetExecutionContext,
        config: ReleaseConfig,
        snapshots: Snapshots,
        single_flight: SingleFlight,
        endpoints: dg.ResourceParam[Endpoints],
    ) -> Events:
        single_flight.hold(name)
        wanted = (config.model_version or "").strip()
        events = _events(context.instance, declaration, snapshots, endpoints, wanted)
        yield from guarded(declaration, _STEP, snapshots, events)

    return endpoint


def _events(
    instance: dg.DagsterInstance,
    declaration: Declaration,
    snapshots: Snapshots,
    endpoints: Endpoints,
    wanted: str,
) -> Events:
    started = time.perf_counter()
    name = declaration.name
    version = wanted or latest_approved(instance, name)
    approved = refuse_unapproved(instance, snapshots, name, version)
    refuse_by_policy(declaration.approval, approved)
    before, action = live(instance, name), action_of(instance, name, version)
    deployed = endpoints.deploy(instance, name, version, trial_of(approved.judged, snapshots))
    live_before = (
        before.details["before" if action == "already live" else "model_version"] if before else None
    )
    inputs = Inputs((approved.approval, approved.judged.model))
    since = before.details["since"] if before and action == "already live" else time.time()
    made = _production(declaration, snapshots, deployed, action, live_before, since)
    stamp = stamp_of(declaration, _STEP, inputs)
    yield from publish(name, inputs, stamp, made, time.perf_counter() - started)


def trial_of(judged: Judged, snapshots: Snapshots) -> Trial:
    """Rows of the validation set as a client would send them, and what the batch path says of them."""
    model = Model(snapshots.place(judged.model.path))
    declared = model.code.declared
    parts = read_manifest(snapshots, judged.validation_set.path).parts
    part = [one for one in parts if one.rows][-1]
    features = snapshots.read_frame(part.path).head(_TRIAL_ROWS)
    rows = snapshots.read_frame(part.validated).set_index(ROW_ID).loc[features[ROW_ID]]
    expected = tuple(model.predict(features).tolist())
    return Trial(Message("text/csv; header=present", as_csv(rows, declared.unseen)), expected)


def as_csv(rows: "pd.DataFrame", unseen: Sequence[str]) -> bytes:
    """Typed rows as text that reads back to the same values, without what a client does not know."""
    return rows.drop(columns=list(unseen)).to_csv(index=False).encode()


def _production(
    declaration: Declaration,
    snapshots: Snapshots,
    deployed: Deployed,
    action: str,
    before: str | None,
    since: float,
) -> Production:
    stored = snapshots.write_json(declaration.name, "endpoint", {**vars(deployed), "action": action})
    shown = {
        "action": action,
        "model_version": deployed.model_version,
        "before": before or "nothing",
        "endpoint": deployed.endpoint,
        "path": deployed.url,
        "running_servers": deployed.servers,
        "largest_difference": deployed.largest_difference,
    }
    details = {
        "action": action,
        "model_version": deployed.model_version,
        "before": before,
        "deployment": deployed.deployment,
        "endpoint": deployed.endpoint,
        "running_servers": deployed.servers,
        "url": deployed.url,
        "document": dict(deployed.document),
        "since": since,
    }
    ready = answered_check(
        declaration.name, "endpoint", "ready", metadata={"largest_difference": deployed.largest_difference}
    )
    return Production({"endpoint": Made(stored, shown, details)}, [ready])
