"""Endpoints of the model servers of this machine, told by files what to serve."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from mlplatform.lineage.approvals import refuse_unapproved
from mlplatform.lineage.deployments import live
from mlplatform.ml.errors import NotFitToServe
from mlplatform.resources.endpoints import Deployed, Trial
from mlplatform.resources.endpoints.before_traffic import deployment_of, tried
from mlplatform.resources.snapshots import Snapshots

if TYPE_CHECKING:
    from mlplatform.container.deployments import Deployment

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.1


class LocalEndpoints(dg.ConfigurableResource[Any]):
    """Deployment files at `<root>/<endpoint>/deployment.json`, which running servers follow.

    A server that is started later finds them. The servers load the new model beside the old one and move
    traffic when it is ready; one that refuses takes the deployment back for all.
    """

    root: str
    snapshots: str
    patience: float = 60.0  # seconds that running servers have to load a model

    def deploy(self, instance: dg.DagsterInstance, use_case: str, version: str, trial: Trial) -> Deployed:
        """See the protocol."""
        from mlplatform.container.deployments import write_deployment

        snapshots, root = Snapshots(root=self.snapshots), Path(self.root)
        approved = refuse_unapproved(instance, snapshots, use_case, version)
        difference = tried(snapshots.place(approved.judged.model.path), trial)
        wanted = deployment_of(use_case, version, approved)
        write_deployment(root, wanted)
        try:
            servers = self._followed(wanted)
        except BaseException:  # Ctrl-C as well
            self._take_back(instance, wanted)
            raise
        return Deployed(
            endpoint=wanted.endpoint,
            deployment=wanted.id,
            model_version=version,
            document=wanted.to_json(),
            url=f"/endpoints/{wanted.endpoint}/invocations",
            servers=servers,
            largest_difference=difference,
        )

    def _followed(self, wanted: Deployment) -> int:
        """How many running servers serve it by now; NotFitToServe where one refuses or does not answer."""
        from mlplatform.container.deployments import live_reports

        end = time.monotonic() + self.patience
        while True:
            reports = live_reports(Path(self.root))
            states = [report.endpoints.get(wanted.endpoint) for report in reports]
            reached = [one for one in states if one is not None and one.deployment == wanted.id]
            refused = [one.reason for one in reached if one.state == "refused"]
            if refused:
                raise NotFitToServe(f"a model server refuses {wanted.model_version}: {refused[0]}")
            if len(reached) == len(reports):
                return len(reports)
            if time.monotonic() > end:
                raise NotFitToServe(
                    f"{len(reports) - len(reached)} model server(s) did not load {wanted.model_version} "
                    f"within {self.patience:.0f} s; see their logs."
                )
            time.sleep(_LOOK_EVERY)

    def _take_back(self, instance: dg.DagsterInstance, wanted: Deployment) -> None:
        """Tell the servers what is recorded as live: a killed attempt may have told them otherwise."""
        from mlplatform.container.deployments import Deployment, deployment_file, write_deployment

        recorded = live(instance, wanted.use_case)
        if recorded is None:
            deployment_file(Path(self.root), wanted.endpoint).unlink(missing_ok=True)
        else:
            write_deployment(Path(self.root), Deployment.from_json(recorded.details["document"]))
        log.warning("%s: taken back, what is recorded as live answers on", wanted.endpoint)
