"""Endpoints of Amazon SageMaker."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import dagster as dg

from mlplatform.lineage.approvals import refuse_unapproved
from mlplatform.lineage.deployments import live
from mlplatform.ml.capture import Message
from mlplatform.ml.errors import MLPlatformError, NotFitToServe
from mlplatform.ml.traffic import TRIAL
from mlplatform.ml.wire import classes_of, predictions_of
from mlplatform.resources.aws.clients import clients
from mlplatform.resources.aws.refusals import told
from mlplatform.resources.aws.settings import aws_settings
from mlplatform.resources.aws.snapshots import S3Snapshots
from mlplatform.resources.endpoints import Deployed, Trial
from mlplatform.resources.endpoints.before_traffic import deployment_of, tried
from mlplatform.resources.endpoints.sagemaker_request import Hosting, hosting_of, update_policy
from mlplatform.resources.endpoints.sagemaker_updates import Serving, Updates

if TYPE_CHECKING:
    from mlplatform.ml.targets import Prediction

log = logging.getLogger(__name__)

CONFIG = "endpoint_config"


class SageMakerEndpoints(dg.ConfigurableResource[Any]):
    """One endpoint per use case. The settings are the environment's; `snapshots` is the folder in front.

    A model is tried in the serving runtime here, then behind the endpoint; in between, the service itself
    moves no traffic to a container that does not answer. An update that was cut off goes on in the service:
    deploying again waits for it and records it.
    """

    snapshots: str

    def deploy(self, instance: dg.DagsterInstance, use_case: str, version: str, trial: Trial) -> Deployed:
        """See the protocol."""
        settings = aws_settings()
        store = S3Snapshots(root=self.snapshots)
        approved = refuse_unapproved(instance, store, use_case, version)
        model = approved.judged.model.path
        tried(store.place(model), trial)
        wanted = deployment_of(use_case, version, approved)
        hosting = hosting_of(settings, wanted, store.uri(model))
        updates = Updates(clients(settings.region), settings.number("MLPLATFORM_POLL_SECONDS"))
        before = updates.settled(hosting.endpoint)
        try:
            serving = updates.move(hosting)
            difference = trial.judge(_answers(updates, hosting, trial))
        except MLPlatformError:
            _take_back(updates, hosting, _goes_back_to(instance, use_case, hosting, before))
            raise
        return Deployed(
            endpoint=wanted.endpoint,
            deployment=wanted.id,
            model_version=version,
            document={**wanted.to_json(), CONFIG: hosting.config_name, "endpoint_arn": serving.arn},
            url=f"/endpoints/{hosting.endpoint}/invocations",
            servers=int(settings.number("MLPLATFORM_ENDPOINT_INSTANCES")),
            largest_difference=difference,
        )


def _answers(updates: Updates, hosting: Hosting, trial: Trial) -> list[Prediction]:
    """What the endpoint says to the rows of the trial."""
    with told(f"trying the endpoint {hosting.endpoint}"):
        found = updates.clients.runtime.invoke_endpoint(
            EndpointName=hosting.endpoint,
            ContentType=trial.request.content_type,
            Accept="application/json",
            InferenceId=TRIAL,
            Body=trial.request.body,
        )
        answer = Message(str(found["ContentType"]), found["Body"].read())
    answered_by = found.get("InvokedProductionVariant", hosting.variant)
    if answered_by != hosting.variant:
        raise NotFitToServe(
            f"endpoint {hosting.endpoint} answers with {answered_by}, not with {hosting.variant}"
        )
    are_classes = any(isinstance(one, str) for one in trial.expected)
    try:
        return list((classes_of if are_classes else predictions_of)(answer))
    except (ValueError, KeyError, TypeError) as error:
        raise NotFitToServe(
            f"endpoint {hosting.endpoint} answers the trial with no predictions: {error}"
        ) from error


def _goes_back_to(
    instance: dg.DagsterInstance, use_case: str, hosting: Hosting, before: Serving | None
) -> str | None:
    """The configuration of what is recorded as live, or else of what answered before; None for none."""
    recorded = live(instance, use_case)
    if recorded and recorded.details["document"].get(CONFIG):
        return str(recorded.details["document"][CONFIG])
    if before and before.status == "InService" and before.config != hosting.config_name:
        return before.config
    return None


def _take_back(updates: Updates, hosting: Hosting, config: str | None) -> None:
    """Let the endpoint serve this configuration; without one, there is to be none."""
    try:
        now = updates.settled(hosting.endpoint)
        if now is None or (config and now.serves(config)):
            return
        if config is None:
            updates.remove(hosting.endpoint)
            return
        updates.update(hosting.endpoint, config, update_policy(aws_settings()))
        now = updates.settled(hosting.endpoint)
        if now is None or not now.serves(config):
            raise NotFitToServe(f"it did not go back to {config}: {now.reason if now else 'it is gone'}")
        log.warning("%s: taken back, %s answers on", hosting.endpoint, config)
    except (MLPlatformError, OSError) as error:  # the reason for taking back is what is told first
        log.error("%s could not be taken back: %s", hosting.endpoint, error)
