"""The runs of a landing sensor: what they are called, what they make, and which of them are there."""

from collections.abc import Collection
from dataclasses import dataclass

import dagster as dg

from mlplatform.lineage.records import Record, latest_by_batch
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.hashing import digest
from mlplatform.ml.steps import RELEASE_STEPS, STEPS

LANDED_FROM = "mlplatform/landed_from"
MAKES = "mlplatform/landing_makes"
_RUN_KEY = "dagster/run_key"  # the tag in which Dagster keeps a run's name
_WILL_RETRY = {"dagster/will_retry": "true"}
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def run_key(landed: Record) -> str:
    """The name of the run of one landing."""
    return f"{landed.batch}:{landed.sha256}:{landed.storage_id}"


@dataclass(frozen=True)
class LandingRuns:
    """Runs that `sensor` has requested, and requests for more of them."""

    instance: dg.DagsterInstance
    declaration: Declaration
    sensor: str

    def launched(self, key: str) -> dg.DagsterRun | None:
        """The run of this name, if there is one and it was not just written down and left."""
        which = dg.RunsFilter(tags={_RUN_KEY: key, LANDED_FROM: self.sensor})
        runs = self.instance.get_runs(which)
        return next((run for run in runs if run.status != dg.DagsterRunStatus.NOT_STARTED), None)

    def was_for_a_batch_alone(self, run: dg.DagsterRun) -> bool:
        """Whether what follows from the run's batch was not part of it."""
        return run.tags.get(MAKES) == "batch"

    def unfinished(self) -> list[str]:
        """Ids of runs that are still to end, or will be started again because their process died."""
        own = {LANDED_FROM: self.sensor}
        runs = list(self.instance.get_runs(dg.RunsFilter(tags=own, statuses=_UNFINISHED)))
        failed = dg.RunsFilter(tags={**own, **_WILL_RETRY}, statuses=[dg.DagsterRunStatus.FAILURE])
        runs += [run for run in self.instance.get_runs(failed) if run.is_complete_and_waiting_to_retry]
        return [run.run_id for run in runs]

    def training_key(self, batches: Collection[str]) -> str | None:
        """The name of the run over all that follows from the batches; None while there are no features.

        It covers the events, not the hashes: to go back to earlier features is a change as well.
        """
        features = latest_by_batch(self.instance, self.declaration.name, "features", batches)
        if not features:
            return None
        return f"training:{digest(sorted([batch, one.storage_id] for batch, one in features.items()))}"

    def request(self, key: str, batch: str | None, *, everything: bool) -> dg.RunRequest:
        """A batch, with `everything` that follows from it or without; or, for no batch, what follows."""
        makes = "training" if batch is None else "everything" if everything else "batch"
        steps = [step for step in STEPS if step.per_batch == (batch is not None)]
        if batch is None and self.declaration.approval.automatic:
            steps += RELEASE_STEPS  # the job has them too then
        assets = [dg.AssetKey([self.declaration.name, asset]) for step in steps for asset in step.outputs]
        return dg.RunRequest(
            run_key=key,
            partition_key=batch,
            asset_selection=None if makes == "everything" else assets,
            tags={LANDED_FROM: self.sensor, MAKES: makes},
        )
