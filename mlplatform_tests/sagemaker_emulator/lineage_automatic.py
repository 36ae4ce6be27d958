"""What the service writes down by itself about jobs, model packages and endpoints.

S3 is tracked by the URI of the request, never by what is there. The names of actions and contexts end as the
service lets them end, as far as that is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlplatform_tests.sagemaker_emulator.endpoints import Endpoint
from mlplatform_tests.sagemaker_emulator.events import when
from mlplatform_tests.sagemaker_emulator.jobs import Job
from mlplatform_tests.sagemaker_emulator.lineage_associations import associate
from mlplatform_tests.sagemaker_emulator.lineage_entities import (
    ACTIONS,
    CONTEXTS,
    TRIAL_COMPONENTS,
    Artifact,
    Entity,
    make_action,
    make_artifact,
    make_context,
)
from mlplatform_tests.sagemaker_emulator.model_package_groups import ModelPackageGroup
from mlplatform_tests.sagemaker_emulator.model_packages import ModelPackage
from mlplatform_tests.sagemaker_emulator.shelves import Kept
from mlplatform_tests.sagemaker_emulator.trial_components import TrialComponent

Tracked = tuple[str, str, str]  # the type of an artifact, what the job calls it, its URI


@when("job created")
def job_created(job: Job) -> None:
    """Its trial component, and what goes in."""
    component = TrialComponent(job)
    with TRIAL_COMPONENTS.lock:
        earlier = TRIAL_COMPONENTS.get(component.name)  # of a job of this name that was deleted
        if earlier is not None:
            TRIAL_COMPONENTS.discard(earlier)
        TRIAL_COMPONENTS.put(component)
    for kind, name, uri in _inputs(job):
        component.inputs[name] = {"Value": uri}
        associate(_artifact(kind, uri), component, "ContributedTo")


@when("job ended")
def job_ended(job: Job) -> None:
    """What has come out."""
    component = TRIAL_COMPONENTS.get(f"{job.name}-aws-{job.kind}-job")
    if not isinstance(component, TrialComponent) or component.job is not job or job.reason:
        return
    for kind, name, uri in _outputs(job):
        component.outputs[name] = {"Value": uri}
        associate(component, _artifact(kind, uri), "Produced")


def _inputs(job: Job) -> Iterator[Tracked]:
    if job.kind == "training":
        yield "Image", "SageMaker.ImageUri", job.request["AlgorithmSpecification"]["TrainingImage"]
        for channel in job.request.get("InputDataConfig", ()):
            yield "DataSet", channel["ChannelName"], channel["DataSource"]["S3DataSource"]["S3Uri"]
        return
    yield "Image", "SageMaker.ImageUri", job.request["AppSpecification"]["ImageUri"]
    for given in job.request.get("ProcessingInputs", ()):
        yield "DataSet", given["InputName"], given["S3Input"]["S3Uri"]


def _outputs(job: Job) -> Iterator[Tracked]:
    if job.kind == "training":
        yield "Model", "SageMaker.ModelArtifact", getattr(job, "result", "")
        if "CheckpointConfig" in job.request:
            yield "Checkpoint", "SageMaker.Checkpoint", job.request["CheckpointConfig"]["S3Uri"]
        return
    for one in job.request.get("ProcessingOutputConfig", {}).get("Outputs", ()):
        yield "DataSet", one["OutputName"], one["S3Output"]["S3Uri"]


@when("model package group created")
def group_created(group: ModelPackageGroup) -> None:
    """The context of a group."""
    _context("ModelGroup", f"{group.name}-aws-model-group", group)


@when("model package created")
def package_created(package: ModelPackage) -> None:
    """The artifact of a version, what it consists of, and the action that made it."""
    artifact = _artifact("ModelPackage", package.arn)
    for container in package.request.get("InferenceSpecification", {}).get("Containers", ()):
        for kind, member in (("Image", "Image"), ("Model", "ModelDataUrl")):
            if member in container:
                associate(_artifact(kind, container[member]), artifact, "ContributedTo")
    action = _action("ModelPackage", f"{_as_name(package)}-aws-model-package", package.arn)
    associate(action, artifact, "Produced")
    if package.group is not None:
        context = _context("ModelGroup", f"{package.group.name}-aws-model-group", package.group)
        associate(artifact, context, "AssociatedWith")
    package_judged(package)


@when("model package judged")
def package_judged(package: ModelPackage) -> None:
    """The action of an approval or a rejection."""
    status = package.request.get("ModelApprovalStatus")
    if status not in {"Approved", "Rejected"}:
        return
    name = f"{_as_name(package)}-{status.lower()}-aws-model-approval"
    action = _action("Approval", name, package.arn)
    associate(_artifact("ModelPackage", package.arn), action, "ContributedTo")


@when("endpoint deployed")
def endpoint_deployed(endpoint: Endpoint) -> None:
    """The context of an endpoint, and a deployment with the models and images of the fleet that is live."""
    fleet = endpoint.shown
    context = _context("Endpoint", f"{endpoint.name}-aws-endpoint", endpoint)
    name = f"{endpoint.name}-{fleet.since:%Y%m%d%H%M%S%f}-aws-model-deployment"
    action = _action("ModelDeployment", name, endpoint.arn)
    associate(action, context, "AssociatedWith")
    for model in fleet.models.values():
        tracked = (("Image", "Image"), ("Model", "ModelDataUrl"), ("ModelPackage", "ModelPackageName"))
        for kind, member in tracked:
            if member in model:
                associate(_artifact(kind, model[member]), action, "ContributedTo")


def _artifact(kind: str, uri: str) -> Artifact:
    return make_artifact({"Source": {"SourceUri": uri}, "ArtifactType": kind}, is_automatic=True)


def _context(kind: str, name: str, of: Kept) -> Entity:
    with CONTEXTS.lock:
        source = {"SourceUri": of.arn, "SourceType": "ARN"}
        request: dict[str, Any] = {"ContextName": name, "ContextType": kind, "Source": source}
        return CONTEXTS.get(name) or make_context(request, is_automatic=True)


def _action(kind: str, name: str, arn: str) -> Entity:
    with ACTIONS.lock:
        source = {"SourceUri": arn, "SourceType": "ARN"}
        request = {"ActionName": name, "ActionType": kind, "Source": source, "Status": "Completed"}
        return ACTIONS.get(name) or make_action(request, is_automatic=True)


def _as_name(package: ModelPackage) -> str:
    return package.name.replace("/", "-")
